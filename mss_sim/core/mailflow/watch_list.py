"""The watch list of a mailbox: whom its letters did not reach, or who did not open them, and what went another way instead.

| verb                                     | right, and see |
|------------------------------------------|----------------|
| see the list                             | see            |
| note that a letter went on paper, or not | mark           |

Who noted it, and when, stays in the journal; an opening takes the entry off whatever was noted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from mss_sim.clock import DAY, Micros
from mss_sim.core.access import gate, journal
from mss_sim.core.access.authentication import Actor
from mss_sim.core.access.rights_in_force import MailboxAccess
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.ids import encode
from mss_sim.policy.watch_list import looked_for, reason_of
from mss_sim.store import identities, watch_list
from mss_sim.store.engine import Connection
from mss_sim.store.identities import Identity
from mss_sim.store.watch_list import WatchedLetter, WatchPage
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.mail import WatchReason
from mss_sim.vocabulary.mailboxes import Right
from mss_sim.words.sentence import say


@dataclass(frozen=True, slots=True)
class WatchQuery:
    """Which entries, newest first. `reason` None: all; `after_days` None: the setting, or on paper any; `on_paper`: those alone."""

    limit: int
    before: int | None = None
    reason: WatchReason | None = None
    after_days: int | None = None
    on_paper: bool = False


class WatchEntry(NamedTuple):
    """One recipient on the list: why, for how many whole days, and in words what was said of it."""

    letter: WatchedLetter
    reason: WatchReason
    days: int
    detail: str


class WatchEntries(NamedTuple):
    """Entries of a list, and the people whom they name."""

    entries: Sequence[WatchEntry]
    people: Mapping[int, Identity]


async def list_entries(world: World, actor: Actor, address: str, query: WatchQuery) -> WatchEntries:
    """The entries of a mailbox's list."""

    def look(conn: Connection) -> WatchEntries:
        held = gate.require(world, conn, actor, address, Right.SEE)
        return _named(conn, entries_in(world, conn, held.mailbox.id, query))

    return await world.store.read_briefly(look)


def entries_in(world: World, conn: Connection, mailbox_id: int, query: WatchQuery) -> list[WatchEntry]:
    """The same for an actor who may see them."""
    now, settings = world.clock.now(), world.settings.watch_list
    after_days = query.after_days if query.after_days is not None else 0 if query.on_paper else settings.after_days
    states = looked_for(list(WatchReason) if query.reason is None else [query.reason], now, after_days)
    wanted = WatchPage(mailbox_id, states, query.on_paper, query.limit, query.before, asked_only=not settings.unasked)
    return [entry for entry in (_entry(world, one, now) for one in watch_list.page(conn, wanted)) if entry]


async def note_paper(world: World, actor: Actor, address: str, recipient_id: int, note: str) -> WatchEntries:
    """Note that the letter to a recipient went another way. What was noted first stays; Refusal of who is not on the list."""

    def unit(conn: Connection) -> WatchEntries:
        held = gate.require(world, conn, actor, address, Right.MARK)
        entry = _locked(world, conn, held, recipient_id)
        if not entry.letter.row.on_paper:
            watch_list.note_paper(conn, recipient_id, world.clock.now(), actor.identity.id, note)
            _write_down(world, conn, actor, held, Act.PAPER_DONE, entry, note)
        return _named(conn, [_locked(world, conn, held, recipient_id)])

    return await world.store.write(unit)


async def take_paper_back(world: World, actor: Actor, address: str, recipient_id: int) -> WatchEntries:
    """Note that it did not, after all; nothing happens when that was not noted."""

    def unit(conn: Connection) -> WatchEntries:
        held = gate.require(world, conn, actor, address, Right.MARK)
        entry = _locked(world, conn, held, recipient_id)
        if entry.letter.row.on_paper:
            watch_list.note_paper(conn, recipient_id, None, None, "")
            _write_down(world, conn, actor, held, Act.PAPER_UNDONE, entry, "")
        return _named(conn, [_locked(world, conn, held, recipient_id)])

    return await world.store.write(unit)


def _locked(world: World, conn: Connection, held: MailboxAccess, recipient_id: int) -> WatchEntry:
    row = watch_list.to_change(conn, [recipient_id]).get(recipient_id)
    if row is not None and row.mailbox_id == held.mailbox.id:
        entry = _entry(world, watch_list.letters(conn, [recipient_id])[recipient_id], world.clock.now())
        if entry is not None:
            return entry
    detail = say("No such recipient is on the watch list of this mailbox; who opened the letter is taken off.")
    raise Refusal(Rule.NOT_FOUND, detail, reference="quirks#watch-list")


def _write_down(world: World, conn: Connection, actor: Actor, held: MailboxAccess, act: Act, entry: WatchEntry, note: str) -> None:
    letter = entry.letter
    detail = {"recipient": letter.address, "reason": entry.reason, "of": encode(letter.submission_id), **({"note": note} if note else {})}
    line = journal.entry(held, Right.MARK, act, detail, message_id=letter.message_id)
    journal.write(world, conn, journal.by(actor), [line])


def _entry(world: World, letter: WatchedLetter, now: Micros) -> WatchEntry | None:
    reason = reason_of(letter.row.state)
    if reason is None:
        return None
    days = max(now - letter.row.since_at, 0) // DAY
    unopened = say("Not opened so far; days waited: {days}.", days=days)
    return WatchEntry(letter, reason, days, world.translated(unopened) if reason is WatchReason.NOT_OPENED else letter.detail)


def _named(conn: Connection, entries: Sequence[WatchEntry]) -> WatchEntries:
    ids = {id_ for one in entries for id_ in (one.letter.actor_id, one.letter.row.paper_by_id) if id_ is not None}
    return WatchEntries(entries, identities.names(conn, ids))
