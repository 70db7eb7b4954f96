"""Faults at the SMTP ports: what a rule may know of a command, and what becomes of the replies."""

from contextlib import suppress

from mss_sim.errors import Rule
from mss_sim.evidence.refusals import Why
from mss_sim.faults.actions import Malformed
from mss_sim.faults.actions import Reply as FaultReply
from mss_sim.faults.faults import Fault
from mss_sim.faults.rules import Facts
from mss_sim.smtp.commands import CommandError, read_mail, read_rcpt
from mss_sim.smtp.replies import Reply
from mss_sim.smtp.session import Session
from mss_sim.smtp.submission import SubmissionSession
from mss_sim.vocabulary.faults import END_OF_DATA

_STATUSES = {"421": "4.3.2"}
_PARAMETERS = {"DSN": ("RET", "ENVID", "NOTIFY", "ORCPT"), "SIZE": ("SIZE",), "8BITMIME": ("BODY",), "SMTPUTF8": ("SMTPUTF8",)}
"""The parameters of MAIL and RCPT that a capability brings (ref: rfc5321#2.2.1)."""


def facts(dialogue: Session, verb: str, argument: str = "", *, login: str = "", size_bytes: int | None = None) -> Facts:
    """What is known of a command."""
    transaction = dialogue.transaction
    sender = transaction.mail.sender if transaction else ""
    mailboxes: tuple[str, ...] = ()
    with suppress(CommandError):
        if verb == "MAIL":
            mail = read_mail(argument)
            sender, size_bytes = mail.sender, mail.size_bytes
        elif verb == "RCPT" and transaction:
            mailboxes, size_bytes = (read_rcpt(argument, utf8=transaction.mail.smtputf8).recipient,), transaction.mail.size_bytes
        elif verb == END_OF_DATA and transaction:
            mailboxes = tuple(transaction.recipients)
    actor = dialogue.actor if isinstance(dialogue, SubmissionSession) else None
    identities = tuple(one for one in (actor.identity.idnat if actor else "", login) if one)
    return Facts(verb, sender, mailboxes, identities, dialogue.peer, size_bytes=size_bytes)


def reply_of(fault: Fault, action: FaultReply) -> Reply:
    """The reply that a fault gives in the place of ours."""
    status, told = action.status or _STATUSES.get(action.code, f"{action.code[0]}.3.0"), fault.sentence(action.text)
    return Reply(int(action.code), status, told, (Why(Rule.FAULT.value, told, "quirks#faults"),))


def spoiled(fault: Fault, line: bytes) -> bytes:
    """A reply as the fault has it: a malformed one has no number (ref: rfc5321#4.2)."""
    return f"?{fault.mark}\r\n".encode("ascii") if isinstance(fault.action, Malformed) else line


def masked_parameter(masked: frozenset[str], argument: str) -> str | None:
    """The first parameter of MAIL or RCPT that belongs to a capability that is not offered."""
    words = [word.partition("=")[0].upper() for word in argument.rpartition(">")[2].split()]
    hidden = {name for word in masked for name in _PARAMETERS.get(word, ())}
    return next((word for word in words if word in hidden), None)
