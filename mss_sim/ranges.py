"""Ascending numbers as ranges, as IMAP and the store name many UIDs."""

from collections.abc import Iterable

Range = tuple[int, int]
"""The first number and the last one."""


def ranges_of(numbers: Iterable[int]) -> list[Range]:
    """Ascending numbers as ranges."""
    found: list[Range] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1] = found[-1][0], number
        else:
            found.append((number, number))
    return found
