"""The queue: recipients at another operator, and those whose mailbox accepts no mail for now.

A letter for another operator leaves as soon as it is committed; a recipient who cannot be served is tried again after a wait that doubles.
When the letter is `delayed_after_seconds` old, its sender is notified once of the delay; at `expires_after_seconds` it fails
(ref: rfc5321#4.5.4.1). The state is in the store: a process that dies loses nothing. It may die before recording an answer, so
another server can receive a letter twice, but never not at all.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import groupby

from mss_sim import log
from mss_sim.clock import SECOND, Micros
from mss_sim.core.mailflow import faults
from mss_sim.core.mailflow.attempt_consequences import Carried, Settling
from mss_sim.core.mailflow.delivery import Delivery
from mss_sim.core.mailflow.letter import Addressee, Envelope, Letter, TriedAgain
from mss_sim.core.mailflow.outbound_interface import RecipientReply, RelayJob, RelayResult, Transport, ours
from mss_sim.core.world.world import World
from mss_sim.errors import Failure, Refusal, Rule
from mss_sim.faults.actions import Drop
from mss_sim.mail.headers import without_return_path
from mss_sim.mail.parse import ParseLimits, parse
from mss_sim.policy.receipts import diagnostic
from mss_sim.store import mailboxes, messages, queue
from mss_sim.store.engine import Connection
from mss_sim.store.operators import Operator
from mss_sim.store.queue import Due
from mss_sim.vocabulary.doors import Door, Relay
from mss_sim.vocabulary.faults import DropMoment, Point
from mss_sim.words.sentence import say

_UNDER_WAY_MAX = 128
_OF_THE_LEASE = 0.95
_BEYOND = 2
"""An entry this many times the longest wait ahead was scheduled by a clock that has since been set back."""
_NO_LIMITS = ParseLimits(header_size_bytes=1 << 40, header_count=1 << 40, parts=1 << 40, depth=900)
"""A stored message was within the limits on arrival, before the trace was added on top."""
_NOT_TRIED = ours(450, "4.3.0", say("The letter could not be tried; the log tells why."))
_GONE = ours(554, "5.3.0", say("The message is gone."))


@dataclass(frozen=True, slots=True)
class _Task:
    """The attempts for one letter that are made together: over the wire to `receiver`, or one by one into our own mailboxes.

    `leased_at` is the time of the loop at which they became ours.
    """

    due: tuple[Due, ...]
    leased_at: float
    sender: Operator | None = None
    receiver: Operator | None = None


class Queue:
    """Makes the due attempts, driven by the world's clock. `woken` is set when one may be due; without a transport none leaves.

    Only some of the attempts towards one operator are under way at once, so that one that is silent does not delay the letters to others;
    a few more are held, leased and ready, and the rest are left in the store. `rested` is called when nothing is being tried any more: the
    commit of the last try came before.
    """

    def __init__(
        self, world: World, delivery: Delivery, woken: asyncio.Event, transport: Transport | None, rested: Callable[[], None]
    ) -> None:
        self._world = world
        self._delivery = delivery
        self._settling = Settling(world, delivery)
        self._woken = woken
        self._leasing = asyncio.Lock()  # a leased attempt is under way at once, for callers that wait for all
        self._under_way: dict[asyncio.Task[None], _Task] = {}
        self._held: dict[int, deque[_Task]] = {}
        self._slow: set[asyncio.Task[None]] = set()
        self._log = log.get("core.queue")
        self.transport = transport
        self._rested = rested
        world.clock.watch(woken.set)

    async def run(self) -> None:
        """Work until cancelled."""
        await self.take_over()
        while True:
            try:
                while await self._begin():
                    pass
            except Exception as error:  # noqa: BLE001 - the queue must survive a temporary failure of the store
                self._log.error("queue attempt failed", error=repr(error))
            self._woken.clear()
            with suppress(TimeoutError):
                pause = self._world.clock.pause(self._world.settings.queue.poll_seconds)
                async with asyncio.timeout(pause):  # `wait_for` of 3.11 may swallow the cancellation
                    await self._woken.wait()

    async def take_over(self) -> None:
        """Take over what a dead process had begun, where only one can be on this store."""
        if self._world.store.exclusive:
            await self._world.store.write(queue.release)

    @asynccontextmanager
    async def suspended(self) -> AsyncIterator[None]:
        """While no attempt is made: the letters under way are given up, since their world ends."""
        async with self._leasing:
            mine, given_up = self._mine(), list(self._under_way)
            self._held.clear()
            for running in given_up:
                running.cancel()
            await asyncio.gather(*given_up, return_exceptions=True)
            try:
                yield
            finally:
                ours = None if self._world.store.exclusive else mine
                await self._world.store.write(partial(queue.release, recipient_ids=ours))
                self._woken.set()

    async def stop(self, patience_seconds: float) -> None:
        """Let the attempts under way end, and give back those that take too long, and those that were held."""
        held = [task for waiting in self._held.values() for task in waiting]
        self._held.clear()
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=patience_seconds)
        left = {due.waiting.recipient_id for task in (*held, *self._under_way.values()) for due in task.due}
        for running in list(self._under_way):
            running.cancel()
        if left:
            await self._world.store.write(partial(queue.release, recipient_ids=left))

    async def work(self) -> int:
        """Make every attempt that is due now, and wait for these and for those under way; how many were made."""
        return len(await self.work_through())

    @property
    def busy(self) -> bool:
        """Whether a letter is being tried, or is held to be tried next."""
        return bool(self._under_way or self._held)

    @property
    def awaited(self) -> bool:
        """Whether a letter is being tried, but for those that `ended_within` waited for in vain."""
        return not self._under_way.keys() <= self._slow

    async def ended_within(self, seconds: float) -> list[Due]:
        """Wait for the attempts under way, at most so long; whom those that ended were for."""
        begun = {running: task for running, task in self._under_way.items() if running not in self._slow}
        done, slow = await asyncio.wait(begun, timeout=seconds) if begun else (set(), set())
        self._slow |= slow
        return [due for running in done for due in begun[running].due]

    async def next_at(self) -> Micros | None:
        """When the next attempt that is not under way is due; None when nothing waits. What is being leased is `busy` by then."""
        async with self._leasing:
            now, _, far = self._lease_times()
            return await self._world.store.read_briefly(queue.next_at, now, far)

    async def elsewhere(self) -> list[Due]:
        """The attempts that other processes over this database are making."""
        if self._world.store.exclusive:
            return []
        async with self._leasing:
            now, _, far = self._lease_times()
            made, mine = await self._world.store.read_briefly(queue.being_made, now, far), self._mine()
        return [one for one in made if one.waiting.recipient_id not in mine]

    async def work_through(self) -> list[Due]:
        """The same; whom the attempts were for."""
        async with self._leasing:
            tasks = [task for held in self._held.values() for task in held]
            self._held.clear()
            for task in tasks:
                self._start(task)
            for task in await self._lease(1_000):
                self._start(task)
            begun = dict(self._under_way)
        await asyncio.gather(*begun, return_exceptions=True)  # one may be given up: `suspended`
        return [due for task in begun.values() for due in task.due]

    async def _begin(self) -> bool:
        """Begin as many attempts as there is room for; whether there may be more."""
        async with self._leasing:
            room = _UNDER_WAY_MAX - len(self._under_way)
            tasks = await self._lease(room) if room > 0 else []
            for task in tasks:
                self._start_or_hold(task)
        return bool(tasks)

    def _start_or_hold(self, task: _Task) -> None:
        if task.receiver is not None and self._tried_at_once(task.receiver.id) >= self._world.settings.queue.tries_per_operator_max:
            self._held.setdefault(task.receiver.id, deque()).append(task)
        else:
            self._start(task)

    def _tried_at_once(self, operator_id: int) -> int:
        return sum(1 for task in self._under_way.values() if task.receiver is not None and task.receiver.id == operator_id)

    def _past(self) -> list[str]:
        """The domains of the operators for whom enough letters are held already."""
        enough = self._world.settings.queue.tries_per_operator_max
        full = (held[0].receiver for held in self._held.values() if len(held) >= enough)
        return [domain for receiver in full if receiver is not None for domain in receiver.domains]

    async def try_now(self, recipient_id: int) -> None:
        """Try one recipient, due or not, and wait for what comes of it. Refusal: NOT_FOUND when they do not wait, CONFLICT while tried."""
        async with self._leasing:
            now, until, far = self._lease_times()
            leased = None
            if recipient_id not in self._mine():
                leased = await self._world.store.write(lambda conn: queue.lease_one(conn, recipient_id, now, far, until))
            if leased is None:
                if await self._world.store.read(queue.of_recipients, [recipient_id]):
                    raise Refusal(Rule.CONFLICT, say("This recipient is being tried at this moment; look at the queue again in a while."))
                raise Refusal(Rule.NOT_FOUND, say("Nobody of that id waits; GET /control/queue lists who does."))
            running = [self._start(task) for task in await self._tasks([leased])]
        await asyncio.wait(running)

    def _start(self, task: _Task) -> "asyncio.Task[None]":
        running = asyncio.create_task(self._make(task))
        self._under_way[running] = task
        running.add_done_callback(self._ended)
        return running

    def _mine(self) -> set[int]:
        """The recipients whom this process is trying."""
        held = (task for waiting in self._held.values() for task in waiting)
        return {due.waiting.recipient_id for task in (*self._under_way.values(), *held) for due in task.due}

    def _ended(self, running: "asyncio.Task[None]") -> None:
        full = len(self._under_way) >= _UNDER_WAY_MAX
        receiver = self._under_way.pop(running).receiver
        self._slow.discard(running)
        held = self._held.get(receiver.id) if receiver is not None else None
        if receiver is not None and held:
            self._start(held.popleft())
            full |= len(held) <= self._world.settings.queue.tries_per_operator_max // 2  # the store is asked for more of them in time
            if not held:
                del self._held[receiver.id]
        if full:
            self._woken.set()
        if not self.busy:
            self._rested()

    async def _lease(self, limit: int) -> list[_Task]:
        now, until, far = self._lease_times()
        if not await self._world.store.read_briefly(queue.any_due, now, far):
            return []
        leased = await self._world.store.write_briefly(partial(queue.lease, now=now, far=far, until=until, limit=limit, past=self._past()))
        mine = self._mine()  # a driven clock may jump
        due = [one for one in leased if one.waiting.recipient_id not in mine]
        return [task for _, group in groupby(due, key=lambda one: one.submission.id) for task in await self._tasks(list(group))]

    def _lease_times(self) -> tuple[Micros, Micros, Micros]:
        """Now, the end of a lease that begins now, and an instant beyond any wait and any lease."""
        now, settings = self._world.clock.now(), self._world.settings
        longest = max(settings.queue.retry_seconds, settings.queue.retry_seconds_max, settings.queue.lease_seconds)
        return now, now + int(settings.queue.lease_seconds * SECOND), now + int(_BEYOND * longest * SECOND)

    async def _tasks(self, group: Sequence[Due]) -> list[_Task]:
        """The attempts for one letter, grouped by operator."""
        submission = group[0].submission
        sender = await self._world.directory.operator(submission.operator_id)
        over_the_wire: dict[int, list[Due]] = {}
        receivers: dict[int, Operator] = {}
        here: list[Due] = []
        for one in group:
            receiver = await self._world.directory.operator_of(one.person.address)
            if receiver is None or sender is None or not self._is_remote(sender, receiver):
                here.append(one)
                continue
            receivers[receiver.id] = receiver
            over_the_wire.setdefault(receiver.id, []).append(one)
        now = asyncio.get_running_loop().time()
        tasks = [_Task(tuple(rows), now, sender, receivers[id_]) for id_, rows in over_the_wire.items()]
        return [*tasks, _Task(tuple(here), now)] if here else tasks

    def _is_remote(self, sender: Operator, receiver: Operator) -> bool:
        return receiver.mx is not None or (receiver.id != sender.id and self._world.settings.relay is Relay.SMTP)

    async def _make(self, task: _Task) -> None:
        """Make the attempts of a task. One that cannot even be made waits: a letter must not hold up the others."""
        if self._left_seconds(task) < self._world.settings.queue.lease_seconds / 2:  # held for long: somebody else may take it in time
            await self._world.store.write(partial(queue.release, recipient_ids=[due.waiting.recipient_id for due in task.due]))
            self._woken.set()
            return
        done = 0
        try:
            if task.sender and task.receiver:
                await self._carry(task, task.sender, task.receiver)
            else:
                for number, due in enumerate(task.due):
                    done = number
                    await self._world.store.write(partial(self._deliver, due=due))
        except Exception as error:  # noqa: BLE001 - see above
            self._log.error("attempt failed", letter=task.due[0].submission.id, error=repr(error))
            await self._put_back(task.due[done:])
        self._delivery.wake_queue_if_needed()

    async def _put_back(self, due: Sequence[Due]) -> None:
        """A failure to try, or to record the outcome, counts as an attempt: it ages and comes back like any other."""
        for one in due:
            try:
                await self._world.store.write(partial(self._settling.refused, due=one, answer=_NOT_TRIED))
            except Exception as error:  # noqa: BLE001 - its lease expires, then it is tried again
                self._log.error("attempt could not be noted", recipient=one.person.id, error=repr(error))

    def _left_seconds(self, task: _Task) -> float:
        """For how long the attempts of a task are still ours."""
        return self._world.settings.queue.lease_seconds - (asyncio.get_running_loop().time() - task.leased_at)

    async def _carry(self, task: _Task, sender: Operator, receiver: Operator) -> None:
        submission = task.due[0].submission
        raw = await self._raw(submission.message_id)
        people = tuple(Addressee(one.person.address, one.person.notify, one.person.original) for one in task.due)
        envelope = Envelope(submission.return_path, people, submission.envelope_id, submission.return_full)
        limit = self._left_seconds(task) * _OF_THE_LEASE
        result = RelayResult({one.address: _GONE for one in people})
        if raw and self.transport:
            result = await self._try(RelayJob(sender, receiver, envelope, without_return_path(raw), limit), self.transport)
        carried = Carried(task.due, result, receiver)
        if carried.all_taken_over:
            await self._world.store.write_in_bulk(self._settling.taken_over, carried)
        else:
            await self._world.store.write(partial(self._settling.carried, letter=carried))

    async def _try(self, job: RelayJob, transport: Transport) -> RelayResult:
        """Carry a letter, unless a fault has it fail, lose the answer, or go twice."""
        fault = faults.at_queue(self._world, job.envelope, len(job.raw)) if self._world.faults.at(Point.QUEUE) else None
        if fault is None:
            return await transport.carry(job)
        answer = faults.answer_of_try(fault)
        if answer is None:
            await transport.carry(job)
            return await transport.carry(job)
        if isinstance(fault.action, Drop) and fault.action.moment is not DropMoment.BEFORE:
            await transport.carry(job)
        return faults.instead(job.envelope, answer)

    async def _raw(self, message_id: int) -> bytes:
        """The letter as stored; a short one is read on the loop."""
        short = await self._world.store.read_briefly(messages.short_raw, message_id)
        return short if short is not None else await self._world.store.read(messages.raw, message_id)

    def _deliver(self, conn: Connection, due: Due) -> None:
        """Deliver the stored message to one of our own recipients, or record why their mailbox still accepts none."""
        submission = due.submission
        if not queue.holds(conn, due.person.id):
            return
        row = messages.by_id(conn, submission.message_id)
        if row is None:
            self._settling.refused(conn, due, _GONE)
            return
        raw = messages.raw(conn, row.id)
        envelope = Envelope(submission.return_path, (Addressee(due.person.address),))
        id_ = submission.mailbox_id
        again = TriedAgain(None if id_ is None else mailboxes.addresses(conn, [id_]).get(id_))
        letter = Letter(row.id, raw, parse(raw, _NO_LIMITS), row, envelope, Door.SYSTEM, self._world.clock.now(), again)
        refusal = self._delivery.deliver_stored(conn, letter)
        if refusal is None:
            self._settling.delivered(conn, due)
        else:
            wait = refusal.wait_seconds if isinstance(refusal, Failure) else None
            self._settling.refused(conn, due, RecipientReply(*diagnostic(refusal), wait_seconds=wait))
