"""Logging in to mail with clients that do not know us: smtplib, imaplib and IMAPClient over STARTTLS, with a client certificate or none."""

import asyncio
import contextlib
import imaplib
import smtplib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from email.policy import SMTP
from typing import NamedTuple

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError

from mss_sim.app.simulator import Simulator
from tests.clients import Reply, letter

SECONDS = 20


class Shown(NamedTuple):
    """The files of a certificate that a client shows, chain and key."""

    cert_file: str
    key_file: str


def xoauth2(mailbox: str, token: str) -> str:
    """The response of XOAUTH2."""
    return f"user={mailbox}\x01auth=Bearer {token}\x01\x01"


def oauthbearer(mailbox: str, token: str) -> str:
    """The response of OAUTHBEARER."""
    return f"n,a={mailbox},\x01host=localhost\x01port=143\x01auth=Bearer {token}\x01\x01"


@dataclass(frozen=True)
class MailClient:
    """A mail program of one user; every connection is new."""

    simulator: Simulator
    shown: Shown | None = None

    @property
    def tls(self) -> ssl.SSLContext:
        """Trusts the simulator, and shows the certificate if there is one."""
        context = ssl.create_default_context(cafile=self.simulator.ready()["ca_file"])
        if self.shown is not None:
            context.load_cert_chain(*self.shown)
        return context

    @contextlib.contextmanager
    def smtp(self) -> Iterator[smtplib.SMTP]:
        """A connection to the submission port, in TLS, after EHLO."""
        where = self.simulator.ready()["submission"]
        with smtplib.SMTP(where["host"], where["port"], timeout=SECONDS) as client:
            client.starttls(context=self.tls)
            client.ehlo()
            yield client

    @contextlib.contextmanager
    def imap(self) -> Iterator[imaplib.IMAP4]:
        """A connection to the IMAP port, in TLS."""
        where = self.simulator.ready()["imap"]
        with imaplib.IMAP4(where["host"], where["port"], timeout=SECONDS) as client:
            client.starttls(self.tls)
            yield client

    async def offered(self) -> tuple[list[str], list[str]]:
        """The mechanisms that SMTP and IMAP offer in TLS."""

        def ask() -> tuple[list[str], list[str]]:
            with self.smtp() as smtp, self.imap() as imap:
                words = imap.capability()[1][0].decode().split()
                return smtp.esmtp_features["auth"].split(), [one.removeprefix("AUTH=") for one in words if one.startswith("AUTH=")]

        return await asyncio.to_thread(ask)

    async def by_smtp(self, mechanism: str, response: str, sender: str = "", to: str = "", *, initial: bool = True) -> Reply:
        """Log in and, if a sender is named, send a letter; the first refusal, else the last reply."""
        return await asyncio.to_thread(self._by_smtp, mechanism, response, sender, to, initial)

    def _by_smtp(self, mechanism: str, response: str, sender: str, to: str, initial: bool) -> Reply:
        with self.smtp() as client:
            try:
                code, said = client.auth(mechanism, lambda challenge=None: response, initial_response_ok=initial)
            except smtplib.SMTPAuthenticationError as error:
                code, said = error.smtp_code, error.smtp_error if isinstance(error.smtp_error, bytes) else error.smtp_error.encode()
            for command in (f"MAIL FROM:<{sender}>", f"RCPT TO:<{to}>", "DATA") if sender else ():
                if code >= 400:
                    break
                code, said = client.docmd(command)
            if sender and code == 354:
                client.send(letter(sender, to, X_MSS_NIL="DEV0001").as_bytes(policy=SMTP) + b".\r\n")
                code, said = client.getreply()
            return Reply(code, said.decode())

    async def smtp_says(self, *commands: str) -> list[Reply]:
        """What SMTP answers to some commands in TLS."""

        def talk() -> list[Reply]:
            with self.smtp() as client:
                return [Reply(code, said.decode()) for code, said in map(client.docmd, commands)]

        return await asyncio.to_thread(talk)

    async def by_imaplib(self, mechanism: str, response: str) -> str:
        """Log in without initial response and open INBOX; `OK`, or why not."""
        return await asyncio.to_thread(self._by_imaplib, mechanism, response)

    def _by_imaplib(self, mechanism: str, response: str) -> str:
        with self.imap() as client:
            try:
                client.authenticate(mechanism, lambda _: response.encode())
            except imaplib.IMAP4.error as error:
                return str(error)
            return client.select("INBOX")[0]

    async def by_imapclient(self, mechanism: str, response: str) -> str:
        """The same with IMAPClient."""
        return await asyncio.to_thread(self._by_imapclient, mechanism, response)

    def _by_imapclient(self, mechanism: str, response: str) -> str:
        where = self.simulator.ready()["imap"]
        with IMAPClient(where["host"], where["port"], ssl=False, timeout=SECONDS) as client:
            client.starttls(self.tls)
            try:
                client.sasl_login(mechanism, lambda _: response.encode())
            except IMAPClientError as error:
                return str(error)
            return "OK" if b"EXISTS" in client.select_folder("INBOX") else "no INBOX"
