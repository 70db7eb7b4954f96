"""UIDs and marks of folders kept in memory between two requests, as compactly as Dovecot keeps its index files.

What is kept is used only when the folder's own row, read in the same transaction, says that it is still so: a set of UIDs is named by
the next UID and the number of copies, since UIDs only grow and a copy that goes makes the number smaller; marks by the modification
sequence, which every change of a copy raises (ref: rfc7162#3.1). Of what changed since, only that is read. A folder that never lost a
copy holds every UID below the next, and needs no reading at all.

Used by several reading threads at once: what is kept is never changed, only replaced.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
from threading import Lock
from typing import NamedTuple

from sqlalchemy import Connection

from mss_sim.ranges import Range
from mss_sim.store import folder_view
from mss_sim.store.folder_view import MarkRow
from mss_sim.store.folders import Folder

_COPIES_MAX = 4_000_000  # 16 bytes each at most
_SMALL_SHARE = 8  # a request for less than this share of a folder is read by itself where nothing is kept

Uids = Sequence[int]
"""Ascending UIDs: a range where none is missing, else an array of 32 bits."""


def extended(uids: Uids, arrived: Sequence[int]) -> Uids:
    """The UIDs with higher ones that arrived; a range stays one as long as none is missing."""
    if not arrived:
        return uids
    if isinstance(uids, range) and list(arrived) == list(range(uids.stop, uids.stop + len(arrived))):
        return range(uids.start, uids.stop + len(arrived))
    longer = array("I", uids)
    longer.extend(arrived)
    return longer


class Mark(NamedTuple):
    """What is set on a copy: its flags, which hold the shared \\Seen, its keywords, and whether the reader has seen it."""

    flags: int
    keywords: str
    seen: bool


@dataclass(frozen=True, slots=True)
class Marks:
    """The marks of copies: `kinds` are all that occur, `of` says for each UID which of them it has, `modseqs` when that changed."""

    uids: Uids
    kinds: tuple[Mark, ...]
    of: Sequence[int]
    modseqs: Sequence[int]

    def within(self, ranges: Sequence[Range]) -> "Marks":
        """Those in these ranges of UIDs."""
        spans = [slice(bisect_left(self.uids, low), bisect_right(self.uids, high)) for low, high in ranges]
        if len(spans) == 1:
            return Marks(self.uids[spans[0]], self.kinds, self.of[spans[0]], self.modseqs[spans[0]])
        uids, of, modseqs = array("I"), array("I"), array("Q")
        for span in spans:
            for whole, part in ((self.uids, uids), (self.of, of), (self.modseqs, modseqs)):
                part.extend(whole[span])
        return Marks(uids, self.kinds, of, modseqs)

    def having(self, flag: int) -> set[int]:
        """The UIDs of the copies that have a flag, other than \\Seen."""
        return self._of_kinds([bool(kind.flags & flag) for kind in self.kinds])

    def seen(self) -> set[int]:
        """The UIDs of the copies that the reader has seen."""
        return self._of_kinds([kind.seen for kind in self.kinds])

    def first_unseen(self) -> int:
        """The lowest UID that the reader has not seen; 0 when they have seen all."""
        unseen = [not kind.seen for kind in self.kinds]
        return next(compress(self.uids, map(unseen.__getitem__, self.of)), 0)

    def _of_kinds(self, wanted: Sequence[bool]) -> set[int]:
        if not any(wanted):
            return set()
        return set(compress(self.uids, map(wanted.__getitem__, self.of)))


@dataclass(frozen=True, slots=True)
class _KnownUids:
    uid_next: int
    uids: Uids


@dataclass(frozen=True, slots=True)
class _KnownMarks:
    modseq: int
    marks: Marks


class FolderIndexes:
    """The UIDs and marks of the folders of one store that were asked for last."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: OrderedDict[tuple[int, str | int | None], _KnownUids | _KnownMarks] = OrderedDict()
        self._size = 0

    def uids(self, conn: Connection, folder: Folder) -> Uids:
        """Every UID of a folder as it is in this transaction."""
        if folder.exists_count == folder.uid_next - 1:
            return range(1, folder.uid_next)
        known = self._known(folder.id, "uids")
        if isinstance(known, _KnownUids) and known.uid_next <= folder.uid_next:
            arrived = folder_view.uids(conn, folder.id, known.uid_next, folder.uid_next - 1) if known.uid_next < folder.uid_next else []
            if len(known.uids) + len(arrived) == folder.exists_count:
                found = extended(known.uids, arrived)
                if arrived:
                    self._keep(folder.id, "uids", _KnownUids(folder.uid_next, found), len(found))
                return found
        found = array("I", folder_view.uids(conn, folder.id, 1, folder.uid_next - 1))
        if len(found) == folder.exists_count:  # otherwise some went since the folder was read, which PostgreSQL allows
            self._keep(folder.id, "uids", _KnownUids(folder.uid_next, found), len(found))
        return found

    def marks(self, conn: Connection, folder: Folder, reader: int | None, ranges: Sequence[Range] | None = None) -> Marks:
        """The marks of the copies in these ranges of UIDs (None: all), as the reader sees them in this transaction."""
        known = self._known(folder.id, reader)
        current = isinstance(known, _KnownMarks) and known.modseq == folder.modseq
        if ranges is not None and not current and sum(high - low + 1 for low, high in ranges) * _SMALL_SHARE < folder.exists_count:
            return _marks([row for low, high in ranges for row in folder_view.marks(conn, folder.id, reader, (low, high))])
        if isinstance(known, _KnownMarks):
            marks = known.marks if current else self._brought_up(conn, folder, reader, known)
        else:
            marks = self._read(conn, folder, reader)
        return marks if ranges is None else marks.within(ranges)

    def known_marks(self, folder: Folder, reader: int | None) -> Marks | None:
        """The same for the whole folder, only where they are known without reading."""
        known = self._known(folder.id, reader)
        return known.marks if isinstance(known, _KnownMarks) and known.modseq == folder.modseq else None

    def forget(self) -> None:
        """The world is a new one."""
        with self._lock:
            self._kept.clear()
            self._size = 0

    def _read(self, conn: Connection, folder: Folder, reader: int | None) -> Marks:
        marks = _marks(folder_view.marks(conn, folder.id, reader, (1, folder.uid_next - 1)))
        if len(marks.uids) == folder.exists_count:
            if folder.exists_count == folder.uid_next - 1:
                marks = Marks(range(1, folder.uid_next), marks.kinds, marks.of, marks.modseqs)
            self._keep(folder.id, reader, _KnownMarks(folder.modseq, marks), len(marks.uids))
        return marks

    def _brought_up(self, conn: Connection, folder: Folder, reader: int | None, known: _KnownMarks) -> Marks:
        """What is known with the changes since; read anew when copies are gone."""
        before, uids = known.marks, self.uids(conn, folder)
        kept = len(before.uids)
        last = before.uids[-1] if kept else 0
        if kept > len(uids) or (kept and uids[kept - 1] != last) or len(uids) != folder.exists_count:
            return self._read(conn, folder, reader)
        kinds = {kind: at for at, kind in enumerate(before.kinds)}
        of, modseqs = array("I", before.of), array("Q", before.modseqs)
        arrived = folder_view.marks(conn, folder.id, reader, (last + 1, folder.uid_next - 1)) if len(uids) > kept else []
        for _, flags, keywords, modseq, seen in arrived:
            of.append(kinds.setdefault(Mark(flags, keywords, bool(seen)), len(kinds)))
            modseqs.append(modseq)
        if len(of) != len(uids):
            return self._read(conn, folder, reader)
        if folder.modseq != known.modseq + len(arrived):
            for uid, flags, keywords, modseq, seen in folder_view.marks(conn, folder.id, reader, (1, last), known.modseq):
                at = bisect_left(uids, uid)
                of[at], modseqs[at] = kinds.setdefault(Mark(flags, keywords, bool(seen)), len(kinds)), modseq
        marks = Marks(uids, tuple(kinds), of, modseqs)
        self._keep(folder.id, reader, _KnownMarks(folder.modseq, marks), len(uids))
        return marks

    def _known(self, folder_id: int, what: str | int | None) -> _KnownUids | _KnownMarks | None:
        with self._lock:
            known = self._kept.get((folder_id, what))
            if known is not None:
                self._kept.move_to_end((folder_id, what))
            return known

    def _keep(self, folder_id: int, what: str | int | None, known: _KnownUids | _KnownMarks, size: int) -> None:
        with self._lock:
            before = self._kept.pop((folder_id, what), None)
            self._size += size - (_size(before) if before else 0)
            self._kept[folder_id, what] = known
            while self._size > _COPIES_MAX and len(self._kept) > 1:
                self._size -= _size(self._kept.popitem(last=False)[1])


def _size(known: _KnownUids | _KnownMarks) -> int:
    return len(known.uids if isinstance(known, _KnownUids) else known.marks.uids)


def _marks(rows: Sequence[MarkRow]) -> Marks:
    if not rows:
        return Marks(array("I"), (), array("I"), array("Q"))
    uids, flags, keywords, modseqs, seen = zip(*rows, strict=True)
    looks = list(zip(flags, keywords, seen, strict=True))
    kinds = {look: at for at, look in enumerate(dict.fromkeys(looks))}
    return Marks(
        array("I", uids),
        tuple(Mark(flag, words, bool(is_seen)) for flag, words, is_seen in kinds),
        array("I", map(kinds.__getitem__, looks)),
        array("Q", modseqs),
    )
