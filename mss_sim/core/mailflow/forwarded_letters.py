"""Letters that a mailbox passes on: a copy of what arrives, made and delivered in the transaction that delivers the letter.

What is forwarded is decided by `policy/automatic_mail`. The copy is a letter of the mailbox that forwards, for another operator takes only
what is from mailboxes of the operator that brings it, by return path and by From. So From is the mailbox, under the name of the author;
answers go to the author by Reply-To; what cannot be delivered comes back to the mailbox. Neither does the author need a right to
write to the target, nor do they get one. The copy asks for no receipt, and closes nothing.
"""

from collections.abc import Sequence
from typing import NamedTuple

from mss_sim.core.access import journal
from mss_sim.core.access.journal import Entry
from mss_sim.core.access.rights_in_force import Requester
from mss_sim.core.mailflow.letter import Addressee, Envelope, Letter, OfServer, RoutedLetter, prepare
from mss_sim.core.mailflow.out_of_office import arrival, lineage
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal
from mss_sim.mail import fields
from mss_sim.mail.addresses import AddressError
from mss_sim.mail.fields import CompositionError
from mss_sim.mail.headers import trace_length, without_fields, without_return_path
from mss_sim.mail.parse import MalformedMessage, parse
from mss_sim.policy.automatic_mail import not_forwarded
from mss_sim.store import folders, forwardings, mailboxes, messages
from mss_sim.store.engine import Connection
from mss_sim.store.forwardings import Forwarding
from mss_sim.store.mailboxes import DeliveryMailbox
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.mail import HEADER_MES, Silence
from mss_sim.vocabulary.mailboxes import Flag
from mss_sim.words.sentence import sentence_of

_REPLACED = ("From", "Sender", "Reply-To", "Message-ID", "In-Reply-To", "References")
_DROPPED = ("Return-Path", "Bcc", "Disposition-Notification-To", "Disposition-Notification-Options", HEADER_MES)
_SYSTEM = Requester(None, Door.SYSTEM)


class Copy(NamedTuple):
    """A letter to pass on: what arrived, where, by which setting, and the copy of it."""

    arrived: Letter
    mailbox: DeliveryMailbox
    forwarding: Forwarding
    made: Letter


def due(world: World, conn: Connection, stored: Sequence[RoutedLetter]) -> list[Copy]:
    """The copies to make of letters that were just delivered; what is held back for a loop is written down."""
    known = forwardings.of_mailboxes(conn, {mailbox.id for sorted_ in stored for _, mailbox, _ in sorted_.delivered})
    found = []
    for sorted_ in stored if known else ():
        for _, mailbox, _ in sorted_.delivered:
            forwarding = known.get(mailbox.id)
            if forwarding is None:
                continue
            why = not_forwarded(arrival(sorted_.letter, mailbox), forwarding.target, world.settings.forwarding.hops_max)
            if why is Silence.LOOP:
                _note_held(world, conn, sorted_.letter, forwarding, why.value)
            elif why is None:
                found += _copies(world, conn, sorted_.letter, mailbox, forwarding)
    return found


def _copies(world: World, conn: Connection, letter: Letter, mailbox: DeliveryMailbox, forwarding: Forwarding) -> list[Copy]:
    at = world.clock.now()
    try:
        raw = _written(world, letter, mailbox)
        parsed = parse(raw, world.parse_limits)
    except (AddressError, CompositionError, MalformedMessage) as error:  # its author has a name or an address that nobody can write
        _note_held(world, conn, letter, forwarding, world.translated(sentence_of(error)))
        return []
    envelope = Envelope(mailbox.address, (Addressee(forwarding.target),), return_full=True)
    trace = [("Return-Path", f"<{mailbox.address}>")] if world.settings.message.trace_headers else []
    made = prepare(world, raw, parsed, envelope, OfServer(mailbox.operator_id), fields=trace, door=Door.SYSTEM, at=at)
    return [Copy(letter, mailbox, forwarding, made)]


def _written(world: World, letter: Letter, mailbox: DeliveryMailbox) -> bytes:
    """The letter from the mailbox that forwards: the trace on top, then the fields that are replaced, then all that stays."""
    whole, author = without_return_path(letter.raw), letter.parsed.from_[0]
    top = trace_length(whole)
    answered, named = letter.parsed.reply_to or letter.parsed.from_, lineage(letter)
    header = [
        ("Delivered-To", fields.people([("", mailbox.address)])),
        ("From", fields.people([(author[0] or author[1], mailbox.address)], used=len("From: "))),
        ("Reply-To", fields.people(answered, used=len("Reply-To: "))),
        ("Message-ID", fields.text(world.ids.message_id(world.settings.hostname))),
        *([("References", fields.text(" ".join(named)))] if named else []),
    ]
    return whole[:top] + fields.block(header) + without_fields(whole[top:], (*_REPLACED, *_DROPPED))


def note(world: World, conn: Connection, one: Copy, outcome: object) -> None:
    """Write down what became of a copy; where none is to be kept, the letter leaves the mailbox once its copy has."""
    if isinstance(outcome, Refusal):
        _note_held(world, conn, one.arrived, one.forwarding, world.translated(outcome.detail))
        return
    if isinstance(outcome, Exception):
        raise outcome
    if not one.forwarding.keep:
        _take_out(conn, one.mailbox, one.arrived)
    detail = {"to": one.forwarding.target, "kept": one.forwarding.keep}
    journal.write(world, conn, _SYSTEM, [Entry(Act.FORWARDED, one.mailbox.id, detail, one.arrived.id)])


def _note_held(world: World, conn: Connection, letter: Letter, forwarding: Forwarding, why: str) -> None:
    detail = {"to": forwarding.target, "why": why}
    journal.write(world, conn, _SYSTEM, [Entry(Act.NOT_FORWARDED, forwarding.mailbox_id, detail, letter.id)])


def _take_out(conn: Connection, mailbox: DeliveryMailbox, letter: Letter) -> None:
    """Take the copies of a letter that has just arrived out of a mailbox, and give their room back."""
    for copy_id in messages.copies_of(conn, mailbox.id, letter.id):
        item = messages.one(conn, mailbox.id, copy_id, None)
        if item is None or Flag.SEEN in item.copy.flags:  # one that the mailbox sent to itself stays in Sent
            continue
        folder = folders.lock(conn, [item.copy.folder_id])[item.copy.folder_id]
        folder.leave(seen=False)
        messages.remove_copies(conn, [(copy_id, letter.id)])
        folders.save_counters(conn, [folder])
        mailboxes.add_usage(conn, mailbox.id, -item.message.size_bytes)
