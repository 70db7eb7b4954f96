"""Professionals as Pro Santé Connect knows them: who may log in there, and what userinfo reports about each."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson

from mss_sim.core.access import identities as people
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.store import identities, psc
from mss_sim.store.engine import Connection
from mss_sim.store.identities import Identity
from mss_sim.vocabulary.mailboxes import IdentityKind
from mss_sim.words.sentence import Template, borrowed, say

_KINDS = frozenset({IdentityKind.PROFESSIONAL, IdentityKind.EMPLOYEE})
_PROFILE_BYTES_MAX = 65_536


@dataclass(frozen=True, slots=True)
class Professional:
    """An identity that may log in, where it works as far as that is known here, and its profile."""

    identity: Identity
    structure: Identity | None
    profile: dict[str, Any]


def may_log_in(identity: Identity) -> bool:
    """Whether an identity has a card: enabled professionals and employees have one; patients and machines do not."""
    return identity.enabled and identity.kind in _KINDS


def professional(conn: Connection, idnat: str) -> Professional | None:
    """The professional with that idNat; None when no identity with that number may log in."""
    identity = None if "\x00" in idnat else identities.by_idnat(conn, idnat)
    if identity is None or not may_log_in(identity):
        return None
    structure = identities.by_idnat(conn, identity.structure) if identity.structure else None
    return Professional(identity, structure, psc.profile(conn, identity.id))


def named(conn: Connection, hint: str) -> Identity | None:
    """The professional that a login_hint refers to: an idNat, or the login of an account."""
    if "\x00" in hint:
        return None
    identity = identities.by_idnat(conn, hint)
    if identity is None:
        account = identities.account_of_login(conn, hint)
        identity = account.identity if account else None
    return identity if identity is not None and may_log_in(identity) else None


def all_professionals(conn: Connection) -> list[Identity]:
    """All identities that may log in, in the order of their creation."""
    return [identity for identity in identities.list_all(conn) if may_log_in(identity)]


async def find(world: World, idnat: str) -> Professional | None:
    """The professional with that idNat; None when no identity with that number may log in."""
    return await world.store.read(professional, idnat)


async def hinted(world: World, hint: str) -> Identity | None:
    """The professional that a login_hint refers to."""
    return await world.store.read(named, hint)


async def list_all(world: World) -> list[Identity]:
    """All identities that may log in, in the order of their creation."""
    return await world.store.read(all_professionals)


async def list_profiles(world: World) -> list[Professional]:
    """The same, each with the profile."""

    def query(conn: Connection) -> list[Professional]:
        found = (professional(conn, one.idnat) for one in all_professionals(conn))
        return [one for one in found if one is not None]

    return await world.store.read(query)


async def set_profile(world: World, idnat: str, profile: dict[str, Any]) -> None:
    """Replace what userinfo reports about an identity; Refusal when the idNat is unknown or the profile is too large."""
    check_profile(idnat, profile)
    await world.store.write(partial(put_profile, world, idnat=idnat, profile=profile))


def check_profile(idnat: str, profile: dict[str, Any]) -> None:
    """Refusal(INVALID) of a profile that is no JSON, or too large."""
    try:
        size = len(orjson.dumps(profile))
    except TypeError as error:  # half a surrogate pair, a number of more than 64 bits, a thousand levels
        raise Refusal(
            Rule.INVALID,
            borrowed(f"The profile cannot be written as JSON: {error}.", Template("The profile cannot be written as JSON.")),
            subject=idnat,
        ) from error
    if size > _PROFILE_BYTES_MAX:
        raise Refusal(
            Rule.INVALID,
            say("A profile has at most {most} bytes of JSON.", most=_PROFILE_BYTES_MAX),
            subject=idnat,
        )


def put_profile(world: World, conn: Connection, idnat: str, profile: dict[str, Any]) -> None:
    """Store a profile that was checked, inside a unit of work; Refusal(NOT_FOUND)."""
    identity = identities.by_idnat(conn, idnat)
    if identity is None:
        raise Refusal(Rule.NOT_FOUND, say("There is no identity {idnat}.", idnat=idnat), subject=idnat)
    psc.put_profile(conn, identity.id, profile, world.clock.now())


async def put_persona(world: World, new: people.NewIdentity, profile: dict[str, Any]) -> Professional:
    """Create an identity with its profile, or replace the profile of an existing one."""
    if new.kind not in _KINDS:
        detail = say("A persona of Pro Santé Connect is a professional or an employee.")
        raise Refusal(Rule.INVALID, detail, subject=new.idnat, reference="quirks#psc-cards")
    if await world.store.read(identities.by_idnat, new.idnat) is None:
        await people.add_identity(world, new)
    await set_profile(world, new.idnat, profile)
    found = await world.store.read(professional, new.idnat)
    if found is None:
        raise Refusal(Rule.CONFLICT, say("{idnat} is known here, but may not log in.", idnat=new.idnat), subject=new.idnat)
    return found
