"""Sessions of HTTP clients: a run of requests of one client at one door, each soon after the one before.

HTTP has no sessions: one client uses many connections, and many clients may share one behind a proxy. Requests belong together when
they come from the same address, to the same door, under the same User-Agent, in clear or not, by the same person, and none follows the
one before by more than a minute (a setting, on the machine's clock). Requests without a person belong to the first who logs in.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from mss_sim.evidence import exchanges, masking
from mss_sim.evidence.exchanges import Exchange
from mss_sim.evidence.transcripts import LINES_OF_AN_EXCHANGE, Transcript, Transcripts
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.evidence import SessionEnd

_CLIENT_BYTES_MAX = 300
_ASKED_MAX = 1_000
_COUNTED_MAX = 1_000


@dataclass(slots=True, eq=False)
class HttpConnection:
    """One connection: the facts of its TLS, read when somebody wants them, and the sessions that it was counted for.

    Most requests of a connection have the same fields as the one before: they are not read again, nor kept twice.
    """

    tls: Callable[[], dict[str, str]] | None = None
    counted: set[str] = field(default_factory=set)
    _given: list[tuple[bytes, bytes]] | None = None
    _head: tuple[bytes, bytes] = b"", b""

    def head(self, given: list[tuple[bytes, bytes]]) -> tuple[bytes, bytes]:
        """(the fields of a request as they are kept, the client's name)."""
        if given != self._given:
            self._given, self._head = given, head_of(given)
        return self._head


def head_of(given: list[tuple[bytes, bytes]]) -> tuple[bytes, bytes]:
    """(the fields of a request as they are kept, the client's name)."""
    name = next((value for name, value in given if name == b"user-agent"), b"")
    return exchanges.fields(given), masking.tokens(name[:_CLIENT_BYTES_MAX])


class Asking(NamedTuple):
    """Who asks: at which door, from where, under which name, as whom (None as long as nobody knows), over which connection."""

    door: Door
    peer: str
    client: bytes
    who: str | None
    connection: HttpConnection | None


@dataclass(slots=True, eq=False)
class _Run:
    transcript: Transcript
    until: float
    asked: set[int] = field(default_factory=set)


_Key = tuple[Door, str, bytes, bool, str | None]


class Runs:
    """The sessions of HTTP that are going on, at most `most`; `seconds` of silence end one. `now` is the time of the event loop."""

    def __init__(self, transcripts: Transcripts, seconds: float, most: int, now: Callable[[], float]) -> None:
        self._transcripts = transcripts
        self._seconds = seconds
        self._most = most
        self.now = now
        self._runs: dict[_Key, _Run] = {}

    def add(self, asking: Asking, exchange: Exchange, command: bytes, *, reads: bool, key: bytes | None = None) -> Transcript:
        """The session that an exchange belongs to, which knows it now; `reads`: to repeat it is to ask for news; `key`: see `begin`."""
        run, made = self._run(asking, self.now())
        transcript, connection = run.transcript, asking.connection
        if connection is not None and transcript.id not in connection.counted:
            if len(connection.counted) > _COUNTED_MAX:
                connection.counted.clear()
            connection.counted.add(transcript.id)
            transcript.costs.connections += 1
            if connection.tls is not None:
                transcript.facts |= connection.tls()
        elif made and connection is None:
            transcript.costs.connections += 1
        transcript.kept.append(exchange)
        transcript.begin(command, polls=reads and self._asked_before(run, command), key=key)
        return transcript

    def close_silent(self) -> None:
        """End those from which nothing came for a while."""
        now = self.now()
        for key, run in [(key, run) for key, run in self._runs.items() if run.until < now]:
            self._end(key, run)

    def forget(self) -> None:
        """No session is going on."""
        self._runs.clear()

    def _run(self, asking: Asking, now: float) -> tuple[_Run, bool]:
        """(the run, whether it begins now)."""
        door, peer, client, who, connection = asking
        secure = connection is not None and connection.tls is not None
        key = (door, peer, client, secure, who)
        run = self._going_on(key, now)
        if run is None and who is not None:
            nobody = (door, peer, client, secure, None)
            run = self._going_on(nobody, now)
            if run is not None:
                del self._runs[nobody]
                self._runs[key] = run
                run.transcript.logged_in(who)
        if run is not None:
            run.until = now + self._seconds
            return run, False
        self.close_silent()
        if len(self._runs) >= self._most:
            self._end(*next(iter(self._runs.items())))
        run = self._runs[key] = _Run(self._open(asking), now + self._seconds)
        return run, True

    def _open(self, asking: Asking) -> Transcript:
        transcript = self._transcripts.open(asking.door, asking.peer, LINES_OF_AN_EXCHANGE)
        transcript.costs.connections = 0
        if asking.client:
            transcript.facts["client"] = asking.client.decode("utf-8", "replace")
        if asking.who is not None:
            transcript.logged_in(asking.who)
        return transcript

    def _going_on(self, key: _Key, now: float) -> _Run | None:
        run = self._runs.get(key)
        if run is None:
            return None
        if run.until < now or self._transcripts.find(run.transcript.id) is None:
            self._end(key, run)
            return None
        return run

    def _end(self, key: _Key, run: _Run) -> None:
        run.transcript.ended, run.transcript.closed_at = SessionEnd.SILENCE, run.transcript.last_at
        del self._runs[key]

    def _asked_before(self, run: _Run, command: bytes) -> bool:
        known = hash(command)
        if known in run.asked:
            return True
        if len(run.asked) >= _ASKED_MAX:
            run.asked.clear()
        run.asked.add(known)
        return False
