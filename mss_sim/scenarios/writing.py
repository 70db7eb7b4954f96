"""A scenario written as a file: what `reading` reads of it is the same scenario, but for the lines.

Names and words stand as they are; every other text is in double quotes, as JSON writes it, so that nothing in it can be taken for YAML.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import MISSING, fields
from enum import Enum
from typing import Any

from mss_sim.faults import actions
from mss_sim.faults.rules import Match
from mss_sim.scenarios.deeds import Deed, Fault, Note
from mss_sim.scenarios.enclosures import Documents, Enclosed
from mss_sim.scenarios.model import Box, Role, Scenario, Step, Telling

_UNPRINTABLE = re.compile(r"[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def write_scenario(scenario: Scenario) -> str:
    """The text of a file."""
    return "".join(f"{line}\n" for line in _lines(scenario))


def _lines(scenario: Scenario) -> Iterator[str]:
    yield f"title: {_telling(scenario.title)}"
    if scenario.about != Telling():
        yield f"about: {_telling(scenario.about)}"
    if scenario.level is not None:
        yield f"level: {scenario.level.value}"
    yield f"seed: {_value(scenario.seed)}"
    for head, named in (("actors", scenario.actors), ("mailboxes", scenario.mailboxes)):
        if named:
            yield f"{head}:"
            yield from (f"  {name}: {_whom(one)}" for name, one in named.items())
    yield "steps:"
    for step in scenario.steps:
        first, *others = _step(step)
        yield f"  - {first}"
        yield from (f"    {line}" for line in others)


def _step(step: Step) -> Iterator[str]:
    yield f"en: {_value(step.tells.en)}"
    yield f"fr: {_value(step.tells.fr)}"
    if step.named_type is not None:
        yield f"type: {step.named_type.value}"
    if step.level is not None:
        yield f"level: {step.level.value}"
    if step.actor is not None:
        yield f"actor: {step.actor}"
    if not isinstance(step.deed, Note):
        yield f"{step.verb.value}: {_mapping(_fault(step.deed) if isinstance(step.deed, Fault) else _given(step.deed))}"
    if step.called is not None:
        yield f"as: {step.called}"
    if step.expects.refused is not None:
        yield f"expect: {_mapping({'refused': step.expects.refused})}"
    elif step.expects.facts:
        yield f"expect: {_mapping(dict(step.expects.facts))}"


def _whom(one: Role | Box) -> str:
    plain = one.called if isinstance(one, Role) else one.address
    return _value(plain) if plain is not None else _mapping(_set_fields(one))


def _set_fields(one: Any) -> dict[str, Any]:
    return {field.name: value for field in fields(one) if (value := getattr(one, field.name)) is not None}


def _given(deed: Deed | Enclosed | Documents) -> dict[str, Any]:
    """The fields of a deed, or of what a letter carries, that are not what they are anyway."""
    found = {field.name.rstrip("_"): (getattr(deed, field.name), field.default) for field in fields(deed)}
    return {name: value for name, (value, default) in found.items() if default is MISSING or value != default}


def _fault(deed: Fault) -> dict[str, Any]:
    if deed.preset is not None:
        return {"preset": deed.preset, **dict(deed.given)}
    assert deed.action is not None  # noqa: S101 - a rule without an action was not read
    action = {name: value for name, value in actions.as_json(deed.action).items() if value not in (None, "")}
    found: dict[str, Any] = {"point": deed.point, "action": action}
    if deed.match != Match():
        found["match"] = {name: value for name in Match.__slots__ if (value := getattr(deed.match, name)) is not None}
    found |= {"nth": deed.nth, "count": deed.count}
    return found if deed.seconds is None else {**found, "seconds": deed.seconds}


def _telling(told: Telling) -> str:
    return _value(told.en) if told.en == told.fr else _mapping({"en": told.en, "fr": told.fr})


def _mapping(values: dict[str, Any]) -> str:
    return "{" + ", ".join(f"{name}: {_value(value)}" for name, value in values.items()) + "}"


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return _mapping(value)
    if isinstance(value, Enclosed | Documents):
        return _mapping(_given(value))
    if isinstance(value, tuple | list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, float):
        return f"{value:.9f}".rstrip("0").rstrip(".")
    written = json.dumps(value, ensure_ascii=False)
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", written)
