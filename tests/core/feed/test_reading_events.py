"""Events: what the rows behind positions tell, names included, and nothing of what is gone."""

from mss_sim.core.feed import wait_conditions
from mss_sim.core.feed.reading_events import EventFilter, FeedEvent, check_position, last_position, read_events
from mss_sim.core.mailbox import copies
from mss_sim.core.mailbox.copies import ById
from mss_sim.core.world.store_types import EventQuery
from mss_sim.errors import Rule
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.events import RESET
from tests.clients import DOCTOR, HOSPITAL, PRACTICE
from tests.core.towns import IDNATS, Town, refused


async def _since(town: Town, position: int) -> list[FeedEvent]:
    return (await read_events(town.world, position, 100)).events


async def test_a_letter_is_told_from_both_sides(town: Town) -> None:
    begun = await last_position(town.world)
    await town.send("hospital", HOSPITAL, PRACTICE, subject="Résultats")
    events = {event.kind: event for event in await _since(town, begun)}
    submitted, received, delivered = events["message.submitted"], events["message.received"], events["timeline.delivered"]
    assert (submitted.mailbox, submitted.actor and submitted.actor.idnat, submitted.door) == (HOSPITAL, IDNATS["hospital"], Door.REST)
    assert (received.mailbox, received.subject, received.detail) == (PRACTICE, "Résultats", {"from": HOSPITAL})
    assert delivered.id in {one.id for one in (await wait_conditions.find_events(town.world, EventQuery(100), None)).rows}
    assert (delivered.mailbox, delivered.actor, delivered.detail) == (
        HOSPITAL,
        None,
        {"recipient": PRACTICE, "failed": False, "detail": ""},
    )
    [item] = await town.lying(PRACTICE)
    assert (received.copies or {})[item.copy.mailbox_id] == item.copy.id
    assert received.message_id == item.message.rfc_message_id


async def test_a_letter_that_was_deleted_is_called_as_it_was(town: Town) -> None:
    await town.bring(HOSPITAL, PRACTICE, subject="Résultats")
    [item] = await town.lying(PRACTICE)
    begun = await last_position(town.world)
    await copies.delete(town.world, await town.actor("doctor"), ById(PRACTICE, item.copy.id))
    [event] = await _since(town, begun)
    assert (event.kind, event.subject, event.message_id) == ("message.deleted", "Résultats", item.message.rfc_message_id)
    assert not event.copies


async def test_a_change_of_holders_names_people(town: Town) -> None:
    granted = [event for event in await _since(town, 0) if event.kind == "grant.created"]
    assert granted
    assert IDNATS["secretary"] in set().union(*(event.named for event in granted))
    assert all(not event.named for event in await _since(town, 0) if event.kind.startswith("message."))


async def test_what_is_gone_is_passed_over_and_its_position_stays(town: Town) -> None:
    await town.core.reset("cabinet")
    found = await read_events(town.world, 0, 1)
    assert [event.kind for event in found.events] == [RESET]
    assert found.position == found.events[0].position
    assert await read_events(town.world, await last_position(town.world), 10) == ([], await last_position(town.world))


def test_a_filter_takes_kinds_and_a_mailbox_and_always_the_world() -> None:
    event = FeedEvent(1, "message.received", 7, 0, mailbox=DOCTOR)
    for wanted, taken in (
        (EventFilter(), True),
        (EventFilter(frozenset({"message.received"})), True),
        (EventFilter(frozenset({"message.read"})), False),
        (EventFilter(mailbox=DOCTOR), True),
        (EventFilter(mailbox=PRACTICE), False),
    ):
        assert wanted.takes(event) is taken
        assert wanted.takes(FeedEvent(1, RESET, 0, None))


async def test_a_position_that_this_world_has_not_given_is_of_another_world(town: Town) -> None:
    newest = await last_position(town.world)
    await check_position(town.world, newest, "after")
    with refused(Rule.INVALID, f"after is {newest + 1}, and the newest event of this world is {newest}: another world gave it."):
        await check_position(town.world, newest + 1, "after")
