"""Letters between operators go over the wire, as they do by default: who acts in a test goes on when what is due elsewhere has arrived."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from mss_sim.app.simulator import Simulator
from tests.clients import Peer, Person


def wait_for_arrivals(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on, every act of a person or a peer begins and ends when the queue has carried what is due, with what follows by itself."""

    def waits(act: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def acts(actor: Person | Peer, *args: Any, **options: Any) -> Any:
            await _all(actor.simulator)  # what another client began, over IMAP for one
            answer = await act(actor, *args, **options)
            await _all(actor.simulator)
            return answer

        return acts

    for actor, name in ((Person, "smtp"), (Person, "rest"), (Peer, "send")):
        monkeypatch.setattr(actor, name, waits(getattr(actor, name)))


async def _all(simulator: Simulator) -> None:
    while await simulator.core.queue.work() or await simulator.core.patients.work():
        pass
