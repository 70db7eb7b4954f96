"""The kiosk: a screen in a waiting room, where patients without a computer read and answer their letters, and leave nothing behind.

| what could stay                | why it does not                                                                    |
|--------------------------------|------------------------------------------------------------------------------------|
| a session that nobody closed   | the server ends it `kiosk_seconds` after the last touch; the page warns before     |
| pages behind the back button   | are not stored, and lead to the welcome page; one that was kept whole is emptied   |
| what was typed                 | is kept in its field alone, which browsers may not fill in again; nothing is saved |
| files                          | are shown in the page, and never given to keep                                     |
| who was there, in the history  | addresses name neither the patient nor the mailbox                                 |

Without scripts nothing is known of touches: every page that is asked for counts as one, and a page that stands too long leads to the
question whether somebody is there yet (ref: wcag22#timing-adjustable).
"""

import secrets
from typing import Any

from starlette.responses import Response

from mss_sim.core.access.rights_in_force import MailboxAccess
from mss_sim.core.control import named_seeds, personas
from mss_sim.core.mailbox import messages
from mss_sim.core.mailbox.messages import OpenedMessage
from mss_sim.errors import Refusal, Rule
from mss_sim.http.problems import PROBLEMS
from mss_sim.ids import encode
from mss_sim.mail.mime import content, read_text
from mss_sim.mail.summary import Leaf, read_summary
from mss_sim.vocabulary.mailboxes import MailboxKind
from mss_sim.web.patient_letters import attached, inbox, letter_values, new_key, open_letter, send_answer, standing
from mss_sim.web.personas import KIOSK, forget_cookie
from mss_sim.web.showing import show
from mss_sim.web.visit import Handler, Routes, Visit, back
from mss_sim.words.sentence import say

LEAVING = {"Clear-Site-Data": '"cache", "storage"', "Cache-Control": "no-store"}
"""What is said when a session is over: pages that the browser kept are forgotten. Cookies of other personas stay."""
_IMAGES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
_PDF, _TEXT = "application/pdf", "text/plain"
_TEXT_OCTETS_MAX = 200_000
_NAME_BYTES = 6


async def show_welcome(visit: Visit) -> Response:
    """Who is there? Nobody's letters are shown."""
    name = visit.pages.hosted.seed
    known = await personas.of_seed(visit.core.world, name) if name in named_seeds.names(visit.core.world) else []
    patients = [one for one in known if any(box.kind is MailboxKind.PATIENT for box in one.mailboxes)]
    return show("kiosk_welcome.html", visit.here, patients=patients, left="left" in visit.request.query_params)


async def enter(visit: Visit) -> Response:
    """Somebody sits down: their session begins, below a path that tells nothing of them."""
    name = secrets.token_hex(_NAME_BYTES)
    response = back(f"{KIOSK}/{name}/")
    await visit.pages.sessions.log_in(visit.request, response, visit.field("who"), name, kiosk=True)
    return response


async def leave(visit: Visit) -> Response:
    """Somebody gets up, or has not touched the screen for too long."""
    response = back(f"{KIOSK}?left=yes")
    visit.pages.sessions.log_out(visit.session, response)
    response.headers.update(LEAVING)
    return response


def over(name: str) -> Response:
    """Whatever is asked below the path of a session that is over, the welcome page is shown."""
    response = back(f"{KIOSK}?left=yes")
    forget_cookie(response, f"{KIOSK}/{name}")
    response.headers.update(LEAVING)
    return response


async def touch(_: Visit) -> Response:
    """The screen was touched; that this is asked prolongs the session."""
    return Response(status_code=204, headers={"Cache-Control": "no-store"})


async def ask(visit: Visit) -> Response:
    """Whether somebody is there yet, where a browser runs no scripts."""
    return show("kiosk_ask.html", visit.here)


async def show_inbox(visit: Visit) -> Response:
    """The letters that came."""
    box = await _box(visit)
    return show("kiosk_inbox.html", visit.here, box=box, **await inbox(visit, box.mailbox.address))


async def show_letter(visit: Visit) -> Response:
    """One letter with what it carries, and the field of an answer, or why there is none."""
    return await _letter(visit, await _box(visit))


async def answer(visit: Visit) -> Response:
    """Send an answer; what is refused is told beside what was written."""
    box = await _box(visit)
    opened = await open_letter(visit, box)
    try:
        await send_answer(visit, box, opened, [])
    except Refusal as refusal:
        return await _letter(visit, box, refusal)
    return back(f"{visit.here.base}/letters/{encode(opened.item.copy.id)}?sent=yes")


async def show_file(visit: Visit) -> Response:
    """A picture or a PDF, to be shown in the page of its letter and not to be kept."""
    opened = await open_letter(visit, await _box(visit))
    number = str(visit.request.path_params["part"])
    for leaf in attached(read_summary(opened.item.message.summary)):
        if leaf["number"] == number and leaf["type"] in (*_IMAGES, _PDF):
            headers = {"Content-Disposition": "inline", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
            headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'self'"
            return Response(_octets(opened, leaf), media_type=leaf["type"], headers=headers)
    raise Refusal(Rule.NOT_FOUND, say("This message has no attachment {part}.", part=number[:20]))


async def _box(visit: Visit) -> MailboxAccess:
    """The patient's mailbox that is read here: one's own, else the first that one is let into."""
    held = await messages.held_mailboxes(visit.core.world, visit.session.actor)
    found = next((one for one in held if one.mailbox.kind is MailboxKind.PATIENT), None)
    if found is None:
        raise Refusal(Rule.NOT_FOUND, say("The kiosk shows letters of patients, and you have no such mailbox."))
    return found


async def _letter(visit: Visit, box: MailboxAccess, refusal: Refusal | None = None) -> Response:
    opened = await open_letter(visit, box)
    return show(
        "kiosk_letter.html",
        visit.here,
        status=200 if refusal is None else PROBLEMS[refusal.rule][0],
        box=box,
        letter=letter_values(opened),
        files=[_file(opened, leaf) for leaf in attached(read_summary(opened.item.message.summary))],
        stands=await standing(visit, box, opened),
        refusal=refusal,
        written=visit.field("text"),
        key=new_key(),
        sent="sent" in visit.request.query_params,
    )


def _file(opened: OpenedMessage, leaf: Leaf) -> dict[str, Any]:
    """How a file is shown: as a picture, a PDF, a text, or not at all (ref: quirks#kiosk)."""
    kind = "picture" if leaf["type"] in _IMAGES else {_PDF: "pdf", _TEXT: "text"}.get(leaf["type"], "other")
    text = read_text(_octets(opened, leaf)[:_TEXT_OCTETS_MAX], leaf["charset"]) if kind == "text" else ""
    return {"number": leaf["number"], "name": leaf["filename"] or leaf["type"], "kind": kind, "text": text}


def _octets(opened: OpenedMessage, leaf: Leaf) -> bytes:
    return content(opened.raw, leaf["start"], leaf["end"], leaf["encoding"])


BY_ITSELF: frozenset[Handler] = frozenset({ask})
"""What a page asks for by itself, which is no touch."""
_HERE = f"{KIOSK}/{{who}}"
ROUTES: Routes = (
    ("GET", KIOSK, show_welcome),
    ("POST", KIOSK, enter),
    ("GET", f"{_HERE}/", show_inbox),
    ("POST", f"{_HERE}/touch", touch),
    ("POST", f"{_HERE}/leave", leave),
    ("GET", f"{_HERE}/still-there", ask),
    ("GET", f"{_HERE}/letters/{{letter}}", show_letter),
    ("POST", f"{_HERE}/letters/{{letter}}", answer),
    ("GET", f"{_HERE}/letters/{{letter}}/parts/{{part}}", show_file),
)
