"""Every setting is given another value by some test: a keyword, an item of a table, a dialogue's first line, a variable."""

import ast
import json
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from mss_sim.config.settings import FIELDS

_TESTS = Path(__file__).resolve().parents[1]
_PREFIX = "# settings: "
_VARIABLE = "MSS_SIM_"
_UNREADABLE = object()
"""What is found out when the test runs; it is taken for another value than the default."""


def _values_in(source: str) -> Iterator[tuple[Any, Any]]:
    """(name, value) of keywords of calls, of items of dictionaries, and of variables of the environment with what stands behind them."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(args=args, keywords=keywords):
                yield from ((one.arg, _read(one.value)) for one in keywords if one.arg)
                yield from _variables(args)
            case ast.Tuple(elts=elements):
                yield from _variables(elements)
            case ast.Dict(keys=keys, values=values):
                yield from ((_read(key), _read(value)) for key, value in zip(keys, values, strict=True) if isinstance(key, ast.Constant))
            case ast.Constant(value=str(text)) if text.startswith(_VARIABLE) and "=" in text:
                name, _, value = text.partition("=")
                yield name, value


def _variables(nodes: Sequence[ast.expr]) -> Iterator[tuple[str, Any]]:
    for node, behind in pairwise(nodes):
        if isinstance(node, ast.Constant) and str(node.value).startswith(_VARIABLE):
            yield str(node.value), _read(behind)


def _read(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except ValueError:
        return _UNREADABLE


def _changed_by(values: Iterator[tuple[Any, Any]]) -> Iterator[str]:
    """The settings that are given something else than they are anyway."""
    for name, value in values:
        setting = name.removeprefix(_VARIABLE).lower() if isinstance(name, str) else ""
        if setting in FIELDS and not _is_default(setting, value):
            yield setting


def _is_default(setting: str, value: Any) -> bool:
    field = FIELDS[setting]
    try:
        return bool(TypeAdapter[Any](field.annotation or Any).validate_python(value) == field.default)
    except ValidationError:
        return False


def _given() -> set[str]:
    found: set[str] = set()
    for path in _TESTS.rglob("*.py"):
        if path != Path(__file__).resolve():
            found.update(_changed_by(_values_in(path.read_text(encoding="utf-8"))))
    for path in _TESTS.rglob("*.dialogue"):
        first = path.read_text(encoding="utf-8").splitlines()[0]
        found.update(_changed_by(iter(json.loads(first.removeprefix(_PREFIX)).items())) if first.startswith(_PREFIX) else ())
    return found


@pytest.fixture(scope="module")
def given() -> set[str]:
    return _given()


@pytest.mark.parametrize("name", FIELDS)
def test_a_setting_is_given_another_value_by_some_test(given: set[str], name: str) -> None:
    assert name in given, f"no test gives {name} another value: play what it changes (tests/journeys/test_settings.py shows how)"


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("start(relay='direct')", {"relay"}),
        ("start(relay='smtp')", set()),
        ("start(relay=relay)", {"relay"}),
        ("start(**{'traps_port': 1})", {"traps_port"}),
        ("start(**{'traps_port': 0})", set()),
        ("setenv('MSS_SIM_HTTP_PORT', '0')", {"http_port"}),
        ("setenv('MSS_SIM_HTTP_PORT', '8080')", set()),
        ("case = ('MSS_SIM_HTTP_PORT', 'no port')", {"http_port"}),
        ("env = ['MSS_SIM_RELAY=direct', 'MSS_SIM_IMAP_RECENT=yes']", {"relay"}),
        ("# relay\n'relay'\nsimulator.settings.relay", set()),
        ("setenv('MSS_SIM_HTTP_PORT')", set()),
    ],
)
def test_another_value_counts_alone(source: str, names: set[str]) -> None:
    assert set(_changed_by(_values_in(source))) == names
