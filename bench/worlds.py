"""How fast worlds begin with a snapshot and what a hundred of them weigh, how fast one goes back, and how soon who waits is answered."""

import http.client
import json
import selectors
import socket
import time
from base64 import b64encode
from typing import Any
from urllib.parse import urlsplit

from figures import BenchmarkError, Row, Setting, percentile
from servers import RECIPIENT, SENDER, SENDER_LOGIN, SENDER_PASSWORD, Simulator, simulator

_WORLDS = 100
_BEGIN_MILLISECONDS_MAX = 150.0
_MEGABYTES_MAX = 400.0
_LETTERS = 10_000
_BACK_SECONDS_MAX = 1.0
_WAITING = 200
_ANSWER_MILLISECONDS_MAX = 20.0
_LETTERS_WAITED_FOR = 30
_SECONDS = 120


def worlds(setting: Setting) -> list[Row]:
    """Worlds that begin with the seed's snapshot, one after another; what all of them weigh together, in the one process."""
    count = setting.count(_WORLDS, 3)
    with simulator(setting.folder, data=setting.folder / "data", mx_port=setting.mx_port) as running:
        ask(running, "POST", "/control/snapshots", {"name": "begun"}, 201)
        took = [_timed(running, "/control/worlds", {"snapshot": "begun"}, 201) * 1_000 for _ in range(count)]
        megabytes = running.resident_bytes() / 1e6
    middle, slow = percentile(took, 0.5), percentile(took, 0.95)
    detail = {"worlds": count, "median_milliseconds": middle, "p95_milliseconds": slow, "resident_megabytes": megabytes}
    ratio, weight = middle / _BEGIN_MILLISECONDS_MAX, megabytes / _MEGABYTES_MAX
    figure = f"{middle:.0f} ms, p95 {slow:.0f} ms"
    return [
        Row("a world begun with a snapshot", figure, f"< {_BEGIN_MILLISECONDS_MAX:g} ms", ratio, ratio < 1, detail),
        Row(f"memory of {count} worlds", f"{megabytes:.0f} MB", f"< {_MEGABYTES_MAX:g} MB", weight, weight < 1, detail),
    ]


def restore(setting: Setting) -> list[Row]:
    """Going back to a snapshot that holds so many letters."""
    count = setting.count(_LETTERS, 200)
    with simulator(setting.folder, data=setting.folder / "data", mx_port=setting.mx_port) as running:
        sending, sent = connection(running), letter("Compte rendu")
        for _ in range(count // 2):  # one in the sender's folder of sent letters, one that arrives
            post(sending, sent)
        ask(running, "POST", "/control/wait", {"kind": "settled", "timeout": 60.0}, 200)
        made = ask(running, "POST", "/control/snapshots", {"name": "full"}, 201)
        took = [_timed(running, "/control/snapshots/full/restore", None, 204) for _ in range(5)]
    middle = percentile(took, 0.5)
    detail = {"letters": made["counts"]["messages"], "bytes": made["size_bytes"], "seconds": took}
    ratio = middle / _BACK_SECONDS_MAX
    figure = f"{middle:.2f} s, {made['counts']['messages']:,} letters, {made['size_bytes'] / 1e6:.0f} MB"
    return [Row("going back to a snapshot", figure, f"< {_BACK_SECONDS_MAX:g} s", ratio, ratio < 1, detail)]


def waits(setting: Setting) -> list[Row]:
    """From the answer to who sends a letter to himself to the answer to who waits for it; others wait in vain."""
    count, letters = setting.count(_WAITING, 10), setting.count(_LETTERS_WAITED_FOR, 3)
    with simulator(setting.folder, data=setting.folder / "data", mx_port=setting.mx_port) as running:
        others = [_waiting(running, f"Rien {number}") for number in range(count - 1)]
        sending, took = connection(running), []
        for number in range(letters):
            mine = _waiting(running, f"Lettre {number}.")
            time.sleep(0.05)  # it waits
            began = post(sending, letter(f"Lettre {number}.", SENDER))
            took.append((_answered(mine) - began) * 1_000)
        for one in others:
            one.close()
    middle, slow = percentile(took, 0.5), percentile(took, 0.95)
    detail = {"waiting": count, "letters": letters, "median_milliseconds": middle, "p95_milliseconds": slow}
    ratio = middle / _ANSWER_MILLISECONDS_MAX
    figure = f"{middle:.1f} ms, p95 {slow:.1f} ms"
    return [Row(f"a wait answered, {count} waiting", figure, f"< {_ANSWER_MILLISECONDS_MAX:g} ms", ratio, ratio < 1, detail)]


def letter(subject: str, to: str = RECIPIENT) -> bytes:
    """A letter as REST takes it."""
    return json.dumps({"to": [to], "subject": subject, "text": "Bonjour."}).encode()


def connection(running: Simulator) -> http.client.HTTPConnection:
    """A connection to the simulator."""
    place = urlsplit(running.ready["http"])
    return http.client.HTTPConnection(place.hostname or "127.0.0.1", place.port, timeout=_SECONDS)


def post(sending: http.client.HTTPConnection, body: bytes) -> float:
    """Send a letter; when the answer came, by the clock of this process."""
    account = b64encode(f"{SENDER_LOGIN}:{SENDER_PASSWORD}".encode()).decode()
    path = f"/api/v1/mailboxes/{SENDER}/messages"
    sending.request("POST", path, body, {"Content-Type": "application/json", "Authorization": f"Basic {account}"})
    answer = sending.getresponse()
    at, octets = time.perf_counter(), answer.read()
    if answer.status != 201:
        raise BenchmarkError(f"POST {path} answered {answer.status}: {octets[:200].decode('utf-8', 'replace')}")
    return at


def ask(running: Simulator, method: str, path: str, body: dict[str, Any] | None, status: int) -> dict[str, Any]:
    """The JSON that a request answers; BenchmarkError for another status."""
    asking = connection(running)
    asking.request(method, path, None if body is None else json.dumps(body), {"Content-Type": "application/json"})
    answer = asking.getresponse()
    octets = answer.read()
    asking.close()
    if answer.status != status:
        raise BenchmarkError(f"{method} {path} answered {answer.status}: {octets[:200].decode('utf-8', 'replace')}")
    found: dict[str, Any] = json.loads(octets) if octets else {}
    return found


def _timed(running: Simulator, path: str, body: dict[str, Any] | None, status: int) -> float:
    began = time.perf_counter()
    ask(running, "POST", path, body, status)
    return time.perf_counter() - began


def _waiting(running: Simulator, subject: str) -> socket.socket:
    """A connection on which somebody waits for a letter of that subject in the sender's own mailbox."""
    place = urlsplit(running.ready["http"])
    body = json.dumps({"kind": "message", "mailbox": SENDER, "subject": subject, "timeout": float(_SECONDS)}).encode()
    head = f"POST /control/wait HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    opened = socket.create_connection((place.hostname or "127.0.0.1", place.port or 80))
    opened.sendall(head.encode() + body)
    return opened


def _answered(waiting: socket.socket) -> float:
    """When the first octets of the answer are there; BenchmarkError when they are another answer."""
    with selectors.DefaultSelector() as selector:
        selector.register(waiting, selectors.EVENT_READ)
        if not selector.select(_SECONDS):
            raise BenchmarkError("who waits was not answered")
    at, octets = time.perf_counter(), waiting.recv(4_096)
    waiting.close()
    if not octets.startswith(b"HTTP/1.1 200"):
        raise BenchmarkError(f"who waits was answered {octets[:60]!r}")
    return at
