"""What one client sends keeps nobody else waiting: while each hostile input is played, a probe asks IMAP and HTTP every 20 ms.

The simulator is a process of its own, as people run it. A machine that is busy with something else makes everybody wait now and then;
an input that stops the server does so every time it is played, so the best of a few tries counts.
"""

import contextlib
import http.client
import imaplib
import json
import os
import smtplib
import ssl
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.clients import DOCTOR

_WAIT_SECONDS_MAX = 0.25
_TRIES = 3
_EVERY_SECONDS = 0.02
_PASSWORD = "cabinet-2026"
_LOGIN = "camille.martin"
_FOLDERS = 600
_ANY = ("--submission-port", "0", "--mx-port", "0", "--imap-port", "0", "--http-port", "0", "--log-level", "error", "--memory")


class Victim:
    """One running simulator, and clients of it."""

    def __init__(self, folder: Path) -> None:
        ready_file = folder / "ready.json"
        command = [sys.executable, "-m", "mss_sim", "run", *_ANY, "--ready-file", str(ready_file)]
        self.process = subprocess.Popen(command, env={**os.environ, "MSS_SIM_CONNECTIONS_BAD_COMMANDS_MAX": "1000"})
        deadline = time.monotonic() + 60
        while not ready_file.exists():
            assert self.process.poll() is None, "the simulator ended before it was ready"
            assert time.monotonic() < deadline, "the simulator is not ready after 60 s"
            time.sleep(0.02)
        self.ready: dict[str, Any] = json.loads(ready_file.read_text(encoding="utf-8"))
        self.tls = ssl.create_default_context(cafile=self.ready["ca_file"])

    def imap(self) -> imaplib.IMAP4:
        """A client that is logged in and has INBOX open."""
        client = imaplib.IMAP4("localhost", self.ready["imap"]["port"], timeout=60)
        client.starttls(self.tls)
        client.login(_LOGIN, _PASSWORD)
        client.select("INBOX")
        return client

    def http(self) -> http.client.HTTPConnection:
        """A connection to the HTTP port."""
        return http.client.HTTPConnection(self.ready["http"].removeprefix("http://"), timeout=60)

    def rest(self, method: str, path: str, body: bytes | None = None) -> int:
        """The status of a request to the REST API; 0 when it was hung up on before all of it was sent."""
        name = b64encode(f"{_LOGIN}:{_PASSWORD}".encode()).decode()
        headers = {"Authorization": f"Basic {name}", "Content-Type": "application/json"}
        with contextlib.closing(self.http()) as connection, contextlib.suppress(ConnectionError):
            connection.request(method, f"/api/v1/mailboxes/{DOCTOR}{path}", body, headers)
            answer = connection.getresponse()
            answer.read()
            return answer.status
        return 0

    def smtp(self, raw: bytes) -> None:
        """Send a letter; it may be refused."""
        with smtplib.SMTP("localhost", self.ready["submission"]["port"], timeout=60) as client:
            client.starttls(context=self.tls)
            client.login(_LOGIN, _PASSWORD)
            with contextlib.suppress(smtplib.SMTPResponseException):
                client.sendmail(DOCTOR, [DOCTOR], raw)

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait(20)


class Probe(threading.Thread):
    """Asks NOOP and /healthz again and again; `worst` is the longest wait."""

    def __init__(self, victim: Victim) -> None:
        super().__init__(daemon=True)
        self._imap, self._http = victim.imap(), victim.http()
        self._over = threading.Event()
        self.worst = 0.0
        self.asked = 0

    def run(self) -> None:
        """Until it is stopped."""
        while not self._over.wait(_EVERY_SECONDS):
            for ask in (self._ask_imap, self._ask_http):
                start = time.perf_counter()
                ask()
                self.worst = max(self.worst, time.perf_counter() - start)
                self.asked += 1

    def _ask_imap(self) -> None:
        self._imap.noop()

    def _ask_http(self) -> None:
        self._http.request("GET", "/healthz")
        self._http.getresponse().read()

    def stop(self) -> None:
        """End it, and hang up."""
        self._over.set()
        self.join()
        self._imap.logout()
        self._http.close()


@pytest.fixture(scope="module")
def victim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victim]:
    started = Victim(tmp_path_factory.mktemp("victim"))
    yield started
    started.stop()


@pytest.fixture(scope="module")
def full(victim: Victim) -> Iterator[imaplib.IMAP4]:
    """A client of a mailbox with many letters, which answer one another, and many folders."""
    client = victim.imap()
    for number in range(120):
        references = " ".join(f"<{one}@a.fr>" for one in range(max(0, number - 50), number))
        head = f"From: {DOCTOR}\r\nTo: {DOCTOR}\r\nSubject: {'re: ' * 50}x\r\nMessage-ID: <{number}@a.fr>\r\nReferences: {references}\r\n"
        body = "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + "--b\r\n\r\nx\r\n" * 200
        client.append("INBOX", "", "", (head + body).encode())
    for number in range(_FOLDERS):
        client.create(f"{'ab' * 60}/{number}")
    client.select("INBOX")
    yield client
    client.logout()


def _worst_wait(victim: Victim, play: Callable[[], object]) -> float:
    """The longest wait of anybody else while something is played; the best of a few tries."""
    waits: list[float] = []
    while not waits or (waits[-1] > _WAIT_SECONDS_MAX and len(waits) < _TRIES):
        probe = Probe(victim)
        probe.start()
        try:
            play()
            before = probe.asked
            while probe.asked < before + 4:
                time.sleep(_EVERY_SECONDS)
        finally:
            probe.stop()
        waits.append(probe.worst)
    return min(waits)


def _letter(fields: str = "", body: str = "x") -> bytes:
    return f"From: {DOCTOR}\r\nSubject: x\r\nMessage-ID: <{time.monotonic_ns()}@a.fr>\r\n{fields}\r\n{body}\r\n".encode()


_MIXED = "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n"
_LETTERS: dict[str, Callable[[], bytes]] = {
    "at signs": lambda: _letter("To: " + "@" * 200_000 + "\r\n"),
    "addresses that pose as names": lambda: _letter("To: " + "a@b <c@d>,\r\n " * 15_000 + "\r\n"),
    "names": lambda: _letter("To: " + '"x" <a@b.fr>,\r\n ' * 14_000 + "\r\n"),
    "marks on a letter": lambda: _letter("To: e" + "\u0301\u0327" * 50_000 + "@b.fr\r\n"),
    "encoded words": lambda: _letter("Subject: " + "=?utf-8?q?a?=\r\n " * 15_000 + "\r\n"),
    "encoded words without an end": lambda: _letter("X-Long: y\r\nTo: " + "=?a?q?" * 40_000 + "\r\n"),
    "boundaries on one line": lambda: _letter(_MIXED, "--b" * 80_000),
    "parts": lambda: _letter(_MIXED, "--b\r\nContent-Type: a/b; a=b c; d*0*=utf-8''e; f=\"=?utf-8?q?a?=\"\r\n\r\n" * 900),
    "an embedded header": lambda: _letter("Content-Type: message/rfc822\r\n", "To: " + "a@b <c@d>, " * 8_000 + "\r\n\r\nx"),
    "parameters": lambda: _letter('Content-Type: text/plain; a="' + "=?utf-8?q?a?= " * 15_000 + '"\r\n'),
    "blanks in quoted-printable": lambda: _letter("Content-Transfer-Encoding: quoted-printable\r\n", " " * 200_000 + "x"),
    "HTML": lambda: _letter("Content-Type: text/html\r\n", "<script></script " * 12_000),
    "ten megabytes": lambda: _letter(_MIXED, "--b\r\nContent-Type: application/pdf\r\n\r\n" + ("x" * 76 + "\r\n") * 130_000 + "--b--"),
}


@pytest.mark.parametrize("name", _LETTERS)
def test_nobody_waits_while_a_hostile_letter_is_sent(victim: Victim, name: str) -> None:
    raw = _LETTERS[name]()
    assert _worst_wait(victim, lambda: victim.smtp(raw)) < _WAIT_SECONDS_MAX


@pytest.mark.parametrize("name", ["at signs", "boundaries on one line", "an embedded header", "parts", "ten megabytes"])
def test_nobody_waits_while_a_hostile_letter_is_read(victim: Victim, name: str) -> None:
    with victim.imap() as client:
        client.create("Hostile")
        client.append("Hostile", "", "", _LETTERS[name]())
        _, (count, *_) = client.select("Hostile")
        number = (count or b"").decode()
        for items in ("(BODY BODYSTRUCTURE ENVELOPE)", "(BODY.PEEK[1] BODY.PEEK[1.HEADER] BODY.PEEK[2.1.MIME])", "(BINARY.PEEK[1])"):
            assert _worst_wait(victim, partial(client.fetch, number, items)) < _WAIT_SECONDS_MAX


def _many(item: str, count: int = 200) -> str:
    return f"({' '.join(item.format(number) for number in range(1, count + 1))})"


_COMMANDS: dict[str, tuple[str, ...]] = {
    "FETCH of 200 sections": ("FETCH", "1:*", _many("BODY.PEEK[{}]")),
    "FETCH of 3,000 sections": ("FETCH", "1:*", _many("BODY.PEEK[{}]", 3_000)),
    "FETCH of 200 pieces of a header": ("FETCH", "1:*", _many("BODY.PEEK[HEADER.FIELDS (To X-{})]")),
    "FETCH of structures": ("FETCH", "1:*", "(BODY BODYSTRUCTURE ENVELOPE)"),
    "SEARCH for many texts": ("SEARCH", *("NOT TEXT abc " * 150).split()),
    "SEARCH for many headers": ("SEARCH", *("NOT HEADER X-A abc " * 60).split()),
    "SEARCH in many sets": ("SEARCH", *["1:*"] * 400),
    "SEARCH for a huge text": ("SEARCH", "TEXT", "x" * 60_000),
    "SORT": ("SORT", "(SUBJECT FROM DATE)", "UTF-8", "ALL"),
    "THREAD": ("THREAD", "REFERENCES", "UTF-8", "ALL"),
    "LIST of all": ("LIST", '""', "*"),
    "LIST with a hard pattern": ("LIST", '""', "*a%b" * 200 + "*x"),
    "LIST with many patterns": ("LIST", '""', f"({' '.join('*a%b' * 20 + '*' + 'a' * number for number in range(20))})"),
    "LIST with 3,000 patterns": ("LIST", '""', f"({'* ' * 3_000}%)"),
}


@pytest.mark.parametrize("name", _COMMANDS)
def test_nobody_waits_while_a_hostile_command_is_executed(victim: Victim, full: imaplib.IMAP4, name: str) -> None:
    verb, *arguments = _COMMANDS[name]

    def play() -> None:
        with contextlib.suppress(imaplib.IMAP4.error):
            full.xatom(verb, *arguments)

    imaplib.Commands.setdefault(verb, ("AUTH", "SELECTED"))
    assert _worst_wait(victim, play) < _WAIT_SECONDS_MAX
    assert full.noop()[0] == "OK", "the connection outlives it"


def _named(count: int, name: str) -> list[dict[str, str]]:
    return [{"address": f"a{number}@cabinet.sim.mssante.fr", "name": name} for number in range(count)]


_REQUESTS: dict[str, tuple[str, str, Callable[[], Any]]] = {
    "200,000 recipients": ("POST", "/messages", lambda: {"to": [f"a{number}@b.fr" for number in range(200_000)]}),
    "names that are hard to fold": ("POST", "/messages", lambda: {"to": _named(20, "é (" * 20)}),
    "a name of a megabyte": ("POST", "/messages", lambda: {"to": _named(1, "é (" * 300_000)}),
    "a subject of a megabyte": ("POST", "/messages", lambda: {"to": [DOCTOR], "subject": "a " * 500_000}),
    "encoded words in a header": ("POST", "/messages", lambda: {"to": [DOCTOR], "headers": {"X-MSS-NIL": "=?utf-8?q?a?= " * 50_000}}),
    "a text of a megabyte": ("POST", "/messages", lambda: {"to": [DOCTOR], "text": "é\n" * 300_000}),
    "fields that nobody knows": ("POST", "/messages", lambda: {f"k{number}": 1 for number in range(1_500_000)}),
    "an attachment of 24 megabytes": (
        "POST",
        "/messages",
        lambda: {"attachments": [{"filename": "a", "content_type": "a/b", "content_base64": "AAAA" * 8_000_000}]},
    ),
    "fields that nobody knows, beside a grant": ("POST", "/grants", lambda: {f"k{number}": 1 for number in range(80_000)}),
    "a search for a long text": ("GET", f"/messages?text={'x' * 60_000}", lambda: None),
    "a search for a text": ("GET", f"/messages?text={'x' * 900}", lambda: None),
    "folders": ("GET", "/folders", lambda: None),
}


@pytest.mark.parametrize("name", _REQUESTS)
def test_nobody_waits_while_a_hostile_request_is_answered(victim: Victim, full: imaplib.IMAP4, name: str) -> None:
    method, path, make = _REQUESTS[name]
    what = make()
    body = None if what is None else json.dumps(what).encode()  # before: the probe shares the interpreter with who sends
    assert _worst_wait(victim, lambda: victim.rest(method, path, body)) < _WAIT_SECONDS_MAX
