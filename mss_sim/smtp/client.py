"""A small SMTP client: what `mss-sim send` and the demonstration use. It speaks to the port, like any client."""

import mimetypes
import smtplib
import ssl
from collections.abc import Sequence
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path


class SendError(Exception):
    """The letter was not sent; the text is what the server said."""


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
    """Send one letter over STARTTLS and AUTH; its Message-ID."""
    message = EmailMessage()
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
    message["Date"] = formatdate(localtime=True)
    message["From"], message["To"], message["Subject"] = sender, ", ".join(to), subject
    if read_receipt:
        message["Disposition-Notification-To"] = sender
    message.set_content(text)
    for path in files:
        _attach(message, path)
    try:
        context = ssl.create_default_context(cafile=str(ca_file))
    except OSError as error:
        reason = error.strerror if not isinstance(error, ssl.SSLError) else "it holds no certificate"
        raise SendError(f"{ca_file}: {reason}; --ca is the authority's certificate, ca_file of the ready file") from error
    try:
        with smtplib.SMTP(host, port, timeout=30) as client:
            client.starttls(context=context)
            client.login(login, password)
            client.send_message(message, sender, list(to))
    except smtplib.SMTPRecipientsRefused as error:
        raise SendError("; ".join(f"{who}: {code} {said.decode()}" for who, (code, said) in error.recipients.items())) from error
    except smtplib.SMTPResponseException as error:
        said = error.smtp_error.decode() if isinstance(error.smtp_error, bytes) else error.smtp_error
        raise SendError(f"{error.smtp_code} {said}") from error
    except smtplib.SMTPException as error:
        raise SendError(str(error)) from error
    except OSError as error:
        raise SendError(f"{host}:{port}: {error}; is a simulator running there, and is --ca its authority's?") from error
    return str(message["Message-ID"])


def _attach(message: EmailMessage, path: Path) -> None:
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    main, _, sub = kind.partition("/")
    try:
        octets = path.read_bytes()
    except OSError as error:
        raise SendError(f"the file to attach {path} cannot be read: {error.strerror}; see --attach") from error
    message.add_attachment(octets, maintype=main, subtype=sub, filename=path.name)
