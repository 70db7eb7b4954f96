"""Every letter of the world: which there are, where each copy lies, what became of it, its octets, its parts.

Nothing is recorded, marked or answered by looking: the reader has no identity in the world.
"""

import asyncio
import re
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Path, Query
from pydantic import ConfigDict, Field
from starlette.responses import Response

from mss_sim.clock import from_datetime
from mss_sim.core.control import every_letter
from mss_sim.core.world.store_types import LetterQuery
from mss_sim.errors import Refusal, Rule
from mss_sim.http import examples
from mss_sim.http import letters as views
from mss_sim.http.answers import CONTROL, octets, refusing
from mss_sim.http.control import require_control
from mss_sim.http.dependencies import CurrentCore, read_id
from mss_sim.http.diagnoses import DiagnosisOut, diagnosis
from mss_sim.http.paging import CurrentPage, PagedList
from mss_sim.http.routes import strict_router
from mss_sim.http.shapes import Json, Out, Person
from mss_sim.http.timelines import Timeline
from mss_sim.mail.addresses import AddressError, canonical
from mss_sim.mail.parse import fold
from mss_sim.mail.tree import tree
from mss_sim.words.sentence import joined, say, sentence_of

_FIELD_NAME = re.compile(r"[!-9;-~]+")  # ref: rfc5322#2.2
router = strict_router(
    prefix=views.PREFIX,
    tags=["control: letters"],
    dependencies=[Depends(require_control)],
    responses=refusing(*CONTROL, Rule.NOT_FOUND),
)
LetterId = Annotated[str, Path(description="`id` of a letter; `email_id` where mailboxes show it.", examples=[examples.ID])]
_PART: dict[str, Any] = {
    "examples": [
        {
            "part": "2",
            "content_type": "text/plain",
            "charset": "utf-8",
            "filename": "compte-rendu.txt",
            "disposition": "attachment",
            "encoding": "quoted-printable",
            "content_id": "<compte-rendu@cabinet.sim.mssante.fr>",
            "size_bytes": 52,
            "decoded_bytes": 48,
            "parts": [],
        }
    ]
}


class LetterOut(Out):
    """A letter without its text. A copy of it in a mailbox has the `id` of the letter as `email_id`."""

    id: str
    message_id: str | None
    conversation_id: str
    return_path: str | None = Field(examples=[examples.DOCTOR])
    from_: Annotated[list[Person], Field(alias="from")]
    to: list[Person]
    cc: list[Person]
    subject: str
    date: datetime | None
    """What the Date field says."""
    received_at: datetime
    size_bytes: int
    has_document: bool
    has_xdm: bool
    receipt_requested: bool
    copies: int
    """How many copies lie in folders; 0 while it waits in the queue and its sender keeps none."""


class LetterPage(Out):
    items: list[LetterOut]
    next_cursor: str | None
    """Give it back as `cursor` for the next page; null on the last one."""


class CopyOut(Out):
    """Where one copy lies."""

    mailbox: str
    folder: str
    folder_id: str
    uid: int
    id: str
    """By which the REST API knows it."""
    url: str = Field(examples=[f"/api/v1/mailboxes/{examples.PRACTICE}/messages/{examples.ID}"])
    flags: list[str]
    """The shared ones; where \\Seen is each reader's own, it is not told here."""
    keywords: list[str]
    received_at: datetime


class OpenedLetterOut(LetterOut):
    lies_in: list[CopyOut]
    sent: list[Timeline]
    """What became of it, recipient by recipient, when it was sent from here."""
    called_alike: list[str] = Field(examples=[[]])
    """Other letters with the same Message-ID: carried to another operator, filed by its sender's program, or sent twice."""


class PartOut(Out):
    """One part of a message. `part` is its section number in IMAP; null for the whole of a message of several parts."""

    model_config = ConfigDict(json_schema_extra=_PART)

    part: str | None
    content_type: str
    charset: str | None
    filename: str | None
    disposition: str | None
    encoding: str
    content_id: str | None
    size_bytes: int
    """As it lies in the message, encoded."""
    decoded_bytes: int | None
    """Decoded; null for what holds other parts."""
    parts: list["PartOut"]
    """What it holds: parts, or the message that is attached."""


def read_field(text: str | None) -> tuple[str, str] | None:
    """`Name: text` as a field and what it contains, folded; Refusal(INVALID) for what is no field, which no letter has."""
    if text is None:
        return None
    name, colon, value = text.partition(":")
    if not _FIELD_NAME.fullmatch(name.strip()) or not colon:
        raise Refusal(Rule.INVALID, say("Write a header as Name: text, or as Name: alone for any that has it."))
    return name.strip(), fold(value.strip())


@router.get("", responses={200: {"model": LetterPage}, **refusing(*CONTROL, Rule.NOT_FOUND, Rule.LIMIT_REACHED)})
async def list_letters(
    core: CurrentCore,
    page: CurrentPage,
    from_: Annotated[str | None, Query(alias="from", description="Part of a sender's name or address.")] = None,
    to: Annotated[str | None, Query(description="Part of the name or address of somebody in To or Cc.", examples=["tilleuls"])] = None,
    subject: Annotated[str | None, Query(description="Part of the subject; case and accents do not matter.")] = None,
    text: Annotated[str | None, Query(description="Part of the subject, the people or the text.")] = None,
    message_id: Annotated[str | None, Query(description="The whole Message-ID.", examples=["<question@medecin.sim.mssante.fr>"])] = None,
    header: Annotated[
        str | None, Query(description="`Name: text`: letters with such a field.", examples=["X-MSS-NIL: DEV0001"], max_length=2_000)
    ] = None,
    since: Annotated[datetime | None, Query(description="Received at or after this instant.")] = None,
    until: Annotated[datetime | None, Query(description="Received before this instant.", examples=[examples.INSTANT])] = None,
    mailbox: Annotated[str | None, Query(description="Letters with a copy in this mailbox.")] = None,
    has_document: Annotated[bool | None, Query(description="Only with, or only without, files.", examples=[True])] = None,
) -> Response:
    """The letters of the world, newest first, in whatever mailbox; without their texts.

    A letter is there while it lies in a folder, waits in the queue, or is a report of a timeline. One that was carried to another operator
    is there twice, as it left and as it arrived, with one Message-ID.
    """
    query = LetterQuery(
        limit=page.limit + 1,
        before=page.before(PagedList.LETTERS),
        from_=fold(from_) if from_ else None,
        to=fold(to) if to else None,
        subject=fold(subject) if subject else None,
        text=fold(text) if text else None,
        message_id=message_id or None,
        header=read_field(header),
        since=from_datetime(since) if since else None,
        until=from_datetime(until) if until else None,
        has_document=has_document,
    )
    rows = await every_letter.list_letters(core.world, query, _mailbox(mailbox))
    return Json(page.cut(PagedList.LETTERS, rows, lambda row: row.message.id, views.letter))


def _mailbox(text: str | None) -> str | None:
    if not text:
        return None
    try:
        return canonical(text)
    except AddressError as error:
        raise Refusal(Rule.INVALID, joined((sentence_of(error), ".")), subject=text[:320], reference="rfc5321#4.1.2") from error


@router.get("/{letter_id}", responses={200: {"model": OpenedLetterOut}})
async def get_letter(core: CurrentCore, letter_id: LetterId) -> Response:
    """One letter: where each copy lies, and what became of it, recipient by recipient, where it was sent from here."""
    return Json(await views.opened(core.world, await every_letter.open_letter(core.world, read_id(letter_id))))


@router.get("/{letter_id}/raw", responses={200: octets("message/rfc822", example=examples.RAW)})
async def get_raw(core: CurrentCore, letter_id: LetterId) -> Response:
    """The octets of a letter, exactly as they are kept."""
    return Response(await every_letter.read_raw(core.world, read_id(letter_id)), media_type="message/rfc822")


@router.get("/{letter_id}/mime", responses={200: {"model": PartOut}})
async def get_parts(core: CurrentCore, letter_id: LetterId) -> Response:
    """The parts of a letter, each with its section number, type, charset, file name, encoding and size; attached messages are opened."""
    raw = await every_letter.read_raw(core.world, read_id(letter_id))
    return Json(views.part(await asyncio.to_thread(tree, raw)))


@router.get("/{letter_id}/diagnosis", responses={200: {"model": DiagnosisOut}})
async def diagnose_letter(core: CurrentCore, letter_id: LetterId) -> Response:
    """What is wrong with the documents of a letter, with its subject and its fields: findings, and what was not checked.

    It is the one that a mailbox keeps with the letter, where one does (`kept_at`).
    """
    id_ = read_id(letter_id)
    found, kept_at = await core.kept_diagnoses.of_letter(id_, await every_letter.read_raw(core.world, id_))
    return Json(diagnosis(found, core.world.settings.language, kept_at))
