"""A persona to test with: each call opens a connection as that person's software would, logged in and trusting the world's authority alone.

with world.doctor.smtp() as smtp:
    smtp.send_message(letter)
world.doctor.imap("tilleuls@cabinet.sim.mssante.fr").select("INBOX")
world.doctor.rest("GET", "/me")
"""

import imaplib
import smtplib
import ssl
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, Self, TypeVar, Unpack
from urllib.parse import quote, urlencode

from mss_sim.testing.asking import Request, RestRefused, ask, control, rest
from mss_sim.testing.documents import AppClient, LetterFields, LetterItem, OpenedLetter, PersonaDocument, Ready, SentLetter
from mss_sim.testing.logging_in import log_in
from mss_sim.testing.results import LogIn

__all__ = ["Cast", "Person", "Persona", "RestRefused"]

P = TypeVar("P")
T = TypeVar("T")
_SECONDS = 30
AUTHENTICATED = 235
"""What SMTP says of a log-in that succeeded."""


class Runs(Protocol):
    """Runs work where the simulator runs, and waits for its result."""

    def __call__(self, work: Coroutine[Any, Any, T], /) -> T:
        """The result."""
        ...


@dataclass(frozen=True)
class Persona:
    """Who somebody is; `mailboxes` are the addresses that they may use, their own first. Neither password nor keys are shown by `repr`."""

    role: str
    idnat: str
    name: str
    login: str
    password: str = field(repr=False)
    mailboxes: tuple[str, ...]
    ready: Ready = field(repr=False)

    @classmethod
    def of(cls, ready: Ready, one: PersonaDocument, *more: Any) -> Self:
        """A persona as a ready file tells it."""
        boxes = tuple(box["address"] for box in one["mailboxes"])
        return cls(one["role"], one["idnat"], one["name"], one["login"], one["password"], boxes, ready, *more)

    @property
    def address(self) -> str:
        """The first of their mailboxes: their own, where they have one. LookupError when they may use none."""
        if not self.mailboxes:
            raise LookupError(f"{self.role} may use no mailbox")
        return self.mailboxes[0]

    @property
    def tls(self) -> ssl.SSLContext:
        """What trusts the authority of the world, and no other; with the certificate of who logs in by one."""
        context = ssl.create_default_context(cafile=self.ready["ca_file"])
        if self.certificate is not None:
            context.load_cert_chain(self.certificate["cert_file"], self.certificate["key_file"])
        return context

    @property
    def certificate(self) -> AppClient | None:
        """The certificate that logs in to SMTP and IMAP in the place of a password: that of an application, bound to its mailbox."""
        known = self.ready["app_client"]
        return known if known is not None and self.mailboxes[:1] == (known["mailbox"],) else None

    def asks_rest(self, method: str, path: str, body: object = None) -> Request:
        """Their request below /api/v1, for an HTTP client of your own."""
        return rest(self.ready, (self.login, self.password), method, path, body)

    def _posts(self, to: Sequence[str], mailbox: str | None, fields: Mapping[str, object]) -> Request:
        return self.asks_rest("POST", f"{self._place(mailbox)}/messages", {"to": list(to), **fields})

    def _lists(self, mailbox: str | None, subject: str | None, wait: float) -> Request:
        asked = {"folder": "INBOX", "wait": wait, **({} if subject is None else {"subject": subject})}
        return self.asks_rest("GET", f"{self._place(mailbox)}/messages?{urlencode(asked)}")

    def _opens(self, letter: str, mailbox: str | None) -> Request:
        return self.asks_rest("GET", f"{self._place(mailbox)}/messages/{quote(letter, safe='')}")

    def _place(self, mailbox: str | None) -> str:
        return f"/mailboxes/{quote(mailbox or self.address, safe='@')}"

    def _token(self, lifetime_seconds: int | None) -> Request:
        wanted = {"who": self.idnat, **({"lifetime_seconds": lifetime_seconds} if lifetime_seconds is not None else {})}
        return control(self.ready, "POST", "/tokens", wanted)

    def _smtp(self) -> smtplib.SMTP:
        __tracebackhide__ = True
        client = smtplib.SMTP("localhost", self.ready["submission"]["port"], timeout=_SECONDS)
        try:
            client.starttls(context=self.tls)
            self._authenticate(client)
        except BaseException as error:  # noqa: BLE001 - it is raised again
            client.close()
            raise error.with_traceback(None) from None  # the frames of the library show the password
        return client

    def _authenticate(self, client: smtplib.SMTP) -> None:
        if self.certificate is None:
            client.login(self.login, self.password)
            return
        client.ehlo()
        code, text = client.docmd("AUTH", "EXTERNAL =")
        if code != AUTHENTICATED:
            raise smtplib.SMTPAuthenticationError(code, text)

    def _imap(self, mailbox: str | None) -> imaplib.IMAP4:
        __tracebackhide__ = True
        client = imaplib.IMAP4("localhost", self.ready["imap"]["port"], timeout=_SECONDS)
        try:
            client.starttls(self.tls)
            if self.certificate is None:
                client.login(self.login if mailbox is None else f"{mailbox}*{self.login}", self.password)
            else:
                client.authenticate("EXTERNAL", lambda _challenge: (mailbox or "").encode())
        except BaseException as error:  # noqa: BLE001 - it is raised again
            client.shutdown()
            raise error.with_traceback(None) from None
        return client


@dataclass(frozen=True)
class Person(Persona):
    """A persona whose clients are those of the standard library, and wait for what they ask."""

    run: Runs = field(repr=False, compare=False)

    def smtp(self) -> smtplib.SMTP:
        """The submission port, over STARTTLS, logged in; SMTPException when it refuses. Close it, or use it as a context manager."""
        __tracebackhide__ = True
        return self._smtp()

    def imap(self, mailbox: str | None = None) -> imaplib.IMAP4:
        """IMAP over STARTTLS, logged in; `mailbox` opens another one than their own. IMAP4.error when it refuses."""
        __tracebackhide__ = True
        return self._imap(mailbox)

    def rest(self, method: str, path: str, body: object = None) -> Any:
        """The JSON that REST answers to a request below /api/v1, None where it answers nothing; RestRefused when it refuses."""
        __tracebackhide__ = True
        return self.run(ask(self.asks_rest(method, path, body)))

    def token(self, lifetime_seconds: int | None = None) -> str:
        """An access token of theirs, as Pro Santé Connect would give it, without a log-in."""
        __tracebackhide__ = True
        return str(self.run(ask(self._token(lifetime_seconds)))["access_token"])

    def log_in(self, mode: str = "CARD") -> LogIn:
        """Log in with Pro Santé Connect, by card or by `MOBILE`: tokens and userinfo. RestRefused for who has neither, such as patients."""
        __tracebackhide__ = True
        return self.run(log_in(self.ready, self.idnat, mode))

    def send(self, to: Sequence[str], *, mailbox: str | None = None, **fields: Unpack[LetterFields]) -> SentLetter:
        """Send a letter by REST from a mailbox, their own where none is named; RestRefused when it is refused."""
        __tracebackhide__ = True
        sent: SentLetter = self.run(ask(self._posts(to, mailbox, fields)))
        return sent

    def inbox(self, mailbox: str | None = None, *, subject: str | None = None, wait: float = 0) -> list[LetterItem]:
        """The letters in INBOX, the newest first; `subject`: a part of it; `wait`: so many seconds for a first one."""
        __tracebackhide__ = True
        __tracebackhide__ = True
        found: list[LetterItem] = self.run(ask(self._lists(mailbox, subject, wait)))["items"]
        return found

    def read(self, letter: str, mailbox: str | None = None) -> OpenedLetter:
        """Open a letter by the id that `inbox` tells, as a reader does: it is read from then on, where they may say so."""
        __tracebackhide__ = True
        found: OpenedLetter = self.run(ask(self._opens(letter, mailbox)))
        return found


class Cast(ABC, Generic[P]):
    """Who can be played in a world: the people of the seed `cabinet` by name, all others by `person(role)`."""

    @abstractmethod
    def person(self, role: str) -> P:
        """Who plays a role; LookupError with the roles that there are when nobody does."""

    @property
    def doctor(self) -> P:
        """Dr Camille MARTIN, responsible for the practice's mailbox."""
        return self.person("doctor")

    @property
    def doctor2(self) -> P:
        """Dr Hugo BERNARD, who holds the practice's mailbox too."""
        return self.person("doctor2")

    @property
    def secretary(self) -> P:
        """The secretary of the practice, with grants over its mailbox and the doctor's."""
        return self.person("secretary")

    @property
    def assistant(self) -> P:
        """An assistant whose grant over the practice's mailbox ends after 90 days."""
        return self.person("assistant")

    @property
    def newcomer(self) -> P:
        """Somebody new, whom nobody has given a right yet."""
        return self.person("newcomer")

    @property
    def hospital(self) -> P:
        """A doctor of the hospital, at another operator."""
        return self.person("hospital")

    @property
    def hospital_ward(self) -> P:
        """The ward of the hospital."""
        return self.person("hospital_ward")

    @property
    def application(self) -> P:
        """The program of a laboratory, with a mailbox of kind APP; SMTP and IMAP know it by its certificate, REST by a password."""
        return self.person("application")

    @property
    def patient(self) -> P:
        """Claire FONTAINE, a patient of the practice."""
        return self.person("patient")

    @property
    def patient2(self) -> P:
        """Another patient."""
        return self.person("patient2")

    @property
    def pharmacist(self) -> P:
        """A pharmacist, for what userinfo tells of one."""
        return self.person("pharmacist")

    @property
    def editor(self) -> P:
        """A publisher's test identity."""
        return self.person("editor")

    @property
    def locum(self) -> P:
        """A doctor without an exercise of their own."""
        return self.person("locum")


def play(ready: Ready, role: str, make: Callable[[Ready, PersonaDocument], P]) -> P:
    """Who plays a role in this ready document; KeyError with the roles that there are when nobody does."""
    found = {one["role"]: one for one in ready["personas"]}
    if role not in found:
        raise KeyError(f"nobody plays {role}; there are {', '.join(sorted(found)) or 'no personas'}")
    return make(ready, found[role])
