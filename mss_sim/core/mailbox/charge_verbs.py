"""Letters in charge: looked at, taken, given to a colleague, put down, finished, opened again; notes for colleagues.

| verb                    | right, besides `see`                                                     |
|-------------------------|--------------------------------------------------------------------------|
| look                    | none; the notes, read                                                    |
| do                      | mark; with a note, read too; about what is a colleague's, manage         |
| colleagues              | mark                                                                     |

Two who take a letter at the same time come one after the other to its folder, which is locked: the second is refused, and told who has
it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from mss_sim.core.access import gate, rights_in_force
from mss_sim.core.access.authentication import Actor
from mss_sim.core.access.identity_names import identity_called
from mss_sim.core.mailbox import charge_deeds, copies
from mss_sim.core.mailbox.charge_deeds import Deed, may_mark
from mss_sim.core.mailbox.copies import ById
from mss_sim.core.mailbox.selected_folder import SelectedFolder
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.mail.headers import storable
from mss_sim.policy.access import Grant, access_at
from mss_sim.policy.charge import check_kind, check_note, not_a_colleague, rights_for
from mss_sim.store import charges as kept
from mss_sim.store import grants, identities, mailboxes
from mss_sim.store.charges import Charge, NoteRow
from mss_sim.store.engine import Connection
from mss_sim.store.identities import Identity
from mss_sim.vocabulary.charge import ChargeDeed, ChargeState
from mss_sim.vocabulary.mailboxes import IdentityKind, Right
from mss_sim.words.sentence import say


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants done: `to` names the colleague to whom a letter is given, by idNat, login or address; `note` may be empty."""

    deed: ChargeDeed
    to: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class ChargeShown:
    """Where a copy stands, with the notes, the oldest first; they are empty for an actor who may not read. `people`: who wrote them."""

    charge: Charge
    notes: tuple[NoteRow, ...]
    people: Mapping[int, Identity]


async def look(world: World, actor: Actor, address: str, copy_id: int) -> ChargeShown:
    """Where a copy stands, and what colleagues noted. Refusal(NOT_FOUND) where it is gone."""

    def query(conn: Connection) -> ChargeShown:
        here, _ = copies.find(world, conn, actor, ById(address, copy_id), Right.SEE)
        return _shown(conn, here, copy_id)

    return await world.store.read_briefly(query)


async def do(world: World, actor: Actor, address: str, copy_id: int, wish: Wish) -> ChargeShown:
    """Do it, and tell where the copy stands then. What is so already changes nothing.

    Refusal: IN_CHARGE where a colleague has it, INVALID for somebody who could not have it, and for an empty note, LIMIT_REACHED.
    """
    note = storable(wish.note.replace("\r\n", "\n").replace("\r", "\n")).strip()
    if note or wish.deed is ChargeDeed.NOTE:
        check_note(note)
    if wish.deed is ChargeDeed.ASSIGN and not wish.to:
        raise Refusal(Rule.INVALID, say("Say to whom: name a colleague in to."), reference="quirks#in-charge")

    def unit(conn: Connection) -> ChargeShown:
        first, *others = rights_for(wish.deed, noted=bool(note))
        here, [row] = copies.find(world, conn, actor, ById(address, copy_id), first, lock=True)
        for right in others:
            gate.check_right(actor, here.held, right)
        check_kind(here.held.mailbox.kind)
        to = _colleague(world, conn, here, wish.to) if wish.deed is ChargeDeed.ASSIGN else None
        charge_deeds.do(world, conn, actor, here, [(row, Deed(wish.deed, to, note))])
        return _shown(conn, here, copy_id)

    return await world.store.write_briefly(unit)


def _shown(conn: Connection, here: SelectedFolder, copy_id: int) -> ChargeShown:
    charge = kept.of(conn, [copy_id]).get(copy_id) or Charge(copy_id, ChargeState.OPEN, None, 0, 0)
    notes = kept.notes_of(conn, [copy_id]).get(copy_id, []) if here.held.access.may(Right.READ) else []
    return ChargeShown(charge, tuple(notes), identities.names(conn, {note.author_id for note in notes if note.author_id is not None}))


def _colleague(world: World, conn: Connection, here: SelectedFolder, called: str) -> Identity:
    found = identity_called(conn, called)
    if found is None or not may_mark(world, conn, here, found.id):
        raise not_a_colleague(called[:100], here.address)
    return found


async def colleagues(world: World, actor: Actor, address: str) -> list[Identity]:
    """Who may have a letter of this mailbox in charge now, people and programs by name; an organisation that holds it is none of them."""

    def query(conn: Connection) -> list[Identity]:
        held = gate.require(world, conn, actor, address, Right.MARK)
        check_kind(held.mailbox.kind)
        given: dict[int, list[Grant]] = {}
        for row in grants.of_mailbox(conn, held.mailbox.id):
            given.setdefault(row.grantee_id, []).append(rights_in_force.grant_of(row))
        holders, now = {held.mailbox.owner_id, *mailboxes.co_holder_ids(conn, held.mailbox.id)}, world.clock.now()
        granted = {id_ for id_, rows in given.items() if access_at(now, None, rows).may(Right.MARK)}
        people = identities.names(conn, holders | granted).values()
        found = (one for one in people if one.enabled and one.kind is not IdentityKind.ORGANISATION)
        return sorted(found, key=lambda one: (one.name, one.id))

    return await world.store.read_briefly(query)
