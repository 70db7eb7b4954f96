"""One way to send, whatever the door: the promise is the same, so the test is the same."""

from dataclasses import dataclass
from typing import Any, Protocol

import httpx

from mss_sim.app import Simulator
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


@dataclass
class SmtpDoor:
    """Submission over STARTTLS and AUTH."""

    simulator: Simulator
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
class RestDoor:
    """POST of a letter in JSON, or whole as message/rfc822 when it has headers that JSON has no field for."""

    simulator: Simulator
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
