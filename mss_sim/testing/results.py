"""What the handles of a world answer: plain frozen values with attributes, instants as datetime in UTC."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from mss_sim.app.faults import Fault
from mss_sim.app.snapshots import Difference, Snapshot
from mss_sim.app.world_time import Fired
from mss_sim.testing.documents import Address, UserInfo
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.evidence import SessionVerdict
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.mail import TimelineKind

__all__ = [
    "Difference",
    "Fault",
    "Fired",
    "JournalLine",
    "Letter",
    "LogIn",
    "NearMiss",
    "Session",
    "Snapshot",
    "TimelineEvent",
    "TranscriptLine",
    "Values",
    "Waited",
    "WaitedInVain",
    "instant",
]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Values:
    """What was taken out of a letter: codes to type, links, INS, whether it closes its conversation, the names of its documents.

    `receipt`: what it tells as a receipt or a notification (`displayed`, `processed/error`, `delivered` …), `requested` where it asks for
    one.
    """

    codes: tuple[str, ...]
    links: tuple[str, ...]
    ins: tuple[str, ...]
    closes: bool
    documents: tuple[str, ...]
    receipt: str | None


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter of the world; `id` is what `/control/messages` knows it by, and mailboxes show as `email_id`."""

    id: str
    message_id: str | None
    subject: str
    sender: str
    """The address in From; empty where there is none."""
    to: tuple[str, ...]
    values: Values

    @classmethod
    def read(cls, found: Mapping[str, Any]) -> "Letter":
        """A letter as `POST /control/wait` tells it."""
        values = found["values"]
        people: list[Address] = found["from"]
        return cls(
            found["id"],
            found["message_id"],
            found["subject"],
            people[0]["address"] if people else "",
            tuple(one["address"] for one in found["to"]),
            Values(
                tuple(values["codes"]),
                tuple(values["links"]),
                tuple(values["ins"]),
                values["closes"],
                tuple(values["documents"]),
                values["receipt"],
            ),
        )

    def __str__(self) -> str:
        return f"“{self.subject}” from {self.sender or 'nobody'} to {', '.join(self.to) or 'nobody'}"


@dataclass(frozen=True, slots=True)
class JournalLine:
    """A line of a journal: what was done, through which door, in which mailbox, by whom (idNat and name), by which grant.

    `detail` is as the kind of line has it.
    """

    id: str
    at: datetime
    act: Act
    door: Door
    mailbox: str | None
    who: str | None
    name: str | None
    grant: str | None
    subject: str | None
    message_id: str | None
    detail: Mapping[str, object]

    @classmethod
    def read(cls, found: Mapping[str, Any]) -> "JournalLine":
        """A line as `POST /control/wait` tells it."""
        kinds, who = (Act(found["act"]), Door(found["door"])), found["who"] or {}
        known = found["mailbox"], who.get("idnat"), who.get("name"), found["grant"]
        return cls(found["id"], instant(found["at"]), *kinds, *known, found["subject"], found["message_id"], found["detail"] or {})

    def __str__(self) -> str:
        about = f", about “{self.subject}”" if self.subject else ""
        where, who = f" in {self.mailbox}" if self.mailbox else "", f"{self.name}, " if self.name else ""
        return f"{self.act.value}{where} at {self.at:%H:%M:%S} by {who}{self.door.value}{about}"


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """What happened to a recipient of a letter."""

    id: str
    at: datetime
    event: TimelineKind
    mailbox: str | None
    """Where the letter was sent from."""
    recipient: str
    message_id: str | None
    subject: str
    failed: bool
    detail: str

    @classmethod
    def read(cls, found: Mapping[str, Any]) -> "TimelineEvent":
        """An event as `POST /control/wait` tells it."""
        told = (found[name] for name in ("mailbox", "recipient", "message_id", "subject", "failed", "detail"))
        return cls(found["id"], instant(found["at"]), TimelineKind(found["event"]), *told)

    def __str__(self) -> str:
        return f"{self.event.value} at {self.at:%H:%M:%S} for {self.recipient}, of “{self.subject}”"


@dataclass(frozen=True, slots=True)
class Waited(Generic[T]):
    """What was waited for, the oldest first; nothing, when nothing was to come. Give `cursor` back as `after` for what comes later."""

    found: tuple[T, ...]
    cursor: str

    @property
    def first(self) -> T:
        """The oldest; LookupError when nothing was to come."""
        if not self.found:
            raise LookupError("nothing was waited for that could be here")
        return self.found[0]


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A letter that came instead of the one that was waited for, and the marks that it lacks."""

    id: str
    message_id: str | None
    subject: str
    lacks: tuple[str, ...]

    def __str__(self) -> str:
        return f"“{self.subject}” lacks {', '.join(self.lacks)}"


class WaitedInVain(AssertionError):
    """What was waited for did not come, or came where nothing was to come. The text tells it all; the parts are here for who wants them.

    `wanted`: what was asked; `found`: what of it was there; `near`: letters that came near; `instead`: what else is there, in words.
    """

    def __init__(self, wanted: str, found: tuple[object, ...], near: tuple[NearMiss, ...], instead: tuple[str, ...]) -> None:
        self.wanted, self.found, self.near, self.instead = wanted, found, near, instead
        shown = [str(one) for one in found]
        lists = (("found", shown), ("near", near), ("there instead", [one for one in instead if one not in shown]))
        lines = dict.fromkeys(f"  {title}: {one}" for title, some in lists for one in some)
        super().__init__("\n".join([wanted, *(lines or ["  nothing else is there"])]))


@dataclass(frozen=True, slots=True)
class TranscriptLine:
    """One line: `side` is `C` for the client, `S` for the server, `-` for what happened to the connection."""

    at: datetime
    side: str
    text: str


@dataclass(frozen=True, slots=True)
class Session:
    """What one client did in one go: a connection of SMTP or IMAP, a run of HTTP requests. Of its lines the newest; credentials, letters
    and bodies are left out.

    `client`: as it calls itself; `who`: the idNat that logged in; `mailbox`: for which; `tls`: the version; None where that is not known,
    or there is none. `rules`: which rules refused something, and how often.
    """

    id: str
    door: Door
    peer: str
    opened_at: datetime
    closed_at: datetime | None
    client: str | None
    who: str | None
    mailbox: str | None
    tls: str | None
    verdict: SessionVerdict
    rules: Mapping[str, int]
    lines: tuple[TranscriptLine, ...]

    @classmethod
    def read(cls, found: Mapping[str, Any]) -> "Session":
        """A session as `/control/evidence/{id}` tells it, or as a wait does, without its lines."""
        lines = tuple(TranscriptLine(instant(one["at"]), one["side"], one["text"]) for one in found.get("transcript", ()))
        closed = instant(found["closed_at"]) if found["closed_at"] else None
        tls = found["tls"]["version"] if found["tls"] else None
        began = found["id"], Door(found["door"]), found["peer"], instant(found["opened_at"]), closed
        names = found["client"], found["who"], found["mailbox"], tls
        return cls(*began, *names, SessionVerdict(found["verdict"]), found["rules"], lines)


@dataclass(frozen=True, slots=True)
class LogIn:
    """What a program gets when somebody logs in with Pro Santé Connect; tokens are not shown by `repr`."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    id_token: str = field(repr=False)
    expires_in: int
    userinfo: UserInfo


def instant(text: str) -> datetime:
    """An instant of ISO 8601 as datetime."""
    return datetime.fromisoformat(text)
