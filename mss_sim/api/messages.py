"""REST: the messages of a mailbox."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote

import orjson
from fastapi import Depends, Query
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from mss_sim.api import schemas, views
from mss_sim.api.views import PREFIX
from mss_sim.clock import from_datetime
from mss_sim.core.access import identity_names
from mss_sim.core.access.authentication import Actor
from mss_sim.core.assembly import Core
from mss_sim.core.feed import wait_conditions
from mss_sim.core.mailbox import messages
from mss_sim.core.mailbox.flag_rules import FlagChange
from mss_sim.core.mailbox.messages import ChangedMessage, Look, MessagePage, OpenedMessage
from mss_sim.core.world.store_types import Identity, ListQuery
from mss_sim.errors import Refusal, Rule
from mss_sim.http import examples
from mss_sim.http.answers import IN_A_MAILBOX, octets, refusing
from mss_sim.http.dependencies import CurrentActor, CurrentCore, CurrentHosted, MailboxAddress, read_id
from mss_sim.http.diagnoses import DiagnosisOut, diagnosis
from mss_sim.http.leaving import unless_left
from mss_sim.http.paging import CurrentPage, PagedList
from mss_sim.http.routes import strict_router
from mss_sim.http.shapes import Json
from mss_sim.mail.headers import decode, read_headers, split
from mss_sim.mail.mime import content
from mss_sim.mail.parse import fold
from mss_sim.mail.summary import Leaf, read_summary, shown_text
from mss_sim.vocabulary.charge import ChargeChoice
from mss_sim.words.sentence import say

router = strict_router(prefix=f"{PREFIX}/mailboxes/{{address}}/messages", tags=["messages"], responses=refusing(*IN_A_MAILBOX))
_FLAGGING = refusing(*IN_A_MAILBOX, Rule.IN_CHARGE, Rule.LIMIT_REACHED)
_CHUNK_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the list is asked for, and how many seconds its client waits where there is nothing yet."""

    request: Request
    query: ListQuery
    wait_seconds: float


async def _asked(
    request: Request,
    unread: Annotated[bool | None, Query(description="Only what is unread, or only what is read.")] = None,
    answered: Annotated[bool | None, Query(description="Only what has been answered, or only what has not.")] = None,
    from_: Annotated[str | None, Query(alias="from", description="Part of a sender's name or address.")] = None,
    to: Annotated[str | None, Query(description="Part of a recipient's name or address.", examples=["tilleuls"])] = None,
    subject: Annotated[str | None, Query(description="Part of the subject; case and accents do not matter.")] = None,
    text: Annotated[str | None, Query(description="Part of the subject, the people or the text.")] = None,
    since: Annotated[datetime | None, Query(description="Received at or after this instant.")] = None,
    until: Annotated[datetime | None, Query(description="Received before this instant.")] = None,
    has_attachment: Annotated[bool | None, Query(description="Only with, or only without, attachments.")] = None,
    charge: Annotated[
        ChargeChoice | None, Query(description="Only what nobody, you or somebody has in charge, or what is done.", examples=["mine"])
    ] = None,
    wait: Annotated[
        float, Query(ge=0, description="Seconds to wait for a first one, where there is none; then the page is empty.", examples=[0.5])
    ] = 0,
) -> _Asked:
    query = ListQuery(
        mailbox_id=0,
        limit=0,
        unread=unread,
        answered=answered,
        from_=fold(from_) if from_ else None,
        to=fold(to) if to else None,
        subject=fold(subject) if subject else None,
        text=fold(text) if text else None,
        since=from_datetime(since) if since else None,
        until=from_datetime(until) if until else None,
        has_attachment=has_attachment,
        charge=charge,
    )
    return _Asked(request, query, wait)


@router.get("", responses={200: {"model": schemas.MessagePage}, **refusing(*IN_A_MAILBOX, Rule.LIMIT_REACHED, Rule.CONFLICT)})
async def list_messages(
    here: CurrentHosted,
    actor: CurrentActor,
    address: MailboxAddress,
    page: CurrentPage,
    asked: Annotated[_Asked, Depends(_asked)],
    folder: Annotated[str | None, Query(description="Id or name of a folder; none: all folders.", examples=["INBOX"])] = None,
) -> Response:
    """The messages of a mailbox, newest first; in one folder, what came into it last first. Summaries only."""
    listing, written = PagedList.ALL_FOLDERS if folder is None else PagedList.FOLDER, here.summaries
    query = replace(asked.query, limit=page.limit, before=page.before(listing))
    listed = await messages.list_messages(here.core.world, actor, address, query, folder, kept=written.get)
    if asked.wait_seconds and not listed.looks:
        waiting = _first_to_come(here.core, actor, address, query, folder, asked.wait_seconds)
        come = await unless_left(asked.request, waiting)
        listed = come or listed
    if listed.whole is not None:
        return Json(listed.whole)

    def show(one: tuple[Look, orjson.Fragment | None]) -> orjson.Fragment:
        look, kept = one
        if kept is not None:
            return kept
        return written.write(look, views.summary(listed.items[look.copy.id], look.folder, look.first, readable=look.readable))

    def place(one: tuple[Look, orjson.Fragment | None]) -> int:
        return one[0].copy.id if folder is None else one[0].copy.uid

    return Json(written.write(listed.look, page.whole(listing, listed.looks, place, show, more=listed.look.more)))


async def _first_to_come(
    core: Core, actor: Actor, address: str, query: ListQuery, folder: str | None, seconds: float
) -> MessagePage | None:
    """The page once there is something on it; None when nothing has come. The rights are asked for anew each time."""

    async def look() -> MessagePage | None:
        page = await messages.list_messages(core.world, actor, address, query, folder)
        return page if page.looks else None

    return await core.waits.until(look, seconds, await wait_conditions.folders_of(core.world, address))


@router.get("/{message_id}", responses={200: {"model": schemas.MessageOut}})
async def get_message(core: CurrentCore, actor: CurrentActor, address: MailboxAddress, message_id: str) -> Response:
    """One message, parsed. Your first reading is recorded; it is marked seen only when you say so (PATCH)."""
    opened = await core.reading.open_message(actor, address, read_id(message_id))
    known = await identity_names.identities_by_id(core.world, (reading.identity_id for reading in opened.readings))
    return Json(_whole(opened, address, known))


def _whole(opened: OpenedMessage, address: str, known: dict[int, Identity]) -> dict[str, Any]:
    item, raw = opened.item, opened.raw
    stored = read_summary(item.message.summary)
    headers = read_headers(raw[: split(raw)[0]], count_max=100_000)
    shown = views.of_item(item, {opened.folder.id: opened.folder}, opened.readings, known, readable=True)
    return {
        **shown,
        "return_path": item.message.return_path,
        "sender": stored.sender,
        "reply_to": stored.reply_to,
        "in_reply_to": stored.in_reply_to,
        "references": stored.references,
        "headers": [(name, decode(value)) for name, value in headers.fields],
        "text": shown_text(raw, stored.leaves, "text/plain") or "",
        "html": shown_text(raw, stored.leaves, "text/html"),
        "attachments": [_attachment(raw, part, address, shown["id"]) for part in stored.leaves if part["attachment"]],
        "read_by": [views.reader(reading, known) for reading in opened.readings],
    }


def _attachment(raw: bytes, part: Leaf, address: str, message_id: str) -> dict[str, Any]:
    return {
        "part": part["number"],
        "filename": part["filename"],
        "content_type": part["type"],
        "size_bytes": len(content(raw, part["start"], part["end"], part["encoding"])),
        "url": views.url(address, "messages", message_id, "attachments", part["number"]),
    }


@router.get("/{message_id}/raw", responses={200: octets("message/rfc822", example=examples.RAW)})
async def get_raw(core: CurrentCore, actor: CurrentActor, address: MailboxAddress, message_id: str) -> Response:
    """The bytes of a message, as they were accepted, below the trace that was written on top."""
    opened = await core.reading.open_message(actor, address, read_id(message_id))
    return Response(opened.raw, media_type="message/rfc822")


@router.get("/{message_id}/attachments/{part}", responses={200: octets("application/octet-stream", "*/*", example="%PDF-1.7")})
async def get_attachment(core: CurrentCore, actor: CurrentActor, address: MailboxAddress, message_id: str, part: str) -> Response:
    """The decoded content of one attachment, in chunks, as the type that the letter says; `part` is its number in the message's list."""
    opened = await core.reading.open_message(actor, address, read_id(message_id))
    for leaf in read_summary(opened.item.message.summary).leaves:
        if leaf["number"] == part and leaf["attachment"]:
            octets = content(opened.raw, leaf["start"], leaf["end"], leaf["encoding"])
            return StreamingResponse(_chunks(octets), media_type=leaf["type"], headers=_download(leaf["filename"], len(octets)))
    raise Refusal(Rule.NOT_FOUND, say("This message has no attachment {part}.", part=part[:20]))


async def _chunks(octets: bytes) -> Any:
    for start in range(0, len(octets), _CHUNK_BYTES):
        yield octets[start : start + _CHUNK_BYTES]


def _download(filename: str | None, size: int) -> dict[str, str]:
    """Headers that make a browser save the file, never show it as a page of this site."""
    name = quote(filename or "attachment", safe="")
    return {
        "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
        "Content-Length": str(size),
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox",
    }


@router.get("/{message_id}/diagnosis", responses={200: {"model": DiagnosisOut}})
async def diagnose_message(core: CurrentCore, actor: CurrentActor, address: MailboxAddress, message_id: str) -> Response:
    """What is wrong with the documents of a message, with its subject and its fields. It is opened for that, as by any reading.

    Where the mailbox `keeps_diagnoses`, it is the one that is kept with the message, and `kept_at` says since when.
    """
    opened = await core.reading.open_message(actor, address, read_id(message_id))
    found, kept_at = await core.kept_diagnoses.of_opened(opened)
    return Json(diagnosis(found, core.world.settings.language, kept_at))


@router.patch("/{message_id}", responses={200: {"model": schemas.MessageSummary}, **_FLAGGING})
async def change_flags(
    core: CurrentCore, actor: CurrentActor, address: MailboxAddress, message_id: str, flags: schemas.FlagsIn
) -> Response:
    """Set and clear flags and keywords; the right to mark is needed, for `\\Deleted` the right to delete.

    `InCharge` and `Handled` are what `POST …/charge` does, and refused as there.
    """
    change = FlagChange(frozenset(flags.add), frozenset(flags.remove))
    return Json(await _shown(core, await core.reading.change_flags_of(actor, address, read_id(message_id), change)))


@router.post("/{message_id}/move", responses={200: {"model": schemas.MessageSummary}})
async def move_message(core: CurrentCore, actor: CurrentActor, address: MailboxAddress, message_id: str, to: schemas.MoveIn) -> Response:
    """Put a message into another folder of the mailbox; it keeps its id."""
    folder = to.folder_id or to.folder
    if folder is None:
        raise Refusal(Rule.INVALID, say("Say where: folder_id or folder."))
    return Json(await _shown(core, await messages.move(core.world, actor, address, read_id(message_id), folder)))


async def _shown(core: CurrentCore, changed: ChangedMessage) -> dict[str, Any]:
    known = await identity_names.identities_by_id(core.world, (reading.identity_id for reading in changed.readings))
    places = {changed.folder.id: changed.folder}
    return views.of_item(changed.item, places, changed.readings, known, readable=changed.readable)


@router.delete("/{message_id}", status_code=204)
async def delete_message(core: CurrentCore, actor: CurrentActor, address: MailboxAddress, message_id: str) -> Response:
    """Delete a message from this mailbox for good; the right to delete is needed."""
    await messages.delete(core.world, actor, address, read_id(message_id))
    return Response(status_code=204)
