"""Seed worlds: people, mailboxes and grants, planted by the same verbs as everything else."""

import tomllib
from collections.abc import Awaitable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mss_sim.clock import DAY
from mss_sim.core.access import access, delegation
from mss_sim.core.access import identities as people
from mss_sim.core.access.patients import NewPatientIdentity
from mss_sim.core.access.practice_holders import SEED
from mss_sim.core.mailbox import behaviours
from mss_sim.core.mailbox.mailboxes import NewMailbox, add_mailbox
from mss_sim.core.psc import professionals
from mss_sim.core.psc.clients import FIRST_CLIENT
from mss_sim.core.trust import operators
from mss_sim.core.trust.operators import NewOperator
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.policy.behaviours import read as read_behaviour
from mss_sim.store import grants, identities, mailboxes
from mss_sim.store import operators as operators_kept
from mss_sim.store import psc as psc_kept
from mss_sim.store.engine import Connection
from mss_sim.vocabulary.mailboxes import IdentityKind, MailboxKind, Right, SeenPolicy, SentPolicy
from mss_sim.words.sentence import say

NONE = "none"
"""The seed name for an empty world."""
_SEEDS = Path(__file__).parent / "seeds"


@dataclass(frozen=True, slots=True)
class PersonaMailbox:
    """A mailbox that a persona may use, and what they may do with it."""

    address: str
    kind: MailboxKind
    rights: tuple[Right, ...]


@dataclass(frozen=True, slots=True)
class Persona:
    """A person to play: their role in the seed, how they log in, and their mailboxes."""

    role: str
    idnat: str
    name: str
    login: str
    password: str
    mailboxes: tuple[PersonaMailbox, ...]

    def shown(self) -> dict[str, Any]:
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


def names() -> list[str]:
    """The seeds that are shipped."""
    return sorted(path.stem for path in _SEEDS.glob("*.toml"))


def load(name: str) -> dict[str, Any]:
    """The content of a seed; Refusal(INVALID) for an unknown name."""
    if name not in names():
        raise Refusal(
            Rule.INVALID, say("There is no seed {name}; the seeds are {names}.", name=name, names=", ".join(names())), subject=name
        )
    return tomllib.loads((_SEEDS / f"{name}.toml").read_text(encoding="utf-8"))


async def plant(world: World, name: str) -> bool:
    """Plant a seed into the world; False when its people exist already, as after a restart.

    A start that was killed while planting left some of them: the world then has no client of Pro Santé Connect, which comes last, and
    is still unused. What is missing is added then.
    """
    seed = load(name)
    roles = {row["role"]: row["idnat"] for row in seed["identities"] if "role" in row}
    first = await world.store.read(identities.by_idnat, seed["identities"][0]["idnat"])
    cut = bool(await world.store.read(operators_kept.list_all)) and await world.store.read(psc_kept.client, FIRST_CLIENT) is None
    if first is not None and not cut:
        return False
    for row in seed["operators"]:
        await _added(operators.add(world, NewOperator(**row)), again=cut)
    hashes = {password: world.passwords.hash(password) for password in {row.get("password", "") for row in seed["identities"]} - {""}}
    for row in seed["identities"]:
        fields = {key: value for key, value in row.items() if key not in ("role", "psc", "ins")}
        ins = tuple(NewPatientIdentity.read(one) for one in row.get("ins", ()))
        new = people.NewIdentity(**{**fields, "kind": IdentityKind(row["kind"]), "ins": ins})
        await _added(people.add_identity(world, new, hashes.get(new.password or "")), again=cut)
        if "psc" in row:
            await professionals.set_profile(world, row["idnat"], row["psc"])
    for row in seed["mailboxes"]:
        await _added(add_mailbox(world, _mailbox(row, roles)), again=cut)
    for row in seed.get("grants", ()):
        if cut and await _granted(world, row["mailbox"], roles.get(row["grantee"], row["grantee"])):
            continue
        days = row.get("valid_days")
        request = delegation.GrantRequest(
            address=row["mailbox"],
            grantee=roles.get(row["grantee"], row["grantee"]),
            rights=frozenset(Right(right) for right in row["rights"]),
            valid_until=world.clock.now() + days * DAY if days else None,
            reason=row.get("reason", ""),
        )
        await delegation.grant(world, SEED, request)
    return True


async def _added(adding: Awaitable[object], *, again: bool) -> None:
    """Add something; when `again`, it may exist already."""
    try:
        await adding
    except Refusal as refusal:
        if not (again and refusal.rule is Rule.CONFLICT):
            raise


async def _granted(world: World, address: str, grantee: str) -> bool:
    """Whether an identity has, or had, a grant over a mailbox."""

    def query(conn: Connection) -> bool:
        mailbox, identity = mailboxes.by_address(conn, address), identities.by_idnat(conn, grantee)
        if mailbox is None or identity is None:
            return False
        return any(one.grantee_id == identity.id for one in grants.of_mailbox(conn, mailbox.id))

    return await world.store.read(query)


def _mailbox(row: dict[str, Any], roles: dict[str, str]) -> NewMailbox:
    return NewMailbox(
        address=row["address"],
        kind=MailboxKind(row["kind"]),
        owner_idnat=roles.get(row["owner"], row["owner"]),
        label=row.get("label", ""),
        description=row.get("description", ""),
        preferred_rank=row.get("preferred_rank"),
        seen_policy=SeenPolicy(row["seen_policy"]) if "seen_policy" in row else None,
        sent_policy=SentPolicy(row.get("sent_policy", "owner")),
        co_holders=tuple(roles.get(idnat, idnat) for idnat in row.get("co_holders", ())),
        behaviour=_behaviour(row.get("behaviour")),
    )


def _behaviour(given: str | list[dict[str, Any]] | None) -> str | None:
    """A behaviour as the mailbox keeps it: the name of one, or its reactions."""
    return behaviours.stored(read_behaviour(given)) if isinstance(given, list) else given


async def idnat_of(world: World, role: str) -> str | None:
    """Who has a role of some seed in this world; None when nobody has."""
    row = (await played(world)).get(role)
    return str(row["idnat"]) if row else None


async def played(world: World) -> dict[str, dict[str, Any]]:
    """By role, the rows of all seeds about people who are in this world; of one role the first."""
    rows = [row for name in names() for row in load(name)["identities"] if "role" in row]

    def query(conn: Connection) -> dict[str, dict[str, Any]]:
        return {row["role"]: row for row in reversed(rows) if identities.by_idnat(conn, row["idnat"])}

    return await world.store.read(query)


async def personas(world: World, name: str) -> list[Persona]:
    """The people of a seed that can be played, with what they may do now."""
    found = []
    for row in load(name)["identities"]:
        identity = await world.store.read(identities.by_idnat, row["idnat"]) if "role" in row else None
        if identity is None:
            continue
        held = await world.store.read(access.all_held, identity.id, world.clock.now())
        boxes = tuple(PersonaMailbox(one.mailbox.address, one.mailbox.kind, tuple(sorted(one.access.rights))) for one in held)
        found.append(Persona(row["role"], identity.idnat, identity.name, row["login"], row["password"], boxes))
    return found
