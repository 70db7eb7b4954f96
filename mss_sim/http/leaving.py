"""What is done for one client alone ends when it leaves: for a client that hangs up while it waits, nothing goes on."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive

T = TypeVar("T")


async def unless_left(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """The result of that work. When the client hangs up before, it is cancelled, and ClientDisconnect raised. The body has been read."""
    task, gone = asyncio.create_task(work), asyncio.create_task(until_gone(request.receive))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientDisconnect
        return task.result()
    finally:
        gone.cancel()
        task.cancel()


async def until_gone(receive: Receive) -> None:
    """Until the client has hung up, or was answered."""
    while (await receive())["type"] != "http.disconnect":
        pass
