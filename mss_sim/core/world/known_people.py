"""Who people are, as the store last told: kept until the rights of anyone change, so that a request does not ask for it again.

Every commit that changes identities, accounts, holders or grants, or revokes a certificate, says so before its caller is
answered; what is kept is forgotten then. What was not found is asked again. Where other processes write to the database too, nothing is
kept: they are heard a little later, and a password that was changed must be wrong in the next request.
"""

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from mss_sim.store.engine import Connection
from mss_sim.store.store import Store

K = TypeVar("K", bound=Hashable)
R = TypeVar("R")

_KEPT_MAX = 10_000


class KnownPeople:
    """What was read of people, by the query that found it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._version = -1
        self._kept: dict[tuple[Any, Any], Any] = {}

    async def read(self, query: Callable[[Connection, K], R], key: K) -> R:
        """What `query(conn, key)` finds of people; it depends on nothing else, the time included."""
        store, asked = self._store, (query, key)
        if self._version != store.rights_version:
            self._kept.clear()
            self._version = store.rights_version
        known: R | None = self._kept.get(asked)
        if known is not None:
            return known
        found = await store.read_briefly(query, key)
        if found is not None and store.exclusive and self._version == store.rights_version:
            if len(self._kept) >= _KEPT_MAX:
                self._kept.clear()
            self._kept[asked] = found
        return found
