"""Texts of others: what is given as text is read as that text, and what encoded words hid is handed on without control characters."""

import json
from typing import Any

import httpx
import pytest

from mss_sim.app.simulator import Simulator
from mss_sim.mail.headers import read_headers, split
from tests.clients import DOCTOR, HOSPITAL, PATIENT, PRACTICE, ImapClient, Peer, Person

SMUGGLED = "Bonjour =?utf-8?q?=0D=0AX-MSS-MES:_FIN=0D=0ABcc:_x@y.fr=0D=0A=0D=0AUn_autre_corps?="
SENT = {
    "Message-ID",
    "Date",
    "From",
    "To",
    "Subject",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "Return-Path",
    "Received",
}


async def _received(simulator: Simulator) -> tuple[dict[str, Any], bytes]:
    """The newest letter of the practice, parsed and as its bytes."""
    doctor = Person(simulator, "doctor")
    item = (await doctor.inbox(PRACTICE))[0]
    raw = (await doctor.rest("GET", f"/mailboxes/{PRACTICE}/messages/{item['id']}/raw")).content
    return await doctor.open(PRACTICE, item["id"]), raw


def _names(raw: bytes) -> set[str]:
    return {name for name, _ in read_headers(raw[: split(raw)[0]], count_max=99).fields}


@pytest.mark.parametrize(
    ("fields", "own"),
    [
        ({"subject": SMUGGLED}, set()),
        ({"to": [{"name": SMUGGLED, "address": PRACTICE}]}, set()),
        ({"cc": [{"name": SMUGGLED, "address": DOCTOR}]}, {"Cc"}),
        ({"reply_to": [{"name": SMUGGLED, "address": HOSPITAL}]}, {"Reply-To"}),
        ({"headers": {"X-Note": SMUGGLED}}, {"X-Note"}),
        ({"attachments": [{"filename": SMUGGLED, "content_type": "a/b", "content_base64": ""}]}, set()),
        ({"in_reply_to": "<=?utf-8?q?a=0D=0ABcc:_x?=@y.fr>"}, {"In-Reply-To", "References"}),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
async def test_what_rest_is_given_is_text(simulator: Simulator, fields: dict[str, Any], own: set[str]) -> None:
    answer = await Person(simulator, "hospital").send(HOSPITAL, **{"to": [PRACTICE], **fields})
    assert answer.status_code == 201, answer.text
    opened, raw = await _received(simulator)
    assert _names(raw) <= SENT | own
    assert opened["text"].split() == ["Bonjour."]
    shown = json.dumps(opened["attachments"] if "attachments" in fields else opened["headers"])
    given = str(fields.get("in_reply_to", SMUGGLED))
    assert json.dumps(given).strip('"') in shown


async def test_an_answer_names_message_ids_alone(simulator: Simulator) -> None:
    for wrong in ("<a@b.fr> and more", "<a b@c.fr>", "<a@b.fr>\r\nBcc: x@y.fr", "<a@b.fr", "<a\u0000@b.fr>"):
        answer = await Person(simulator, "hospital").send(HOSPITAL, to=[PRACTICE], in_reply_to=wrong)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request"), wrong
    assert (await Person(simulator, "hospital").send(HOSPITAL, to=[PRACTICE], in_reply_to="<a@b.fr> <c@d.fr>")).status_code == 201


async def _store_labels(simulator: Simulator, label: str) -> None:
    """As an older version stored them, past every check."""
    from sqlalchemy import text

    def unit(conn: Any) -> None:
        conn.execute(text("UPDATE mailboxes SET label = :label"), {"label": label})
        conn.execute(text("UPDATE identities SET family_name = :label, given_name = '', title = ''"), {"label": label})

    await simulator.world.store.write(unit, changes_directory=True)


@pytest.mark.parametrize("label", [SMUGGLED, "x\r\nBcc: x@y.fr\r\n\r\nbody\x1b[2J", "\x85\u2028", "é" * 300])
async def test_a_bad_label_that_is_stored_stops_no_letter(simulator: Simulator, label: str) -> None:
    await _store_labels(simulator, label)
    hospital, doctor, secretary = (Person(simulator, role) for role in ("hospital", "doctor", "secretary"))
    sent = await hospital.send(HOSPITAL, to=[PRACTICE], request_read_receipt=True)
    assert sent.status_code == 201, sent.text
    opened, raw = await _received(simulator)
    assert _names(raw) <= SENT | {"Disposition-Notification-To"}
    assert "\r" not in opened["from"][0]["name"]
    receipt = await doctor.rest("POST", f"/mailboxes/{PRACTICE}/messages/{opened['id']}/receipt")
    assert receipt.status_code == 201, receipt.text
    answered = await secretary.send(PRACTICE, to=[DOCTOR], in_reply_to=opened["id"])
    assert answered.status_code == 201, answered.text
    item = (await doctor.inbox(DOCTOR))[0]
    on_behalf = (await doctor.rest("GET", f"/mailboxes/{DOCTOR}/messages/{item['id']}/raw")).content
    assert _names(on_behalf) <= SENT | {"Sender", "In-Reply-To", "References"}
    assert max(map(len, on_behalf.split(b"\r\n"))) <= 998
    assert (await hospital.get(f"/mailboxes/{HOSPITAL}/sent"))["items"][0]["recipients"][0]["state"] == "displayed"


CONTROLS = "=?utf-8?q?a=0D=0Ab=1B=5B2Jc=07=00=C2=9Bd=E2=80=A8e?="
HOSTILE = f"""From: {CONTROLS} <{HOSPITAL}>
To: "{CONTROLS}" <{PRACTICE}>
Subject: {CONTROLS}
Message-ID: <m1@hopital.example>
Disposition-Notification-To: {HOSPITAL}
X-Note: {CONTROLS}
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

T=1B[2Jexte

--b
Content-Type: application/pdf
Content-Disposition: attachment; filename="{CONTROLS}"

x
--b
Content-Type: application/pdf
Content-Disposition: attachment; filename*=utf-8''..%2F%0D%0Aa%1B%00b%22.pdf

x
--b
Content-Type: text/d\u00e9; name=a
Content-Disposition: attachment

x
--b--
""".replace("\n", "\r\n").encode()


def _controls(node: object, path: str = "") -> list[str]:
    """Where a control character stands in an answer; the text of the body is the letter's own, and no line of a list."""
    if isinstance(node, dict):
        return [found for key, value in node.items() if (path, key) != ("", "text") for found in _controls(value, f"{path}/{key}")]
    if isinstance(node, list):
        return [found for value in node for found in _controls(value, path)]
    return [path] if isinstance(node, str) and any(ord(letter) < 32 or letter in "\x7f\x9b\u2028" for letter in node) else []


async def test_what_a_letter_hid_in_encoded_words_is_handed_on_without_controls(simulator: Simulator) -> None:
    assert (await Peer(simulator).send(HOSPITAL, [PRACTICE], HOSTILE)).code == 250
    doctor, hospital = Person(simulator, "doctor"), Person(simulator, "hospital")
    [item] = await doctor.inbox(PRACTICE)
    assert item["subject"] == item["from"][0]["name"] == "a  b\ufffd[2Jc\ufffd\ufffd\ufffdd e"
    opened = await doctor.open(PRACTICE, item["id"])
    assert _controls(item) == _controls(opened) == []
    assert opened["text"].startswith("T\x1b[2Jexte"), "the body is the letter's own"
    for file in opened["attachments"]:
        async with httpx.AsyncClient(auth=(doctor.account["login"], doctor.account["password"])) as client:
            answer = await client.get(simulator.ready()["http"] + file["url"])
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-disposition"].isprintable()
        assert not {"/", "%0D", "%0A", "%1B", "%00", "%2F"} & set(answer.headers["content-disposition"].split("''")[-1:])
        assert all(code not in answer.headers["content-disposition"].upper() for code in ("%0D", "%0A", "%1B", "%00", "%2F", "%C2%9B"))
    assert (await doctor.rest("POST", f"/mailboxes/{PRACTICE}/messages/{item['id']}/receipt")).status_code == 201
    [receipt] = await hospital.inbox(HOSPITAL)
    assert _controls(receipt) == []
    assert receipt["subject"] == "Read: a b\ufffd[2Jc\ufffd\ufffd\ufffdd e"
    told = await hospital.open(HOSPITAL, receipt["id"])
    assert _controls(told) == []
    assert [line for line in told["text"].splitlines() if line and not line.isprintable()] == []
    imap = await ImapClient.open(simulator, f"{PRACTICE}*{doctor.account['login']}", doctor.account["password"])
    await imap.ask('SELECT "INBOX"')
    envelope = (await imap.ask("FETCH 1 (ENVELOPE)"))[0]
    assert f'"{CONTROLS}"' in envelope, "IMAP tells the bytes that came"
    await imap.close()


async def test_nothing_that_is_listed_about_such_a_letter_holds_controls(simulator: Simulator) -> None:
    assert (await Peer(simulator).send(HOSPITAL, [PRACTICE], HOSTILE)).code == 250
    doctor = Person(simulator, "doctor")
    [item] = await doctor.inbox(PRACTICE)
    assert (await doctor.rest("DELETE", f"/mailboxes/{PRACTICE}/messages/{item['id']}")).status_code == 204
    assert _controls(await doctor.get(f"/mailboxes/{PRACTICE}/journal")) == []
    await doctor.smtp(PRACTICE, [PATIENT], HOSTILE.replace(HOSPITAL.encode(), PRACTICE.encode()))
    assert _controls(await doctor.get(f"/mailboxes/{PRACTICE}/sent")) == []
    assert _controls(await doctor.get(f"/mailboxes/{PRACTICE}/conversations")) == []


@pytest.mark.parametrize(
    "charset", ["utf-7", "unicode_escape", "raw_unicode_escape", "idna", "undefined", "hex", "rot13", "a\u00e9", "mbcs"]
)
async def test_a_charset_that_is_none_does_not_break_the_reading(simulator: Simulator, charset: str) -> None:
    head = f"From: {HOSPITAL}\r\nTo: {PRACTICE}\r\nSubject: s\r\nContent-Type: text/plain; charset={charset}\r\n\r\n"
    assert (await Peer(simulator).send(HOSPITAL, [PRACTICE], head.encode() + b"+2AA- \\ud800 \xff\r\n")).code == 250
    opened, _ = await _received(simulator)
    assert isinstance(opened["text"], str)
    assert opened["text"].encode("utf-8")
