"""JSON that was written before, by all that it shows: what is shown the same is written once.

Nothing here can be out of date, for the key holds all that may change; it can only be of no use any more.
"""

from collections.abc import Hashable
from typing import Any

import orjson

_BYTES_MAX = 16 * 1024 * 1024


class Written:
    """Pieces of JSON, at most 16 MiB of them."""

    def __init__(self, bytes_max: int = _BYTES_MAX) -> None:
        self._bytes_max = bytes_max
        self._size = 0
        self._pieces: dict[Hashable, orjson.Fragment] = {}

    def get(self, shown: Hashable) -> orjson.Fragment | None:
        """The piece that shows this, None when it was not written yet; may be called in any thread."""
        return self._pieces.get(shown)

    def write(self, shown: Hashable, content: Any) -> orjson.Fragment:
        """The piece that shows this, with that content; those before are forgotten when there are too many."""
        octets = orjson.dumps(content)
        if self._size + len(octets) > self._bytes_max:
            self._pieces, self._size = {}, 0
        self._size += len(octets)
        piece = self._pieces[shown] = orjson.Fragment(octets)
        return piece
