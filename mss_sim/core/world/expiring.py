"""Values kept in memory for a while: each has an expiry, and beyond a maximum number the oldest is dropped."""

from collections import OrderedDict
from collections.abc import Iterator
from typing import Generic, TypeVar

from mss_sim.clock import Clock, Micros

V = TypeVar("V")


class ExpiringMap(Generic[V]):
    """Values by key, until they expire or others need the room."""

    def __init__(self, clock: Clock, most: int) -> None:
        self._clock = clock
        self._most = most
        self._rows: OrderedDict[str, tuple[Micros, V]] = OrderedDict()

    def put(self, key: str, value: V, until: Micros) -> None:
        """Keep a value, replacing the one with that key; it counts as the newest."""
        now = self._clock.now()
        self._rows[key] = (until, value)
        self._rows.move_to_end(key)
        while self._rows and (len(self._rows) > self._most or next(iter(self._rows.values()))[0] <= now):
            self._rows.popitem(last=False)

    def get(self, key: str) -> V | None:
        """The value of that key, unless it has expired."""
        until, value = self._rows.get(key, (0, None))
        return value if until > self._clock.now() else None

    def __contains__(self, key: str) -> bool:
        return self._rows.get(key, (0, None))[0] > self._clock.now()

    def pop(self, key: str) -> V | None:
        """The value of that key, which is removed."""
        value = self.get(key)
        self._rows.pop(key, None)
        return value

    def values(self) -> Iterator[V]:
        """All values that have not expired, the longest untouched first."""
        now = self._clock.now()
        return iter([value for until, value in self._rows.values() if until > now])

    def clear(self) -> None:
        """Remove all values."""
        self._rows.clear()

    def __len__(self) -> int:
        return sum(1 for _ in self.values())
