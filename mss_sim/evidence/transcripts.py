"""What was said on each connection, kept for whoever wants to know what his client did wrong; read back through `/control/sessions`.

Bounded: the last sessions, the last lines of each, the beginning of each line. Credentials are masked before they are kept; messages
are never kept, only how long they were.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

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

    def newest_first(self) -> Iterator[Transcript]:
        """What is kept."""
        return reversed(self._kept)

    def find(self, id_: str) -> Transcript | None:
        """The transcript with that id, if it is still kept."""
        return next((one for one in self._kept if one.id == id_), None)
