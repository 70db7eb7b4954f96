"""Out-of-office answers: set by who manages a mailbox, given in the transaction that delivers the letter (ref: rfc3834).

Whom an answer is given is decided by `policy/automatic_mail`. It leaves with the null return path, as a letter of the operator: it is
itself never answered, gives a patient no right to answer and opens no conversation, but joins that of the letter.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from mss_sim.clock import DAY, Micros, iso
from mss_sim.core.access import gate, journal
from mss_sim.core.access.authentication import Actor
from mss_sim.core.access.identities import refuse_controls
from mss_sim.core.access.journal import Entry
from mss_sim.core.access.rights_in_force import Requester
from mss_sim.core.mailflow.delivery_reports import system_letter
from mss_sim.core.mailflow.letter import Letter, OfServer, RoutedLetter
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.mail.addresses import addresses_of
from mss_sim.mail.automatic import automatic_marks
from mss_sim.mail.compose import Draft, compose
from mss_sim.mail.fields import CompositionError
from mss_sim.policy.automatic_mail import Arrival, silence
from mss_sim.store import mailboxes, out_of_office
from mss_sim.store.engine import Connection
from mss_sim.store.mailboxes import DeliveryMailbox, Mailbox
from mss_sim.store.out_of_office import OutOfOffice
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.mail import AutoSubmitted
from mss_sim.vocabulary.mailboxes import MailboxKind, Right
from mss_sim.words.sentence import say

_SUBJECT_CHARS_MAX = 200
_REFERENCES_MAX, _ID_CHARS_MAX = 20, 500


@dataclass(frozen=True, slots=True)
class WantedAnswer:
    """An answer to give; `from_at` None: from now on, `until_at` None: for good, `days` None: as the setting says."""

    text: str
    subject: str = ""
    from_at: Micros | None = None
    until_at: Micros | None = None
    days: int | None = None


async def put(world: World, actor: Actor, address: str, wanted: WantedAnswer) -> OutOfOffice:
    """Let a mailbox answer so; a new answer is given anew to those who got the former one."""
    refuse_controls({"subject": wanted.subject})
    if not wanted.text.strip():
        raise Refusal(Rule.INVALID, say("An out-of-office answer needs a text."), subject="text", reference="quirks#automatic-mail")

    def unit(conn: Connection) -> OutOfOffice:
        held = gate.about(world, conn, actor, address, Right.MANAGE)
        refuse_patients(held.mailbox)
        now = world.clock.now()
        from_at = now if wanted.from_at is None else wanted.from_at
        if wanted.until_at is not None and wanted.until_at <= max(from_at, now):
            raise Refusal(
                Rule.INVALID,
                say("until has passed, or is not after from: nobody would be answered."),
                subject="until",
                reference="quirks#automatic-mail",
            )
        answer = OutOfOffice(held.mailbox.id, from_at, wanted.until_at, wanted.subject, wanted.text, wanted.days)
        out_of_office.put(conn, answer)
        detail = {"from": iso(from_at), "until": iso(wanted.until_at)}
        journal.write(world, conn, journal.by(actor), [journal.entry(held, Right.MANAGE, Act.OUT_OF_OFFICE_SET, detail)], at=now)
        return answer

    return await world.store.write(unit)


def refuse_patients(mailbox: Mailbox) -> None:
    """Refuse what a patient's mailbox does not do: patients write through Mon espace santé, which offers no such thing."""
    if mailbox.kind is MailboxKind.PATIENT:
        detail = say("A patient's mailbox neither answers nor forwards by itself.")
        raise Refusal(Rule.INVALID, detail, subject=mailbox.address, reference="quirks#automatic-mail")


async def get(world: World, actor: Actor, address: str) -> OutOfOffice | None:
    """What a mailbox answers; None when it answers nothing."""

    def query(conn: Connection) -> OutOfOffice | None:
        mailbox = gate.about(world, conn, actor, address, Right.MANAGE).mailbox
        return out_of_office.of_mailboxes(conn, [mailbox.id]).get(mailbox.id)

    return await world.store.read_briefly(query)


async def remove(world: World, actor: Actor, address: str) -> None:
    """Let a mailbox answer no more, if it did."""

    def unit(conn: Connection) -> None:
        held = gate.about(world, conn, actor, address, Right.MANAGE)
        if out_of_office.remove(conn, held.mailbox.id):
            journal.write(world, conn, journal.by(actor), [journal.entry(held, Right.MANAGE, Act.OUT_OF_OFFICE_REMOVED, {})])

    await world.store.write(unit)


def arrival(letter: Letter, mailbox: DeliveryMailbox) -> Arrival:
    """A letter as the tables of automatic mail see it."""
    parsed, marks = letter.parsed, automatic_marks(letter.parsed.headers)
    return Arrival(
        mailbox=mailbox.address,
        sender=letter.envelope.sender,
        named=frozenset(addresses_of((*parsed.to, *parsed.cc))),
        is_report=parsed.is_report,
        automatic=marks.automatic,
        bulk=marks.bulk,
        passed=marks.passed,
        hops=marks.hops,
    )


def answers(world: World, conn: Connection, stored: Sequence[RoutedLetter]) -> list[Letter]:
    """The answers due to letters that were just delivered; each is remembered and written down."""
    reached = {mailbox.id for sorted_ in stored for _, mailbox, _ in sorted_.delivered}
    known = out_of_office.of_mailboxes(conn, reached)
    if not known:
        return []
    found = []
    for sorted_ in stored:
        for _, mailbox, _ in sorted_.delivered:
            answer = known.get(mailbox.id)
            if answer is not None and answer.holds_at(sorted_.letter.at):
                found += _answers_to(world, conn, sorted_.letter, mailbox, answer)
    return found


def _answers_to(world: World, conn: Connection, letter: Letter, mailbox: DeliveryMailbox, answer: OutOfOffice) -> list[Letter]:
    at, sender = world.clock.now(), letter.envelope.sender
    days = answer.days or world.settings.out_of_office.days
    if silence(arrival(letter, mailbox), out_of_office.answered_at(conn, mailbox.id, sender), at, days) is not None:
        return []
    try:
        raw = _written(world, conn, letter, mailbox, answer)
    except CompositionError:  # the letter has an address or an id that nobody can write
        return []
    made = system_letter(world, raw, OfServer(mailbox.operator_id), to=sender, at=at)
    out_of_office.note_answer(conn, mailbox.id, sender, at, at - days * DAY)
    told = Entry(Act.AUTO_REPLIED, mailbox.id, {"to": sender, "of": letter.row.rfc_message_id}, letter.id)
    journal.write(world, conn, Requester(None, Door.SYSTEM), [told], at=at)
    return [made]


def lineage(letter: Letter) -> list[str]:
    """The letters before one and itself, as an answer refers to them (ref: rfc5322#3.6.4); ids of an absurd length are left out."""
    ids = (*letter.parsed.references[-_REFERENCES_MAX:], letter.parsed.message_id)
    return [id_ for id_ in ids if id_ and len(id_) <= _ID_CHARS_MAX]


def _written(world: World, conn: Connection, letter: Letter, mailbox: DeliveryMailbox, answer: OutOfOffice) -> bytes:
    """The answer as the table of RFC 3834 has it: what it answers, and that a machine wrote it (ref: rfc3834#3.1)."""
    parsed, box = letter.parsed, mailboxes.by_id(conn, mailbox.id)
    subject = answer.subject or world.translated(say("Automatic reply: {subject}", subject=parsed.subject[:_SUBJECT_CHARS_MAX]))
    named = lineage(letter)
    draft = Draft(
        from_=(box.label if box else "", mailbox.address),
        to=[("", letter.envelope.sender)],
        subject=subject,
        text=answer.text,
        in_reply_to=next(iter(named[-1:]), None),
        references=named,
        headers={"Auto-Submitted": AutoSubmitted.REPLIED.value},
    )
    return compose(draft, message_id=world.ids.message_id(world.settings.hostname), at=world.clock.now())
