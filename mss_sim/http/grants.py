"""Grants over HTTP, as the API and the control plane read and show them."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from mss_sim.clock import Micros, from_datetime, iso, to_datetime
from mss_sim.core.access import identity_names
from mss_sim.core.access.delegation import GrantRequest
from mss_sim.core.access.rights_in_force import grant_of
from mss_sim.core.assembly import Core
from mss_sim.core.world.store_types import GrantRow
from mss_sim.errors import Refusal, Rule
from mss_sim.http.shapes import IdentityRef, In, Moment, Out, People, person
from mss_sim.ids import encode
from mss_sim.vocabulary.mailboxes import Right
from mss_sim.words.sentence import say

_SECRETARY = "590000010000017/SEC0001"
Reason = Annotated[str, StringConstraints(max_length=1_000, pattern=r"^[^\x00]*$")]
"""The reason, in words; without NUL, which PostgreSQL does not store."""


class GrantIn(In):
    grantee: str = Field(description="The grantee: idNat, login, or the address of a mailbox that is theirs alone.", examples=[_SECRETARY])
    rights: list[Right] = Field(min_length=1)
    valid_from: Moment | None = None
    valid_until: Moment | None = None
    reason: Reason = ""


class GrantOut(Out):
    id: str
    mailbox: str
    grantee: IdentityRef
    rights: list[Right]
    valid_from: datetime | None
    valid_until: datetime | None
    reason: str
    granted_by: IdentityRef | None
    """Null: the control plane."""
    granted_at: datetime
    revoked_by: IdentityRef | None
    revoked_at: datetime | None
    in_force: bool


def request_of(address: str, grant: GrantIn) -> GrantRequest:
    """The grant that a body requests."""
    return GrantRequest(
        address=address,
        grantee=grant.grantee,
        rights=frozenset(grant.rights),
        valid_from=_instant(grant.valid_from),
        valid_until=_instant(grant.valid_until),
        reason=grant.reason,
    )


def _instant(moment: datetime | None) -> Micros | None:
    """The instant of a date that can be shown again: in UTC it must be within the years 1 to 9999."""
    if moment is None:
        return None
    try:
        instant = from_datetime(moment)
        to_datetime(instant)
    except OverflowError as error:
        raise Refusal(Rule.INVALID, say("The date {date} lies outside the years 1 to 9999 in UTC.", date=moment.isoformat())) from error
    return instant


def view(row: GrantRow, address: str, people: People, now: int) -> dict[str, Any]:
    """A grant with the names of all persons concerned."""
    return {
        "id": encode(row.id),
        "mailbox": address,
        "grantee": person(people, row.grantee_id),
        "rights": sorted(row.rights),
        "valid_from": iso(row.valid_from),
        "valid_until": iso(row.valid_until),
        "reason": row.reason,
        "granted_by": person(people, row.granted_by_id),
        "granted_at": iso(row.granted_at),
        "revoked_by": person(people, row.revoked_by_id),
        "revoked_at": iso(row.revoked_at),
        "in_force": grant_of(row).holds_at(now),
    }


async def grants_out(core: Core, rows: list[tuple[GrantRow, str]]) -> list[dict[str, object]]:
    """Grants, each with the address of its mailbox, in the form of a response."""
    ids = {id_ for row, _ in rows for id_ in (row.grantee_id, row.granted_by_id, row.revoked_by_id)}
    known = await identity_names.identities_by_id(core.world, ids)
    return [view(row, address, known, core.world.clock.now()) for row, address in rows]
