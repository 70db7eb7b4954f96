"""Old versions go once nobody can ask for them, and not before."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from mss_sim.clock import DAY, Micros, to_datetime
from mss_sim.core.access.identities import change_identity, remove_identity
from mss_sim.core.annuaire.pruning_turns import Pruning
from mss_sim.core.mailbox.mailboxes import change_mailbox
from mss_sim.errors import Rule
from mss_sim.fhir.entries import resource_id
from mss_sim.ids import id_after
from mss_sim.models.directory import FOREVER, directory_entries
from mss_sim.store import directory_pruning
from mss_sim.store.engine import Connection
from mss_sim.vocabulary.directory import ResourceType
from mss_sim.vocabulary.doors import Door
from tests.clients import DOCTOR
from tests.core.towns import IDNATS, OpenTown, Town, refused

PERSON = ResourceType.PRACTITIONER


async def ranked(town: Town, rank: int) -> None:
    """The doctor's mailbox has another rank: another version of the doctor."""
    await change_mailbox(town.world, DOCTOR, {"preferred_rank": rank}, actor_id=None, door=Door.CONTROL)


async def kept(town: Town) -> tuple[int, int]:
    """(old versions, newest ones)."""

    def query(conn: Connection) -> tuple[int, int]:
        old = conn.execute(select(func.count()).where(directory_entries.c.until_id < FOREVER)).scalar_one()
        return int(old), int(conn.execute(select(func.count()).where(directory_entries.c.until_id == FOREVER)).scalar_one())

    return await town.world.store.read(query)


async def page(town: Town, *pairs: tuple[str, str]) -> Any:
    """A first page."""
    annuaire = town.core.annuaire()
    return await annuaire.search(annuaire.read(PERSON, pairs))


def midnights(at: Micros, now: Micros) -> int:
    """How many midnights from now on, the next one being 1."""
    return (at - now // DAY * DAY) // DAY


async def test_a_world_that_nobody_asks_has_nothing_to_prune(town: Town) -> None:
    await ranked(town, 2)
    assert await Pruning(town.world).next_at() is None
    await page(town)
    assert await Pruning(town.world).next_at() is None
    assert await Pruning(town.world).work() == []


async def test_a_version_goes_at_the_midnight_after_its_day(town: Town) -> None:
    pruning = Pruning(town.world)
    await page(town)
    await ranked(town, 2)
    await ranked(town, 3)
    before = await kept(town)
    assert before[0] == 2
    at = await pruning.next_at()
    assert at is not None
    assert (at % DAY, midnights(at, town.clock.now())) == (0, 2)
    await pruning.work()
    assert await kept(town) == before
    town.clock.advance(to_datetime(at) - to_datetime(town.clock.now()))
    assert await pruning.work() == []
    assert await kept(town) == (0, before[1])
    assert await pruning.next_at() is None
    assert [box.rank for box in (await page(town, ("identifier", IDNATS["doctor"]))).shown[0].entry.mailboxes] == [3, None]


async def test_the_agenda_does_it_as_time_is_moved(town: Town) -> None:
    await page(town)
    await ranked(town, 2)
    await town.core.agenda.advance(by=3 * DAY)
    assert (await kept(town))[0] == 0


async def test_a_walk_that_goes_on_sees_what_it_began_with_until_it_is_too_old(open_town: OpenTown) -> None:
    async with open_town(directory_walk_seconds=3 * 86_400, directory_page_seconds=86_400) as town:
        pruning, annuaire = Pruning(town.world), town.core.annuaire()
        await page(town)
        await ranked(town, 2)
        found = await page(town, ("_count", "1"))
        await ranked(town, 3)
        seen = [one.entry for one in found.shown]
        for _ in range(3):
            town.clock.advance(timedelta(hours=20))
            await pruning.work()
            found = await annuaire.go_on(found.next)
            seen += [one.entry for one in found.shown]
        assert [box.rank for one in seen if one.idnat == IDNATS["doctor"] for box in one.mailboxes] == [2, None]
        town.clock.advance(timedelta(hours=20))
        assert (await kept(town))[0] == 2
        late = found.next
        town.clock.advance(timedelta(hours=1))
        await annuaire.go_on(late)
        town.clock.advance(timedelta(hours=2))
        await pruning.work()
        assert (await kept(town))[0] == 0
        with refused(Rule.INVALID, "too old, or was changed"):
            await annuaire.go_on(late)


async def test_a_walk_that_nothing_touched_goes_on(open_town: OpenTown) -> None:
    """What was pruned ended before it began, however long ago the directory last changed."""
    async with open_town(directory_walk_seconds=60) as town:
        await page(town)
        await ranked(town, 2)
        town.clock.advance(timedelta(days=10))
        found = await page(town, ("_count", "1"))
        await Pruning(town.world).work()
        assert (await kept(town))[0] == 0
        assert (await town.core.annuaire().go_on(found.next)).shown != ()


@pytest.mark.parametrize(
    ("settings", "days"),
    [
        ({"directory_walk_seconds": 1}, 2),
        ({"directory_walk_seconds": 2 * 86_400}, 3),
        ({"directory_publication_delay_seconds": 4 * 86_400}, 5),
        ({"directory_extraction_late_days": 9}, 11),
    ],
)
async def test_how_long_an_old_version_is_kept(open_town: OpenTown, settings: dict[str, Any], days: int) -> None:
    async with open_town(**settings) as town:
        await page(town)
        await ranked(town, 2)
        at = await Pruning(town.world).next_at()
        assert at is not None
        assert midnights(at, town.clock.now()) == days


async def test_a_late_publication_is_no_later_than_what_is_kept(open_town: OpenTown) -> None:
    """As after a start with a longer delay than that by which versions were pruned: the oldest state that is whole is shown."""
    async with open_town(directory_publication_delay_seconds=86_400) as town:
        await page(town)
        town.clock.advance(timedelta(days=2))
        await ranked(town, 2)
        town.clock.advance(timedelta(hours=1))
        now = town.clock.now()
        assert await town.world.store.write(lambda conn: directory_pruning.prune(conn, id_after(now), 0, 1_000)) == 1
        (shown,) = (await page(town, ("identifier", IDNATS["doctor"]))).shown
        assert shown.entry.mailboxes[0].rank == 2


async def test_a_skeleton_of_who_was_deleted_goes_when_no_delta_shows_it(open_town: OpenTown) -> None:
    async with open_town(directory_gone_days=3) as town:
        pruning = Pruning(town.world)
        await page(town)
        await remove_identity(town.world, IDNATS["locum"])
        await change_identity(town.world, IDNATS["doctor2"], {"enabled": False}, None, None)
        newest = (await kept(town))[1]
        for _ in range(3):
            town.clock.advance(timedelta(days=1))
            await pruning.work()
            assert len((await page(town, ("active", "false"))).shown) == 2
        assert (await kept(town)) == (0, newest)
        town.clock.advance(timedelta(days=1))
        assert len((await page(town, ("active", "false"))).shown) == 0
        await pruning.work()
        assert await kept(town) == (0, newest - 1)
        assert await pruning.next_at() is None  # who is disabled keeps the skeleton, and nothing is due again and again
        await change_identity(town.world, IDNATS["doctor2"], {"title": "Pr"}, None, None)
        assert len((await page(town, ("active", "false"))).shown) == 0
        with refused(Rule.NOT_FOUND):
            await town.core.annuaire().one(PERSON, resource_id(PERSON, 1))
