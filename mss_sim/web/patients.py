"""The pages of a patient's mailbox: inbox, letter and answer, documents. For the patient, or a carer."""

from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from mss_sim.core.access import carer_masks
from mss_sim.core.access.rights_in_force import MailboxAccess
from mss_sim.core.mailbox import mailbox_attachments, messages
from mss_sim.core.mailbox.messages import OpenedMessage
from mss_sim.errors import Refusal
from mss_sim.http.paging import Page, PagedList, cursor
from mss_sim.http.problems import PROBLEMS
from mss_sim.ids import encode
from mss_sim.vocabulary.mailboxes import MaskKind, Right
from mss_sim.web.mailbox import names_of
from mss_sim.web.patient_letters import inbox, letter_values, new_key, open_letter, patients_box, send_answer, standing
from mss_sim.web.showing import show
from mss_sim.web.visit import Routes, Visit, back
from mss_sim.web.writing import uploaded

_DOCUMENTS = 30


def place_of(visit: Visit) -> str:
    """Below which the pages of that mailbox are."""
    return f"{visit.here.base}/patients/{visit.address}"


async def around(visit: Visit, page: str) -> dict[str, Any]:
    """What every page of a patient's mailbox shows beside its own: `page` is the one that is open."""
    position = await visit.position()
    box = await patients_box(visit, visit.address)
    return {
        "position": position,
        "boxes": await messages.held_mailboxes(visit.core.world, visit.session.actor),
        "box": box,
        "place": place_of(visit),
        "ordinary": f"{visit.here.base}/mailboxes/{visit.address}",
        "page": page,
        "own": box.access.may(Right.MANAGE),
        "api": f"{visit.origin}/api/v1/mailboxes/{quote(visit.address, safe='@')}",
    }


async def show_inbox(visit: Visit) -> Response:
    """The letters that came."""
    return show("patient_inbox.html", visit.here, **await around(visit, "letters"), **await inbox(visit, visit.address))


async def show_rows(visit: Visit) -> Response:
    """The part of it that changes."""
    return show("patient_rows.html", visit.here, **await around(visit, "letters"), **await inbox(visit, visit.address))


async def show_letter(visit: Visit) -> Response:
    """One letter, with the field of an answer, or why there is none."""
    return await _letter(visit)


async def answer(visit: Visit) -> Response:
    """Send an answer; what is refused is told beside what was written."""
    box = await patients_box(visit, visit.address)
    opened = await open_letter(visit, box)
    try:
        await send_answer(visit, box, opened, await uploaded(visit))
    except Refusal as refusal:
        return await _letter(visit, refusal)
    return back(f"{place_of(visit)}/letters/{encode(opened.item.copy.id)}?sent=yes")


async def _letter(visit: Visit, refusal: Refusal | None = None) -> Response:
    known = await around(visit, "letters")
    opened = await open_letter(visit, known["box"])
    names = await names_of(visit, [reading.identity_id for reading in opened.readings])
    return show(
        "patient_letter.html",
        visit.here,
        status=200 if refusal is None else PROBLEMS[refusal.rule][0],
        **known,
        letter=letter_values(opened),
        stands=await standing(visit, known["box"], opened),
        readers=[(names.get(one.identity_id, ""), one.first_at) for one in opened.readings],
        masked=await _masked(visit, known["box"], opened) if known["own"] else False,
        refusal=refusal,
        written=visit.field("text"),
        key=new_key(),
        sent="sent" in visit.request.query_params,
    )


async def _masked(visit: Visit, box: MailboxAccess, opened: OpenedMessage) -> bool:
    """Whether carers do not see the letter, by a mask of it or of who wrote it."""
    targets = {(MaskKind.LETTER, str(opened.item.message.id))}
    targets |= {(MaskKind.CORRESPONDENT, one["address"]) for one in letter_values(opened)["from"]}
    rows = await carer_masks.list_masks(visit.core.world, visit.session.actor, box.mailbox.address)
    return any((one.kind, one.target) in targets for one in rows)


async def show_documents(visit: Visit) -> Response:
    """The attachments of all letters, the newest letter first."""
    known = await around(visit, "documents")
    before = Page(_DOCUMENTS, visit.request.query_params.get("cursor")).before(PagedList.ATTACHMENTS)
    found = await mailbox_attachments.list_attachments(
        visit.core.world, visit.session.actor, visit.address, before=before, limit=_DOCUMENTS + 1
    )
    rows = found[:_DOCUMENTS]
    more = cursor(PagedList.ATTACHMENTS, rows[-1].copy_id) if len(found) > _DOCUMENTS else None
    return show("patient_documents.html", visit.here, **known, rows=[(encode(row.copy_id), row) for row in rows], next=more)


_OF_A_PATIENT = "/ui/as/{who}/patients/{address}"
ROUTES: Routes = (
    ("GET", _OF_A_PATIENT, show_inbox),
    ("GET", f"{_OF_A_PATIENT}/rows", show_rows),
    ("GET", f"{_OF_A_PATIENT}/letters/{{letter}}", show_letter),
    ("POST", f"{_OF_A_PATIENT}/letters/{{letter}}", answer),
    ("GET", f"{_OF_A_PATIENT}/documents", show_documents),
)
