"""People and mailboxes of the world, past every right: found by words, shown with all that is theirs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from mss_sim.core.access import practice_holders
from mss_sim.core.access.identities import require_identity
from mss_sim.core.access.practice_holders import Holder
from mss_sim.core.mailbox.handing_over import led_by
from mss_sim.core.world.world import World
from mss_sim.mail.parse import fold
from mss_sim.policy.searching import check_texts
from mss_sim.store import closings, finding, grants, identities, mailboxes, operators, patients, retention
from mss_sim.store.closings import Closing
from mss_sim.store.engine import Connection
from mss_sim.store.finding import FoundMailbox, FoundPerson, MailboxQuery, PeopleQuery
from mss_sim.store.grants import GrantRow
from mss_sim.store.identities import Identity
from mss_sim.store.mailboxes import Mailbox
from mss_sim.store.operators import Operator
from mss_sim.store.patients import PatientIdentity
from mss_sim.vocabulary.mailboxes import HolderRole, IdentityKind, MailboxKind, MailboxState


async def find_people(
    world: World, text: str = "", *, kind: IdentityKind | None = None, after: int | None = None, limit: int
) -> list[FoundPerson]:
    """People in whose names, idNat, login, profession or structure all words of a text stand, in the order of their creation.

    Refusal(LIMIT_REACHED) for a text that is too long to look for.
    """
    return await world.store.read(finding.people, PeopleQuery(limit, after, _words(world, text), kind))


async def find_mailboxes(
    world: World,
    text: str = "",
    *,
    kind: MailboxKind | None = None,
    state: MailboxState | None = None,
    after: int | None = None,
    limit: int | None = None,
) -> list[FoundMailbox]:
    """The same for mailboxes, whose address, label, description or owner's name the words stand in; all of them without a `limit`."""
    return await world.store.read(finding.boxes, MailboxQuery(limit, after, _words(world, text), kind, state))


def _words(world: World, text: str) -> tuple[str, ...]:
    check_texts((text,), world.settings.search.query_chars_max)
    return tuple(fold(text).split())


class HeldMailbox(NamedTuple):
    """A mailbox that somebody holds by themselves."""

    mailbox: Mailbox
    role: HolderRole


@dataclass(frozen=True, slots=True)
class ShownPerson:
    """Somebody with their login, their national identities, the mailboxes that they hold, and every grant that they ever got."""

    identity: Identity
    login: str | None
    ins: tuple[PatientIdentity, ...]
    held: tuple[HeldMailbox, ...]
    grants: tuple[tuple[GrantRow, str], ...]


async def show_person(world: World, idnat: str) -> ShownPerson:
    """The person with an idNat; Refusal(NOT_FOUND)."""

    def run(conn: Connection) -> ShownPerson:
        identity = require_identity(conn, idnat)
        account = identities.account_of_identity(conn, identity.id)
        owned = [HeldMailbox(one, mailboxes.owner_role(one.kind)) for one in mailboxes.owned_by(conn, identity.id)]
        shared = [HeldMailbox(one, HolderRole.CO_HOLDER) for one in mailboxes.co_held_by(conn, identity.id)]
        given = grants.of_grantee(conn, identity.id)
        places = mailboxes.addresses(conn, {row.mailbox_id for row in given})
        return ShownPerson(
            identity,
            account.login if account else None,
            tuple(patients.of_person(conn, identity.id)),
            (*owned, *shared),
            tuple((row, places[row.mailbox_id]) for row in given if row.mailbox_id in places),
        )

    return await world.store.read(run)


@dataclass(frozen=True, slots=True)
class ShownMailbox:
    """A mailbox with its operator, holders (the owner first), grants, people whom these name, closing, and days that it keeps letters.

    `own_days`: whether these were set for this mailbox, rather than for all by `retention_days`.
    """

    mailbox: Mailbox
    operator: Operator | None
    holders: tuple[Holder, ...]
    grants: tuple[GrantRow, ...]
    people: Mapping[int, Identity]
    closing: Closing | None
    own_days: bool


async def show_mailbox(world: World, address: str) -> ShownMailbox:
    """A mailbox by its canonical address; Refusal(NOT_FOUND) where there is none."""

    def run(conn: Connection) -> ShownMailbox:
        mailbox = led_by(world, conn, None, address)
        given = grants.of_mailbox(conn, mailbox.id)
        named = {id_ for row in given for id_ in (row.grantee_id, row.granted_by_id) if id_ is not None}
        return ShownMailbox(
            mailbox,
            next((one for one in operators.list_all(conn) if one.id == mailbox.operator_id), None),
            tuple(practice_holders.holders_of(conn, mailbox)),
            tuple(given),
            identities.names(conn, named),
            closings.of_mailbox(conn, mailbox.id),
            retention.own_days(conn, mailbox.id) is not None,
        )

    return await world.store.read(run)
