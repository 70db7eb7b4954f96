"""Events over HTTP: as server-sent events, or as a page of JSON.

    id: 1042
    event: message.received
    data: {"position": 1042, "kind": "message.received", "at": …, "mailbox": …, "message": {…}, …}

`id` is the position in the feed; a client that comes again with `Last-Event-ID`, as browsers do by themselves, goes on behind it
(ref: whatwg-html#server-sent-events). A heartbeat is a comment with the present position, so that a client which hears little need not
start far back. What ends the listening, a right or a log-in that is gone, is sent as the event `refused` with a problem document.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any

import orjson
from fastapi import Query, Request
from pydantic import Field
from starlette.responses import Response, StreamingResponse

from mss_sim.core.assembly import Core
from mss_sim.core.feed.listening import Batch, Ears, Heard
from mss_sim.core.feed.plain_events import plain
from mss_sim.core.feed.reading_events import EventFilter, check_position
from mss_sim.errors import Refusal, Rule
from mss_sim.http import examples
from mss_sim.http.answers import Answers
from mss_sim.http.problems import problem
from mss_sim.http.shapes import IdentityRef, Json, Out
from mss_sim.mail.addresses import AddressError, canonical
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.events import KINDS, Family
from mss_sim.words.sentence import joined, say, sentence_of

EVENT_STREAM = "text/event-stream"
_POSITION_MAX = 2**62
_RETRY_MILLISECONDS = 1_000
_PAGE = 100
_WRITTEN_MAX = 256

Kinds = Annotated[
    str | None,
    Query(
        alias="kind", description="Kinds of events, parted by commas; `grant.*` is every kind of grants; none: all.", examples=["message.*"]
    ),
]
OfMailbox = Annotated[str | None, Query(description="Address of the only mailbox to hear of.", examples=[examples.PRACTICE])]
After = Annotated[
    str | None,
    Query(
        max_length=20, description="A position: what came later. It goes before `Last-Event-ID`; without both: from now on.", examples=["0"]
    ),
]
ListenSeconds = Annotated[
    float | None, Query(ge=0, allow_inf_nan=False, description="Seconds to listen; none: until you hang up.", examples=[0.1])
]


class MessageRef(Out):
    id: str | None
    """What the letter is called at this door; null where it does not lie there any more."""
    subject: str | None
    message_id: str | None


class EventOut(Out):
    """Something that happened."""

    position: int = Field(examples=[1042])
    """Its place in the feed: 1, 2, 3 …"""
    kind: str = Field(examples=["message.received"])
    at: datetime | None
    """On the world's clock; null for the world itself."""
    mailbox: str | None = Field(examples=[examples.PRACTICE])
    message: MessageRef | None
    who: IdentityRef | None
    """Who did it; null where it happened by itself, and where you do not manage the mailbox, as the three that follow."""
    door: Door | None
    grant: str | None
    detail: dict[str, Any] | None = Field(examples=[{"from": examples.DOCTOR}])
    """By the schema of its kind."""


class EventPage(Out):
    """What happened behind a position."""

    events: list[EventOut]
    cursor: str = Field(examples=["1042"])
    """Give it back as `after`."""


STREAM: Answers = {200: {"model": EventPage, "content": {EVENT_STREAM: {"schema": {"type": "string"}}}}}
"""What a route of events answers, as OpenAPI shows it."""


def read_position(text: str, name: str) -> int:
    """A position in the feed; Refusal(INVALID) for what was never given."""
    if text.isascii() and text.isdigit() and int(text) <= _POSITION_MAX:
        return int(text)
    detail = say("{name} is a position in the feed, as an answer gave it: a whole number.", name=name)
    raise Refusal(Rule.INVALID, detail, subject=name, reference="quirks#events")


async def read_given_position(core: Core, text: str, name: str) -> int:
    """A position that this world gave; Refusal(INVALID) for what it never gave, such as that of another world."""
    position = read_position(text, name)
    await check_position(core.world, position, name)
    return position


def read_filter(kinds: str | None, mailbox: str | None) -> EventFilter:
    """What is asked for; Refusal(INVALID) for a kind that there is not, which would never come."""
    wanted: set[str] = set()
    for word in (kinds or "").split(",") if kinds else ():
        found = {kind for kind in KINDS if kind == word.strip() or f"{kind.partition('.')[0]}.*" == word.strip()}
        if not found:
            families = ", ".join(f"{family.value}.*" for family in Family)
            detail = say("There is no kind of events {word!r}; the families are {families}.", word=word.strip()[:40], families=families)
            raise Refusal(Rule.INVALID, detail, subject="kind", reference="quirks#events")
        wanted |= found
    try:
        return EventFilter(frozenset(wanted), canonical(mailbox) if mailbox is not None else None)
    except AddressError as error:
        raise Refusal(Rule.INVALID, joined((sentence_of(error), ".")), subject="mailbox", reference="rfc5321#4.1.2") from error


async def answer(core: Core, request: Request, ears: Ears, wanted: EventFilter, after: str | None, seconds: float | None) -> Response:
    """The answer of a route: a stream, or a page where JSON is what the client takes."""
    last, place = request.headers.get("last-event-id"), None
    if after is not None:
        place = read_position(after, "after")
    elif last:
        place = read_position(last, "Last-Event-ID")
    accepts = request.headers.get("accept", "")
    if "application/json" in accepts and EVENT_STREAM not in accepts:
        batch = await core.feed.page(wanted, ears, place or 0, _PAGE)
        return Json({"events": [plain(one) for one in batch.heard], "cursor": str(batch.position)})
    await ears.refresh()
    core.feed.check_room()
    stream = _lines(core, core.feed.follow(wanted, ears, place, seconds))
    return StreamingResponse(stream, media_type=EVENT_STREAM, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})


async def _lines(core: Core, batches: AsyncGenerator[Batch, None]) -> AsyncIterator[bytes]:
    yield f"retry: {_RETRY_MILLISECONDS}\n\n".encode()
    try:
        async with aclosing(batches):
            async for batch in batches:
                yield b"".join(map(_event, batch.heard)) or f": heartbeat\nid: {batch.position}\n\n".encode()
    except Refusal as refusal:
        told = problem(refusal, core.world.settings.language)
        yield b"event: refused\ndata: " + orjson.dumps(told) + b"\n\n"


@lru_cache(maxsize=_WRITTEN_MAX)
def _event(one: Heard) -> bytes:
    """An event as it is sent, written once for all who hear it alike."""
    return f"id: {one.event.position}\nevent: {one.event.kind}\ndata: ".encode() + orjson.dumps(plain(one)) + b"\n\n"
