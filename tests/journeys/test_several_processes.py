"""Two simulators over one PostgreSQL: the numbers stay right, and each hears at once what the other did."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import Connection, create_engine, text

from mss_sim.app.simulator import Simulator
from mss_sim.config.settings import Settings
from mss_sim.store import messages
from tests.clients import DOCTOR, HOSPITAL, PRACTICE, ImapClient, Peer, Person, control, letter
from tests.conftest import fresh_database
from tests.parcels import letter as documents

_PASSWORD = "cabinet-2026"


@pytest.fixture
async def two(postgresql: str, tmp_path: Path) -> AsyncIterator[tuple[Simulator, Simulator]]:
    """Two worlds in one database, each with its own ports, as two processes would have them."""
    for url in fresh_database(postgresql):
        async with AsyncExitStack() as stack:
            settings = Settings(data_dir=tmp_path, database_url=url, submission_port=0, mx_port=0, imap_port=0, http_port=0)
            yield await stack.enter_async_context(Simulator(settings)), await stack.enter_async_context(Simulator(settings))


async def test_both_append_to_one_folder_and_every_uid_is_given_once(two: tuple[Simulator, Simulator]) -> None:
    clients = [await ImapClient.open(simulator, "camille.martin", _PASSWORD) for simulator in two for _ in range(2)]

    async def fill(client: ImapClient) -> list[int]:
        answers = [await client.append("INBOX", letter(HOSPITAL, DOCTOR).as_bytes()) for _ in range(15)]
        return [int(re.search(r"APPENDUID \d+ (\d+)", answer[-1])[1]) for answer in answers]  # type: ignore[index]

    given = await asyncio.gather(*map(fill, clients))
    assert sorted(uid for uids in given for uid in uids) == list(range(1, 61))
    assert all(uids == sorted(uids) for uids in given)
    told = [await client.ask("STATUS INBOX (MESSAGES UIDNEXT HIGHESTMODSEQ UIDVALIDITY)") for client in clients]
    assert len({answer[0] for answer in told}) == 1
    assert "MESSAGES 60 UIDNEXT 61 HIGHESTMODSEQ 61" in told[0][0]
    for client in clients:
        await client.close()


async def test_who_idles_at_one_hears_what_the_other_delivered_flagged_and_moved(two: tuple[Simulator, Simulator]) -> None:
    here, there = two
    idler = await ImapClient.open(here, "camille.martin", _PASSWORD)
    await idler.ask("SELECT INBOX")
    await idler.idle()
    assert (await Person(there, "hospital").send(HOSPITAL, to=[DOCTOR])).status_code == 201
    assert [await idler.line() for _ in range(2)] == ["* 1 EXISTS", "* 1 RECENT"]
    item = (await Person(there, "doctor").inbox(DOCTOR))[0]
    path = f"/mailboxes/{DOCTOR}/messages/{item['id']}"
    assert (await Person(there, "doctor").rest("PATCH", path, json={"add": ["\\Flagged"]})).status_code == 200
    assert await idler.line() == "* 1 FETCH (UID 1 FLAGS (\\Flagged \\Recent))"
    assert (await Person(there, "doctor").rest("DELETE", path)).status_code == 204
    assert await idler.line() == "* 1 EXPUNGE"
    await idler.done()
    await idler.close()


async def test_a_grant_that_is_revoked_at_one_ends_the_connection_at_the_other(two: tuple[Simulator, Simulator]) -> None:
    here, there = two
    client = await ImapClient.open(here, f"{PRACTICE}*sophie.petit", _PASSWORD)
    await client.ask("SELECT INBOX")
    await client.idle()
    doctor = Person(there, "doctor")
    for grant in await doctor.get(f"/mailboxes/{PRACTICE}/grants"):
        await doctor.rest("DELETE", f"/mailboxes/{PRACTICE}/grants/{grant['id']}")
    assert (await client.line()).startswith("* BYE")


async def test_each_takes_the_tokens_of_the_other_under_one_issuer(postgresql: str, tmp_path: Path) -> None:
    for url in fresh_database(postgresql):
        async with AsyncExitStack() as stack:
            ports = {"submission_port": 0, "mx_port": 0, "imap_port": 0, "http_port": 0}
            settings = Settings(data_dir=tmp_path, database_url=url, psc_base_url="https://psc.test", **ports)
            here, there = [await stack.enter_async_context(Simulator(settings)) for _ in range(2)]
            idnat = Person(here, "doctor").idnat
            assert there.world.tokens.verify(here.world.tokens.mint(idnat)) == idnat
            assert here.ready()["psc"] == there.ready()["psc"]


async def test_letters_that_are_forwarded_at_one_and_come_to_both_at_the_other_never_wait_for_each_other(
    two: tuple[Simulator, Simulator],
) -> None:
    """One holds the mailbox that forwards and wants its target, the other holds the target and wants what forwards: PostgreSQL ends one."""
    here, there = two
    assert (await Person(here, "doctor").rest("PUT", f"/mailboxes/{PRACTICE}/forwarding", json={"to": DOCTOR})).status_code == 200
    for _ in range(5):
        letters = [(one, to) for _ in range(4) for one, to in ((here, [PRACTICE]), (there, [DOCTOR, PRACTICE]))]
        answers = await asyncio.gather(*(Peer(one).send(HOSPITAL, to, letter(HOSPITAL, PRACTICE)) for one, to in letters))
        assert [answer.code for answer in answers] == [250] * 8
    assert len(await Person(here, "doctor").inbox(PRACTICE, limit=100)) == 40
    assert await asyncio.to_thread(_deadlocks, str(here.settings.database_url)) == 0


def _deadlocks(url: str) -> int:
    """How many transactions PostgreSQL ended because two waited for each other."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as conn:
        conn.execute(text("SELECT pg_stat_clear_snapshot()"))
        count: int = conn.execute(text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")).scalar_one()
    engine.dispose()
    return count


async def test_what_both_diagnose_at_once_is_kept_once(two: tuple[Simulator, Simulator]) -> None:
    assert (await control(two[0], "PATCH", f"/mailboxes/{PRACTICE}", {"keeps_diagnoses": True})).status_code == 200
    raw = documents()
    for _ in range(3):
        assert (await Person(two[0], "doctor").smtp(DOCTOR, PRACTICE, raw)).code == 250
    wanted = {"kind": "message", "mailbox": PRACTICE, "count": 3, "timeout": 10.0}
    assert (await control(two[0], "POST", "/wait", wanted)).json()["met"]
    readers = [Person(two[0], "secretary"), Person(two[1], "doctor")]
    for item in await readers[0].inbox(PRACTICE):
        path = f"/mailboxes/{PRACTICE}/messages/{item['id']}/diagnosis"
        here, there = await asyncio.gather(*(one.get(path) for one in readers))
        assert here["kept_at"] == there["kept_at"] is not None
    lines = (await control(two[0], "GET", "/journal?act=message.diagnosed")).json()["items"]
    assert len(lines) == 3


async def test_of_two_who_note_the_same_first_reading_one_is_the_first(two: tuple[Simulator, Simulator]) -> None:
    """The second asks while the first has not committed, and was told of a broken key."""
    assert (await Person(two[0], "hospital").smtp(HOSPITAL, PRACTICE, letter(HOSPITAL, PRACTICE, "Rapport"))).code == 250
    assert (await control(two[0], "POST", "/wait", {"kind": "message", "mailbox": PRACTICE})).json()["met"]
    noted = Event()

    def first(conn: Connection) -> bool:
        found = messages.note_reading(conn, *_reading(conn), 1)
        noted.set()
        time.sleep(0.5)  # the other one asks meanwhile
        return found

    def second(conn: Connection) -> bool:
        assert noted.wait(5)
        return messages.note_reading(conn, *_reading(conn), 2)

    stores = [one.core.world.store for one in two]
    assert list(await asyncio.gather(stores[0].write(first), stores[1].write(second))) == [True, False]


def _reading(conn: Connection) -> tuple[int, int]:
    """The newest copy, and somebody."""
    copy = conn.execute(text("SELECT max(id) FROM copies")).scalar_one()
    return copy, conn.execute(text("SELECT max(id) FROM identities")).scalar_one()
