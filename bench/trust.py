"""Between people, servers and operators: log-ins with a token over fresh TLS, and mail relayed from one operator to another."""

import base64
import http.client
import json
import os
import socket
import ssl
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from urllib.parse import quote, urlsplit

from figures import BenchmarkError, Row, Setting, alternate, compared, percentile
from servers import AS_SENDER, RECIPIENT, SENDER, SENDER_LOGIN, Load, Simulator, simulator

_LOGINS_A_SECOND_MIN = 60
_LOGIN_MS_MAX = 40
_PACE = 10
_RELAY_RATIO_MIN = 0.25
_ROUNDS = 3
_RELAY_SECONDS_MAX = 120.0


@dataclass(slots=True)
class Client:
    """A mail program that logs in anew each time, taking its TLS session up again."""

    running: Simulator
    response: str
    context: ssl.SSLContext
    session: ssl.SSLSession | None = None
    resumed: int = 0

    def log_in(self) -> float:
        """One whole log-in: connection, STARTTLS, AUTH XOAUTH2, QUIT; the seconds until 235."""
        began = time.perf_counter()
        with socket.create_connection(self.running.submission, timeout=30) as plain:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            _expect(plain, "220")
            _ask(plain, "EHLO bench", "250")
            _ask(plain, "STARTTLS", "220")
            with self.context.wrap_socket(plain, server_hostname="localhost", session=self.session) as secure:
                self.resumed += bool(secure.session_reused)
                _ask(secure, "EHLO bench", "250")
                _ask(secure, f"AUTH XOAUTH2 {self.response}", "235")
                seconds = time.perf_counter() - began
                self.session = secure.session
                _ask(secure, "QUIT", "221")
        return seconds


def _expect(connection: socket.socket, code: str) -> None:
    said = b""
    while not said.endswith(b"\n") or said.rsplit(b"\n", 2)[-2][3:4] == b"-":
        piece = connection.recv(4_096)
        if not piece:
            raise BenchmarkError(f"the server hung up after {said!r}")
        said += piece
    if not said.startswith(code.encode()):
        raise BenchmarkError(f"{code} was expected, the server said {said!r}")


def _ask(connection: socket.socket, command: str, code: str) -> None:
    connection.sendall(f"{command}\r\n".encode())
    _expect(connection, code)


def _http(running: Simulator, method: str, path: str, body: object = None, *, basic: bool = False) -> object:
    place = urlsplit(running.ready["http"])
    connection = http.client.HTTPConnection(place.hostname or "127.0.0.1", place.port, timeout=30)
    headers = {"Content-Type": "application/json"}
    if basic:
        headers["Authorization"] = "Basic " + base64.b64encode(b"sophie.petit:cabinet-2026").decode()
    connection.request(method, path, None if body is None else json.dumps(body), headers)
    answer = connection.getresponse()
    said = json.loads(answer.read())
    connection.close()
    if answer.status >= 400:
        raise BenchmarkError(f"{method} {path} answered {answer.status}: {said}")
    return said


def logins(setting: Setting) -> list[Row]:
    """Log-ins by XOAUTH2 over STARTTLS, the server on one processor: one after the other, then ten a second."""
    with simulator(setting.folder) as running:
        _keep_to_one_processor(running)
        token = _http(running, "POST", "/control/tokens", {"who": SENDER_LOGIN, "lifetime_seconds": 3_600})
        assert isinstance(token, dict)  # noqa: S101 - an object, by its route
        response = base64.b64encode(f"user={SENDER}\x01auth=Bearer {token['access_token']}\x01\x01".encode()).decode()
        client = Client(running, response, ssl.create_default_context(cafile=running.ca_file))
        for _ in range(setting.count(20, 2)):
            client.log_in()
        rates = [_rate(client, setting.count(200, 5)) for _ in range(_ROUNDS)]
        times = _paced(client, setting.count(200, 5))
    rate, slow = median(rates), percentile(times, 0.95) * 1_000
    noted = {"resumed": client.resumed}
    most, least = _LOGIN_MS_MAX, _LOGINS_A_SECOND_MIN
    return [
        Row(
            "log-in, STARTTLS + XOAUTH2",
            f"{rate:,.0f} /s",
            f">= {least} /s on one core",
            rate / least,
            rate >= least,
            {"rates": rates, **noted},
        ),
        Row(
            f"log-in at {_PACE}/s, p95",
            f"{slow:.1f} ms",
            f"<= {most} ms",
            slow / most,
            slow <= most,
            {"seconds": times},
        ),
    ]


def _keep_to_one_processor(running: Simulator) -> None:
    one = {min(os.sched_getaffinity(0))}
    for thread in Path(f"/proc/{running.process.pid}/task").iterdir():
        os.sched_setaffinity(int(thread.name), one)


def _rate(client: Client, count: int) -> float:
    began = time.perf_counter()
    for _ in range(count):
        client.log_in()
    return count / (time.perf_counter() - began)


def _paced(client: Client, count: int) -> list[float]:
    """The time of each log-in, begun on schedule whatever the last one took."""
    began, times = time.perf_counter(), []
    for number in range(count):
        time.sleep(max(0.0, began + number / _PACE - time.perf_counter()))
        times.append(client.log_in())
    return times


def relay(setting: Setting) -> list[Row]:
    """From the first letter submitted at one operator to the last one in a mailbox of another, over mutual TLS.

    The peer is the MX port of a simulator that takes letters in clear.
    """
    clear, usual, warm = setting.folder / "clear", setting.folder / "usual", setting.count(100, 10)
    for folder in (clear, usual):
        folder.mkdir()
    count = setting.count(1_000, 50)
    with simulator(clear, data=clear / "data", in_clear=True) as plain, simulator(usual, data=usual / "data") as running:
        in_clear, rounds = Load(plain.mx, 2 * count), iter(range(_ROUNDS))
        login = ("--starttls", "--ca", running.ca_file, *AS_SENDER)
        Load(running.submission, warm, extra=(*login, "--prefix", "warm")).run()
        in_clear.run()
        _wait_for(running, warm)

        def relayed() -> float:
            number, began = next(rounds), time.perf_counter()
            Load(running.submission, count, extra=(*login, "--prefix", f"round{number}")).run()
            _wait_for(running, warm + (number + 1) * count)
            return count / (time.perf_counter() - began)

        return [
            compared(f"relay of {count:,} messages", "/s", *alternate(relayed, in_clear.rate, _ROUNDS), _RELAY_RATIO_MIN, "MX in clear")
        ]


def _wait_for(running: Simulator, total: int) -> None:
    """Wait until the practice has that many letters in its INBOX."""
    deadline = time.perf_counter() + _RELAY_SECONDS_MAX
    while time.perf_counter() < deadline:
        folders = _http(running, "GET", f"/api/v1/mailboxes/{quote(RECIPIENT)}/folders", basic=True)
        assert isinstance(folders, list)  # noqa: S101 - a list, by its route
        there = next(one["exists"] for one in folders if one["name"] == "INBOX")
        if there >= total:
            return
        time.sleep(0.02)
    raise BenchmarkError(f"{there} of {total} letters were relayed in {_RELAY_SECONDS_MAX:g} s")
