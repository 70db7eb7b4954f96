"""Room and counters on the paths of IMAP: what is copied, moved and appended takes room, and a full mailbox says so.

That each counter says what is there is asked of every world when its test ends (tests/counters.py).
"""

import asyncio
import re
import time

import pytest
from sqlalchemy import text

from mss_sim.app.simulator import Simulator
from tests.clients import DOCTOR, DOCTOR2, HOSPITAL, LABORATORY, PRACTICE, ImapClient, Peer, Person, control, letter
from tests.conftest import StartSimulator
from tests.counters import astray

_PASSWORD = "cabinet-2026"
_SHARED = f"Shared/{PRACTICE}/INBOX"
_LETTER = letter(HOSPITAL, DOCTOR, "Compte rendu", "x" * 3_000, Message_ID="<counted@sim.mssante.fr>").as_bytes()


async def _doctor(simulator: Simulator) -> ImapClient:
    return await ImapClient.open(simulator, "camille.martin", _PASSWORD)


async def _used(simulator: Simulator, mailbox: str) -> int:
    return int((await Person(simulator, "doctor").get(f"/mailboxes/{mailbox}"))["used_bytes"])


async def _quota(client: ImapClient, mailbox: str) -> int:
    """The room that a mailbox uses, in KiB, as IMAP tells it."""
    told = re.search(r"\(STORAGE (\d+) \d+\)", " ".join(await client.ask(f"GETQUOTA {mailbox}")))
    assert told
    return int(told[1])


async def test_what_is_copied_takes_room_once_more(start: StartSimulator, database: str | None) -> None:
    async with start(database_url=database) as simulator:
        client = await _doctor(simulator)
        await client.append("INBOX", _LETTER)
        await client.ask("SELECT INBOX")
        assert (await _used(simulator, DOCTOR), await _quota(client, DOCTOR)) == (len(_LETTER), 4)
        assert (await client.ask("COPY 1 Archive"))[-1].startswith("OK")
        assert (await _used(simulator, DOCTOR), await _quota(client, DOCTOR)) == (2 * len(_LETTER), 7)
        assert (await client.ask(f'COPY 1 "{_SHARED}"'))[-1].startswith("OK")
        assert (await _used(simulator, DOCTOR), await _used(simulator, PRACTICE)) == (2 * len(_LETTER), len(_LETTER))
        assert await astray(simulator) == []
        await client.ask("STORE 1 +FLAGS.SILENT (\\Deleted)")
        await client.ask("EXPUNGE")
        assert (await _used(simulator, DOCTOR), await _used(simulator, PRACTICE)) == (len(_LETTER), len(_LETTER))
        await client.close()


async def test_what_moves_to_another_mailbox_gives_its_room_back(start: StartSimulator, database: str | None) -> None:
    async with start(database_url=database) as simulator:
        client = await _doctor(simulator)
        for flags in ("", "\\Seen"):
            await client.append("INBOX", _LETTER, flags)
        await client.ask("SELECT INBOX")
        assert (await client.ask(f'MOVE 1:2 "{_SHARED}"'))[-1].startswith("OK")
        assert (await _used(simulator, DOCTOR), await _used(simulator, PRACTICE)) == (0, 2 * len(_LETTER))
        told = await client.ask(f'STATUS "{_SHARED}" (MESSAGES UNSEEN)')
        assert told[0] == f'* STATUS "{_SHARED}" (MESSAGES 2 UNSEEN 1)'
        await client.close()


@pytest.mark.parametrize("verb", ["APPEND", "COPY", "MOVE"])
async def test_a_full_mailbox_takes_nothing_more_and_keeps_what_it_has(start: StartSimulator, verb: str) -> None:
    async with start() as simulator:
        client = await _doctor(simulator)
        await client.append("INBOX", _LETTER)
        await client.append(_SHARED, _LETTER)
        room = {"quota_bytes": 2 * len(_LETTER) - 1}
        assert (await control(simulator, "PATCH", f"/mailboxes/{PRACTICE}", room)).status_code == 200
        await client.ask("SELECT INBOX")
        said = await client.append(_SHARED, _LETTER) if verb == "APPEND" else await client.ask(f'{verb} 1 "{_SHARED}"')
        assert said == [f"NO [OVERQUOTA] The mailbox {PRACTICE} is full; delete messages first."]
        assert (await _used(simulator, DOCTOR), await _used(simulator, PRACTICE)) == (len(_LETTER), len(_LETTER))
        room["quota_bytes"] += 1
        assert (await control(simulator, "PATCH", f"/mailboxes/{PRACTICE}", room)).status_code == 200
        said = await client.append(_SHARED, _LETTER) if verb == "APPEND" else await client.ask(f'{verb} 1 "{_SHARED}"')
        assert said[-1].startswith("OK"), "what fits to the last byte is taken"
        await client.close()


async def test_a_letter_refused_within_a_group_gives_its_room_back(start: StartSimulator) -> None:
    """Letters that are stored in one transaction share what is known of a mailbox: room that a refused one took must be given back."""
    async with start() as simulator:
        hospital = Person(simulator, "hospital")
        assert (await hospital.send(HOSPITAL, to=[DOCTOR2], subject="Essai")).status_code == 201
        size = (await control(simulator, "GET", f"/mailboxes/{DOCTOR2}")).json()["used_bytes"]
        assert (await control(simulator, "PATCH", f"/mailboxes/{DOCTOR2}", {"quota_bytes": 2 * size + 100})).status_code == 200
        secretary = Person(simulator, "doctor")
        held = asyncio.create_task(simulator.world.store.write(lambda _: time.sleep(0.5)))  # all that follow wait for one commit
        answers = await asyncio.gather(*(secretary.send(DOCTOR, to=[PRACTICE, DOCTOR2], subject=f"{n:05d}") for n in range(6)))
        await held
        taken = [answer.status_code for answer in answers].count(201)
        assert 0 < taken < 6
        assert {answer.json()["code"] for answer in answers if answer.status_code != 201} == {"mailbox-full"}
        assert len(await secretary.inbox(PRACTICE)) == taken
        assert await astray(simulator) == []


async def test_the_audit_sees_a_counter_that_is_wrong(start: StartSimulator, database: str | None) -> None:
    async with start(database_url=database, audited=False) as simulator:
        assert (await Peer(simulator).send(HOSPITAL, [LABORATORY], letter(HOSPITAL, LABORATORY))).code == 250
        assert await astray(simulator) == []
        for change in (
            "UPDATE mailboxes SET used_bytes = used_bytes + 1 WHERE used_bytes > 0",
            "UPDATE folders SET exists_count = exists_count + 1 WHERE exists_count = 1",
            "UPDATE folders SET unseen_count = unseen_count - 1 WHERE unseen_count = 1",
            "UPDATE copies SET uid = uid + 1",
        ):
            await simulator.world.store.write(lambda conn, change=change: conn.execute(text(change)))  # type: ignore[misc]
        size = (await control(simulator, "GET", f"/mailboxes/{LABORATORY}")).json()["used_bytes"] - 1
        assert sorted(await astray(simulator)) == [
            f"{LABORATORY}/INBOX: copies past uid_next or modseq says 0, 1 are there",
            f"{LABORATORY}/INBOX: exists says 2, 1 are there",
            f"{LABORATORY}/INBOX: unseen says 0, 1 are there",
            f"{LABORATORY}: used_bytes says {size + 1}, {size} are there",
        ]
