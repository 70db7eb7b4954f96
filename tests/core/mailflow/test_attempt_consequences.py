"""What follows from a try: each row of the table."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from mss_sim.clock import SECOND
from mss_sim.core.mailflow.letter import Accepted, Addressee
from mss_sim.core.mailflow.outbound_interface import RecipientReply
from mss_sim.mail import dsn
from mss_sim.mail.parse import parse
from mss_sim.models.tables import queue
from mss_sim.store.queue import Waiting
from mss_sim.vocabulary.mail import DsnAction, Notify
from mss_sim.vocabulary.mailboxes import MailboxState
from mss_sim.words.sentence import quoted
from tests.clients import HOSPITAL, PRACTICE, WARD
from tests.core.mailflow.carriers import LATER, NEVER, Carrier
from tests.core.towns import OpenTown, Town

CLINIC = "contact@clinique-pins.sim.mssante.fr"
_ALL = frozenset({Notify.SUCCESS, Notify.FAILURE, Notify.DELAY})


async def _waiting(town: Town) -> list[Waiting]:
    return await town.world.store.read(lambda conn: [Waiting(*row) for row in conn.execute(select(*queue.c))])


async def _send(town: Town, to: str = PRACTICE, notify: frozenset[Notify] = _ALL) -> Accepted:
    return await town.send("hospital", HOSPITAL, "", addressees=(Addressee(to, notify, "rfc822;o"),))


async def _told(town: Town) -> list[DsnAction]:
    """What the sender was notified of, oldest first."""
    found = []
    for item in reversed(await town.lying(HOSPITAL)):
        raw = await town.raw(item)
        report = dsn.parse(raw, parse(raw).root)
        assert report is not None
        found += [one.action for one in report.recipients]
    return found


async def _try(town: Town, wait: timedelta = timedelta(0)) -> None:
    town.clock.advance(wait)
    assert await town.core.queue.work() == 1


@pytest.mark.parametrize(
    ("to", "dsn_taken", "kinds", "told"),
    [
        (PRACTICE, True, ["submitted", "relayed", "delivered"], []),
        (PRACTICE, False, ["submitted", "relayed", "delivered"], [DsnAction.RELAYED]),
        (CLINIC, True, ["submitted", "relayed"], []),
        (CLINIC, False, ["submitted", "relayed"], [DsnAction.RELAYED]),
    ],
    ids=["of ours", "of ours, without DSN", "outside", "outside, without DSN"],
)
async def test_what_another_server_took_leaves_the_queue(
    open_town: OpenTown, to: str, dsn_taken: bool, kinds: list[str], told: list[DsnAction]
) -> None:
    async with open_town(relay="smtp", transport=Carrier(dsn=dsn_taken)) as town:
        sent = await _send(town, to)
        await _try(town)
        assert (await town.kinds(sent), await _told(town), await _waiting(town)) == (kinds, told, [])


async def test_our_own_mailbox_that_takes_it_in_the_end_is_told_as_delivered(town: Town) -> None:
    await town.change(PRACTICE, state=MailboxState.SUSPENDED)
    sent = await _send(town)
    await town.change(PRACTICE, state=MailboxState.ACTIVE)
    await _try(town, timedelta(minutes=1))
    assert await town.kinds(sent) == ["submitted", "relayed", "delivered"]
    assert (await _told(town), len(await town.lying(PRACTICE)), await _waiting(town)) == ([DsnAction.DELIVERED], 1, [])


async def test_what_is_refused_for_good_comes_back_in_the_other_servers_words(open_town: OpenTown) -> None:
    async with open_town(relay="smtp", transport=Carrier(NEVER)) as town:
        sent = await _send(town, CLINIC)
        await _try(town)
        assert (await town.kinds(sent), await _waiting(town)) == (["submitted", "failed"], [])
        (item,) = await town.lying(HOSPITAL)
        raw = await town.raw(item)
        for line in (b"Action: failed", b"Status: 5.1.1", b"Diagnostic-Code: smtp; 550 5.1.1 nobody here", b"Remote-MTA: dns; mx.example"):
            assert line in raw
        assert b"Original-Recipient: rfc822;o" in raw


async def test_what_is_refused_for_now_waits_twice_as_long_each_time_and_not_over_the_limit(open_town: OpenTown) -> None:
    async with open_town(relay="smtp", transport=Carrier(LATER), queue_retry_seconds=60, queue_retry_seconds_max=300) as town:
        sent = await _send(town, CLINIC)
        waits = []
        for wait in (0, 60, 120, 240, 300):
            await _try(town, timedelta(seconds=wait))
            (row,) = await _waiting(town)
            waits.append((row.attempts, (row.next_at - town.clock.now()) // SECOND))
            assert (row.last_reply, row.leased_until, row.delayed_told) == (LATER.reply, None, False)
        assert waits == [(1, 60), (2, 120), (3, 240), (4, 300), (5, 300)]
        assert (await town.kinds(sent), await _told(town)) == (["submitted"], [])


async def test_a_delay_is_told_once_at_its_instant_and_says_until_when(open_town: OpenTown) -> None:
    settings = {
        "queue_retry_seconds": 600,
        "queue_retry_seconds_max": 600,
        "queue_delayed_after_seconds": 1_000,
        "queue_expires_after_seconds": 3_000,
    }
    async with open_town(relay="smtp", transport=Carrier(LATER), **settings) as town:
        begun = town.clock.now()
        sent = await _send(town, CLINIC)
        await _try(town)
        await _try(town, timedelta(seconds=600))
        (row,) = await _waiting(town)
        assert (row.next_at - begun) // SECOND == 1_000, "the wait does not jump over the moment"
        town.clock.advance(timedelta(seconds=400) - timedelta(microseconds=1))
        assert await town.core.queue.work() == 0
        await _try(town, timedelta(microseconds=1))
        assert (await town.kinds(sent), await _told(town)) == (["submitted", "delayed"], [DsnAction.DELAYED])
        raw = await town.raw((await town.lying(HOSPITAL))[0])
        assert b"Will-Retry-Until: Mon, 05 Jan 2026 08:50:00 +0000" in raw
        while await _waiting(town):
            (row,) = await _waiting(town)
            await _try(town, timedelta(microseconds=row.next_at - town.clock.now()))
        assert (town.clock.now() - begun) // SECOND == 3_000
        assert (await town.kinds(sent), await _told(town)) == (["submitted", "delayed", "failed"], [DsnAction.DELAYED, DsnAction.FAILED])
        raw = await town.raw((await town.lying(HOSPITAL))[0])
        assert b"4.4.7" in raw
        assert b"Remote-MTA: dns; mx.example" in raw
        assert LATER.reply.encode() in raw.replace(b"\r\n ", b" ")


@pytest.mark.parametrize(("notify", "told"), [(frozenset({Notify.NEVER}), []), (frozenset[Notify](), [DsnAction.FAILED])])
async def test_who_did_not_want_to_hear_reads_it_on_the_timeline(
    open_town: OpenTown, notify: frozenset[Notify], told: list[DsnAction]
) -> None:
    async with open_town(relay="smtp", transport=Carrier(NEVER)) as town:
        sent = await _send(town, CLINIC, notify)
        await _try(town)
        assert ((await town.kinds(sent))[-1], await _told(town)) == ("failed", told)


async def test_each_recipient_of_a_letter_fares_as_his_own_answer_says(open_town: OpenTown) -> None:
    other = "autre@clinique-pins.sim.mssante.fr"
    async with open_town(relay="smtp", transport=Carrier(answers={other: NEVER, PRACTICE: LATER})) as town:
        sent = await town.send("hospital", HOSPITAL, [CLINIC, other, PRACTICE, WARD])
        assert await town.core.queue.work() == 3
        last = {address: events[-1].kind.value for address, events in (await town.events(sent)).items()}
        assert last == {CLINIC: "relayed", other: "failed", PRACTICE: "submitted", WARD: "delivered"}
        assert len(await _waiting(town)) == 1


async def test_an_answer_of_another_kind_is_final(open_town: OpenTown) -> None:
    async with open_town(relay="smtp", transport=Carrier(RecipientReply("5.7.1", quoted("550 5.7.1 no")))) as town:
        sent = await _send(town, CLINIC)
        await _try(town)
        assert await _waiting(town) == []
        assert (await town.events(sent))[CLINIC][-1].detail == "550 5.7.1 no"
