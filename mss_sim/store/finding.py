"""People and mailboxes looked for by words, in the order of their creation.

A word is found without case and accents, as people type: no database here does that alike, so texts are read in that order and compared,
until the page is full; only then are whole rows read.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import Column, ColumnElement, Connection, Select, select

from mss_sim.mail.parse import fold
from mss_sim.models.tables import accounts, identities, mailboxes
from mss_sim.store.identities import Identity, identity_of
from mss_sim.store.mailboxes import Mailbox, mailbox_of
from mss_sim.vocabulary.mailboxes import IdentityKind, MailboxKind, MailboxState

_AT_ONCE = 500
_PERSON, _BOX = identities.c, mailboxes.c
_NAMES = (_PERSON.title, _PERSON.given_name, _PERSON.family_name)
_PEOPLE = select(*_PERSON, accounts.c.login).outerjoin(accounts, accounts.c.identity_id == _PERSON.id)
_TEXTS_OF_PEOPLE = _PEOPLE.with_only_columns(_PERSON.id, *_NAMES, _PERSON.idnat, _PERSON.profession, _PERSON.structure, accounts.c.login)
_BOXES = select(*_BOX, *_PERSON).join(identities, _PERSON.id == _BOX.owner_id)
_TEXTS_OF_BOXES = _BOXES.with_only_columns(_BOX.id, _BOX.address, _BOX.label, _BOX.description, *_NAMES)


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
    chosen = [_PERSON.id > (query.after or 0)]
    chosen += [_PERSON.kind == query.kind.value] if query.kind is not None else []
    rows = _rows(conn, _Sought(_PERSON.id, _PEOPLE, _TEXTS_OF_PEOPLE, chosen), query.words, query.limit)
    return [FoundPerson(identity_of(row[:-1]), row[-1]) for row in rows]


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
    width, chosen = len(_BOX), [_BOX.carer_view_of.is_(None), _BOX.id > (query.after or 0)]
    chosen += [_BOX.kind == query.kind.value] if query.kind is not None else []
    chosen += [_BOX.state == query.state.value] if query.state is not None else []
    rows = _rows(conn, _Sought(_BOX.id, _BOXES, _TEXTS_OF_BOXES, chosen), query.words, query.limit)
    return [FoundMailbox(mailbox_of(row[:width]), identity_of(row[width:])) for row in rows]


class _Sought(NamedTuple):
    """What is looked through: whole rows, their ids and texts, and the conditions that they fulfil."""

    id_: Column[int]
    whole: Select[Any]
    texts: Select[Any]
    chosen: list[ColumnElement[bool]]


def _rows(conn: Connection, sought: _Sought, words: tuple[str, ...], limit: int | None) -> Iterator[Any]:
    """The first rows, or the first in whose texts all words stand."""
    id_, whole, texts, chosen = sought
    if not words:
        yield from conn.execute(whole.where(*chosen).order_by(id_).limit(limit))
        return
    with conn.execute(texts.where(*chosen).order_by(id_), execution_options={"yield_per": _AT_ONCE}) as read:
        ids = list(islice((first for first, *parts in read if _holds(parts, words)), limit))
    for begin in range(0, len(ids), _AT_ONCE):
        yield from conn.execute(whole.where(id_.in_(ids[begin : begin + _AT_ONCE])).order_by(id_))


def _holds(parts: list[str | None], words: tuple[str, ...]) -> bool:
    text = fold("\n".join([part for part in parts if part]))
    return all(word in text for word in words)
