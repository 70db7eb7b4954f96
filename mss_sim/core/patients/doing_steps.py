"""One step of a behaviour, done: what the holder of a mailbox does with one letter, and what came of it.

| act            | the verb                                 | done twice                                      |
|----------------|------------------------------------------|-------------------------------------------------|
| open, receipt  | flags and receipt, with the step's end   | cannot be: one transaction                      |
| bounce         | a letter of the operator, likewise       | cannot be                                       |
| answer, forward | submission                              | is found again by its key, the id of the step   |
| delete         | deletion                                 | finds nothing                                   |
| integrate      | receipt of integration, with the step's end; else a submission | as those above            |
| close, reopen  | the state of the mailbox                 | is the same state                               |

Letters that many patients open at once are one bulk of the writer, and their receipts are delivered together.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from mss_sim.clock import SECOND
from mss_sim.core.access.authentication import Actor
from mss_sim.core.mailbox import copies
from mss_sim.core.mailbox.copies import ById
from mss_sim.core.mailbox.flag_rules import FlagChange
from mss_sim.core.mailbox.mailboxes import change_mailbox
from mss_sim.core.mailbox.message_to_store import read_message
from mss_sim.core.mailflow import mes_bounces
from mss_sim.core.mailflow.delivery import Delivery
from mss_sim.core.mailflow.letter import Addressee, Envelope, IdempotencyKey
from mss_sim.core.mailflow.read_receipts import Receipts, ReceiptWish, WrittenReceipt
from mss_sim.core.mailflow.submission import Submission, SubmissionRequest
from mss_sim.core.patients import hospital_gateway
from mss_sim.core.patients.answer import answer, forwarded, recipients_of
from mss_sim.core.world.agenda import Fired
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.faults.rules import Facts
from mss_sim.mail.headers import readable, without_return_path
from mss_sim.mail.summary import read_summary
from mss_sim.policy.behaviours import Step, step_of
from mss_sim.store import forwardings, identities, mailboxes, messages, planned_steps
from mss_sim.store.engine import Connection
from mss_sim.store.mailboxes import Mailbox
from mss_sim.store.messages import MessageRow
from mss_sim.store.planned_steps import PlannedStep
from mss_sim.vocabulary.behaviours import ReceiptForm, StepAct
from mss_sim.vocabulary.clock import FiredKind
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.faults import Point
from mss_sim.vocabulary.mail import Disposition
from mss_sim.vocabulary.mailboxes import MailboxState
from mss_sim.words.sentence import say

_SEEN = FlagChange(add=frozenset({"\\Seen"}))
_RECEIPT_BYTES = 16 * 1024
"""What is written for a letter that is opened, with its receipt, about."""
_HELD_FOR = 600 * SECOND
"""After how long a patient whose portal is down tries again."""


@dataclass(frozen=True, slots=True)
class _Scene:
    """A step with its actor, their mailbox and the letter."""

    planned: PlannedStep
    step: Step
    actor: Actor
    mailbox: Mailbox
    message: MessageRow


class Steps:
    """The acts of one world's patients."""

    def __init__(self, world: World, delivery: Delivery, submission: Submission, receipts: Receipts) -> None:
        self._world = world
        self._delivery = delivery
        self._submission = submission
        self._receipts = receipts
        self._acts: dict[StepAct, Callable[[_Scene], Awaitable[FiredKind | None]]] = {
            StepAct.OPEN: self._open,
            StepAct.RECEIPT: self._open,
            StepAct.ANSWER: self._answer,
            StepAct.FORWARD: self._forward,
            StepAct.DELETE: self._delete,
            StepAct.INTEGRATE: self._integrate,
            StepAct.CLOSE: partial(self._change_state, state=MailboxState.CLOSED, kind=FiredKind.MAILBOX_CLOSED),
            StepAct.REOPEN: partial(self._change_state, state=MailboxState.ACTIVE, kind=FiredKind.MAILBOX_REOPENED),
        }

    async def do(self, planned: PlannedStep) -> Fired | None:
        """Do a step; what came of it, None when somebody else has done it."""
        world, at = self._world, self._world.clock.now()
        if planned.act is StepAct.BOUNCE:
            return await self._bounce(planned)
        scene = await world.store.read_briefly(_scene, planned)
        if scene is None:
            return await self._void(planned, None)
        if self._held(scene.mailbox.address):
            await world.store.write_briefly(lambda conn: planned_steps.put_off(conn, planned.id, at + _HELD_FOR))
            return None
        try:
            kind = await self._acts[planned.act](scene)
        except Refusal as refusal:
            if refusal.rule is Rule.STORE_UNAVAILABLE:
                raise
            return await self._void(planned, scene)
        about = next(iter(read_summary(scene.message.summary).from_), None)
        return Fired(at, kind, planned.id, scene.mailbox.address, about["address"] if about else "") if kind else None

    def _held(self, address: str) -> bool:
        """Whether a fault keeps the patient from their messaging."""
        faults = self._world.faults
        return faults.at(Point.PATIENT) and faults.find(Point.PATIENT, Facts(mailboxes=(address,))) is not None

    async def _void(self, planned: PlannedStep, scene: _Scene | None) -> Fired | None:
        if not await self._take(planned):
            return None
        return Fired(self._world.clock.now(), FiredKind.VOID, planned.id, scene.mailbox.address if scene else None, "")

    async def _take(self, planned: PlannedStep) -> bool:
        return await self._world.store.write_briefly(lambda conn: planned_steps.take(conn, planned.id))

    async def _open(self, scene: _Scene) -> FiredKind | None:
        """Mark the letter as read, and send the receipt that it asks for; or, later, the receipt alone."""
        kind = await self._world.store.write_in_bulk(self._opened, scene, _RECEIPT_BYTES)
        self._delivery.wake_queue_if_needed()
        return kind

    def _opened(self, conn: Connection, scenes: Sequence[_Scene]) -> list[FiredKind | None]:
        """The same for many patients together, whose receipts are delivered together; a bulk."""
        asking = {scene.planned.id: read_summary(scene.message.summary).receipt_to for scene in scenes}
        concerned = {address for one in scenes for address in (one.mailbox.address, *asking[one.planned.id])}
        mailboxes.lock_for_delivery(conn, concerned | forwardings.locked_with(conn, concerned))  # all that the receipts need, at once
        kinds: list[FiredKind | None] = []
        written: dict[int, WrittenReceipt] = {}
        for number, scene in enumerate(scenes):
            address, wish = scene.mailbox.address, ReceiptWish(automatic=True, form=scene.step.receipt)
            kinds.append(None)
            if not planned_steps.take(conn, scene.planned.id):
                continue
            kinds[-1] = FiredKind.VOID
            copy_id = next(iter(messages.copies_of(conn, scene.mailbox.id, scene.message.id)), None)
            with suppress(Refusal):  # the reader may not act; or no receipt is due: not asked for at the return path, or sent before
                if copy_id is not None and scene.step.act is StepAct.OPEN:
                    copies.change_flags_in(self._world, conn, scene.actor, ById(address, copy_id), _SEEN)
                    kinds[-1] = FiredKind.OPENED
                if copy_id is not None and wish.form is not ReceiptForm.NONE and asking[scene.planned.id]:
                    written[number] = self._receipts.write_in(conn, scene.actor, address, copy_id, wish)
        for number, sent in zip(written, self._receipts.send_written(conn, list(written.values())), strict=True):
            if kinds[number] is FiredKind.VOID and not isinstance(sent, Exception):
                kinds[number] = FiredKind.RECEIPT_SENT
        return kinds

    async def _answer(self, scene: _Scene) -> FiredKind | None:
        raw = await self._raw(scene)
        parsed = await read_message(self._world, raw)
        author = _author(scene)
        to = recipients_of(parsed, scene.mailbox.address, scene.step.to)
        written = await asyncio.to_thread(answer, self._world, author, to, parsed, scene.step)
        return await self._submit(scene, written, [address for _, address in to], FiredKind.ANSWERED)

    async def _forward(self, scene: _Scene) -> FiredKind | None:
        raw, to = await self._raw(scene), scene.step.address or ""
        parsed = await read_message(self._world, raw)
        written = await asyncio.to_thread(forwarded, self._world, _author(scene), to, parsed, raw)
        return await self._submit(scene, written, [to], FiredKind.FORWARDED)

    async def _integrate(self, scene: _Scene) -> FiredKind | None:
        """Take the documents in, and say so as the letter lets it be said: by a receipt of integration, else by a letter."""
        raw = await self._raw(scene)
        error = await hospital_gateway.integrate(self._world, raw)
        if not read_summary(scene.message.summary).receipt_to:
            parsed = await read_message(self._world, raw)
            (to,) = recipients_of(parsed, scene.mailbox.address, scene.step.to)[:1] or [("", "")]
            written = await asyncio.to_thread(hospital_gateway.answer, self._world, _author(scene), to, parsed, raw, error)
            return await self._submit(scene, written, [to[1]] if to[1] else [], FiredKind.ANSWERED)
        kind = await self._world.store.write(lambda conn: self._integrated(conn, scene, error))
        self._delivery.wake_queue_if_needed()
        return kind

    def _integrated(self, conn: Connection, scene: _Scene, error: str | None) -> FiredKind | None:
        """The receipt, in one transaction with the end of the step; Refusal when none may leave."""
        copy_id = next(iter(messages.copies_of(conn, scene.mailbox.id, scene.message.id)), None)
        if copy_id is None:
            raise _gone()
        if not planned_steps.take(conn, scene.planned.id):
            return None
        copies.change_flags_in(self._world, conn, scene.actor, ById(scene.mailbox.address, copy_id), _SEEN)
        wish = ReceiptWish(Disposition.PROCESSED, error=error, automatic=True)
        self._receipts.send_in(conn, scene.actor, scene.mailbox.address, copy_id, wish)
        return FiredKind.RECEIPT_SENT

    async def _raw(self, scene: _Scene) -> bytes:
        """The letter, without the return path that was written on top. Refusal when it is no longer in the mailbox."""

        def query(conn: Connection) -> bytes:
            there = messages.copies_of(conn, scene.mailbox.id, scene.message.id)
            return messages.raw(conn, scene.message.id) if there else b""

        raw = without_return_path(await self._world.store.read(query))
        if not raw:
            raise _gone()
        return raw

    async def _submit(self, scene: _Scene, raw: bytes, to: list[str], kind: FiredKind) -> FiredKind | None:
        if not to:
            raise _gone()
        envelope = Envelope(scene.mailbox.address, tuple(map(Addressee, to)))
        key = IdempotencyKey(f"planned-step {scene.planned.id}", "")
        request = SubmissionRequest(
            envelope, raw, "HTTP", "Mon espace sante", strict=len(to) == 1, idempotency=key, answers=scene.message.id
        )
        try:
            await self._submission.submit(scene.actor, request)
        except Refusal as refusal:
            if refusal.rule is Rule.STORE_UNAVAILABLE:
                raise
            kind = FiredKind.REFUSED
        return kind if await self._take(scene.planned) else None

    async def _delete(self, scene: _Scene) -> FiredKind | None:
        ids = await self._world.store.read_briefly(messages.copies_of, scene.mailbox.id, scene.message.id)
        for copy_id in ids:
            await copies.delete(self._world, scene.actor, ById(scene.mailbox.address, copy_id))
        return (FiredKind.DELETED if ids else FiredKind.VOID) if await self._take(scene.planned) else None

    async def _change_state(self, scene: _Scene, *, state: MailboxState, kind: FiredKind) -> FiredKind | None:
        by = scene.actor.identity.id
        await change_mailbox(self._world, scene.mailbox.address, {"state": state.value}, actor_id=by, door=Door.MES)
        return kind if await self._take(scene.planned) else None

    async def _bounce(self, planned: PlannedStep) -> Fired | None:
        """Return a letter that was accepted; in one transaction with the end of the step."""
        world, delivery = self._world, self._delivery

        def unit(conn: Connection) -> Fired | None:
            mailbox = mailboxes.by_id(conn, planned.mailbox_id) if planned.mailbox_id is not None else None
            detail = planned.detail if mailbox is None else {**planned.detail, "recipient": mailbox.address}
            if not planned_steps.take(conn, planned.id):
                return None
            letter = mes_bounces.returned(world, conn, planned.message_id, detail)
            if letter is not None:
                delivery.deliver(conn, [letter])
            kind = FiredKind.VOID if letter is None else FiredKind.RETURNED
            return Fired(world.clock.now(), kind, planned.id, detail["recipient"], letter.envelope.recipients[0].address if letter else "")

        fired = await world.store.write(unit)
        delivery.wake_queue_if_needed()
        return fired


def _scene(conn: Connection, planned: PlannedStep) -> _Scene | None:
    mailbox = mailboxes.by_id(conn, planned.mailbox_id) if planned.mailbox_id is not None else None
    message = messages.by_id(conn, planned.message_id)
    owner = identities.by_id(conn, mailbox.owner_id) if mailbox else None
    if mailbox is None or message is None or owner is None:
        return None
    return _Scene(planned, step_of(planned.detail), Actor(owner, Door.MES), mailbox, message)


def _author(scene: _Scene) -> tuple[str, str]:
    return readable(scene.mailbox.label or scene.actor.identity.name), scene.mailbox.address


def _gone() -> Refusal:
    """Nothing to be told: the letter is no longer there, or names nobody to write to."""
    return Refusal(Rule.NOT_FOUND, say("There is no such message in this mailbox."))
