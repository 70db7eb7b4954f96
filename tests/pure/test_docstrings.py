"""What stands below a field of an answer is its description in OpenAPI, read when OpenAPI is asked for."""

import sys
from types import ModuleType

from pydantic import Field

from mss_sim.http.docstrings import field_docstrings
from mss_sim.http.shapes import Out


class Told(Out):
    """An answer."""

    who: str
    """Whoever did it,
    as a login."""
    when: int
    other: "Other | None" = None
    """What it is about."""


class Other(Out):
    number: int = Field(description="Given here.")


class ToldAgain(Told):
    when: int
    """Said by the heir."""


def test_a_string_below_a_field_describes_it() -> None:
    shown = Told.model_json_schema()["properties"]
    assert shown["who"]["description"] == "Whoever did it,\nas a login."
    assert "description" not in shown["when"]
    assert shown["other"]["description"] == "What it is about."
    assert Other.model_json_schema()["properties"]["number"]["description"] == "Given here."


def test_an_heir_keeps_descriptions_and_adds_his() -> None:
    shown = ToldAgain.model_json_schema()["properties"]
    assert (shown["who"]["description"], shown["when"]["description"]) == ("Whoever did it,\nas a login.", "Said by the heir.")


def test_a_module_without_source_describes_nothing() -> None:
    name = "tests_without_source"
    sys.modules[name] = ModuleType(name)
    try:
        assert field_docstrings(name) == {}
    finally:
        del sys.modules[name]
