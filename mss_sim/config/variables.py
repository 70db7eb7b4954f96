"""The environment variables of settings and of the options of `run`: listed, and checked for spelling."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple

from mss_sim.config.settings import EARLIER, FIELDS, PREFIX, Settings, in_force, variable

OF_RUN: dict[str, tuple[object, str]] = {
    "seed": ("cabinet", "Seed world to plant at first start; none for an empty one."),
    "memory": (False, "Keep nothing: everything vanishes at exit."),
    "ready_file": (None, "One more place for the ready file, which is always written in the data folder."),
    "log_level": ("info", "debug, info, warning or error."),
}
"""Options of `mss-sim run` that are no settings of a world, with default and meaning; they have variables all the same."""
NOT_SHOWN = "set, and not shown"
_SECRET = ("control_key", "database_url", "directory_api_key")
_UNITS = frozenset({"seconds", "bytes", "days", "chars"})
_OF_ENGINES = re.compile(r"NAME|ENV_\w+|(\w+_)?SERVICE_HOST|(\w+_)?SERVICE_PORT(_\w+)?|(\w+_)?PORT(_\d+_(TCP|UDP)(_(PROTO|PORT|ADDR))?)?")


_LIKE_OURS = re.compile(r"MSS+[-_.]?SIM[-_.]?", re.IGNORECASE)
"""Our prefix, and what is taken for it."""


class Listed(NamedTuple):
    """One setting, or option of `run`, as users are shown it.

    `value` and `default` are those of JSON; in the place of a secret one stands `NOT_SHOWN`. `source` is "option", "environment" or
    "default"; `given_by` is the option or variable that gave the value, None for a default. `unit` is what numbers count, where the name
    tells it: "seconds", "bytes", "days", "chars"; else None.
    """

    name: str
    variable: str
    value: Any
    source: str
    given_by: str | None
    default: Any
    unit: str | None
    description: str


def listed(
    settings: Settings, environment: Mapping[str, str], *, of_run: Mapping[str, Any], defaults: Mapping[str, Any], typed: Mapping[str, str]
) -> Iterator[Listed]:
    """All that a variable sets.

    `of_run` are the values of the options of `OF_RUN`, `defaults` those of `run` in place of the settings' own, `typed` the options that
    were given, by the name of the setting.
    """
    usual = {**dict(in_force(Settings.model_construct())), **defaults}
    rows = [(name, default, of_run[name], text) for name, (default, text) in OF_RUN.items()]
    rows += [(name, usual[name], value, FIELDS[name].description or "") for name, value in in_force(settings)]
    for name, default, value, text in rows:
        by = "memory" if name == "data_dir" and of_run["memory"] else name
        source, given_by = _source(by, environment, typed)
        told = NOT_SHOWN if name in _SECRET and value is not None else _plain(value)
        yield Listed(name, variable(name), told, source, given_by, _plain(default), _unit(name), text)


def _source(name: str, environment: Mapping[str, str], typed: Mapping[str, str]) -> tuple[str, str | None]:
    """Where a value comes from: options go before variables, and a variable before the one of an earlier name."""
    if name in typed:
        return "option", typed[name]
    there = {one.upper(): one for one in environment}
    for known in (name, EARLIER.get(name)):
        if known is not None and variable(known) in there:
            return "environment", there[variable(known)]
    return "default", None


def _unit(name: str) -> str | None:
    return next((word for word in name.split("_") if word in _UNITS), None)


def _plain(value: object) -> object:
    """The value as JSON has it; those of settings are so already."""
    return str(value) if isinstance(value, Path) else value


def text_of(value: object) -> str:
    """A value as people are shown it."""
    if isinstance(value, str):
        return value
    return "none" if value is None else json.dumps(value)


def misspelt(variables: Iterable[str], options: Mapping[str, str]) -> list[tuple[str, str | None]]:
    """Environment variables of our prefix that are no setting, with the one that was meant: they would be passed over in silence.

    `options` are the options of `run` that are called otherwise than their settings, which they name. Capitals count for nothing, as where
    variables are read. Those that Kubernetes makes for a service of our name, and Docker for a link to a container, are left alone, unless
    they are nearly a setting; so are those whose prefix is only nearly ours.
    """
    today = {name: name for name in (*FIELDS, *OF_RUN)} | {old: new for new, old in EARLIER.items()}
    meant = {**options, **today}
    known = list(meant)
    by_words = {frozenset(name.split("_")): name for name in known}
    found: list[tuple[str, str | None]] = []
    for one in sorted(variables):
        prefix = _LIKE_OURS.match(one)
        name = one[prefix.end() :].lower() if prefix else ""
        ours = prefix is not None and prefix[0].upper() == PREFIX
        if not prefix or (ours and name in today):
            continue
        near = by_words.get(frozenset(name.split("_"))) or next(iter(get_close_matches(name, known, 1, 0.8)), None)
        if near is not None or (ours and not _OF_ENGINES.fullmatch(name.upper())):
            found.append((one, variable(meant[near]) if near else None))
    return found


def outdated(variables: Iterable[str]) -> list[tuple[str, str]]:
    """Environment variables that are understood by an earlier name, each with the name of today."""
    today = {variable(old): variable(new) for new, old in EARLIER.items()}
    return [(one, today[one.upper()]) for one in sorted(variables) if one.upper() in today]
