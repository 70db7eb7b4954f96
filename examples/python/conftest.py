"""The set-up: `world` comes with mss-sim, and is a world of each test's own, which ends with the test."""

from collections.abc import Callable

import pytest
from practice import Servers, Software

from mss_sim.testing.handle import HostedWorld


@pytest.fixture
def log_in(world: HostedWorld) -> Callable[[str], Software]:
    """The software under test, pointed at this test's world and logged in as the persona of a role."""
    ready = world.ready
    servers = Servers(ready["submission"]["port"], ready["imap"]["port"], ready["http"], ready["ca_file"])

    def software(role: str) -> Software:
        person = world.person(role)
        return Software(servers, person.login, person.password, person.address)

    return software
