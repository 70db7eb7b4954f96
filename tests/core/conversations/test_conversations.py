"""Conversations listed page by page: each once, by its newest message, however they lie among each other."""

from collections.abc import AsyncIterator
from random import Random

import pytest

from mss_sim.app.simulator import Simulator
from mss_sim.core.access import authentication
from mss_sim.core.conversations import conversations
from mss_sim.core.mailbox import copies
from mss_sim.core.mailbox.copies import NewCopy
from mss_sim.core.mailbox.selected import FolderRef
from mss_sim.vocabulary.doors import Door
from tests.clients import DOCTOR, PRACTICE, Person
from tests.conftest import StartSimulator


@pytest.fixture
async def world(start: StartSimulator, database: str | None) -> AsyncIterator[Simulator]:
    async with start(database_url=database) as running:
        yield running


def _letter(number: int, thread: int) -> NewCopy:
    head = f"From: <{DOCTOR}>\r\nTo: {PRACTICE}\r\nMessage-ID: <{number}@test>\r\nIn-Reply-To: <root{thread}@test>\r\nSubject: {thread}"
    return NewCopy(f"{head}\r\n\r\nBonjour\r\n".encode())


@pytest.mark.parametrize("limit", [1, 3, 50])
async def test_pages_hold_each_conversation_once_by_its_newest_message(world: Simulator, limit: int) -> None:
    account = Person(world, "doctor").account
    doctor = await authentication.with_password(world.world, account["login"], account["password"], door=Door.REST)
    place = FolderRef(PRACTICE, "INBOX")
    for thread in range(8):
        root = f"From: <{DOCTOR}>\r\nMessage-ID: <root{thread}@test>\r\nSubject: {thread}\r\n\r\nx\r\n"
        await copies.append(world.world, doctor, place, NewCopy(root.encode()))
    said = [Random(7 + number).choice([0, 0, 0, 0, 1, 2, 3, 4, 5]) for number in range(60)]  # noqa: S311 - a script, not a secret
    for number, thread in enumerate(said):
        await copies.append(world.world, doctor, place, _letter(number, thread))
    order = list(dict.fromkeys([*reversed(said), 7, 6, 5, 4, 3, 2, 1, 0]))
    found: list[tuple[int, int]] = []
    before: int | None = None
    while page := await conversations.list_conversations(world.world, doctor, PRACTICE, before=before, limit=limit):
        assert len(page) <= limit
        found += [(int(one.newest.message.subject), one.thread.count) for one in page]
        before = page[-1].thread.last_copy_id
    assert found == [(thread, said.count(thread) + 1) for thread in order]
