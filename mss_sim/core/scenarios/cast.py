"""Whom the actors of a scenario are in this world, and which mailboxes its names stand for."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mss_sim.core.access import authentication, rights_in_force
from mss_sim.core.access.authentication import Actor
from mss_sim.core.access.identity_names import identity_called
from mss_sim.core.access.rights_in_force import MailboxAccess
from mss_sim.core.control import adding_people_like, personas
from mss_sim.core.world.store_types import Identity
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.scenarios.model import Box, Role, Scenario
from mss_sim.store.engine import Connection
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.mailboxes import IdentityKind, MailboxKind
from mss_sim.words.sentence import say

_OWN = (MailboxKind.PER, MailboxKind.PATIENT)


@dataclass(frozen=True, slots=True)
class Cast:
    """The people of a play, by their names in the file; of each the own mailbox, if there is one; the mailboxes that have names."""

    people: Mapping[str, Identity] = field(default_factory=dict)
    own: Mapping[str, str] = field(default_factory=dict)
    boxes: Mapping[str, str] = field(default_factory=dict)

    async def actor(self, world: World, name: str) -> Actor:
        """An actor who has logged in: a patient in Mon espace santé, others by a token. Refusal when they may not log in."""
        who = self.people[name]
        if who.kind is IdentityKind.PATIENT:
            return Actor(who, Door.MES)
        return await authentication.with_token(world, authentication.mint_token(world, who.idnat), door=Door.REST)

    def address(self, name: str) -> str:
        """The address that a name stands for, or that it is; Refusal(NOT_FOUND) for an actor without a mailbox of their own."""
        if "@" in name:
            return name
        found = self.boxes.get(name) or self.own.get(name)
        if found is None:
            detail = say("{name} has no mailbox of their own: name one.", name=name)
            raise Refusal(Rule.NOT_FOUND, detail, subject=name, reference="quirks#scenarios")
        return found


async def cast_of(world: World, scenario: Scenario) -> Cast:
    """The cast of a play that begins now. Who is to be like somebody is made. Refusal(NOT_FOUND) for a person or a mailbox that is not."""
    people = {name: await _person(world, name, role) for name, role in scenario.actors.items()}
    now = world.clock.now()

    def query(conn: Connection) -> dict[str, list[MailboxAccess]]:
        return {name: rights_in_force.all_held(conn, who.id, now) for name, who in people.items()}

    held = await world.store.read(query)
    own = {name: box for name, boxes in held.items() if (box := _own(boxes)) is not None}
    return Cast(people, own, {name: _address(name, box, held) for name, box in scenario.mailboxes.items()})


async def _person(world: World, name: str, role: Role) -> Identity:
    called = role.called
    if role.like is not None:
        [made] = await adding_people_like.add_like(world, role.like, 1)
        called = made.idnat
    elif role.role is not None:
        called = await personas.idnat_of(world, role.role)
    found = await world.store.read(identity_called, called) if called else None
    if found is None:
        who = role.called or role.role or role.like or ""
        detail = say("Nobody here is {who}, who plays {name}: plant the seed of the scenario, or name somebody else.", who=who, name=name)
        raise Refusal(Rule.NOT_FOUND, detail, subject=who, reference="quirks#scenarios")
    return found


def _own(boxes: list[MailboxAccess]) -> str | None:
    """The mailbox that is somebody's own: of their own person first, else the first that they hold."""
    holding = [one.mailbox for one in boxes if one.access.role is not None]
    personal = [one for one in holding if one.kind in _OWN]
    return next((one.address for one in (*personal, *holding)), None)


def _address(name: str, box: Box, held: Mapping[str, list[MailboxAccess]]) -> str:
    if box.address is not None:
        return box.address
    found = [one.mailbox.address for one in held[box.of or ""] if one.mailbox.kind is box.kind]
    if not found:
        detail = say(
            "{of} has no mailbox of kind {kind}, which {name} is to be: name it by its address.", of=box.of, kind=box.kind, name=name
        )
        raise Refusal(Rule.NOT_FOUND, detail, subject=name, reference="quirks#scenarios")
    return found[0]
