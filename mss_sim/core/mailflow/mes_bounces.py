"""Letters that Mon espace santé takes and returns a little later, by setting; and those that a behaviour returns.

A letter for an unknown recipient is accepted at RCPT and stored; in that transaction its return is planned, and happens
at its instant (`core/patients`).
"""

from typing import Any, NamedTuple

from mss_sim.clock import SECOND
from mss_sim.core.mailflow.delivery_reports import deformed_at_need, operator_id, system_letter
from mss_sim.core.mailflow.letter import Letter, OfServer, RoutedLetter, date_time
from mss_sim.core.world.world import World
from mss_sim.errors import Rule
from mss_sim.mail import dsn, fields, returned_plain
from mss_sim.mail.addresses import domain_of
from mss_sim.mail.dsn import DsnEnvelope, RecipientStatus
from mss_sim.mail.headers import message_ids, read_headers, split, without_return_path
from mss_sim.mail.reports import words
from mss_sim.policy.bounces import BounceFacts, bounce_text, returns_later
from mss_sim.policy.receipts import DIAGNOSTICS, dsn_due
from mss_sim.policy.routing import Disposal, Scope
from mss_sim.store import messages, planned_steps
from mss_sim.store.engine import Connection
from mss_sim.store.planned_steps import PlannedStep
from mss_sim.vocabulary.behaviours import BounceForm, StepAct
from mss_sim.vocabulary.language import Language
from mss_sim.vocabulary.mail import DsnAction

CAUSE = "X-MSS-Sim-Cause"
"""Header that tells test suites the rule of a returned letter: the text is for people, and not to be parsed for it."""
_HEADERS_MAX = 10_000


def scope_here(world: World, address: str) -> Scope:
    """How a mailbox served here stands to who brings it a letter."""
    return Scope.LATER if returns_later(world.settings.mes.refusal, address) else Scope.LOCAL


def plan(world: World, conn: Connection, sorted_: RoutedLetter) -> bool:
    """Plan the return of a letter to those whom it is returned for later, in the transaction that takes it; whether any is."""
    letter, due_at = sorted_.letter, world.clock.now() + int(world.settings.mes.bounce_seconds * SECOND)
    steps = []
    for addressee, way, refusal in sorted_.missed:
        if way is not Disposal.BOUNCE or not returns_later(world.settings.mes.refusal, addressee.address):
            continue
        if dsn_due(DsnAction.FAILED, addressee.notify, letter.envelope.sender):
            envelope_id, whole = letter.envelope.envelope_id, letter.envelope.return_full
            detail = {"recipient": addressee.address, "original": addressee.original, "envelope_id": envelope_id, "whole": whole}
            bounced = PlannedStep(world.ids.next(), None, letter.id, due_at, StepAct.BOUNCE, {**detail, "rule": refusal.rule.value})
            steps.append(bounced)
    planned_steps.add(conn, steps)
    return bool(steps)


class _Returned(NamedTuple):
    """A letter that goes back: `about` says for whom and why, `text` is for people."""

    envelope: DsnEnvelope
    about: RecipientStatus
    rule: Rule
    subject: str
    text: str


def returned(world: World, conn: Connection, message_id: int, detail: dict[str, Any]) -> Letter | None:
    """The letter that goes back, in the form and the words of the settings; None when there is no sender to tell, or the letter is gone.

    `detail`: `recipient` whom it could not be delivered, `rule` why; `original`, `envelope_id`, `whole` as its sender gave them.
    """
    row = messages.by_id(conn, message_id)
    raw = messages.raw(conn, message_id) if row else b""
    if row is None or not row.return_path or not raw:
        return None
    mes, rule, address, at = world.settings.mes, Rule(detail["rule"]), detail["recipient"], world.clock.now()
    operator = operator_id(world, conn, address)
    limit = world.directory.limit_of(None, operator) if operator is not None else 0
    facts = BounceFacts(date_time(row.received_at // SECOND), address, row.size_bytes, limit)
    subject = mes.bounce_subject_too_large if rule is Rule.TOO_LARGE else mes.bounce_subject
    code, status = DIAGNOSTICS[rule]
    text = bounce_text(rule.value, facts, mes.bounce_texts)
    diagnostic = f"{code} {status} {text}"
    about = RecipientStatus(address, DsnAction.FAILED, status, diagnostic, detail.get("original"), world.settings.hostname)
    envelope = DsnEnvelope(row.return_path, row.received_at, detail.get("envelope_id"), bool(detail.get("whole")), without_return_path(raw))
    letter = deformed_at_need(world, _write(world, _Returned(envelope, about, rule, subject, text)), row.return_path, [address])
    return system_letter(world, letter, OfServer(operator), to=row.return_path, at=at)


def _write(world: World, one: _Returned) -> bytes:
    mes, hostname, at = world.settings.mes, world.settings.hostname, world.clock.now()
    sender = f"{mes.bounce_sender}@{domain_of(one.about.address)}"
    message_id = world.ids.message_id(hostname)
    if mes.bounce_form is BounceForm.REPORT:
        raw = dsn.compose(
            one.envelope,
            [one.about],
            reporting_mta=hostname,
            from_=sender,
            message_id=message_id,
            at=at,
            language=Language.EN if one.rule is Rule.TOO_LARGE else Language.FR,
            told=(one.subject, one.text),
        )
        return fields.block([(CAUSE, [one.rule.value])]) + raw
    headers = [
        (CAUSE, [one.rule.value]),
        ("Message-ID", words(message_id)),
        ("Date", words(date_time(at // SECOND))),
        ("From", [sender]),
        ("To", [one.envelope.sender]),
        ("Subject", words(one.subject)),
        ("Auto-Submitted", words("auto-replied")),
        *_answering(one.envelope.raw),
    ]
    return returned_plain.compose(headers, one.text, one.envelope.raw, whole=mes.bounce_form is BounceForm.PLAIN)


def _answering(raw: bytes) -> list[tuple[str, list[str]]]:
    """In-Reply-To and References, where the letter has a Message-ID."""
    try:
        known = read_headers(raw[: split(raw)[0]], count_max=_HEADERS_MAX).text("Message-ID")
    except OverflowError:
        return []
    found = next(iter(message_ids(known)), None)
    return [("In-Reply-To", words(found)), ("References", words(found))] if found else []
