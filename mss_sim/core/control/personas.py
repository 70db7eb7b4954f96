"""The people of seeds who can be played: their roles, how they log in, and what they may do now."""

from dataclasses import dataclass
from typing import Any

from mss_sim.core.access import rights_in_force
from mss_sim.core.control import named_seeds, uploaded_seeds
from mss_sim.core.world.world import World
from mss_sim.store import identities
from mss_sim.store.engine import Connection
from mss_sim.vocabulary.mailboxes import MailboxKind, Right


@dataclass(frozen=True, slots=True)
class PersonaMailbox:
    """A mailbox that a persona may use, and what they may do with it."""

    address: str
    kind: MailboxKind
    rights: tuple[Right, ...]


@dataclass(frozen=True, slots=True)
class Persona:
    """A person to play: their role in the seed, how they log in, and their mailboxes. `password`: empty where its hash alone is known."""

    role: str
    idnat: str
    name: str
    login: str
    password: str
    mailboxes: tuple[PersonaMailbox, ...]

    def as_json(self) -> dict[str, Any]:
        """A persona as the ready file and the control plane show it."""
        boxes = [
            {"address": box.address, "kind": box.kind.value, "rights": [right.value for right in box.rights]} for box in self.mailboxes
        ]
        return {
            "role": self.role,
            "idnat": self.idnat,
            "name": self.name,
            "login": self.login,
            "password": self.password,
            "mailboxes": boxes,
        }


async def idnat_of(world: World, role: str) -> str | None:
    """Who has a role of some seed in this world; None if it is vacant."""
    row = (await played(world)).get(role)
    return str(row["idnat"]) if row else None


async def played(world: World) -> dict[str, dict[str, Any]]:
    """By role, the rows of all seeds about people who are in this world; of one role the first."""
    own = uploaded_seeds.names(world)  # what was brought in tells more of this world than what is shipped
    rows = [
        row
        for name in [*own, *named_seeds.shipped()]
        for row in named_seeds.content(world, name).get("identities", ())
        if "role" in row and "login" in row
    ]

    def query(conn: Connection) -> dict[str, dict[str, Any]]:
        return {row["role"]: row for row in reversed(rows) if identities.by_idnat(conn, row["idnat"])}

    return await world.store.read(query)


def rows_by_idnat(world: World) -> dict[str, dict[str, Any]]:
    """What seeds say of people, by idNat: those that were brought in before those that ship. Blocking."""
    rows = [
        row
        for name in [*uploaded_seeds.names(world), *named_seeds.shipped()]
        for row in named_seeds.content(world, name).get("identities", ())
    ]
    return {row["idnat"]: row for row in reversed(rows)}


async def of_seed(world: World, name: str) -> list[Persona]:
    """The people of a seed that can be played, with what they may do now."""
    found = []
    for row in named_seeds.content(world, name).get("identities", ()):
        identity = await world.store.read(identities.by_idnat, row["idnat"]) if "role" in row and "login" in row else None
        if identity is None:
            continue
        held = await world.store.read(rights_in_force.all_held, identity.id, world.clock.now())
        boxes = tuple(PersonaMailbox(one.mailbox.address, one.mailbox.kind, tuple(sorted(one.access.rights))) for one in held)
        found.append(Persona(row["role"], identity.idnat, identity.name, row["login"], row.get("password", ""), boxes))
    return found
