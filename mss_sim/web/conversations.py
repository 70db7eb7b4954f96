"""Conversations: the thread with its receipts, who may answer in it and why, closed and opened again."""

from typing import Any

from starlette.responses import Response

from mss_sim.core.conversations import conversations, explanations
from mss_sim.core.conversations.conversations import Conversation, PatientSide
from mss_sim.core.conversations.explanations import Explanation
from mss_sim.core.mailbox import messages
from mss_sim.core.mailflow import sent_letters
from mss_sim.core.world.store_types import ListedMessage
from mss_sim.errors import Refusal, Rule
from mss_sim.http.dependencies import read_id
from mss_sim.http.paging import Page, PagedList, cursor
from mss_sim.ids import encode
from mss_sim.mail.addresses import domain_of
from mss_sim.mail.summary import read_summary
from mss_sim.vocabulary.mail import ClosureCause
from mss_sim.vocabulary.mailboxes import PATIENT_DOMAIN, MailboxKind, Right
from mss_sim.web.sent import as_values as told_sent
from mss_sim.web.showing import show
from mss_sim.web.visit import Routes, Visit, back
from mss_sim.words.sentence import Sentence, say

_ROWS = 30
CAUSES: dict[ClosureCause, Sentence] = {
    ClosureCause.FIN_SUBJECT: say("by a letter whose subject is [FIN]"),
    ClosureCause.FIN_HEADER: say("by a letter with X-MSS-MES: FIN"),
    ClosureCause.EXPLICIT: say("by a professional, without a letter"),
}


async def show_list(visit: Visit) -> Response:
    """The conversations of a mailbox, the one with the newest letter first; how each patient stands."""
    return show("conversations.html", visit.here, **await _listed(visit))


async def show_list_rows(visit: Visit) -> Response:
    """The part of it that changes."""
    return show("conversation_rows.html", visit.here, **await _listed(visit))


async def show_one(visit: Visit) -> Response:
    """One conversation, the oldest letter first."""
    return show("conversation.html", visit.here, **await _one(visit))


async def show_one_part(visit: Visit) -> Response:
    """The part of it that changes: all but the head."""
    return show("conversation_part.html", visit.here, **await _one(visit))


async def close(visit: Visit) -> Response:
    """No patient may answer in the conversation any more."""
    address, id_ = _named(visit)
    await conversations.close(visit.core.world, visit.session.actor, address, id_)
    return back(_place(visit, id_))


async def reopen(visit: Visit) -> Response:
    """Patients may answer again."""
    address, id_ = _named(visit)
    await conversations.reopen(visit.core.world, visit.session.actor, address, id_)
    return back(_place(visit, id_))


def _named(visit: Visit) -> tuple[str, int]:
    params = visit.request.path_params
    return str(params["address"]), read_id(str(params["conversation"]))


def _place(visit: Visit, id_: int) -> str:
    return f"{visit.here.base}/mailboxes/{visit.request.path_params['address']}/conversations/{encode(id_)}"


async def _listed(visit: Visit) -> dict[str, Any]:
    world, actor, address = visit.core.world, visit.session.actor, visit.address
    before = Page(_ROWS, visit.request.query_params.get("cursor")).before(PagedList.CONVERSATIONS)
    position = await visit.position()
    found = await conversations.list_conversations(world, actor, address, before=before, limit=_ROWS + 1)
    rows = found[:_ROWS]
    return {
        **await _around(visit, address, position),
        "rows": [_row(one) for one in rows],
        "next": cursor(PagedList.CONVERSATIONS, rows[-1].thread.last_copy_id) if len(found) > _ROWS else None,
    }


async def _around(visit: Visit, address: str, position: int) -> dict[str, Any]:
    held = await messages.held_mailboxes(visit.core.world, visit.session.actor)
    box = next((one for one in held if one.mailbox.address == address), None)
    closes = box is not None and box.access.may(Right.CLOSE) and box.mailbox.kind is not MailboxKind.PATIENT
    return {
        "position": position,
        "boxes": held,
        "box": box,
        "address": address,
        "place": f"{visit.here.base}/mailboxes/{address}",
        "closes": closes,
        "url": f"{visit.origin}/",
    }


def _row(one: Conversation) -> dict[str, Any]:
    stored = read_summary(one.newest.message.summary)
    return {
        "id": encode(one.thread.id),
        "subject": one.newest.message.subject,
        "count": one.thread.count,
        "at": one.newest.copy.internal_at,
        "from": stored.from_,
        "preview": stored.preview if one.readable else "",
        "sides": [{"patient": side.patient, "open": side.right.withdrawn_at is None} for side in one.patients],
    }


async def _one(visit: Visit) -> dict[str, Any]:
    world, actor, (address, id_) = visit.core.world, visit.session.actor, _named(visit)
    position = await visit.position()
    found = await conversations.open_conversation(world, actor, address, id_)
    sides = {(side.patient, side.answers_to): side for side in found.patients}
    why = await explanations.why(world, actor, address, id_)
    return {
        **await _around(visit, address, position),
        "id": encode(id_),
        "subject": (found.items[-1] if found.items else found.newest).message.subject,
        "letters": [await _letter(visit, address, item, readable=found.readable) for item in reversed(found.items)],
        "standings": [_standing(one, sides.get((one.sender, one.recipient))) for one in why],
        "any_open": any(side.right.withdrawn_at is None for side in found.patients),
        "any_closed": any(side.right.withdrawn_at is not None for side in found.patients),
    }


async def _letter(visit: Visit, address: str, item: ListedMessage, *, readable: bool) -> dict[str, Any]:
    stored = read_summary(item.message.summary)
    own = any(one["address"] == address for one in stored.from_)
    return {
        "id": encode(item.copy.id),
        "subject": item.message.subject,
        "from": stored.from_,
        "to": stored.to,
        "at": item.copy.internal_at,
        "preview": stored.preview if readable else "",
        "patient": any(domain_of(one["address"]) == PATIENT_DOMAIN for one in stored.from_),
        "report": stored.is_report,
        "own": own,
        "seen": item.seen,
        "sent": await _sent(visit, address, item.copy.id) if own else None,
    }


async def _sent(visit: Visit, address: str, copy_id: int) -> dict[str, Any] | None:
    """What became of a letter of this mailbox; None for one that it filed and did not send."""
    try:
        return told_sent(await sent_letters.timeline_of_copy(visit.core.world, visit.session.actor, address, copy_id))
    except Refusal as refusal:
        if refusal.rule is not Rule.NOT_FOUND:
            raise
        return None


def _standing(one: Explanation, side: PatientSide | None) -> dict[str, Any]:
    """One patient towards one mailbox: may they answer, by which rule, since which letter."""
    right = one.right or (side.right if side else None)
    return {
        "patient": one.sender,
        "mailbox": one.recipient,
        "open": one.verdict.allowed,
        "code": one.verdict.code,
        "detail": one.verdict.detail,
        "reference": one.verdict.reference,
        "given_at": right.given_at if right and right.given_at else None,
        "closed_at": right.withdrawn_at if right else None,
        "cause": CAUSES[right.cause] if right and right.cause else None,
        "letter_at": one.letter.at if one.letter else None,
        "mark": one.letter.mark if one.letter else None,
        "dispensed_on": one.dispensed_on,
    }


_OF_A_MAILBOX = "/ui/as/{who}/mailboxes/{address}/conversations"
ROUTES: Routes = (
    ("GET", _OF_A_MAILBOX, show_list),
    ("GET", f"{_OF_A_MAILBOX}/rows", show_list_rows),
    ("GET", f"{_OF_A_MAILBOX}/{{conversation}}", show_one),
    ("GET", f"{_OF_A_MAILBOX}/{{conversation}}/part", show_one_part),
    ("POST", f"{_OF_A_MAILBOX}/{{conversation}}/close", close),
    ("POST", f"{_OF_A_MAILBOX}/{{conversation}}/reopen", reopen),
)
