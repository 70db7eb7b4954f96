"""The documents of a letter as people read them, and what is wrong with them, for a persona and for an administrator of the simulator.

A CDA is plain text here, an archive a tree, a PDF the text of its first page and that page drawn; a picture is shown when it begins as one
does, and as nothing else. What was written by strangers is escaped, as everywhere, and none of it is run.
"""

import asyncio
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from mss_sim.core.control import every_letter
from mss_sim.core.mailbox import messages
from mss_sim.core.mailbox.kept_diagnoses import ToldDiagnosis
from mss_sim.core.mailbox.messages import OpenedMessage
from mss_sim.errors import Refusal, Rule
from mss_sim.http.dependencies import read_id
from mss_sim.mail.mime import content
from mss_sim.mail.parse import parse
from mss_sim.vocabulary.documents import DocumentKind, FindingLevel, PdfVerdict
from mss_sim.web.showing import show
from mss_sim.web.visit import Routes, Visit
from mss_sim.words.sentence import say

if TYPE_CHECKING:
    from mss_sim.documents.findings import Finding

_LEVELS = {
    FindingLevel.ERROR: ("failed", say("error")),
    FindingLevel.WARNING: ("mistaken", say("warning")),
    FindingLevel.KNOWN_DEVIATION: ("clean", say("known deviation")),
    FindingLevel.INFO: ("clean", say("for information")),
}
"""How a level is drawn, and called."""
_KINDS = {DocumentKind.ARCHIVE: say("archive"), DocumentKind.CDA: say("CDA document"), DocumentKind.PDF: say("PDF")}
_FACTS = {
    "title": say("Title"),
    "type": say("Type"),
    "level": say("Level"),
    "patient": say("Patient"),
    "born": say("Born"),
    "ins": say("INS"),
    "author": say("Author"),
    "made": say("Made"),
    "custodian": say("Kept by"),
    "verdict": say("Verdict"),
    "pages": say("Pages"),
}
_VERDICTS = {
    PdfVerdict.CLAIMS: say("claims PDF/A-1"),
    PdfVerdict.CONTRADICTS: say("contradicts its claim"),
    PdfVerdict.CLAIMS_NOTHING: say("claims nothing"),
    PdfVerdict.UNREADABLE: say("cannot be read"),
}
_PICTURE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cache-Control": "no-store",
}
_DIGITS_MAX = 6
_PAGES_SHOWN = 20
"""Links to pages of one document: a document of ten thousand pages has as many as a reader wants."""


async def show_documents(visit: Visit) -> Response:
    """The documents of a letter in a mailbox of the persona. It is a reading, as by every door."""
    opened, boxes = await _opened(visit), await messages.held_mailboxes(visit.core.world, visit.session.actor)
    address = visit.address
    return show(
        "documents.html",
        visit.here,
        boxes=boxes,
        box=next(one for one in boxes if one.mailbox.address == address),
        **await _told(visit, opened.raw, await visit.core.kept_diagnoses.of_opened(opened)),
    )


async def show_world_documents(visit: Visit) -> Response:
    """The same for an administrator, by which nothing changes."""
    raw = await every_letter.read_raw(visit.core.world, _id(visit))
    told = await visit.core.kept_diagnoses.of_letter(_id(visit), raw)
    curl = f"curl {visit.origin}/control/messages/{visit.request.path_params['letter']}/diagnosis"
    return show("world_documents.html", visit.here, curl=curl, **await _told(visit, raw, told))


async def send_picture(visit: Visit) -> Response:
    """A picture of a letter, for the page that shows it."""
    return await _picture(visit, (await _opened(visit)).raw)


async def send_world_picture(visit: Visit) -> Response:
    """The same for an administrator."""
    return await _picture(visit, await every_letter.read_raw(visit.core.world, _id(visit)))


async def send_page(visit: Visit) -> Response:
    """A page of a PDF of a letter, drawn."""
    return await _page(visit, (await _opened(visit)).raw)


async def send_world_page(visit: Visit) -> Response:
    """The same for an administrator."""
    return await _page(visit, await every_letter.read_raw(visit.core.world, _id(visit)))


async def _told(visit: Visit, raw: bytes, told: ToldDiagnosis) -> dict[str, Any]:
    diagnosis = told.diagnosis
    groups: dict[str, list[Finding]] = {}
    for one in diagnosis.findings:  # the worst first, so that the document that has it is
        groups.setdefault(one.document, []).append(one)
    return {
        "documents": await visit.core.diagnoses.documents_of(raw),
        "groups": list(groups.items()),
        "counts": [(*_LEVELS[level], diagnosis.count(level)) for level in FindingLevel if diagnosis.count(level)],
        "not_checked": diagnosis.not_checked,
        "kept_at": told.kept_at,
        "levels": _LEVELS,
        "kinds": _KINDS,
        "facts": _FACTS,
        "verdicts": _VERDICTS,
        "pages_shown": _PAGES_SHOWN,
        "letter_path": visit.here.path.removesuffix("/documents"),
    }


async def _picture(visit: Visit, raw: bytes) -> Response:
    from mss_sim.documents.reading import image_type  # noqa: PLC0415 - few letters have pictures

    number = str(visit.request.path_params["part"])
    parsed = await asyncio.to_thread(parse, raw, visit.core.world.parse_limits)
    for part in parsed.attachments:
        octets = content(raw, part.start, part.end, part.encoding) if part.number == number else b""
        if kind := image_type(octets):
            return Response(octets, media_type=kind, headers=_PICTURE_HEADERS)
    raise Refusal(Rule.NOT_FOUND, say("This message has no picture {part}.", part=number[:20]))


async def _page(visit: Visit, raw: bytes) -> Response:
    document, page = (_number(str(visit.request.path_params[name])) for name in ("document", "page"))
    return Response(await visit.core.diagnoses.drawn_page(raw, document, page), media_type="image/png", headers=_PICTURE_HEADERS)


def _number(text: str) -> int:
    """The number in a path; 0, which nothing has, for what is none."""
    return int(text) if text.isdecimal() and len(text) < _DIGITS_MAX else 0


async def _opened(visit: Visit) -> OpenedMessage:
    return await visit.core.reading.open_message(visit.session.actor, visit.address, _id(visit))


def _id(visit: Visit) -> int:
    return read_id(str(visit.request.path_params["letter"]))


ROUTES: Routes = (
    ("GET", "/ui/letters/{letter}/documents", show_world_documents),
    ("GET", "/ui/letters/{letter}/documents/{part}/picture", send_world_picture),
    ("GET", "/ui/letters/{letter}/documents/drawn/{document}/{page}", send_world_page),
    ("GET", "/ui/as/{who}/mailboxes/{address}/letters/{letter}/documents", show_documents),
    ("GET", "/ui/as/{who}/mailboxes/{address}/letters/{letter}/documents/{part}/picture", send_picture),
    ("GET", "/ui/as/{who}/mailboxes/{address}/letters/{letter}/documents/drawn/{document}/{page}", send_page),
)
