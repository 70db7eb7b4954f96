"""The feed: positions without a gap, in the order of the commits, whoever commits; nothing of what was rolled back."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import Connection

from mss_sim.errors import Refusal, Rule
from mss_sim.store import feed
from mss_sim.store.engine import HAPPENED, happen, sqlite_url
from mss_sim.store.feed import Ref, Source
from mss_sim.store.store import Store
from mss_sim.words.sentence import quoted


@pytest.fixture
async def store(tmp_path: Path, database: str | None) -> AsyncIterator[Store]:
    opened = Store(database or sqlite_url(tmp_path / "feed.db"))
    opened.open()
    yield opened
    await opened.close()


def _done(conn: Connection, *refs: int) -> None:
    happen(conn, refs)


async def _all(store: Store, after: int = 0, limit: int = 1_000) -> list[Ref]:
    return await store.read(feed.after, after, limit)


async def test_positions_are_counted_from_one_and_have_no_gap(store: Store) -> None:
    assert (await _all(store), await store.read(feed.last)) == ([], 0)
    await store.write(lambda conn: _done(conn, 7, -5, 9))
    await store.write(_done)
    await store.write(lambda conn: _done(conn, 3))
    found = await _all(store)
    assert [ref.position for ref in found] == [1, 2, 3, 4] == list(range(1, await store.read(feed.last) + 1))
    assert [(ref.source, ref.id) for ref in found] == [
        (Source.TIMELINE, 5),
        (Source.JOURNAL, 7),
        (Source.JOURNAL, 9),
        (Source.JOURNAL, 3),
    ]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
async def test_it_is_read_on_from_any_position(store: Store, limit: int) -> None:
    for size in (1, 5, 2, 9, 1):
        await store.write(lambda conn, size=size: _done(conn, *range(100 * size, 101 * size)))  # type: ignore[misc]
    whole, read, at = await _all(store), list[Ref](), 0
    assert len(whole) == 18
    while part := await _all(store, at, limit):
        assert len(part) == min(limit, 18 - len(read))
        read += part
        at = part[-1].position
    assert read == whole
    for position in range(20):
        assert await _all(store, position) == whole[position:]


async def test_nothing_is_told_of_what_was_rolled_back(store: Store) -> None:
    def failing(conn: Connection) -> None:
        _done(conn, 666)
        raise Refusal(Rule.CONFLICT, quoted("on purpose"))

    def bulk(conn: Connection, items: Sequence[int]) -> list[int | Exception]:
        _done(conn, *items)
        if 13 in items:
            raise Refusal(Rule.CONFLICT, quoted("on purpose"))
        return list(items)

    units = (store.write(lambda conn: _done(conn, 1)), store.write(failing), store.write(lambda conn: _done(conn, 2)))
    await asyncio.gather(*units, return_exceptions=True)
    await asyncio.gather(*(store.write_in_bulk(bulk, item) for item in (12, 13, 14)), return_exceptions=True)
    assert sorted(ref.id for ref in await _all(store)) == [1, 2, 12, 14]


async def test_many_writers_leave_no_gap(store: Store) -> None:
    await asyncio.gather(*(store.write(lambda conn, one=one: _done(conn, one)) for one in range(1, 201)))  # type: ignore[misc]
    found = await _all(store)
    assert [ref.position for ref in found] == list(range(1, 201))
    assert {ref.id for ref in found} == set(range(1, 201))


async def test_two_processes_of_one_database_have_one_order(store: Store, database: str | None) -> None:
    """Both write as fast as they can; whoever reads on from the last position that he saw has seen all in the end."""
    if database is None:
        assert store.exclusive, "SQLite has one process"
        return
    other = Store(database)
    other.open()
    heard: list[set[int]] = []
    store.listen()
    store.watch_commits(heard.append)
    try:
        seen: list[Ref] = []

        async def follow() -> None:
            while len(seen) < 200:
                seen.extend(await _all(store, seen[-1].position if seen else 0))

        async def write(one: Store, numbers: range) -> None:
            for number in numbers:
                await one.write(lambda conn: _done(conn, number))  # noqa: B023 - awaited at once

        async with asyncio.timeout(60):
            await asyncio.gather(follow(), write(store, range(1, 101)), write(other, range(101, 201)))
        assert [ref.position for ref in seen] == list(range(1, 201))
        assert {ref.id for ref in seen} == set(range(1, 201))
        async with asyncio.timeout(30):
            while sum(HAPPENED in changed for changed in heard) < 100:  # noqa: ASYNC110 - a notice of each commit elsewhere
                await asyncio.sleep(0.01)
    finally:
        await other.close()


async def test_a_world_that_begins_anew_goes_on_behind_every_position(store: Store) -> None:
    await store.write(lambda conn: _done(conn, 1, 2, 3))
    await store.reset()
    assert await _all(store) == [Ref(4, Source.WORLD, 0)]
    await store.write(lambda conn: _done(conn, 8))
    assert (await _all(store, 4))[0].position == 5
    await store.write(lambda conn: feed.begin_anew(conn, 70))
    assert (await _all(store, 5))[0] == Ref(71, Source.WORLD, 0)
