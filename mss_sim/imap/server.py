"""The connection: bytes from the client to the reader, responses to the client, TLS, compression, timeouts.

One task serves one client. Pipelined input waits in the kernel, unread responses make the server wait: neither grows memory.
"""

import asyncio
import ssl
import zlib
from dataclasses import dataclass
from typing import Any, cast

from mss_sim import log
from mss_sim.config.settings import Settings
from mss_sim.core.assembly import Core
from mss_sim.evidence.transcripts import Opener
from mss_sim.faults.faults import Fault, Faults
from mss_sim.imap import faults, refusing
from mss_sim.imap.grammar.wire import Command, Reader, Refused, Wanted
from mss_sim.imap.session import ConnectionClosed, Session
from mss_sim.imap.verbs import login, table
from mss_sim.net import tls
from mss_sim.net.connections import ANSWERS_BYTES_MAX, TLS_HELLO, Connections
from mss_sim.net.patience import Patience
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.evidence import SessionEnd
from mss_sim.words.sentence import Sentence, say

_UNREAD_BYTES_MAX = 256 * 1024
_WRITE_HIGH_BYTES = 256 * 1024
_LINGER_SECONDS = 30.0  # how long the last answer may take to leave
_LITERAL_MINUS_MAX = 4_096  # ref: rfc7888#5
_INFLATED_BYTES_MAX = 1024 * 1024
_NEVER = asyncio.Event()


@dataclass(frozen=True, slots=True)
class ImapPort:
    """Shared by all connections of the port. `tls` None simulates an attacker who removed STARTTLS: log-in is offered in clear.
    `locked`: every log-in is refused, whatever the credentials. `faults` None: nothing fails here, as behind a trap."""

    settings: Settings
    tls: ssl.SSLContext | None
    connections: Connections
    transcripts: Opener
    core: Core
    locked: bool = False
    faults: Faults | None = None


class ImapConnection(asyncio.Protocol):
    """One connection of one client; the `Stream` of its session."""

    def __init__(self, front: ImapPort, loop: asyncio.AbstractEventLoop) -> None:
        settings = front.settings
        self._front = front
        self._loop = loop
        self._reader = Reader(
            line_max=settings.imap.line_bytes_max,
            literal_max=settings.imap.literal_bytes_before_login_max,
            ahead_max=_LITERAL_MINUS_MAX if "LITERAL+" in settings.imap.capabilities_masked else None,
        )
        self._transport: Any = None
        self._task: asyncio.Task[None] | None = None
        self._more: asyncio.Future[None] | None = None
        self._writable: asyncio.Future[None] | None = None
        self._heard = self._tls_at_once = self._expired = self._nudges = False
        self._paused = self._held_back = self._silent = self._lost = self._leaving = False
        self._out = bytearray()
        self._deflater: Any = None
        self._inflater: Any = None
        self._deflated = b""
        self._mistakes = Patience(front.settings)
        self._session: Session | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._deadline = loop.time()
        self._failing: faults.Failing | None = None
        self._log = log.get("imap")

    # What the event loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has connected."""
        self._transport = transport
        self._transport.set_write_buffer_limits(_WRITE_HIGH_BYTES)
        if self._task is None:
            peer = transport.get_extra_info("peername")
            shown = str(peer[0]) if isinstance(peer, tuple) else "local"
            front = self._front
            session = self._session = Session(front.settings, front.core, self, front.transcripts.open(Door.IMAP, shown))
            session.stripped, session.locked, session.faults = front.tls is None, front.locked, front.faults
            self._task = self._loop.create_task(self._serve(session, admitted=front.connections.open(self)))

    def data_received(self, data: bytes) -> None:
        """Bytes go to the reader; excess bytes wait in the kernel."""
        if self._session is not None:
            self._session.transcript.costs.octets_in += len(data)
        if not self._heard:
            self._heard, self._tls_at_once = True, data[:2] == TLS_HELLO
        if self._inflater is not None:
            self._deflated += data
            if self._reader.waiting <= _UNREAD_BYTES_MAX:
                self._inflate()
        else:
            self._reader.feed(data)
        if (self._more is None and self._reader.waiting > _UNREAD_BYTES_MAX) or self._deflated:
            self._hold_back()
        self.nudge()

    def _hold_back(self) -> None:
        """Stop reading until a command is awaited or TLS begins: bytes received meanwhile wait in the kernel."""
        self._held_back = True
        self._transport.pause_reading()

    def eof_received(self) -> bool:
        """The client will send no more; earlier commands are still answered, where TLS allows a half-open connection."""
        self._silent = True
        self.nudge()
        return self._session is not None and not self._session.tls

    def pause_writing(self) -> None:
        """The client is not reading."""
        self._paused = True

    def resume_writing(self) -> None:
        """The client is reading again."""
        self._paused = False
        _wake(self._writable)

    def connection_lost(self, _error: Exception | None) -> None:
        """The connection is gone."""
        self._silent = self._lost = True
        self._front.connections.close(self)
        if self._timer is not None:
            self._timer.cancel()
        if self._session is not None:
            self._session.end()
            self._session.transcript.close()
        self.nudge()
        _wake(self._writable)

    # What the registry calls

    def leave(self, why: Sentence) -> None:
        """The store finishes what is being stored, and the client is told why it must leave."""
        if self._task is not None and self._session is not None and not self._leaving:
            self._leaving = True
            self._session.transcript.ended = SessionEnd.SERVER
            self.send(b"* BYE %b\r\n" % self._session.spoken(why))
            self._write()
            self._task.cancel()

    def abort(self) -> None:
        """Drop the connection without a reply."""
        if self._transport is not None:
            self._transport.abort()

    # Serving

    async def _serve(self, session: Session, *, admitted: bool) -> None:
        try:
            if not admitted:
                await refusing.too_many(session)
            await faults.greet(session)
            session.say(b"* OK [CAPABILITY %b] mss-sim, a simulator: never send real patient data" % login.capabilities(session))
            while True:
                begun = self._front.connections.turns.begin()
                await self._command(session)
                self._front.connections.turns.end(begun)
                await self._let_others()
        except (ConnectionClosed, ConnectionError, ssl.SSLError, asyncio.CancelledError):
            pass
        except Exception as error:  # noqa: BLE001 - a defect must not stop the server, nor show its trace on the wire
            self._log.exception("session failed", error=repr(error))
            session.say(b"* BYE [UNAVAILABLE] " + session.spoken(say("Internal error, try again later")))
        finally:
            self._write()
            if self._transport is not None:
                self._transport.close()
            if not self._lost:
                self._wait_at_most(_LINGER_SECONDS)

    async def _command(self, session: Session) -> None:
        event = self._reader.next()
        while event is None:
            await self.flush()
            await self._wait(session)
            event = self._reader.next()
        if isinstance(event, Wanted):
            session.say(b"+ %d octets are welcome" % event.size)
        elif isinstance(event, Refused):
            self._mistakes.note(bad_command=True)
            refusing.unreadable(session, event)
        else:
            await self._execute(session, event)
        await self._check_patience(session)

    async def _let_others(self) -> None:
        """Between two commands: a client that pipelines thousands must read its answers first, and the others get their turn."""
        if len(self._out) > ANSWERS_BYTES_MAX:
            await self.flush()
        if self._reader.waiting and self._front.connections.turns.over:  # else it waits for its client anyway
            await self._front.connections.turns.wait()

    async def _wait(self, session: Session) -> None:
        """Wait for bytes; meanwhile, a client that loses its mailbox is notified at once."""
        await self._nudged(session)
        if session.rights_changed.is_set():
            await session.check()

    async def _nudged(self, session: Session) -> None:
        """Wait for bytes or an event. ConnectionClosed at the end of the stream, BYE on a timeout."""
        if self._tls_at_once:
            await refusing.tls_at_once(session)
        if self._deflated:
            self._inflate()
            await asyncio.sleep(0)  # a packet that inflates to megabytes must not block the others
            return
        if self._nudges:  # set since the last wait, for example while the client was slow to read
            self._nudges = False
            return
        if self._silent:
            raise ConnectionClosed
        self._more = self._loop.create_future()
        if self._held_back:
            self._held_back = False
            self._transport.resume_reading()
        self._wait_at_most(self._patience(session))
        try:
            await self._more
        finally:
            self._more, self._nudges = None, False
        if self._expired:
            await session.leave(say("Idle too long"))

    def _patience(self, session: Session) -> float:
        settings = self._front.settings
        return settings.imap.login_timeout_seconds if session.actor_or_none is None else settings.imap.idle_timeout_seconds

    def _wait_at_most(self, seconds: float) -> None:
        """A single timer per connection, reset only when it fires, costs nothing per command."""
        self._deadline = self._loop.time() + seconds
        if self._timer is not None and self._timer.when() > self._deadline:
            self._timer.cancel()
            self._timer = None
        if self._timer is None:
            self._timer = self._loop.call_at(self._deadline, self._look_at_clock)

    def _look_at_clock(self) -> None:
        """End a silence that is too long; drop a client that does not read its responses, including the last one."""
        self._timer = None
        now = self._loop.time()
        if now < self._deadline:
            self._timer = self._loop.call_at(self._deadline, self._look_at_clock)
        elif self._paused or self._transport.is_closing():
            self.abort()
        elif self._more is not None:
            self._expired = True
            _wake(self._more)
        else:
            self._timer = self._loop.call_at(now + 1, self._look_at_clock)

    async def _execute(self, session: Session, command: Command) -> None:
        before, session.whys = session.actor_or_none, ()
        verb, answer = await table.execute(session, command)
        if not answer.startswith(b"OK"):
            refusing.note(session, answer)
        session.say(command.tag + b" " + (self._failing.answer(answer) if self._failing else answer))
        if self._failing is not None:
            await self._failing.end(self.flush)
        ok = answer.startswith(b"OK")
        wrong_password = not ok and verb in ("LOGIN", "AUTHENTICATE") and b"FAILED]" in answer
        self._mistakes.note(wrong_password=wrong_password, bad_command=answer.startswith(b"BAD"))
        if verb == "LOGOUT" and ok:
            await self.flush()
            raise ConnectionClosed
        if verb == "STARTTLS" and ok:
            await self._begin_tls(session)
        if verb == "COMPRESS" and ok:
            self._write()
            self.compress()  # at once: everything after the response is compressed
            session.compressed = True
        if before is None and session.actor_or_none is not None:
            self._reader.literal_max = session.literal_max

    async def _check_patience(self, session: Session) -> None:
        """Close the connection of a client that makes too many mistakes."""
        why = self._mistakes.ended_by
        if why:
            await session.leave(why)

    async def _begin_tls(self, session: Session) -> None:
        self._hold_back()  # before the check, so that nothing in clear follows while the response waits to be sent
        injected = self._reader.clear()
        await self.flush()
        self._held_back = False  # the handshake continues reading by itself
        if injected:
            await refusing.injected(session)
        session.tls = True  # from here on no half-open connections; a client that fails the handshake is gone
        try:
            await self.start_tls()
        except (OSError, asyncio.CancelledError) as error:
            tls.note_failure(session.transcript, error)
            self.connection_lost(None)  # where a handshake is given up, the event loop tells nobody
            raise ConnectionClosed from error
        shown = self._transport.get_extra_info("ssl_object")
        session.certificate = shown.getpeercert(binary_form=True) if shown else None
        tls.note(session.transcript, shown)

    # What a session asks for (`Stream`)

    def send(self, octets: bytes) -> None:
        """Append octets to those waiting to be sent."""
        self._out += octets

    def _write(self) -> None:
        if self._out and self._transport is not None and not self._transport.is_closing():
            octets = bytes(self._out)
            if self._deflater is not None:
                octets = self._deflater.compress(octets) + self._deflater.flush(zlib.Z_SYNC_FLUSH)
            self._transport.write(octets)
            if self._session is not None:
                self._session.transcript.costs.octets_out += len(octets)
        self._out.clear()

    async def flush(self) -> None:
        """Send the octets; wait while the client does not read."""
        if self._failing is not None:
            await self._failing.write(self._out, self._write, lambda: self._lost)
        self._write()
        while self._paused:
            if self._lost:
                raise ConnectionClosed
            self._writable = self._loop.create_future()
            if self._session is not None:
                self._wait_at_most(self._patience(self._session))
            await self._writable

    def fail(self, fault: Fault) -> None:
        """Send what is answered from here on, to the end of the command, as a fault has it."""
        self._failing = faults.Failing(fault)

    async def line(self) -> bytes:
        """The next line of an exchange."""
        while True:
            line = await self.line_or(_NEVER)
            if line is not None:
                return line

    async def line_or(self, event: asyncio.Event) -> bytes | None:
        """The next line, or None when the event is set first."""
        session = self._session
        if session is None:
            raise ConnectionClosed
        while True:
            line = self._reader.answer()
            if line is not None or event.is_set():
                return line
            await self.flush()
            await self._nudged(session)

    def nudge(self) -> None:
        """Report an event that a session waits for, now or at its next wait."""
        self._nudges = True
        _wake(self._more)

    def ahead(self) -> bool:
        """Whether there are octets that the client sent without waiting for its response."""
        return self._reader.waiting > 0

    async def start_tls(self) -> None:
        """Start TLS; the verb is refused where there is no context for it."""
        self._transport = await self._loop.start_tls(self._transport, self, cast("ssl.SSLContext", self._front.tls), server_side=True)
        self._transport.set_write_buffer_limits(_WRITE_HIGH_BYTES)

    def compress(self) -> None:
        """Deflate in both directions from here on (ref: rfc4978#4)."""
        self._deflater = zlib.compressobj(wbits=-15)
        self._inflater = zlib.decompressobj(wbits=-15)

    def _inflate(self) -> None:
        """Inflate a bounded part of the input; the rest waits until the reader has consumed it. Invalid data ends the connection."""
        try:
            self._reader.feed(self._inflater.decompress(self._deflated, _INFLATED_BYTES_MAX))
        except zlib.error:
            self._deflated, self._silent = b"", True
        else:
            self._deflated = self._inflater.unconsumed_tail

    def admit(self, identity_id: int) -> bool:
        """Assign the connection to an identity; False when that identity has too many."""
        return self._front.connections.admit(self, identity_id)


def _wake(waiter: "asyncio.Future[None] | None") -> None:
    if waiter is not None and not waiter.done():
        waiter.set_result(None)
