"""One letter: its text, its HTML in a frame of its own, attachments, headers, source, and who read it."""

import asyncio
from urllib.parse import quote

import nh3
from starlette.responses import HTMLResponse, Response

from mss_sim.core.mailbox import messages
from mss_sim.core.mailbox.messages import OpenedMessage
from mss_sim.errors import Refusal, Rule
from mss_sim.http.dependencies import read_id
from mss_sim.http.letters import part
from mss_sim.ids import encode
from mss_sim.mail.headers import decode, read_headers, split
from mss_sim.mail.mime import content
from mss_sim.mail.summary import read_summary, shown_text
from mss_sim.mail.tree import tree
from mss_sim.vocabulary.mailboxes import Flag
from mss_sim.web import in_charge
from mss_sim.web.mailbox import names_of
from mss_sim.web.showing import show
from mss_sim.web.visit import Routes, Visit
from mss_sim.words.sentence import say

_FRAME_POLICY = (
    "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
)
"""For what strangers wrote: no script, nothing from elsewhere, no form, in a frame without an origin."""


async def show_letter(visit: Visit) -> Response:
    """A letter. Who reads it first is noted, and a patient's receipt leaves, as by every door."""
    opened = await _opened(visit)
    item, stored = opened.item, read_summary(opened.item.message.summary)
    headers = read_headers(opened.raw[: split(opened.raw)[0]], count_max=1_000)
    held = await messages.held_mailboxes(visit.core.world, visit.session.actor)
    box = next(one for one in held if one.mailbox.address == opened.mailbox.address)
    return show(
        "letter.html",
        visit.here,
        boxes=held,
        box=box,
        hands=await in_charge.of_letter(visit, box, encode(item.copy.id)),
        letter={
            "id": encode(item.copy.id),
            "subject": item.message.subject,
            "message_id": item.message.rfc_message_id,
            "at": item.copy.internal_at,
            "size": item.message.size_bytes,
            "from": stored.from_,
            "sender": stored.sender,
            "to": stored.to,
            "cc": stored.cc,
            "receipt_asked": bool(stored.receipt_to),
            "draft": bool(item.copy.flags & Flag.DRAFT),
            "own": any(one["address"] == opened.mailbox.address for one in stored.from_),
            "conversation": encode(item.message.thread_id),
            "text": shown_text(opened.raw, stored.leaves, "text/plain"),
            "html": shown_text(opened.raw, stored.leaves, "text/html") is not None,
            "attachments": [part for part in stored.leaves if part["attachment"]],
            "headers": [(name, decode(value)) for name, value in headers.fields],
        },
        tree=part(await asyncio.to_thread(tree, opened.raw)),
        readers=[(names, reading.first_at) for reading, names in zip(opened.readings, await _readers(visit, opened), strict=True)],
    )


async def show_html(visit: Visit) -> Response:
    """The HTML of a letter, cleaned, for its frame."""
    opened = await _opened(visit)
    stored = read_summary(opened.item.message.summary)
    html = nh3.clean(shown_text(opened.raw, stored.leaves, "text/html") or "", url_schemes={"mailto", "data"}, attribute_filter=_kept)
    return HTMLResponse(
        html, headers={"Content-Security-Policy": _FRAME_POLICY, "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
    )


def _kept(tag: str, attribute: str, value: str) -> str | None:
    """An image is shown when the letter brings it, and a link leads nowhere but to a mail program."""
    if attribute == "src":
        return value if tag == "img" and value.startswith("data:image/") else None
    return value if attribute != "href" or value.startswith("mailto:") else None


async def send_attachment(visit: Visit) -> Response:
    """One attachment, as a file to keep: a browser never shows it as a page of ours."""
    opened = await _opened(visit)
    number = str(visit.request.path_params["part"])
    for leaf in read_summary(opened.item.message.summary).leaves:
        if leaf["number"] == number and leaf["attachment"]:
            name = quote(leaf["filename"] or "attachment", safe="")
            octets = content(opened.raw, leaf["start"], leaf["end"], leaf["encoding"])
            return _file(octets, f"attachment; filename*=UTF-8''{name}")
    raise Refusal(Rule.NOT_FOUND, say("This message has no attachment {part}.", part=number[:20]))


async def send_source(visit: Visit) -> Response:
    """The octets of the letter: to be kept, or to be read as plain text."""
    opened = await _opened(visit)
    if visit.request.query_params.get("shown") == "yes":
        return _file(opened.raw, "inline", "text/plain; charset=utf-8")
    return _file(opened.raw, 'attachment; filename="letter.eml"', "message/rfc822")


def _file(octets: bytes, disposition: str, media_type: str = "application/octet-stream") -> Response:
    headers = {
        "Content-Disposition": disposition,
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    return Response(octets, media_type=media_type, headers=headers)


async def _opened(visit: Visit) -> OpenedMessage:
    address, letter = (str(visit.request.path_params[name]) for name in ("address", "letter"))
    return await visit.core.reading.open_message(visit.session.actor, address, read_id(letter))


async def _readers(visit: Visit, opened: OpenedMessage) -> list[str]:
    names = await names_of(visit, [reading.identity_id for reading in opened.readings])
    return [names.get(reading.identity_id, "") for reading in opened.readings]


ROUTES: Routes = (
    ("GET", "/ui/as/{who}/mailboxes/{address}/letters/{letter}", show_letter),
    ("GET", "/ui/as/{who}/mailboxes/{address}/letters/{letter}/html", show_html),
    ("GET", "/ui/as/{who}/mailboxes/{address}/letters/{letter}/parts/{part}", send_attachment),
    ("GET", "/ui/as/{who}/mailboxes/{address}/letters/{letter}/source", send_source),
)
