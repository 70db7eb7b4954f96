"""The mailboxes of a persona, and the list of one: what came, from whom, who read it first, what is asked for."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from starlette.responses import RedirectResponse, Response

from mss_sim.core.access import identity_names
from mss_sim.core.mailbox import folders, messages
from mss_sim.core.mailbox.messages import Look, MessagePage
from mss_sim.core.mailflow import sent_letters
from mss_sim.core.world.store_types import ListQuery
from mss_sim.http.paging import Page, PagedList, cursor
from mss_sim.ids import encode
from mss_sim.mail.addresses import domain_of
from mss_sim.mail.parse import fold
from mss_sim.mail.summary import read_summary
from mss_sim.vocabulary.mailboxes import KEYWORD_MDN_SENT, PATIENT_DOMAIN, Flag, MailboxKind
from mss_sim.web import in_charge
from mss_sim.web.days import midnight
from mss_sim.web.filters import FILTERS
from mss_sim.web.receipt_states import states
from mss_sim.web.showing import show
from mss_sim.web.visit import Routes, Visit

_ROWS = 50
INBOX = "INBOX"


async def show_first(visit: Visit) -> Response:
    """The first mailbox that the persona may see, or that they see none."""
    position = await visit.position()
    held = await messages.held_mailboxes(visit.core.world, visit.session.actor)
    if not held:
        return show("no_mailbox.html", visit.here, boxes=[], position=position)
    kind = "patients" if held[0].mailbox.kind is MailboxKind.PATIENT else "mailboxes"
    return RedirectResponse(f"{visit.here.base}/{kind}/{held[0].mailbox.address}", status_code=303)


async def show_mailbox(visit: Visit) -> Response:
    """The list of a folder, newest first, by the filters in the address."""
    found = await listed(visit)
    return show("mailbox.html", visit.here, **found, **await in_charge.of_list(visit, found["box"]))


async def show_rows(visit: Visit) -> Response:
    """The part of it that changes."""
    return show("mailbox_rows.html", visit.here, **await listed(visit))


async def listed(visit: Visit) -> dict[str, Any]:
    """All that the list shows; the refusals of the verbs that it asks."""
    world, actor, asked = visit.core.world, visit.session.actor, visit.request.query_params
    address, folder = visit.address, asked.get("folder", INBOX)
    filters = {name: asked.get(name, "").strip() for name in FILTERS}
    query = _query(filters, asked.get("cursor"))
    position = await visit.position()
    page = await messages.list_messages(world, actor, address, query, folder)
    held = await messages.held_mailboxes(world, actor)
    rows = [_row(page, look, address) for look, _ in page.looks]
    sent = await sent_letters.sent_among(world, actor, address, [row["message"] for row in rows if row["ours"]])
    for row in rows:
        row["states"] = states(sent[row["message"]]) if row["message"] in sent else []
    places = await folders.list_folders(world, actor, address)
    return {
        "position": position,
        "doors": visit.pages.hosted.doors,
        "boxes": held,
        "box": next(one for one in held if one.mailbox.address == address),
        "folders": places,
        "folder": folder,
        "open_folder": next((row for row, _ in places if folder in (row.name, encode(row.id))), None),
        "cursor": asked.get("cursor", ""),
        "moved": [one for one in asked.get("moved", "").split(".") if one],
        "moved_to": asked.get("into", ""),
        "filters": filters,
        "filtering": urlencode({name: value for name, value in filters.items() if value}),
        "choice": filters["charge"],
        "rows": rows,
        "next": cursor(PagedList.FOLDER, rows[-1]["uid"]) if page.look.more and rows else None,
    }


def _query(filters: Mapping[str, str], place: str | None) -> ListQuery:
    """What the filters ask for; Refusal(INVALID) for a date that is none, and a cursor of another list."""
    return ListQuery(
        mailbox_id=0,
        limit=_ROWS,
        before=Page(_ROWS, place).before(PagedList.FOLDER),
        unread=_wanted(filters["unread"]),
        answered=_wanted(filters["answered"]),
        from_=_part(filters["from"]),
        to=_part(filters["to"]),
        subject=_part(filters["subject"]),
        text=_part(filters["text"]),
        since=midnight(filters["since"]),
        until=midnight(filters["until"], 1),
        has_attachment=_wanted(filters["document"]),
        charge=in_charge.read_choice(filters["charge"]),
    )


def _wanted(choice: str) -> bool | None:
    return {"yes": True, "no": False}.get(choice)


def _part(text: str) -> str | None:
    return fold(text) if text else None


def _row(page: MessagePage, look: Look, address: str) -> dict[str, Any]:
    """A line of the list. `ours`: the mailbox wrote the letter, so that its line names whom it went to; `others`: the other side."""
    item = page.items[look.copy.id]
    stored = read_summary(item.message.summary)
    ours = any(one["address"] == address for one in stored.from_)
    others = [*stored.to, *stored.cc] if ours else stored.from_
    return {
        "message": item.message.id,
        "ours": ours,
        "from": stored.from_,
        "others": others,
        "patient": any(domain_of(one["address"]) == PATIENT_DOMAIN for one in others),
        "professional": any(domain_of(one["address"]) != PATIENT_DOMAIN for one in others) and not stored.is_report,
        "receipt_sent": KEYWORD_MDN_SENT in item.copy.keywords.split(),
        "id": encode(item.copy.id),
        "uid": item.copy.uid,
        "subject": item.message.subject,
        "preview": stored.preview if look.readable else "",
        "at": item.copy.internal_at,
        "seen": item.seen,
        "flagged": bool(item.copy.flags & Flag.FLAGGED),
        "answered": bool(item.copy.flags & Flag.ANSWERED),
        "has_attachments": item.message.has_attachments,
        "receipt_asked": bool(stored.receipt_to),
        "first": look.first,
        "readable": look.readable,
        "charge": look.charge,
    }


async def names_of(visit: Visit, ids: list[int]) -> dict[int, str]:
    """The names of people by their ids."""
    return {id_: one.name for id_, one in (await identity_names.identities_by_id(visit.core.world, ids)).items()}


ROUTES: Routes = (
    ("GET", "/ui/as/{who}/", show_first),
    ("GET", "/ui/as/{who}/mailboxes/{address}", show_mailbox),
    ("GET", "/ui/as/{who}/mailboxes/{address}/rows", show_rows),
)
