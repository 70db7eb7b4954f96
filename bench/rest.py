"""What a request to the REST API costs the server, against a bare route of the same framework that returns the same bytes.

Processor time of the server is compared, not the rate: the client shares the machine with it. Both servers run at once and are
asked in turns.
"""

import base64
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from threading import Thread
from urllib.parse import urlsplit

from figures import IN_CLEAR, BenchmarkError, Row, Setting, alternate
from servers import RECIPIENT, Address, Load, processor_seconds, simulator

_HERE = Path(__file__).resolve().parent
_LOGIN = b"camille.martin:cabinet-2026"
_CONNECTIONS = 4
_LIMIT = 50
_ROUNDS = 5
_STOP_SECONDS = 30.0
_RATIOS_MIN = {"me": 0.45, f"page of {_LIMIT}": 0.3}


def rest(setting: Setting) -> list[Row]:
    """`GET /api/v1/me`, and a page of 50 messages, each against a bare route that returns the same bytes."""
    paths = {"me": "/api/v1/me", f"page of {_LIMIT}": f"/api/v1/mailboxes/{RECIPIENT}/messages?limit={_LIMIT}"}
    rows = []
    with simulator(setting.folder, data=setting.folder / "data", in_clear=True) as running:
        Load(running.mx, _LIMIT + 10, connections=1).run()
        place = urlsplit(running.ready["http"])
        ours: Address = place.hostname or "127.0.0.1", place.port or 80
        for name, path in paths.items():
            asked = _request(path)
            body = _answer(ours, asked)
            count = setting.count(2_000 if name == "me" else 800, 40)
            with _peer(setting.folder, body) as (peer, pid):
                bare = _request("/bare")
                if _answer(peer, bare) != body:
                    raise BenchmarkError("the bare route returns other bytes")
                mine = _cost(running.process.pid, ours, asked, len(body), count)
                theirs = _cost(pid, peer, bare, len(body), count)
                mine(), theirs()
                rows.append(_row(f"REST {name}", *alternate(mine, theirs, _ROUNDS), _RATIOS_MIN[name], len(body)))
    return rows


def _row(name: str, ours: list[float], theirs: list[float], limit: float, size: int) -> Row:
    ratio = median(theirs) / median(ours)
    return Row(
        name,
        f"{median(ours) * 1_000:.2f} ms of processor",
        f"bare route {median(theirs) * 1_000:.2f} ms, ratio >= {limit:g}",
        ratio,
        ratio >= limit,
        {"ours_seconds": ours, "theirs_seconds": theirs, "bytes": size, "limit": limit},
        IN_CLEAR,
    )


def _request(path: str) -> bytes:
    login = base64.b64encode(_LOGIN).decode("ascii")
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {login}\r\n\r\n".encode("ascii")


def _cost(pid: int, to: Address, request: bytes, size: int, count: int) -> Callable[[], float]:
    """How to ask `count` times over a few kept connections; gives the processor seconds that one request took the server."""

    def measured() -> float:
        failures: list[Exception] = []
        sizes: set[int] = set()
        share = count // _CONNECTIONS

        def client() -> None:
            try:
                with socket.create_connection(to, timeout=60) as connection:
                    for _ in range(share):
                        sizes.add(len(_exchange(connection, request)))
            except Exception as error:  # noqa: BLE001 - told by the thread that waits
                failures.append(error)

        before = processor_seconds(pid)
        clients = [Thread(target=client) for _ in range(_CONNECTIONS)]
        for one in clients:
            one.start()
        for one in clients:
            one.join()
        if failures or sizes != {size}:
            raise failures[0] if failures else BenchmarkError("an answer of another size")
        return (processor_seconds(pid) - before) / (share * _CONNECTIONS)

    return measured


def _answer(to: Address, request: bytes) -> bytes:
    with socket.create_connection(to, timeout=60) as connection:
        return _exchange(connection, request)


def _exchange(connection: socket.socket, request: bytes) -> bytes:
    """One request, the body of its answer."""
    connection.sendall(request)
    held = b""
    while b"\r\n\r\n" not in held:
        held += _received(connection)
    head, _, body = held.partition(b"\r\n\r\n")
    status, *fields = head.split(b"\r\n")
    if b" 200 " not in status:
        raise BenchmarkError(f"answered {status.decode('latin-1')}")
    length = next(int(field.partition(b":")[2]) for field in fields if field.lower().startswith(b"content-length:"))
    pieces, left = [body], length - len(body)
    while left > 0:
        pieces.append(_received(connection))
        left -= len(pieces[-1])
    return b"".join(pieces)


def _received(connection: socket.socket) -> bytes:
    octets = connection.recv(262_144)
    if not octets:
        raise BenchmarkError("the server hung up")
    return octets


@contextmanager
def _peer(folder: Path, body: bytes) -> Iterator[tuple[Address, int]]:
    """The bare route for the length of a block: its address and its process."""
    file = folder / "body"
    file.write_bytes(body)
    command = [sys.executable, str(_HERE / "rest_peer.py"), str(file)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ)
    try:
        line = process.stdout.readline() if process.stdout else b""
        if not line:
            raise BenchmarkError("the peer did not start")
        yield ("127.0.0.1", json.loads(line)["port"]), process.pid
    finally:
        process.terminate()
        process.wait(_STOP_SECONDS)
        if process.stdout:
            process.stdout.close()
