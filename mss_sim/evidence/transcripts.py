"""What was said on each connection, kept for whoever wants to know what his client did wrong; read back through `/control/sessions`.

Bounded: the last sessions, the last lines of each, the beginning of each line. Credentials are masked before they are kept; messages
are never kept, only how long they were.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from mss_sim.clock import Clock, Micros
from mss_sim.ids import IdSource, encode
from mss_sim.vocabulary.doors import Door

_LINE_BYTES_MAX = 400
_KEPT_BYTES_MAX = 2_000
MASK = b"********"


class TranscriptLine(NamedTuple):
    """One line: when, by whom (`C` the client, `S` the server, `-` what happened to the connection), its beginning."""

    at: Micros
    side: str
    octets: bytes


@dataclass(slots=True, eq=False)
class Transcript:
    """One connection. `facts` tells what is known of it: TLS (net/tls.py), who logged in.

    What is said is kept as it came and only cut into lines when somebody reads it: it costs a busy server next to nothing.
    """

    id: str
    door: Door
    peer: str
    opened_at: Micros
    clock: Clock
    kept: deque[tuple[Micros, str, bytes]]
    facts: dict[str, str] = field(default_factory=dict)
    closed_at: Micros | None = None
    hear: Callable[[bytes], None] | None = None  # told what the client says, for whoever must not miss what is forgotten here

    def client(self, octets: bytes) -> None:
        """What the client said."""
        if self.hear is not None:
            self.hear(octets)
        self.kept.append((self.clock.now(), "C", octets if len(octets) < _KEPT_BYTES_MAX else octets[:_KEPT_BYTES_MAX]))

    def server(self, octets: bytes) -> None:
        """What the server said, one line or several."""
        self.kept.append((self.clock.now(), "S", octets if len(octets) < _KEPT_BYTES_MAX else octets[:_KEPT_BYTES_MAX]))

    def lines(self) -> Iterator[TranscriptLine]:
        """What is kept, line by line."""
        for at, side, octets in list(self.kept):
            for line in octets.removesuffix(b"\r\n").split(b"\r\n"):
                yield TranscriptLine(at, side, line[:_LINE_BYTES_MAX])

    def event(self, text: str) -> None:
        """What happened to the connection."""
        self.kept.append((self.clock.now(), "-", text.encode("utf-8")))

    def close(self) -> None:
        """The connection is gone."""
        self.closed_at = self.clock.now()


class Opener(Protocol):
    """Where a door opens the transcripts of its connections."""

    def open(self, door: Door, peer: str) -> Transcript:
        """The transcript of a new connection."""
        ...


class Transcripts:
    """The transcripts of one world, the oldest forgotten first."""

    def __init__(self, clock: Clock, ids: IdSource, *, sessions_max: int, lines_max: int) -> None:
        self._clock = clock
        self._ids = ids
        self._kept: deque[Transcript] = deque(maxlen=sessions_max)
        self._lines_max = lines_max

    def open(self, door: Door, peer: str) -> Transcript:
        """The transcript of a new connection."""
        made = Transcript(encode(self._ids.next()), door, peer, self._clock.now(), self._clock, deque(maxlen=self._lines_max))
        self._kept.append(made)
        return made

    def forget(self) -> None:
        """What was said is kept no longer."""
        self._kept.clear()

    def told(self) -> list[dict[str, Any]]:
        """What is kept, the oldest first, as JSON; octets are texts of as many characters (Latin-1)."""
        names = ("id", "peer", "opened_at", "closed_at", "facts")
        return [
            {
                **{name: getattr(one, name) for name in names},
                "door": one.door.value,
                "said": [[*said[:2], said[2].decode("latin-1")] for said in list(one.kept)],
            }
            for one in self._kept
        ]

    def put_back(self, told: Sequence[Mapping[str, Any]]) -> None:
        """Keep what was told, in the place of what is kept; ValueError when it is not of that shape, and nothing has changed."""
        found = [self._read(row) for row in told]
        self._kept.clear()
        self._kept.extend(found)

    def _read(self, row: Mapping[str, Any]) -> Transcript:
        check(row)
        said = ((at, side, text.encode("latin-1")) for at, side, text in row["said"])
        kept = deque(said, maxlen=self._lines_max)
        opened = row["id"], Door(row["door"]), row["peer"], row["opened_at"]
        return Transcript(*opened, self._clock, kept, dict(row["facts"]), row["closed_at"])

    def newest_first(self) -> Iterator[Transcript]:
        """What is kept."""
        return reversed(self._kept)

    def find(self, id_: str) -> Transcript | None:
        """The transcript with that id, if it is still kept."""
        return next((one for one in self._kept if one.id == id_), None)


def check(row: Mapping[str, Any]) -> None:
    """ValueError when that is no transcript as `Transcripts.told` tells it."""
    try:
        closed, facts = row["closed_at"], row["facts"]
        numbers = [row["opened_at"], *(at for at, _, _ in row["said"]), *([] if closed is None else [closed])]
        texts = [row["id"], row["peer"], *facts, *facts.values(), *(side for _, side, _ in row["said"])]
        right = all(type(one) is int for one in numbers) and all(isinstance(one, str) for one in texts) and Door(row["door"])
        for _, _, text in row["said"]:
            text.encode("latin-1")
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"a transcript in it cannot be read: {error!r}"[:200]) from error
    if not right:
        raise ValueError("a transcript in it holds what is no instant or no text")
