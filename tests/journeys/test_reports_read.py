"""Notifications and receipts as other programs write them: what the sender's timeline tells of them, and what a refusal says."""

import asyncio
import smtplib
import ssl
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from mss_sim.app.simulator import Simulator
from tests.clients import DOCTOR, DOCTOR2, PATIENT, Person, letter
from tests.conftest import StartSimulator

PINS = "clinique-pins.sim.mssante.fr"
MANUAL, AUTOMATIC = "manual-action/MDN-sent-manually", "automatic-action/MDN-sent-automatically"


@pytest.fixture
async def world(start: StartSimulator) -> AsyncIterator[Simulator]:
    async with start(relay="smtp", peers_proof="certificate") as running:
        yield running


async def _until(what: Callable[[], Awaitable[Any]], seconds: float = 10) -> Any:
    for _ in range(int(seconds / 0.02)):
        if found := await what():
            return found
        await asyncio.sleep(0.02)
    raise AssertionError("it did not come")


async def _written_to(world: Simulator) -> tuple[str, str]:
    """A letter of the doctor to somebody at the operator outside: its Message-ID and the recipient."""
    message_id, to = f"<{uuid.uuid4().hex}@essai.fr>", f"alias.{uuid.uuid4().hex[:8]}@{PINS}"
    message = letter(DOCTOR, to, Message_ID=message_id, Disposition_Notification_To=DOCTOR)
    assert (await Person(world, "doctor").smtp(DOCTOR, to, message)).code == 250
    return message_id, to


def _report(kind: str, fields: str, *, part: str = "", third: str = "", wrapper: str = "") -> bytes:
    """A report of that type with the fields of its second part; `third` is its third part, `wrapper` the type of what is around it."""
    parts = ["Content-Type: text/plain\n\nVoici.", f"Content-Type: message/{part or kind}\n\n{fields}\n", *([third] if third else [])]
    body = "".join(f"--r\n{one}\n" for one in parts) + "--r--\n"
    typed = f"Content-Type: multipart/report; report-type={kind}; boundary=r (rapport)\n\n{body}"
    if wrapper:
        typed = f"Content-Type: {wrapper}; boundary=w\n\n--w\n{typed}\n--w\nContent-Type: text/plain\n\nPied de page\n--w--\n"
    head = f"From: postmaster@{PINS}\nTo: {DOCTOR}\nSubject: Etat\nMessage-ID: <{uuid.uuid4().hex}@{PINS}>\nMIME-Version: 1.0\n"
    return (head + typed).replace("\n", "\r\n").encode()


def _carried(ready: dict[str, Any], raw: bytes) -> int:
    context = ssl.create_default_context(cafile=ready["ca_file"])
    context.load_cert_chain(ready["mx_peer"]["cert_file"], ready["mx_peer"]["key_file"])
    with smtplib.SMTP(ready["mx"]["host"], ready["mx"]["port"], timeout=20) as client:
        client.starttls(context=context)
        client.ehlo(f"mx.{PINS}")
        assert client.docmd("MAIL FROM:<> BODY=8BITMIME SMTPUTF8")[0] == 250
        assert client.docmd(f"RCPT TO:<{DOCTOR}>")[0] == 250
        assert client.docmd("DATA")[0] == 354
        client.send(raw + b".\r\n")
        return client.getreply()[0]


async def _told(world: Simulator, raw: bytes, message_id: str) -> dict[str, Any]:
    """The newest event of the letter once the operator outside has brought a report that adds one."""

    async def events() -> list[dict[str, Any]]:
        sent = (await Person(world, "doctor").get(f"/mailboxes/{DOCTOR}/sent"))["items"]
        [person] = next(row for row in sent if row["message_id"] == message_id)["recipients"]
        assert person["failed"] == bool(person["events"] and person["events"][-1]["failed"])
        return [event for event in person["events"] if event["report_url"]]

    assert await asyncio.to_thread(_carried, world.ready(), raw) == 250
    found: list[dict[str, Any]] = await _until(events)
    return found[-1]


@pytest.mark.parametrize(
    ("told_as", "failed", "family", "detail"),
    [
        ("processed", False, "plain", "processed"),
        ("processed/error", True, "ig-1.1.3", "processed/error"),
        ("processed/error\nError: 902^Patient (INS) inconnu^", True, "ig-1.1.3", "processed/error: 902^Patient (INS) inconnu^"),
        ("processed/Error: 903^INS absent^", True, "ig-legacy", "processed/error: 903^INS absent^"),
        ("deleted/FAILURE", True, "ihe", "deleted/error"),
        ("deleted", False, "plain", "deleted"),
    ],
)
async def test_an_integration_that_failed_stands_as_a_failure(
    world: Simulator, told_as: str, failed: bool, family: str, detail: str
) -> None:
    message_id, to = await _written_to(world)
    fields = f"Final-Recipient: rfc822; {to}\nOriginal-Message-ID: {message_id}\nDisposition: {AUTOMATIC}; {told_as}"
    event = await _told(world, _report("disposition-notification", fields), message_id)
    assert (event["kind"], event["failed"], event["family"], event["detail"]) == ("processed", failed, family, detail)


@pytest.mark.parametrize("wrapper", ["", 'multipart/signed; protocol="application/pkcs7-signature"', "multipart/mixed"])
@pytest.mark.parametrize("part", ["disposition-notification", "global-disposition-notification"])
async def test_a_receipt_is_found_by_its_original_recipient(world: Simulator, part: str, wrapper: str) -> None:
    message_id, to = await _written_to(world)
    people = f"Original-Recipient: rfc822 (alias); <{to}>\nFinal-Recipient: rfc822; vrai.nom@{PINS} (apres)"
    fields = f"{people}\nOriginal-Message-ID: {message_id}\nDisposition: {MANUAL} (x); displayed (y);"
    event = await _told(world, _report("disposition-notification", fields, part=part, wrapper=wrapper), message_id)
    assert (event["kind"], event["failed"], event["family"]) == ("displayed", False, "plain")


@pytest.mark.parametrize("part", ["delivery-status", "global-delivery-status"])
async def test_a_notification_is_found_by_its_original_recipient(world: Simulator, part: str) -> None:
    message_id, to = await _written_to(world)
    people = f"Original-Recipient: utf-8;{to.replace('@', chr(92) + 'x{40}')}\nFinal-Recipient: rfc822; interne@{PINS}"
    outcome = "Action: Failed (inconnu)\nStatus: 5.1.1 (x)\nDiagnostic-Code: smtp; 550 5.1.1 boîte inconnue"
    fields = f"Reporting-MTA: dns; mx.{PINS}\n\n{people}\n{outcome}"
    third = f"Content-Type: message/global\n\nMessage-ID: {message_id}\nSubject: été\n\nx"
    event = await _told(world, _report("delivery-status", fields, part=part, third=third), message_id)
    assert (event["kind"], event["failed"], event["family"], event["detail"]) == ("failed", True, None, "550 5.1.1 boîte inconnue")


async def test_a_notification_is_found_by_the_original_recipient_that_the_client_gave(world: Simulator) -> None:
    message_id, to = f"<{uuid.uuid4().hex}@essai.fr>", f"x.{uuid.uuid4().hex[:8]}@{PINS}"
    given = f"ORCPT=rfc822;liste+2Bun@{PINS}"
    assert (await Person(world, "doctor").smtp(DOCTOR, to, letter(DOCTOR, to, Message_ID=message_id), rcpt=given)).code == 250
    fields = f"Original-Recipient: rfc822;liste+un@{PINS}\nFinal-Recipient: rfc822; interne@{PINS}\nAction: failed\nStatus: 5.1.1"
    third = f"Content-Type: text/rfc822-headers\n\nMessage-ID: {message_id}\n"
    event = await _told(world, _report("delivery-status", fields, third=third), message_id)
    assert (event["kind"], event["failed"]) == ("failed", True)


async def test_a_report_speaks_only_of_addresses_of_who_brings_it(world: Simulator) -> None:
    other = "inconnu@hopital-ormes.sim.mssante.fr"
    message_id = f"<{uuid.uuid4().hex}@essai.fr>"
    assert (await Person(world, "doctor").smtp(DOCTOR, other, letter(DOCTOR, other, Message_ID=message_id))).code == 250
    fields = f"Original-Recipient: rfc822;{other}\nFinal-Recipient: rfc822; x@{PINS}\nAction: delivered\nStatus: 2.0.0"
    raw = _report("delivery-status", fields, third=f"Content-Type: text/rfc822-headers\n\nMessage-ID: {message_id}\n")
    assert await asyncio.to_thread(_carried, world.ready(), raw) == 250

    async def arrived() -> bool:
        return any(item["subject"] == "Etat" for item in await Person(world, "doctor").inbox(DOCTOR))

    await _until(arrived)
    sent = (await Person(world, "doctor").get(f"/mailboxes/{DOCTOR}/sent"))["items"][0]
    assert "delivered" not in [event["kind"] for event in sent["recipients"][0]["events"]]


async def _first_of(world: Simulator, role: str, mailbox: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = await _until(lambda: Person(world, role).inbox(mailbox))
    return found[0]


async def test_a_message_id_without_brackets_is_not_called_missing(world: Simulator) -> None:
    raw = f"From: {DOCTOR2}\r\nTo: {DOCTOR}\r\nMessage-ID: nu@essai.fr\r\nDisposition-Notification-To: {DOCTOR2}\r\n\r\nx\r\n".encode()
    assert (await Person(world, "doctor2").smtp(DOCTOR2, DOCTOR, raw)).code == 250
    item = await _first_of(world, "doctor", DOCTOR)
    problem = (await Person(world, "doctor").rest("POST", f"/mailboxes/{DOCTOR}/messages/{item['id']}/receipt")).json()
    assert (problem["code"], problem["reference"]) == ("receipt-not-requested", "rfc5322#3.6.4")
    assert "nu@essai.fr, is not of the form <left@right>" in problem["detail"]


@pytest.mark.parametrize(
    ("options", "leaves"), [("x-essai=required,oui", False), ("x-essai=optional,oui", True), ("(x) x-a = Required (y), b", False)]
)
async def test_a_required_option_that_nobody_knows_lets_no_receipt_leave(world: Simulator, options: str, leaves: bool) -> None:
    message = letter(DOCTOR, PATIENT, Disposition_Notification_To=DOCTOR, Disposition_Notification_Options=options)
    assert (await Person(world, "doctor").smtp(DOCTOR, PATIENT, message)).code == 250
    item = await _first_of(world, "patient", PATIENT)
    await Person(world, "patient").open(PATIENT, item["id"])
    asked = await Person(world, "patient").rest("POST", f"/mailboxes/{PATIENT}/messages/{item['id']}/receipt")
    assert (asked.status_code, asked.json()["code"]) == (409, "receipt-already-sent" if leaves else "receipt-option-unknown")


async def test_a_receipt_that_cannot_be_read_is_not_called_somebody_elses(world: Simulator) -> None:
    fields = f"Final-Recipient: rfc822; {DOCTOR}\nOriginal-Message-ID: <a@b.fr>\nDisposition: lu"
    reply = await Person(world, "doctor").smtp(
        "", DOCTOR2, _report("disposition-notification", fields).replace(f"postmaster@{PINS}".encode(), DOCTOR.encode())
    )
    assert (reply.code, reply.enhanced) == (554, "5.6.0")
    assert "its Disposition, 'lu', is not of the form manual-action/MDN-sent-manually; displayed" in reply.text
