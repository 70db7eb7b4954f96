"""Every contract runs through every door and on both databases, and letters between operators go over the wire, as they do by default."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from mss_sim.app.simulator import Simulator
from tests.clients import Peer, Person
from tests.conftest import StartSimulator, starter
from tests.contracts.doors import Door, ImapDoor, RestDoor, SmtpDoor


@pytest.fixture
def start(tmp_path: Path) -> StartSimulator:
    """As everywhere, but for the relay."""
    return starter(tmp_path / "data", relay="smtp")


@pytest.fixture(autouse=True)
def arriving(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who acts in a contract goes on when the letters that are due elsewhere have arrived, with the reports that follow from them."""

    def waits(act: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def acts(actor: Person | Peer, *args: Any, **options: Any) -> Any:
            answer = await act(actor, *args, **options)
            while await actor.simulator.core.queue.work():
                pass
            return answer

        return acts

    for actor, name in ((Person, "smtp"), (Person, "rest"), (Peer, "send")):
        monkeypatch.setattr(actor, name, waits(getattr(actor, name)))


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
