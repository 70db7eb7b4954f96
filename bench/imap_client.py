"""A client of IMAP that only measures: one command at a time, answers kept as bytes, nothing parsed while the clock runs.

The simulator and its peer are measured by this one client, both behind STARTTLS, so that what it costs itself falls on both.
"""

import re
import select
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import lru_cache

from figures import BenchmarkError
from servers import Address

_SECONDS = 120.0
_BUFFER_BYTES = 1 << 18
_READ_BYTES_MIN = 1 << 15  # twice what one TLS record holds
_TAGGED_LINE_MAX = 1_024  # only the end of what came is looked at; no tagged line is longer
_SHOWN_MAX = 200
_EXISTS = re.compile(rb"\* (\d+) EXISTS\r\n")


@dataclass(frozen=True, slots=True)
class Server:
    """Where to log in, and as whom; `ca_file` is what its certificate is checked against."""

    address: Address
    ca_file: str
    login: str
    password: str


class Client:
    """One connection, logged in behind STARTTLS."""

    def __init__(self, server: Server) -> None:
        self._buffer = bytearray(_BUFFER_BYTES)
        self._filled = 0
        self._tags = 0
        try:
            self._socket = socket.create_connection(server.address, _SECONDS)
        except OSError as error:
            raise BenchmarkError(f"no connection for {server.login} to port {server.address[1]}: {error}") from error
        try:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._log_in(server)
        except BaseException:
            self._socket.close()
            raise

    def _log_in(self, server: Server) -> None:
        self._read_until(lambda: self._last_line().startswith(b"* OK"), b"the connection")
        self.ask(b"STARTTLS")
        self._socket = _context(server.ca_file).wrap_socket(self._socket, server_hostname=server.address[0])
        self.ask(f"LOGIN {server.login} {server.password}".encode())

    def ask(self, command: bytes) -> float:
        """Send a command and wait for its tagged OK; seconds until the last byte of the answer."""
        tag = self._next_tag()
        whole = b"%b %b\r\n" % (tag, command)
        began = time.perf_counter()
        self._socket.sendall(whole)
        self._read_until(lambda: self._last_line().startswith(tag), command)
        seconds = time.perf_counter() - began
        line = self._last_line()
        if not line.startswith(tag + b" OK"):
            raise BenchmarkError(f"{command[:_SHOWN_MAX]!r} was answered {line[:_SHOWN_MAX]!r}")
        return seconds

    def count(self, mark: bytes) -> int:
        """How often this stands in the answer to the last command."""
        return self._buffer.count(mark, 0, self._filled)

    def answer(self) -> bytes:
        """The whole answer to the last command."""
        return bytes(self._buffer[: self._filled])

    def select(self, folder: str = "INBOX") -> int:
        """Select a folder; how many messages it says it has."""
        self.ask(b"SELECT %b" % folder.encode())
        found = _EXISTS.search(self.answer())
        if found is None:
            raise BenchmarkError(f"SELECT {folder} did not tell how many messages there are")
        return int(found[1])

    def idle(self) -> None:
        """Begin to wait for news."""
        tag = self._next_tag()
        self._socket.sendall(b"%b IDLE\r\n" % tag)
        self._read_until(lambda: self._last_line().startswith((b"+", tag)), b"IDLE")
        if not self._last_line().startswith(b"+"):
            raise BenchmarkError(f"IDLE was answered {self._last_line()!r}")
        self._filled = 0

    def heard(self, news: bytes) -> bool:
        """Read what has come while idle; whether the news is among it. All is forgotten once it is."""
        self._read_some()
        while isinstance(self._socket, ssl.SSLSocket) and self._socket.pending():
            self._read_some()
        if self.count(news) == 0:
            return False
        self._filled = 0
        return True

    def fileno(self) -> int:
        """The number by which the system knows the connection."""
        return self._socket.fileno()

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _next_tag(self) -> bytes:
        self._filled = 0
        self._tags += 1
        return b"t%d" % self._tags

    def _read_until(self, over: Callable[[], bool], asked: bytes) -> None:
        try:
            self._read_some()
            while not over():
                self._read_some()
        except TimeoutError:
            raise BenchmarkError(f"{asked[:_SHOWN_MAX]!r} was not answered within {_SECONDS:g} s") from None

    def _read_some(self) -> None:
        """One read, straight to where it stays: bytes are moved only when an answer is longer than every one before."""
        if len(self._buffer) - self._filled < _READ_BYTES_MIN:
            self._buffer += bytes(len(self._buffer))
        with memoryview(self._buffer) as whole, whole[self._filled :] as room:
            got = self._socket.recv_into(room)
        if got == 0:
            raise BenchmarkError(f"the server hung up; it said last {self.answer()[-_SHOWN_MAX:]!r}")
        self._filled += got

    def _last_line(self) -> bytes:
        """The last line of what has come so far; empty while it is not whole."""
        end = bytes(self._buffer[max(0, self._filled - _TAGGED_LINE_MAX) : self._filled])
        return end[end.rfind(b"\n", 0, -1) + 1 :] if end.endswith(b"\r\n") else b""


@lru_cache(maxsize=8)
def _context(ca_file: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca_file)


@contextmanager
def connected(server: Server, count: int = 1) -> Iterator[list[Client]]:
    """As many connections, logged in, for the length of a block."""
    with ExitStack() as stack:
        clients = []
        for _ in range(count):
            client = Client(server)
            stack.callback(client.close)
            clients.append(client)
        yield clients


def wait_for_all(clients: Sequence[Client], news: bytes, seconds: float) -> float:
    """Wait until every one of these idle connections has heard the news; the moment at which the last one had."""
    waiting = {client.fileno(): client for client in clients}
    ready = select.poll()
    for number in waiting:
        ready.register(number, select.POLLIN)
    until = time.perf_counter() + seconds
    while waiting:
        left = until - time.perf_counter()
        if left <= 0:
            raise BenchmarkError(f"{len(waiting)} of {len(clients)} idle connections had not heard the news after {seconds:g} s")
        for number, _ in ready.poll(left * 1_000):
            if waiting[number].heard(news):
                ready.unregister(number)
                del waiting[number]
    return time.perf_counter()
