"""Identities, keyed by their national id string, and the accounts that authenticate them."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update

from mss_sim.clock import Micros
from mss_sim.models.tables import accounts, identities
from mss_sim.store.compiled import HotQuery
from mss_sim.vocabulary.mailboxes import IdentityKind

_COLUMNS = tuple(identities.c)


@dataclass(frozen=True, slots=True)
class Identity:
    """A person, an organisation or an application. `structure` is the idNat of the structure it works for, or empty."""

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


def _identity(row: Row[Any]) -> Identity:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's documented name
    return Identity(**{**values, "kind": IdentityKind(values["kind"])})


def add(conn: Connection, identity: Identity) -> None:
    """Store an identity; IntegrityError when its idNat is taken."""
    conn.execute(insert(identities).values(_values(identity)))


def _values(identity: Identity) -> dict[str, Any]:
    return {column.name: getattr(identity, column.name) for column in _COLUMNS}


def change(conn: Connection, identity: Identity) -> None:
    """Replace what is stored of an identity except its id and idNat."""
    values = {name: value for name, value in _values(identity).items() if name not in ("id", "idnat", "created_at")}
    conn.execute(update(identities).where(identities.c.id == identity.id).values(values))


def remove(conn: Connection, identity_id: int) -> bool:
    """Delete an identity with its account, mailboxes and grants; False when there is none."""
    return conn.execute(delete(identities).where(identities.c.id == identity_id)).rowcount > 0


def is_enabled(conn: Connection, identity_id: int) -> bool:
    """Whether an identity is still known, and not disabled."""
    rows = _ENABLED.rows(conn, identity=identity_id)
    return bool(rows and rows[0][0])


_ENABLED = HotQuery(select(identities.c.enabled).where(identities.c.id == bindparam("identity")))


def by_id(conn: Connection, identity_id: int) -> Identity | None:
    """The identity with that id."""
    row = conn.execute(select(*_COLUMNS).where(identities.c.id == identity_id)).one_or_none()
    return _identity(row) if row else None


def by_idnat(conn: Connection, idnat: str) -> Identity | None:
    """The identity with that national id string."""
    row = conn.execute(select(*_COLUMNS).where(identities.c.idnat == idnat)).one_or_none()
    return _identity(row) if row else None


def list_all(conn: Connection) -> list[Identity]:
    """All identities in the order of their creation."""
    return [_identity(row) for row in conn.execute(select(*_COLUMNS).order_by(identities.c.id))]


def names(conn: Connection, ids: set[int]) -> dict[int, Identity]:
    """The identities with these ids."""
    if not ids:
        return {}
    rows = conn.execute(select(*_COLUMNS).where(identities.c.id.in_(ids)))
    return {identity.id: identity for identity in map(_identity, rows)}


def called(conn: Connection, ids: Collection[int]) -> dict[int, str]:
    """The logins of these identities; the names of those who have none."""
    found = {id_: identity.name for id_, identity in names(conn, set(ids)).items()}
    logins = conn.execute(select(accounts.c.identity_id, accounts.c.login).where(accounts.c.identity_id.in_(list(ids))))
    return found | {row.identity_id: row.login for row in logins}


def set_account(conn: Connection, account_id: int, identity_id: int, login: str, password_hash: str) -> None:
    """Give an identity its one account, replacing the previous one; IntegrityError when another identity has that login."""
    conn.execute(delete(accounts).where(accounts.c.identity_id == identity_id))
    conn.execute(insert(accounts).values(id=account_id, identity_id=identity_id, login=login.lower(), password_hash=password_hash))


def account_of_login(conn: Connection, login: str) -> Account | None:
    """The account with that login."""
    return _account(conn, accounts.c.login == login.lower())


def account_of_identity(conn: Connection, identity_id: int) -> Account | None:
    """The account of that identity."""
    return _account(conn, accounts.c.identity_id == identity_id)


def account_of_idnat(conn: Connection, idnat: str) -> Account | None:
    """The account of the identity with that national id string."""
    return _account(conn, identities.c.idnat == idnat)


def _account(conn: Connection, condition: Any) -> Account | None:
    query = select(accounts.c.login, accounts.c.password_hash, *_COLUMNS).join(identities, accounts.c.identity_id == identities.c.id)
    row = conn.execute(query.where(condition)).first()
    if row is None:
        return None
    values = dict(row._mapping)  # noqa: SLF001
    login, password_hash = values.pop("login"), values.pop("password_hash")
    return Account(login, password_hash, Identity(**{**values, "kind": IdentityKind(values["kind"])}))
