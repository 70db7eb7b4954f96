"""Every setting is given a value by some test: as a keyword, in a table, in the first line of a dialogue, or as an environment variable."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from mss_sim.config.settings import FIELDS

_TESTS = Path(__file__).resolve().parents[1]
_PREFIX = "# settings: "


def _given_in(source: str) -> Iterator[str]:
    """The names that a test file gives values to: keywords of calls, keys of dictionaries, names of variables."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            yield from (one.arg for one in node.keywords if one.arg)
        elif isinstance(node, ast.Dict):
            yield from (one.value for one in node.keys if isinstance(one, ast.Constant) and isinstance(one.value, str))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("MSS_SIM_"):
            yield node.value.partition("=")[0].removeprefix("MSS_SIM_").lower()


def _given() -> set[str]:
    found: set[str] = set()
    for path in _TESTS.rglob("*.py"):
        if path != Path(__file__).resolve():
            found.update(name.lower().removeprefix("mss_sim_") for name in _given_in(path.read_text(encoding="utf-8")))
    for path in _TESTS.rglob("*.dialogue"):
        first = path.read_text(encoding="utf-8").splitlines()[0]
        found.update(json.loads(first.removeprefix(_PREFIX)) if first.startswith(_PREFIX) else ())
    return found


@pytest.fixture(scope="module")
def given() -> set[str]:
    return _given()


@pytest.mark.parametrize("name", FIELDS)
def test_a_setting_is_given_another_value_by_some_test(given: set[str], name: str) -> None:
    assert name in given, f"no test gives {name} a value: play what it changes (tests/journeys/test_settings.py shows how)"


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("start(relay='smtp')", {"relay"}),
        ("start(**{'traps_port': 1})", {"traps_port"}),
        ("env = 'MSS_SIM_HTTP_PORT'", {"http_port"}),
        ("# relay\n'relay'\nsimulator.settings.relay", set()),
    ],
)
def test_only_what_is_given_counts(source: str, names: set[str]) -> None:
    assert set(_given_in(source)) == names
