"""Wait until something has happened in the world: answered after the commit that brought it, without anybody polling."""

from dataclasses import asdict
from enum import StrEnum
from typing import Annotated, Any

from fastapi import Depends
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from mss_sim.clock import iso
from mss_sim.control.letters import read_field
from mss_sim.core.assembly import Core
from mss_sim.core.feed import wait_conditions
from mss_sim.core.feed.listening import Heard
from mss_sim.core.feed.near_misses import NearEvent, NearMiss, near_acts, near_misses, near_sessions, near_timelines
from mss_sim.core.feed.plain_events import plain
from mss_sim.core.feed.wait_conditions import Found, FoundLetter, LetterSearch, Names, SessionQuery
from mss_sim.core.world.store_types import ActQuery, EventQuery, JournalRow, LetterQuery, TimelineEvent
from mss_sim.errors import Refusal, Rule
from mss_sim.evidence.transcripts import Transcript
from mss_sim.http import examples
from mss_sim.http.answers import CONTROL, refusing
from mss_sim.http.control import require_control
from mss_sim.http.dependencies import CurrentCore
from mss_sim.http.events import read_given_position, read_position
from mss_sim.http.leaving import unless_left
from mss_sim.http.routes import strict_router
from mss_sim.http.sessions import session
from mss_sim.http.shapes import Flag, In, Json, OneLine, Out, Seconds, Whole
from mss_sim.http.writing import read_address
from mss_sim.ids import decode, encode
from mss_sim.mail.extracts import extracts
from mss_sim.mail.parse import fold
from mss_sim.mail.summary import read_summary
from mss_sim.policy.hearing import Hearing
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.mail import TimelineKind
from mss_sim.words.sentence import say

router = strict_router(
    prefix="/control/wait",
    tags=["control: waiting"],
    dependencies=[Depends(require_control)],
    responses=refusing(*CONTROL, Rule.NOT_FOUND, Rule.LIMIT_REACHED, Rule.CONFLICT),
)
_COUNT_MAX = 1_000
_TIMEOUT_SECONDS = 10.0


class Awaited(StrEnum):
    """What is waited for."""

    MESSAGE = "message"  # a letter, anywhere or in a mailbox
    ACT = "act"  # a line of a journal: a grant, a closure, a reading, a refusal
    TIMELINE = "timeline"  # what happened to a recipient of a letter: delivered, displayed
    SESSION = "session"  # what a client did in one go: a connection, a run of HTTP requests
    LOG_IN = "log_in"  # one in which somebody logged in
    SETTLED = "settled"  # nothing is under way and nothing is due


_SESSIONS = (Awaited.SESSION, Awaited.LOG_IN)
_RULES = frozenset(one.value for one in Rule)
_MARKS: dict[Awaited, frozenset[str]] = {
    Awaited.MESSAGE: frozenset({"mailbox", "from_", "to", "subject", "text", "ins", "message_id", "header", "has_document"}),
    Awaited.ACT: frozenset({"mailbox", "acts", "who"}),
    Awaited.TIMELINE: frozenset({"events", "recipient", "message_id"}),
    Awaited.SESSION: frozenset({"door", "who", "client", "rule"}),
    Awaited.LOG_IN: frozenset({"door", "who", "client"}),
    Awaited.SETTLED: frozenset(),
}


class WaitIn(In):
    """What to wait for; marks that are left out are not looked at."""

    kind: Awaited = Field(examples=[Awaited.MESSAGE])
    timeout: Annotated[Seconds, Field(ge=0, allow_inf_nan=False)] = Field(default=_TIMEOUT_SECONDS, description="Seconds.")
    count: Annotated[Whole, Field(ge=1, le=_COUNT_MAX)] = Field(default=1, description="How many there have to be.")
    none: Flag = Field(default=False, description="That none may come: the answer comes at the end of the time, or when one is there.")
    after: str | None = Field(default=None, max_length=20, description="`cursor` of an answer before: what came later.", examples=[None])
    mailbox: OneLine | None = Field(default=None, description="Address.", examples=[examples.PRACTICE])
    from_: OneLine | None = Field(default=None, alias="from", description="Part of a sender's name or address.", examples=[None])
    to: OneLine | None = Field(default=None, description="Part of a recipient's name or address.", examples=[None])
    subject: OneLine | None = Field(default=None, description="Part of the subject.", examples=[None])
    text: OneLine | None = Field(default=None, description="Part of the subject, the people or the text.", examples=[None])
    ins: OneLine | None = Field(default=None, description="A patient's INS, in subject, people or text.", examples=[None])
    message_id: OneLine | None = Field(default=None, description="The whole Message-ID.", examples=[None])
    header: OneLine | None = Field(default=None, description="`Name: text` of a field.", examples=[None])
    has_document: Flag | None = Field(default=None, examples=[None])
    acts: list[Act] | None = Field(default=None, max_length=50, description="Kinds of lines.", examples=[None])
    who: OneLine | None = Field(default=None, description="Who acted, or logged in: idNat, login or address.", examples=[None])
    door: Door | None = Field(default=None, description="At which door.", examples=[None])
    client: OneLine | None = Field(default=None, description="Part of the client's name.", examples=[None])
    rule: OneLine | None = Field(default=None, description="A rule that refused something.", examples=[None])
    events: list[TimelineKind] | None = Field(default=None, max_length=10, description="Kinds of events.", examples=[None])
    recipient: OneLine | None = Field(default=None, description="Address of the recipient.", examples=[None])


class WaitOut(Out):
    """What was waited for, or what came instead."""

    met: bool
    """Whether it is as it was asked for."""
    found: list[dict[str, Any]] = Field(examples=[[]])
    """Letters with values taken out of them, lines of journals, events; the oldest first."""
    near: list[dict[str, Any]] = Field(examples=[[]])
    """Letters that came instead, events as the feed tells them, or sessions, and the marks that they lack."""
    cursor: str = Field(examples=["1042"])
    """A position in the feed of events, of sessions the id of the newest. Give it back as `after`: what is found then came later."""


@router.post("", responses={200: {"model": WaitOut}})
async def wait(core: CurrentCore, wanted: WaitIn, request: Request) -> Response:
    """Answer as soon as so many are there, or the time is over; `met` says which. What was there before counts, but for `after`."""
    _check(wanted)
    if wanted.after is not None and wanted.kind not in _SESSIONS:
        await read_given_position(core, wanted.after, "after")
    mailbox = read_address(wanted.mailbox) if wanted.mailbox is not None else None
    match wanted.kind:
        case Awaited.SETTLED:
            answer = _settled(core, wanted)
        case Awaited.MESSAGE:
            answer = _letters_to_come(core, wanted, mailbox)
        case Awaited.SESSION | Awaited.LOG_IN:
            answer = _sessions(core, wanted)
        case Awaited.ACT | Awaited.TIMELINE:
            answer = _lines(core, wanted, mailbox)
    return Json(await unless_left(request, answer))


async def _lines(core: Core, wanted: WaitIn, mailbox: str | None) -> dict[str, Any]:
    found: Found[Any] = Found([], 0)

    async def look() -> bool | None:
        nonlocal found
        found = await _find(core, wanted, mailbox)
        return True if len(found.rows) >= wanted.count else None

    came = await core.waits.until(look, wanted.timeout) is not None
    names = await wait_conditions.names_of(core.world, found.rows)
    answer = _answer(wanted, [_line(one, names) for one in found.rows], found.position, came=came)
    if not (answer["met"] or came):
        near = await _near_lines(core, wanted, mailbox)
        answer["near"] = [{**plain(Heard(one.event, Hearing.WHOLE, one.event.letter_id)), "lacks": list(one.lacks)} for one in near]
    return answer


async def _near_lines(core: Core, wanted: WaitIn, mailbox: str | None) -> list[NearEvent]:
    if wanted.kind is Awaited.ACT:
        return await near_acts(core.world, _acts(wanted), mailbox, wanted.who, _after(wanted))
    return await near_timelines(core.world, _events(wanted), _after(wanted))


async def _letters_to_come(core: Core, wanted: WaitIn, mailbox: str | None) -> dict[str, Any]:
    search = LetterSearch(core.world, _letters(wanted), mailbox, _after(wanted))
    only = await wait_conditions.folders_of(core.world, mailbox) if mailbox else None
    found: list[FoundLetter] = []

    async def look() -> bool | None:
        found[:] = await search.look()
        return True if len(found) >= wanted.count else None

    came = await core.waits.until(look, wanted.timeout, only) is not None
    answer = _answer(wanted, list(map(_found_letter, found)), search.position or 0, came=came)
    if not (answer["met"] or came):
        answer["near"] = list(map(_near, await near_misses(core.world, search.near, mailbox)))
    return answer


async def _sessions(core: Core, wanted: WaitIn) -> dict[str, Any]:
    asked = wanted.door, wanted.who, wanted.client, wanted.rule, wanted.kind is Awaited.LOG_IN, _after_session(wanted)
    found: list[Transcript] = []

    async def look() -> bool | None:
        found[:] = await wait_conditions.find_sessions(core.world, SessionQuery(*asked))
        return True if len(found) >= wanted.count else None

    came = await core.waits.until(look, wanted.timeout) is not None
    newest = found[-1].id if found else wanted.after or ""
    near = [] if came or wanted.none else await near_sessions(core.world, SessionQuery(*asked))
    told = [{**session(one.session), "lacks": list(one.lacks)} for one in near]
    return {"met": came is not wanted.none, "found": list(map(session, found)), "near": told, "cursor": newest}


def _answer(wanted: WaitIn, found: list[dict[str, Any]], position: int, *, came: bool) -> dict[str, Any]:
    return {"met": came is not wanted.none, "found": found, "near": [], "cursor": str(position)}


async def _settled(core: Core, wanted: WaitIn) -> dict[str, Any]:
    async def look() -> bool | None:
        return True if await core.settling.over() else None

    met = await core.waits.until(look, wanted.timeout) is not None
    return {"met": met, "found": [], "near": [], "cursor": str(await wait_conditions.place(core.world))}


def _check(wanted: WaitIn) -> None:
    """Refuse what can never come true, and what the kind does not have: it would be passed over."""
    if wanted.kind is Awaited.SETTLED and (wanted.none or wanted.count > 1 or wanted.after is not None):
        detail = say("Rest is there or not: leave count, none and after out.")
        raise Refusal(Rule.INVALID, detail, subject="kind", reference="quirks#waits")
    if wanted.rule is not None and "_" not in wanted.rule and wanted.rule not in _RULES:  # the codes of OAuth have underscores
        detail = say("No rule is called {rule}; docs/guide/refusals.md lists them.", rule=wanted.rule[:60])
        raise Refusal(Rule.INVALID, detail, subject="rule", reference="quirks#waits")
    own = _MARKS[wanted.kind]
    for name in frozenset().union(*_MARKS.values()) - own:
        if getattr(wanted, name) is not None:
            shown = ", ".join(sorted(one.rstrip("_") for one in own)) or say("nothing")
            detail = say("A wait for {kind} looks at {own}: leave {name} out.", kind=wanted.kind.value, own=shown, name=name.rstrip("_"))
            raise Refusal(Rule.INVALID, detail, subject=name.rstrip("_"), reference="quirks#waits")


async def _find(core: Core, wanted: WaitIn, mailbox: str | None) -> Found[JournalRow] | Found[TimelineEvent]:
    after = _after(wanted)
    if wanted.kind is Awaited.ACT:
        return await wait_conditions.find_acts(core.world, _acts(wanted), mailbox, wanted.who, after)
    return await wait_conditions.find_events(core.world, _events(wanted), after)


def _acts(wanted: WaitIn) -> ActQuery:
    return ActQuery(wanted.count, acts=tuple(wanted.acts or ()))


def _events(wanted: WaitIn) -> EventQuery:
    recipient = read_address(wanted.recipient) if wanted.recipient is not None else None
    return EventQuery(wanted.count, kinds=tuple(wanted.events or ()), recipient=recipient, message_id=wanted.message_id)


def _after(wanted: WaitIn) -> int | None:
    return read_position(wanted.after, "after") if wanted.after is not None else None


def _after_session(wanted: WaitIn) -> str | None:
    if not wanted.after:
        return None
    try:
        return encode(decode(wanted.after))
    except ValueError:
        detail = say("After which session is told by its id: {text!r} is none.", text=wanted.after)
        raise Refusal(Rule.INVALID, detail, subject="after", reference="quirks#waits") from None


def _letters(wanted: WaitIn) -> LetterQuery:
    return LetterQuery(
        limit=wanted.count,
        from_=_folded(wanted.from_),
        to=_folded(wanted.to),
        subject=_folded(wanted.subject),
        text=_folded(wanted.text),
        ins=_folded(wanted.ins),
        message_id=wanted.message_id,
        header=read_field(wanted.header),
        has_document=wanted.has_document,
    )


def _folded(text: str | None) -> str | None:
    return fold(text) if text else None


def _line(one: JournalRow | TimelineEvent, names: Names) -> dict[str, Any]:
    if isinstance(one, TimelineEvent):
        about = {"recipient": one.recipient, "message_id": one.message_id, "subject": one.subject, "failed": one.failed}
        mailbox = {"mailbox": names.addresses.get(one.mailbox_id or 0)}
        return {"id": encode(one.id), "at": iso(one.at), "event": one.kind.value, **mailbox, **about, "detail": one.detail}
    line, actor = one.line, names.people.get(one.line.actor_id or 0)
    return {
        "id": encode(line.id),
        "at": iso(line.at),
        "act": line.act.value,
        "door": line.door.value,
        "mailbox": names.addresses.get(line.mailbox_id or 0),
        "who": {"idnat": actor.idnat, "name": actor.name} if actor else None,
        "grant": encode(line.grant_id) if line.grant_id is not None else None,
        "subject": one.subject,
        "message_id": one.rfc_message_id,
        "detail": line.detail,
    }


def _found_letter(one: FoundLetter) -> dict[str, Any]:
    summary = read_summary(one.message.summary)
    taken = extracts(one.raw, summary, one.message.subject)
    return {
        **_letter(one.message.id, one.message.rfc_message_id, one.message.subject),
        "from": summary.from_,
        "to": summary.to,
        "values": asdict(taken),
    }


def _letter(id_: int, message_id: str | None, subject: str) -> dict[str, Any]:
    return {"id": encode(id_), "message_id": message_id, "subject": subject}


def _near(miss: NearMiss) -> dict[str, Any]:
    return {**_letter(miss.message.id, miss.message.rfc_message_id, miss.message.subject), "lacks": list(miss.lacks)}
