"""Names that were seen so far, each with a small number, in 18 to 36 bytes: a million rows are looked through without being kept.

A name is remembered by 64 bits of its hash, whose key is the process's own. That two of three million names are taken for one happens
once in four million times, and such names cannot be chosen.
"""

from array import array

_SMALLEST = 1_024
_BITS = (1 << 64) - 1


class NamesSeen:
    """Names, by their hashes in a table of open addressing that is at most half full; a slot of 0 is empty."""

    def __init__(self) -> None:
        self._hashes = array("Q", bytes(8 * _SMALLEST))
        self._numbers = bytearray(_SMALLEST)
        self._count = 0

    def put(self, name: str, number: int = 0) -> None:
        """Remember a name with a number from 0 to 255, in the place of the one that it had."""
        if 2 * self._count >= len(self._hashes):
            self._grow()
        hashed = _hash(name)
        place = self._place(hashed)
        if not self._hashes[place]:
            self._hashes[place] = hashed
            self._count += 1
        self._numbers[place] = number

    def get(self, name: str) -> int | None:
        """The number of a name; None for one that was not seen."""
        place = self._place(_hash(name))
        return self._numbers[place] if self._hashes[place] else None

    def _place(self, hashed: int) -> int:
        """Where a hash is, or would be."""
        hashes, mask = self._hashes, len(self._hashes) - 1
        place = hashed & mask
        while hashes[place] not in (0, hashed):
            place = (place + 1) & mask
        return place

    def _grow(self) -> None:
        hashes, numbers = self._hashes, self._numbers
        self._hashes, self._numbers = array("Q", bytes(16 * len(hashes))), bytearray(2 * len(numbers))
        for hashed, number in zip(hashes, numbers, strict=True):
            if hashed:
                place = self._place(hashed)
                self._hashes[place], self._numbers[place] = hashed, number


def _hash(name: str) -> int:
    return hash(name) & _BITS or 1
