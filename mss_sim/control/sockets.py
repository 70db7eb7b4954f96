"""The socket doors as the control plane tells of them, handed over once: `app.state.sockets`."""

from dataclasses import dataclass

from fastapi import Request

from mss_sim.net.connections import Connections
from mss_sim.net.traps import Traps


@dataclass(frozen=True, slots=True)
class Sockets:
    """How many connections each door has open, and what traps saw."""

    connections: dict[str, Connections]
    traps: Traps


def sockets(request: Request) -> Sockets:
    """The socket doors of the world that a request is about."""
    found: Sockets = request.app.state.sockets
    return found
