"""The letters of the world for who inspects them, as in a mail catcher: each as its author sent it, once, found, read and removed.

| what is done     | what it touches                                                                                          |
|------------------|----------------------------------------------------------------------------------------------------------|
| a letter is read | a mark of the inspector's own; no copy is seen, no reading recorded, no receipt leaves                   |
| it is removed    | all its copies, in whatever mailbox; it is not shown again, though copies that are on their way arrive   |

The inspector has no identity in the world: the journals say that the control plane removed what is gone.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial

from mss_sim.clock import Micros
from mss_sim.core.access.practice_holders import CONTROL
from mss_sim.core.mailbox import forced_removals
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.mail.summary import Person, Summary, read_summary
from mss_sim.mail.terms import LOOKING_INSIDE, Term, TermKind, hidden_people, holds
from mss_sim.policy.searching import check_texts
from mss_sim.store import identities, inspection, letters, messages
from mss_sim.store.engine import Connection
from mss_sim.store.inspection import Found
from mss_sim.store.messages import LeavingCopy, MessageRow
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.mailboxes import Flag
from mss_sim.words.sentence import say

TERMS_MAX = 50
_AT_ONCE = 200
"""Letters in one transaction, so that letters of others get their turn."""

_OF_ENVELOPES = frozenset({TermKind.BCC, TermKind.ANYBODY})


@dataclass(frozen=True, slots=True)
class InspectedLetter:
    """A letter as the inspector sees it. `hidden`: who got it without being named in it; `login`: who sent it from here, or empty."""

    message: MessageRow
    summary: Summary
    read: bool
    hidden: tuple[Person, ...]
    login: str


@dataclass(frozen=True, slots=True)
class Totals:
    """How many letters there are, how many of them were not read, and the bytes of all where they were counted."""

    letters: int
    unread: int
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was found: a page of letters, newest first, how many match in all, how many of these were not read, and the totals."""

    letters: tuple[InspectedLetter, ...]
    matching: int
    matching_unread: int
    totals: Totals


async def find(world: World, terms: Sequence[Term], *, start: int, limit: int, before: Micros | None = None) -> Inspection:
    """The letters of which all terms hold; `before`: only those that came before that instant."""
    wanted = _checked(world, [*terms, *([Term(TermKind.UNTIL, before - 1)] if before is not None else [])])

    def query(conn: Connection) -> Inspection:
        found = _found(conn, wanted)
        shown, unread = tuple(_inspected(conn, found[start : start + limit])), sum(not one.read for one in found)
        everything = _totals(conn) if wanted else Totals(len(found), unread)
        return Inspection(shown, len(found), unread, everything)

    return await world.store.read(query)


def _checked(world: World, terms: Sequence[Term]) -> Sequence[Term]:
    check_texts((term.value for term in terms if isinstance(term.value, str)), world.settings.search.query_chars_max)
    if len(terms) > TERMS_MAX:
        raise Refusal(Rule.LIMIT_REACHED, say("A search has at most {most} terms.", most=TERMS_MAX), reference="quirks#mailpit")
    return terms


def _found(conn: Connection, terms: Sequence[Term], limit: int | None = None) -> list[Found]:
    found = inspection.find(conn, terms, limit)
    inside = [term for term in terms if term.kind in LOOKING_INSIDE]
    if not inside:
        return found
    sent = inspection.sendings(conn, [one.id for one in found]) if any(term.kind in _OF_ENVELOPES for term in inside) else {}
    return [one for one in found if _holds(inside, one, sent[one.id].recipients if one.id in sent else ())]


def _holds(terms: Sequence[Term], one: Found, recipients: Sequence[str]) -> bool:
    summary = read_summary(one.summary)
    return all(holds(term, summary, recipients) for term in terms)


def _totals(conn: Connection) -> Totals:
    number, read, size = inspection.totals(conn)
    return Totals(number, number - read, size)


def _inspected(conn: Connection, found: Sequence[Found]) -> list[InspectedLetter]:
    ids = [one.id for one in found]
    rows, sent = letters.with_ids(conn, ids), inspection.sendings(conn, ids)
    logins = identities.called(conn, {one.actor_id for one in sent.values() if one.actor_id is not None})
    shown = []
    for one in found:
        row, sending = rows[one.id], sent.get(one.id)
        summary = read_summary(row.summary)
        hidden = tuple(hidden_people(summary, sending.recipients)) if sending else ()
        shown.append(InspectedLetter(row, summary, one.read, hidden, logins.get(sending.actor_id or 0, "") if sending else ""))
    return shown


async def totals(world: World) -> Totals:
    """How many letters there are."""
    return await world.store.read(_totals)


async def latest(world: World, terms: Sequence[Term]) -> int:
    """The newest letter of which all terms hold; Refusal(NOT_FOUND) when there is none."""
    found = await world.store.read(_found, _checked(world, terms), 1)
    if not found:
        raise _absent()
    return found[0].id


async def open_letter(world: World, message_id: int) -> tuple[InspectedLetter, bytes]:
    """A letter with its octets, marked read; Refusal(NOT_FOUND) when it is not shown."""
    opened = await world.store.read(_opened, message_id)
    if not opened[0].read:
        await world.store.write(lambda conn: inspection.mark_read(conn, [message_id]))
    return opened


async def look(world: World, message_id: int) -> tuple[InspectedLetter, bytes]:
    """A letter with its octets, which stays as it is marked; Refusal(NOT_FOUND) as above."""
    return await world.store.read(_opened, message_id)


def _opened(conn: Connection, message_id: int) -> tuple[InspectedLetter, bytes]:
    found = inspection.one(conn, message_id)
    if found is None:
        raise _absent()
    return _inspected(conn, [found])[0], messages.raw(conn, message_id)


def _absent() -> Refusal:
    detail = say("There is no such letter: none of that id, or it was removed, or nothing matches the search.")
    return Refusal(Rule.NOT_FOUND, detail, reference="quirks#mailpit")


async def mark(world: World, ids: Collection[int] | None, terms: Sequence[Term] = (), *, read: bool) -> None:
    """Mark letters read or not: those with these ids, passing over others; None: those of which all terms hold."""
    change = inspection.mark_read if read else inspection.mark_unread
    wanted = await _wanted(world, ids, terms)
    for start in range(0, len(wanted), _AT_ONCE):
        await world.store.write(partial(change, ids=wanted[start : start + _AT_ONCE]))


async def remove(world: World, ids: Collection[int] | None, terms: Sequence[Term] = ()) -> None:
    """Remove letters for good with all their copies, chosen as above."""
    wanted = await _wanted(world, ids, terms)
    for start in range(0, len(wanted), _AT_ONCE):
        await world.store.write(partial(_remove, world, ids=wanted[start : start + _AT_ONCE]))


async def _wanted(world: World, ids: Collection[int] | None, terms: Sequence[Term]) -> list[int]:
    if ids is not None:
        return await world.store.read(inspection.among, ids)
    return [one.id for one in await world.store.read(_found, _checked(world, terms))]


def _remove(world: World, conn: Connection, *, ids: Sequence[int]) -> None:
    rows = [*ids, *inspection.carried_from(conn, ids)]
    gone = [
        LeavingCopy(one.id, one.mailbox_id, one.folder_id, one.message_id, Flag.SEEN in one.flags, one.size_bytes)
        for one in letters.places(conn, rows)
    ]
    forced_removals.remove(world, conn, gone, Act.DELETED, CONTROL)
    inspection.mark_removed(conn, ids)
