"""Every contract runs through every door and on both databases, and letters between operators go over the wire, as they do by default."""

from collections.abc import AsyncIterator, Iterator

import pytest

from mss_sim.app.simulator import Simulator
from tests.arriving import wait_for_arrivals
from tests.conftest import StartSimulator
from tests.contracts.doors import Door, ImapDoor, RestDoor, SmtpDoor


@pytest.fixture(scope="module", autouse=True)
def arriving() -> Iterator[None]:
    """What a contract looks at has arrived."""
    with pytest.MonkeyPatch.context() as changed:
        wait_for_arrivals(changed)
        yield


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
