"""The journal: who did what, by which grant, through which door, in which mailbox. Written only here, in the transaction of the act.

Everything that affects a line of the journal lives in this file; its kinds are `vocabulary.journal.Act`. The subject and the Message-ID
of the letter that a line is about are looked up when it is read; a deletion writes them down.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

from mss_sim.clock import SECOND, Micros
from mss_sim.core.access import gate, rights_in_force
from mss_sim.core.access.authentication import Actor
from mss_sim.core.access.identity_names import identity_called
from mss_sim.core.access.rights_in_force import MailboxAccess, Requester
from mss_sim.core.world.expiring import ExpiringMap
from mss_sim.core.world.world import World
from mss_sim.errors import Attempt, Refusal, Rule
from mss_sim.store import grants, identities, journal, mailboxes
from mss_sim.store.engine import Connection, Visit
from mss_sim.store.grants import GrantRow
from mss_sim.store.identities import Identity
from mss_sim.store.journal import ActQuery, JournalEntry, JournalRow, LetterLabel, LineQuery
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.mailboxes import Right
from mss_sim.words.sentence import say

_ATTEMPTS_MAX = 10_000
_ATTEMPT_SECONDS = 60


class Entry(NamedTuple):
    """One act; `grant_id` is the grant that allowed it, None when the actor acted by their own right or needed none."""

    act: Act
    mailbox_id: int | None
    detail: Mapping[str, Any]
    message_id: int | None = None
    grant_id: int | None = None
    about: LetterLabel | None = None
    """What is known of the letter, where it is at hand."""


def entry(held: MailboxAccess, right: Right, act: Act, detail: Mapping[str, Any], *, message_id: int | None = None) -> Entry:
    """An act that needed a right over a mailbox, with the grant that gave it."""
    grant = held.access.grant_for(right)
    return Entry(act, held.mailbox_id, detail, message_id, grant.id if grant else None)


def by(actor: Actor) -> Requester:
    """An actor as the author of an act."""
    return Requester(actor.identity.id, actor.door)


def lines(world: World, who: Requester, entries: Sequence[Entry], *, at: Micros | None = None) -> list[JournalEntry]:
    """What an actor did, as `add` writes it; `at` defaults to now."""
    when = world.clock.now() if at is None else at
    return [
        JournalEntry(
            world.ids.next(),
            when,
            one.act,
            who.door,
            who.identity_id,
            one.mailbox_id,
            one.grant_id,
            one.message_id,
            dict(one.detail),
            one.about,
        )
        for one in entries
    ]


def add(conn: Connection, written: Sequence[JournalEntry]) -> None:
    """Add lines to the journal, those of several people together."""
    if written:
        journal.write(conn, written)


def write(world: World, conn: Connection, who: Requester, entries: Sequence[Entry], *, at: Micros | None = None) -> None:
    """Record what an actor did."""
    add(conn, lines(world, who, entries, at=at))


def keep_attempts(world: World) -> None:
    """From now on, write down what people try that their rights do not allow: each right at most once a minute, for each of them."""
    recent: ExpiringMap[None] = ExpiringMap(world.clock, _ATTEMPTS_MAX)

    def write_down(conn: Connection, attempt: Attempt) -> None:
        key = f"{attempt.identity_id} {attempt.mailbox_id} {attempt.right}"
        if key not in recent:
            recent.put(key, None, world.clock.now() + _ATTEMPT_SECONDS * SECOND)
            refused = Entry(Act.RIGHT_REFUSED, attempt.mailbox_id, {"right": attempt.right})
            write(world, conn, Requester(attempt.identity_id, Door(attempt.door)), [refused])

    world.store.keep_attempts(write_down)


def keep_visits(world: World) -> None:
    """From now on, write down which carers look into patients' mailboxes: each by each door at most once in `carers_visit_seconds`."""
    recent: ExpiringMap[None] = ExpiringMap(world.clock, _ATTEMPTS_MAX)

    def unit_for(visits: list[Visit]) -> Callable[[Connection], None] | None:
        fresh = {}
        for visit in visits:
            key = f"{visit.identity_id} {visit.mailbox_id} {visit.door}"
            if key not in recent:
                fresh[key] = visit
                recent.put(key, None, world.clock.now() + world.settings.carers.visit_seconds * SECOND)
        return partial(write_down, list(fresh.values())) if fresh else None

    def write_down(visits: list[Visit], conn: Connection) -> None:
        for visit in visits:
            made = Entry(Act.VISITED, visit.mailbox_id, {}, grant_id=visit.grant_id)
            write(world, conn, Requester(visit.identity_id, Door(visit.door)), [made])

    world.store.keep_visits(unit_for)


async def of_mailbox(world: World, actor: Actor, address: str, *, before: int | None, limit: int, others: bool = False) -> list[JournalRow]:
    """The newest lines of a mailbox; readable only by its managers. `others`: only what other people than who asks did."""
    return (await read(world, actor, LineQuery(limit, before, but_id=actor.identity.id if others else None), address)).rows


class Lines(NamedTuple):
    """Lines of journals, the newest first, and what they name: people, addresses of mailboxes and grants, by id."""

    rows: list[JournalRow]
    people: Mapping[int, Identity]
    addresses: Mapping[int, str]
    grants: Mapping[int, GrantRow]


_NOTHING = Lines([], {}, {}, {})


async def read(world: World, actor: Actor | None, query: LineQuery, address: str | None = None, who: str | None = None) -> Lines:
    """Lines of the journal of a mailbox, or of all that the actor manages; for the control plane (None), of all and of none.

    `who`: those of that person alone, by idNat, login or own address; none for an unknown one.
    """

    def run(conn: Connection) -> Lines:
        ids = _readable(world, conn, actor, address)
        wanted = query
        if who is not None:
            doer = identity_called(conn, who)
            if doer is None:
                return _NOTHING
            wanted = replace(query, actor_id=doer.id)
        return _named(conn, journal.newest(conn, wanted, ids))

    return await world.store.read(run)


def _readable(world: World, conn: Connection, actor: Actor | None, address: str | None) -> list[int] | None:
    """The mailboxes whose lines are asked for; None for all."""
    if actor is None:
        mailbox = mailboxes.by_address(conn, address) if address is not None else None
        if address is not None and mailbox is None:
            raise Refusal(Rule.NOT_FOUND, say("There is no mailbox {address}.", address=address), subject=address)
        return [mailbox.id] if mailbox else None
    if address is not None:
        return [gate.about(world, conn, actor, address, Right.MANAGE).mailbox_id]
    gate.check_known(world, conn, actor)
    held = rights_in_force.all_held(conn, actor.identity.id, world.clock.now())
    return [one.mailbox_id for one in held if one.access.may(Right.MANAGE) and actor.mailbox in (None, one.mailbox.address)]


def _named(conn: Connection, rows: list[JournalRow]) -> Lines:
    lines = [row.line for row in rows]
    given = grants.with_ids(conn, {line.grant_id for line in lines if line.grant_id is not None})
    ids = {line.actor_id for line in lines} | {one.granted_by_id for one in given.values()} | {one.grantee_id for one in given.values()}
    people = identities.names(conn, {id_ for id_ in ids if id_ is not None})
    return Lines(rows, people, mailboxes.addresses(conn, {line.mailbox_id for line in lines if line.mailbox_id is not None}), given)


def with_ids(conn: Connection, ids: Sequence[int]) -> dict[int, JournalRow]:
    """These lines of any mailbox, past every right, by id: for the feed's listeners."""
    return journal.with_ids(conn, ids)


def matching(conn: Connection, query: ActQuery) -> list[JournalRow]:
    """Lines of any mailbox, past every right, the oldest first: for waits."""
    return journal.matching(conn, query)
