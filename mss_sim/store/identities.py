"""Identities, keyed by their national id string, and the accounts that authenticate them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, delete, func, insert, select, update

from mss_sim.clock import Micros
from mss_sim.mail.addresses import composed
from mss_sim.models.tables import accounts, identities
from mss_sim.store.compiled import Hot, HotQuery, HotSelect
from mss_sim.store.engine import have_published
from mss_sim.vocabulary.mailboxes import IdentityKind

_COLUMNS = tuple(identities.c)


@dataclass(frozen=True, slots=True)
class Identity:
    """A person, an organisation or an application. `structure`: the idNat of the structure it works for; `sector`: TRE_R02; or empty.

    `address_line`, `postal_code`, `city`: where an organisation is.
    """

    id: int
    idnat: str
    kind: IdentityKind
    family_name: str
    given_name: str
    title: str
    profession: str
    structure: str
    anonymous_card: bool
    enabled: bool
    created_at: Micros
    sector: str = ""
    address_line: str = ""
    postal_code: str = ""
    city: str = ""

    @property
    def name(self) -> str:
        """The display name: `Dr Camille MARTIN`."""
        return " ".join(word for word in (self.title, self.given_name, self.family_name) if word)


@dataclass(frozen=True, slots=True)
class Account:
    """What authenticates an identity: a login, without case, and the hash of a password."""

    login: str
    password_hash: str
    identity: Identity


def identity_of(row: Sequence[Any]) -> Identity:
    """An identity out of its columns, in their order."""
    id_, idnat, kind, family, given, title, profession, structure, anonymous, enabled, created, *organisation = row
    kind_ = IdentityKind(kind)
    return Identity(id_, idnat, kind_, family, given, title, profession, structure, bool(anonymous), bool(enabled), created, *organisation)


def add(conn: Connection, identity: Identity) -> None:
    """Store an identity; IntegrityError when its idNat is taken."""
    conn.execute(insert(identities), _values(identity))
    have_published(conn, [identity.id])


def add_all(conn: Connection, new: Sequence[Identity], new_accounts: Sequence[tuple[int, int, str, str]]) -> None:
    """Store identities that are new with their accounts, (account id, identity id, canonical login, hash); IntegrityError as above."""
    _ADD.run(conn, [_as_stored(one) for one in new])
    _ADD_ACCOUNT.run(conn, new_accounts)
    have_published(conn, [one.id for one in new])


def _as_stored(one: Identity) -> tuple[Any, ...]:
    """An identity in the order of the columns: a driver may not support enums."""
    named = one.family_name, one.given_name, one.title, one.profession, one.structure
    organisation = one.sector, one.address_line, one.postal_code, one.city
    return (one.id, one.idnat, one.kind.value, *named, one.anonymous_card, one.enabled, one.created_at, *organisation)


_ADD = Hot(insert(identities))
_ADD_ACCOUNT = Hot(insert(accounts))


def taken(conn: Connection, idnats: Collection[str], logins: Collection[str]) -> set[str]:
    """Those of these idNats and canonical logins that somebody has."""
    return {idnat for (idnat,) in _TAKEN_IDNATS.rows(conn, "idnats", sorted(idnats))} | logins_taken(conn, logins)


def logins_taken(conn: Connection, logins: Collection[str]) -> set[str]:
    """Those of these canonical logins that an account has."""
    return {login for (login,) in _TAKEN_LOGINS.rows(conn, "logins", sorted(logins))}


_TAKEN_IDNATS = HotSelect(select(identities.c.idnat).where(identities.c.idnat.in_(bindparam("idnats", expanding=True))))
_TAKEN_LOGINS = HotSelect(select(accounts.c.login).where(accounts.c.login.in_(bindparam("logins", expanding=True))))


def _values(identity: Identity) -> dict[str, Any]:
    return {column.name: getattr(identity, column.name) for column in _COLUMNS}


def change(conn: Connection, identity: Identity) -> None:
    """Replace what is stored of an identity except its id and idNat."""
    values = {name: value for name, value in _values(identity).items() if name not in ("id", "idnat", "created_at")}
    conn.execute(update(identities).where(identities.c.id == identity.id).values(values))
    have_published(conn, [identity.id])


def remove(conn: Connection, identity_id: int) -> bool:
    """Delete an identity with its account, mailboxes and grants; False when there is none."""
    have_published(conn, [identity_id])
    return conn.execute(delete(identities).where(identities.c.id == identity_id)).rowcount > 0


def is_enabled(conn: Connection, identity_id: int) -> bool:
    """Whether an identity is still known, and not disabled."""
    rows = _ENABLED.rows(conn, identity=identity_id)
    return bool(rows and rows[0][0])


_ENABLED = HotQuery(select(identities.c.enabled).where(identities.c.id == bindparam("identity")))


def by_id(conn: Connection, identity_id: int) -> Identity | None:
    """The identity with that id."""
    rows = _BY_ID.rows(conn, identity=identity_id)
    return identity_of(rows[0]) if rows else None


_BY_ID = HotQuery(select(*_COLUMNS).where(identities.c.id == bindparam("identity")))


def by_idnat(conn: Connection, idnat: str) -> Identity | None:
    """The identity with that national id string."""
    rows = _BY_IDNAT.rows(conn, idnat=idnat)
    return identity_of(rows[0]) if rows else None


_BY_IDNAT = HotQuery(select(*_COLUMNS).where(identities.c.idnat == bindparam("idnat")))


def with_idnats(conn: Connection, idnats: Collection[str]) -> dict[str, Identity]:
    """The identities with these national id strings, by them."""
    return {row.idnat: row for row in map(identity_of, _WITH_IDNATS.rows(conn, "idnats", sorted(idnats)))}


_WITH_IDNATS = HotSelect(select(*_COLUMNS).where(identities.c.idnat.in_(bindparam("idnats", expanding=True))))


def count(conn: Connection) -> int:
    """How many identities there are."""
    return int(conn.execute(select(func.count()).select_from(identities)).scalar_one())


def list_all(conn: Connection) -> list[Identity]:
    """All identities in the order of their creation."""
    return [identity_of(row) for row in conn.execute(select(*_COLUMNS).order_by(identities.c.id))]


def names(conn: Connection, ids: set[int]) -> dict[int, Identity]:
    """The identities with these ids."""
    return {identity.id: identity for identity in map(identity_of, _NAMES.rows(conn, "ids", sorted(ids)))}


_NAMES = HotSelect(select(*_COLUMNS).where(identities.c.id.in_(bindparam("ids", expanding=True))))


def called(conn: Connection, ids: Collection[int]) -> dict[int, str]:
    """The logins of these identities; the names of those who have none."""
    found = {id_: identity.name for id_, identity in names(conn, set(ids)).items()}
    return found | dict(_LOGINS.rows(conn, "ids", sorted(ids)))


_LOGINS = HotSelect(select(accounts.c.identity_id, accounts.c.login).where(accounts.c.identity_id.in_(bindparam("ids", expanding=True))))


def set_account(conn: Connection, account_id: int, identity_id: int, login: str, password_hash: str) -> None:
    """Give an identity its one account, replacing the previous one; IntegrityError when another identity has that login."""
    conn.execute(delete(accounts).where(accounts.c.identity_id == identity_id))
    account = {"id": account_id, "identity_id": identity_id, "login": canonical_login(login), "password_hash": password_hash}
    conn.execute(insert(accounts), account)


def canonical_login(login: str) -> str:
    """The one form of a login: lower case, each accent in one character with its letter (ref: rfc8265#3.3)."""
    return composed(login).lower()


def account_of_login(conn: Connection, login: str) -> Account | None:
    """The account with that login."""
    return _account(_ACCOUNT_OF_LOGIN.rows(conn, wanted=canonical_login(login)))


def account_of_identity(conn: Connection, identity_id: int) -> Account | None:
    """The account of that identity."""
    return _account(_ACCOUNT_OF_IDENTITY.rows(conn, wanted=identity_id))


def account_of_idnat(conn: Connection, idnat: str) -> Account | None:
    """The account of the identity with that national id string."""
    return _account(_ACCOUNT_OF_IDNAT.rows(conn, wanted=idnat))


def _account(rows: Sequence[Sequence[Any]]) -> Account | None:
    if not rows:
        return None
    login, password_hash, *identity = rows[0]
    return Account(login, password_hash, identity_of(identity))


def _accounts_by(column: ColumnElement[Any]) -> HotQuery:
    query = select(accounts.c.login, accounts.c.password_hash, *_COLUMNS).join(identities, accounts.c.identity_id == identities.c.id)
    return HotQuery(query.where(column == bindparam("wanted")))


_ACCOUNT_OF_LOGIN = _accounts_by(accounts.c.login)
_ACCOUNT_OF_IDENTITY = _accounts_by(accounts.c.identity_id)
_ACCOUNT_OF_IDNAT = _accounts_by(identities.c.idnat)
