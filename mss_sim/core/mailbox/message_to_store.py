"""A message as stored: parsed once, with the row that lists and readings show without opening its body."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple, ParamSpec, TypeVar

from mss_sim.clock import Micros
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.mail import structure
from mss_sim.mail.headers import with_fields_on_top
from mss_sim.mail.parse import MalformedMessage, ParsedMessage, fold, parse, takes_long
from mss_sim.mail.summary import write_summary
from mss_sim.store.messages import MessageRow
from mss_sim.words.sentence import say, sentence_of

P = ParamSpec("P")
R = TypeVar("R")


class Stored(NamedTuple):
    """A message ready for the writer, which is the bottleneck and only writes: `raw` with the added fields on top.

    `row` is complete except for its thread, which is its own until it is known to join another.
    """

    raw: bytes
    row: MessageRow
    imap_envelope: bytes
    search_text: str


async def without_holding(raw: bytes, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """The result of work on a message; long work runs in a thread, so that other connections do not wait for it."""
    return await asyncio.to_thread(work, *args, **kwargs) if takes_long(raw) else work(*args, **kwargs)


async def read_message(world: World, raw: bytes, *, fields: int = 0, octets: int = 0) -> ParsedMessage:
    """The message parsed once; Refusal(MALFORMED_MESSAGE) when it may not be stored.

    `fields` and `octets` are how many of its header others wrote above it: the limits are for what its author wrote.
    """
    limits = world.parse_limits
    if fields:
        limits = replace(limits, header_count=limits.header_count + fields, header_size_bytes=limits.header_size_bytes + octets)
    try:
        return await without_holding(raw, parse, raw, limits)
    except MalformedMessage as error:
        raise Refusal(
            Rule.MALFORMED_MESSAGE, say("The message is refused: {error}.", error=sentence_of(error)), reference="rfc5322#2.3"
        ) from error


def stored(
    message_id: int, raw: bytes, parsed: ParsedMessage, *, return_path: str | None, fields: Sequence[tuple[str, str]], at: Micros
) -> Stored:
    """A message with `fields` on top of it; `parsed` is the parsed form of `raw`."""
    whole = with_fields_on_top(raw, fields) if fields else raw
    row = MessageRow(
        id=message_id,
        thread_id=message_id,
        rfc_message_id=parsed.message_id,
        return_path=return_path,
        size_bytes=len(whole),
        sent_at=parsed.sent_at,
        received_at=at,
        subject=parsed.subject,
        summary=write_summary(parsed, len(whole) - parsed.size_bytes),
        from_search=_people(parsed.from_),
        to_search=_people((*parsed.to, *parsed.cc)),
        subject_search=fold(parsed.subject),
        has_attachments=bool(parsed.attachments),
    )
    return Stored(whole, row, structure.envelope(parsed.headers), parsed.search_text)


def _people(pairs: Sequence[tuple[str, str]]) -> str:
    return fold(" ".join(f"{name} {address}" for name, address in pairs))
