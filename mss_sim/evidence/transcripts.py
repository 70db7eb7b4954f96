"""What each client said and was told, in one session after the other; read back through `/control/evidence`.

Bounded: the last sessions, the last lines of each, the beginning of each line. Credentials are masked before they are kept; messages
and bodies are never kept, only how long they were.
"""

import re
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple, Protocol

from mss_sim.clock import Clock, Micros
from mss_sim.evidence import masking
from mss_sim.evidence.costs import Costs, SeenBefore
from mss_sim.evidence.exchanges import Exchange
from mss_sim.evidence.masking import MASK
from mss_sim.evidence.refusals import FAILURES, Refused, Why
from mss_sim.ids import IdSource, decode, encode
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.evidence import SessionEnd, SessionVerdict
from mss_sim.words.sentence import quoted

__all__ = ["MASK", "Opener", "Transcript", "TranscriptLine", "Transcripts"]

_LINE_BYTES_MAX = 400
_KEPT_BYTES_MAX = 2_000
_COMMAND_BYTES_MAX = 200
_HEADER_BYTES_MAX = 64 * 1024
_RULES_MAX = 100
_BROUGHT_MAX = 100
LINES_OF_AN_EXCHANGE = 5
"""An exchange over HTTP has as many lines, or more: so many fewer are kept."""
_MESSAGE_ID = re.compile(rb"^message-id:\s*(<[^>\r\n]{1,998}>)", re.IGNORECASE | re.MULTILINE)


class TranscriptLine(NamedTuple):
    """One line: when, by whom (`C` the client, `S` the server, `-` what happened to the connection), its beginning."""

    at: Micros
    side: str
    octets: bytes


def _nobody() -> None:
    """Nobody listens."""


@dataclass(slots=True, eq=False)
class Transcript:
    """One session: a connection of SMTP, IMAP or LDAP, or what one HTTP client asked in one go (`evidence/runs.py`).

    `facts` tells what is known of it: TLS (net/tls.py), the client's name, who logged in. What is said is kept as it came and only cut
    into lines when somebody reads it: it costs a busy server next to nothing.
    """

    id: str
    door: Door
    peer: str
    opened_at: Micros
    clock: Clock
    kept: deque[tuple[Micros, str, bytes] | Exchange]
    refused: deque[Refused]
    refused_before: SeenBefore
    taken_before: SeenBefore
    facts: dict[str, str] = field(default_factory=dict)
    costs: Costs = field(default_factory=lambda: Costs(connections=1))
    rules: Counter[str] = field(default_factory=Counter)
    mistakes: int = 0
    faults: int = 0  # how often something failed on purpose
    last: bytes = b""  # the beginning of the command under way
    known_by: bytes = b""  # what tells it, or the letter that it brings, from others
    brought: deque[str] = field(default_factory=lambda: deque(maxlen=_BROUGHT_MAX))  # the Message-IDs of letters, taken or not
    closed_at: Micros | None = None
    ended: SessionEnd | None = None
    changed: Callable[[], None] = _nobody  # told when it ends, something is refused in it, or somebody logs in
    hear: Callable[[bytes], None] | None = None  # told what the client says, for listeners that must not miss what is forgotten here

    def client(self, octets: bytes) -> None:
        """What the client said."""
        if self.hear is not None:
            self.hear(octets)
        self.kept.append((self.clock.now(), "C", octets if len(octets) < _KEPT_BYTES_MAX else octets[:_KEPT_BYTES_MAX]))

    def command(self, octets: bytes, *, polls: bool = False, tag: int = 0) -> None:
        """A command of the client, of which `tag` octets say nothing; `polls` where it only asks whether there is news."""
        self.client(octets)
        self.begin(octets[tag : tag + _COMMAND_BYTES_MAX], polls=polls)

    def begin(self, command: bytes, *, polls: bool = False, key: bytes | None = None) -> None:
        """Count a command that begins so; `key` is what tells whether it is the same as another, where the beginning does not."""
        self.last, self.known_by = command, key or command
        self.costs.commands += 1
        self.costs.polls += polls
        if self.refused_before and (key or b" " in command):  # a word alone, as DATA, repeats nothing
            self.costs.retries += self.refused_before.take(self._key())

    def brings(self, letter: bytes) -> None:
        """The command under way brings a letter, which is known by its Message-ID or, without one, by its octets."""
        found = _MESSAGE_ID.search(letter, 0, _HEADER_BYTES_MAX)
        self.known_by = found[1] if found else b"%d" % hash(letter)
        if found and found[1].isascii():
            self.brought.append(found[1].decode("ascii"))
        self.costs.retries += self.refused_before.take(self._key())

    def took(self) -> None:
        """The letter was taken."""
        self.costs.letters_sent += 1
        self.costs.duplicates += self.taken_before.add(self._key())

    def server(self, octets: bytes) -> None:
        """What the server said, one line or several."""
        self.kept.append((self.clock.now(), "S", octets if len(octets) < _KEPT_BYTES_MAX else octets[:_KEPT_BYTES_MAX]))

    def refuse(self, answer: str, *whys: Why) -> None:
        """The command under way was refused: with which code, and why."""
        now = self.clock.now()
        for why in whys:
            self.refused.append(Refused(now, self.last, answer, why))
            if why.rule is None:
                self.mistakes += 1
            elif why.rule in self.rules or len(self.rules) < _RULES_MAX:
                self.rules[why.rule] += 1
        self.refused_before.add(self._key())
        self.changed()

    def logged_in(self, idnat: str) -> None:
        """Who the client is."""
        self.facts["identity"] = idnat
        self.changed()

    def _key(self) -> int:
        """What tells the command under way, or its letter, from those of other clients."""
        return hash((self.door, self.peer, self.facts.get("client"), self.facts.get("identity"), self.known_by))

    def lines(self) -> Iterator[TranscriptLine]:
        """What is kept, line by line."""
        for kept in list(self.kept):
            told = ((kept.at, *one) for one in kept.lines()) if isinstance(kept, Exchange) else (kept,)
            for at, side, octets in told:
                for line in octets.removesuffix(b"\r\n").split(b"\r\n"):
                    yield TranscriptLine(at, side, masking.tokens(line[:_LINE_BYTES_MAX]))

    def event(self, text: str) -> None:
        """What happened to the connection."""
        self.kept.append((self.clock.now(), "-", text.encode("utf-8")))

    def fault(self, text: str) -> None:
        """Something failed on purpose."""
        self.faults += 1
        self.event(text)

    def close(self) -> None:
        """The connection is gone."""
        if self.closed_at is None:
            self.closed_at = self.clock.now()
            self.ended = SessionEnd.HANDSHAKE if "tls_error" in self.facts else self.ended or SessionEnd.LOST
            self.changed()

    @property
    def last_at(self) -> Micros:
        """When something was said last."""
        if not self.kept:
            return self.opened_at
        newest = self.kept[-1]
        return newest.at if isinstance(newest, Exchange) else newest[0]

    @property
    def verdict(self) -> SessionVerdict:
        """How it went so far."""
        if self.faults or "tls_error" in self.facts or not FAILURES.isdisjoint(self.rules):
            return SessionVerdict.FAILED
        if self.rules:
            return SessionVerdict.REFUSED
        return SessionVerdict.MISTAKEN if self.mistakes else SessionVerdict.CLEAN


class Opener(Protocol):
    """Where a door opens the transcripts of its connections."""

    def open(self, door: Door, peer: str) -> Transcript:
        """The transcript of a new connection."""
        ...


class Transcripts:
    """The sessions of one world, the oldest forgotten first."""

    def __init__(self, clock: Clock, ids: IdSource, *, sessions_max: int, lines_max: int) -> None:
        self._clock = clock
        self._ids = ids
        self._kept: dict[str, Transcript] = {}
        self._sessions_max = sessions_max
        self._lines_max = lines_max
        self._refused_before, self._taken_before = SeenBefore(), SeenBefore()
        self._listeners: list[Callable[[], None]] = []

    def watch(self, listener: Callable[[], None]) -> None:
        """From now on, call `listener` when a session begins or ends, when something is refused in one, and when somebody logs in."""
        self._listeners.append(listener)

    def _changed(self) -> None:
        for listener in self._listeners:
            listener()

    def open(self, door: Door, peer: str, lines_each: int = 1) -> Transcript:
        """The transcript of a new connection; `lines_each`: how many lines there are in what is kept as one."""
        most = max(self._lines_max // lines_each, 1)
        made = Transcript(
            encode(self._ids.next()),
            door,
            peer,
            self._clock.now(),
            self._clock,
            deque(maxlen=most),
            deque(maxlen=max(self._lines_max // LINES_OF_AN_EXCHANGE, 1)),
            self._refused_before,
            self._taken_before,
            changed=self._changed,
        )
        self._kept[made.id] = made
        if len(self._kept) > self._sessions_max:
            del self._kept[next(iter(self._kept))]
        self._changed()
        return made

    def forget(self) -> None:
        """What was said is kept no longer."""
        self._kept.clear()
        self._refused_before.clear()
        self._taken_before.clear()

    def newest_first(self, before: int | None = None) -> Iterator[Transcript]:
        """What is kept, of before the session with that id."""
        found = reversed(list(self._kept.values()))
        return found if before is None else (one for one in found if decode(one.id) < before)

    def find(self, id_: str) -> Transcript | None:
        """The transcript with that id, if it is still kept."""
        return self._kept.get(id_)

    def as_json(self) -> list[dict[str, Any]]:
        """What is kept, the oldest first, as JSON, line by line; octets are texts of as many characters (Latin-1)."""
        return [_told(one) for one in self._kept.values()]

    def put_back(self, told: Sequence[Mapping[str, Any]]) -> None:
        """Keep what was told, in the place of what is kept; ValueError when it is not of that shape, and nothing has changed."""
        found = [self._read(row) for row in told]
        self._kept = {one.id: one for one in found}

    def _read(self, row: Mapping[str, Any]) -> Transcript:
        check(row)
        said = ((at, side, text.encode("latin-1")) for at, side, text in row["said"])
        refused = (
            Refused(at, command.encode("latin-1"), answer, Why(rule, quoted(detail), *more))
            for at, command, answer, rule, detail, *more in row["refused"]
        )
        made = Transcript(
            row["id"],
            Door(row["door"]),
            row["peer"],
            row["opened_at"],
            self._clock,
            deque(said, maxlen=self._lines_max),
            deque(refused, maxlen=max(self._lines_max // LINES_OF_AN_EXCHANGE, 1)),
            self._refused_before,
            self._taken_before,
            dict(row["facts"]),
            Costs(**row["costs"]),
            Counter(row["rules"]),
            row["mistakes"],
            row["faults"],
        )
        made.brought.extend(row.get("brought", ()))
        made.closed_at, made.ended = row["closed_at"], SessionEnd(row["ended"]) if row["ended"] else None
        return made


def _told(one: Transcript) -> dict[str, Any]:
    names = ("id", "peer", "opened_at", "closed_at", "facts", "mistakes", "faults", "ended")
    said = [[line.at, line.side, line.octets.decode("latin-1")] for line in one.lines()]
    refused = [[at, command.decode("latin-1"), answer, why.rule, str(why.detail), *why[2:]] for at, command, answer, why in one.refused]
    more = {"costs": asdict(one.costs), "rules": dict(one.rules), "said": said, "refused": refused, "brought": list(one.brought)}
    return {**{name: getattr(one, name) for name in names}, "door": one.door.value, **more}


def check(row: Mapping[str, Any]) -> None:
    """ValueError when that is no transcript as `Transcripts.as_json` tells it."""
    try:
        closed, facts = row["closed_at"], row["facts"]
        counted = [row["mistakes"], row["faults"], *row["rules"].values(), *asdict(Costs(**row["costs"])).values()]
        numbers = [row["opened_at"], *counted, *(at for at, _, _ in row["said"]), *([] if closed is None else [closed])]
        texts = [row["id"], row["peer"], *facts, *facts.values(), *row["rules"], *(side for _, side, _ in row["said"])]
        for at, command, answer, rule, detail, reference, subject in row["refused"]:
            numbers.append(at)
            texts += [command, answer, detail, *(one for one in (rule, reference, subject) if one is not None)]
        texts += row.get("brought", [])
        right = all(type(one) is int for one in numbers) and all(isinstance(one, str) for one in texts) and Door(row["door"])
        for text in (*(text for _, _, text in row["said"]), *(refused[1] for refused in row["refused"])):
            text.encode("latin-1")
        _ = row["ended"] is None or SessionEnd(row["ended"])
        decode(row["id"])
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"a transcript in it cannot be read: {error!r}"[:200]) from error
    if not right:
        raise ValueError("a transcript in it holds what is no instant or no text")
