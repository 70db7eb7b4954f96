"""Every letter of the world: the list, and one with its copies, what became of it, its parts, its source.

Looking changes nothing: no reading is recorded, and no read receipt leaves, unlike on the pages of a persona (`letters`).
"""

import asyncio
from typing import Any

from starlette.responses import Response

from mss_sim.core.control import every_letter
from mss_sim.core.control.every_letter import ListedLetter, OpenedLetter
from mss_sim.core.world.store_types import LetterQuery
from mss_sim.errors import Refusal, Rule
from mss_sim.evidence.sessions import SessionQuery
from mss_sim.http import letters as views
from mss_sim.http import sessions
from mss_sim.http.dependencies import read_id
from mss_sim.http.paging import Page, PagedList, cursor
from mss_sim.ids import encode
from mss_sim.mail.addresses import AddressError, canonical
from mss_sim.mail.headers import decode, read_headers, split
from mss_sim.mail.parse import fold
from mss_sim.mail.summary import read_summary, shown_text
from mss_sim.mail.tree import tree
from mss_sim.vocabulary.mail import TimelineKind
from mss_sim.web.days import instant
from mss_sim.web.showing import show
from mss_sim.web.visit import Routes, Visit
from mss_sim.words.sentence import joined, say, sentence_of

_ROWS = 50
_SESSIONS_MAX = 20
_FILTERS = ("text", "from", "to", "subject", "mailbox", "message_id", "since", "until", "document")
_STATES = {
    TimelineKind.SUBMITTED: say("submitted"),
    TimelineKind.RELAYED: say("relayed"),
    TimelineKind.DELIVERED: say("delivered"),
    TimelineKind.DELAYED: say("delayed"),
    TimelineKind.FAILED: say("not delivered"),
    TimelineKind.DISPLAYED: say("opened"),
    TimelineKind.PROCESSED: say("processed"),
}


async def show_letters(visit: Visit) -> Response:
    """The letters of the world, newest first, by the filters in the address."""
    return show("world_letters.html", visit.here, **await _listed(visit))


async def show_rows(visit: Visit) -> Response:
    """The part of it that changes."""
    return show("world_letters_rows.html", visit.here, **await _listed(visit))


async def _listed(visit: Visit) -> dict[str, Any]:
    asked = visit.request.query_params
    filters = {name: asked.get(name, "").strip() for name in _FILTERS}
    position = await visit.position()
    query = LetterQuery(
        limit=_ROWS + 1,
        before=Page(_ROWS, asked.get("cursor")).before(PagedList.LETTERS),
        from_=_folded(filters["from"]),
        to=_folded(filters["to"]),
        subject=_folded(filters["subject"]),
        text=_folded(filters["text"]),
        message_id=filters["message_id"] or None,
        since=instant(filters["since"]),
        until=instant(filters["until"]),
        has_document=True if filters["document"] == "yes" else None,
    )
    found = await every_letter.list_letters(visit.core.world, query, _address(filters["mailbox"]))
    rows = [{**views.letter(row), "at": row.message.received_at} for row in found[:_ROWS]]
    more = len(found) > _ROWS
    return {
        "position": position,
        "filters": filters,
        "rows": rows,
        "next": cursor(PagedList.LETTERS, found[_ROWS - 1].message.id) if more else None,
    }


def _folded(text: str) -> str | None:
    return fold(text) if text else None


def _address(text: str) -> str | None:
    if not text:
        return None
    try:
        return canonical(text)
    except AddressError as error:
        raise Refusal(Rule.INVALID, joined((sentence_of(error), ".")), subject=text[:320], reference="rfc5321#4.1.2") from error


async def show_letter(visit: Visit) -> Response:
    """One letter: what it says, where its copies lie, what became of it, its parts, the sessions that brought it."""
    world, position = visit.core.world, await visit.position()
    found = await every_letter.open_letter(world, _id(visit))
    raw = await every_letter.read_raw(world, found.message.id)
    stored = read_summary(found.message.summary)
    headers = read_headers(raw[: split(raw)[0]], count_max=1_000)
    shown = _with_instants(await views.opened(world, found), found)
    return show(
        "world_letter.html",
        visit.here,
        position=position,
        letter={**shown, "at": found.message.received_at},
        text=shown_text(raw, stored.leaves, "text/plain"),
        headers=[(name, decode(value)) for name, value in headers.fields],
        tree=views.part(await asyncio.to_thread(tree, raw)),
        states=_STATES,
        alike=await _alike(visit, found.called_alike),
        sessions=_sessions(visit, found.message.rfc_message_id),
        curl=f"curl {visit.origin}{views.PREFIX}/{shown['id']}",
    )


def _with_instants(shown: dict[str, Any], found: OpenedLetter) -> dict[str, Any]:
    """What is shown of a letter, with instants as pages write them."""
    for copy, place in zip(shown["lies_in"], found.places, strict=True):
        copy["instant"] = place.internal_at
    for told, sent in zip(shown["sent"], found.sent, strict=True):
        for recipient, (_, events, _waiting) in zip(told["recipients"], sent.recipients, strict=True):
            for event, row in zip(recipient["events"], events, strict=True):
                event |= {"instant": row.at, "report": encode(row.report_id) if row.report_id is not None else None}
    return shown


async def _alike(visit: Visit, ids: tuple[int, ...]) -> list[dict[str, Any]]:
    """Other letters with the same Message-ID, and where they lie."""
    opened = [await every_letter.open_letter(visit.core.world, id_) for id_ in ids[:_SESSIONS_MAX]]
    return [{**views.letter(ListedLetter(one.message, 0)), "in": sorted({copy.address for copy in one.places})} for one in opened]


def _sessions(visit: Visit, message_id: str | None) -> list[dict[str, Any]]:
    """The sessions over SMTP that brought a letter of that name, the newest first."""
    if message_id is None:
        return []
    found = visit.pages.hosted.sessions.newest_first(SessionQuery(letter=message_id))
    return [{**sessions.session(one), "opened": one.opened_at} for _, one in zip(range(_SESSIONS_MAX), found, strict=False)]


async def send_source(visit: Visit) -> Response:
    """The octets of a letter, as a file or to be read in the browser, where nothing of it does anything."""
    raw = await every_letter.read_raw(visit.core.world, _id(visit))
    shown = visit.request.query_params.get("shown") == "yes"
    headers = {
        "Content-Disposition": "inline" if shown else 'attachment; filename="letter.eml"',
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cache-Control": "no-store",
    }
    return Response(raw, media_type="text/plain; charset=utf-8" if shown else "message/rfc822", headers=headers)


def _id(visit: Visit) -> int:
    return read_id(str(visit.request.path_params["letter"]))


ROUTES: Routes = (
    ("GET", "/ui/letters", show_letters),
    ("GET", "/ui/letters/rows", show_rows),
    ("GET", "/ui/letters/{letter}", show_letter),
    ("GET", "/ui/letters/{letter}/source", send_source),
)
