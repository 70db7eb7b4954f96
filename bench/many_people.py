"""How fast people with mailboxes are made and imported, and how long a letter that is sent meanwhile waits for its answer.

A tenth of the country is made (80,000 mailboxes of 32 operators); the import is NDJSON, as a program writes it.
"""

import base64
import http.client
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from figures import BenchmarkError, Row, Setting, percentile
from servers import RECIPIENT, SENDER, SENDER_LOGIN, SENDER_PASSWORD, Simulator, simulator

_PER_SECOND_MIN = 5_000
_MILLISECONDS_MAX = 500.0
_TENTH = {"practitioners": 60_000, "organisations": 10_000, "patients": 4_000, "operators": 32}
_MEANWHILE = {"practitioners": 20_000, "operators": 10}
_QUICK = {"practitioners": 600, "organisations": 100, "patients": 40, "operators": 3}
_IMPORTED = 50_000
_SECONDS = 600
_AUTHORIZATION = {"Authorization": "Basic " + base64.b64encode(f"{SENDER_LOGIN}:{SENDER_PASSWORD}".encode()).decode()}


def made_and_imported(setting: Setting) -> list[Row]:
    """Mailboxes a second from the request to its answer; then letters, one after another, while others are made."""
    with simulator(setting.folder, data=setting.folder / "data", mx_port=setting.mx_port) as running:
        made, seconds = _timed(running, "/control/generate", _numbers(_QUICK if setting.quick else _TENTH))
        memory, count = running.resident_bytes(), setting.count(_IMPORTED, 500)
        imported, import_seconds = _timed(running, "/control/import", b"".join(map(_line, range(count))))
        if imported["mailboxes"] != count:
            raise BenchmarkError(f"{imported['mailboxes']} of {count} mailboxes were imported")
        with _letters(running) as waited:
            _timed(running, "/control/generate", _numbers({**(_QUICK if setting.quick else _MEANWHILE), "seed": 1}))
    slow = percentile(waited, 0.95) * 1_000
    detail = {"letters": len(waited), "median_milliseconds": median(waited) * 1_000, "longest_milliseconds": max(waited) * 1_000}
    ratio = slow / _MILLISECONDS_MAX
    return [
        _rate("people with mailboxes made in bulk", made["mailboxes"], seconds, {"resident_bytes": memory}),
        _rate("people with mailboxes imported", count, import_seconds, {}),
        Row("a letter sent meanwhile", f"p95 {slow:.0f} ms", f"< {_MILLISECONDS_MAX:g} ms", ratio, ratio < 1, detail),
    ]


def _numbers(wanted: dict[str, int]) -> bytes:
    return json.dumps(wanted).encode()


def _rate(name: str, count: int, seconds: float, detail: dict[str, Any]) -> Row:
    rate = count / seconds
    figure, limit = f"{rate:,.0f} /s, {count:,} mailboxes", f">= {_PER_SECOND_MIN:,} /s"
    return Row(name, figure, limit, rate / _PER_SECOND_MIN, rate >= _PER_SECOND_MIN, {"mailboxes": count, "seconds": seconds, **detail})


def _line(number: int) -> bytes:
    name = f"elise.legrand.{number}"
    person = {"kind": "professional", "idnat": f"8995{number:08d}", "family_name": "LEGRAND", "given_name": "Élise", "title": "Dr"}
    account = {"login": name, "password": "cabinet-2026"}
    row = {**person, **account, "address": f"{name}@medecin.sim.mssante.fr", "mailbox_kind": "PER"}
    return json.dumps(row, ensure_ascii=False).encode() + b"\n"


def _timed(running: Simulator, path: str, body: bytes) -> tuple[dict[str, Any], float]:
    """What a request to the control plane answers, and after how many seconds."""
    connection = _connection(running)
    began = time.perf_counter()
    answer = _post(connection, path, body, {}, 200)
    return answer, time.perf_counter() - began


@contextmanager
def _letters(running: Simulator) -> Iterator[list[float]]:
    """For as long as the block lasts, one letter after another is sent over REST; how long each answer took, in seconds."""
    waited: list[float] = []
    over = threading.Event()
    letter = json.dumps({"to": [RECIPIENT], "subject": "Compte rendu", "text": "Bonjour."}).encode()

    def send() -> None:
        connection = _connection(running)
        while not over.is_set():
            began = time.perf_counter()
            _post(connection, f"/api/v1/mailboxes/{SENDER}/messages", letter, _AUTHORIZATION, 201)
            waited.append(time.perf_counter() - began)

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield waited
    finally:
        over.set()
        thread.join()


def _connection(running: Simulator) -> http.client.HTTPConnection:
    place = urlsplit(running.ready["http"])
    return http.client.HTTPConnection(place.hostname or "127.0.0.1", place.port, timeout=_SECONDS)


def _post(connection: http.client.HTTPConnection, path: str, body: bytes, headers: dict[str, str], status: int) -> dict[str, Any]:
    connection.request("POST", path, body, {"Content-Type": "application/json", **headers})
    answer = connection.getresponse()
    octets = answer.read()
    if answer.status != status:
        raise BenchmarkError(f"POST {path} answered {answer.status}: {octets[:200].decode('utf-8', 'replace')}")
    found: dict[str, Any] = json.loads(octets)
    return found
