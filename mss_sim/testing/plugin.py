"""pytest plugin: a test suite that has mss-sim installed asks for the fixture `world`, a world of each test's own, or for `mss`.

Nothing is imported until a fixture is asked for, so that suites which use none pay nothing. `-p no:mss_sim` turns it off.
"""

import re
import secrets
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from mss_sim.testing.handle import HostedWorld, RunningSimulator

_BEGUN = "begun"


@pytest.fixture(scope="session")
def mss_simulator() -> "Iterator[RunningSimulator]":
    """A simulator with the seed `cabinet` on free ports, kept in a temporary folder until the end of the session."""
    from mss_sim.testing.handle import RunningSimulator  # noqa: PLC0415

    with RunningSimulator() as running:
        yield running


@pytest.fixture(scope="session")
def mss(mss_simulator: "RunningSimulator") -> "RunningSimulator":
    """The same, by a shorter name: its first world is shared by all tests, and it makes further ones."""
    return mss_simulator


@pytest.fixture(scope="session")
def mss_begun(mss: "RunningSimulator") -> str:
    """The name of the snapshot with which the worlds of tests begin: the seed, untouched. Override it to begin with another one."""
    with mss.world() as fresh:
        fresh.save(_BEGUN, replace=True)
    return _BEGUN


@pytest.fixture
def world(mss: "RunningSimulator", mss_begun: str, request: pytest.FixtureRequest) -> "Iterator[HostedWorld]":
    """A world of this test's own: whatever other tests do at the same time, it sees nothing of it."""
    name = re.sub(r"[^\w.:@\[\]-]", "-", request.node.name)[:80]
    with mss.world(name=f"{name}-{secrets.token_hex(4)}", snapshot=mss_begun) as made:
        yield made
