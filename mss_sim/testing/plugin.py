"""pytest plugin: a test suite that has mss-sim installed asks for the fixture `mss_simulator`.

Nothing is imported until the fixture is asked for, so that suites which do not use it pay nothing. `-p no:mss_sim` turns it off.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from mss_sim.testing.handle import RunningSimulator


@pytest.fixture(scope="session")
def mss_simulator() -> "Iterator[RunningSimulator]":
    """A simulator with the seed `cabinet` on free ports, kept in a temporary folder until the end of the session."""
    from mss_sim.testing.handle import RunningSimulator  # noqa: PLC0415

    with RunningSimulator() as running:
        yield running
