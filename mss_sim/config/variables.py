"""The environment variables of settings and of the options of `run`: listed, and checked for spelling."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches

from mss_sim.config.settings import EARLIER, FIELDS, PREFIX, Settings, in_force, variable

OF_RUN = {
    "seed": ("cabinet", "Seed world to plant at first start; none for an empty one."),
    "memory": ("false", "Keep nothing: everything vanishes at exit."),
    "ready_file": ("none", "One more place for the ready file, which is always written in the data folder."),
    "log_level": ("info", "debug, info, warning or error."),
}
"""Options of `mss-sim run` that are no settings of a world, with default and meaning; they have variables all the same."""
_SECRET = ("control_key", "database_url")
_OF_KUBERNETES = re.compile(r"(\w+_)?SERVICE_HOST|(\w+_)?SERVICE_PORT(_\w+)?|(\w+_)?PORT(_\d+_(TCP|UDP)(_(PROTO|PORT|ADDR))?)?")


def listed(settings: Settings, environment: Mapping[str, str]) -> Iterator[tuple[str, str, str, str]]:
    """(name, default, value in force, description) of all that a variable sets; what is secret is not shown."""
    for name, (default, text) in OF_RUN.items():
        yield name, default, environment.get(variable(name), default), text
    defaults = dict(in_force(Settings.model_construct()))
    for name, value in in_force(settings):
        shown = "set, and not shown" if name in _SECRET and value is not None else _shown(value)
        yield name, _shown(defaults[name]), shown, FIELDS[name].description or ""


def _shown(value: object) -> str:
    if isinstance(value, str):
        return value
    return "none" if value is None else json.dumps(value)


def misspelt(variables: Iterable[str]) -> list[tuple[str, str | None]]:
    """Environment variables of our prefix that are no setting, with the one that was meant: they would be passed over in silence.

    Those that Kubernetes makes for a service of our name are left alone, unless they are nearly a setting.
    """
    today = {name: name for name in (*FIELDS, *OF_RUN)} | {old: new for new, old in EARLIER.items()}
    known = list(today)
    by_words = {frozenset(name.split("_")): name for name in known}
    found: list[tuple[str, str | None]] = []
    for one in sorted(variables):
        name = one.removeprefix(PREFIX).lower()
        if not one.startswith(PREFIX) or name in today:
            continue
        near = by_words.get(frozenset(name.split("_"))) or next(iter(get_close_matches(name, known, 1, 0.8)), None)
        if near is not None or not _OF_KUBERNETES.fullmatch(name.upper()):
            found.append((one, variable(today[near]) if near else None))
    return found


def outdated(variables: Iterable[str]) -> list[tuple[str, str]]:
    """Environment variables that are understood by an earlier name, each with the name of today."""
    today = {variable(old): variable(new) for new, old in EARLIER.items()}
    return [(one, today[one]) for one in sorted(variables) if one in today]
