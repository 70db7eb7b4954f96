"""Rights, roles and what was done under a delegation, in the words that people read on pages."""

from collections.abc import Mapping
from typing import NamedTuple

from mss_sim.clock import Micros
from mss_sim.core.world.store_types import Identity, JournalRow
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.mailboxes import HolderRole, Right
from mss_sim.words.sentence import Sentence, Template, joined, quoted, say

RIGHTS: dict[Right, Sentence] = {
    Right.SEE: say("see"),
    Right.READ: say("read letters"),
    Right.MARK: say("mark"),
    Right.FILE: say("file"),
    Right.DELETE: say("delete"),
    Right.SEND_ON_BEHALF: say("write on behalf of"),
    Right.SEND_AS: say("write as"),
    Right.CLOSE: say("close exchanges"),
    Right.MANAGE: say("delegate"),
}
ROLES: dict[HolderRole, Sentence] = {
    HolderRole.OWNER: say("holder"),
    HolderRole.RESPONSIBLE: say("responsible"),
    HolderRole.CO_HOLDER: say("co-holder"),
}
_DONE: dict[Act, Template] = {
    Act.GRANTED: Template("{who} delegates to {grantee}: {rights}"),
    Act.REVOKED: Template("{who} takes back the grant of {grantee}"),
    Act.RENOUNCED: Template("{who} renounces the grant"),
    Act.HANDED_OVER: Template("{who} hands the grant of {leaving} over to {heir}"),
    Act.HOLDER_ADDED: Template("{who} adds {holder} to the holders"),
    Act.HOLDER_REMOVED: Template("{holder} is no holder any more"),
    Act.RESPONSIBLE_CHANGED: Template("{holder} is responsible for the mailbox now"),
    Act.READ: Template("{who} reads “{subject}”"),
    Act.SUBMITTED: Template("{who} writes “{subject}” for the mailbox"),
    Act.RECEIPT_SENT: Template("{who} sends the read receipt of “{subject}”"),
    Act.FLAGGED: Template("{who} marks “{subject}”"),
    Act.MOVED: Template("{who} files “{subject}”"),
    Act.COPIED: Template("{who} copies “{subject}”"),
    Act.APPENDED: Template("{who} puts “{subject}” into a folder"),
    Act.DELETED: Template("{who} deletes “{subject}”"),
    Act.CLOSED: Template("{who} closes an exchange with patients"),
    Act.REOPENED: Template("{who} opens an exchange with patients again"),
    Act.VISITED: Template("{who} looks into the mailbox"),
    Act.RIGHT_REFUSED: Template("{who} was refused: the right to {right} is missing"),
}
"""What a line of the journal tells, of grants and of what was done by them."""
OF_DELEGATION = frozenset(act for act in Act if act.value.startswith(("grant.", "holder."))) | {Act.RIGHT_REFUSED}


class Told(NamedTuple):
    """A line of the time line. `mark`: its family, for the look; `by_grant`: whether it was done by a delegation."""

    at: Micros
    text: Sentence
    door: Door
    mark: str
    by_grant: bool


def told(row: JournalRow, people: Mapping[int, Identity], named: Mapping[str, str]) -> Told:
    """A line of the journal in words; `named`: names by idNat, of those whom lines name."""
    line, detail = row.line, row.line.detail or {}
    actor = people.get(line.actor_id) if line.actor_id is not None else None
    who = actor.name if actor else say("The control plane")
    rights = joined((RIGHTS[right] for right in Right if right.value in detail.get("rights", ())), ", ")
    values: dict[str, object] = {
        "who": who,
        "grantee": _name(named, detail.get("grantee")),
        "rights": rights,
        "leaving": _name(named, detail.get("from")),
        "heir": _name(named, detail.get("to")),
        "holder": _name(named, detail.get("idnat")),
        "subject": row.subject or detail.get("subject") or say("(no subject)"),
        "right": RIGHTS[Right(detail["right"])] if detail.get("right") in RIGHTS else quoted(""),
    }
    template = _DONE.get(line.act)
    text = template.say(**values) if template else say("{who}: {act}", who=who, act=line.act.value)
    mark = "refused" if line.act is Act.RIGHT_REFUSED else line.act.value.replace(".", "-")
    return Told(line.at, text, line.door, mark, line.grant_id is not None and line.act not in OF_DELEGATION)


def idnats_in(row: JournalRow) -> list[str]:
    """Whom a line names besides who acted."""
    return [value for name in ("grantee", "from", "to", "idnat") if isinstance(value := (row.line.detail or {}).get(name), str)]


def _name(named: Mapping[str, str], idnat: object) -> str:
    return named.get(str(idnat), str(idnat or "?"))
