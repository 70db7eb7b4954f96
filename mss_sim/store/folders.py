"""Folders: names, special uses and the counters that number messages."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, literal_column, or_, select, update

from mss_sim.models.tables import copies, folders, mailboxes
from mss_sim.store.compiled import Hot, HotQuery, HotSelect
from mss_sim.store.engine import RIGHTS_CHANGED, announce, have_followed
from mss_sim.vocabulary.mailboxes import FOLDER_SEPARATOR, Flag, SpecialUse

_COLUMNS = tuple(folders.c)


@dataclass(slots=True)
class Folder:
    """One folder and its counters, which are changed in place, then written back by `save_counters`.

    `carer_view_id`: the folder in which carers see this one; `followed_modseq`: of such a folder, how far it has followed.
    """

    id: int
    mailbox_id: int
    name: str
    special_use: SpecialUse | None
    uid_validity: int
    uid_next: int
    modseq: int
    exists_count: int
    unseen_count: int
    carer_view_id: int | None = None
    followed_modseq: int = 0

    def enter(self, flags: Flag) -> tuple[int, int]:
        """Count a copy that comes in; its UID, never used before in this folder (ref: rfc9051#2.3.1.1), and its modification sequence."""
        self.exists_count += 1
        self.unseen_count += not flags & Flag.SEEN
        self.uid_next += 1
        return self.uid_next - 1, self.step()

    def leave(self, *, seen: bool) -> None:
        """Count a copy that goes."""
        self.exists_count -= 1
        self.unseen_count -= not seen
        self.step()

    def mark(self, was: Flag, now: Flag) -> int:
        """Count a copy whose flags change; its modification sequence."""
        self.unseen_count += bool(was & Flag.SEEN) - bool(now & Flag.SEEN)
        return self.step()

    def step(self) -> int:
        """A new, higher modification sequence (ref: rfc7162#3.1)."""
        self.modseq += 1
        return self.modseq


def _folder(row: Row[Any] | tuple[Any, ...]) -> Folder:
    id_, mailbox_id, name, special_use, *counters = list(row)
    return Folder(id_, mailbox_id, name, SpecialUse(special_use) if special_use else None, *counters)


def add(conn: Connection, folder: Folder) -> None:
    """Store a new folder; IntegrityError when the mailbox has one with that name."""
    values = {column.name: getattr(folder, column.name) for column in _COLUMNS}
    conn.execute(insert(folders).values({**values, "special_use": folder.special_use.value if folder.special_use else None}))


def of_mailbox(conn: Connection, mailbox_id: int) -> list[Folder]:
    """The folders of a mailbox by name, INBOX first."""
    return sorted(map(_folder, _OF_MAILBOX.rows(conn, mailbox=mailbox_id)), key=_inbox_first)


_OF_MAILBOX = HotQuery(select(*_COLUMNS).where(folders.c.mailbox_id == bindparam("mailbox")))


def names_in(conn: Connection, mailbox_id: int) -> dict[int, str]:
    """The names of the folders of a mailbox, by id."""
    return dict(_NAMES_IN.rows(conn, mailbox=mailbox_id))


_NAMES_IN = HotQuery(select(folders.c.id, folders.c.name).where(folders.c.mailbox_id == bindparam("mailbox")).order_by(folders.c.id))


def of_mailboxes(conn: Connection, mailbox_ids: Collection[int]) -> dict[int, list[Folder]]:
    """The same for several mailboxes at once, by mailbox."""
    found: dict[int, list[Folder]] = {}
    for folder in map(_folder, _OF_MAILBOXES.rows(conn, "mailboxes", sorted(mailbox_ids))):
        found.setdefault(folder.mailbox_id, []).append(folder)
    return {id_: sorted(rows, key=_inbox_first) for id_, rows in found.items()}


_OF_MAILBOXES = HotSelect(select(*_COLUMNS).where(folders.c.mailbox_id.in_(bindparam("mailboxes", expanding=True))))


def _inbox_first(folder: Folder) -> tuple[bool, str]:
    return folder.name != "INBOX", folder.name


def count(conn: Connection, mailbox_id: int) -> int:
    """How many folders a mailbox has, the special ones included."""
    number: int = conn.execute(select(func.count()).where(folders.c.mailbox_id == mailbox_id)).scalar_one()
    return number


def by_id(conn: Connection, mailbox_id: int, folder_id: int) -> Folder | None:
    """The folder of that mailbox with that id."""
    rows = _BY_ID.rows(conn, mailbox=mailbox_id, folder=folder_id)
    return _folder(rows[0]) if rows else None


_BY_ID = HotQuery(select(*_COLUMNS).where(folders.c.mailbox_id == bindparam("mailbox"), folders.c.id == bindparam("folder")))


def by_name(conn: Connection, mailbox_id: int, name: str) -> Folder | None:
    """The folder of that mailbox with that exact name; INBOX in any case (ref: rfc9051#5.1)."""
    wanted = "INBOX" if name.upper() == "INBOX" else name
    rows = _BY_NAME.rows(conn, mailbox=mailbox_id, name=wanted)
    return _folder(rows[0]) if rows else None


_BY_NAME = HotQuery(select(*_COLUMNS).where(folders.c.mailbox_id == bindparam("mailbox"), folders.c.name == bindparam("name")))


def _by_uses(*uses: SpecialUse) -> HotSelect:
    among = folders.c.special_use.in_([literal_column(f"'{use.value}'") for use in uses])
    query = select(*_COLUMNS).where(folders.c.mailbox_id.in_(bindparam("mailboxes", expanding=True)), among)
    return HotSelect(query, query.order_by(folders.c.id).with_for_update())


_INBOXES = _by_uses(SpecialUse.INBOX)
_INBOXES_AND_SENT = _by_uses(SpecialUse.INBOX, SpecialUse.SENT)


def for_delivery(conn: Connection, mailbox_ids: Collection[int], *, sent: bool) -> dict[tuple[int, SpecialUse], Folder]:
    """The INBOX, and Sent when requested, of these mailboxes, by (mailbox, use), their rows locked until the commit."""
    rows = (_INBOXES_AND_SENT if sent else _INBOXES).rows(conn, "mailboxes", sorted(mailbox_ids))
    found = {}
    for folder in map(_folder, rows):
        if folder.special_use:
            found[folder.mailbox_id, folder.special_use] = folder
    return found


def lock(conn: Connection, folder_ids: Collection[int]) -> dict[int, Folder]:
    """These folders with their counters as they are now, locked until the commit."""
    rows = _BY_IDS.rows(conn, "ids", sorted(folder_ids))
    return {folder.id: folder for folder in map(_folder, rows)}


_THESE = select(*_COLUMNS).where(folders.c.id.in_(bindparam("ids", expanding=True))).order_by(folders.c.id)
_BY_IDS = HotSelect(_THESE, _THESE.with_for_update())


_KEEP = Hot(
    update(folders)
    .where(folders.c.id == bindparam("f_id"))
    .values(
        uid_next=bindparam("f_next"), modseq=bindparam("f_modseq"), exists_count=bindparam("f_exists"), unseen_count=bindparam("f_unseen")
    )
)


def save_counters(conn: Connection, changed: Collection[Folder]) -> None:
    """Write the counters back."""
    rows = [
        {"f_id": f.id, "f_next": f.uid_next, "f_modseq": f.modseq, "f_exists": f.exists_count, "f_unseen": f.unseen_count} for f in changed
    ]
    _KEEP.run(conn, rows)
    announce(conn, *(f.id for f in changed))
    seen_by_carers = [f.id for f in changed if f.carer_view_id is not None]
    if seen_by_carers:
        have_followed(conn, seen_by_carers)


def show_to_carers(conn: Connection, folder_id: int, view_folder_id: int) -> None:
    """Have carers see a folder as another one, of their view."""
    conn.execute(update(folders).where(folders.c.id == folder_id).values(carer_view_id=view_folder_id))


def note_followed(conn: Connection, view_folder_id: int, modseq: int) -> None:
    """Note how far a folder of a view has followed the one that it shows."""
    conn.execute(update(folders).where(folders.c.id == view_folder_id).values(followed_modseq=modseq))


def below(conn: Connection, mailbox_id: int, name: str) -> list[Folder]:
    """The folders inside the folder called `name`, at any depth."""
    start = name + FOLDER_SEPARATOR
    return [folder for folder in of_mailbox(conn, mailbox_id) if folder.name.startswith(start)]


def rename(conn: Connection, folder_id: int, name: str) -> None:
    """Give a folder another name, as carers see it too; UIDs and UIDVALIDITY stay (ref: rfc9051#6.3.6)."""
    view = select(folders.c.carer_view_id).where(folders.c.id == folder_id).scalar_subquery()
    conn.execute(update(folders).where(or_(folders.c.id == folder_id, folders.c.id == view)).values(name=name))


def renew_uid_validity(conn: Connection, folder_id: int, uid_validity: int) -> None:
    """Give a folder another UIDVALIDITY: what clients know of its UIDs is void (ref: rfc9051#2.3.1.1)."""
    conn.execute(update(folders).where(folders.c.id == folder_id).values(uid_validity=uid_validity))
    announce(conn, folder_id)


def highest_uid_validity(conn: Connection) -> int:
    """The highest UIDVALIDITY that any folder of any mailbox ever had; 0 in an empty world."""
    return conn.execute(select(func.max(mailboxes.c.uid_validity_last))).scalar() or 0


def renew_uid_validities(conn: Connection, uid_validity: int) -> None:
    """Give every folder that UIDVALIDITY: what mail programs know of its UIDs is of another past (ref: rfc9051#2.3.1.1)."""
    conn.execute(update(folders).values(uid_validity=uid_validity))
    conn.execute(update(mailboxes).values(uid_validity_last=uid_validity))
    announce(conn, RIGHTS_CHANGED)


def remove(conn: Connection, folder_id: int) -> None:
    """Delete a folder and the copies in it."""
    conn.execute(delete(folders).where(folders.c.id == folder_id))
    announce(conn, folder_id)


def holds_copies(conn: Connection, folder_id: int) -> bool:
    """Whether any copy is in the folder."""
    query = select(copies.c.id).where(copies.c.folder_id == folder_id).limit(1)
    return conn.execute(query).first() is not None
