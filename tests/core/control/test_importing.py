"""A file read into a world: all rows or none, in part where that is asked for, in transactions of a bounded number."""

from collections.abc import Iterator

import pytest

from mss_sim.core.access import identities
from mss_sim.core.access.identities import NewIdentity
from mss_sim.core.control import importing
from mss_sim.core.control.bulk_work import Progress
from mss_sim.core.control.importing import Import
from mss_sim.core.control.many import NewRow, RowRefused
from mss_sim.errors import Refusal, RowsRefused, Rule
from mss_sim.vocabulary.bulk import Stage, Undertaking
from mss_sim.vocabulary.mailboxes import IdentityKind
from mss_sim.words.sentence import quoted
from tests.core.towns import OpenTown, Town, refused

_BAD = RowRefused(0, Refusal(Rule.INVALID, quoted("no row")))


def _row(number: int) -> NewRow:
    return NewRow(NewIdentity(f"x{number}", IdentityKind.PROFESSIONAL, "X"), line=number)


def _import(town: Town, rows: list[NewRow | RowRefused], progress: Progress | None = None) -> Import:
    def read() -> Iterator[NewRow | RowRefused]:
        yield from rows

    return Import(town.world, read, progress or Progress(Undertaking.IMPORT, Stage.CHECKING), 100, lambda: 100)


async def _there(town: Town) -> set[str]:
    return {one.idnat for one in await identities.list_identities(town.world) if one.idnat.startswith("x")}


async def test_all_rows_are_stored_and_counted(open_town: OpenTown) -> None:
    async with open_town(bulk_rows_at_once=2) as town:
        progress = Progress(Undertaking.IMPORT, Stage.CHECKING)
        done = await _import(town, [_row(number) for number in range(5)], progress).run(partly=False)
        assert (done.rows, done.stored, done.identities, done.mailboxes, done.refused, done.errors) == (5, 5, 5, 0, 0, [])
        assert (progress.stage, progress.done, progress.total) == (Stage.PEOPLE, 5, 5)
        assert await _there(town) == {f"x{number}" for number in range(5)}


@pytest.mark.parametrize(("count", "size", "reads"), [(2, 100, 1), (3, 100, 2), (2, 101, 2)], ids=str)
async def test_the_rows_of_a_small_file_wait_in_memory_and_a_large_one_is_read_again(
    open_town: OpenTown, monkeypatch: pytest.MonkeyPatch, *, count: int, size: int, reads: int
) -> None:
    monkeypatch.setattr(importing, "_KEPT_ROWS", 2)
    monkeypatch.setattr(importing, "_KEPT_BYTES", 100)
    read: list[int] = []

    def rows() -> Iterator[NewRow | RowRefused]:
        read.append(1)
        yield from map(_row, range(count))

    async with open_town(bulk_rows_at_once=1) as town:
        progress = Progress(Undertaking.IMPORT, Stage.CHECKING)
        assert (await Import(town.world, rows, progress, size, lambda: size).run(partly=False)).stored == count
        assert len(read) == reads
        assert progress.done == progress.total == (count if reads == 1 else size)
        assert await _there(town) == {f"x{number}" for number in range(count)}


async def test_an_empty_file_is_no_error(town: Town) -> None:
    assert (await _import(town, []).run(partly=False)).rows == 0


@pytest.mark.parametrize("at_once", [1, 3, 100])
async def test_where_a_row_is_wrong_nothing_is_stored_and_all_wrong_ones_are_told_by_line(open_town: OpenTown, at_once: int) -> None:
    async with open_town(bulk_rows_at_once=at_once) as town:
        rows: list[NewRow | RowRefused] = [
            _row(1),
            RowRefused(2, _BAD.refusal),
            _row(3),
            NewRow(_row(1).person, line=4),
            _row(5),
            NewRow(_row(5).person, line=6),
        ]
        with pytest.raises(RowsRefused) as wrong:
            await _import(town, rows).run(partly=False)
        assert [(line, one.rule) for line, one in wrong.value.rows] == [(2, Rule.INVALID), (4, Rule.CONFLICT), (6, Rule.CONFLICT)]
        assert (wrong.value.count, wrong.value.rule, "stored: 3." in wrong.value.detail) == (3, Rule.INVALID, True)
        assert await _there(town) == set()


@pytest.mark.parametrize("at_once", [1, 3, 100])
async def test_in_part_the_right_rows_are_stored(open_town: OpenTown, at_once: int) -> None:
    async with open_town(bulk_rows_at_once=at_once) as town:
        rows: list[NewRow | RowRefused] = [_row(1), RowRefused(2, _BAD.refusal), NewRow(_row(1).person, line=3), _row(4)]
        done = await _import(town, rows).run(partly=True)
        assert (done.rows, done.stored, done.identities, done.refused) == (4, 2, 2, 2)
        assert [one.line for one in done.errors] == [2, 3]
        assert await _there(town) == {"x1", "x4"}


@pytest.mark.parametrize("partly", [False, True])
async def test_of_many_wrong_rows_the_first_ones_are_told_and_all_are_counted(open_town: OpenTown, *, partly: bool) -> None:
    async with open_town(bulk_errors_max=3, bulk_rows_at_once=2) as town:
        reading = _import(town, [RowRefused(line, _BAD.refusal) for line in range(10)])
        if partly:
            done = await reading.run(partly=True)
            assert ([one.line for one in done.errors], done.refused) == ([0, 1, 2], 10)
        else:
            with pytest.raises(RowsRefused) as wrong:
                await reading.run(partly=False)
            assert ([line for line, _ in wrong.value.rows], wrong.value.count) == ([0, 1, 2], 10)


async def test_more_rows_than_are_allowed_are_refused_before_any_is_stored(open_town: OpenTown) -> None:
    async with open_town(bulk_rows_max=3, bulk_rows_at_once=2) as town:
        with refused(Rule.LIMIT_REACHED, "at most 3 rows"):
            await _import(town, [_row(number) for number in range(4)]).run(partly=False)
        assert await _there(town) == set()
        assert (await _import(town, [_row(number) for number in range(3)]).run(partly=False)).stored == 3


async def test_a_reset_ends_it(town: Town) -> None:
    progress = Progress(Undertaking.IMPORT, Stage.CHECKING)
    progress.stopped = True
    with refused(Rule.CONFLICT, "The world was reset meanwhile"):
        await _import(town, [_row(1)], progress).run(partly=True)
    assert await _there(town) == set()


async def test_what_others_do_meanwhile_may_stop_it_and_it_says_how_far_it_is(open_town: OpenTown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "_KEPT_ROWS", 0)
    async with open_town(bulk_rows_at_once=2) as town:
        rows = [_row(number) for number in range(6)]
        reads = 0

        def read() -> Iterator[NewRow | RowRefused]:
            nonlocal reads
            reads += 1
            yield from (NewRow(_row(1).person, line=4) if reads == 2 and row.line == 4 else row for row in rows)

        reading = Import(town.world, read, Progress(Undertaking.IMPORT, Stage.CHECKING), 0, lambda: 0)
        with pytest.raises(RowsRefused) as stopped:
            await reading.run(partly=False)
        assert (stopped.value.rule, [line for line, _ in stopped.value.rows], stopped.value.count) == (Rule.CONFLICT, [4], 1)
        assert "4 rows before it are stored" in stopped.value.detail
        assert await _there(town) == {"x0", "x1", "x2", "x3"}
