"""Filters: what must hold of an entry. A condition holds, does not hold, or tells nothing (None), as where nobody knows its attribute.

"Not" of what tells nothing tells nothing; what tells nothing selects nothing (ref: rfc4511#4.5.1.7). Texts are compared by their beginning,
their pieces, their end: no pattern is compiled.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mss_sim.ldap.names import NoName, folded, read
from mss_sim.ldap.schema import Kind, attribute

Values = Mapping[str, Sequence[bytes]]
"""What an entry has, by the names of attributes."""


@dataclass(frozen=True, slots=True)
class All:
    """All of these hold; of none of them it is true (ref: rfc4526#2)."""

    of: "tuple[Filter, ...]"

    def holds(self, values: Values) -> bool | None:
        """False if one does not hold."""
        return _of_several([one.holds(values) for one in self.of], deciding=False)

    def text(self) -> str:
        """As it is written."""
        return f"(&{''.join([one.text() for one in self.of])})"


@dataclass(frozen=True, slots=True)
class Any:
    """One of these holds; of none of them it is false."""

    of: "tuple[Filter, ...]"

    def holds(self, values: Values) -> bool | None:
        """True if one holds."""
        return _of_several([one.holds(values) for one in self.of], deciding=True)

    def text(self) -> str:
        """As it is written."""
        return f"(|{''.join([one.text() for one in self.of])})"


@dataclass(frozen=True, slots=True)
class Not:
    """This does not hold."""

    of: "Filter"

    def holds(self, values: Values) -> bool | None:
        """The contrary, if there is one."""
        told = self.of.holds(values)
        return None if told is None else not told

    def text(self) -> str:
        """As it is written."""
        return f"(!{self.of.text()})"


@dataclass(frozen=True, slots=True)
class Present:
    """There is such an attribute."""

    description: str

    def holds(self, values: Values) -> bool | None:
        """None for an attribute that nobody knows."""
        found = attribute(self.description)
        return None if found is None else found.name in values

    def text(self) -> str:
        """As it is written."""
        return f"({self.description}=*)"


@dataclass(frozen=True, slots=True)
class Equal:
    """An attribute has this value."""

    description: str
    value: bytes

    def holds(self, values: Values) -> bool | None:
        """None for an attribute that nobody knows, and for a value that it cannot have."""
        found = attribute(self.description)
        wanted = None if found is None else _compared(found.kind, self.value)
        if found is None or wanted is None:
            return None
        return any(_compared(found.kind, one) == wanted for one in values.get(found.name, ()))

    def text(self) -> str:
        """As it is written."""
        return f"({self.description}={_escaped(self.value)})"


@dataclass(frozen=True, slots=True)
class Like:
    """A value begins, ends, and holds these pieces between, one after the other."""

    description: str
    initial: bytes
    between: tuple[bytes, ...]
    final: bytes

    def holds(self, values: Values) -> bool | None:
        """None for an attribute that nobody knows, or that is no text."""
        found = attribute(self.description)
        if found is None or found.kind is not Kind.TEXT:
            return None
        pieces = [piece.decode("utf-8", "replace").casefold() for piece in (self.initial, *self.between, self.final)]
        return any(_holds_pieces(folded(one.decode("utf-8", "replace")), *pieces) for one in values.get(found.name, ()))

    def text(self) -> str:
        """As it is written."""
        return f"({self.description}={'*'.join(map(_escaped, (self.initial, *self.between, self.final)))})"


@dataclass(frozen=True, slots=True)
class Untold:
    """A condition that nothing is told of here: an order, an extensible match. `sign`: as it is written between attribute and value."""

    description: str
    sign: str
    value: bytes

    def holds(self, _values: Values) -> bool | None:
        """It tells nothing."""
        return None

    def text(self) -> str:
        """As it is written."""
        return f"({self.description}{self.sign}{_escaped(self.value)})"


Filter = All | Any | Not | Present | Equal | Like | Untold


def _of_several(told: Sequence[bool | None], *, deciding: bool) -> bool | None:
    if deciding in told:
        return deciding
    return None if None in told else not deciding


def _compared(kind: Kind, value: bytes) -> str | bytes | None:
    """A value in the form in which it is compared; None for one that no value of that kind can be."""
    if kind in (Kind.CERTIFICATE, Kind.LIST):
        return None  # certificates are matched by rules of their own (ref: rfc4523#2), which nobody asked for yet
    try:
        told = value.decode("utf-8")
        return repr(read(told)) if kind is Kind.NAME else folded(told)
    except (UnicodeDecodeError, NoName):
        return None


def _holds_pieces(value: str, initial: str, *rest: str) -> bool:
    *between, final = rest
    if not value.startswith(initial):
        return False
    at, end = len(initial), len(value) - len(final)
    for piece in between:
        found = value.find(piece, at, max(end, at))
        if found < 0:
            return False
        at = found + len(piece)
    return at <= end and value.endswith(final)


def _escaped(value: bytes) -> str:
    """A value as a filter has it (ref: rfc4515#3)."""
    return "".join(chr(one) if 0x20 <= one < 0x7F and chr(one) not in "*()\\" else f"\\{one:02x}" for one in value)
