"""What is tested: a practice's software that sends and reads, with the libraries that it is made of (smtplib, imaplib, httpx)."""

import imaplib
import smtplib
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import make_msgid
from typing import Any

import httpx

_SECONDS = 30


class Software:
    """A practice's software, used by one person; `address` is that person's own mailbox."""

    def __init__(self, ready: Mapping[str, Any], persona: Mapping[str, Any]) -> None:
        """`ready` tells the ports and the certificate to trust, `persona` who logs in."""
        self._ready = ready
        self._tls = ssl.create_default_context(cafile=ready["ca_file"])
        self.idnat, self.login, self.password = persona["idnat"], persona["login"], persona["password"]
        self.address: str = persona["mailboxes"][0]["address"] if persona["mailboxes"] else ""

    def send(self, to: str, subject: str, *, receipt: bool = False) -> None:
        """Send a letter from one's own mailbox; smtplib's error for a refusal."""
        letter = EmailMessage(policy=policy.SMTP)
        letter["From"], letter["To"], letter["Subject"], letter["Message-ID"] = self.address, to, subject, make_msgid(domain="example.fr")
        if receipt:
            letter["Disposition-Notification-To"] = self.address
        letter.set_content("Bonjour.")
        with smtplib.SMTP("localhost", self._ready["submission"]["port"], timeout=_SECONDS) as smtp:
            smtp.starttls(context=self._tls)
            smtp.login(self.login, self.password)
            smtp.send_message(letter)

    @contextmanager
    def inbox(self, mailbox: str = "", token: str = "") -> Iterator[imaplib.IMAP4]:
        """INBOX over IMAP: one's own, or by a token that of another mailbox; imaplib's error for a refusal."""
        with imaplib.IMAP4("localhost", self._ready["imap"]["port"], timeout=_SECONDS) as imap:
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
        url = f"{self._ready['http']}/api/v1/mailboxes/{path}"
        return httpx.request(method, url, auth=(self.login, self.password), timeout=_SECONDS, **request)

    def wait_for(self, mailbox: str, subject: str) -> dict[str, Any]:
        """Wait for a letter in INBOX: one request, which is answered when it has come."""
        asked = {"folder": "INBOX", "subject": subject, "wait": 10}
        found: list[dict[str, Any]] = self.rest("GET", f"{mailbox}/messages", params=asked).raise_for_status().json()["items"]
        assert found, f"no letter “{subject}” came to {mailbox}"
        return found[0]
