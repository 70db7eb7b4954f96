"""Sessions of clients as they are shown: as JSON, and as a file of text."""

from typing import Any

from mss_sim.clock import iso
from mss_sim.errors import Refusal, Rule
from mss_sim.evidence import masking
from mss_sim.evidence.clients import ClientCosts
from mss_sim.evidence.costs import Costs
from mss_sim.evidence.refusals import Refused
from mss_sim.evidence.transcripts import Transcript
from mss_sim.mail.headers import printable
from mss_sim.vocabulary.language import Language
from mss_sim.words.sentence import say

_TLS = {
    "tls": "version",
    "suite": "suite",
    "tls_resumed": "resumed",
    "sni": "sni",
    "client_dn": "client_dn",
    "client_serial": "client_serial",
    "client_verified": "client_verified",
    "tls_error": "error",
}
"""Facts about TLS, and what they are called here."""


def safe(text: str) -> str:
    """A text of a client without what looks like a token, and without what a terminal or a page would obey."""
    return safe_octets(text.encode("utf-8", "replace"))


def safe_octets(octets: bytes) -> str:
    """The same of octets, which need be no UTF-8."""
    return printable(masking.tokens(octets).decode("utf-8", "replace"))


def costs(one: Costs) -> dict[str, Any]:
    """Costs, with the commands that a letter took."""
    return {
        "connections": one.connections,
        "commands": one.commands,
        "letters_sent": one.letters_sent,
        "letters_read": one.letters_read,
        "commands_per_letter": one.commands_per_letter,
        "octets_in": one.octets_in,
        "octets_out": one.octets_out,
        "polls": one.polls,
        "retries": one.retries,
        "duplicates": one.duplicates,
    }


def session(one: Transcript) -> dict[str, Any]:
    """A session without what was said."""
    facts = one.facts
    tls = {shown: safe(facts[name]) if name in facts else None for name, shown in _TLS.items()}
    return {
        "id": one.id,
        "door": one.door,
        "peer": one.peer,
        "client": _named(facts, "client"),
        "client_id": _named(facts, "client_id"),
        "who": _named(facts, "identity"),
        "mailbox": _named(facts, "mailbox"),
        "trap": facts.get("trap"),
        "opened_at": iso(one.opened_at),
        "last_at": iso(one.last_at),
        "closed_at": iso(one.closed_at),
        "ended": one.ended if one.closed_at is not None else None,
        "verdict": one.verdict,
        "refusals": one.rules.total(),
        "rules": dict(one.rules),
        "mistakes": one.mistakes,
        "tls": tls if any(tls.values()) else None,
        "costs": costs(one.costs),
    }


def whole(one: Transcript, language: Language) -> dict[str, Any]:
    """A session with its refusals and all that is kept of what was said."""
    lines = [{"at": iso(line.at), "side": line.side, "text": safe_octets(line.octets)} for line in one.lines()]
    letters = [safe(message_id) for message_id in one.brought]
    return {**session(one), "letters": letters, "refused": [_refused(refused, language) for refused in one.refused], "transcript": lines}


def text(one: Transcript) -> str:
    """All that is kept of what was said: instant, side, line."""
    return "".join(f"{iso(line.at)} {line.side} {safe_octets(line.octets)}\r\n" for line in one.lines())


def file_name(one: Transcript, extension: str) -> str:
    """What the file of a session is called, as a field of HTTP."""
    return f'attachment; filename="session-{one.id}.{extension}"'


def unknown() -> Refusal:
    """That no session of an id is kept."""
    return Refusal(Rule.NOT_FOUND, say("No session with that id is kept; the oldest are forgotten first."))


def client(one: ClientCosts) -> dict[str, Any]:
    """What a client cost."""
    return {
        "door": one.door,
        "client": safe(one.client) if one.client else None,
        "who": safe(one.who) if one.who else None,
        "first_at": iso(one.first_at),
        "last_at": iso(one.last_at),
        "sessions": one.sessions,
        "refusals": one.rules.total(),
        "rules": dict(one.rules),
        "mistakes": one.mistakes,
        "costs": costs(one.costs),
    }


def _refused(one: Refused, language: Language) -> dict[str, Any]:
    why = one.why
    return {
        "at": iso(one.at),
        "command": safe_octets(one.command),
        "answer": safe(one.answer),
        "rule": why.rule,
        "detail": safe(why.detail.in_language(language)),
        "reference": why.reference,
        "subject": safe(why.subject) if why.subject else None,
    }


def _named(facts: dict[str, str], name: str) -> str | None:
    found = facts.get(name)
    return safe(found) if found else None
