"""Searches in the directory: conditions of a search as SQL, pages by key, what is included (ref: ans-annuaire).

| kind of a condition          | how it is found                                                                        |
|------------------------------|----------------------------------------------------------------------------------------|
| a number                     | by its index                                                                           |
| family or name, postal code  | by a stretch of its index, whose texts are folded; sorted by id afterwards             |
| structure, by reference      | by its index                                                                           |
| an address, from its beginning | by the index of mailboxes, where the newest state is asked for                       |
| the rest                     | along the primary key, as far as the page needs                                        |

A view is a revision: of each entry the version that counted then. Without statistics SQLite would walk the primary key for the sake of
its order, whatever else is asked: a sign before its columns keeps it from that where an index finds few, and so does the denial of the
opposite. PostgreSQL knows by itself. Values are parameters of the statements, never part of them.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson
from sqlalchemy import BigInteger, ColumnElement, Connection, Select, and_, false, func, literal_column, not_, or_, select, true
from sqlalchemy.sql.base import ReadOnlyColumnCollection
from sqlalchemy.sql.elements import KeyedColumnElement

from mss_sim.fhir.dates import Stretch
from mss_sim.fhir.entries import Entry, identity_id_of
from mss_sim.fhir.parameters import PARAMETERS, Kind
from mss_sim.fhir.query import Condition, Query, Reference, Token
from mss_sim.mail.parse import fold
from mss_sim.models.directory import FOREVER, directory_entries
from mss_sim.models.tables import mailboxes
from mss_sim.store.directory_restricted import Restricted, bears
from mss_sim.store.engine import is_postgresql
from mss_sim.vocabulary.directory import ResourceType, System

Column_ = KeyedColumnElement[Any]
Columns = ReadOnlyColumnCollection[str, KeyedColumnElement[Any]]
_LAST = "\U0010ffff"
_FEW = 5_000
"""So many are sorted sooner than the primary key is walked."""


class View(NamedTuple):
    """What is looked at: the state at a revision. `gone_since`: skeletons from before are not shown. `newest`: nothing came after.

    `restricted`: who looks, where it is an operator.
    """

    revision: int
    gone_since: int
    newest: bool = True
    restricted: Restricted | None = None


class _Asked(NamedTuple):
    """Who asks for a condition: the columns of the entry that it is about, how texts are compared, and the view."""

    columns: Columns
    postgresql: bool
    view: View


def newest(conn: Connection) -> int:
    """The revision of the newest entry."""
    return conn.execute(select(func.max(directory_entries.c.from_id))).scalar_one() or 0


def find(conn: Connection, query: Query, view: View, after: int, most: int) -> list[Entry]:
    """The entries that match, in the order of their ids, behind an id, at most so many."""
    statement, key = _matching(conn, query, view, *_SHOWN)
    return [_entry(row) for row in conn.execute(statement.where(key > after).order_by(key).limit(most))]


def count(conn: Connection, query: Query, view: View) -> int:
    """How many entries match."""
    found: int = conn.execute(_matching(conn, query, view, func.count())[0]).scalar_one()
    return found


def one(conn: Connection, type_: ResourceType, identity_id: int, view: View) -> Entry | None:
    """The entry of an identity as a resource of that type."""
    statement = select(*_SHOWN).where(*_in_view(_everywhere(conn, view)), _of_type(directory_entries.c, type_))
    row = conn.execute(statement.where(directory_entries.c.identity_id == identity_id)).one_or_none()
    return None if row is None else _entry(row)


def by_ids(conn: Connection, identity_ids: Sequence[int], view: View) -> dict[int, Entry]:
    """The entries of these identities, by their ids."""
    columns = directory_entries.c
    statement = select(*_SHOWN).where(columns.identity_id.in_(identity_ids), *_in_view(_everywhere(conn, view)))
    kinds = (columns.person.is_(True), columns.person.is_(False)) if identity_ids else ()  # one after the other, by the primary key
    return {entry.id: entry for kind in kinds for entry in map(_entry, conn.execute(statement.where(kind)))}


def organisations(conn: Connection, idnats: Sequence[str], view: View) -> dict[str, Entry]:
    """Those of these organisations that the directory has, by idNat."""
    columns = directory_entries.c
    statement = select(*_SHOWN).where(columns.idnat.in_(idnats), columns.person.is_not(True), *_in_view(_everywhere(conn, view)))
    return {entry.idnat: entry for entry in map(_entry, conn.execute(statement))} if idnats else {}


def working_at(conn: Connection, idnats: Sequence[str], view: View, most: int) -> list[Entry]:
    """The people who work at these structures, at most so many."""
    columns = directory_entries.c
    statement = select(*_SHOWN).where(columns.structure.in_(idnats), columns.person.is_not(False), *_in_view(_everywhere(conn, view)))
    return list(map(_entry, conn.execute(statement.order_by(columns.identity_id).limit(most)))) if idnats else []


_SHOWN = (directory_entries.c.identity_id, directory_entries.c.changed_at, directory_entries.c.active, directory_entries.c.facts)


def _everywhere(conn: Connection, view: View) -> _Asked:
    return _Asked(directory_entries.c, is_postgresql(conn), view)


def _entry(row: Sequence[Any]) -> Entry:
    id_, changed_at, active, facts = row
    return Entry.of(id_, changed_at, bool(active), orjson.loads(facts))


def _matching(conn: Connection, query: Query, view: View, *shown: Any) -> tuple[Select[Any], Column_]:
    """Who matches, and the column of their ids by which they are ordered."""
    asked = _Asked(directory_entries.c, is_postgresql(conn), view)
    holds = [_holds(asked, condition) for condition in query.conditions]
    key: Column_ = directory_entries.c.identity_id
    person: ColumnElement[bool] = directory_entries.c.person.is_(query.type is not ResourceType.ORGANIZATION)
    if not asked.postgresql and _is_narrow(conn, asked, query):
        key = literal_column("+directory_entries.identity_id", BigInteger)
        person = literal_column("+directory_entries.person") == int(query.type is not ResourceType.ORGANIZATION)
    works = [directory_entries.c.structure != ""] if query.type is ResourceType.PRACTITIONER_ROLE else []
    return select(*shown).select_from(directory_entries).where(person, *works, *_in_view(asked), *holds), key


def _is_narrow(conn: Connection, asked: _Asked, query: Query) -> bool:
    """Whether an index finds few enough to be sorted; else the primary key is walked as far as the page needs, which meets matches soon."""
    for condition in query.conditions:
        name, values = condition.name, condition.values
        if condition.modifier == "not" or condition.chained == "practitioner":
            continue
        if condition.chained or name == "organization":
            return True
        if name == "identifier" and all(isinstance(one, Token) and one.code for one in values):
            return True
        stretch = name in _STRETCHES and condition.modifier != "contains" and (name != "name" or query.type is ResourceType.ORGANIZATION)
        if stretch and _are_few(conn, _own(asked, condition)):
            return True
    return False


_STRETCHES = frozenset({"family", "name", "address-postalcode", "_lastUpdated"})


def _are_few(conn: Connection, holds: ColumnElement[bool]) -> bool:
    some = select(literal_column("1")).select_from(directory_entries).where(holds).limit(_FEW + 1).subquery()
    found: int = conn.execute(select(func.count()).select_from(some)).scalar_one()
    return found <= _FEW


def _in_view(asked: _Asked) -> list[ColumnElement[bool]]:
    """The version that counts in the view; nothing is added so that it is not looked for by its number, which nearly all have below."""
    columns, view = asked.columns, asked.view
    shown = or_(columns.active, columns.changed_at >= view.gone_since)
    ended = columns.until_id == FOREVER if view.newest else columns.until_id > view.revision
    return [columns.from_id + 0 <= view.revision, ended, shown]


def _of_type(columns: Columns, type_: ResourceType) -> ColumnElement[bool]:
    if type_ is ResourceType.ORGANIZATION:
        return columns.person.is_(False)
    if type_ is ResourceType.PRACTITIONER_ROLE:
        return and_(columns.person.is_(True), columns.structure != "")
    return columns.person.is_(True)


def _holds(asked: _Asked, condition: Condition) -> ColumnElement[bool]:
    if condition.chained == "organization":
        other = directory_entries.alias()
        inner = asked._replace(columns=other.c)
        found = select(other.c.idnat).where(*_in_view(inner), other.c.person.is_(False), _own(inner, condition))
        return asked.columns.structure.in_(found)
    return _own(asked, condition)


def _own(asked: _Asked, condition: Condition) -> ColumnElement[bool]:
    kind = PARAMETERS[condition.of][condition.name]
    if condition.name == "_id":
        found = or_(*(_has_id(asked, condition.of, value) for value in condition.values))
    elif kind is Kind.STRING:
        found = _text(asked, condition)
    elif kind is Kind.DATE:
        found = or_(*(_changed(asked, value) for value in condition.values if isinstance(value, Stretch)))
    elif kind is Kind.REFERENCE:
        found = or_(*(_refers(asked, condition, value) for value in condition.values if isinstance(value, Reference)))
    else:
        found = or_(*(_token(asked, condition, value) for value in condition.values if isinstance(value, Token)))
    return not_(found) if condition.modifier == "not" else found


def _has_id(asked: _Asked, of: ResourceType, value: Any) -> ColumnElement[bool]:
    found = identity_id_of(of, value.code or "")
    return false() if found is None else asked.columns.identity_id == found


def _changed(asked: _Asked, stretch: Stretch) -> ColumnElement[bool]:
    at = asked.columns.changed_at
    match stretch.prefix:
        case "gt" | "sa":
            return at >= stretch.until
        case "ge":
            return at >= stretch.since
        case "lt" | "eb":
            return at < stretch.since
        case "le":
            return at < stretch.until
        case "ne":
            return or_(at < stretch.since, at >= stretch.until)
    return and_(at >= stretch.since, at < stretch.until)


def _refers(asked: _Asked, condition: Condition, value: Reference) -> ColumnElement[bool]:
    target = {"organization": ResourceType.ORGANIZATION, "practitioner": ResourceType.PRACTITIONER}.get(condition.name)
    found = identity_id_of(target, value.id) if target and value.type in (None, target) else None
    if found is None:
        return false()
    if target is ResourceType.PRACTITIONER:
        return asked.columns.identity_id == found
    other = directory_entries.alias()
    organisation = select(other.c.idnat).where(
        other.c.identity_id == found, other.c.person.is_(False), *_in_view(asked._replace(columns=other.c))
    )
    return asked.columns.structure.in_(organisation)


def _token(asked: _Asked, condition: Condition, value: Token) -> ColumnElement[bool]:
    name, of, columns = condition.name, condition.of, asked.columns
    found: ColumnElement[bool]
    match name:
        case "active":
            found = {"true": columns.active.is_(True), "false": columns.active.is_(False)}.get(value.code or "", false())
        case "identifier":
            found = _identified(asked, of, value)
        case "identifier-type":
            found = _identified_as(columns, of, value.code or "")
        case "data-information-system":
            found = true() if value.code == ("FINESS" if of is ResourceType.ORGANIZATION else "RPPS") else false()
        case "qualification-code" | "type":
            found = _coded(columns.codes, value)
        case "role":
            found = _coded(columns.role_codes, value)
        case _:  # registration authorities, smart cards: the world has none
            found = false()
    return found


def _coded(column: ColumnElement[str], value: Token) -> ColumnElement[bool]:
    """A code among others; where a code is replaced by nothing and something changes it is there, letter by letter on every database."""
    if value.code is None and value.system is None:
        return false()
    wanted = f" {value.system}|{value.code} " if value.system and value.code else f" {value.system}|" if value.system else f"|{value.code} "
    return func.replace(column, wanted, "") != column


def _identified(asked: _Asked, of: ResourceType, value: Token) -> ColumnElement[bool]:
    columns, code, system = asked.columns, value.code or "", value.system
    organisation = of is ResourceType.ORGANIZATION
    forms: list[tuple[str, str]] = []  # (system, what the idNat is then)
    if organisation:
        forms = [(System.IDNST, code), (System.FINESS, f"1{code}"), (System.SIRENE, f"2{code}"), (System.SIRENE, f"3{code}")]
        forms.append((System.RPPS_RANK, f"4{code}"))
    elif of is ResourceType.PRACTITIONER:
        forms = [(System.IDNPS, code), *([(System.RPPS, f"8{code}")] if len(code) == 11 else [])]
    elif code.isascii() and code.isdigit() and len(code) == _ACTIVITY_LENGTH and system in (None, System.RPPS):
        return and_(_begins(asked, columns.idnat, f"8{code}"), func.length(columns.idnat) == _ACTIVITY_LENGTH + 2)
    wanted = [idnat for known, idnat in forms if system in (None, known) and code]
    if code or system is None:
        return columns.idnat.in_(wanted)
    of_system = {System.IDNPS: not organisation, System.IDNST: organisation}.get(System(system)) if system in _SYSTEMS else False
    if of_system is not None:
        return true() if of_system else false()
    return _has_number(columns, of, System(system))


_SYSTEMS = frozenset(System)
_ACTIVITY_LENGTH = 10
_FIRST = {System.FINESS: ("1",), System.SIRENE: ("2", "3"), System.RPPS_RANK: ("4",)}
_TYPES = {"FINEG": ("1",), "SIREN": ("2",), "SIRET": ("3",), "RPPSRG": ("4",)}


def _has_number(columns: Columns, of: ResourceType, system: System) -> ColumnElement[bool]:
    if of is ResourceType.ORGANIZATION:
        return func.substr(columns.idnat, 1, 1).in_(_FIRST[system]) if system in _FIRST else false()
    return _has_rpps(columns) if system is System.RPPS else false()


def _has_rpps(columns: Columns) -> ColumnElement[bool]:
    return and_(func.substr(columns.idnat, 1, 1) == "8", func.length(columns.idnat) == 12)


def _identified_as(columns: Columns, of: ResourceType, code: str) -> ColumnElement[bool]:
    if of is ResourceType.PRACTITIONER:
        return true() if code == "IDNPS" else _has_rpps(columns) if code == "RPPS" else false()
    if code == "IDNST":
        return true()
    return func.substr(columns.idnat, 1, 1).in_(_TYPES[code]) if code in _TYPES else false()


_TEXTS: dict[tuple[ResourceType, str], tuple[tuple[str, str], ...]] = {
    (ResourceType.PRACTITIONER, "family"): (("family", "family_search"),),
    (ResourceType.PRACTITIONER, "given"): (("given", "given_search"),),
    (ResourceType.PRACTITIONER, "name"): (("family", "family_search"), ("given", "given_search")),
    (ResourceType.ORGANIZATION, "name"): (("family", "family_search"),),
    (ResourceType.ORGANIZATION, "address"): (("line", "line_search"), ("city", "city_search"), ("postal_code", "postal_code")),
    (ResourceType.ORGANIZATION, "address-city"): (("city", "city_search"),),
    (ResourceType.ORGANIZATION, "address-line"): (("line", "line_search"),),
    (ResourceType.ORGANIZATION, "address-postalcode"): (("postal_code", "postal_code"),),
}
"""The columns of a text: as it is written, and folded."""


def _text(asked: _Asked, condition: Condition) -> ColumnElement[bool]:
    texts = [value for value in condition.values if isinstance(value, str)]
    if condition.name == "mailbox-mss":
        return or_(false(), *(_addressed(asked, condition, text) for text in texts))
    pairs = _TEXTS.get((condition.of, condition.name), ())
    columns = [(asked.columns[written], asked.columns[folded]) for written, folded in pairs]
    return or_(false(), *(_compared(asked, condition.modifier, *one, text) for one in columns for text in texts))


def _compared(asked: _Asked, modifier: str, written: Column_, folded: Column_, text: str) -> ColumnElement[bool]:
    small = fold(text)
    if modifier == "exact":
        return and_(folded == small, written == text)
    if modifier == "contains":
        found: ColumnElement[bool] = folded.contains(small, autoescape=True)
        return found
    return _begins(asked, folded, small)


def _begins(asked: _Asked, column: Column_, text: str) -> ColumnElement[bool]:
    if asked.postgresql:  # whose order of texts is that of a language
        found: ColumnElement[bool] = column.startswith(text, autoescape=True)
        return found
    return and_(column >= text, column < text + _LAST)


def _addressed(asked: _Asked, condition: Condition, text: str) -> ColumnElement[bool]:
    columns, small = asked.columns, fold(text)
    column = columns.role_addresses if condition.of is ResourceType.PRACTITIONER_ROLE else columns.addresses
    if " " in small:
        return false()
    published = _published(asked, condition.modifier, column, text)
    if asked.view.restricted is None:
        return published
    fits = _compared(asked, condition.modifier, mailboxes.c.address, mailboxes.c.address, text)
    return or_(published, bears(columns.identity_id, columns.structure, condition.of, asked.view.restricted, fits))


def _published(asked: _Asked, modifier: str, column: Column_, text: str) -> ColumnElement[bool]:
    small = fold(text)
    if modifier == "exact":
        return func.replace(column, f" {text} ", "") != column
    if modifier == "contains":
        found: ColumnElement[bool] = column.contains(small, autoescape=True)
        return found
    begins = column.contains(f" {small}", autoescape=True)
    if not asked.view.newest:
        return begins
    owners = select(mailboxes.c.owner_id).where(_begins(asked, mailboxes.c.address, small))
    return and_(asked.columns.identity_id.in_(owners), begins)
