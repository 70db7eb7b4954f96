"""What an actor hears: as long as they have rights, and no more than these let them know."""

import asyncio
from contextlib import aclosing
from datetime import timedelta

from mss_sim.clock import SECOND
from mss_sim.core.access import carer_masks, delegation, identities
from mss_sim.core.access.authentication import Actor
from mss_sim.core.access.delegation import GrantRequest
from mss_sim.core.access.practice_holders import CONTROL
from mss_sim.core.feed.hearing import Hearer
from mss_sim.core.feed.listening import Heard
from mss_sim.core.feed.reading_events import EventFilter, last_position
from mss_sim.core.mailbox.folders import create_folder
from mss_sim.core.world.store_types import GrantRow
from mss_sim.errors import Rule
from mss_sim.policy.hearing import Hearing
from mss_sim.vocabulary.mailboxes import Right
from tests.clients import DOCTOR, HOSPITAL, PATIENT, PRACTICE
from tests.core.towns import IDNATS, Town, refused

_ALL = EventFilter()


async def _heard(town: Town, who: str | Actor, after: int, mailbox: str | None = None) -> list[Heard]:
    actor = await town.actor(who) if isinstance(who, str) else who
    ears = Hearer(town.world, actor, mailbox)
    await ears.begin()
    return (await town.core.feed.page(_ALL, ears, after, 1_000)).heard


def _kinds(heard: list[Heard]) -> list[tuple[str, str | None]]:
    return [(one.event.kind, one.event.mailbox) for one in heard]


async def _granted(town: Town, who: str, *rights: Right, address: str = PRACTICE) -> GrantRow:
    return await delegation.grant(town.world, CONTROL, GrantRequest(address, IDNATS[who], frozenset(rights)))


async def test_who_has_no_right_hears_nothing_and_who_reads_hears_the_outline(town: Town) -> None:
    begun = await last_position(town.world)
    await town.send("hospital", HOSPITAL, PRACTICE, subject="Résultats")
    assert await _heard(town, "newcomer", begun) == []
    await _granted(town, "newcomer", Right.SEE, Right.READ)
    heard = await _heard(town, "newcomer", begun)
    [letter, given] = heard
    assert (letter.event.kind, letter.event.subject, letter.hearing) == ("message.received", "Résultats", Hearing.OUTLINE)
    assert letter.letter_id == (await town.lying(PRACTICE))[0].copy.id
    assert (given.event.kind, given.hearing) == ("grant.created", Hearing.WHOLE), "it names him"
    assert Hearing.OUTLINE not in {one.hearing for one in await _heard(town, "doctor", begun)}, "who holds the mailbox hears the whole"


async def test_a_sender_hears_what_becomes_of_his_letter(town: Town) -> None:
    begun = await last_position(town.world)
    await town.send("hospital", HOSPITAL, PRACTICE)
    assert _kinds(await _heard(town, "hospital", begun)) == [
        ("timeline.submitted", HOSPITAL),
        ("timeline.relayed", HOSPITAL),
        ("timeline.delivered", HOSPITAL),
        ("message.submitted", HOSPITAL),
    ]


async def test_whose_grant_ends_hears_of_that_and_of_nothing_after_it(town: Town) -> None:
    row = await _granted(town, "newcomer", Right.SEE, Right.READ)
    ears = Hearer(town.world, await town.actor("newcomer"), None)
    await ears.begin()
    heard: list[str] = []
    first = asyncio.Event()
    begun = await last_position(town.world)

    async def listen() -> None:
        async with aclosing(town.core.feed.follow(_ALL, ears, begun)) as batches:
            async for batch in batches:
                heard.extend(one.event.kind for one in batch.heard)
                if heard:
                    first.set()
                if "grant.created" in heard:
                    return

    listening = asyncio.create_task(listen())
    await town.send("hospital", HOSPITAL, PRACTICE)
    await first.wait()
    await delegation.revoke(town.world, CONTROL, PRACTICE, row.id)
    await town.send("hospital", HOSPITAL, PRACTICE)
    await _granted(town, "newcomer", Right.SEE)
    async with asyncio.timeout(20):
        await listening
    assert heard == ["message.received", "grant.revoked", "grant.created"]


async def test_a_grant_that_runs_out_ends_the_hearing_at_its_instant(town: Town) -> None:
    until = town.clock.now() + 60 * SECOND
    request = GrantRequest(PRACTICE, IDNATS["newcomer"], frozenset({Right.SEE, Right.READ}), valid_until=until)
    await delegation.grant(town.world, CONTROL, request)
    ears = Hearer(town.world, await town.actor("newcomer"), None)
    await ears.begin()
    begun = await last_position(town.world)
    await town.send("hospital", HOSPITAL, PRACTICE)
    for advanced, count in ((59, 1), (1, 0)):
        town.clock.advance(timedelta(seconds=advanced))
        assert len((await town.core.feed.page(_ALL, ears, begun, 10)).heard) == count


async def test_who_chose_a_mailbox_hears_of_that_one_alone(town: Town) -> None:
    begun = await last_position(town.world)
    for to in (DOCTOR, PRACTICE):
        await town.send("hospital", HOSPITAL, to)
    chosen = await town.actor("doctor", mailbox=DOCTOR)
    assert {mailbox for _, mailbox in _kinds(await _heard(town, chosen, begun))} == {DOCTOR}
    with refused(Rule.NOT_FOUND, "There is no mailbox"):
        await _heard(town, "newcomer", begun, PRACTICE)
    with refused(Rule.RIGHT_MISSING):
        await Hearer(town.world, chosen, PRACTICE).begin()


async def test_who_was_disabled_or_whose_token_has_run_out_hears_no_more(town: Town) -> None:
    ears = Hearer(town.world, await town.actor("doctor"), None)
    await ears.begin()
    await identities.change_identity(town.world, IDNATS["doctor"], {"enabled": False}, None, None)
    with refused(Rule.AUTHENTICATION_FAILED, "Your identity was disabled"):
        await ears.refresh()
    late = Hearer(town.world, await town.actor("hospital", until=town.clock.now() + SECOND), None)
    await late.begin()
    town.clock.advance(timedelta(seconds=1))
    with refused(Rule.AUTHENTICATION_FAILED, "The token has expired"):
        await late.refresh()


async def test_what_one_does_oneself_is_heard_whole(town: Town) -> None:
    await _granted(town, "newcomer", Right.SEE, Right.READ, Right.FILE)
    begun = await last_position(town.world)
    await create_folder(town.world, await town.actor("newcomer"), PRACTICE, "Urgent")
    [made] = await _heard(town, "newcomer", begun)
    assert (made.event.kind, made.hearing, dict(made.event.detail or {})) == ("folder.created", Hearing.WHOLE, {"name": "Urgent"})
    assert made.event.actor is not None
    assert made.event.actor.idnat == IDNATS["newcomer"]


async def test_a_carer_hears_of_the_letters_shown_to_him_and_not_of_other_visits(town: Town) -> None:
    await _granted(town, "newcomer", Right.SEE, Right.READ, address=PATIENT)
    begun = await last_position(town.world)
    await town.send("doctor", DOCTOR, PATIENT, "Pour tous")
    await carer_masks.mask_correspondent(town.world, await town.actor("patient"), PATIENT, HOSPITAL)
    await town.send("hospital", HOSPITAL, PATIENT, "Caché")
    heard = await _heard(town, "newcomer", begun)
    assert {one.event.subject for one in heard} == {"Pour tous"}
    [lies_at] = [one.letter_id for one in heard if one.event.kind == "message.received"]
    assert lies_at is not None, "where carers look"
    assert {"Pour tous", "Caché"} <= {one.event.subject for one in await _heard(town, "patient", begun)}, "the patient hears of both"


async def test_who_is_no_carer_hears_of_what_carers_are_not_told(town: Town) -> None:
    """Receipts are not for carers; whoever reads a practice's mailbox hears of them."""
    await _granted(town, "newcomer", Right.SEE, Right.READ)
    begun = await last_position(town.world)
    await town.send("doctor", PRACTICE, HOSPITAL)
    assert "timeline.delivered" in dict(_kinds(await _heard(town, "newcomer", begun)))
