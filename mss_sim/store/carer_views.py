"""What carers see of a patient's mailbox: a view, which is a mailbox of its own that no address names, with copies of what is not masked.

A view has folders, UIDs, modification sequences, counters and ids of copies of its own, so that all that reads a mailbox reads a view just
as well, and nothing in it (no gap in the UIDs, no jump of a counter, no id that answers differently) tells of what was left out.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, exists, insert, select, update

from mss_sim.clock import Micros
from mss_sim.models.patients import carer_copies, masked_messages
from mss_sim.models.tables import copies, mailboxes, messages
from mss_sim.store.folders import Folder
from mss_sim.store.mailboxes import Mailbox
from mss_sim.vocabulary.mailboxes import Flag

_AT_ONCE = 500


class SourceCopy(NamedTuple):
    """A copy in the patient's mailbox, as its view needs it."""

    id: int
    folder_id: int
    message_id: int
    flags: Flag
    keywords: str
    internal_at: Micros
    size_bytes: int


class ViewCopy(NamedTuple):
    """A copy in the view, with the copy that it follows."""

    id: int
    folder_id: int
    source_id: int
    message_id: int
    flags: Flag
    keywords: str
    size_bytes: int


def add(conn: Connection, mailbox: Mailbox, view_id: int, uid_validity: int) -> None:
    """Make the view of a patient's mailbox, without folders."""
    values = {column.name: getattr(mailbox, column.name) for column in mailboxes.c}
    own = {"id": view_id, "address": f"carers of {mailbox.id}", "used_bytes": 0, "uid_validity_last": uid_validity}
    conn.execute(insert(mailboxes).values({**values, **own, "carer_view_of": mailbox.id}))
    conn.execute(update(mailboxes).where(mailboxes.c.id == mailbox.id).values(carer_view_id=view_id))


def use(conn: Connection, mailbox_id: int, bytes_more: int) -> None:
    """Add to what lies in the view of a mailbox, in both places where it is kept."""
    if bytes_more:
        kept = mailboxes.c.carer_view_bytes + bytes_more
        conn.execute(update(mailboxes).where(mailboxes.c.id == mailbox_id).values(carer_view_bytes=kept))
        used = mailboxes.c.used_bytes + bytes_more
        conn.execute(update(mailboxes).where(mailboxes.c.carer_view_of == mailbox_id).values(used_bytes=used))


_SOURCE = select(
    copies.c.id, copies.c.folder_id, copies.c.message_id, copies.c.flags, copies.c.keywords, copies.c.internal_at, messages.c.size_bytes
).join(messages, messages.c.id == copies.c.message_id)
_VIEW = (
    select(
        copies.c.id,
        copies.c.folder_id,
        carer_copies.c.source_id,
        copies.c.message_id,
        copies.c.flags,
        copies.c.keywords,
        messages.c.size_bytes,
    )
    .join(carer_copies, carer_copies.c.copy_id == copies.c.id)
    .join(messages, messages.c.id == copies.c.message_id)
)


def changed(conn: Connection, folder_id: int, modseq: int) -> list[SourceCopy]:
    """The copies of a patient's folder that changed after that modification sequence, in the order in which they did."""
    query = _SOURCE.where(copies.c.folder_id == folder_id, copies.c.modseq > modseq).order_by(copies.c.modseq)
    return [SourceCopy(*row[:3], Flag(row[3]), *row[4:]) for row in conn.execute(query)]


def following(conn: Connection, source_ids: Sequence[int]) -> dict[int, ViewCopy]:
    """The copies of the view that follow these, by the id of the one that is followed."""
    found = {}
    for start in range(0, len(source_ids), _AT_ONCE):
        rows = conn.execute(_VIEW.where(carer_copies.c.source_id.in_(source_ids[start : start + _AT_ONCE])))
        found.update({row[2]: ViewCopy(*row[:4], Flag(row[4]), *row[5:]) for row in rows})
    return found


def astray(conn: Connection, mailbox_id: int, folder: Folder) -> list[ViewCopy]:
    """The copies in the view of a folder that follow nothing there any more, or a letter that is hidden."""
    source = copies.alias()
    there = exists().where(source.c.id == carer_copies.c.source_id, source.c.folder_id == folder.id)
    masked = exists().where(masked_messages.c.mailbox_id == mailbox_id, masked_messages.c.message_id == copies.c.message_id)
    rows = conn.execute(_VIEW.where(copies.c.folder_id == folder.carer_view_id, masked | ~there).order_by(copies.c.uid))
    return [ViewCopy(*row[:4], Flag(row[4]), *row[5:]) for row in rows]


def follow(conn: Connection, pairs: Sequence[tuple[int, int]]) -> None:
    """Note which copies follow which: (copy of the view, copy that it follows)."""
    if pairs:
        conn.execute(insert(carer_copies), [{"copy_id": copy_id, "source_id": source_id} for copy_id, source_id in pairs])


def seen_as(conn: Connection, source_id: int) -> int | None:
    """The copy in the view that follows a copy; None when carers do not see it."""
    return conn.execute(select(carer_copies.c.copy_id).where(carer_copies.c.source_id == source_id)).scalar()


def sources(conn: Connection, copy_ids: Collection[int]) -> dict[int, int]:
    """The copies that these copies of a view follow."""
    query = select(carer_copies.c.copy_id, carer_copies.c.source_id).where(carer_copies.c.copy_id.in_(list(copy_ids)))
    return {row.copy_id: row.source_id for row in conn.execute(query)}


def lies_in(conn: Connection, view_id: int, message_ids: Collection[int]) -> set[int]:
    """Those of these letters that lie in a view."""
    query = select(copies.c.message_id).where((copies.c.mailbox_id + 0) == view_id, copies.c.message_id.in_(list(message_ids)))
    return set(conn.execute(query.distinct()).scalars())
