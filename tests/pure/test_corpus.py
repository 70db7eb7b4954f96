"""The golden messages of tests/corpus: each NAME.eml is read, and what was understood is compared with NAME.json.

The messages are fictional and keep their CRLF line ends; a checkout that rewrites line ends makes the first test fail. To add one,
write both files: the JSON is what a careful reader of the message expects, not what the program gives.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from mss_sim.clock import iso
from mss_sim.mail import dsn, mdn
from mss_sim.mail.mime import Part, content
from mss_sim.mail.parse import ParsedMessage, parse

CORPUS = Path(__file__).parents[1] / "corpus"
NAMES = sorted(path.stem for path in CORPUS.glob("*.eml"))


def summary(raw: bytes) -> dict[str, Any]:
    """What a person would want to know of a message, in JSON types; what is absent is left out."""
    message = parse(raw)
    found = {
        "message_id": message.message_id,
        "date": iso(message.sent_at),
        "subject": message.subject,
        **{name: people(pairs) for name, pairs in _people_of(message).items()},
        "in_reply_to": list(message.in_reply_to),
        "references": list(message.references),
        "closure": message.marks.mes,
        "xdm": message.has_xdm,
        "text": message.text.replace("\r\n", "\n").strip(),
        "parts": outline(message.root),
        "attachments": [attachment(raw, part) for part in message.attachments],
        "dsn": dsn_summary(dsn.parse(raw, message.root)),
        "mdn": mdn_summary(mdn.parse(raw, message.root)),
    }
    return {name: value for name, value in found.items() if value}


def _people_of(message: ParsedMessage) -> dict[str, tuple[tuple[str, str], ...]]:
    return {
        "from": message.from_,
        "sender": message.sender,
        "reply_to": message.reply_to,
        "to": message.to,
        "cc": message.cc,
        "receipt_to": message.receipt_to,
    }


def people(pairs: tuple[tuple[str, str], ...]) -> list[str]:
    return [f"{name} <{address}>" if name else address for name, address in pairs]


def outline(part: Part) -> list[str]:
    """The tree, one line for each part; multiparts end with the number of their children."""
    if not part.children:
        return [f"{part.number} {part.content_type}"]
    head = f"{part.number} {part.content_type} ({len(part.children)})"
    return [head, *(line for child in part.children for line in outline(child))]


def attachment(raw: bytes, part: Part) -> dict[str, Any]:
    octets = content(raw, part.start, part.end, part.encoding)
    named = {"name": part.filename, "content_id": part.content_id}
    kept = {"type": part.content_type, "bytes": len(octets), "sha256": hashlib.sha256(octets).hexdigest()[:16]}
    return {**{key: value for key, value in named.items() if value}, **kept}


def dsn_summary(notification: dsn.ParsedDsn | None) -> dict[str, Any] | None:
    if notification is None:
        return None
    recipients = [
        {"address": one.address, "action": one.action.value, "status": one.status, "diagnostic": one.diagnostic, "original": one.original}
        for one in notification.recipients
    ]
    return {"of": notification.message_id, "envelope": notification.envelope_id, "recipients": recipients}


def mdn_summary(receipt: mdn.ParsedMdn | None) -> dict[str, Any] | None:
    if receipt is None:
        return None
    return {
        "of": receipt.original_message_id,
        "by": receipt.final_recipient,
        "disposition": receipt.disposition.value,
        "error": receipt.error,
        "legacy": receipt.legacy_error,
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_golden_message_kept_its_line_ends(name: str) -> None:
    raw = (CORPUS / f"{name}.eml").read_bytes()
    assert raw.count(b"\r\n") == raw.count(b"\n") == raw.count(b"\r")
    assert raw.endswith(b"\r\n")


def test_messages_and_expectations_come_in_pairs() -> None:
    assert sorted(path.stem for path in CORPUS.glob("*.json")) == NAMES
    assert len(NAMES) >= 10


@pytest.mark.parametrize("name", NAMES)
def test_a_golden_message_is_understood_as_expected(name: str) -> None:
    raw = (CORPUS / f"{name}.eml").read_bytes()
    assert summary(raw) == json.loads((CORPUS / f"{name}.json").read_text("utf-8"))
