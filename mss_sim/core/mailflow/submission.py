"""Submission: a letter from an authenticated actor, through any door.

MAIL FROM   → senders.sender_at may this actor send from that mailbox?
RCPT TO     → check_recipient   would this recipient be refused?
DATA, POST  → submit            the header, the size, the shape of the message; then delivery decides again, on locked rows
"""

import asyncio
from dataclasses import dataclass
from functools import partial

from mss_sim.clock import SECOND
from mss_sim.core.access import journal, patient_identities
from mss_sim.core.access.authentication import Actor
from mss_sim.core.access.journal import Entry
from mss_sim.core.access.rights_in_force import access_to
from mss_sim.core.conversations import answer_rights
from mss_sim.core.mailbox.message_to_store import read_message, without_holding
from mss_sim.core.mailflow import mes_bounces
from mss_sim.core.mailflow.delivery import Delivery
from mss_sim.core.mailflow.letter import Accepted, Envelope, IdempotencyKey, Letter, Submitted, date_time, prepare, trace_fields
from mss_sim.core.mailflow.mailboxes_on_demand import make_missing
from mss_sim.core.mailflow.senders import Senders, SendingMailbox, shown_sender
from mss_sim.core.world.world import World
from mss_sim.errors import RecipientsRefused, Refusal, Rule
from mss_sim.mail.addresses import addresses_of, display, domain_of
from mss_sim.mail.headers import with_fields_on_top, without_fields
from mss_sim.mail.parse import ParsedMessage, people_in
from mss_sim.policy.authors import decide_authors, decide_one_operator
from mss_sim.policy.magic_addresses import magic_at, refusal_of
from mss_sim.policy.routing import Disposal, Scope, decide_route, size_refusal
from mss_sim.store import masks
from mss_sim.store.engine import Connection
from mss_sim.store.mailboxes import Mailbox
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.mailboxes import PATIENT_DOMAIN, MailboxKind, SendMode
from mss_sim.words.sentence import say


async def check_size(world: World, mailbox: Mailbox | None, size_bytes: int) -> None:
    """Refuse a message over the limit of its sender's mailbox, of its operator or, without a sender, of every operator."""
    refusal = size_refusal(size_bytes, await size_max(world, mailbox))
    if refusal:
        raise refusal


async def size_max(world: World, mailbox: Mailbox | None) -> int:
    """The largest message in bytes that a mailbox may send; without one, that any operator accepts."""
    ceiling = await world.directory.ceiling()
    return world.directory.limit_of(mailbox.message_size_bytes_max, mailbox.operator_id) if mailbox else ceiling


async def check_listed(world: World, operator_id: int, address: str) -> None:
    """Refuse a recipient at another operator whose domain was removed from the white list (ref: ans-trust-space)."""
    operator, domain = await world.directory.operator_of(address), domain_of(address)
    if operator is None or operator.id == operator_id or domain in (await world.white_list.listing()).rows:
        return
    detail = say("The domain {domain} is not on the white list; health mail does not go there.", domain=domain)
    raise Refusal(Rule.DOMAIN_OUTSIDE, detail, subject=address, reference="ans-trust-space")


async def check_magic(world: World, address: str, *, named: bool = False) -> None:
    """Refuse a recipient whose address says that it refuses; one that says that it is slow is waited for where it is `named`."""
    magic = magic_at(address) if world.settings.mailbox.magic_made else None
    refusal = refusal_of(address, magic) if magic else None
    if refusal is not None:
        raise refusal
    if magic is not None and magic.slow and named:
        await asyncio.sleep(world.settings.mailbox.magic_slow_seconds)


async def check_recipient(world: World, sender: SendingMailbox | None, address: str, size_bytes: int = 0, *, peer: bool = False) -> None:
    """Refuse a recipient that would be refused at once; the outcome at another operator is only known later."""
    if sender is not None:
        await check_listed(world, sender.mailbox.operator_id, address)
    await check_magic(world, address, named=True)
    await make_missing(world, [address])
    stands, operator = await world.directory.standing(address, size_bytes)
    if operator is not None and operator.mx is not None and not peer:
        return  # another server's mailbox: that server decides
    if sender is not None and sender.mailbox.kind is not MailboxKind.PATIENT and domain_of(address) == PATIENT_DOMAIN:
        await world.store.read_briefly(partial(patient_identities.check_addressee, world), address=address)
    local = peer or (sender is not None and operator is not None and operator.id == sender.mailbox.operator_id)
    if sender and sender.mailbox.kind is MailboxKind.PATIENT:
        await _check_invited(world, sender, address)
    near = local or not world.settings.peers.unknown_bounces
    reach = (mes_bounces.scope_here(world, address) if peer else Scope.LOCAL) if near else Scope.REMOTE
    route = decide_route(address, stands, reach)
    if route.way is Disposal.REFUSE and route.refusal:
        raise route.refusal


async def _check_invited(world: World, sender: SendingMailbox, address: str) -> None:
    mailbox = await world.directory.mailbox(address)

    def query(conn: Connection) -> None:
        hidden = masks.hidden(conn, sender.mailbox.id) if sender.carer else frozenset[int]()
        answer_rights.check_answer(world, conn, sender.mailbox, address, mailbox, None, hidden=hidden)

    await world.store.read(query)


@dataclass(frozen=True, slots=True)
class SubmissionRequest:
    """A letter to submit. `peer` and `protocol` go into the trace; `wished` is the quality that a REST client requested.

    `answers`: the id of the message that it answers, where the client said which.
    """

    envelope: Envelope
    raw: bytes
    protocol: str
    peer: str
    wished: SendMode | None = None
    strict: bool = False
    idempotency: IdempotencyKey | None = None
    answers: int | None = None


class Submission:
    """Accepts letters from actors and hands them to delivery."""

    def __init__(self, world: World, delivery: Delivery) -> None:
        self._world = world
        self._delivery = delivery
        self.senders = Senders(world)

    async def submit(self, actor: Actor, request: SubmissionRequest) -> Accepted:
        """Deliver a letter; it is on disk when this returns. A refusal is recorded in the journal, then raised.

        The journal of a mailbox covers actors with a right over it; a stranger's attempt is not recorded in any.
        """
        try:
            letter = await self._letter(actor, request)
            return await self._delivery.send(letter)
        except Refusal as refusal:
            await self._note_refusal(actor, request, refusal)
            raise

    def _missing(self, parsed: ParsedMessage) -> list[tuple[str, str]]:
        """Date and Message-ID where the letter has no such field and the server is to write them (ref: rfc6409#8.2, rfc6409#8.3)."""
        world = self._world
        if not world.settings.message.missing_fields_added:
            return []
        written = {"Date": date_time(world.clock.now() // SECOND), "Message-ID": world.ids.message_id(world.settings.hostname)}
        return [(name, value) for name, value in written.items() if not parsed.headers.all(name)]

    async def _letter(self, actor: Actor, request: SubmissionRequest) -> Letter:
        world, envelope, raw = self._world, request.envelope, request.raw
        parsed = await read_message(world, raw)
        missing, bcc = self._missing(parsed), world.settings.message.bcc_removed and parsed.headers.all("Bcc")
        if missing or bcc:
            raw = with_fields_on_top(without_fields(raw, ["Bcc"]) if bcc else raw, missing)
            parsed = await read_message(world, raw)
        authors = addresses_of(parsed.from_)
        decide_authors(len(parsed.headers.all("From")), authors, has_sender=True)  # the server writes Sender itself
        senders = {address: await self.senders.sender_at(actor, address, request.wished) for address in authors}
        sender = senders.get(envelope.sender) or senders[authors[0]]
        if len(senders) > 1 and any(one.sending.mode is SendMode.ON_BEHALF for one in senders.values()):
            raise Refusal(
                Rule.SEND_NOT_ALLOWED,
                say("Several authors in From, and you may only send on behalf of one of them: send one letter per mailbox."),
                reference="rfc5322#3.6.2",
            )
        for address in dict.fromkeys([*filter(None, [envelope.sender]), *_resenders(parsed)]):
            if address not in senders:
                senders[address] = await self.senders.sender_at(actor, address)
        decide_one_operator({address: one.mailbox.operator_id for address, one in senders.items()})
        await check_size(world, sender.mailbox, len(raw))
        raw, parsed = _stamp(actor, sender, raw, parsed)
        at = world.clock.now()
        trace = trace_fields(world, envelope, protocol=request.protocol, peer=request.peer, at=at)
        submitted = Submitted(
            sender.mailbox.address,
            sender.mailbox.operator_id,
            actor.identity.id,
            request.wished,
            sender.own_mailbox,
            request.strict,
            request.idempotency,
            request.answers,
        )
        await make_missing(world, (one.address for one in envelope.recipients))
        for addressee in envelope.recipients:
            try:
                await check_listed(world, sender.mailbox.operator_id, addressee.address)
                await check_magic(world, addressee.address)
            except Refusal as refusal:
                raise RecipientsRefused([refusal]) from refusal
        return await without_holding(raw, prepare, world, raw, parsed, envelope, submitted, fields=trace, door=actor.door, at=at)

    async def _note_refusal(self, actor: Actor, request: SubmissionRequest, refusal: Refusal) -> None:
        if refusal.rule is Rule.STORE_UNAVAILABLE:
            return
        world = self._world
        sender, now = request.envelope.sender, world.clock.now()
        detail = {"rule": refusal.rule, "detail": world.translated(refusal.detail), "from": sender}

        def unit(conn: Connection) -> None:
            held = access_to(conn, sender, actor.identity.id, now) if sender else None
            mailbox_id = held.mailbox_id if held and held.access.rights else None
            journal.write(world, conn, journal.by(actor), [Entry(Act.REFUSED, mailbox_id, detail)])

        await world.store.write(unit)


def _resenders(parsed: ParsedMessage) -> tuple[str, ...]:
    """Who sends a letter again, by its own fields: they are claims, as From is. Those below are of earlier times (ref: rfc5322#3.6.6)."""
    newest = {name: values[0] for name in ("Resent-From", "Resent-Sender") if (values := parsed.headers.all(name))}
    return addresses_of([pair for name, value in newest.items() for pair in people_in(parsed.headers.with_only(name, value), name)])


def _stamp(actor: Actor, sender: SendingMailbox, raw: bytes, parsed: ParsedMessage) -> tuple[bytes, ParsedMessage]:
    """Write the real sender: `Sender` is set by the server, never by the client (ref: rfc5322#3.6.2, rfc6409#8.1).

    On behalf: as `shown_sender` says. As, and by a holder: no Sender, except the mailbox that the letter leaves from where From names
    several.
    """
    stamped = without_fields(raw, ["Sender"]) if parsed.headers.all("Sender") else raw
    delegate = shown_sender(actor, sender)
    if delegate or len(addresses_of(parsed.from_)) > 1:
        pair = delegate or ("", sender.mailbox.address)
        shown = display(*pair)
        headers = parsed.headers.with_only("Sender", shown.replace("\r\n", "").encode())
        return with_fields_on_top(stamped, [("Sender", shown)]), parsed._replace(sender=(pair,), headers=headers)
    return stamped, parsed._replace(sender=(), headers=parsed.headers.with_only("Sender", None)) if parsed.sender else parsed
