"""The writer: many requests, one transaction; who fails, fails alone; nobody is answered before the commit."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Sequence
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, insert, select, text
from sqlalchemy.exc import IntegrityError

from mss_sim.errors import Refusal, Rule
from mss_sim.models.tables import operators
from mss_sim.store.engine import sqlite_url
from mss_sim.store.store import Store
from mss_sim.words.sentence import quoted


@pytest.fixture
async def store(tmp_path: Path, database: str | None) -> AsyncIterator[Store]:
    opened = Store(database or sqlite_url(tmp_path / "writer.db"))
    opened.open()
    yield opened
    await opened.close()


def _add(conn: Connection, number: int) -> int:
    conn.execute(insert(operators).values(id=number, name=f"operator {number}"))
    return number


def _count(conn: Connection) -> int:
    found: int = conn.execute(select(func.count()).select_from(operators)).scalar_one()
    return found


async def test_many_units_at_once_are_all_kept(store: Store) -> None:
    results = await asyncio.gather(*(store.write(partial(_add, number=number)) for number in range(200)))
    assert results == list(range(200))
    assert await store.read(_count) == 200


async def test_a_unit_that_fails_is_rolled_back_alone(store: Store) -> None:
    def half(conn: Connection) -> None:
        _add(conn, 1000)
        raise Refusal(Rule.CONFLICT, quoted("on purpose"))

    before = [store.write(partial(_add, number=number)) for number in range(10)]
    after = [store.write(partial(_add, number=number)) for number in range(10, 20)]
    results = await asyncio.gather(*before, store.write(half), *after, return_exceptions=True)
    assert [type(result) for result in results].count(Refusal) == 1
    assert await store.read(_count) == 20


async def test_an_item_that_breaks_its_bulk_does_not_break_its_neighbours(store: Store) -> None:
    def bulk(conn: Connection, numbers: Sequence[int]) -> list[int | Exception]:
        conn.execute(insert(operators), [{"id": number, "name": f"bulk {number}"} for number in numbers])
        return list(numbers)

    await store.write_in_bulk(bulk, 7)
    results = await asyncio.gather(*(store.write_in_bulk(bulk, number) for number in range(10)), return_exceptions=True)
    assert [index for index, result in enumerate(results) if isinstance(result, IntegrityError)] == [7]
    assert await store.read(_count) == 10


async def test_an_exception_in_the_place_of_a_result_is_its_items_alone(store: Store) -> None:
    def bulk(conn: Connection, numbers: Sequence[int]) -> list[int | Exception]:
        return [Refusal(Rule.INVALID, quoted("odd")) if number % 2 else _add(conn, number) for number in numbers]

    results = await asyncio.gather(*(store.write_in_bulk(bulk, number) for number in range(10)), return_exceptions=True)
    assert [isinstance(result, Refusal) for result in results] == [bool(number % 2) for number in range(10)]
    assert await store.read(_count) == 5


async def test_what_was_answered_is_there_for_another_connection(store: Store) -> None:
    await store.write(lambda conn: _add(conn, 1))
    assert await store.read(_count) == 1


async def test_a_waiter_that_gave_up_disturbs_nobody(store: Store) -> None:
    gone = asyncio.ensure_future(store.write(lambda conn: _add(conn, 1)))
    await asyncio.sleep(0)
    gone.cancel()
    assert await store.write(lambda conn: _add(conn, 2)) == 2


async def test_a_closed_store_refuses_work(tmp_path: Path) -> None:
    closed = Store(sqlite_url(tmp_path / "closed.db"))
    closed.open()
    await closed.close()
    for asked in (closed.write, closed.read, closed.read_briefly):
        with pytest.raises(Refusal, match="The simulator stops") as told:
            await asked(_count)
        assert told.value.rule is Rule.STORE_UNAVAILABLE


async def test_another_process_that_writes_is_waited_for_and_not_by_the_loop(tmp_path: Path) -> None:
    path = tmp_path / "shared.db"
    store = Store(sqlite_url(path))
    store.open()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    waiting = asyncio.ensure_future(store.write_in_bulk(lambda conn, numbers: [_add(conn, number) for number in numbers], 1))
    turns = 0
    for _ in range(20):
        await asyncio.sleep(0.01)
        turns += 1
    assert turns == 20
    assert not waiting.done()
    other.execute("COMMIT")
    other.close()
    assert await asyncio.wait_for(waiting, 10) == 1
    await store.close()


async def test_large_items_are_written_in_several_groups_and_in_order(store: Store) -> None:
    groups: list[int] = []

    def bulk(conn: Connection, numbers: Sequence[int]) -> list[int | Exception]:
        groups.append(len(numbers))
        return [_add(conn, number) for number in numbers]

    results = await asyncio.gather(*(store.write_in_bulk(bulk, number, 300_000) for number in range(6)))
    assert results == list(range(6))
    assert groups == [1] * 6


@pytest.mark.parametrize(("size", "here"), [(0, True), (5_000_000, False)], ids=["short", "with a large letter"])
async def test_a_brief_unit_runs_on_the_loop_unless_it_writes_much(tmp_path: Path, size: int, here: bool) -> None:
    store = Store(sqlite_url(tmp_path / "writer.db"))
    store.open()
    thread = await store.write_briefly(lambda _conn: threading.get_ident(), size=size)
    assert (thread == threading.get_ident()) is here
    await store.close()


async def test_what_a_stopping_store_was_asked_for_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "stopping.db"
    stopping = Store(sqlite_url(path))
    stopping.open()
    asked = [asyncio.ensure_future(stopping.write(partial(_add, number=number))) for number in range(5)]
    await asyncio.sleep(0)
    await stopping.close()
    assert await asyncio.gather(*asked) == list(range(5))


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
@pytest.mark.parametrize("together", [False, True], ids=["a unit", "a bulk"])
async def test_a_connection_that_breaks_at_work_is_told_as_such_and_replaced(store: Store, together: bool) -> None:
    def broken(conn: Connection) -> None:
        conn.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    def bulk(conn: Connection, numbers: Sequence[int]) -> list[int | Exception]:
        broken(conn)
        return list(numbers)

    for _ in range(2):
        asked = [store.write_in_bulk(bulk, 1), store.write_in_bulk(bulk, 2)] if together else [store.write(broken)]
        for answer in await asyncio.wait_for(asyncio.gather(*asked, return_exceptions=True), 20):
            assert isinstance(answer, Refusal), repr(answer)
            assert answer.rule is Rule.STORE_UNAVAILABLE
    assert await asyncio.wait_for(store.write(partial(_add, number=1)), 20) == 1
    assert await store.read(_count) == 1
