"""Listening sockets of a world: those of doors that few worlds have, loaded when one has them, and how all of them are closed."""

import asyncio
import socket
from contextlib import suppress
from typing import TYPE_CHECKING

from mss_sim.core.assembly import Core
from mss_sim.core.trust import discovery_records
from mss_sim.core.trust.discovery_records import Doors
from mss_sim.core.world.world import World
from mss_sim.evidence.transcripts import Transcripts
from mss_sim.net.connections import Connections

if TYPE_CHECKING:
    from mss_sim.dns.server import Listening

STOP_SECONDS = 5.0
"""How long clients have to take their leave when a world ends."""


async def serve_dns(world: World, doors: Doors, port: int) -> "Listening":
    """Listen for DNS. OSError when the port is taken."""
    from mss_sim.dns.server import Responder  # noqa: PLC0415 - most worlds answer no DNS, and its library takes memory

    responder = Responder(lambda name: discovery_records.records(world, doors, name), world.clock, faults=world.faults)
    return await responder.serve(world.settings.host, port)


async def serve_ldap(core: Core, listener: socket.socket, connections: Connections, transcripts: Transcripts) -> asyncio.Server:
    """Serve LDAP on a socket that listens already, since certificates tell of it."""
    from mss_sim.ldap.server import LdapPort  # noqa: PLC0415 - most worlds speak no LDAP, and its library takes memory
    from mss_sim.ldap.tree import Tree  # noqa: PLC0415

    port = LdapPort(core.world.settings, connections, transcripts, core, Tree(core))
    return await asyncio.start_server(port.serve, sock=listener)


async def close(server: asyncio.Server, registry: Connections) -> None:
    """Take no new connection, let the open ones go."""
    server.close()
    await registry.close_all(STOP_SECONDS)


async def cancel(task: "asyncio.Task[None]") -> None:
    """End what runs beside the doors."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
