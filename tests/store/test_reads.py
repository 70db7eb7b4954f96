"""Reads: a brief one stays where it was asked when nobody else can have the database, and tells what a long one would."""

import sqlite3
import threading
from collections.abc import AsyncIterator
from contextlib import closing, suppress
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, select, text

from mss_sim.errors import Attempt, Refusal, Rule
from mss_sim.models.tables import operators
from mss_sim.store.engine import sqlite_url, version_seen
from mss_sim.store.store import Store
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.mailboxes import Right
from mss_sim.words.sentence import quoted


@pytest.fixture
async def store(tmp_path: Path, database: str | None) -> AsyncIterator[Store]:
    opened = Store(database or sqlite_url(tmp_path / "reads.db"))
    opened.open()
    yield opened
    await opened.close()


def _add(conn: Connection, number: int) -> None:
    conn.execute(insert(operators).values(id=number, name=f"operator {number}"))


def _names(conn: Connection) -> list[str]:
    return list(conn.execute(select(operators.c.name).order_by(operators.c.id)).scalars())


def _thread(conn: Connection) -> int:
    conn.execute(text("SELECT 1"))
    return threading.get_ident()


async def test_a_brief_read_sees_each_commit_that_was_answered(store: Store) -> None:
    for number in (1, 2, 3):
        await store.write(partial(_add, number=number))
        assert len(await store.read_briefly(_names)) == number


async def test_a_brief_read_stays_on_the_loop_where_the_database_is_a_file(store: Store) -> None:
    assert (await store.read_briefly(_thread) == threading.get_ident()) is store.exclusive
    assert await store.read(_thread) != threading.get_ident()


async def test_a_brief_read_ends_its_transaction_whatever_comes_of_it(store: Store) -> None:
    def refuse(conn: Connection) -> None:
        _names(conn)
        raise Refusal(Rule.NOT_FOUND, quoted("on purpose"))

    with pytest.raises(Refusal, match="on purpose"):
        await store.read_briefly(refuse)
    await store.write(partial(_add, number=1))
    assert await store.read_briefly(_names) == ["operator 1"]


async def test_what_was_tried_in_vain_in_a_brief_read_is_kept(store: Store) -> None:
    kept: list[Attempt] = []
    store.keep_attempts(lambda _conn, attempt: kept.append(attempt))
    attempt = Attempt(7, Door.REST, 8, Right.READ)

    def refuse(_conn: Connection) -> None:
        refusal = Refusal(Rule.RIGHT_MISSING, quoted("on purpose"))
        refusal.attempt = attempt
        raise refusal

    with pytest.raises(Refusal, match="on purpose"):
        await store.read_briefly(refuse)
    assert kept == [attempt]


async def test_a_brief_read_knows_the_version_of_the_directory_that_it_sees(store: Store) -> None:
    before = await store.read_briefly(version_seen)
    await store.write(lambda _conn: None, changes_directory=True)
    assert before is not None
    assert await store.read_briefly(version_seen) == before + 1


async def test_a_database_that_does_not_answer_is_told_as_such(tmp_path: Path) -> None:
    file = tmp_path / "locked.db"
    store = Store(sqlite_url(file))
    store.open()

    def write(conn: Connection) -> None:
        conn.execute(text("PRAGMA busy_timeout=1"))
        _add(conn, 1)

    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Refusal) as caught:
            await store.read_briefly(write)
    assert caught.value.rule is Rule.STORE_UNAVAILABLE
    await store.close()


async def test_what_nothing_changed_is_read_once_and_anew_after_a_commit(store: Store) -> None:
    asked: list[int] = []

    def query(conn: Connection, number: int) -> list[str]:
        asked.append(number)
        return _names(conn)

    for number in (1, 2, 3):
        await store.write(partial(_add, number=number))
        read = [await store.read_unchanged(query, 7), await store.read_briefly(lambda conn: store.unchanged(conn, query, 7))]
        assert [len(names) for names in read] == [number, number]
        assert len(asked) == number * (1 if store.exclusive else 2)


def _sum(_conn: Connection, *numbers: int) -> int:
    return sum(numbers)


def _max(_conn: Connection, *numbers: int) -> int:
    return max(numbers)


async def test_what_was_read_before_is_known_by_all_that_was_asked(store: Store) -> None:
    for _ in range(2):
        assert (await store.read_unchanged(_sum, 1), await store.read_unchanged(_sum, 1, 2)) == (1, 3)
        assert await store.read_unchanged(_max, 1, 2) == 2


async def test_a_long_read_keeps_nothing_for_its_view_may_be_an_old_one(store: Store) -> None:
    asked: list[int] = []

    def query(conn: Connection) -> list[str]:
        asked.append(1)
        return _names(conn)

    for _ in range(2):
        assert await store.read(lambda conn: store.unchanged(conn, query)) == []
    assert len(asked) == 2


async def test_only_so_much_is_kept_of_what_is_unchanged(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mss_sim.store.store._UNCHANGED_MAX", 3)
    asked: list[int] = []

    def query(_conn: Connection, number: int) -> int:
        asked.append(number)
        return number

    for number in (1, 2, 3, 4, 1):
        await store.read_unchanged(query, number)
    assert asked == [1, 2, 3, 4, 1]


async def test_a_brief_read_ends_before_the_next_begins(store: Store) -> None:
    seen: list[object] = []

    def fail(conn: Connection) -> None:
        seen.append(conn.connection.driver_connection)
        raise Refusal(Rule.NOT_FOUND, quoted("no"))

    for _ in range(2):
        with suppress(Refusal):
            await store.read_briefly(fail)
        if store.exclusive:
            assert isinstance(seen[-1], sqlite3.Connection)
            assert not seen[-1].in_transaction
