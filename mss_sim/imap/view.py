"""The folder that a client has open, as the client knows it: sequence numbers, UIDs, what was reported to it. No socket, no store.

The view follows the store only when changes may be reported (ref: rfc9051#7.5.1): `responses_since` turns a poll of the store into the
responses that bring the client up to date, in order, each change once.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence

from mss_sim.core.mailbox.selected_folder import FolderChanges, FolderRef, FolderState, Opening, SelectedFolder
from mss_sim.core.world.store_types import Uids, extended
from mss_sim.imap.grammar.responses import flag_list, sequence_set
from mss_sim.imap.grammar.wire import Bad, SequenceSet
from mss_sim.words.sentence import say

Span = tuple[int, int]


class View:
    """One client's view of one folder; `examined` when it was opened read-only, so that nothing counts as read."""

    def __init__(self, name: str, place: FolderRef, opening: Opening, *, read_only: bool, examined: bool = False) -> None:
        folder = opening.selected.folder
        self.name = name
        self.place = place
        self.read_only = read_only
        self.examined = examined
        self.selected: SelectedFolder = opening.selected
        self.uids: Uids = opening.uids  # shared with other sessions: replaced, never changed
        self.known = FolderState(folder.exists_count, folder.uid_next, folder.modseq)
        self.saved: list[int] = []
        self._own: dict[int, int] = {}
        self._recent: tuple[list[int], list[int]] = [], []  # where ranges of UIDs begin, and before which UID each ends

    def __len__(self) -> int:
        return len(self.uids)

    def number(self, uid: int, start: int = 0) -> int | None:
        """The sequence number of a UID, searched from index `start`; None when the client does not know it."""
        at = bisect_left(self.uids, uid, start)
        return at + 1 if at < len(self.uids) and self.uids[at] == uid else None

    def numbers(self, uids: Sequence[int]) -> list[int]:
        """The sequence numbers of ascending UIDs; those that the client does not know are left out."""
        if len(uids) * 8 < len(self.uids):
            return [number for uid in uids if (number := self.number(uid))]
        if isinstance(self.uids, range):
            below = self.uids.start - 1
            return [uid - below for uid in uids[bisect_left(uids, self.uids.start) : bisect_left(uids, self.uids.stop)]]
        wanted = set(uids)
        return [at for at, uid in enumerate(self.uids, 1) if uid in wanted]

    def add_recent(self, low: int, high: int) -> None:
        """This session is the first that is told of the UIDs from `low` up to `high`, which is left out (ref: rfc3501#2.3.2)."""
        starts, ends = self._recent
        if ends and low <= ends[-1] < high:
            ends[-1] = high
        elif low < high:
            starts.append(low)
            ends.append(high)

    def forget_recent(self) -> None:
        """Nothing is recent any more: the session speaks IMAP4rev2."""
        self._recent = [], []

    def is_recent(self, uid: int) -> bool:
        """Whether this session is the first that was told of a copy."""
        starts, ends = self._recent
        at = bisect_right(starts, uid) - 1
        return at >= 0 and uid < ends[at]

    def recent_spans(self) -> list[Span]:
        """The recent copies as half-open spans of indexes."""
        ends = [(bisect_left(self.uids, low), bisect_left(self.uids, high)) for low, high in zip(*self._recent, strict=True)]
        return [(low, high) for low, high in ends if low < high]

    @property
    def recent_count(self) -> int:
        """How many copies are recent."""
        return sum(high - low for low, high in self.recent_spans())

    def spans(self, sequence: SequenceSet, *, by_uid: bool) -> list[Span]:
        """The copies of a set as half-open spans of indexes; Bad when a sequence number refers to nothing."""
        if sequence.saved:
            return [(at - 1, at) for uid in self.saved if (at := self.number(uid))]
        count = len(self.uids)
        if by_uid:
            ends = sequence.within(self.uids[-1] if count else 0)
            spans = [(bisect_left(self.uids, low), bisect_right(self.uids, high)) for low, high in ends]
            return [(low, high) for low, high in spans if low < high]
        numbers = sequence.within(count)
        if not numbers or numbers[-1][1] > count:
            raise Bad(say("there is no message with that number; the folder holds {count}", count=count))
        return [(low - 1, high) for low, high in numbers]

    def ranges(self, spans: Iterable[Span]) -> list[tuple[int, int]]:
        """Spans as ranges of UIDs: between two UIDs that the client knows there is none that it does not know."""
        return [(self.uids[low], self.uids[high - 1]) for low, high in spans]

    def batches(self, spans: Sequence[Span], size: int) -> Iterator[list[Span]]:
        """The same copies, at most `size` at a time."""
        batch: list[Span] = []
        room = size
        for low, high in spans:
            start = low
            while start < high:
                end = min(high, start + room)
                batch.append((start, end))
                room -= end - start
                start = end
                if room == 0:
                    yield batch
                    batch, room = [], size
        if batch:
            yield batch

    def missing(self, sequence: SequenceSet) -> list[int]:
        """The UIDs of a set that the folder no longer holds, or never held (ref: rfc7162#3.2.6 allows both)."""
        largest = self.known.uid_next - 1
        present = set(self.uids)
        ranges = sequence.within(largest) if largest else []
        return [uid for low, high in ranges for uid in range(low, min(high, largest) + 1) if uid not in present]

    def is_untold(self, uid: int, modseq: int) -> bool:
        """Whether another session changed a copy, to that modification sequence, and this client has not been notified yet."""
        return modseq > self.known.modseq and self._own.get(uid) != modseq

    def remember_own_change(self, changes: Iterable[tuple[int, int]], before: int, after: int) -> None:
        """Remember (uid, modseq) of the client's own changes that were reported to it, so that they are not reported again."""
        if before == self.known.modseq:
            self.known = self.known._replace(modseq=after)
        else:
            self._own.update(changes)

    def responses_since(self, changes: FolderChanges, *, vanished: bool, modseq: bool) -> list[bytes]:
        """The responses that bring the client up to date with the changes; the view follows."""
        lines: list[bytes] = []
        if changes.uids is not None:
            lines += self._expunge(changes.uids, vanished=vanished)
        arrived = [row.uid for row in changes.changed if row.uid >= self.known.uid_next]
        if arrived:
            self.uids = extended(self.uids, arrived)
            lines.append(b"* %d EXISTS" % len(self.uids))
            lines += [b"* %d RECENT" % self.recent_count] if any(map(self.is_recent, arrived)) else []
        for row in changes.changed:
            number = self.number(row.uid)
            if number is None or row.uid >= self.known.uid_next or self._own.get(row.uid) == row.modseq:
                continue
            shown = flag_list(int(row.flags), row.seen, row.keywords, self.is_recent(row.uid))
            more = b" MODSEQ (%d)" % row.modseq if modseq else b""
            lines.append(b"* %d FETCH (UID %d FLAGS %b%b)" % (number, row.uid, shown, more))
        folder = changes.selected.folder
        self.selected = changes.selected
        self.known = FolderState(folder.exists_count, folder.uid_next, folder.modseq)
        self._own.clear()
        return lines

    def _expunge(self, present: Iterable[int], *, vanished: bool) -> list[bytes]:
        """Remove what is gone, the highest number first, so that the lower ones stay valid."""
        still = set(present)
        gone = [at for at, uid in enumerate(self.uids) if uid not in still]
        if not gone:
            return []
        lost = [self.uids[at] for at in gone]
        lines = [b"* VANISHED " + sequence_set(lost)] if vanished else [b"* %d EXPUNGE" % (at + 1) for at in reversed(gone)]
        dead = set(lost)
        self.uids = array("I", [uid for uid in self.uids if uid not in dead])
        self.saved = [uid for uid in self.saved if uid not in dead]
        return lines
