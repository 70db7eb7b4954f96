"""What is kept of folders in memory is what their rows say, whatever happened since, and is read again only where it must be."""

import random
from array import array
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection

from mss_sim.app.simulator import Simulator
from mss_sim.core.access import authentication
from mss_sim.core.access.authentication import Actor
from mss_sim.core.access.delegation import GrantRequest, grant
from mss_sim.core.access.practice_holders import CONTROL
from mss_sim.core.mailbox import appending, copies
from mss_sim.core.mailbox.appending import NewCopy
from mss_sim.core.mailbox.copies import InFolder
from mss_sim.core.mailbox.flag_rules import FlagChange
from mss_sim.core.mailbox.selected_folder import FolderRef
from mss_sim.store import folder_index, folder_view, folders, mailboxes
from mss_sim.store.folder_index import FolderIndexes, Marks, extended
from mss_sim.store.folders import Folder
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.mailboxes import Right, SeenPolicy
from tests.clients import PRACTICE, Person
from tests.conftest import StartSimulator
from tests.core.towns import IDNATS

_INBOX = FolderRef(PRACTICE, "INBOX")
_WORDS = ("\\Seen", "\\Flagged", "\\Deleted", "$Forwarded", "urgent")
_Shown = list[tuple[int, int, str, int, bool]]


@pytest.fixture(params=[SeenPolicy.PERSONAL, SeenPolicy.SHARED])
async def world(start: StartSimulator, database: str | None, request: pytest.FixtureRequest) -> AsyncIterator[Simulator]:
    """A world whose practice reads in common, or each for himself."""
    async with start(database_url=database) as running:
        held = await running.world.store.read(mailboxes.by_address, PRACTICE)
        assert held is not None
        change = {"seen_policy": request.param.value}
        await running.world.store.write(lambda conn: mailboxes.change(conn, held.id, change), changes_directory=True)
        yield running


async def _actor(world: Simulator, role: str = "doctor") -> Actor:
    account = Person(world, role).account
    return await authentication.with_password(world.world, account["login"], account["password"], door=Door.IMAP)


async def _append(world: Simulator, actor: Actor, number: int) -> None:
    raw = f"From: <{PRACTICE}>\r\nSubject: {number}\r\n\r\nBonjour\r\n".encode()
    await appending.append(world.world, actor, _INBOX, NewCopy(raw))


def _folder(conn: Connection) -> Folder:
    held = mailboxes.by_address(conn, PRACTICE)
    assert held is not None
    found = folders.by_name(conn, held.id, "INBOX")
    assert found is not None
    return found


def _shown(marks: Marks) -> _Shown:
    kinds = [marks.kinds[of] for of in marks.of]
    return [(uid, *kind[:2], modseq, kind.seen) for uid, kind, modseq in zip(marks.uids, kinds, marks.modseqs, strict=True)]


def _truth(conn: Connection, folder: Folder, reader: int | None, low: int = 1, high: int = 10**6) -> _Shown:
    rows = folder_view.states(conn, folder.id, [(low, high)], reader)
    return [(row.uid, int(row.flags), row.keywords, row.modseq, row.seen) for row in rows]


def _check(conn: Connection, indexes: FolderIndexes, readers: list[int | None], low: int, high: int) -> None:
    folder = _folder(conn)
    assert list(indexes.uids(conn, folder)) == [row[0] for row in _truth(conn, folder, None)]
    for reader in readers:
        whole = indexes.marks(conn, folder, reader)
        assert _shown(whole) == _truth(conn, folder, reader)
        assert _shown(indexes.marks(conn, folder, reader, [(low, high)])) == _truth(conn, folder, reader, low, high)
        assert _shown(indexes.marks(conn, folder, reader, [(1, low), (high + 1, high + 3)])) == [
            *_truth(conn, folder, reader, 1, low),
            *_truth(conn, folder, reader, high + 1, high + 3),
        ]
        known = indexes.known_marks(folder, reader)
        assert known is not None
        assert known.first_unseen() == folder_view.first_unseen(conn, folder.id, reader)


async def test_whatever_happens_in_between_what_is_kept_is_what_the_rows_say(world: Simulator) -> None:
    chance, indexes = random.Random(7), FolderIndexes()  # noqa: S311 - a course of events that repeats
    doctor, assistant = await _actor(world), await _actor(world, "assistant")
    await grant(world.world, CONTROL, GrantRequest(PRACTICE, IDNATS["assistant"], frozenset(Right)))
    for step in range(60):
        who, low = chance.choice((doctor, assistant)), chance.randint(1, 10)
        one = InFolder(_INBOX, [(low, low + chance.randint(0, 4))])
        act = chance.choice(("append", "append", "delete", "flag", "flag", "unflag")) if step else "append"
        word = frozenset({chance.choice(_WORDS)})
        if act == "append":
            await _append(world, doctor, step)
        elif act == "delete" and chance.random() < 0.4:
            await copies.delete(world.world, doctor, InFolder(_INBOX, [(low, low)]))
        elif act != "delete":
            change = FlagChange(word) if act == "flag" else FlagChange(remove=word)
            await copies.change_flags(world.world, who, one, change)
        if chance.random() < 0.6:
            readers = [None, doctor.identity.id, assistant.identity.id]
            await world.world.store.read(_check, indexes, chance.sample(readers, 2), low, low + chance.randint(0, 5))


class _Asked:
    """Counts what is read of the rows."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.what: list[tuple[Any, ...]] = []
        for name in ("uids", "marks"):
            monkeypatch.setattr(folder_view, name, self._counting(name, getattr(folder_view, name)))

    def _counting(self, name: str, really: Any) -> Any:
        def asked(conn: Connection, folder_id: int, *rest: Any) -> Any:
            self.what.append((name, *rest))
            return really(conn, folder_id, *rest)

        return asked

    def since(self) -> list[tuple[Any, ...]]:
        """What was asked since the last call."""
        found, self.what = self.what, []
        return found


async def test_only_what_changed_is_read_again(world: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    doctor, indexes, store = await _actor(world), FolderIndexes(), world.world.store
    for number in range(20):
        await _append(world, doctor, number)
    asked = _Asked(monkeypatch)

    async def uids() -> list[int]:
        return await store.read(lambda conn: list(indexes.uids(conn, _folder(conn))))

    async def marks(*ranges: tuple[int, int]) -> int:
        return await store.read(lambda conn: len(indexes.marks(conn, _folder(conn), None, ranges or None).uids))

    assert (await uids(), asked.since()) == (list(range(1, 21)), [])  # none is missing: nothing to read
    assert (await marks((3, 3)), asked.since()) == (1, [("marks", None, (3, 3))])  # one of twenty is not worth the others
    assert (await marks((1, 19)), asked.since()) == (19, [("marks", None, (1, 20))])
    assert (await marks((3, 3)), await marks(), asked.since()) == (1, 20, [])
    await copies.change_flags(world.world, doctor, InFolder(_INBOX, [(4, 4)]), FlagChange(frozenset({"urgent"})))
    assert (await marks(), asked.since()) == (20, [("marks", None, (1, 20), 21)])
    await _append(world, doctor, 21)
    assert (await marks(), asked.since()) == (21, [("marks", None, (21, 21))])
    await copies.delete(world.world, doctor, InFolder(_INBOX, [(2, 2)]))
    assert (await uids(), asked.since()) == ([1, *range(3, 22)], [("uids", 1, 21)])
    await _append(world, doctor, 22)
    assert (await uids(), asked.since()) == ([1, *range(3, 23)], [("uids", 22, 22)])
    assert (await uids(), asked.since()) == ([1, *range(3, 23)], [])


async def test_a_folder_whose_row_is_older_than_its_copies_is_not_kept(world: Simulator) -> None:
    """PostgreSQL may show a copy gone of which the folder's row, read before, still counts."""
    doctor, indexes = await _actor(world), FolderIndexes()
    for number in range(4):
        await _append(world, doctor, number)
    before = await world.world.store.read(_folder)
    await copies.delete(world.world, doctor, InFolder(_INBOX, [(2, 3)]))
    missing = replace(before, uid_next=before.uid_next + 1)
    assert list(await world.world.store.read(indexes.uids, missing)) == [1, 4]
    assert list((await world.world.store.read(indexes.marks, before, None)).uids) == [1, 4]
    assert indexes.known_marks(before, None) is None
    after = await world.world.store.read(_folder)
    assert list(await world.world.store.read(indexes.uids, after)) == [1, 4]


async def test_what_was_asked_longest_ago_makes_room(world: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_index, "_COPIES_MAX", 5)
    doctor, indexes, store = await _actor(world), FolderIndexes(), world.world.store
    for number in range(3):
        await _append(world, doctor, number)
    folder = await store.read(_folder)
    for reader in (None, doctor.identity.id):
        await store.read(indexes.marks, folder, reader)
    assert indexes.known_marks(folder, None) is None
    assert indexes.known_marks(folder, doctor.identity.id) is not None
    indexes.forget()
    assert indexes.known_marks(folder, doctor.identity.id) is None


async def test_a_reset_world_knows_nothing_of_the_old_one(world: Simulator) -> None:
    doctor, store = await _actor(world), world.world.store
    await _append(world, doctor, 1)
    folder = await store.read(_folder)
    await store.read(store.indexes.marks, folder, None)
    assert store.indexes.known_marks(folder, None) is not None
    await store.reset()
    assert store.indexes.known_marks(folder, None) is None


@pytest.mark.parametrize(
    ("known", "arrived", "whole"),
    [
        (range(1, 4), [4, 5], range(1, 6)),
        (range(1, 4), [], range(1, 4)),
        (range(1, 1), [1], range(1, 2)),
        (range(1, 4), [6], array("I", [1, 2, 3, 6])),
        (array("I", [2]), [3], array("I", [2, 3])),
    ],
)
def test_uids_stay_a_range_while_none_is_missing(known: Any, arrived: list[int], whole: Any) -> None:
    before = list(known)
    assert extended(known, arrived) == whole
    assert list(known) == before  # other sessions hold it too
