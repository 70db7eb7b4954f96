"""People and mailboxes looked for by words, in the order of their creation.

A word is found without case and accents, as people type: no database here does that alike, so rows are read in that order and compared,
until the page is full.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Connection, Select, select

from mss_sim.mail.parse import fold
from mss_sim.models.tables import accounts, identities, mailboxes
from mss_sim.store.identities import Identity, identity_of
from mss_sim.store.mailboxes import Mailbox, mailbox_of
from mss_sim.vocabulary.mailboxes import IdentityKind, MailboxKind, MailboxState

T = TypeVar("T")
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class PeopleQuery:
    """Whom: at most `limit` with ids above `after`; all of the folded `words` stand in names, idNat, login, profession or structure."""

    limit: int
    after: int | None = None
    words: tuple[str, ...] = ()
    kind: IdentityKind | None = None


class FoundPerson(NamedTuple):
    """Somebody, with the login of their account; None without one."""

    identity: Identity
    login: str | None


def people(conn: Connection, query: PeopleQuery) -> list[FoundPerson]:
    """The people whom a query selects."""
    wanted = select(*identities.c, accounts.c.login).outerjoin(accounts, accounts.c.identity_id == identities.c.id)
    wanted = wanted.where(identities.c.id > (query.after or 0)).order_by(identities.c.id)
    if query.kind is not None:
        wanted = wanted.where(identities.c.kind == query.kind.value)
    found = (FoundPerson(identity_of(row[:-1]), row[-1]) for row in _rows(conn, wanted))
    return _first(found, query.limit, query.words, _of_person)


def _of_person(one: FoundPerson) -> Iterable[str | None]:
    identity = one.identity
    return identity.name, identity.idnat, one.login, identity.profession, identity.structure


@dataclass(frozen=True, slots=True)
class MailboxQuery:
    """Which mailboxes, as `PeopleQuery`; the words stand in address, label, description, or the name of the owner. `limit` None: all."""

    limit: int | None
    after: int | None = None
    words: tuple[str, ...] = ()
    kind: MailboxKind | None = None
    state: MailboxState | None = None


class FoundMailbox(NamedTuple):
    """A mailbox with its owner or responsible."""

    mailbox: Mailbox
    owner: Identity


def boxes(conn: Connection, query: MailboxQuery) -> list[FoundMailbox]:
    """The mailboxes that a query selects."""
    width = len(mailboxes.c)
    wanted = select(*mailboxes.c, *identities.c).join(identities, identities.c.id == mailboxes.c.owner_id)
    wanted = wanted.where(mailboxes.c.carer_view_of.is_(None), mailboxes.c.id > (query.after or 0)).order_by(mailboxes.c.id)
    if query.kind is not None:
        wanted = wanted.where(mailboxes.c.kind == query.kind.value)
    if query.state is not None:
        wanted = wanted.where(mailboxes.c.state == query.state.value)
    found = (FoundMailbox(mailbox_of(row[:width]), identity_of(row[width:])) for row in _rows(conn, wanted))
    return _first(found, query.limit, query.words, _of_mailbox)


def _of_mailbox(one: FoundMailbox) -> Iterable[str | None]:
    box = one.mailbox
    return box.address, box.label, box.description, one.owner.name


def _rows(conn: Connection, wanted: Select[Any]) -> Iterator[Any]:
    return iter(conn.execute(wanted, execution_options={"yield_per": _AT_ONCE}))


def _first(found: Iterable[T], limit: int | None, words: tuple[str, ...], texts: Callable[[T], Iterable[str | None]]) -> list[T]:
    """The first rows in whose texts all words stand."""
    kept: list[T] = []
    for one in found:
        if words:
            text = fold("\n".join(part for part in texts(one) if part))
            if not all(word in text for word in words):
                continue
        kept.append(one)
        if limit is not None and len(kept) >= limit:
            break
    return kept
