"""Lines of the journal, in the words that people read on pages."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from mss_sim.clock import Micros
from mss_sim.core.world.store_types import Identity, JournalRow
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.mailboxes import Right
from mss_sim.web.delegation_words import RIGHTS
from mss_sim.words.sentence import Sentence, Template, joined, quoted, say

DONE: dict[Act, Template] = {
    Act.GRANTED: Template("{who} delegates to {grantee}: {rights}"),
    Act.REVOKED: Template("{who} takes back the grant of {grantee}"),
    Act.RENOUNCED: Template("{who} renounces the grant"),
    Act.HANDED_OVER: Template("{who} hands the grant of {leaving} over to {heir}"),
    Act.HOLDER_ADDED: Template("{who} adds {holder} to the holders"),
    Act.HOLDER_REMOVED: Template("{holder} is no holder any more"),
    Act.RESPONSIBLE_CHANGED: Template("{holder} is responsible for the mailbox now"),
    Act.OWNER_CHANGED: Template("{who} hands the mailbox of {leaving} over to {heir}"),
    Act.READ: Template("{who} reads “{subject}”"),
    Act.SUBMITTED: Template("{who} writes “{subject}” for the mailbox"),
    Act.RECEIVED: Template("“{subject}” comes in"),
    Act.REFUSED: Template("{who} was refused a letter: {why}"),
    Act.NOT_QUALIFIED: Template("{who} writes “{subject}” to patients whose identity is not qualified"),
    Act.RECEIPT_SENT: Template("{who} sends the read receipt of “{subject}”"),
    Act.RECEIPT_MATCHED: Template("A report comes in: {recipient}"),
    Act.PAPER_DONE: Template("{who} notes that {recipient} was reached on paper"),
    Act.PAPER_UNDONE: Template("{who} takes back that {recipient} was reached on paper"),
    Act.FLAGGED: Template("{who} marks “{subject}”"),
    Act.MOVED: Template("{who} files “{subject}”"),
    Act.COPIED: Template("{who} copies “{subject}”"),
    Act.APPENDED: Template("{who} puts “{subject}” into a folder"),
    Act.DELETED: Template("{who} deletes “{subject}”"),
    Act.EXPIRED: Template("“{subject}” has been here for long, and goes"),
    Act.LETTERS_EXPIRE: Template("Letters have been here for long, and will go: {letters}"),
    Act.FORWARDED: Template("“{subject}” is passed on to {to}"),
    Act.NOT_FORWARDED: Template("“{subject}” is not passed on to {to}"),
    Act.AUTO_REPLIED: Template("The mailbox answers {to} by itself"),
    Act.DIAGNOSED: Template("Findings in the documents of “{subject}”: {findings}"),
    Act.CLOSED: Template("{who} closes an exchange with patients"),
    Act.REOPENED: Template("{who} opens an exchange with patients again"),
    Act.NOT_CLOSED: Template("{who} nearly closes an exchange with patients: {why}"),
    Act.MAILBOX_CHANGED: Template("{who} changes the mailbox: {changes}"),
    Act.FOLDER_CREATED: Template("{who} makes the folder {name}"),
    Act.FOLDER_RENAMED: Template("{who} renames the folder {leaving} to {to}"),
    Act.FOLDER_DELETED: Template("{who} deletes the folder {name}"),
    Act.UNUSED: Template("Nobody has used the mailbox for long"),
    Act.RED_LISTED: Template("Nobody uses the mailbox: it leaves the directory"),
    Act.PUBLISHED: Template("The mailbox is used again: it is back in the directory"),
    Act.CLOSING_ASKED: Template("{who} asks to close the mailbox"),
    Act.CLOSING_CANCELLED: Template("{who} lets the mailbox live on"),
    Act.MAILBOX_CLOSED: Template("The mailbox closes"),
    Act.OUT_OF_OFFICE_SET: Template("{who} sets an out-of-office answer"),
    Act.OUT_OF_OFFICE_REMOVED: Template("{who} ends the out-of-office answer"),
    Act.FORWARDING_SET: Template("{who} has letters forwarded to {to}"),
    Act.FORWARDING_REMOVED: Template("{who} ends the forwarding"),
    Act.RIGHT_REFUSED: Template("{who} was refused: the right to {right} is missing"),
    Act.MASKED: Template("{who} masks something from carers"),
    Act.UNMASKED: Template("{who} takes a mask off"),
    Act.VISITED: Template("{who} looks into the mailbox"),
    Act.TAKEN: Template("{who} takes “{subject}” in charge"),
    Act.ASSIGNED: Template("{who} gives “{subject}” to {heir}"),
    Act.RELEASED: Template("{who} leaves “{subject}” to others"),
    Act.HANDLED: Template("{who} is done with “{subject}”"),
    Act.TAKEN_UP: Template("{who} takes “{subject}” up again"),
    Act.NOTED: Template("{who} writes a note at “{subject}”"),
}
"""What a line of the journal tells."""
OF_DELEGATION = frozenset(act for act in Act if act.value.startswith(("grant.", "holder."))) | {Act.RIGHT_REFUSED}
_NOBODY: dict[Door, Sentence] = {
    **dict.fromkeys((Door.SYSTEM, Door.SMTP, Door.REST, Door.IMAP), say("The server")),  # a letter arrives by the door that its sender took
    Door.MX: say("Another operator"),
    Door.SEED: say("The seed"),
    Door.MES: say("Mon espace santé"),
}
"""Who acts where no person does; elsewhere it is the control plane."""
_SHOWN_CHARS = 120


class Told(NamedTuple):
    """A line of the time line. `mark`: its family, for the look; `by_grant`: whether it was done by a delegation."""

    at: Micros
    text: Sentence
    door: Door
    mark: str
    by_grant: bool


def in_words(row: JournalRow, people: Mapping[int, Identity], named: Mapping[str, str]) -> Told:
    """A line of the journal in words; `named`: names by idNat, of those whom lines name."""
    line, detail = row.line, row.line.detail or {}
    rights = joined((RIGHTS[right] for right in Right if right.value in detail.get("rights", ())), ", ")

    def person(name: str) -> str:
        return named.get(str(detail.get(name)), str(detail.get(name) or "?"))

    def text(*names: str) -> str:
        return next((str(detail[name])[:_SHOWN_CHARS] for name in names if detail.get(name)), "?")

    values: dict[str, object] = {
        "who": doer(row, people),
        "grantee": person("grantee"),
        "rights": rights,
        "leaving": person("from"),
        "heir": person("to"),
        "holder": person("idnat"),
        "subject": row.subject or detail.get("subject") or say("(no subject)"),
        "right": RIGHTS[Right(detail["right"])] if detail.get("right") in RIGHTS else quoted(""),
        "why": text("detail", "why", "rule"),
        "recipient": text("recipient"),
        "to": text("to"),
        "name": text("name"),
        "letters": text("letters"),
        "findings": str(detail.get("findings", "?")),
        "changes": _changes(detail),
    }
    mark = "refused" if line.act in (Act.RIGHT_REFUSED, Act.REFUSED) else line.act.value.replace(".", "-")
    return Told(line.at, DONE[line.act].say(**values), line.door, mark, line.grant_id is not None and line.act not in OF_DELEGATION)


def doer(row: JournalRow, people: Mapping[int, Identity]) -> str | Sentence:
    """Who acted."""
    actor = people.get(row.line.actor_id) if row.line.actor_id is not None else None
    return actor.name if actor else _NOBODY.get(row.line.door, say("The control plane"))


def _changes(detail: Mapping[str, object]) -> str:
    """The fields that were changed, as REST knows them, with their new values."""
    after = detail.get("after")
    return ", ".join(f"{name} = {value}" for name, value in after.items())[:_SHOWN_CHARS] if isinstance(after, Mapping) else "?"


def idnats_in(rows: Iterable[JournalRow]) -> set[str]:
    """Whom lines name besides who acted."""
    details = [row.line.detail or {} for row in rows]
    return {value for detail in details for name in ("grantee", "from", "to", "idnat") if isinstance(value := detail.get(name), str)}
