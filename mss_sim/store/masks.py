"""What patients mask from carers, and which letters that hides: the table `masked_messages` holds the outcome, which others only read."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, and_, delete, func, insert, select, union

from mss_sim.clock import Micros
from mss_sim.models.patients import masked_messages, masks
from mss_sim.models.tables import answer_rights, copies, messages, recipients, submissions, timeline
from mss_sim.vocabulary.mailboxes import MaskKind

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Mask:
    """One mask. `target`: the id of a letter, an address in lower case, or the digest of a document; `label` names it for the patient."""

    id: int
    mailbox_id: int
    kind: MaskKind
    target: str
    label: str
    masked_at: Micros


def of_mailbox(conn: Connection, mailbox_id: int) -> list[Mask]:
    """The masks of a patient's mailbox, the oldest first."""
    rows = conn.execute(select(*masks.c).where(masks.c.mailbox_id == mailbox_id).order_by(masks.c.id))
    return [Mask(row.id, row.mailbox_id, MaskKind(row.kind), row.target, row.label, row.masked_at) for row in rows]


def add(conn: Connection, mask: Mask) -> None:
    """Store a mask; IntegrityError when it is there."""
    values = {"id": mask.id, "mailbox_id": mask.mailbox_id, "target": mask.target, "label": mask.label, "masked_at": mask.masked_at}
    conn.execute(insert(masks).values(**values, kind=mask.kind.value))


def remove(conn: Connection, mask_id: int) -> None:
    """Delete a mask."""
    conn.execute(delete(masks).where(masks.c.id == mask_id))


def hidden(conn: Connection, mailbox_id: int) -> frozenset[int]:
    """Every letter that the masks of a mailbox hide, those that were deleted since included."""
    return frozenset(conn.execute(select(masked_messages.c.message_id).where(masked_messages.c.mailbox_id == mailbox_id)).scalars())


def hide(conn: Connection, mailbox_id: int, message_ids: Collection[int]) -> None:
    """Hide letters that are shown."""
    if message_ids:
        conn.execute(insert(masked_messages), [{"mailbox_id": mailbox_id, "message_id": id_} for id_ in sorted(message_ids)])


def show(conn: Connection, mailbox_id: int, message_ids: Collection[int]) -> None:
    """Show letters that are hidden."""
    listed = sorted(message_ids)
    for start in range(0, len(listed), _AT_ONCE):
        these = masked_messages.c.message_id.in_(listed[start : start + _AT_ONCE])
        conn.execute(delete(masked_messages).where(masked_messages.c.mailbox_id == mailbox_id, these))


def hidden_in_folder(conn: Connection, mailbox_id: int, folder_id: int) -> int:
    """How many copies in a folder are of hidden letters."""
    query = select(func.count()).select_from(masked_messages).join(copies, copies.c.message_id == masked_messages.c.message_id)
    number: int = conn.execute(query.where(masked_messages.c.mailbox_id == mailbox_id, copies.c.folder_id == folder_id)).scalar_one()
    return number


def concerned(conn: Connection, mailbox_id: int) -> set[int]:
    """Every letter of a patient's mailbox that a mask may match: lying there, sent from there, or that gave a right to answer."""
    lying = select(copies.c.message_id).where(copies.c.mailbox_id == mailbox_id)
    sent = select(submissions.c.message_id).where(submissions.c.mailbox_id == mailbox_id)
    invited = select(answer_rights.c.message_id).where(answer_rights.c.patient_mailbox_id == mailbox_id)
    return set(conn.execute(union(lying, sent, invited)).scalars())


def as_submitted(conn: Connection, mailbox_id: int, message_ids: Collection[int]) -> set[int]:
    """Of letters that came over the wire, those that their senders here kept: rights to answer are given by them."""
    arrived, found = messages.alias(), set[int]()
    listed = sorted(message_ids)
    for start in range(0, len(listed), _AT_ONCE):
        query = (
            select(answer_rights.c.message_id)
            .join(messages, messages.c.id == answer_rights.c.message_id)
            .join(arrived, and_(arrived.c.rfc_message_id == messages.c.rfc_message_id, arrived.c.thread_id == messages.c.thread_id))
            .where(answer_rights.c.patient_mailbox_id == mailbox_id, arrived.c.id.in_(listed[start : start + _AT_ONCE]))
        )
        found.update(conn.execute(query).scalars())
    return found


class Matchable(NamedTuple):
    """What is stored of a letter that a mask may match. `reported`: (letter, recipient) that it reports on. `summary` is JSON text."""

    message_id: int
    return_path: str | None
    summary: str
    has_attachments: bool
    sent_to: list[str]
    reported: list[tuple[int, str]]


def matchable(conn: Connection, mailbox_id: int, message_ids: Collection[int]) -> list[Matchable]:
    """The same for several letters, in the order of their ids; envelopes count where the mailbox sent the letter."""
    found: list[Matchable] = []
    listed = sorted(message_ids)
    for start in range(0, len(listed), _AT_ONCE):
        piece = listed[start : start + _AT_ONCE]
        sent: dict[int, list[str]] = {}
        query = select(submissions.c.message_id, recipients.c.address).join(recipients, recipients.c.submission_id == submissions.c.id)
        for id_, address in conn.execute(query.where(submissions.c.message_id.in_(piece), submissions.c.mailbox_id == mailbox_id)):
            sent.setdefault(id_, []).append(address)
        reported: dict[int, list[tuple[int, str]]] = {}
        query_ = select(timeline.c.report_id, submissions.c.message_id, recipients.c.address)
        query_ = query_.join(recipients, recipients.c.id == timeline.c.recipient_id)
        query_ = query_.join(submissions, submissions.c.id == recipients.c.submission_id)
        for report_id, id_, address in conn.execute(query_.where(timeline.c.report_id.in_(piece))):
            reported.setdefault(report_id, []).append((id_, address))
        columns = (messages.c.id, messages.c.return_path, messages.c.summary, messages.c.has_attachments)
        rows = conn.execute(select(*columns).where(messages.c.id.in_(piece)).order_by(messages.c.id))
        found += [Matchable(*row[:3], bool(row[3]), sent.get(row[0], []), reported.get(row[0], [])) for row in rows]
    return found
