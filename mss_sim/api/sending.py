"""REST: sending letters, and what became of them."""

import asyncio
import base64
import hashlib
from dataclasses import replace
from typing import Annotated, Any

from fastapi import Header, Query, Request
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from mss_sim.api import schemas, views
from mss_sim.api.schemas import PersonIn, SendIn
from mss_sim.api.views import PREFIX
from mss_sim.core.access import identity_names as people
from mss_sim.core.access.authentication import Actor
from mss_sim.core.assembly import Core
from mss_sim.core.mailbox import messages
from mss_sim.core.mailbox.message_to_store import read_message
from mss_sim.core.mailflow import composing, sent_letters
from mss_sim.core.mailflow.composing import Answered, Composition, answered_by_name
from mss_sim.core.mailflow.letter import Accepted, Addressee, IdempotencyKey
from mss_sim.core.mailflow.read_receipts import ReceiptWish
from mss_sim.core.mailflow.sent_letters import Sent
from mss_sim.core.mailflow.submission import SubmissionRequest as Submit
from mss_sim.core.mailflow.submission import size_max
from mss_sim.core.world.store_types import Mailbox
from mss_sim.errors import Refusal, Rule
from mss_sim.http import examples
from mss_sim.http.answers import IN_A_MAILBOX, octets, refusing, unsupported
from mss_sim.http.dependencies import CurrentActor, CurrentCore, MailboxAddress, read_id
from mss_sim.http.faults import faults
from mss_sim.http.paging import CurrentPage, PagedList
from mss_sim.http.routes import strict_router
from mss_sim.http.shapes import Json
from mss_sim.http.timelines import Timeline
from mss_sim.ids import encode
from mss_sim.mail.addresses import AddressError, addresses_of, canonical
from mss_sim.mail.compose import File
from mss_sim.mail.headers import without_fields
from mss_sim.mail.parse import people_in
from mss_sim.policy.closure import WRITING_RULES
from mss_sim.vocabulary.mailboxes import Right, SendMode
from mss_sim.words.sentence import joined, say, sentence_of

router = strict_router(prefix=f"{PREFIX}/mailboxes/{{address}}", tags=["sending"], responses=refusing(*IN_A_MAILBOX))
_PEER = "the REST API"
_MEDIA_TYPES = say("Send application/json or message/rfc822.")
_TAKING = (
    *(Rule.UNKNOWN_MAILBOX, Rule.MAILBOX_CLOSED, Rule.MAILBOX_SUSPENDED, Rule.MAILBOX_FULL, Rule.DOMAIN_OUTSIDE),
    *(Rule.TOO_LARGE, Rule.PATIENT_NOT_QUALIFIED, *WRITING_RULES),
)
_SENDING = unsupported(_MEDIA_TYPES) | refusing(
    *(*IN_A_MAILBOX, *_TAKING, Rule.SEND_NOT_ALLOWED, Rule.MALFORMED_MESSAGE, Rule.NO_RECIPIENT, Rule.BAD_ADDRESS),
    *(Rule.TOO_MANY_RECIPIENTS, Rule.IDEMPOTENCY_MISMATCH, Rule.RECEIPT_ALREADY_SENT),
)
_RECEIPT = refusing(
    *(*IN_A_MAILBOX, *_TAKING, Rule.RECEIPT_NOT_REQUESTED, Rule.RECEIPT_ALREADY_SENT, Rule.RECEIPT_NEEDS_CONSENT),
    *(Rule.RECEIPT_OPTION_UNKNOWN, Rule.MAILBOX_SUSPENDED),
)
_SCHEMA = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/SendIn"}},
            "message/rfc822": {"schema": {"type": "string", "format": "binary"}, "example": examples.RAW},
        },
    }
}


@router.post("/messages", status_code=201, responses={201: {"model": schemas.SentOut}, **_SENDING}, openapi_extra=_SCHEMA)
async def send_message(
    request: Request,
    core: CurrentCore,
    actor: CurrentActor,
    address: MailboxAddress,
    idempotency_key: Annotated[
        str | None, Header(alias="Idempotency-Key", max_length=200, description="The same key sends once, for a day.")
    ] = None,
    to: Annotated[list[str] | None, Query(description="message/rfc822 only: the envelope's recipients; none: To, Cc and Bcc.")] = None,
    send_mode: Annotated[SendMode | None, Query(description="message/rfc822 only: in what quality.")] = None,
) -> Response:
    """Send from this mailbox: JSON with attachments, or a whole message as `message/rfc822`.

    All recipients are checked first: when one is refused, nothing is sent and the answer tells each refusal.

    You must be allowed to send from this mailbox. A letter in JSON leaves from it. A whole message leaves from the mailbox that its
    From names, from which you must be allowed to send too; when that is another one, this mailbox is the return path only. `mailbox`
    in the answer is the one that the letter left from, and the links lead to where things lie: null when you may not look there.
    Whom Bcc names gets a whole message too, and the field is cut out, unless `to` says who gets it: then it is cut out only.
    """
    mailbox = (
        await core.submission.senders.sender_at(actor, address)
    ).mailbox  # first of all: who may not send learns nothing of its limit
    body = await _body(request, core, mailbox)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "message/rfc822":
        submit = await _whole(core, address, body, to, send_mode)
    elif kind == "application/json":
        submit = await _composed(core, actor, mailbox, body)
    else:
        raise HTTPException(415, _MEDIA_TYPES)
    if idempotency_key:
        digest = hashlib.sha256(f"{address}\n{kind}\n{to}\n{send_mode}\n".encode())
        await asyncio.to_thread(digest.update, body)
        submit = _with_key(submit, IdempotencyKey(idempotency_key, digest.hexdigest()))
    result = await core.submission.submit(actor, submit)
    return Json(await _accepted(core, actor, result), status_code=201)


async def _accepted(core: Core, actor: Actor, result: Accepted) -> dict[str, Any]:
    """The answer to who sent a letter; a holder may look wherever it leaves something."""
    timeline_in, copy_in = result.left_from, result.sent_in
    if result.mode is SendMode.OWNER:
        return views.accepted(core.world, result, timeline_in, copy_in)
    seen = await messages.may(core.world, actor, timeline_in, Right.SEE)
    read = copy_in is not None and await messages.may(core.world, actor, copy_in, Right.READ)
    if read and copy_in is not None:
        result = replace(result, sent_copy_id=await messages.seen_as(core.world, actor, copy_in, result.sent_copy_id))
    return views.accepted(core.world, result, timeline_in if seen else None, copy_in if read else None)


async def _body(request: Request, core: Core, mailbox: Mailbox) -> bytes:
    """The body, given up as soon as it cannot be a message within the mailbox's limit (base64 in JSON takes a third more)."""
    limit = await size_max(core.world, mailbox) * 3 // 2 + 1_000_000
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise Refusal(Rule.TOO_LARGE, say("The request is over {limit} bytes.", limit=limit), reference="rfc1870#6.1")
        chunks.append(chunk)
    return b"".join(chunks)


def _with_key(submit: Submit, key: IdempotencyKey) -> Submit:
    return replace(submit, idempotency=key)


async def _whole(core: Core, address: str, raw: bytes, to: list[str] | None, wished: SendMode | None) -> Submit:
    """A message as it is, but for Bcc; bare line feeds are a client's mistake and refused like over SMTP."""
    parsed = await read_message(core.world, raw)
    bcc = await asyncio.to_thread(people_in, parsed.headers, "Bcc") if parsed.headers.all("Bcc") else ()
    named = [_canonical(one) for one in to] if to else list(addresses_of((*parsed.to, *parsed.cc, *bcc)))
    composing.check_count(core.world, len(named))
    if parsed.headers.all("Bcc"):
        raw = without_fields(raw, ["Bcc"])
    return composing.all_or_nothing(address, raw, [Addressee(one) for one in dict.fromkeys(named)], wished, peer=_PEER)


async def _composed(core: Core, actor: Actor, mailbox: Mailbox, body: bytes) -> Submit:
    try:
        letter = await asyncio.to_thread(SendIn.model_validate_json, body)
    except ValidationError as error:
        raise Refusal(Rule.INVALID, say("Correct the letter: {faults}.", faults=faults(error.errors()))) from error
    composing.check_count(core.world, len({_address(one) for one in (*letter.to, *letter.cc, *letter.bcc)}))
    to, cc, bcc = (_pairs(people) for people in (letter.to, letter.cc, letter.bcc))
    if letter.send_mode is not None:
        await core.submission.senders.sender_at(actor, mailbox.address, letter.send_mode)
    written = Composition(
        mailbox,
        to,
        cc,
        bcc,
        _pairs(letter.reply_to),
        letter.subject,
        letter.text,
        letter.html,
        await asyncio.to_thread(_files, letter.attachments),
        await _parent(core, actor, mailbox.address, letter.in_reply_to),
        read_receipt=letter.request_read_receipt,
        delivery_receipt=letter.request_delivery_receipt,
        closes=letter.close_conversation,
        mode=letter.send_mode,
        headers=letter.headers,
    )
    return await composing.request(core.world, actor, written, peer=_PEER)


def _address(person: PersonIn | str) -> str:
    return (person if isinstance(person, str) else person.address).strip().lower()


def _pairs(people: list[PersonIn | str]) -> list[tuple[str, str]]:
    return [("", _canonical(one)) if isinstance(one, str) else (one.name, _canonical(one.address)) for one in people]


def _canonical(text: str) -> str:
    try:
        return canonical(text)
    except AddressError as error:
        raise Refusal(Rule.BAD_ADDRESS, joined((sentence_of(error), ".")), subject=text[:320], reference="rfc5321#4.1.2") from error


def _files(attachments: list[schemas.AttachmentIn]) -> list[File]:
    found = []
    for one in attachments:
        try:
            octets = base64.b64decode(one.content_base64, validate=True)
        except ValueError as error:  # letters beyond ASCII are not even an error of base64
            raise Refusal(
                Rule.INVALID, say("content_base64 of {filename} is not base64.", filename=one.filename), reference="rfc4648#4"
            ) from error
        found.append(File(one.filename, one.content_type, octets))
    return found


async def _parent(core: Core, actor: Actor, address: str, text: str | None) -> Answered:
    """What an answer to a message of the mailbox, or to a Message-ID alone, says of it."""
    if not text:
        return Answered()
    return answered_by_name(text) if text.startswith("<") else await composing.answered(core.world, actor, address, read_id(text))


@router.post(
    "/messages/{message_id}/receipt", status_code=201, responses={201: {"model": schemas.ReceiptOut}, **_RECEIPT}, tags=["receipts"]
)
async def send_receipt(
    core: CurrentCore, actor: CurrentActor, address: MailboxAddress, message_id: str, receipt: schemas.ReceiptIn | None = None
) -> Response:
    """Send the read receipt that a letter asks for; at most one leaves per letter and mailbox."""
    asked = receipt or schemas.ReceiptIn()
    wish = ReceiptWish(asked.disposition, asked.error, confirmed=asked.confirm)
    sent = await core.receipts.send(actor, address, read_id(message_id), wish)
    return Json({"to": sent.to, "email_id": encode(sent.message_id)}, status_code=201)


@router.get("/messages/{message_id}/timeline", responses={200: {"model": Timeline}}, tags=["receipts"])
async def message_timeline(core: CurrentCore, actor: CurrentActor, address: MailboxAddress, message_id: str) -> Response:
    """What became of a letter that this mailbox sent, by its copy in Sent."""
    return await _timeline(core, address, await sent_letters.timeline_of_copy(core.world, actor, address, read_id(message_id)))


@router.get("/sent", responses={200: {"model": schemas.TimelinePage}}, tags=["receipts"])
async def list_sent(core: CurrentCore, actor: CurrentActor, address: MailboxAddress, page: CurrentPage) -> Response:
    """The letters that this mailbox sent, newest first, each with one timeline per recipient."""
    rows = await sent_letters.sent_letters(core.world, actor, address, before=page.before(PagedList.SENT), limit=page.limit + 1)
    known = await people.identities_by_id(core.world, (row.submission.actor_id for row in rows))
    return Json(page.cut(PagedList.SENT, rows, lambda row: row.submission.id, lambda row: views.timeline(row, address, known)))


@router.get("/sent/{submission_id}", responses={200: {"model": Timeline}}, tags=["receipts"])
async def sent_timeline(core: CurrentCore, actor: CurrentActor, address: MailboxAddress, submission_id: str) -> Response:
    """One sent letter with one timeline per recipient."""
    return await _timeline(core, address, await sent_letters.timeline(core.world, actor, address, read_id(submission_id)))


async def _timeline(core: Core, address: str, row: Sent) -> Response:
    return Json(views.timeline(row, address, await people.identities_by_id(core.world, [row.submission.actor_id])))


@router.get("/sent/{submission_id}/reports/{event_id}", responses={200: octets("message/rfc822", example=examples.RAW)}, tags=["receipts"])
async def raw_report(core: CurrentCore, actor: CurrentActor, address: MailboxAddress, submission_id: str, event_id: str) -> Response:
    """The report that an event came from, as it arrived."""
    raw = await sent_letters.raw_report(core.world, actor, address, read_id(submission_id), read_id(event_id))
    return Response(raw, media_type="message/rfc822")
