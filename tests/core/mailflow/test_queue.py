"""The queue with transports that misbehave: each try counts, none is made twice at once, a slow server is waited for."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from email.policy import SMTP as SMTP_POLICY
from typing import Any

import pytest
from aiosmtplib import SMTP
from sqlalchemy import Connection, func, select, update
from structlog.testing import capture_logs

from mss_sim.app.simulator import Simulator
from mss_sim.clock import DAY, SECOND, ManualClock
from mss_sim.core.mailbox import mailboxes
from mss_sim.core.mailflow.delivery import Delivery
from mss_sim.core.mailflow.letter import Addressee, Envelope, Letter
from mss_sim.core.mailflow.outbound_interface import RecipientReply, RelayJob, RelayResult
from mss_sim.core.mailflow.queue import Queue
from mss_sim.core.mailflow.read_receipts import ReceiptWish
from mss_sim.core.mailflow.submission import SubmissionRequest
from mss_sim.errors import Refusal, Rule
from mss_sim.faults.actions import Delay
from mss_sim.faults.rules import Match
from mss_sim.models.tables import queue as queue_rows
from mss_sim.smtp.outbound import _hand_over
from mss_sim.store import conversations
from mss_sim.store import queue as store_queue
from mss_sim.store.store import Store
from mss_sim.vocabulary.faults import Point
from mss_sim.vocabulary.mail import Notify
from mss_sim.vocabulary.mailboxes import MailboxState
from mss_sim.words.sentence import quoted
from tests.clients import DOCTOR, HOSPITAL, LABORATORY, PATIENT, PRACTICE, Person, letter
from tests.conftest import StartSimulator
from tests.core.mailflow.carriers import LATER, TAKEN, Carrier, Slow
from tests.core.towns import OpenTown, Town, refused

CLINIC = "contact@clinique-pins.sim.mssante.fr"


class Broken:
    """A transport with a defect."""

    tries = 0

    async def carry(self, job: RelayJob) -> RelayResult:
        """Raises, which no transport should."""
        self.tries += 1
        raise RuntimeError(f"a defect with {job.receiver.name}")


class Silent:
    """The clinic's server says nothing until it may; all others take what comes."""

    def __init__(self) -> None:
        self.tries: Counter[str] = Counter()
        self.at_once = self.most_at_once = 0
        self.limits: list[float] = []
        self.may_speak = asyncio.Event()

    async def carry(self, job: RelayJob) -> RelayResult:
        """Take the letter, sooner or later."""
        self.tries[job.receiver.name] += 1
        self.limits.append(job.limit_seconds)
        if job.envelope.recipients[0].address == CLINIC:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            try:
                await self.may_speak.wait()
            finally:
                self.at_once -= 1
        return RelayResult({one.address: TAKEN for one in job.envelope.recipients}, dsn=True)


@pytest.fixture
async def world(start: StartSimulator, clock: ManualClock, database: str | None) -> AsyncIterator[Simulator]:
    async with start(clock=clock, relay="smtp", database_url=database) as running:
        yield running


async def _kinds(world: Simulator) -> list[str]:
    newest = (await Person(world, "hospital").get(f"/mailboxes/{HOSPITAL}/sent"))["items"][0]
    return [event["kind"] for event in newest["recipients"][0]["events"]]


async def _until(world: Simulator, clock: ManualClock, kind: str, step: timedelta) -> None:
    for _ in range(200):
        if (await _kinds(world))[-1] == kind:
            return
        clock.advance(step)
        await asyncio.sleep(0.02)
    raise AssertionError(await _kinds(world))


async def test_a_try_that_raises_counts_and_the_letter_grows_old(world: Simulator, clock: ManualClock) -> None:
    broken = Broken()
    world.core.queue.transport = broken
    assert (await Person(world, "hospital").send(HOSPITAL, to=[PRACTICE])).status_code == 201
    await _until(world, clock, "delayed", timedelta(minutes=20))
    assert broken.tries > 1
    await _until(world, clock, "failed", timedelta(hours=6))
    assert await _kinds(world) == ["submitted", "delayed", "failed"]


async def test_a_clock_that_jumps_does_not_make_a_second_try_beside_the_first(world: Simulator, clock: ManualClock) -> None:
    slow = Slow()
    world.core.queue.transport = slow
    assert (await Person(world, "hospital").send(HOSPITAL, to=[PRACTICE])).status_code == 201
    await asyncio.wait_for(slow.begun.wait(), 10)
    clock.advance(timedelta(hours=1))  # past the lease
    await asyncio.sleep(0.3)
    slow.go_on.set()
    await _until(world, clock, "delivered", timedelta(0))
    assert slow.tries == 1


@asynccontextmanager
async def _server(pause_seconds: float) -> AsyncIterator[int]:
    """A mail server that thinks for a while after the final dot."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 x\r\n")
        while line := await reader.readline():
            if line.startswith(b"DATA"):
                writer.write(b"354 go\r\n")
                await reader.readuntil(b"\r\n.\r\n")
                await asyncio.sleep(pause_seconds)
            writer.write(b"250 ok\r\n")
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        gone.set()

    gone = asyncio.Event()
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    await asyncio.wait_for(gone.wait(), 10)
    server.close()
    await server.wait_closed()


async def test_a_server_that_thinks_after_the_dot_is_waited_for_longer_than_a_connection() -> None:
    async with _server(1.0) as port:
        client = SMTP(hostname="127.0.0.1", port=port, start_tls=False, timeout=0.3)
        await client.connect()
        await client.ehlo()
        carried = await _hand_over(client, Envelope(HOSPITAL, (Addressee(PRACTICE),)), b"Subject: x\r\n\r\nx\r\n")
        client.close()
    assert carried.answers[PRACTICE] == RecipientReply("2.0.0", quoted("250 ok"), "127.0.0.1")


async def test_a_letter_that_comes_as_the_simulator_stops_does_not_keep_it_up(simulator: Simulator) -> None:
    """Woken and cancelled in one turn of the loop, the queue went on for ever, and the simulator never stopped."""
    woken = asyncio.Event()
    queue = Queue(simulator.world, Delivery(simulator.world, woken.set), woken, None, lambda: None)
    for _ in range(3):
        running = asyncio.create_task(queue.run())
        await asyncio.sleep(0.2)  # it waits for something to do by now
        woken.set()
        running.cancel()
        _, pending = await asyncio.wait([running], timeout=2)
        assert not pending, "it did not hear that it was cancelled"
        assert running.cancelled()


# Without a door


async def test_recipients_at_one_operator_are_carried_together_and_each_operator_apart(open_town: OpenTown) -> None:
    carrier = Carrier()
    async with open_town(relay="smtp", transport=carrier) as town:
        await town.send("hospital", HOSPITAL, [PRACTICE, CLINIC, DOCTOR, LABORATORY])
        assert await town.core.queue.work() == 4
        assert sorted((job.receiver.name, len(job.envelope.recipients)) for job in carrier.jobs) == [
            ("Clinique des Pins", 1),
            ("Laboratoire du Parc", 1),
            ("Messagerie libérale", 2),
        ]
        assert {job.sender.name for job in carrier.jobs} == {"Hôpital des Ormes"}
        assert all(0.95 * 600 < job.limit_seconds <= 0.95 * 660 for job in carrier.jobs)
        raw = carrier.jobs[0].raw
        assert raw.startswith(b"Received: ")


async def test_the_other_server_gets_a_long_letter_whole_with_all_that_its_sender_wants_to_hear(open_town: OpenTown) -> None:
    carrier = Carrier()
    async with open_town(relay="smtp", transport=carrier) as town:
        wanted = Addressee(PRACTICE, frozenset({Notify.SUCCESS, Notify.FAILURE}), f"rfc822;{PRACTICE.title()}")
        envelope = Envelope(HOSPITAL, (wanted,), "A1", return_full=True)
        raw = letter(HOSPITAL, PRACTICE, text="Bonjour.\r\n" * 30_000).as_bytes(policy=SMTP_POLICY)
        await town.core.submission.submit(await town.actor("hospital"), SubmissionRequest(envelope, raw, "ESMTPSA", "test"))
        await town.core.queue.work()
        (job,) = carrier.jobs
        assert job.envelope == envelope
        assert job.raw.partition(b"\r\nFrom: ")[2] == raw.partition(b"From: ")[2]


async def test_without_a_transport_nothing_leaves_and_the_sender_is_told(open_town: OpenTown) -> None:
    async with open_town(relay="smtp") as town:
        sent = await town.send("hospital", HOSPITAL, PRACTICE)
        await town.core.queue.work()
        assert (await town.events(sent))[PRACTICE][-1].detail == "554 5.3.0 The message is gone."


async def test_a_try_that_is_leased_is_made_by_nobody_else_until_the_lease_runs_out(open_town: OpenTown) -> None:
    async with open_town(relay="smtp", transport=Carrier(), queue_lease_seconds=60) as town:
        await town.send("hospital", HOSPITAL, PRACTICE)
        now = town.clock.now()
        leased = await town.world.store.write(lambda conn: store_queue.lease(conn, now, now + DAY, now + 60 * SECOND, 10))
        assert len(leased) == 1
        assert await town.core.queue.work() == 0
        town.clock.advance(timedelta(seconds=60))
        assert await town.core.queue.work() == 1


async def test_one_that_a_dead_process_leased_is_tried_by_hand_once_its_lease_has_run_out(open_town: OpenTown) -> None:
    carrier = Carrier()
    async with open_town(relay="smtp", transport=carrier, queue_lease_seconds=60) as town:
        await town.send("hospital", HOSPITAL, PRACTICE)
        now = town.clock.now()
        (leased,) = await town.world.store.write(lambda conn: store_queue.lease(conn, now, now + DAY, now + 60 * SECOND, 10))
        with refused(Rule.CONFLICT, "This recipient is being tried at this moment"):
            await town.core.queue.try_now(leased.person.id)
        town.clock.advance(timedelta(seconds=60))
        await town.core.queue.try_now(leased.person.id)
        assert len(carrier.jobs) == 1


@pytest.mark.parametrize(("ahead_seconds", "tries"), [(2 * 3_600, 0), (2 * 3_600 + 1, 1)])
async def test_what_waits_far_beyond_any_wait_was_put_there_by_a_clock_that_was_set_back(
    open_town: OpenTown, ahead_seconds: int, tries: int
) -> None:
    async with open_town(relay="smtp", transport=Carrier(LATER)) as town:
        await town.send("hospital", HOSPITAL, PRACTICE)
        await town.core.queue.work()
        at = town.clock.now() + ahead_seconds * SECOND
        await town.world.store.write(lambda conn: conn.execute(update(queue_rows).values(next_at=at)))
        assert await town.core.queue.work() == tries


async def test_a_letter_that_cannot_be_tried_does_not_hold_up_the_others(open_town: OpenTown) -> None:
    broken = Broken()
    async with open_town(transport=broken) as town:
        await town.change(PRACTICE, state=MailboxState.SUSPENDED)
        lost, other = await town.send("hospital", HOSPITAL, CLINIC), await town.send("hospital", HOSPITAL, PRACTICE)
        await town.change(PRACTICE, state=MailboxState.ACTIVE)
        town.clock.advance(timedelta(minutes=1))
        assert await town.core.queue.work() == 2
        assert (await town.kinds(lost), (await town.kinds(other))[-1]) == (["submitted"], "delivered")
        for _ in range(20):
            town.clock.advance(timedelta(hours=6))
            await town.core.queue.work()
        assert await town.kinds(lost) == ["submitted", "delayed", "failed"]
        assert broken.tries > 2


async def test_of_a_letter_that_fails_midway_those_who_were_tried_before_are_not_counted_again(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    for address in (PRACTICE, DOCTOR):
        await town.change(address, state=MailboxState.SUSPENDED)
    await town.send("hospital", HOSPITAL, [PRACTICE, DOCTOR])
    deliver, asked = Delivery.deliver_stored, list[str]()

    def failing(delivery: Delivery, conn: Connection, one: Letter) -> Refusal | None:
        asked.append(one.envelope.recipients[0].address)
        if len(asked) == 2:
            raise OSError("the disk is full")
        return deliver(delivery, conn, one)

    monkeypatch.setattr(Delivery, "deliver_stored", failing)
    town.clock.advance(timedelta(minutes=1))
    await town.core.queue.work()
    waiting = await town.world.store.read(store_queue.page, 10)
    assert {one.person.address: (one.waiting.attempts, one.waiting.last_reply[:9]) for one in waiting} == {
        asked[0]: (2, "450 4.2.1"),
        asked[1]: (2, "450 4.3.0"),
    }


async def test_a_fault_says_how_long_a_letter_waits_that_had_waited_before(town: Town) -> None:
    await town.change(PRACTICE, state=MailboxState.SUSPENDED)
    await town.send("hospital", HOSPITAL, PRACTICE)
    await town.change(PRACTICE, state=MailboxState.ACTIVE)
    town.world.faults.add(Point.DELIVERY, Delay(300), Match(recipient=PRACTICE))
    for seconds, tries in ((60, 1), (299, 0), (1, 1)):
        town.clock.advance(timedelta(seconds=seconds))
        assert await town.core.queue.work() == tries
    assert len(await town.lying(PRACTICE)) == 1


async def test_a_letter_that_waited_is_still_of_the_mailbox_that_wrote_it_whatever_its_return_path(town: Town) -> None:
    patient, practice = await town.mailbox(PATIENT), await town.mailbox(PRACTICE)
    await town.change(PATIENT, state=MailboxState.SUSPENDED)
    await town.send("doctor", DOCTOR, PATIENT, path=PRACTICE)
    await town.change(PATIENT, state=MailboxState.ACTIVE)
    town.clock.advance(timedelta(minutes=1))
    await town.core.queue.work()
    assert len(await town.lying(PATIENT)) == 1
    assert await town.world.store.read(conversations.rights_between, patient.id, practice.id) == []


async def test_what_a_stopping_queue_had_begun_is_given_back(open_town: OpenTown) -> None:
    slow = Slow()
    async with open_town(relay="smtp", transport=slow) as town:
        await town.send("hospital", HOSPITAL, PRACTICE)
        running = asyncio.create_task(town.core.queue.run())
        await asyncio.wait_for(slow.begun.wait(), 10)
        running.cancel()
        await town.core.queue.stop(0.05)
        slow.go_on.set()
        assert await town.core.queue.work() == 1
        assert slow.tries == 2


async def test_who_waits_for_a_letter_that_is_given_up_goes_on(open_town: OpenTown) -> None:
    slow = Slow()
    async with open_town(relay="smtp", transport=slow) as town:
        await town.send("hospital", HOSPITAL, PRACTICE)
        async with _at_work(town):
            await asyncio.wait_for(slow.begun.wait(), 10)
            waiting = asyncio.create_task(town.core.queue.work())
            await asyncio.sleep(0)  # it leases before the queue is suspended
            async with town.core.queue.suspended():
                await asyncio.wait([waiting])
            assert not waiting.cancelled()
            assert waiting.result() == 1
            slow.go_on.set()


async def test_tries_that_a_moved_clock_makes_are_under_way_and_can_be_given_up(open_town: OpenTown) -> None:
    """The queue itself does not run meanwhile: who moves the clock makes the tries."""
    slow = Slow()
    async with open_town(relay="smtp", transport=slow) as town:
        await town.send("hospital", HOSPITAL, PRACTICE)
        queue = town.core.queue
        moving = asyncio.create_task(queue.work())
        await asyncio.wait_for(slow.begun.wait(), 10)
        assert (queue.busy, queue.awaited) == (True, True)
        async with queue.suspended():
            assert await asyncio.wait_for(moving, 10) == 1
            assert not queue.busy
        slow.go_on.set()
        assert await queue.work() == 1
        assert slow.tries == 2


async def test_what_another_process_is_trying_is_told_from_what_this_one_does(open_town: OpenTown, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Slow()
    async with open_town(relay="smtp", transport=slow) as town:
        queue, now = town.core.queue, town.clock.now()
        await town.send("hospital", HOSPITAL, PRACTICE)
        (theirs,) = await town.world.store.write(lambda conn: store_queue.lease(conn, now, now + DAY, now + 60 * SECOND, 10))
        await town.send("hospital", HOSPITAL, DOCTOR)
        assert await queue._begin()  # noqa: SLF001 - as `run` does, which would take over all
        await asyncio.wait_for(slow.begun.wait(), 10)
        assert await queue.elsewhere() == [], "nobody else is on this store"
        monkeypatch.setattr(Store, "exclusive", False)
        assert await queue.elsewhere() == [theirs]
        slow.go_on.set()
        await queue.stop(5)


async def test_who_runs_alone_takes_over_what_a_dead_one_had_begun(open_town: OpenTown) -> None:
    carrier = Carrier()
    async with open_town(relay="smtp", transport=carrier) as town:
        sent = await town.send("hospital", HOSPITAL, PRACTICE)
        now = town.clock.now()
        await town.world.store.write(lambda conn: store_queue.lease(conn, now, now + DAY, now + 600 * SECOND, 10))
        running = asyncio.create_task(town.core.queue.run())
        for _ in range(1_000):
            if carrier.jobs:
                break
            await asyncio.sleep(0.01)
        running.cancel()
        await town.core.queue.stop(5)
        assert (await town.kinds(sent))[-1] == "delivered"


async def test_a_receipt_waits_for_a_mailbox_that_takes_no_mail_for_now(town: Town) -> None:
    await town.send("hospital", HOSPITAL, PRACTICE, Disposition_Notification_To=HOSPITAL)
    await town.change(HOSPITAL, state=MailboxState.SUSPENDED)
    item = (await town.lying(PRACTICE))[0]
    await town.core.receipts.send(await town.actor("doctor"), PRACTICE, item.copy.id, ReceiptWish())
    assert await town.lying(HOSPITAL) == []
    await town.change(HOSPITAL, state=MailboxState.ACTIVE)
    town.clock.advance(timedelta(minutes=1))
    assert await town.core.queue.work() == 1
    assert len(await town.lying(HOSPITAL)) == 1


@pytest.mark.parametrize("answer", ["250 2.0.0 taken", "451 4.2.0 later", "550 5.1.1 unknown"])
async def test_a_letter_that_was_removed_while_it_was_carried_is_forgotten(open_town: OpenTown, answer: str) -> None:
    """Its mailbox was deleted with all that is in it: the answer of the other server concerns nobody."""
    slow = Slow(answer)
    async with open_town(relay="smtp", transport=slow) as town:
        await town.send("hospital", HOSPITAL, PRACTICE)
        with capture_logs() as told:
            carried = asyncio.create_task(town.core.queue.work())
            await slow.begun.wait()
            await mailboxes.remove_mailbox(town.world, HOSPITAL)
            slow.go_on.set()
            assert await carried == 1
        assert [one for one in told if one["log_level"] == "error"] == []
        assert await town.core.queue.work() == 0


# An operator whose server is silent


async def _until_tried(silent: Silent, name: str, tries: int) -> None:
    """Wait until that many letters to one operator were tried."""
    for _ in range(2_000):
        if silent.tries[name] >= tries:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(silent.tries)


@asynccontextmanager
async def _at_work(town: Town) -> AsyncIterator[None]:
    """The queue works for the length of a block, then ends what it has begun."""
    running = asyncio.create_task(town.core.queue.run())
    try:
        yield
    finally:
        running.cancel()
        await town.core.queue.stop(5)


@pytest.mark.parametrize("most", [16, 3])
async def test_letters_to_others_go_past_those_to_a_silent_operator(open_town: OpenTown, most: int) -> None:
    silent = Silent()
    async with open_town(relay="smtp", transport=silent, queue_tries_per_operator_max=most) as town:
        waiting = [await town.send("hospital", HOSPITAL, CLINIC) for _ in range(200)]
        async with _at_work(town):
            await _until_tried(silent, "Clinique des Pins", most)
            for address, name in ((PRACTICE, "Messagerie libérale"), (LABORATORY, "Laboratoire du Parc")):
                await town.send("hospital", HOSPITAL, address)
                await _until_tried(silent, name, 1)
            assert silent.tries["Clinique des Pins"] == most
            leased = select(func.count()).select_from(queue_rows).where(queue_rows.c.leased_until.is_not(None))
            assert await town.world.store.read(lambda conn: conn.execute(leased).scalar_one()) < 150, "what cannot be tried soon stays free"
            silent.may_speak.set()
            await _until_tried(silent, "Clinique des Pins", 200)
        assert silent.most_at_once == most
        assert silent.tries["Clinique des Pins"] == 200, "each is tried once"
        assert {(await town.kinds(one))[-1] for one in waiting} == {"relayed"}


async def test_where_more_are_tried_than_there_is_room_for_no_other_is_begun(open_town: OpenTown, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody may have letters tried by hand at any time."""
    monkeypatch.setattr("mss_sim.core.mailflow.queue._UNDER_WAY_MAX", 1)
    silent = Silent()
    async with open_town(relay="smtp", transport=silent) as town:
        queue = town.core.queue
        for _ in range(3):
            await town.send("hospital", HOSPITAL, CLINIC)
        assert await queue._begin()  # noqa: SLF001 - as `run` does
        free = next(one for one in await town.world.store.read(store_queue.page, 3) if one.waiting.leased_until is None)
        by_hand = asyncio.create_task(queue.try_now(free.person.id))
        await _until_tried(silent, "Clinique des Pins", 2)
        assert not await queue._begin()  # noqa: SLF001
        silent.may_speak.set()
        assert await queue.work() == 3
        await by_hand
        assert silent.most_at_once == 2


async def test_what_is_held_for_a_silent_operator_is_given_back_when_the_queue_stops(open_town: OpenTown) -> None:
    silent = Silent()
    async with open_town(relay="smtp", transport=silent, queue_tries_per_operator_max=2) as town:
        for _ in range(5):
            await town.send("hospital", HOSPITAL, CLINIC)
        running = asyncio.create_task(town.core.queue.run())
        await _until_tried(silent, "Clinique des Pins", 2)
        running.cancel()
        await town.core.queue.stop(0.05)
        assert silent.tries["Clinique des Pins"] == 2, "nothing is begun by a queue that stops"
        silent.may_speak.set()
        assert await town.core.queue.work() == 5


async def test_what_was_held_for_half_of_its_lease_is_given_back_before_it_is_tried(open_town: OpenTown) -> None:
    """By the time its turn comes, another process could take it in the middle of the try."""
    silent = Silent()
    async with open_town(relay="smtp", transport=silent, queue_tries_per_operator_max=1, queue_lease_seconds=1) as town:
        for _ in range(3):
            await town.send("hospital", HOSPITAL, CLINIC)
        async with _at_work(town):
            await _until_tried(silent, "Clinique des Pins", 1)
            await asyncio.sleep(0.6)
            silent.may_speak.set()
            await _until_tried(silent, "Clinique des Pins", 3)
        assert silent.tries["Clinique des Pins"] == 3
        assert min(silent.limits) > 0.9 / 2


async def test_whoever_waits_for_all_attempts_waits_for_those_held_too(open_town: OpenTown, monkeypatch: pytest.MonkeyPatch) -> None:
    silent = Silent()
    async with open_town(relay="smtp", transport=silent, queue_tries_per_operator_max=1) as town:
        for _ in range(4):
            await town.send("hospital", HOSPITAL, CLINIC)
        async with _at_work(town):
            await _until_tried(silent, "Clinique des Pins", 1)
            queue, lease, ours = town.core.queue, town.core.queue._lease, list[int]()  # noqa: SLF001 - what is looked at while it leases

            async def leasing(most: int) -> Any:
                ours.append(len(queue._mine()))  # noqa: SLF001
                return await lease(most)

            monkeypatch.setattr(queue, "_lease", leasing)
            silent.may_speak.set()
            await queue.work()
            assert (silent.tries["Clinique des Pins"], silent.at_once) == (4, 0)
            assert ours[0] == 4, "those that were held are this process's all the while"


# What the log tells


async def test_what_goes_wrong_is_told_and_the_queue_goes_on(open_town: OpenTown, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_town(relay="smtp", transport=Broken(), queue_poll_seconds=0.01) as town:
        queue, begin, faults = town.core.queue, town.core.queue._begin, [OSError("the disk is full")]  # noqa: SLF001 - a failure of the store

        async def failing() -> bool:
            if faults:
                raise faults.pop()
            return await begin()

        def forgetting(*_: object, **__: object) -> None:
            raise OSError("the disk is full again")

        monkeypatch.setattr(queue, "_begin", failing)
        monkeypatch.setattr(queue._settling, "refused", forgetting)  # noqa: SLF001
        await town.send("hospital", HOSPITAL, CLINIC)
        with capture_logs() as told:
            running = asyncio.create_task(queue.run())
            while len(told) < 3:  # noqa: ASYNC110 - the log wakes nobody
                await asyncio.sleep(0.01)
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running
    assert [(one["part"], one["event"], one.get("error")) for one in told[:3]] == [
        ("core.queue", "queue attempt failed", "OSError('the disk is full')"),
        ("core.queue", "attempt failed", "RuntimeError('a defect with Clinique des Pins')"),
        ("core.queue", "attempt could not be noted", "OSError('the disk is full again')"),
    ]
    assert (told[1]["letter"] > 0, told[2]["recipient"] > 0) == (True, True)
