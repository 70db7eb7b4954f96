"""A persona to test with: each call opens a connection as that person's software would, logged in and trusting the world's authority alone.

doctor = world.person("doctor")
with doctor.smtp() as smtp:
    smtp.send_message(letter)
doctor.imap("tilleuls@cabinet.sim.mssante.fr").select("INBOX")
doctor.rest("GET", "/me")
"""

import base64
import imaplib
import json
import smtplib
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_SECONDS = 30


class RestRefused(Exception):
    """The REST API refused: `status`, and `problem` as it was answered (RFC 9457)."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        super().__init__(f"{status} {problem.get('code', '')}: {problem.get('detail', '')}")
        self.status = status
        self.problem = problem

    @property
    def code(self) -> str:
        """The rule that refused."""
        return str(self.problem.get("code", ""))


@dataclass(frozen=True)
class Person:
    """A persona of a world; `mailboxes` are the addresses that they may use, their own first."""

    role: str
    idnat: str
    name: str
    login: str
    password: str
    mailboxes: tuple[str, ...]
    ready: Mapping[str, Any]

    @classmethod
    def of(cls, ready: Mapping[str, Any], role: str) -> "Person":
        """The persona that plays a role; KeyError with the roles that there are when nobody does."""
        found = {one["role"]: one for one in ready["personas"]}
        if role not in found:
            raise KeyError(f"nobody plays {role}; there are {', '.join(sorted(found)) or 'no personas'}")
        one = found[role]
        boxes = tuple(box["address"] for box in one["mailboxes"])
        return cls(role, one["idnat"], one["name"], one["login"], one["password"], boxes, ready)

    @property
    def tls(self) -> ssl.SSLContext:
        """What trusts the authority of the world, and no other."""
        return ssl.create_default_context(cafile=self.ready["ca_file"])

    def smtp(self) -> smtplib.SMTP:
        """The submission port, over STARTTLS, logged in; SMTPException when it refuses. Close it, or use it as a context manager."""
        client = smtplib.SMTP("localhost", self.ready["submission"]["port"], timeout=_SECONDS)
        try:
            client.starttls(context=self.tls)
            client.login(self.login, self.password)
        except BaseException:
            client.close()
            raise
        return client

    def imap(self, mailbox: str | None = None) -> imaplib.IMAP4:
        """IMAP over STARTTLS, logged in; `mailbox` opens another one than their own. IMAP4.error when it refuses."""
        client = imaplib.IMAP4("localhost", self.ready["imap"]["port"], timeout=_SECONDS)
        try:
            client.starttls(self.tls)
            client.login(self.login if mailbox is None else f"{mailbox}*{self.login}", self.password)
        except BaseException:
            client.shutdown()
            raise
        return client

    def rest(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON that REST answers to a request below /api/v1, None where it answers nothing; RestRefused when it refuses."""
        account = base64.b64encode(f"{self.login}:{self.password}".encode()).decode()
        return _asked(f"{self.ready['http']}/api/v1{path}", method, body, {"Authorization": f"Basic {account}"})

    def token(self, lifetime_seconds: int | None = None) -> str:
        """An access token of theirs, as Pro Santé Connect would give it, without a log-in."""
        wanted = {"who": self.idnat, **({"lifetime_seconds": lifetime_seconds} if lifetime_seconds is not None else {})}
        headers = {"X-Control-Key": self.ready["control_key"] or ""}
        return str(_asked(f"{self.ready['http']}/control/tokens", "POST", wanted, headers)["access_token"])

    def send(self, to: Sequence[str], *, mailbox: str | None = None, **fields: Any) -> Any:
        """Send a letter by REST from a mailbox, their own first one where none is named; the fields are those of the API."""
        return self.rest("POST", f"/mailboxes/{mailbox or self.mailboxes[0]}/messages", {"to": list(to), **fields})

    def inbox(self, mailbox: str | None = None, *, wait: float = 0) -> list[dict[str, Any]]:
        """The letters in INBOX, the newest first; `wait`: so many seconds for a first one."""
        found: list[dict[str, Any]] = self.rest("GET", f"/mailboxes/{mailbox or self.mailboxes[0]}/messages?folder=INBOX&wait={wait}")[
            "items"
        ]
        return found


def _asked(url: str, method: str, body: Any, headers: Mapping[str, str]) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json", **headers}, method=method)  # noqa: S310 - of this world
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS + 300) as answer:  # noqa: S310
            octets = answer.read()
    except urllib.error.HTTPError as error:
        raise RestRefused(error.code, _problem(error.read())) from None
    return json.loads(octets) if octets else None


def _problem(octets: bytes) -> dict[str, Any]:
    try:
        found = json.loads(octets)
    except ValueError:
        return {"detail": octets[:200].decode("utf-8", "replace")}
    return found if isinstance(found, dict) else {}
