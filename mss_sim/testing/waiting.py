"""Waits of a world: what may be waited for, and what is told when it does not come."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypedDict, Unpack, overload

from mss_sim.testing.asking import ask, control
from mss_sim.testing.documents import Ready
from mss_sim.testing.results import JournalLine, Letter, NearMiss, Session, TimelineEvent, Waited, WaitedInVain

_SECONDS = 10.0
_AMPLE_SECONDS = 30.0
_LOOKED_AT = 1_000
_TOLD = 5


class _Marks(TypedDict, total=False):
    timeout: float
    """Seconds of the machine; 10 when left out."""
    count: int
    """How many there have to be."""
    none: bool
    """That none may come until the time is over."""
    after: str
    """`cursor` of an answer before: what came later."""


class LetterMarks(_Marks, total=False):
    """What a letter is known by. Texts but `mailbox` and `message_id` are parts; case and accents do not matter."""

    mailbox: str
    """Where a copy lies: an address."""
    from_: str
    to: str
    subject: str
    text: str
    ins: str
    """A patient's number, in the subject, the people or the text."""
    message_id: str
    header: str
    """`Name: text` of a field."""
    has_document: bool


class ActMarks(_Marks, total=False):
    """What a line of a journal is known by; `acts` are words of `mss_sim.vocabulary.journal.Act`, `who` an idNat, login or address."""

    mailbox: str
    acts: Sequence[str]
    who: str


class TimelineMarks(_Marks, total=False):
    """What an event of a sent letter is known by; `events` are words of `mss_sim.vocabulary.mail.TimelineKind`."""

    events: Sequence[str]
    recipient: str
    message_id: str


class SessionMarks(_Marks, total=False):
    """What a session of a client is known by; `door` is a word of `mss_sim.vocabulary.doors.Door`, `client` a part of its name, `rule` one
    that refused something in it.
    """

    door: str
    who: str
    client: str
    rule: str


class LogInMarks(_Marks, total=False):
    """What a log-in is known by."""

    door: str
    who: str
    client: str


class SettledMarks(TypedDict, total=False):
    """Of rest nothing is known but how long it may take: `timeout`, seconds of the machine."""

    timeout: float


class Awaiting(ABC):
    """Waits of a world, for who awaits."""

    @overload
    async def wait(self, kind: Literal["message"], **marks: Unpack[LetterMarks]) -> Waited[Letter]:
        """Wait for letters."""

    @overload
    async def wait(self, kind: Literal["act"], **marks: Unpack[ActMarks]) -> Waited[JournalLine]:
        """Wait for lines of journals."""

    @overload
    async def wait(self, kind: Literal["timeline"], **marks: Unpack[TimelineMarks]) -> Waited[TimelineEvent]:
        """Wait for what happens to recipients."""

    @overload
    async def wait(self, kind: Literal["session"], **marks: Unpack[SessionMarks]) -> Waited[Session]:
        """Wait for what a client does in one go; its lines are told by `sessions`."""

    @overload
    async def wait(self, kind: Literal["log_in"], **marks: Unpack[LogInMarks]) -> Waited[Session]:
        """Wait until somebody logs in."""

    @overload
    async def wait(self, kind: Literal["settled"], **marks: Unpack[SettledMarks]) -> Waited[str]:
        """Wait until nothing is under way and nothing is due."""

    async def wait(self, kind: str, **marks: Any) -> Waited[Any]:
        """What was waited for, as `WorldHandle.wait`; WaitedInVain when it does not come."""
        __tracebackhide__ = True
        return await self.waited(kind, marks)

    @abstractmethod
    async def waited(self, kind: str, marks: Mapping[str, Any]) -> Waited[Any]:
        """The same, where kind and marks are not known beforehand."""


class _Kind(NamedTuple):
    one: str
    several: str
    read: Callable[[Mapping[str, Any]], object]


_KINDS = {
    "message": _Kind("a letter", "letters", Letter.read),
    "act": _Kind("a line of a journal", "lines of a journal", JournalLine.read),
    "timeline": _Kind("an event of a sent letter", "events of sent letters", TimelineEvent.read),
    "session": _Kind("a session of a client", "sessions of clients", Session.read),
    "log_in": _Kind("a log-in", "log-ins", Session.read),
    "settled": _Kind("rest", "rest", str),
}
_HOW = frozenset({"timeout", "count", "none"})
_EVERYWHERE = ("mailbox", "after")


async def wait(ready: Ready, kind: str, marks: Mapping[str, Any]) -> Waited[Any]:
    """What was waited for. WaitedInVain when it did not come; RestRefused for a wait that cannot be, such as a mark of another kind."""
    timeout = marks.get("timeout", _SECONDS)
    given = {name.rstrip("_"): list(value) if isinstance(value, tuple | set | frozenset) else value for name, value in marks.items()}
    request = control(ready, "POST", "/wait", {"kind": kind, "timeout": timeout, **given})
    answer = await ask(request, timeout + _AMPLE_SECONDS)
    found = tuple(_KINDS[kind].read(one) for one in answer["found"])
    if answer["met"]:
        return Waited(found, answer["cursor"])
    letters = answer["near"] if kind == "message" else ()
    near = tuple(NearMiss(one["id"], one["message_id"], one["subject"], tuple(one["lacks"])) for one in letters)
    raise WaitedInVain(_wanted(kind, given, timeout), found, near, () if near else await _instead(ready, kind, given))


def _wanted(kind: str, given: Mapping[str, Any], timeout: float) -> str:
    named = _KINDS[kind]
    count = given.get("count", 1)
    what = named.one if count == 1 else f"{count} {named.several}"
    shown = ", ".join(f"{name} {value!r}" for name, value in given.items() if name not in _HOW)
    about = f" with {shown}" if shown else ""
    if given.get("none"):
        return f"{what}{about} came within {timeout} s, and none was to come"
    return f"waited {timeout} s in vain for {what}{about}"


async def _instead(ready: Ready, kind: str, given: Mapping[str, Any]) -> tuple[str, ...]:
    """What is there of that kind, whatever its marks: the newest; of rest, what keeps it away."""
    if given.get("none"):
        return ()
    if kind == "settled":
        queue = await ask(control(ready, "GET", f"/queue?limit={_TOLD}"))
        waiting = tuple(f"“{one['subject']}” waits for {one['to']}: {one['reply'] or 'not tried yet'}" for one in queue)
        clock = await ask(control(ready, "GET", "/clock"))
        due = (f"it is {clock['now']}, and the next thing is due at {clock['next_at']}",) if clock["next_at"] else ()
        return waiting + due
    everything = {name: given[name] for name in _EVERYWHERE if name in given}
    request = control(ready, "POST", "/wait", {"kind": kind, "timeout": 0, "count": _LOOKED_AT, **everything})
    found = (await ask(request))["found"]
    return tuple(str(_KINDS[kind].read(one)) for one in found[-_TOLD:])
