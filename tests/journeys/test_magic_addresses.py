"""Addresses that need no set-up: each does what its row says, over real sockets and under the default settings."""

import time
from typing import Any

import pytest

from mss_sim.app.simulator import Simulator
from mss_sim.policy.magic_addresses import MAGIC_ADDRESSES
from tests.clients import DOCTOR, HOSPITAL, Peer, Person, control, letter
from tests.conftest import StartSimulator

_PATIENTS, _HOSPITAL = "patient.mssante.fr", "hopital-ormes.sim.mssante.fr"


async def _told(simulator: Simulator, local: str, domain: str = _PATIENTS, *, by: str = "P2D") -> tuple[list[str], list[dict[str, Any]]]:
    """(timeline, what lies in the doctor's INBOX, oldest first) two days after a letter to that address which asks for a receipt."""
    await control(simulator, "PUT", "/clock", {"mode": "frozen"})
    doctor = Person(simulator, "doctor")
    answer = await doctor.send(DOCTOR, to=[f"{local}@{domain}"], subject="Essai", request_read_receipt=True)
    assert answer.status_code == 201, answer.text
    await control(simulator, "POST", "/clock/advance", {"by": by})
    events = (await doctor.get(f"/mailboxes/{DOCTOR}/messages/{answer.json()['id']}/timeline"))["recipients"][0]["events"]
    return [event["kind"] for event in events], (await doctor.inbox(DOCTOR))[::-1]


_CAME = ["submitted", "relayed", "delivered"]


@pytest.mark.parametrize("domain", [_PATIENTS, _HOSPITAL])
@pytest.mark.parametrize(
    ("local", "timeline", "subjects"),
    [
        ("never-opens", _CAME, []),
        ("no-read-receipt", _CAME, []),
        ("read-receipt", [*_CAME, "displayed"], ["Read: Essai"]),
        ("late-read-receipt", [*_CAME, "displayed"], ["Read: Essai"]),
        ("malformed-read-receipt-9", [*_CAME, "displayed", "displayed"], ["Read: Essai", "Read: Essai"]),
        ("processed-error", [*_CAME, "processed"], ["Read: Essai"]),
        ("deleted-error", [*_CAME, "processed"], ["Read: Essai"]),
        ("answers", [*_CAME, "displayed"], ["Read: Essai", "Re: Essai"]),
        ("deletes-unread", _CAME, []),
        ("bounce-later", [*_CAME, "failed"], ["Message non distribué"]),
        ("bounce-too-large", [*_CAME, "failed"], ["Undelivered Mail Returned to Sender"]),
        ("closed", ["submitted", "failed"], ["Undelivered message"]),
    ],
)
async def test_a_magic_address_does_what_its_name_says(
    simulator: Simulator, local: str, domain: str, timeline: list[str], subjects: list[str]
) -> None:
    events, lying = await _told(simulator, local, domain)
    assert (events, [item["subject"] for item in lying]) == (timeline, subjects)


@pytest.mark.parametrize(
    ("number", "known"),
    [(1, False), (2, True), (3, True), (4, False), (5, True), (6, False), (7, False), (8, False), (9, True), (10, True)],
)
async def test_of_ten_wrong_receipts_a_lenient_reader_understands_five(simulator: Simulator, number: int, known: bool) -> None:
    """All arrive; the timeline tells which of them the simulator itself can read."""
    events, lying = await _told(simulator, f"malformed-read-receipt-{number}", by="PT1H")
    assert {item["subject"] for item in lying} == {"Read: Essai"}
    assert ("displayed" in events) is known


async def test_a_full_and_a_suspended_mailbox_make_a_sender_wait(simulator: Simulator) -> None:
    for local, code, status in (("full", 452, "4.2.2"), ("suspended", 450, "4.2.1")):
        for domain in (_PATIENTS, _HOSPITAL):
            to, sender = f"{local}@{domain}", HOSPITAL if domain == _PATIENTS else DOCTOR
            reply = await Peer(simulator).send(sender, [to], letter(sender, to))
            assert (reply.code, reply.enhanced) == (code, status)


async def test_a_big_answer_passes_and_an_answer_after_the_closure_does_not(simulator: Simulator) -> None:
    _, lying = await _told(simulator, "big-answer")
    assert lying[-1]["size_bytes"] > 22_000_000
    address = f"answers-after-closure@{_PATIENTS}"
    doctor = Person(simulator, "doctor")
    await doctor.send(DOCTOR, to=[address], subject="Suivi")
    await doctor.send(DOCTOR, to=[address], subject="[FIN]")
    moved = (await control(simulator, "POST", "/clock/advance", {"by": "PT1H"})).json()
    assert [(row["kind"], row["mailbox"]) for row in moved["fired"] if row["kind"].startswith("letter.")] == [
        ("letter.refused", address)
    ] * 2


async def test_it_is_made_at_its_first_letter_and_a_mailbox_of_that_name_is_left_alone(simulator: Simulator) -> None:
    address = f"answers@{_HOSPITAL}"
    assert (await control(simulator, "GET", f"/mailboxes/{address}")).status_code == 404
    made = {"address": address, "kind": "PER", "owner_idnat": Person(simulator, "hospital").idnat}
    assert (await control(simulator, "POST", "/mailboxes", made)).status_code == 201
    assert await _told(simulator, "answers", _HOSPITAL) == (_CAME, [])


@pytest.mark.parametrize("domain", [_PATIENTS, _HOSPITAL])
@pytest.mark.parametrize(("local", "code", "status"), [("refuse-550", 550, "5.7.1"), ("temp-451", 451, "4.3.0")])
async def test_some_refuse_whoever_names_them_at_every_door(simulator: Simulator, local: str, code: int, status: str, domain: str) -> None:
    to, doctor = f"{local}@{domain}", Person(simulator, "doctor")
    for reply in (
        await doctor.smtp(DOCTOR, to, letter(DOCTOR, to)),
        await Peer(simulator).send(DOCTOR, [to], letter(DOCTOR, to)),
    ):
        assert (reply.code, reply.enhanced, "as its name says" in reply.text) == (code, status, True)
    answer = await doctor.send(DOCTOR, to=[to])
    assert (answer.status_code, answer.headers["X-Fault"], "as its name says" in answer.text) == (503, local, True)


async def test_one_is_slow_and_takes_the_letter(start: StartSimulator) -> None:
    async with start(mailbox_magic_slow_seconds=0.5) as simulator:
        to, began = f"slow-30s@{_HOSPITAL}", time.monotonic()
        assert (await Person(simulator, "doctor").smtp(DOCTOR, to, letter(DOCTOR, to))).code == 250
        assert time.monotonic() - began >= 0.5
        assert (await control(simulator, "GET", f"/mailboxes/{to}")).json()["used_bytes"] > 0


def test_every_address_has_a_row_for_people() -> None:
    assert {"full", "suspended", "answers", "malformed-read-receipt-10"} <= MAGIC_ADDRESSES.keys()
    assert all(one.text for one in MAGIC_ADDRESSES.values())
