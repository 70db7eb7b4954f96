"""National lists of values: types of documents, sectors, settings of practice (ref: ans-cda#J02, ans-cda#J04, ans-cda#J07).

They move; the day of each is `revised`. A value that is not in them is told as a warning, never as an error.
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class ValueSet:
    """A list by its OID: the name of each value by its system and its code."""

    oid: str
    revised: str
    names: dict[tuple[str, str], str]

    def name(self, code: str, system: str) -> str | None:
        """The name of a value, None where the list has none."""
        return self.names.get((system, code))

    def system_of(self, code: str) -> str | None:
        """The system of a code in this list."""
        return next((system for system, known in self.names if known == code), None)


@cache
def _lists() -> dict[str, ValueSet]:
    read = json.loads((files(__package__) / "value_sets.json").read_text("utf-8"))
    return {
        name: ValueSet(one["oid"], one["revised"], {(system, code): label for code, system, label in one["values"]})
        for name, one in read.items()
    }


def types() -> ValueSet:
    """Types of documents, JDV_J07."""
    return _lists()["type"]


def facilities() -> ValueSet:
    """Sectors of activity, JDV_J02."""
    return _lists()["facility"]


def practices() -> ValueSet:
    """Settings of practice, JDV_J04."""
    return _lists()["practice"]
