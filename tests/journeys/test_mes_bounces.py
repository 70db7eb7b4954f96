"""Mon espace santé takes letters for nobody and returns them a little later, for each known cause, in each form; or says so at RCPT."""

import contextlib
from collections.abc import AsyncIterator
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest

from mss_sim.app.simulator import Simulator
from tests.clients import DOCTOR, HOSPITAL, PATIENT, PATIENT2, Peer, Person, control, letter
from tests.conftest import StartSimulator

_NOBODY = "255062a00401251@patient.mssante.fr"
_MALFORMED = "claire.fontaine@patient.mssante.fr"


async def _advance(simulator: Simulator) -> list[str]:
    answer = await control(simulator, "POST", "/clock/advance", {"by": "PT2S"})
    return [row["kind"] for row in answer.json()["fired"]]


async def _returned(simulator: Simulator, to: str, **fields: Any) -> tuple[dict[str, Any], bytes, list[str]]:
    """The letter that comes back to the doctor, its bytes, and the timeline of what was sent."""
    doctor = Person(simulator, "doctor")
    sent = (await doctor.send(DOCTOR, to=[to], subject="Vos résultats", **fields)).json()
    await simulator.core.patients.work()
    assert await doctor.inbox(DOCTOR) == [], "not yet"
    assert "letter.returned" in await _advance(simulator)
    (item,) = await doctor.inbox(DOCTOR)
    raw = (await doctor.rest("GET", f"/mailboxes/{DOCTOR}/messages/{item['id']}/raw")).content
    events = (await doctor.get(f"/mailboxes/{DOCTOR}/messages/{sent['id']}/timeline"))["recipients"][0]["events"]
    return item, raw, [event["kind"] for event in events]


@contextlib.asynccontextmanager
async def _world(start: StartSimulator, **settings: Any) -> AsyncIterator[Simulator]:
    async with start(mes_refusal="bounce", **settings) as simulator:
        await control(simulator, "PUT", "/clock", {"mode": "frozen"})
        await control(simulator, "PATCH", f"/mailboxes/{PATIENT2}", {"state": "closed"})
        yield simulator


@pytest.mark.parametrize(
    ("to", "status", "rule", "said"),
    [
        (_NOBODY, "5.1.1", "unknown-mailbox", "aucun usager ne correspond à l'adresse 2550…251."),
        (_MALFORMED, "5.1.3", "bad-address", "l'adresse claire.fontaine@patient.mssante.fr n'est pas une adresse d'usager valide."),
        (PATIENT2, "5.2.1", "mailbox-closed", "la messagerie de l'usager 1250…714 est fermée."),
    ],
)
async def test_a_letter_for_nobody_comes_back_as_a_report(start: StartSimulator, to: str, status: str, rule: str, said: str) -> None:
    async with _world(start) as simulator:
        item, raw, timeline = await _returned(simulator, to)
        assert item["subject"] == "Message non distribué"
        message = message_from_bytes(raw, policy=default)
        assert (message["From"].addresses[0].addr_spec, message["X-MSS-Sim-Cause"]) == ("mailer-daemon@patient.mssante.fr", rule)
        assert message.get_content_type() == "multipart/report"
        text, machine, returned = message.iter_parts()
        assert said in text.get_content()
        fields = machine.get_payload(1)
        assert (fields["Action"], fields["Status"], fields["Final-Recipient"]) == ("failed", status, f"rfc822; {to}")  # type: ignore[index]
        assert "Vos résultats" in str(message_from_bytes(returned.get_content().encode(), policy=default)["Subject"])
        assert timeline == ["submitted", "relayed", "failed"], "it never was in a mailbox"


async def test_a_letter_that_is_too_large_comes_back_in_english(start: StartSimulator) -> None:
    async with _world(start) as simulator:
        await control(simulator, "PATCH", f"/mailboxes/{PATIENT}", {"message_size_bytes_max": 10_000})
        item, raw, _ = await _returned(simulator, PATIENT, text="x" * 20_000)
        assert item["subject"] == "Undelivered Mail Returned to Sender"
        assert b"Status: 5.3.4" in raw
        assert b"exceeds size limit" in raw


@pytest.mark.parametrize(("form", "given_back"), [("plain", "message/rfc822"), ("plain-headers", "text/rfc822-headers")])
async def test_the_plain_forms_have_no_part_for_machines(start: StartSimulator, form: str, given_back: str) -> None:
    async with _world(start, mes_bounce_form=form) as simulator:
        item, raw, timeline = await _returned(simulator, _NOBODY)
        message = message_from_bytes(raw, policy=default)
        assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", given_back]
        assert raw.decode().count(message["In-Reply-To"]) == 3, "twice in its header, once in what it gives back"
        assert item["subject"] == "Message non distribué"
        assert timeline == ["submitted", "relayed"], "no server can read that it failed"


async def test_words_sender_and_delay_are_settings(start: StartSimulator) -> None:
    async with _world(
        start,
        mes_bounce_sender="ne-pas-repondre",
        mes_bounce_subject="Non remis",
        mes_bounce_subject_too_large="Trop gros",
        mes_bounce_texts={"unknown-mailbox": "Inconnu : {address}, {patient}, {size} octets {autre}."},
        mes_bounce_seconds=90,
    ) as simulator:
        doctor = Person(simulator, "doctor")
        await doctor.send(DOCTOR, to=[_NOBODY])
        assert "letter.returned" not in await _advance(simulator)
        await control(simulator, "POST", "/clock/advance", {"by": "PT90S"})
        (item,) = await doctor.inbox(DOCTOR)
        opened = await doctor.open(DOCTOR, item["id"])
        assert (item["subject"], item["from"][0]["address"]) == ("Non remis", "ne-pas-repondre@patient.mssante.fr")
        assert f"Inconnu : {_NOBODY}, 2550…251, " in opened["text"]
        assert "octets {autre}." in opened["text"]


async def test_whoever_wants_no_failure_told_is_told_none_and_a_bounce_is_not_returned(start: StartSimulator) -> None:
    async with _world(start) as simulator:
        doctor = Person(simulator, "doctor")
        assert (await doctor.smtp(DOCTOR, _NOBODY, letter(DOCTOR, _NOBODY), rcpt="NOTIFY=NEVER")).code == 250
        assert "letter.returned" not in await _advance(simulator)
        report = letter("mailer-daemon@hopital-ormes.sim.mssante.fr", _NOBODY)
        assert (await Peer(simulator).send("", [_NOBODY], report)).code == 250
        assert "letter.returned" not in await _advance(simulator)
        assert await doctor.inbox(DOCTOR) == []


async def test_a_full_mailbox_still_makes_the_sender_wait(start: StartSimulator) -> None:
    """Nothing that may pass by itself is returned at once: the sender's operator tries again."""
    async with _world(start) as simulator:
        await control(simulator, "PATCH", f"/mailboxes/{PATIENT}", {"quota_bytes": 1})
        reply = await Peer(simulator).send(HOSPITAL, [PATIENT], letter(HOSPITAL, PATIENT))
        assert (reply.code, reply.enhanced) == (452, "4.2.2")


async def test_by_default_it_is_said_at_rcpt(simulator: Simulator) -> None:
    for to, code, status in ((_NOBODY, 550, "5.1.1"), (_MALFORMED, 501, "5.1.3")):
        reply = await Peer(simulator).send(HOSPITAL, [to], letter(HOSPITAL, to))
        assert (reply.code, reply.enhanced) == (code, status)
    doctor = Person(simulator, "doctor")
    assert (await doctor.send(DOCTOR, to=[_NOBODY])).status_code == 201
    (item,) = await doctor.inbox(DOCTOR)
    assert (item["subject"], item["from"][0]["address"]) == ("Undelivered message", "mailer-daemon@medecin.sim.mssante.fr")
