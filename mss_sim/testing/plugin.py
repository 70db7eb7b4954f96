"""pytest plugin: a test suite that has mss-sim installed asks for the fixture `world`, a world of each test's own, or for `mss`.

Nothing is imported until a fixture is asked for, so that suites which use none pay nothing. `-p no:mss_sim` turns it off. What may be set
is in `options`. A test that fails shows what was said in its world, and what it waited for in vain.
"""

import re
import secrets
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from mss_sim.testing import options
from mss_sim.testing.options import Options

if TYPE_CHECKING:
    from mss_sim.testing.asynchronous import AsyncWorld
    from mss_sim.testing.handle import HostedWorld, RunningSimulator

_BEGUN = "begun"
_MARKER = "mss_world"
_TAKES = ("seed", "snapshot", "settings", "lifetime_seconds")
_OPTIONS = pytest.StashKey[Options]()
_RUNNING: "pytest.StashKey[RunningSimulator]" = pytest.StashKey()
_SEEN = pytest.StashKey[str]()
_WORLD: "pytest.StashKey[HostedWorld]" = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """What may be set in an ini file."""
    for name, told in options.HELP.items():
        if name in options.LISTS:
            parser.addini(name, told, type="linelist", default=[])
        else:
            parser.addini(name, told, default="")


def pytest_configure(config: pytest.Config) -> None:
    """Read what is set; pytest.UsageError ends the run with what is wrong."""
    config.addinivalue_line("markers", f"{_MARKER}({', '.join(_TAKES)}): with what the fixture world begins (mss-sim)")
    config.stash[_OPTIONS] = options.read(config)


@pytest.fixture(scope="session")
def mss_simulator(pytestconfig: pytest.Config) -> "Iterator[RunningSimulator]":
    """A simulator with the seed `cabinet` on free ports, unless the ini file says otherwise, kept in a temporary folder until the end."""
    from mss_sim.config.settings import Settings  # noqa: PLC0415
    from mss_sim.testing.handle import RunningSimulator  # noqa: PLC0415

    wanted = pytestconfig.stash[_OPTIONS]
    with RunningSimulator(Settings(**wanted.settings or {}), seed=wanted.seed) as running:
        pytestconfig.stash[_RUNNING] = running
        try:
            yield running
        finally:
            del pytestconfig.stash[_RUNNING]


@pytest.fixture(scope="session")
def mss(mss_simulator: "RunningSimulator") -> "RunningSimulator":
    """The same, by a shorter name: its first world is shared by all tests, and it makes further ones."""
    return mss_simulator


@pytest.fixture(scope="session")
def mss_begun(mss: "RunningSimulator", pytestconfig: pytest.Config) -> str:
    """The name of the snapshot with which the worlds of tests begin: the seed, or that of the ini file. Override it for another."""
    file = pytestconfig.stash[_OPTIONS].snapshot
    if file is not None:
        from mss_sim.errors import Refusal  # noqa: PLC0415

        try:
            mss.take_in(file, _BEGUN)
        except (OSError, Refusal) as error:
            raise pytest.UsageError(f"mss_snapshot: {error}") from None
        return _BEGUN
    with mss.world() as fresh:
        fresh.save(_BEGUN, replace=True)
    return _BEGUN


@pytest.fixture
def world(mss: "RunningSimulator", mss_begun: str, request: pytest.FixtureRequest) -> "Iterator[HostedWorld]":
    """A world of this test's own: whatever other tests do at the same time, it sees nothing of it.

    `@pytest.mark.mss_world(seed=…, snapshot=…, settings={…}, lifetime_seconds=…)` has it begin otherwise.
    """
    wanted = _marked(request.node)
    given: dict[str, Any] = {"lifetime_seconds": request.config.stash[_OPTIONS].lifetime_seconds, **wanted}
    if "seed" not in given and "snapshot" not in given:
        given["snapshot"] = mss_begun
    name = re.sub(r"[^\w.:@\[\]-]", "-", request.node.name)[:80]
    made = mss.world(name=f"{name}-{secrets.token_hex(4)}", **given)
    request.node.stash[_WORLD] = made
    with made:
        yield made


@pytest.fixture
def async_world(world: "HostedWorld") -> "AsyncWorld":
    """The same world for a test that awaits: its loop goes on while the simulator works."""
    from mss_sim.testing.asynchronous import AsyncWorld  # noqa: PLC0415

    return AsyncWorld(world)


def _marked(item: pytest.Item) -> dict[str, Any]:
    """What the marks of a test say, the nearest first; pytest.UsageError for what the mark does not take."""
    wanted: dict[str, Any] = {}
    for mark in item.iter_markers(_MARKER):
        if mark.args or not set(mark.kwargs) <= set(_TAKES):
            raise pytest.UsageError(f"{_MARKER} takes {', '.join(_TAKES)}, by name")
        wanted = {**mark.kwargs, **wanted}
    if "seed" in wanted and "snapshot" in wanted:
        raise pytest.UsageError(f"{_MARKER}: a world begins with a seed, or with a snapshot")
    return wanted


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Note what was said before this test in the world that all share."""
    running = item.config.stash.get(_RUNNING, None)
    if running is not None and item.config.stash[_OPTIONS].lines:
        running.left.clear()
        running.in_vain.clear()
        item.stash[_SEEN] = running.call(running.mark())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add to the report of a failure what was said in the worlds of the test, and what it waited for in vain."""
    report = yield
    running = item.config.stash.get(_RUNNING, None)
    if report.failed and running is not None:
        report.sections.extend(_sections(item, running))
    return report


def _sections(item: pytest.Item, running: "RunningSimulator") -> list[tuple[str, str]]:
    from mss_sim.testing import evidence  # noqa: PLC0415

    lines = item.config.stash[_OPTIONS].lines
    own = item.stash.get(_WORLD, None)
    found = [running.call(own.evidence())] if own is not None else []
    found += running.left
    found.append(running.call(running.evidence(item.stash.get(_SEEN, ""))))
    return [section for one in found for section in evidence.sections(one, lines)]
