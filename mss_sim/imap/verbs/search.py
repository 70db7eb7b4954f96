"""SEARCH, SORT, THREAD: the view turns numbers into UIDs, the store answers, the view turns UIDs into numbers."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeVar

from mss_sim.core.mailbox import selected_folder
from mss_sim.core.world.store_types import Sortable
from mss_sim.imap.grammar import threads
from mss_sim.imap.grammar.responses import sequence_set
from mss_sim.imap.grammar.search_keys import Search, Sort, ThreadArguments
from mss_sim.imap.grammar.threads import ThreadedMessage
from mss_sim.imap.grammar.wire import Bad
from mss_sim.imap.session import Session
from mss_sim.imap.view import View
from mss_sim.mail.criteria import Key, kinds
from mss_sim.mail.summary import read_summary
from mss_sim.vocabulary.imap import Capability
from mss_sim.words.sentence import say

T = TypeVar("T")
_MANY_LETTERS = 100
_MANY_UIDS = 200_000


async def search(session: Session, wanted: Search, *, by_uid: bool) -> bytes:
    """SEARCH and UID SEARCH."""
    view = session.opened
    returns = wanted.returns
    if returns is not None and "SAVE" in returns:
        view.saved = []  # a failed search leaves nothing behind (ref: rfc5182#2.1)
    found, modseq = await _found(session, view, wanted.key, returns)
    if returns is None and Capability.IMAP4REV2 in session.enabled:
        returns = frozenset({"ALL"})
    if returns is not None and "SAVE" in returns:
        view.saved = _returned(found, returns)
    numbers = found if by_uid else view.numbers(found)
    told_modseq = b" (MODSEQ %d)" % modseq if modseq and "MODSEQ" in kinds(wanted.key) else b""
    if returns is None:
        listed = str(numbers)[1:-1].replace(",", "")  # half the time of writing them one by one
        session.say(f"* SEARCH {listed}".rstrip().encode("ascii") + told_modseq)
    elif returns != {"SAVE"}:
        session.say(_extended(session, numbers, returns, by_uid=by_uid) + told_modseq.replace(b"(", b"").replace(b")", b""))
    return b"OK SEARCH completed"


def _returned(found: list[int], returns: frozenset[str] | None) -> list[int]:
    """What `$` stands for, and whose MODSEQ is told: with MIN or MAX alone, only those (ref: rfc5182#2.1, rfc4731#3.2, rfc7162#3.1.10)."""
    if returns is None or returns & {"ALL", "COUNT"} or not returns & {"MIN", "MAX"}:
        return found
    ends = ([found[0]] if "MIN" in returns else []) + ([found[-1]] if "MAX" in returns else []) if found else []
    return sorted(set(ends))


def _extended(session: Session, numbers: list[int], returns: frozenset[str], *, by_uid: bool) -> bytes:
    """ESEARCH (ref: rfc4731#3.1)."""
    words = [b'* ESEARCH (TAG "%b")' % session.tag, *([b"UID"] if by_uid else [])]
    if numbers:
        words += [b"MIN %d" % numbers[0]] if "MIN" in returns else []
        words += [b"MAX %d" % numbers[-1]] if "MAX" in returns else []
        words += [b"ALL " + sequence_set(numbers)] if "ALL" in returns else []
    words += [b"COUNT %d" % len(numbers)] if "COUNT" in returns else []
    return b" ".join(words)


async def _found(session: Session, view: View, key: Key, returns: frozenset[str] | None = None) -> tuple[list[int], int]:
    long = _sets(key) * len(view) > _MANY_UIDS
    resolved = await asyncio.to_thread(_resolved, view, key) if long else _resolved(view, key)
    if "MODSEQ" in kinds(key):
        session.enabled.add(Capability.CONDSTORE)
    return await selected_folder.search(
        session.world, session.actor, view.place, view.uids, resolved, lambda found: _returned(found, returns)
    )


def _sets(key: Key) -> int:
    return (key.kind in ("SEQUENCE", "UIDS")) + sum(map(_sets, key.keys))


def _resolved(view: View, key: Key) -> Key:
    """The tree with sets of numbers and UIDs, and what is recent for this session, replaced by the UIDs that the client knows."""
    if key.kind in ("SEQUENCE", "UIDS"):
        spans = view.spans(key.value, by_uid=key.kind == "UIDS")
        return Key("UID", frozenset(uid for low, high in spans for uid in view.uids[low:high]))
    if key.kind == "RECENT":
        return Key("UID", frozenset(uid for low, high in view.recent_spans() for uid in view.uids[low:high]))
    return key._replace(keys=tuple(_resolved(view, one) for one in key.keys)) if key.keys else key


async def sort(session: Session, wanted: Sort, *, by_uid: bool) -> bytes:
    """SORT and UID SORT (ref: rfc5256#3)."""
    numbers = await _arranged(session, wanted.key, lambda letters: threads.ordered(letters, wanted.order), by_uid=by_uid)
    session.say(b" ".join([b"* SORT", *(b"%d" % number for number in numbers)]))
    return b"OK SORT completed"


async def thread(session: Session, wanted: ThreadArguments, *, by_uid: bool) -> bytes:
    """THREAD and UID THREAD."""
    if wanted.algorithm != "REFERENCES":
        raise Bad(say("{word} is not offered: REFERENCES is the only algorithm here (rfc5256#3)", word=wanted.algorithm))
    lists = await _arranged(session, wanted.key, threads.by_references, by_uid=by_uid)
    session.say(b"* THREAD " + lists if lists else b"* THREAD")
    return b"OK THREAD completed"


async def _arranged(session: Session, key: Key, arrange: Callable[[list[ThreadedMessage]], T], *, by_uid: bool) -> T:
    """The messages that match a key, in an order; many are ordered in a thread, so that others do not wait for it."""
    view = session.opened
    found, _ = await _found(session, view, key)
    rows: Sequence[Sortable] = await selected_folder.sortables(session.world, session.actor, view.place, found)

    def work() -> T:
        return arrange([_letter(row, row.uid if by_uid else view.number(row.uid) or 0) for row in rows])

    return await asyncio.to_thread(work) if len(rows) > _MANY_LETTERS else work()


def _letter(row: Sortable, number: int) -> ThreadedMessage:
    summary = read_summary(row.summary)
    people = [next((one["address"].rpartition("@")[0] for one in them), "") for them in (summary.from_, summary.to, summary.cc)]
    references = tuple(summary.references) or tuple(summary.in_reply_to[:1])
    sent_at = row.internal_at if row.sent_at is None else row.sent_at
    return ThreadedMessage(
        number, row.message_id, references, row.subject, sent_at, row.internal_at, row.size_bytes, (people[0], people[1], people[2])
    )
