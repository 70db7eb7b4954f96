"""Listening sockets, and the error when a port cannot be opened."""

import asyncio
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager


@contextmanager
def listening(name: str, host: str, port: int) -> Iterator[None]:
    """Add to an OSError which port it was, and what to do."""
    try:
        yield
    except OSError as error:
        reason = str(error.strerror or error).rpartition(": ")[2]  # asyncio puts the address before the reason
        raise OSError(f"cannot listen on {host}, {name} port {port}: {reason}; see --host and --{name}-port") from error


def port_of(server: asyncio.AbstractServer) -> int:
    """The port that a server has; OSError when it has none: the loop passes over addresses for which no socket can be opened."""
    sockets: Sequence[socket.socket] = getattr(server, "sockets", ())
    if not sockets:
        raise OSError("no socket can be opened")
    port: int = sockets[0].getsockname()[1]
    return port


def bind(name: str, host: str, port: int) -> socket.socket:
    """A listening socket; `port` 0 takes any free one. OSError that says what to do when the port is in use."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # asyncio disables Nagle only when the protocol is TCP by name
    try:
        with listening(name, host, port):
            listener.setsockopt(socket.SOL_SOCKET, _alone(), 1)
            listener.bind((host, port))
            listener.listen(512)
            listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


def _alone() -> int:
    """The option by which one process at a time has a port. On Windows SO_REUSEADDR would let two have it."""
    return int(getattr(socket, "SO_EXCLUSIVEADDRUSE", socket.SO_REUSEADDR))
