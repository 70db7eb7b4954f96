"""Search criteria: a tree of keys, the same for every door. Doors write it, the store evaluates it (ref: rfc9051#6.4.4)."""

from collections.abc import Iterator
from typing import Any, NamedTuple


class Key(NamedTuple):
    """One search key.

    `kind`: ALL, AND, OR, NOT (of `keys`); FLAG (a Flag), KEYWORD, FROM, TO, CC, BCC, SUBJECT, TEXT, BODY (texts), HEADER (name, text);
    UID (a collection of UIDs); LARGER, SMALLER (bytes); SINCE, BEFORE, SENTSINCE, SENTBEFORE (instants); MODSEQ; EMAILID, THREADID (ids).
    SEQUENCE (a `Sequence` of the door) and RECENT (known to a session only) must be turned into UID before the store is queried.
    """

    kind: str
    value: Any = None
    keys: tuple["Key", ...] = ()


ALL = Key("ALL")


def looks_inside(key: Key) -> bool:
    """Whether the result would reveal the content of a message, not only its envelope."""
    return key.kind in ("TEXT", "BODY", "HEADER") or any(map(looks_inside, key.keys))


def texts(key: Key) -> Iterator[str]:
    """Every search text in the tree."""
    values = key.value if key.kind == "HEADER" else (key.value,)
    yield from (value for value in values if isinstance(value, str))
    for one in key.keys:
        yield from texts(one)


def kinds(key: Key) -> set[str]:
    """Every kind in the tree."""
    return {key.kind}.union(*map(kinds, key.keys))
