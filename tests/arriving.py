"""Letters between operators go over the wire, as they do by default: who acts in a test goes on when what is due elsewhere has arrived."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.clients import Peer, Person


def wait_for_arrivals(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on, every act of a person or a peer ends when the queue has carried what is due, and the reports that follow from it."""

    def waits(act: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def acts(actor: Person | Peer, *args: Any, **options: Any) -> Any:
            answer = await act(actor, *args, **options)
            while await actor.simulator.core.queue.work():
                pass
            return answer

        return acts

    for actor, name in ((Person, "smtp"), (Person, "rest"), (Peer, "send")):
        monkeypatch.setattr(actor, name, waits(getattr(actor, name)))
