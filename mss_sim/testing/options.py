"""What a test suite may set of the plugin, in `pytest.ini` or `pyproject.toml`: read, and refused with what to do when it cannot be.

Nothing of the simulator is imported for a suite that sets nothing.
"""

import difflib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest

_PORTS = ("submission", "mx", "imap", "http", "https", "dns", "ldap")
_OF_THE_PROCESS = ("data_dir", "database_url")
_LINES = 60
_NONE = "none"

HELP = {
    "mss_seed": "mss-sim: seed with which worlds begin, none for empty ones (default: cabinet)",
    "mss_snapshot": "mss-sim: file of a snapshot with which the worlds of tests begin, from the folder of the ini file",
    "mss_settings": "mss-sim: settings of all worlds, one `name = value` a line; mss-sim settings lists them",
    "mss_ports": "mss-sim: fixed ports of the fixture mss, one `door = number` a line; all others are free ones",
    "mss_lifetime_seconds": "mss-sim: longest life of the world of a test (default: an hour)",
    "mss_transcripts": "mss-sim: whether the report of a failed test shows what was said in its world (default: true)",
    "mss_transcript_lines": f"mss-sim: how many lines of it at most (default: {_LINES})",
}
LISTS = frozenset({"mss_settings", "mss_ports"})


class Ini(Protocol):
    """Where options are read: what `pytest.Config` has of it."""

    @property
    def inipath(self) -> Path | None:
        """The ini file, where there is one."""
        ...

    @property
    def rootpath(self) -> Path:
        """The folder of the suite."""
        ...

    def getini(self, name: str) -> Any:
        """What an ini file says."""
        ...

    def getoption(self, name: str, default: Any) -> Any:
        """What the command line says."""
        ...


@dataclass(frozen=True, slots=True)
class Options:
    """What the suite set. `settings` hold the ports too; `lines`: of transcripts, 0 for none."""

    seed: str = "cabinet"
    snapshot: Path | None = None
    settings: Mapping[str, object] | None = None
    lifetime_seconds: float | None = None
    lines: int = _LINES


def read(config: Ini) -> Options:
    """What the suite sets. pytest.UsageError, which names the option and what it takes, for what cannot be."""
    texts = {name: str(config.getini(name)).strip() for name in HELP if name not in LISTS}
    lists = {name: [str(line) for line in config.getini(name)] for name in LISTS}
    ports = _ports(lists["mss_ports"], config)
    given = _settings(lists["mss_settings"])
    if given or any(ports.values()):
        _check_settings(given | ports)
    if texts["mss_seed"]:
        _check_seed(texts["mss_seed"])
    return Options(
        seed=texts["mss_seed"] or "cabinet",
        snapshot=_snapshot(texts["mss_snapshot"], config),
        settings=given | ports,
        lifetime_seconds=_lifetime(texts["mss_lifetime_seconds"]),
        lines=_shown_lines(texts["mss_transcripts"], texts["mss_transcript_lines"]),
    )


def _ports(lines: Sequence[str], config: Ini) -> dict[str, object]:
    given: dict[str, object] = {f"{name}_port": 0 for name in _PORTS[:4]}
    for name, value in _pairs("mss_ports", lines).items():
        door = name.removesuffix("_port")
        if door not in _PORTS:
            raise _wrong("mss_ports", f"there is no port {name}; there are {', '.join(_PORTS)}")
        if not (value.isascii() and value.isdigit() and int(value) < 65_536):
            raise _wrong("mss_ports", f"{door} is a number from 0, for a free one, to 65535, not {value!r}")
        given[f"{door}_port"] = int(value)
    if any(given.values()) and _parallel(config):
        raise _wrong("mss_ports", "several processes of pytest-xdist cannot have one port: leave it out, or run without -n")
    return given


def _parallel(config: Ini) -> bool:
    """Whether tests run in several processes; asked in the first one and in each."""
    told: Mapping[str, int] = getattr(config, "workerinput", {})
    return told.get("workercount", 0) > 1 or config.getoption("numprocesses", None) not in (None, 0, 1)


def _settings(lines: Sequence[str]) -> dict[str, object]:
    given: dict[str, object] = {}
    for name, text in _pairs("mss_settings", lines).items():
        if name in _OF_THE_PROCESS:
            raise _wrong("mss_settings", f"{name} is not for tests, whose worlds are kept in temporary folders")
        if name.endswith("_port"):
            raise _wrong("mss_settings", f"{name} belongs in mss_ports")
        try:
            given[name] = json.loads(text)
        except ValueError:
            given[name] = text
    return given


def _check_settings(given: Mapping[str, object]) -> None:
    from pydantic import ValidationError  # noqa: PLC0415 - as all of the simulator, for suites alone that set something

    from mss_sim.config.settings import FIELDS, Settings  # noqa: PLC0415

    for name in given:
        if name not in FIELDS:
            near = difflib.get_close_matches(name, FIELDS, 1)
            raise _wrong("mss_settings", f"there is no setting {name}{f'; is it {near[0]}?' if near else ''} (mss-sim settings lists them)")
    try:
        Settings(**given)
    except ValidationError as error:
        told = "; ".join(f"{'_'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise _wrong("mss_settings", told) from None


def _check_seed(name: str) -> None:
    from mss_sim.app.population import seeds  # noqa: PLC0415 - as above

    there = [_NONE, *seeds()]
    if name not in there:
        raise _wrong("mss_seed", f"there is no seed {name}; there are {', '.join(there)}")


def _snapshot(text: str, config: Ini) -> Path | None:
    if not text:
        return None
    file = (config.inipath.parent if config.inipath else config.rootpath) / text
    if not file.is_file():
        raise _wrong("mss_snapshot", f"{file} is no file; GET /control/snapshots/{{name}}/file gives one")
    return file


def _lifetime(text: str) -> float | None:
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise _wrong("mss_lifetime_seconds", f"a number of seconds above 0 is expected, not {text!r}")
    return seconds


def _shown_lines(shown: str, lines: str) -> int:
    words = {"": True, "true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
    if shown.lower() not in words:
        raise _wrong("mss_transcripts", f"true or false is expected, not {shown!r}")
    if lines and not (lines.isascii() and lines.isdigit() and 0 < int(lines) <= 10_000):
        raise _wrong("mss_transcript_lines", f"a number from 1 to 10000 is expected, not {lines!r}; mss_transcripts = false shows none")
    return (int(lines) if lines else _LINES) if words[shown.lower()] else 0


def _pairs(option: str, lines: Sequence[str]) -> dict[str, str]:
    given: dict[str, str] = {}
    for line in lines:
        name, equals, value = (part.strip() for part in line.partition("="))
        if not equals or not name or not value:
            raise _wrong(option, f"{line!r} is not of the form: name = value")
        if name in given:
            raise _wrong(option, f"{name} is given twice")
        given[name] = value
    return given


def _wrong(option: str, what: str) -> pytest.UsageError:
    return pytest.UsageError(f"{option}: {what}")
