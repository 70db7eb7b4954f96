"""A closure and an answer that race: one comes first, and all doors say which; nothing is accepted and then taken back."""

import asyncio
from typing import Any

import pytest

from mss_sim.app.simulator import Simulator
from tests.clients import DOCTOR, PATIENT, ImapClient, Person, letter
from tests.conftest import StartSimulator
from tests.journeys.test_several_processes import two

__all__ = ["two"]
_ROUNDS = 10
_ACTS = ["explicit", "subject", "header"]


@pytest.fixture(scope="module", autouse=True)
def arriving() -> None:
    """Nothing is waited for: an answer may be on its way when its conversation is closed."""


async def _settle(*simulators: Simulator) -> None:
    """Until nothing is on its way."""
    while sum([await simulator.core.queue.work() for simulator in simulators]):
        pass


async def _letter(doctor: Person, patient: Person, word: str, *simulators: Simulator) -> tuple[dict[str, Any], dict[str, Any]]:
    """A letter that opens a conversation: as the doctor sent it, as the patient has it."""
    sent = (await doctor.send(DOCTOR, to=[PATIENT], subject=f"Question {word}")).json()
    await _settle(*simulators)
    return sent, (await patient.inbox(PATIENT, subject=word))[0]


async def _close(doctor: Person, act: str, sent: dict[str, Any], item: dict[str, Any]) -> None:
    match act:
        case "explicit":
            done = await doctor.rest("POST", f"/mailboxes/{DOCTOR}/conversations/{item['conversation_id']}/close")
        case "subject":
            done = await doctor.send(DOCTOR, to=[PATIENT], subject="[FIN]")
        case _:
            done = await doctor.send(DOCTOR, to=[PATIENT], in_reply_to=sent["id"], close_conversation=True)
    assert done.status_code in (200, 201), done.text


async def _answer(patient: Person, item: dict[str, Any], subject: str, *, by_smtp: bool) -> bool:
    """Whether an answer is taken; refused it is for the closure, and for nothing else."""
    if by_smtp:
        reply = await patient.smtp(PATIENT, DOCTOR, letter(PATIENT, DOCTOR, subject, In_Reply_To=item["message_id"]))
        assert reply.code == 250 or "(conversation-closed, cnam#7)" in reply.text, reply.text
        return reply.code == 250
    answer = await patient.send(PATIENT, to=[DOCTOR], subject=subject, in_reply_to=item["id"])
    assert answer.status_code == 201 or answer.json()["code"] == "conversation-closed", answer.text
    return answer.status_code == 201


async def _subjects_by_imap(simulator: Simulator, login: str, password: str, folder: str) -> str:
    """The envelopes of a folder, as a mail client fetches them."""
    client = await ImapClient.open(simulator, login, password)
    assert (await client.ask(f"SELECT {folder}"))[-1].startswith("OK")
    found = await client.ask("FETCH 1:* (ENVELOPE)")
    await client.close()
    return "\n".join(found)


async def _check(simulator: Simulator, taken: dict[str, tuple[bool, str]]) -> None:
    """What was taken lies in both mailboxes, at both doors, and was written down before the closure; of what was refused, nothing."""
    doctor, patient = Person(simulator, "doctor"), Person(simulator, "patient")
    arrived = await _subjects_by_imap(simulator, "camille.martin", "cabinet-2026", "INBOX")
    filed = await _subjects_by_imap(simulator, "claire.fontaine", "patient-2026", "Sent") if any(one for one, _ in taken.values()) else ""
    journal = (await patient.get(f"/mailboxes/{PATIENT}/journal", limit=200))["items"]
    for subject, (accepted, closed) in taken.items():
        rest = [len(await doctor.inbox(DOCTOR, subject=subject))]
        rest.append(len((await patient.get(f"/mailboxes/{PATIENT}/messages", folder="Sent", subject=subject))["items"]))
        assert rest == [arrived.count(subject), filed.count(subject)] == [int(accepted)] * 2, (subject, accepted)
        mine = [line for line in journal if line["act"] == "message.submitted" and line["subject"] == subject]
        assert len(mine) == int(accepted)
        assert all(line["id"] < closed for line in mine), "taken, so it came before the closure"
    assert await patient.inbox(PATIENT, subject="Undelivered") == [], "what was taken is not given back"


@pytest.mark.parametrize("act", _ACTS)
async def test_an_answer_comes_before_the_closure_or_after_it_at_every_door(start: StartSimulator, database: str | None, act: str) -> None:
    async with start(database_url=database) as simulator:
        await _race(act, simulator, simulator)


@pytest.mark.parametrize("act", _ACTS)
async def test_so_it_is_where_each_is_done_in_a_process_of_its_own(two: tuple[Simulator, Simulator], act: str) -> None:
    await _race(act, *two)


async def _race(act: str, here: Simulator, there: Simulator) -> None:
    """The patient answers here by two doors while the doctor closes there, many times; who begins changes from round to round."""
    doctor, patient, taken = Person(there, "doctor"), Person(here, "patient"), dict[str, tuple[bool, str]]()
    kind = "conversation.closed" if act == "explicit" else "message.submitted"
    for number in range(_ROUNDS):
        sent, item = await _letter(doctor, patient, f"n{number}n", here, there)
        subjects = {True: f"Reponse smtp r{number}r", False: f"Reponse rest r{number}r"}
        answers = [_answer(patient, item, subject, by_smtp=by_smtp) for by_smtp, subject in subjects.items()]
        acts = [*answers[: number % 3], _close(doctor, act, sent, item), *answers[number % 3 :]]
        done = [one for one in await asyncio.gather(*acts) if one is not None]
        lines = (await doctor.get(f"/mailboxes/{DOCTOR}/journal", limit=10))["items"]
        closed = next(line["id"] for line in lines if line["act"] == kind)
        taken |= {subject: (one, closed) for subject, one in zip(subjects.values(), done, strict=True)}
        for by_smtp in (True, False):
            assert not await _answer(patient, item, "Encore une question", by_smtp=by_smtp)
        told = await patient.get(f"/mailboxes/{PATIENT}/conversations/{item['conversation_id']}/why")
        assert [(one["to"], one["may_write"]) for one in told] == [(DOCTOR, False)]
    await _settle(here, there)
    await _check(here, taken)
