"""Letters in the names that Mailpit gives to what it tells."""

import hashlib
from collections.abc import Sequence
from typing import Any

from mss_sim.clock import iso
from mss_sim.core.control.mail_catcher import InspectedLetter, Inspection
from mss_sim.ids import encode
from mss_sim.mail.headers import Headers, read_headers, split
from mss_sim.mail.mime import content, without_tags
from mss_sim.mail.summary import Leaf, Person, shown_text
from mss_sim.mail.terms import listed_files

_FIELDS_MAX = 1_000_000  # the limits were applied on arrival


def _person(one: Person) -> dict[str, str]:
    return {"Name": one["name"], "Address": one["address"]}


def _people(people: Sequence[Person]) -> list[dict[str, str]]:
    return [_person(one) for one in people]


def _head(letter: InspectedLetter) -> dict[str, Any]:
    """What lists and a single letter have in common."""
    row, summary = letter.message, letter.summary
    return {
        "ID": encode(row.id),
        "MessageID": (row.rfc_message_id or "").strip("<>"),
        "From": _person(summary.from_[0]) if summary.from_ else None,
        "To": _people(summary.to),
        "Cc": _people(summary.cc),
        "Bcc": _people(letter.hidden),
        "ReplyTo": _people(summary.reply_to),
        "Subject": row.subject,
        "Tags": [],
        "Username": letter.login,
        "Size": row.size_bytes,
    }


def page(found: Inspection, start: int) -> dict[str, Any]:
    """A page of letters with the counts."""
    return {
        "total": found.totals.letters,
        "unread": found.totals.unread,
        "count": len(found.letters),
        "messages_count": found.matching,
        "messages_unread": found.matching_unread,
        "start": start,
        "tags": [],
        "messages": [_summary(letter) for letter in found.letters],
    }


def _summary(letter: InspectedLetter) -> dict[str, Any]:
    return {
        **_head(letter),
        "Read": letter.read,
        "Created": iso(letter.message.received_at),
        "Attachments": len(listed_files(letter.summary.leaves)[0]),
        "Snippet": letter.summary.preview,
    }


def message(letter: InspectedLetter, raw: bytes) -> dict[str, Any]:
    """One letter with its texts and files; HTML without a plain text beside it is told as text too."""
    row, leaves = letter.message, letter.summary.leaves
    html = shown_text(raw, leaves, "text/html") or ""
    text = shown_text(raw, leaves, "text/plain")
    attached, inline = listed_files(leaves)
    author = letter.summary.from_[0]["address"] if letter.summary.from_ else ""
    return {
        **_head(letter),
        "ReturnPath": row.return_path or author,
        "ListUnsubscribe": _unsubscribing(_header(raw)),
        "Date": iso(row.received_at if row.sent_at is None else row.sent_at),
        "Text": without_tags(html).strip() if text is None else text,
        "HTML": html,
        "Inline": [_file(raw, leaf) for leaf in inline],
        "Attachments": [_file(raw, leaf) for leaf in attached],
    }


def _unsubscribing(header: Headers) -> dict[str, Any]:
    left, post = header.text("List-Unsubscribe") or "", header.text("List-Unsubscribe-Post") or ""
    links = [link.partition(">")[0].strip() for link in left.split("<")[1:] if ">" in link]
    return {"Header": left, "Links": links, "Errors": "", "HeaderPost": post}


def _file(raw: bytes, leaf: Leaf) -> dict[str, Any]:
    octets, content_id = content(raw, leaf["start"], leaf["end"], leaf["encoding"]), (leaf["content_id"] or "").strip("<>")
    return {
        "PartID": leaf["number"],
        "FileName": leaf["filename"] or content_id,
        "ContentType": leaf["type"],
        "ContentID": content_id,
        "Size": len(octets),
        "Checksums": {
            "MD5": hashlib.md5(octets, usedforsecurity=False).hexdigest(),
            "SHA1": hashlib.sha1(octets, usedforsecurity=False).hexdigest(),
            "SHA256": hashlib.sha256(octets).hexdigest(),
        },
    }


def _header(raw: bytes) -> Headers:
    return read_headers(raw[: split(raw)[0]], count_max=_FIELDS_MAX)


def headers(raw: bytes) -> dict[str, list[str]]:
    """The fields of a header by name, in the order of the names; values as they came, on one line, encoded words included."""
    found: dict[str, list[str]] = {}
    for name, value in _header(raw).fields:
        text = " ".join(value.replace(b"\r\n", b"").decode("utf-8", "replace").split())
        found.setdefault("-".join(word.capitalize() for word in name.split("-")), []).append(text)
    return dict(sorted(found.items()))


def name_of(letter: InspectedLetter) -> str:
    """The name of the file that a letter is kept in."""
    return encode(letter.message.id)
