"""The three doors as the matrix uses them: real sockets that stay open, and one word for what was answered.

A word is `ok`, `hidden` (answered, and what was looked for is not in the answer), or the refusal as that door shows it.
"""

import base64
import http.client
import json
import re
import smtplib
import socket
import ssl
from typing import Any, NamedTuple

from mss_sim.errors import Rule
from mss_sim.http.problems import PROBLEMS
from mss_sim.imap.grammar.responses import CODES
from mss_sim.smtp.replies import REPLIES

_SECONDS = 60


class Answer(NamedTuple):
    """One word, and all that was said."""

    word: str
    text: str


def shows(door: str, rule: Rule, *, at_mail: bool = False) -> str:
    """How a rule looks at a door; the gateway of the national directory tells no rule."""
    if door == "rest":
        return f"{PROBLEMS[rule][0]} {rule}"
    if door == "imap":
        return CODES[rule]
    code, enhanced = (553, "5.7.1") if at_mail and rule is Rule.SEND_NOT_ALLOWED else REPLIES[rule]
    return f"{code} {enhanced}"


class RestClient:
    """HTTP, one connection for everybody."""

    def __init__(self, host: str, port: int) -> None:
        self._connection = http.client.HTTPConnection(host, port, timeout=_SECONDS)

    def ask(self, method: str, path: str, body: Any = None, credentials: str = "") -> tuple[int, str]:
        """The status and the text of one request."""
        headers = {"Content-Type": "application/json"} if body is not None else {}
        headers |= {"Authorization": credentials} if credentials else {}
        self._connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        answer = self._connection.getresponse()
        return answer.status, answer.read().decode("utf-8", "replace")

    def must(self, method: str, path: str, body: Any = None, credentials: str = "") -> Any:
        """The JSON of a request that prepares something, and is not refused."""
        status, text = self.ask(method, path, body, credentials)
        assert status < 400, f"{method} {path}: {status} {text}"
        return json.loads(text) if text else None

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def answer(self, method: str, path: str, body: Any, credentials: str, shown: str) -> Answer:
        """What is answered to one act."""
        status, text = self.ask(method, path, body, credentials)
        if status >= 400:
            told = json.loads(text)
            return Answer(f"{status} {told['code']}" if "code" in told else str(status), text)
        return Answer("ok" if shown in text else "hidden", text)


def basic(name: str, password: str) -> str:
    """Credentials of a name and a password."""
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


class Login(NamedTuple):
    """How to log in to mail: a mechanism with its response, in base64; the files of a certificate, or none."""

    mechanism: str
    response: str
    tls: ssl.SSLContext


class ImapClient:
    """One IMAP connection; `refused` is what its log-in was answered when it failed."""

    def __init__(self, port: int, login: Login) -> None:
        plain = socket.create_connection(("localhost", port), timeout=_SECONDS)
        plain.recv(4_096)
        plain.sendall(b"t STARTTLS\r\n")
        plain.recv(4_096)
        self._socket = login.tls.wrap_socket(plain, server_hostname="localhost")
        self._file = self._socket.makefile("rb")
        self._count = 0
        self.opened = ""
        answer = self.ask(f"AUTHENTICATE {login.mechanism} {login.response}")
        self.refused = None if answer.word == "ok" else answer

    def ask(self, command: str, shown: str = "") -> Answer:
        """What is answered to one command."""
        self._count += 1
        tag = f"x{self._count}"
        self._socket.sendall(f"{tag} {command}\r\n".encode())
        said: list[str] = []
        while True:
            line = self._file.readline()
            if not line:
                return Answer("BYE", "".join(said))
            if literal := re.search(rb"\{(\d+)\}\r\n$", line):
                line += self._file.read(int(literal[1]))
            text = line.decode("utf-8", "replace")
            if text.startswith("* OK [CLOSED]"):
                self.opened = ""
            if not text.startswith(f"{tag} "):
                said.append(text)
                continue
            words = text.split(" ", 2)
            if words[1] == "OK":
                return Answer("ok" if shown in "".join(said) else "hidden", "".join(said) + text)
            code = re.search(r"\[(\S+)", text)
            return Answer((code[1].rstrip("]") if code else words[1]).replace("TRYCREATE", "NONEXISTENT"), text.removeprefix(f"{tag} "))

    def select(self, name: str, *, again: bool) -> Answer | None:
        """Open a folder unless it is open; the refusal when it may not be."""
        if self.opened == name and not again:
            return None
        answer = self.ask(f'SELECT "{name}"')
        self.opened = name if answer.word == "ok" else ""
        return None if answer.word == "ok" else answer

    def close(self) -> None:
        """Hang up."""
        self._file.close()
        self._socket.close()


class SmtpClient:
    """One connection to the submission port; `refused` as over IMAP."""

    def __init__(self, port: int, login: Login) -> None:
        self._client = smtplib.SMTP("localhost", port, timeout=_SECONDS)
        self._client.starttls(context=login.tls)
        self._client.ehlo("matrix")
        code, said = self._client.docmd(f"AUTH {login.mechanism} {login.response}")
        if code == 334:
            code, said = self._client.docmd("")
        self.refused = None if code == 235 else _smtp(code, said)

    def send(self, sender: str, to: str, subject: str, *, whole: bool) -> Answer:
        """Announce a sender, or send a letter."""
        self._client.docmd("RSET")
        steps = (f"MAIL FROM:<{sender}>", *((f"RCPT TO:<{to}>", "DATA") if whole else ()))
        for step in steps:
            code, said = self._client.docmd(step)
            if code >= 400:
                return _smtp(code, said)
        if whole:
            self._client.send(f"From: {sender}\r\nTo: {to}\r\nSubject: {subject}\r\n\r\nBonjour.\r\n.\r\n".encode())
            code, said = self._client.getreply()
        return _smtp(code, said)

    def close(self) -> None:
        """Hang up."""
        self._client.close()


def _smtp(code: int, said: bytes) -> Answer:
    text = said.decode()
    return Answer("ok" if code < 400 else f"{code} {text.split(' ', 1)[0]}", text)
