"""The page of limits is the one of the code: a limit that moves is seen, and told to whoever relies on it."""

import runpy
from collections.abc import Iterator
from pathlib import Path

import pytest
from annotated_types import MaxLen
from pydantic import BaseModel, StringConstraints
from pydantic.fields import FieldInfo

from mss_sim.app import http_application
from mss_sim.http.shapes import In

_HERE = Path(__file__).resolve().parents[2] / "docs" / "references"


def test_the_page_of_limits_is_the_one_that_make_references_writes() -> None:
    written = runpy.run_path(str(_HERE / "limits.py"))["page"]()
    assert (_HERE / "limits.md").read_text(encoding="utf-8") == written, "run make references, and tell the change in the changelog"


def _fields(model: type[BaseModel]) -> Iterator[tuple[type[BaseModel], str, FieldInfo]]:
    for one in model.__subclasses__():
        yield from ((one, name, field) for name, field in one.model_fields.items())
        yield from _fields(one)


http_application.of_no_world()  # the models of all its routes are there


@pytest.mark.parametrize(
    ("model", "name", "field"), list(_fields(In)), ids=lambda one: one if isinstance(one, str) else getattr(one, "__name__", "")
)
def test_the_last_limit_of_a_text_which_is_the_one_that_holds_is_its_shortest(model: type[BaseModel], name: str, field: FieldInfo) -> None:
    limits = [one.max_length for one in field.metadata if isinstance(one, MaxLen | StringConstraints) and one.max_length is not None]
    assert limits[-1:] == sorted(limits)[:1], f"{model.__name__}.{name}: write Annotated[OneLine, Field(max_length=…)]"
