"""The writer: many requests, one transaction; who fails, fails alone; nobody is answered before the commit."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, insert, select
from sqlalchemy.exc import IntegrityError

from mss_sim.errors import Refusal, Rule
from mss_sim.models.tables import operators
from mss_sim.store.engine import sqlite_url
from mss_sim.store.store import Store


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
        raise Refusal(Rule.CONFLICT, "on purpose")

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
        return [Refusal(Rule.INVALID, "odd") if number % 2 else _add(conn, number) for number in numbers]

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
    with pytest.raises(RuntimeError, match="closed"):
        await closed.write(lambda conn: _add(conn, 1))
