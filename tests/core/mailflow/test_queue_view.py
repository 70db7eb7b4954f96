"""What waits is told with its reason and its next try, in the queue and in the timeline; it can be tried before its time."""

import asyncio
from datetime import timedelta

from mss_sim.clock import SECOND
from mss_sim.core.mailflow.queue_view import outcome, waiting_letters
from mss_sim.core.mailflow.read_receipts import ReceiptWish
from mss_sim.core.mailflow.sent_letters import timeline
from mss_sim.errors import Rule
from mss_sim.vocabulary.mail import TimelineKind
from mss_sim.vocabulary.mailboxes import MailboxState
from tests.clients import HOSPITAL, PRACTICE
from tests.core.mailflow.carriers import LATER, NEVER, TAKEN, Carrier, Slow
from tests.core.mailflow.test_queue import CLINIC
from tests.core.towns import OpenTown, Town, refused


async def test_a_letter_that_waits_says_why_and_until_when(open_town: OpenTown) -> None:
    async with open_town(relay="smtp", transport=Carrier(LATER)) as town:
        sent = await town.send("hospital", HOSPITAL, CLINIC, "Pour la clinique")
        begun = town.clock.now()
        [one] = await waiting_letters(town.world, limit=10)
        assert (one.due.waiting.attempts, one.due.waiting.last_reply, one.due.waiting.next_at) == (0, "", begun)
        await town.core.queue.work()
        [one] = await waiting_letters(town.world, limit=10)
        assert (one.due.person.address, one.mailbox, one.subject) == (CLINIC, HOSPITAL, "Pour la clinique")
        assert one.rfc_message_id == sent.rfc_message_id
        assert (one.due.waiting.attempts, one.due.waiting.last_reply) == (1, LATER.reply)
        assert one.due.waiting.next_at == begun + 60 * SECOND
        assert sent.submission_id is not None
        [(_, events, waiting)] = (await timeline(town.world, await town.actor("hospital"), HOSPITAL, sent.submission_id)).recipients
        assert [event.kind for event in events] == [TimelineKind.SUBMITTED]
        assert waiting == one.due.waiting


async def test_the_next_to_be_tried_comes_first_and_the_page_ends(open_town: OpenTown) -> None:
    async with open_town(relay="smtp", transport=Carrier(LATER)) as town:
        for subject in ("un", "deux"):
            await town.send("hospital", HOSPITAL, CLINIC, subject)
            await town.core.queue.work()
            town.clock.advance(timedelta(seconds=10))
        assert [one.subject for one in await waiting_letters(town.world, limit=10)] == ["un", "deux"]
        assert [one.subject for one in await waiting_letters(town.world, limit=1)] == ["un"]


async def test_what_is_tried_now_leaves_or_waits_longer(open_town: OpenTown) -> None:
    carrier = Carrier(LATER)
    async with open_town(relay="smtp", transport=carrier) as town:
        await town.send("hospital", HOSPITAL, CLINIC, "un")
        await town.send("hospital", HOSPITAL, CLINIC, "deux")
        await town.core.queue.work()
        first, second = [one.due.waiting.recipient_id for one in await waiting_letters(town.world, limit=10)]
        await town.core.queue.try_now(first)
        tried = await outcome(town.world, first)
        assert tried.waiting is not None
        assert (tried.event.kind, tried.waiting.due.waiting.attempts) == (TimelineKind.SUBMITTED, 2)
        assert tried.waiting.due.waiting.next_at == town.clock.now() + 120 * SECOND
        carrier.usual = TAKEN
        await town.core.queue.try_now(first)
        left = await outcome(town.world, first)
        assert (left.event.kind, left.waiting) == (TimelineKind.RELAYED, None)
        assert [one.due.waiting.attempts for one in await waiting_letters(town.world, limit=10)] == [1], "the other was left alone"
        carrier.usual = NEVER
        await town.core.queue.try_now(second)
        assert (await outcome(town.world, second)).event.kind is TimelineKind.FAILED


async def test_what_does_not_wait_cannot_be_tried(open_town: OpenTown) -> None:
    carrier = Carrier()
    async with open_town(relay="smtp", transport=carrier) as town:
        with refused(Rule.NOT_FOUND, "GET /control/queue"):
            await town.core.queue.try_now(1)
        with refused(Rule.NOT_FOUND, "GET /control/queue"):
            await outcome(town.world, 1)
        await town.send("hospital", HOSPITAL, CLINIC)
        [one] = await waiting_letters(town.world, limit=10)
        await town.core.queue.work()
        with refused(Rule.NOT_FOUND):
            await town.core.queue.try_now(one.due.waiting.recipient_id)
        assert (await outcome(town.world, one.due.waiting.recipient_id)).waiting is None


async def test_what_is_being_tried_is_not_tried_twice(open_town: OpenTown) -> None:
    slow = Slow()
    async with open_town(relay="smtp", transport=slow) as town:
        await town.send("hospital", HOSPITAL, CLINIC)
        id_ = (await waiting_letters(town.world, limit=10))[0].due.waiting.recipient_id
        first = asyncio.create_task(town.core.queue.try_now(id_))
        await asyncio.wait_for(slow.begun.wait(), 10)
        with refused(Rule.CONFLICT, "is being tried at this moment"):
            await town.core.queue.try_now(id_)
        town.clock.advance(timedelta(hours=1))  # past the lease: this process knows that it still tries
        with refused(Rule.CONFLICT):
            await town.core.queue.try_now(id_)
        slow.go_on.set()
        await asyncio.wait_for(first, 10)
        assert (slow.tries, (await outcome(town.world, id_)).event.kind) == (1, TimelineKind.RELAYED)


async def test_a_letter_for_a_mailbox_that_takes_none_for_now_says_so(town: Town) -> None:
    await town.change(PRACTICE, state=MailboxState.SUSPENDED)
    await town.send("hospital", HOSPITAL, PRACTICE)
    [one] = await waiting_letters(town.world, limit=10)
    assert "suspended" in one.due.waiting.last_reply
    assert one.due.waiting.attempts == 1
    await town.change(PRACTICE, state=MailboxState.ACTIVE)
    await town.core.queue.try_now(one.due.waiting.recipient_id)
    assert await town.subjects(PRACTICE) == ["Bonjour"]


async def test_a_notice_of_the_server_waits_for_no_mailbox(open_town: OpenTown) -> None:
    async with open_town(relay="smtp", transport=Carrier(LATER)) as town:
        await town.bring(HOSPITAL, PRACTICE, Disposition_Notification_To=HOSPITAL)
        item = (await town.lying(PRACTICE))[0]
        await town.core.receipts.send(await town.actor("doctor"), PRACTICE, item.copy.id, ReceiptWish())
        await town.core.queue.work()
        [one] = await waiting_letters(town.world, limit=10)
        assert (one.due.person.address, one.mailbox) == (HOSPITAL, None)
