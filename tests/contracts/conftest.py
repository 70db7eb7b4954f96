"""Every contract runs through every door and on both databases, and letters between operators go over the wire, as they do by default."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mss_sim.app.simulator import Simulator
from tests.conftest import StartSimulator, starter
from tests.contracts.doors import Door, ImapDoor, RestDoor, SmtpDoor


@pytest.fixture
def start(tmp_path: Path) -> StartSimulator:
    """As everywhere, but for the relay."""
    return starter(tmp_path / "data", relay="smtp")


@pytest.fixture
async def world(start: StartSimulator, database: str | None) -> AsyncIterator[Simulator]:
    """A running simulator on the database of the moment."""
    async with start(database_url=database) as running:
        yield running


@pytest.fixture(params=[SmtpDoor, RestDoor, ImapDoor], ids=["smtp", "rest", "smtp+imap"])
def door(request: pytest.FixtureRequest, world: Simulator) -> Door:
    """Each door in turn."""
    opened: Door = request.param(world)
    return opened
