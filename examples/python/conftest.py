"""The set-up: `world` comes with mss-sim, and is a world of each test's own, which ends with the test."""

from collections.abc import Callable

import pytest
from practice import Software

from mss_sim.testing.handle import HostedWorld


@pytest.fixture
def log_in(world: HostedWorld) -> Callable[[str], Software]:
    """The software under test, pointed at this test's world and logged in as the persona of a role."""
    return lambda role: Software(world.ready, world.persona(role))
