"""What a thousand who listen to events weigh, and how soon the last of them hears of a letter."""

import resource
import selectors
import socket
import time
from urllib.parse import urlsplit

from figures import BenchmarkError, Row, Setting, percentile
from servers import Simulator, simulator
from worlds import connection, letter, post

_LISTENERS = 1_000
_MEGABYTES_MAX = 50.0
_HEARD_MILLISECONDS_MAX = 100.0
_LETTERS = 20
_SECONDS = 60


def listeners(setting: Setting) -> list[Row]:
    """Listeners to everything, each on a connection of its own; the time runs from the answer to who sends to the last who hears."""
    count, letters = setting.count(_LISTENERS, 20), setting.count(_LETTERS, 3)
    _allow_files(2 * count + 200)
    with simulator(setting.folder, data=setting.folder / "data", mx_port=setting.mx_port) as running:
        sending, took = connection(running), []
        post(sending, letter("Avant"))
        before = running.resident_bytes()
        listening = [_listener(running) for _ in range(count)]
        megabytes = (running.resident_bytes() - before) / 1e6
        for number in range(letters):
            began = post(sending, letter(f"Lettre {number}."))
            took.append((_heard(listening, f"Lettre {number}.") - began) * 1_000)
        for one in listening:
            one.close()
    middle, slow = percentile(took, 0.5), percentile(took, 0.95)
    detail = {"listeners": count, "letters": letters, "median_milliseconds": middle, "p95_milliseconds": slow, "megabytes": megabytes}
    late, weight = middle / _HEARD_MILLISECONDS_MAX, megabytes / _MEGABYTES_MAX
    return [
        Row(
            f"a letter heard by the last of {count} listeners",
            f"{middle:.0f} ms, p95 {slow:.0f} ms",
            f"< {_HEARD_MILLISECONDS_MAX:g} ms",
            late,
            late < 1,
            detail,
        ),
        Row(f"memory of {count} listeners", f"{megabytes:.0f} MB", f"< {_MEGABYTES_MAX:g} MB", weight, weight < 1, detail),
    ]


def _allow_files(count: int) -> None:
    """Let this process, and the server that it starts, have so many open files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(count, hard), hard))


def _listener(running: Simulator) -> socket.socket:
    """A connection on which letters that arrive are heard, once the stream has begun."""
    place = urlsplit(running.ready["http"])
    opened = socket.create_connection((place.hostname or "127.0.0.1", place.port or 80), timeout=_SECONDS)
    opened.sendall(b"GET /control/events?kind=message.received HTTP/1.1\r\nHost: localhost\r\n\r\n")
    octets = b""
    while b": heartbeat" not in octets:
        piece = opened.recv(4_096)
        octets += piece
        if not piece or not octets.startswith(b"HTTP/1.1 200"):
            raise BenchmarkError(f"who listens was answered {octets[:60]!r}")
    return opened


def _heard(listening: list[socket.socket], subject: str) -> float:
    """When the last of them has heard of that letter."""
    wanted, waiting = subject.encode(), dict.fromkeys(listening, b"")
    with selectors.DefaultSelector() as selector:
        for one in listening:
            selector.register(one, selectors.EVENT_READ)
        while waiting:
            ready = selector.select(_SECONDS)
            if not ready:
                raise BenchmarkError(f"{len(waiting)} who listen heard nothing of {subject}")
            for key, _ in ready:
                opened: socket.socket = key.fileobj  # type: ignore[assignment]  # a socket was registered
                waiting[opened] += opened.recv(65_536)
                if wanted in waiting[opened]:
                    del waiting[opened]
                    selector.unregister(opened)
    return time.perf_counter()
