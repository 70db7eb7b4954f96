"""Closing a mailbox in two steps: asked for, cancelled, done at its instant."""

from datetime import timedelta

from mss_sim.clock import DAY
from mss_sim.core.mailbox import closing
from mss_sim.core.mailbox.closing import Closings
from mss_sim.core.mailbox.mailboxes import change_mailbox
from mss_sim.errors import Rule
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.mailboxes import MailboxState
from tests.clients import DOCTOR, HOSPITAL, PRACTICE
from tests.core.towns import IDNATS, OpenTown, Town, refused


async def _state(town: Town, address: str = PRACTICE) -> MailboxState:
    return (await town.mailbox(address)).state


async def test_it_closes_at_its_instant_and_works_until_then(town: Town) -> None:
    waiting, now = Closings(town.world), town.clock.now()
    asked = await closing.ask(town.world, await town.actor("doctor"), PRACTICE)
    assert (asked.asked_at, asked.closes_at) == (now, now + 30 * DAY)
    assert await closing.get(town.world, await town.actor("secretary"), PRACTICE) == asked
    town.clock.advance(timedelta(days=30) - timedelta(microseconds=1))
    assert await waiting.work() == []
    await town.send("doctor2", "hugo.bernard@medecin.sim.mssante.fr", PRACTICE)
    town.clock.advance(timedelta(microseconds=1))
    assert await waiting.next_at() == now + 30 * DAY
    (fired,) = await waiting.work()
    assert (fired.at, fired.kind.value, fired.mailbox, fired.who) == (now + 30 * DAY, "mailbox.closed", PRACTICE, IDNATS["doctor"])
    assert (await _state(town), await waiting.next_at(), await waiting.work()) == (MailboxState.CLOSED, None, [])
    with refused(Rule.MAILBOX_CLOSED):
        await town.send("doctor2", "hugo.bernard@medecin.sim.mssante.fr", PRACTICE)
    assert (await town.acts(PRACTICE))[-3:] == ["mailbox.closing_asked", "message.received", "mailbox.closed"]


async def test_who_cancels_has_it_as_it_was(town: Town) -> None:
    waiting = Closings(town.world)
    await closing.ask(town.world, await town.actor("doctor"), PRACTICE)
    await closing.cancel(town.world, await town.actor("doctor"), PRACTICE)
    town.clock.advance(timedelta(days=31))
    assert (await waiting.next_at(), await waiting.work(), await _state(town)) == (None, [], MailboxState.ACTIVE)
    assert await closing.get(town.world, None, PRACTICE) is None
    assert (await town.acts(PRACTICE))[-2:] == ["mailbox.closing_asked", "mailbox.closing_cancelled"]


async def test_by_a_setting_it_is_suspended_meanwhile(open_town: OpenTown) -> None:
    async with open_town(closing_accepts_mail=False, closing_grace_days=2) as town:
        await closing.ask(town.world, None, PRACTICE)
        assert await _state(town) is MailboxState.SUSPENDED
        await closing.cancel(town.world, None, PRACTICE)
        assert await _state(town) is MailboxState.ACTIVE
        await closing.ask(town.world, None, PRACTICE)
        town.clock.advance(timedelta(days=2))
        assert len(await Closings(town.world).work()) == 1
        assert await _state(town) is MailboxState.CLOSED


async def test_without_a_grace_it_closes_at_once(open_town: OpenTown) -> None:
    async with open_town(closing_grace_days=0) as town:
        await closing.ask(town.world, await town.actor("doctor"), DOCTOR)
        assert await _state(town, DOCTOR) is MailboxState.CLOSED
        assert await Closings(town.world).next_at() is None


async def test_what_makes_no_sense_is_refused(town: Town) -> None:
    doctor = await town.actor("doctor")
    with refused(Rule.CONFLICT, "nothing to cancel"):
        await closing.cancel(town.world, doctor, PRACTICE)
    await closing.ask(town.world, doctor, PRACTICE)
    with refused(Rule.CONFLICT, "2026-02-04T08:00:00Z"):
        await closing.ask(town.world, None, PRACTICE)
    town.clock.advance(timedelta(days=30))
    await Closings(town.world).work()
    with refused(Rule.MAILBOX_CLOSED, "closed already"):
        await closing.ask(town.world, doctor, PRACTICE)
    with refused(Rule.MAILBOX_CLOSED, "closed already"):
        await closing.cancel(town.world, None, PRACTICE)
    with refused(Rule.NOT_FOUND):
        await closing.ask(town.world, None, "personne@cabinet.sim.mssante.fr")
    with refused(Rule.NOT_FOUND):
        await closing.ask(town.world, await town.actor("hospital"), PRACTICE)


async def test_only_the_owner_or_the_responsible_decides(town: Town) -> None:
    for who in ("secretary", "doctor2"):
        with refused(Rule.GRANT_NOT_ALLOWED, "Only the owner or the responsible"):
            await closing.ask(town.world, await town.actor(who), PRACTICE)
    await closing.ask(town.world, await town.actor("hospital"), HOSPITAL)
    with refused(Rule.NOT_FOUND):
        await closing.cancel(town.world, await town.actor("doctor"), HOSPITAL)


async def test_closed_by_hand_meanwhile_it_is_not_closed_again(town: Town) -> None:
    await closing.ask(town.world, None, PRACTICE)
    await change_mailbox(town.world, PRACTICE, {"state": "closed"}, actor_id=None, door=Door.CONTROL)
    town.clock.advance(timedelta(days=30))
    assert await Closings(town.world).work() == []
    await change_mailbox(town.world, PRACTICE, {"state": "active"}, actor_id=None, door=Door.CONTROL)
    assert (await Closings(town.world).next_at(), await _state(town)) == (None, MailboxState.ACTIVE)
