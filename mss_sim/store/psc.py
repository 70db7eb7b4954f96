"""Clients of Pro Santé Connect, and profiles of identities."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select

from mss_sim.clock import Micros
from mss_sim.models.psc import psc_clients, psc_profiles


@dataclass(frozen=True, slots=True)
class Client:
    """A registered client. `metadata` has the names of RFC 7591; a public client has no secret."""

    client_id: str
    secret_hash: str | None
    metadata: dict[str, Any]
    created_at: Micros

    def many(self, name: str) -> list[str]:
        """A list in the metadata; empty when missing."""
        return list(self.metadata.get(name) or ())

    @property
    def auth_method(self) -> str:
        """How it authenticates at the token endpoint."""
        return str(self.metadata.get("token_endpoint_auth_method", "client_secret_basic"))


def _client(row: Row[Any]) -> Client:
    return Client(row.client_id, row.secret_hash, json.loads(row.metadata), row.created_at)


def put_client(conn: Connection, client: Client) -> None:
    """Register a client, or replace the one with that id."""
    conn.execute(delete(psc_clients).where(psc_clients.c.client_id == client.client_id))
    values = {
        "client_id": client.client_id,
        "secret_hash": client.secret_hash,
        "metadata": json.dumps(client.metadata, ensure_ascii=False),
        "created_at": client.created_at,
    }
    conn.execute(insert(psc_clients).values(values))


def client(conn: Connection, client_id: str) -> Client | None:
    """The client with that id."""
    row = conn.execute(select(psc_clients).where(psc_clients.c.client_id == client_id)).one_or_none()
    return _client(row) if row else None


def clients(conn: Connection) -> list[Client]:
    """All clients, by their ids."""
    return [_client(row) for row in conn.execute(select(psc_clients).order_by(psc_clients.c.client_id))]


def remove_client(conn: Connection, client_id: str) -> bool:
    """Remove a client; False when there is none."""
    return conn.execute(delete(psc_clients).where(psc_clients.c.client_id == client_id)).rowcount > 0


def put_profile(conn: Connection, identity_id: int, profile: dict[str, Any], changed_at: Micros) -> None:
    """Store what userinfo reports about an identity, replacing the previous profile."""
    conn.execute(delete(psc_profiles).where(psc_profiles.c.identity_id == identity_id))
    text = json.dumps(profile, ensure_ascii=False)
    conn.execute(insert(psc_profiles).values(identity_id=identity_id, profile=text, changed_at=changed_at))


def add_profiles(conn: Connection, profiles: Mapping[int, dict[str, Any]], at: Micros) -> None:
    """Store the profiles of identities that have none, by their ids."""
    rows = [{"identity_id": id_, "profile": json.dumps(one, ensure_ascii=False), "changed_at": at} for id_, one in profiles.items()]
    if rows:
        conn.execute(insert(psc_profiles), rows)


def profile(conn: Connection, identity_id: int) -> dict[str, Any]:
    """The profile of an identity; empty when there is none."""
    text = conn.execute(select(psc_profiles.c.profile).where(psc_profiles.c.identity_id == identity_id)).scalar_one_or_none()
    return dict(json.loads(text)) if text else {}
