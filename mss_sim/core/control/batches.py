"""Rows in batches, made in a thread; and batches stored, each in a transaction of its own.

A batch is not made while the one before is stored: the driver of SQLite gives the interpreter away at each row, and would wait for it.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import TypeVar

from mss_sim.core.control import many
from mss_sim.core.control.many import Added, NewRow
from mss_sim.core.world.world import World

T = TypeVar("T")

_ROW_BYTES = 4_096
"""What a person with a mailbox writes, about."""
_HASHES_MAX = 10_000


async def in_batches(rows: Iterator[T], size: int) -> AsyncIterator[list[T]]:
    """The rows by so many."""

    def take() -> list[T]:
        return list(islice(rows, size))

    while batch := await asyncio.to_thread(take):
        yield batch


class Storing:
    """Stores batches of one undertaking; each password that several share is hashed once."""

    def __init__(self, world: World, *, keep: bool = False, partial: bool = False) -> None:
        self._world = world
        self._keep, self._partial = keep, partial
        self._hashes: dict[str, str] = {}

    async def store(self, rows: Sequence[NewRow]) -> Added:
        """Store a batch; RowRefused where one of its rows cannot be stored, unless they are stored in part."""
        people = [row.person for row in rows if row.person is not None and row.person.login is not None]
        wanted = {one.password for one in people if one.password is not None}
        new = wanted - self._hashes.keys()
        if len(self._hashes) + len(new) > _HASHES_MAX:
            self._hashes, new = {}, wanted
        if new:
            self._hashes |= await asyncio.to_thread(self._hash, new)
        hashes, keep, in_part = self._hashes, self._keep, self._partial
        unit = partial(many.add, self._world, rows=rows, hashes=hashes, keep=keep, partial=in_part)
        return await self._world.store.write(unit, changes_directory=True, size=len(rows) * _ROW_BYTES)

    def _hash(self, passwords: set[str]) -> dict[str, str]:
        return {password: self._world.passwords.hash(password) for password in passwords}
