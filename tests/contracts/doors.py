"""One way to send, whatever the door: the promise is the same, so the test is the same."""

import asyncio
import email
import email.policy
import imaplib
import re
import ssl
from dataclasses import dataclass
from typing import Any, Protocol

import httpx

from mss_sim.app.simulator import Simulator
from tests.clients import Person, Reply, letter


@dataclass(frozen=True)
class Verdict:
    """What a door answered: accepted or not, and the rule's code as this door shows it."""

    accepted: bool
    shown: str


class Door(Protocol):
    """Sends letters, and knows how a rule looks here."""

    name: str

    async def send(self, role: str, sender: str, to: list[str], **options: Any) -> Verdict:
        """Send a letter as a persona; options: subject, text, headers, dsn."""
        ...

    def shows(self, smtp: str, rest: str) -> str:
        """How a refusal looks at this door."""
        ...

    async def folder(self, role: str, mailbox: str, folder: str = "INBOX") -> list[dict[str, Any]]:
        """What a persona sees in a folder, newest first: subject, message_id, email_id, keywords, seen."""
        ...

    async def raw(self, role: str, mailbox: str, email_id: str) -> str:
        """A whole message of INBOX."""
        ...

    async def revoke(self, role: str, mailbox: str, who: str) -> None:
        """Take back every grant of the persona `who`."""
        ...


@dataclass
class RestReading:
    """Reading and revoking by REST."""

    simulator: Simulator

    async def folder(self, role: str, mailbox: str, folder: str = "INBOX") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await Person(self.simulator, role).get(f"/mailboxes/{mailbox}/messages", folder=folder))["items"]
        return found

    async def raw(self, role: str, mailbox: str, email_id: str) -> str:
        item = next(one for one in await self.folder(role, mailbox) if one["email_id"] == email_id)
        return (await Person(self.simulator, role).rest("GET", f"/mailboxes/{mailbox}/messages/{item['id']}/raw")).text

    async def revoke(self, role: str, mailbox: str, who: str) -> None:
        person, idnat = Person(self.simulator, role), Person(self.simulator, who).idnat
        for grant in await person.get(f"/mailboxes/{mailbox}/grants"):
            if grant["grantee"]["idnat"] == idnat:
                assert (await person.rest("DELETE", f"/mailboxes/{mailbox}/grants/{grant['id']}")).status_code == 200


@dataclass
class SmtpDoor(RestReading):
    """Submission over STARTTLS and AUTH; reading by REST."""

    name: str = "smtp"

    async def send(self, role: str, sender: str, to: list[str], **options: Any) -> Verdict:
        headers = {name.replace("-", "_"): value for name, value in options.get("headers", {}).items()}
        message = letter(sender, to, options.get("subject", "Bonjour"), options.get("text", "Bonjour."), **headers)
        rcpt = "NOTIFY=SUCCESS,FAILURE,DELAY" if options.get("dsn") else ""
        reply: Reply = await Person(self.simulator, role).smtp(sender, to, message, rcpt=rcpt)
        return Verdict(reply.code == 250, f"{reply.code} {reply.enhanced}")

    def shows(self, smtp: str, rest: str) -> str:
        return smtp


@dataclass
class ImapDoor(SmtpDoor):
    """What practice software does: submission over SMTP, reading and ACL over IMAP."""

    name: str = "smtp"

    async def folder(self, role: str, mailbox: str, folder: str = "INBOX") -> list[dict[str, Any]]:
        return await asyncio.to_thread(self._folder, Person(self.simulator, role), mailbox, folder)

    def _folder(self, person: Person, mailbox: str, folder: str) -> list[dict[str, Any]]:
        with imap(person, mailbox) as client:
            if client.select(folder, readonly=True)[1] == [b"0"]:
                return []
            answers = client.fetch("1:*", "(FLAGS EMAILID BODY.PEEK[HEADER])")[1]
        return [_summary(one) for one in answers if isinstance(one, tuple)][::-1]

    async def raw(self, role: str, mailbox: str, email_id: str) -> str:
        return await asyncio.to_thread(self._raw, Person(self.simulator, role), mailbox, email_id)

    def _raw(self, person: Person, mailbox: str, email_id: str) -> str:
        with imap(person, mailbox) as client:
            client.select("INBOX", readonly=True)
            (number,) = client.search(None, "EMAILID", f"M{email_id}")[1][0].split()
            answer = client.fetch(number.decode(), "(BODY.PEEK[])")[1][0]
            assert isinstance(answer, tuple)
            return answer[1].decode()

    async def revoke(self, role: str, mailbox: str, who: str) -> None:
        await asyncio.to_thread(self._revoke, Person(self.simulator, role), mailbox, Person(self.simulator, who).idnat)

    def _revoke(self, person: Person, mailbox: str, idnat: str) -> None:
        with imap(person, mailbox) as client:
            assert client.deleteacl("INBOX", idnat)[0] == "OK"


def imap(person: Person, mailbox: str) -> imaplib.IMAP4:
    """A connection of a persona to one mailbox, logged in."""
    ready = person.simulator.ready()
    client = imaplib.IMAP4("localhost", ready["imap"]["port"], timeout=20)
    client.starttls(ssl.create_default_context(cafile=ready["ca_file"]))
    client.login(f"{mailbox}*{person.account['login']}", person.account["password"])
    return client


def _summary(answer: tuple[bytes, bytes]) -> dict[str, Any]:
    headers = email.message_from_bytes(answer[1], policy=email.policy.default)
    flags = re.search(rb"FLAGS \(([^)]*)\)", answer[0])
    words = flags[1].decode().split() if flags else []
    found = re.search(rb"EMAILID \(M(\w+)\)", answer[0])
    return {
        "subject": headers["Subject"],
        "message_id": headers["Message-ID"],
        "email_id": found[1].decode() if found else "",
        "seen": "\\Seen" in words,
        "keywords": [word for word in words if not word.startswith("\\")],
        "headers": dict(headers.items()),
    }


@dataclass
class RestDoor(RestReading):
    """POST of a letter in JSON, or whole as message/rfc822 when it has headers that JSON has no field for."""

    name: str = "rest"

    async def send(self, role: str, sender: str, to: list[str], **options: Any) -> Verdict:
        person = Person(self.simulator, role)
        known = {"In-Reply-To": "in_reply_to"}
        headers = options.get("headers", {})
        fields: dict[str, Any] = {"to": to, "subject": options.get("subject", "Bonjour"), "text": options.get("text", "Bonjour.")}
        fields |= {known[name]: value for name, value in headers.items() if name in known}
        if "Reply-To" in headers:
            fields["reply_to"] = [headers["Reply-To"]]
        if "Disposition-Notification-To" in headers:
            fields["request_read_receipt"] = True
        fields["headers"] = {name: value for name, value in headers.items() if name.startswith("X-")}
        fields["request_delivery_receipt"] = bool(options.get("dsn"))
        return _verdict(await person.rest("POST", f"/mailboxes/{sender}/messages", json=fields))

    def shows(self, smtp: str, rest: str) -> str:
        return rest


def _verdict(answer: httpx.Response) -> Verdict:
    body = answer.json()
    return Verdict(
        answer.status_code == 201, str(answer.status_code) if answer.status_code < 400 else f"{answer.status_code} {body['code']}"
    )
