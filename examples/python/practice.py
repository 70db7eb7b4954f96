"""What is tested: a practice's software that sends and reads, with the libraries that it is made of (smtplib, imaplib, httpx)."""

import imaplib
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import make_msgid
from typing import Any

import httpx

_SECONDS = 30


@dataclass(frozen=True)
class Servers:
    """Where the operator's servers are, and the certificate to trust."""

    submission_port: int
    imap_port: int
    http: str
    ca_file: str


class Software:
    """A practice's software, used by one person; `address` is that person's own mailbox."""

    def __init__(self, servers: Servers, login: str, password: str, address: str) -> None:
        self._servers = servers
        self._tls = ssl.create_default_context(cafile=servers.ca_file)
        self.login, self.password, self.address = login, password, address

    def send(self, to: str, subject: str, *, receipt: bool = False) -> None:
        """Send a letter from one's own mailbox; smtplib's error for a refusal."""
        letter = EmailMessage(policy=policy.SMTP)
        letter["From"], letter["To"], letter["Subject"], letter["Message-ID"] = self.address, to, subject, make_msgid(domain="example.fr")
        if receipt:
            letter["Disposition-Notification-To"] = self.address
        letter.set_content("Bonjour.")
        with smtplib.SMTP("localhost", self._servers.submission_port, timeout=_SECONDS) as smtp:
            smtp.starttls(context=self._tls)
            smtp.login(self.login, self.password)
            smtp.send_message(letter)

    @contextmanager
    def inbox(self, mailbox: str = "", token: str = "") -> Iterator[imaplib.IMAP4]:
        """INBOX over IMAP: one's own, or by a token that of another mailbox; imaplib's error for a refusal."""
        with imaplib.IMAP4("localhost", self._servers.imap_port, timeout=_SECONDS) as imap:
            imap.starttls(self._tls)
            if token:
                imap.authenticate("XOAUTH2", lambda _challenge: f"user={mailbox}\x01auth=Bearer {token}\x01\x01".encode())
            else:
                imap.login(self.login, self.password)
            imap.select("INBOX")
            yield imap

    def read(self, number: int, mailbox: str = "", token: str = "") -> EmailMessage:
        """Read one letter of INBOX over IMAP."""
        with self.inbox(mailbox, token) as imap:
            fetched = imap.fetch(str(number), "(BODY[])")[1][0]
        assert isinstance(fetched, tuple), "there is no such letter"
        return message_from_bytes(fetched[1], policy=policy.default)

    def rest(self, method: str, path: str, **request: Any) -> httpx.Response:
        """A request below /api/v1/mailboxes."""
        url = f"{self._servers.http}/api/v1/mailboxes/{path}"
        return httpx.request(method, url, auth=(self.login, self.password), timeout=_SECONDS, **request)
