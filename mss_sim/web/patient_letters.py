"""What a patient reads and answers, on the pages of their mailbox and at the kiosk: the inbox, a letter, whether it may be answered, why.

A carer who looks into a patient's mailbox reads the same, without what is masked, and answers where the patient lets them.
"""

import hashlib
import re
import secrets
from contextlib import suppress
from dataclasses import replace
from typing import Any

from mss_sim.core.access.rights_in_force import MailboxAccess
from mss_sim.core.conversations import explanations
from mss_sim.core.conversations.explanations import Explanation
from mss_sim.core.mailbox import messages
from mss_sim.core.mailbox.flag_rules import FlagChange
from mss_sim.core.mailbox.messages import Look, MessagePage, OpenedMessage
from mss_sim.core.mailflow import composing
from mss_sim.core.mailflow.composing import Composition
from mss_sim.core.mailflow.letter import IdempotencyKey
from mss_sim.core.world.store_types import ListQuery
from mss_sim.errors import Refusal, Rule
from mss_sim.http.dependencies import read_id
from mss_sim.http.paging import Page, PagedList, cursor
from mss_sim.ids import encode
from mss_sim.mail.compose import File
from mss_sim.mail.mime import without_tags
from mss_sim.mail.summary import Leaf, Person, Summary, read_summary, shown_text
from mss_sim.vocabulary.mailboxes import FLAG_SEEN, MailboxKind, Right, SendMode
from mss_sim.web.conversations import CAUSES
from mss_sim.web.letter_forms import LetterForm, of_answer
from mss_sim.web.mailbox import INBOX
from mss_sim.web.visit import Visit
from mss_sim.words.sentence import say

_ROWS = 30
_PEER = "the pages"
_LINE_ENDS = re.compile(r"<br\b[^<>]*>|</(?:p|div|li|tr|h[1-6]|blockquote)\s*>", re.IGNORECASE)
_IN_LINES = re.compile(r"</?(?:a|b|i|u|em|strong|span|font|small|sub|sup)\b[^<>]*>", re.IGNORECASE)
_SPACES, _BLANKS = re.compile(r"[ \t\r\f]+"), re.compile(r"\n\s*\n\s*")


async def patients_box(visit: Visit, address: str) -> MailboxAccess:
    """A patient's mailbox as who is logged in sees it; Refusal(NOT_FOUND) when it is not theirs to see, or no patient's."""
    found = await messages.held_mailbox(visit.core.world, visit.session.actor, address)
    if found.mailbox.kind is not MailboxKind.PATIENT:
        raise Refusal(Rule.NOT_FOUND, say("{address} is no patient's mailbox; it has a page of another kind.", address=address))
    return found


async def inbox(visit: Visit, address: str) -> dict[str, Any]:
    """The letters that came, the newest first, by the cursor in the address."""
    before = Page(_ROWS, visit.request.query_params.get("cursor")).before(PagedList.FOLDER)
    page = await messages.list_messages(visit.core.world, visit.session.actor, address, ListQuery(0, _ROWS, before=before), INBOX)
    rows = [_row(page, look) for look, _ in page.looks]
    return {"rows": rows, "next": cursor(PagedList.FOLDER, rows[-1]["uid"]) if page.look.more and rows else None}


def _row(page: MessagePage, look: Look) -> dict[str, Any]:
    item = page.items[look.copy.id]
    stored = read_summary(item.message.summary)
    return {
        "id": encode(item.copy.id),
        "uid": item.copy.uid,
        "subject": item.message.subject,
        "from": stored.from_,
        "preview": stored.preview if look.readable else "",
        "at": item.copy.internal_at,
        "seen": item.seen,
        "has_attachments": item.message.has_attachments,
    }


async def open_letter(visit: Visit, box: MailboxAccess) -> OpenedMessage:
    """The letter that the path names. Its read receipt leaves; when the patient opens it, it is marked as read."""
    opened = await visit.core.reading.open_message(
        visit.session.actor, box.mailbox.address, read_id(str(visit.request.path_params["letter"]))
    )
    if not opened.item.seen:
        await _mark(visit, box, opened, FLAG_SEEN)
    return opened


async def _mark(visit: Visit, box: MailboxAccess, opened: OpenedMessage, flag: str) -> None:
    """Set a flag where who looks may; a carer may not. What was deleted meanwhile needs none."""
    if box.access.may(Right.MARK):
        with suppress(Refusal):
            change = FlagChange(frozenset({flag}))
            await visit.core.reading.change_flags_of(visit.session.actor, box.mailbox.address, opened.item.copy.id, change)


def letter_values(opened: OpenedMessage) -> dict[str, Any]:
    """What stands on the page of a letter; no header and no number of a person."""
    item, stored = opened.item, read_summary(opened.item.message.summary)
    return {
        "id": encode(item.copy.id),
        "message_id": item.message.id,
        "conversation": encode(item.message.thread_id),
        "subject": item.message.subject,
        "from": stored.from_,
        "at": item.copy.internal_at,
        "text": plain_text(opened.raw, stored),
        "html": shown_text(opened.raw, stored.leaves, "text/html") is not None,
        "files": attached(stored),
    }


def attached(stored: Summary) -> list[Leaf]:
    """The files that a letter carries."""
    return [leaf for leaf in stored.leaves if leaf["attachment"]]


def plain_text(raw: bytes, stored: Summary) -> str:
    """The text of a letter; of one that is HTML alone what it shows, line by line."""
    text = (shown_text(raw, stored.leaves, "text/plain") or "").strip()
    if not text:
        html = shown_text(raw, stored.leaves, "text/html") or ""
        seen = without_tags(_LINE_ENDS.sub("\n", _IN_LINES.sub("", html)))
        text = _BLANKS.sub("\n\n", _SPACES.sub(" ", seen))
    return text.strip()


async def standing(visit: Visit, box: MailboxAccess, opened: OpenedMessage) -> dict[str, Any]:
    """Whether the letter may be answered: `to`, whom an answer would reach, and for each the rule that lets it or does not."""
    if not box.access.role and not box.access.may(Right.SEND_ON_BEHALF):
        lacking = say("The patient lets you read, and has not given you the right to answer.")
        return {"to": [], "reasons": [_reason(None, lacking, Rule.RIGHT_MISSING, "quirks#patient-grants")]}
    stands: dict[str, Any] = {}
    for people in _answered(box.mailbox.address, opened):
        found = await _explained(visit, box.mailbox.address, opened, people)
        open_ = [one for one in people if found[one["address"]].verdict.allowed]
        stands = {"to": open_, "reasons": [_told(one, found[one["address"]]) for one in people]}
        if open_:
            break
    return stands or {"to": [], "reasons": [_reason(None, say("This letter names nobody who could be answered."), Rule.NO_RECIPIENT, None)]}


def _answered(own: str, opened: OpenedMessage) -> list[list[Person]]:
    """Whom an answer goes to, the first choice first: the Reply-To, who wrote; of a letter of one's own, to whom it went."""
    stored = read_summary(opened.item.message.summary)
    mine = any(one["address"] == own for one in stored.from_)
    choices = (stored.to,) if mine else (stored.reply_to, stored.from_)
    people = (list({one["address"]: one for one in choice if one["address"] != own}.values()) for choice in choices)
    return [one for one in people if one]


async def _explained(visit: Visit, address: str, opened: OpenedMessage, people: list[Person]) -> dict[str, Explanation]:
    """What is told of each, as in the conversation of the letter; of whom it does not know, as of a first letter."""
    world, actor = visit.core.world, visit.session.actor
    known = await explanations.why(world, actor, address, opened.item.message.thread_id)
    found = {one.recipient: one for one in known if one.sender == address}
    for one in people:
        if one["address"] not in found:
            found[one["address"]] = await explanations.why_not(world, actor, address, address, one["address"])
    return found


def _told(who: Person, one: Explanation) -> dict[str, Any]:
    right = one.right
    closed = None if one.verdict.allowed or right is None else right.withdrawn_at
    return {
        **_reason(who, one.verdict.detail, one.verdict.code, one.verdict.reference),
        "open": one.verdict.allowed,
        "closed_at": closed,
        "cause": CAUSES[right.cause] if closed and right and right.cause else None,
    }


def _reason(who: Person | None, detail: Any, code: str, reference: str | None) -> dict[str, Any]:
    return {"who": who, "detail": detail, "code": code, "reference": reference, "open": False, "closed_at": None, "cause": None}


async def send_answer(visit: Visit, box: MailboxAccess, opened: OpenedMessage, files: list[File]) -> None:
    """Send what was written to all who may be answered; Refusal when nobody may, or nothing was written."""
    text, address, actor = visit.field("text"), box.mailbox.address, visit.session.actor
    if not text and not files:
        raise Refusal(Rule.INVALID, say("Nothing is written yet: write your answer first."))
    stands = await standing(visit, box, opened)
    people = stands["to"] or [one["who"] for one in stands["reasons"] if one["who"]]  # who may not be answered is refused by the verb
    mode = SendMode.OWNER if box.access.role else SendMode.ON_BEHALF
    sender = await visit.core.submission.senders.sender_at(actor, address, mode)
    letter = Composition(
        sender.mailbox,
        [(one["name"], one["address"]) for one in people],
        subject=of_answer(LetterForm(), opened, visit.here.language, all_=False).subject,
        text=text,
        files=files,
        answers=await composing.answered(visit.core.world, actor, address, opened.item.copy.id),
        mode=mode,
    )
    request = await composing.request(visit.core.world, actor, letter, peer=_PEER)
    if key := visit.field("key"):
        request = replace(request, idempotency=IdempotencyKey(key[:200], _digest(opened, text, files)))
    await visit.core.submission.submit(actor, request)
    await _mark(visit, box, opened, "\\Answered")


def _digest(opened: OpenedMessage, text: str, files: list[File]) -> str:
    digest = hashlib.sha256(f"{opened.item.copy.id}\n{text}".encode("utf-8", "surrogatepass"))
    for one in files:
        digest.update(f"\n{one.name!r} {len(one.content)}\n".encode())
        digest.update(one.content)
    return digest.hexdigest()


def new_key() -> str:
    """What a form bears so that it sends once, however often it is posted."""
    return secrets.token_urlsafe(16)
