"""`mss-sim mcp`: tools for agents, by the Model Context Protocol, over standard input and output."""

import asyncio
import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mss_sim import log
from mss_sim.commands import running
from mss_sim.commands.telling import fail
from mss_sim.vocabulary.language import Language

if TYPE_CHECKING:
    from mss_sim.agents.server import Server
    from mss_sim.testing.attached import AttachedWorld

_PORTS = ("submission_port", "mx_port", "imap_port", "http_port")
_INSTALL = "pip install 'mss-sim[mcp]'"


def mcp(
    ready: Annotated[
        Path | None, typer.Option(help="Ready file of a running simulator, such as data/ready.json; none: a world of its own, in memory.")
    ] = None,
    seed: Annotated[str | None, typer.Option(help="With what its own world begins; default cabinet, 'none': empty.")] = None,
    language: Annotated[Language | None, typer.Option(help="Language of refusals in its own world; default en.")] = None,
) -> None:
    """Serve tools to an agent over standard input and output, by the Model Context Protocol, until its client is gone."""
    if ready is not None and (seed is not None or language is not None):
        raise fail("--seed and --language are for a world of its own; leave them out, or --ready")
    log.configure("error")
    if ready is not None:
        from mss_sim.testing.attached import AttachedWorld  # noqa: PLC0415 - --help answers at once

        asyncio.run(_serve(_made(AttachedWorld.at(ready)), lambda: None))
        return
    _in_memory(seed or "cabinet", language)


def _in_memory(seed: str, language: Language | None) -> None:
    """The same for a world that begins with the server, and ends with it."""
    from mss_sim.testing.attached import AttachedWorld  # noqa: PLC0415 - --help answers at once
    from mss_sim.testing.handle import RunningSimulator  # noqa: PLC0415

    settings = running.made({**dict.fromkeys(_PORTS, 0), "language": language}, memory=True)
    simulator = RunningSimulator(settings, seed=running.seed_called(seed, settings))
    server = _made(AttachedWorld(lambda: simulator.ready))
    with ExitStack() as world:
        world.enter_context(simulator)
        asyncio.run(_serve(server, world.close))


def _made(world: "AttachedWorld") -> "Server":
    """The server; exits with what to do where the SDK is not installed."""
    try:
        from mss_sim.agents import server  # noqa: PLC0415 - the SDK is an extra, and takes a second to load
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in {"mcp", "mcp_types"}:
            raise
        raise fail(f"the Python package mcp is not installed, which agents need: {_INSTALL}", 1) from error
    return server.made(world)


async def _serve(server: "Server", end: Callable[[], None]) -> None:
    """Serve until the client closes standard input, or the process is told to end: `end` ends the world then."""
    over = asyncio.Event()
    running.end_on_signals(over.set)
    serving, told = asyncio.create_task(server.run_stdio_async()), asyncio.create_task(over.wait())
    await asyncio.wait({serving, told}, return_when=asyncio.FIRST_COMPLETED)
    if serving.done():
        told.cancel()
        return await serving
    await asyncio.to_thread(end)
    os._exit(0)  # the thread that reads standard input wakes up for nothing but its end, and everything waits for it
