"""The open folder as the client knows it: whatever happens, what it is told makes its picture the store's."""

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mss_sim.core.access.rights_in_force import MailboxAccess
from mss_sim.core.mailbox.selected_folder import FolderChanges, FolderRef, Opening, SelectedFolder
from mss_sim.core.world.store_types import CopyState, Folder, Mailbox
from mss_sim.imap.grammar.responses import sequence_set
from mss_sim.imap.grammar.wire import Bad, SequenceSet, read_sequence
from mss_sim.imap.view import View
from mss_sim.policy.access import Access
from mss_sim.ranges import ranges_of
from mss_sim.vocabulary.mailboxes import Flag, MailboxKind, MailboxState, SeenPolicy, SentPolicy

_MAILBOX = Mailbox(
    1, "a@x.fr", 1, 1, MailboxKind.PER, MailboxState.ACTIVE, "", "", False, None, None, 1, 0, SeenPolicy.SHARED, SentPolicy.OWNER, 1, 0
)


class Store:
    """A folder as the store holds it: uid → copy, a next UID, a modification sequence."""

    def __init__(self, uids: list[int] | None = None, uid_next: int = 1) -> None:
        self.copies: dict[int, CopyState] = {}
        self.uid_next = uid_next
        self.modseq = 1
        for uid in uids or []:
            self.uid_next = uid
            self.append()
        self.uid_next = max(self.uid_next, uid_next)

    def append(self) -> None:
        self.modseq += 1
        uid = self.uid_next
        self.copies[uid] = CopyState(uid, uid, uid, Flag(0), "", self.modseq, 0, 1, uid, False)
        self.uid_next += 1

    def expunge(self, at: int) -> None:
        self.modseq += 1
        del self.copies[list(self.copies)[at]]

    def mark(self, uid: int, flag: Flag) -> CopyState:
        self.modseq += 1
        copy = self.copies[uid]
        self.copies[uid] = copy._replace(flags=copy.flags ^ flag, modseq=self.modseq)
        return self.copies[uid]

    @property
    def selected(self) -> SelectedFolder:
        folder = Folder(1, 1, "INBOX", None, 1, self.uid_next, self.modseq, len(self.copies), 0)
        return SelectedFolder(MailboxAccess(_MAILBOX, Access()), folder, None)

    def view(self) -> View:
        return View("INBOX", FolderRef("a@x.fr", "INBOX"), Opening(self.selected, list(self.copies), 0), read_only=False)

    def look(self, view: View, *, always: bool) -> FolderChanges:
        changed = tuple(copy for copy in self.copies.values() if copy.modseq > view.known.modseq)
        arrived = sum(copy.uid >= view.known.uid_next for copy in changed)
        gone = len(self.copies) != view.known.exists + arrived
        return FolderChanges(self.selected, list(self.copies) if gone or always else None, changed)


def view_of(*uids: int, uid_next: int = 1) -> View:
    return Store(list(uids), uid_next).view()


@pytest.mark.parametrize(
    ("text", "uids"), [(b"1", ()), (b"*", ()), (b"1:*", ()), (b"3", (5, 7)), (b"1:3", (5, 7)), (b"3:*", (5, 7)), (b"5", (5, 7))]
)
def test_a_number_that_stands_for_nothing_is_bad(text: bytes, uids: tuple[int, ...]) -> None:
    with pytest.raises(Bad, match=f"holds {len(uids)}"):
        view_of(*uids).spans(read_sequence(text), by_uid=False)


@pytest.mark.parametrize(
    ("text", "by_uid", "uids", "ranges"),
    [
        (b"1:*", False, (5, 7, 8), [(5, 8)]),
        (b"3,1", False, (5, 7, 8), [(5, 5), (8, 8)]),
        (b"*:2", False, (5, 7, 8), [(7, 8)]),
        (b"2,1:2,2", False, (5, 7, 8), [(5, 7)]),
        (b"1:*", True, (), []),
        (b"1", True, (5, 7), []),
        (b"6", True, (5, 7), []),
        (b"1:6", True, (5, 7), [(5, 5)]),
        (b"5:4294967295", True, (5, 7), [(5, 7)]),
        (b"9:*", True, (5, 7), [(7, 7)]),
        (b"*", True, (5, 7), [(7, 7)]),
        (b"8:9", True, (5, 7), []),
        (b"7,5", True, (5, 6, 7), [(5, 5), (7, 7)]),
    ],
)
def test_a_set_is_ranges_of_uids_that_the_client_knows(
    text: bytes, by_uid: bool, uids: tuple[int, ...], ranges: list[tuple[int, int]]
) -> None:
    view = view_of(*uids)
    assert view.ranges(view.spans(read_sequence(text), by_uid=by_uid)) == ranges


def test_the_last_result_is_what_is_left_of_it() -> None:
    store = Store([5, 7, 8])
    view = store.view()
    view.saved = [5, 8]
    assert view.spans(SequenceSet(saved=True), by_uid=False) == [(0, 1), (2, 3)]
    store.expunge(0)
    assert view.responses_since(store.look(view, always=False), vanished=False, modseq=False) == [b"* 1 EXPUNGE"]
    assert view.ranges(view.spans(SequenceSet(saved=True), by_uid=True)) == [(8, 8)]
    store.expunge(1)
    view.responses_since(store.look(view, always=False), vanished=False, modseq=False)
    assert view.spans(SequenceSet(saved=True), by_uid=False) == []


@pytest.mark.parametrize(
    ("text", "gone"),
    [(b"1:*", [1, 2, 4, 6, 8, 9]), (b"5", []), (b"4", [4]), (b"7:100", [8, 9]), (b"100:*", [9]), (b"10:20", []), (b"$", [])],
)
def test_what_a_folder_holds_no_more_is_below_its_next_uid(text: bytes, gone: list[int]) -> None:
    assert view_of(3, 5, 7, uid_next=10).missing(read_sequence(text)) == gone


def test_an_empty_folder_misses_nothing() -> None:
    assert view_of().missing(read_sequence(b"1:*")) == []
    assert view_of(uid_next=3).missing(read_sequence(b"1:*")) == [1, 2]


_UIDS = st.lists(st.integers(1, 60), unique=True, max_size=30).map(sorted)
_SETS = st.lists(st.tuples(st.integers(0, 70), st.integers(0, 70)), min_size=1, max_size=4).map(lambda ranges: SequenceSet(tuple(ranges)))


@given(_UIDS, _SETS, st.integers(1, 7))
def test_batches_hold_each_copy_of_a_set_once_in_order(uids: list[int], wanted: SequenceSet, size: int) -> None:
    view = view_of(*uids)
    largest = uids[-1] if uids else 0
    pairs = [sorted((low or largest, high or largest)) for low, high in wanted.ranges]
    expected = [uid for uid in uids if any(low <= uid <= high for low, high in pairs)]
    spans = view.spans(wanted, by_uid=True)
    assert [uid for low, high in spans for uid in view.uids[low:high]] == expected
    batches = list(view.batches(spans, size))
    assert [uid for batch in batches for low, high in batch for uid in view.uids[low:high]] == expected
    assert [sum(high - low for low, high in batch) for batch in batches[:-1]] == [size] * (len(batches) - 1)
    assert all(0 < sum(high - low for low, high in batch) <= size for batch in batches)
    assert [uid for low, high in view.ranges(spans) for uid in uids if low <= uid <= high] == expected


@given(_UIDS, _UIDS)
def test_numbers_are_places(uids: list[int], wanted: list[int]) -> None:
    view = view_of(*uids)
    assert view.numbers(wanted) == [uids.index(uid) + 1 for uid in wanted if uid in uids]
    assert [view.number(uid) for uid in uids] == list(range(1, len(view) + 1))


@given(_UIDS)
def test_a_set_that_is_said_is_read_again(uids: list[int]) -> None:
    assert [n for low, high in ranges_of(uids) for n in range(low, high + 1)] == uids
    if uids:
        assert read_sequence(sequence_set(uids)).within(60) == ranges_of(uids)


class Client:
    """What a client makes of the responses: (uid, flags) by sequence number; what is new it fetches at once."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.view = store.view()
        self.picture: list[tuple[int, str]] = [(uid, _flags(copy)) for uid, copy in store.copies.items()]
        self.told: set[tuple[int, int]] = set()

    def look(self, *, vanished: bool, always: bool) -> list[bytes]:
        lines = self.view.responses_since(self.store.look(self.view, always=always), vanished=vanished, modseq=True)
        for line in lines:
            self._apply(line.decode())
        return lines

    def _apply(self, line: str) -> None:
        if found := re.fullmatch(r"\* (\d+) EXPUNGE", line):
            del self.picture[int(found[1]) - 1]
        elif found := re.fullmatch(r"\* VANISHED ([\d:,]+)", line):
            gone = {n for low, high in read_sequence(found[1].encode()).within(1 << 31) for n in range(low, high + 1)}
            assert gone <= {uid for uid, _ in self.picture}
            self.picture = [one for one in self.picture if one[0] not in gone]
        elif found := re.fullmatch(r"\* (\d+) EXISTS", line):
            new = list(self.view.uids)[len(self.picture) :]
            assert len(self.picture) + len(new) == int(found[1])
            self.picture += [(uid, _flags(self.store.copies[uid])) for uid in new]
        else:
            fetched = re.fullmatch(r"\* (\d+) FETCH \(UID (\d+) FLAGS \((.*)\) MODSEQ \((\d+)\)\)", line)
            assert fetched, line
            number, uid, modseq = int(fetched[1]), int(fetched[2]), int(fetched[4])
            assert self.picture[number - 1][0] == uid
            assert (uid, modseq) not in self.told, "the same change was told twice"
            self.told.add((uid, modseq))
            self.picture[number - 1] = uid, fetched[3]

    def mark(self, at: int, flag: Flag) -> None:
        """The client's own STORE of one copy, which answers with its flags."""
        uid = self.view.uids[at % len(self.view)]
        if uid not in self.store.copies:
            return
        before = self.store.modseq
        copy = self.store.mark(uid, flag)
        self.view.remember_own_change([(uid, copy.modseq)], before, self.store.modseq)
        self.told.add((uid, copy.modseq))
        self.picture[(self.view.number(uid) or 0) - 1] = uid, _flags(copy)


def _flags(copy: CopyState) -> str:
    names = {Flag.ANSWERED: "\\Answered", Flag.FLAGGED: "\\Flagged"}
    return " ".join(name for flag, name in names.items() if copy.flags & flag)


_STEPS = st.lists(
    st.one_of(
        st.just(("append",)),
        st.tuples(st.just("expunge"), st.integers(0, 20)),
        st.tuples(st.sampled_from(["mark", "own"]), st.integers(0, 20), st.sampled_from([Flag.ANSWERED, Flag.FLAGGED])),
        st.tuples(st.just("look"), st.booleans(), st.booleans()),
    ),
    max_size=40,
)


@settings(max_examples=300)
@given(_UIDS, _STEPS)
def test_after_every_look_the_picture_is_the_store_and_nothing_is_told_twice(uids: list[int], steps: list[tuple[Any, ...]]) -> None:
    store = Store(uids)
    client = Client(store)
    for verb, *values in [*steps, ("look", False, False)]:
        if verb == "append":
            store.append()
        elif verb == "expunge" and store.copies:
            store.expunge(values[0] % len(store.copies))
        elif verb == "mark" and store.copies:
            store.mark(list(store.copies)[values[0] % len(store.copies)], values[1])
        elif verb == "own" and len(client.view):
            client.mark(*values)
        elif verb == "look":
            client.look(vanished=values[0], always=values[1])
            assert client.picture == [(uid, _flags(copy)) for uid, copy in store.copies.items()]
            assert client.look(vanished=values[0], always=values[1]) == []
        assert list(client.view.uids) == [uid for uid, _ in client.picture]
