"""A small SMTP client, used by `mss-sim send` and the demonstration. It connects to the port, like any client."""

import mimetypes
import smtplib
import ssl
from collections.abc import Sequence
from email.utils import make_msgid
from pathlib import Path

from mss_sim.clock import SystemClock
from mss_sim.mail.compose import Draft, File, compose


class SendError(Exception):
    """The letter was not sent; the text is the server's reply."""


def send_letter(
    host: str,
    port: int,
    ca_file: Path,
    login: str,
    password: str,
    *,
    sender: str,
    to: Sequence[str],
    subject: str,
    text: str,
    files: Sequence[Path] = (),
    read_receipt: bool = False,
) -> str:
    """Send one letter over STARTTLS and AUTH; its Message-ID. CompositionError when the arguments make no valid letter."""
    author = ("", sender)
    people, attached = [("", one) for one in to], [_file(path) for path in files]
    draft = Draft(author, people, subject, text, files=attached, receipt_to=author if read_receipt else None)
    message_id = make_msgid(domain=sender.rpartition("@")[2])
    message = compose(draft, message_id=message_id, at=SystemClock().now())
    try:
        context = ssl.create_default_context(cafile=str(ca_file))
    except OSError as error:
        reason = error.strerror if not isinstance(error, ssl.SSLError) else "it holds no certificate"
        raise SendError(f"{ca_file}: {reason}; --ca is the authority's certificate, ca_file of the ready file") from error
    try:
        with smtplib.SMTP(host, port, timeout=30) as client:
            client.starttls(context=context)
            client.login(login, password)
            client.sendmail(sender, list(to), message, ["SMTPUTF8", "BODY=8BITMIME"] if not message.isascii() else [])
    except smtplib.SMTPRecipientsRefused as error:
        raise SendError("; ".join(f"{who}: {code} {_text(said)}" for who, (code, said) in error.recipients.items())) from error
    except smtplib.SMTPResponseException as error:
        raise SendError(f"{error.smtp_code} {_text(error.smtp_error)}") from error
    except smtplib.SMTPException as error:
        raise SendError(str(error)) from error
    except OSError as error:
        raise SendError(f"{host}:{port}: {error}; is a simulator running there, and is --ca its authority's?") from error
    return message_id


def _text(said: bytes | str) -> str:
    """What a server said, of which no octets are certain."""
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else said


def _file(path: Path) -> File:
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    try:
        return File(path.name, kind, path.read_bytes())
    except OSError as error:
        raise SendError(f"the file to attach {path} cannot be read: {error.strerror}; see --attach") from error
