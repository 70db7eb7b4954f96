"""Notifications that delivery must send to senders (ref: rfc3464)."""

from collections.abc import Sequence
from itertools import groupby

from mss_sim.clock import SECOND, Micros
from mss_sim.core.mailflow.letter import Addressee, Envelope, Letter, OfServer, RoutedLetter, prepare
from mss_sim.core.mailflow.outbound_interface import DELIVERED
from mss_sim.core.world.world import World
from mss_sim.faults.rules import Facts
from mss_sim.mail import dsn, dsn_forms
from mss_sim.mail.addresses import domain_of
from mss_sim.mail.dsn import RecipientStatus
from mss_sim.mail.parse import parse
from mss_sim.policy.bounces import returns_later
from mss_sim.policy.receipts import diagnostic, dsn_due
from mss_sim.policy.routing import Disposal
from mss_sim.store.engine import Connection
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.faults import Point
from mss_sim.vocabulary.mail import DsnAction


def notifications(world: World, conn: Connection, kept: Sequence[RoutedLetter]) -> list[Letter]:
    """The notifications due for letters just sorted, one per letter and action."""
    letters = []
    for sorted_ in kept:
        statuses = _statuses(world, sorted_)
        if statuses:
            envelope = sorted_.letter.envelope
            about = dsn.DsnEnvelope(envelope.sender, sorted_.letter.at, envelope.envelope_id, envelope.return_full, sorted_.letter.raw)
            number = sorted_.letter.submission_id
            told = sorted_.delivered[0][0].address if sorted_.delivered else sorted_.missed[0][0].address
            operator = sorted_.letter.operator_id or operator_id(world, conn, told)
            groups = groupby(statuses, key=lambda one: one.action)
            letters += [notification(world, conn, about, list(group), number, operator) for _, group in groups]
    return letters


def _statuses(world: World, sorted_: RoutedLetter) -> list[RecipientStatus]:
    """The statuses due, ordered by action. A deferred recipient gets nothing yet: the queue reports later."""
    letter = sorted_.letter
    sender = letter.envelope.sender
    found = []
    for addressee, _, _ in sorted_.delivered:
        if dsn_due(DsnAction.DELIVERED, addressee.notify, sender):
            found.append(
                RecipientStatus(addressee.address, DsnAction.DELIVERED, "2.1.5", world.translated(DELIVERED.reply), addressee.original)
            )
    for addressee, way, refusal in sorted_.missed:
        if way is Disposal.BOUNCE and returns_later(world.settings.mes.refusal, addressee.address):
            continue
        if way is not Disposal.DEFER and dsn_due(DsnAction.FAILED, addressee.notify, sender):
            status, reply = diagnostic(refusal)
            found.append(RecipientStatus(addressee.address, DsnAction.FAILED, status, world.translated(reply), addressee.original))
    return sorted(found, key=lambda status: status.action)


def operator_id(world: World, conn: Connection, address: str) -> int | None:
    """The operator of an address."""
    operator = world.directory.operator_in(conn, address)
    return operator.id if operator else None


def notification(
    world: World,
    conn: Connection,
    about: dsn.DsnEnvelope,
    statuses: Sequence[RecipientStatus],
    submission_id: int | None,
    operator: int | None,
) -> Letter:
    """One notification of an operator as a letter to the return path, itself with a null one (ref: rfc5321#4.5.5)."""
    at = world.clock.now()
    hostname = world.settings.hostname
    raw = dsn.compose(
        about,
        statuses,
        reporting_mta=hostname,
        from_=f"mailer-daemon@{domain_of(about.sender if operator_id(world, conn, about.sender) == operator else statuses[0].address)}",
        message_id=world.ids.message_id(hostname),
        at=at,
        language=world.settings.language,
    )
    raw = deformed_at_need(world, raw, about.sender, [one.address for one in statuses if one.action is DsnAction.FAILED])
    return system_letter(world, raw, OfServer(operator, submission_id), to=about.sender, at=at)


def deformed_at_need(world: World, raw: bytes, sender: str, recipients: Sequence[str]) -> bytes:
    """A letter that tells `sender` of a failure, made useless where a fault wants that."""
    if not recipients or not world.faults.at(Point.BOUNCE):
        return raw
    fault = world.faults.find(Point.BOUNCE, Facts(sender=sender, mailboxes=tuple(recipients)))
    return dsn_forms.deformed(raw, fault.rule) if fault else raw


def system_letter(world: World, raw: bytes, origin: OfServer, *, to: str, at: Micros) -> Letter:
    """A letter of an operator itself, with a null return path. It waits for a mailbox that accepts no mail for now."""
    envelope = Envelope("", (Addressee(to),))
    fields = [("Return-Path", "<>")] if world.settings.message.trace_headers else []
    return prepare(world, raw, parse(raw), envelope, origin, fields=fields, door=Door.SYSTEM, at=at)


def retry_deadline(world: World, submitted_at: Micros) -> Micros:
    """When deferred mail is given up."""
    return submitted_at + int(world.settings.queue.expires_after_seconds * SECOND)
