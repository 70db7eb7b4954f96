"""The wire of one SMTP connection: buffers and timeouts; a subclass of aiosmtpd's `SMTP`.

What aiosmtpd provides is kept: the protocol object, its life from connection to loss, flow control, the table of verbs. What it does not
provide is overridden only here and in `server.py`: commands and DATA are cut out of one buffer (aiosmtpd reads DATA line by
line), and replies to pipelined commands are sent together.
"""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from aiosmtpd.smtp import SMTP

from mss_sim.config.settings import Settings
from mss_sim.evidence.refusals import Why
from mss_sim.evidence.transcripts import Opener, Transcript
from mss_sim.faults.actions import Drop, Throttle
from mss_sim.faults.faults import Fault, Faults
from mss_sim.net.connections import ANSWERS_BYTES_MAX, TLS_HELLO, Connections
from mss_sim.net.patience import Patience
from mss_sim.smtp import faults, replies
from mss_sim.smtp.replies import Reply
from mss_sim.smtp.session import Session
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.evidence import SessionEnd
from mss_sim.vocabulary.faults import DropMoment
from mss_sim.words.sentence import Sentence, quoted, say

_UNREAD_BYTES_MAX = 1024 * 1024
_LINGER_SECONDS = 30.0  # how long the last reply may take to leave
_END_OF_DATA = b"\r\n.\r\n"
_LINE_WITH_DOT = _END_OF_DATA[:3]
_BAD_CODES = frozenset({500, 501, 502, 503, 504, 555})
_REFUSING = 400
_LEAVING = 421
_WRONG_CREDENTIALS = 535


@dataclass(frozen=True, slots=True)
class SmtpPort:
    """Shared by all connections of one port. `tls` None simulates an attacker who removed STARTTLS: AUTH is offered in clear.

    `faults` None: nothing fails here, as behind a trap.
    """

    settings: Settings
    tls: ssl.SSLContext | None
    connections: Connections
    transcripts: Opener
    door: Door
    new_session: Callable[[str], Session]
    faults: Faults | None = None


class ConnectionClosed(Exception):
    """The client hung up, or the server is done with it."""


class Wire(SMTP):
    """Reads lines and messages, writes replies, and enforces timeouts."""

    def __init__(self, front: SmtpPort, loop: asyncio.AbstractEventLoop) -> None:
        settings = front.settings
        super().__init__(None, hostname=settings.hostname, timeout=settings.smtp.command_timeout_seconds, enable_SMTPUTF8=True, loop=loop)
        self._front = front
        self._buffer = bytearray()
        self._out = bytearray()
        self._transcript: Transcript | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._held_back = False
        self._silent = False
        self._secured = False  # TLS has begun: no half-open connections from here on
        self._mistakes = Patience(settings)
        self._deadline = loop.time() + settings.smtp.command_timeout_seconds
        self._fault: Fault | None = None  # under which the next replies leave

    @property
    def _wire(self) -> asyncio.Transport | None:
        """The transport, if it still exists; uvloop's is not a subclass of `asyncio.Transport`, it only behaves like one."""
        return cast("asyncio.Transport | None", self.transport)

    def leave(self, why: Sentence) -> None:
        """The store finishes what is being stored, and the client is told why it must leave."""
        self._note_end(SessionEnd.SERVER)
        self._say(replies.leaving(why))
        self._write_out()
        if self._handler_coroutine is not None:
            self._handler_coroutine.cancel()

    def abort(self) -> None:
        """Drop the connection without a reply."""
        if self._wire:
            self._wire.abort()

    def data_received(self, data: bytes) -> None:
        """Bytes from the client go straight into the one buffer; excess bytes wait in the kernel."""
        self._buffer += data
        if self._transcript is not None:
            self._transcript.costs.octets_in += len(data)
        if self._waiter is None and len(self._buffer) > _UNREAD_BYTES_MAX:
            self._hold_back()
        self._wake()

    def _hold_back(self) -> None:
        """Stop reading until `_more` requests it or TLS begins: bytes received meanwhile wait in the kernel."""
        if self._wire:
            self._held_back = True
            self._wire.pause_reading()

    def eof_received(self) -> bool:
        """The client will send no more; earlier commands are still answered, where TLS allows a half-open connection."""
        self._silent = True
        self._wake()
        return not self._secured

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    async def _line(self) -> bytes:
        """The next line without its CRLF. A line over the limit is discarded and answered."""
        limit = self._front.settings.smtp.command_bytes_max
        scanned = 0
        while True:
            if not self._secured and self._buffer[:2] == TLS_HELLO:
                await self._leave_handshake()
            at = self._buffer.find(b"\n", scanned)
            if at >= 0:
                line = bytes(self._buffer[: at + 1])
                del self._buffer[: at + 1]
                if len(line) <= limit and line.endswith(b"\r\n"):
                    return line[:-2]
                if self._transcript is not None:
                    self._transcript.begin(b"(a line that is none)")
                self._answer(replies.LINE_TOO_LONG if len(line) > limit else replies.syntax(say("every line ends with CRLF")))
                await self._check_patience()
                scanned = 0
                continue
            if len(self._buffer) > limit:
                del self._buffer[: len(self._buffer) - limit - 1]
            scanned = len(self._buffer)
            await self._more(self._front.settings.smtp.command_timeout_seconds)

    async def _more(self, timeout_seconds: float) -> None:
        """Send pending replies, then wait for bytes; `ConnectionClosed` at the end of the stream.

        Bytes arriving while the client is slow to read replies wake no waiter: a client that pipelines and reads late would wait forever.
        """
        before = len(self._buffer)
        await self._flush()
        self._wait_at_most(timeout_seconds)
        if len(self._buffer) > before:
            return
        if self._silent:
            raise ConnectionClosed
        self._waiter = self.loop.create_future()
        if self._held_back and self._wire:
            self._held_back = False
            self._wire.resume_reading()
        await self._waiter

    async def _let_others(self) -> None:
        """Between two commands: a client that pipelines thousands must read its answers first, and the others get their turn."""
        if len(self._out) > ANSWERS_BYTES_MAX:
            await self._flush()
        if self._buffer and self._front.connections.turns.over:  # else it waits for its client anyway
            await self._front.connections.turns.wait()

    def _wait_at_most(self, seconds: float) -> None:
        """Move the deadline; aiosmtpd's timer is reset when it fires, or at once where it would fire too late."""
        self._deadline = self.loop.time() + seconds
        if self._timeout_handle is not None and self._timeout_handle.when() > self._deadline:
            self._timeout_handle.cancel()
            self._timeout_handle = self.loop.call_at(self._deadline, self._timeout_cb)

    def _timeout_cb(self) -> None:
        """Called by aiosmtpd's timer: close a silent connection, drop one that reads no replies, or sleep until the limit of silence."""
        left = self._deadline - self.loop.time()
        if left <= 0 and self._wire is not None:
            if self._wire.is_closing() or self._wire.get_write_buffer_size():
                self._wire.abort()
                return
            self._note_end(SessionEnd.SERVER)
            self._say(replies.TIMEOUT)
            self._write_out()
            self._wire.close()
            left = _LINGER_SECONDS
        self._timeout_handle = self.loop.call_later(left, self._timeout_cb)

    def _say(self, reply: Reply) -> None:
        self._say_line(reply.line(self._front.settings.language, utf8=self._speaks_utf8))
        if reply.code >= _REFUSING and self._transcript is not None and (reply.whys or reply.code != _LEAVING):
            self._transcript.refuse(f"{reply.code} {reply.enhanced}".strip(), *(reply.whys or (Why(None, reply.text),)))

    @property
    def _speaks_utf8(self) -> bool:
        """Whether the client said SMTPUTF8 for the letter that it is sending."""
        return False

    def _say_line(self, line: bytes) -> None:
        if self._fault is not None:
            line = faults.spoiled(self._fault, line)
        self._out += line
        if self._transcript is not None:
            self._transcript.server(line)

    def _answer(self, reply: Reply) -> None:
        """Answer a command, and count it when it was a bad one."""
        self._say(reply)
        self._mistakes.note(wrong_password=reply.code == _WRONG_CREDENTIALS, bad_command=reply.code in _BAD_CODES)

    async def push(self, status: Any) -> None:
        """The replies of aiosmtpd's own verbs: `250 OK` gets its enhanced code here."""
        text = status.decode() if isinstance(status, bytes) else str(status)
        code, _, rest = text.partition(" ")
        self._answer(Reply(int(code[:3]), f"{code[0]}.0.0", quoted(rest)))

    def _write_out(self) -> None:
        if self._out and self._wire and not self._wire.is_closing():
            self._wire.write(bytes(self._out))
            if self._transcript is not None:
                self._transcript.costs.octets_out += len(self._out)
        self._out.clear()

    async def _flush(self) -> None:
        """Send the replies; for a client that does not read them the server waits instead of using more memory."""
        if self._fault is not None:
            await self._flush_with(self._fault)
        if self._out:
            self._write_out()
            if self._wire and self._wire.get_write_buffer_size():
                await self._writer.drain()

    async def _flush_with(self, fault: Fault) -> None:
        """Send the replies as a fault has it, once; `ConnectionClosed` when it drops the connection."""
        self._fault = None
        match fault.action:
            case Throttle() as slow:
                octets = bytes(self._out)
                self._out.clear()
                for piece, seconds in slow.slices(octets):
                    self._out += piece
                    self._write_out()
                    await self._pause(seconds)
            case Drop(DropMoment.UNANSWERED):
                self._out.clear()
                raise ConnectionClosed
            case Drop(_, after):
                if after is not None:
                    del self._out[after:]
                await self._flush()
                raise ConnectionClosed

    async def _pause(self, seconds: float) -> None:
        """Let a client wait on purpose: the silence is ours."""
        self._wait_at_most(seconds + self._front.settings.smtp.command_timeout_seconds)
        await asyncio.sleep(seconds)

    def _note_end(self, end: SessionEnd) -> None:
        if self._transcript is not None:
            self._transcript.ended = end

    async def _leave(self, reply: Reply) -> None:
        self._note_end(SessionEnd.CLIENT if reply is replies.BYE else SessionEnd.SERVER)
        self._say(reply)
        await self._flush()
        raise ConnectionClosed

    async def _leave_handshake(self) -> None:
        """A client that begins with TLS waits for TLS: what it does wrong stands in the transcript, and in clear on the wire."""
        if self._transcript is not None:
            self._transcript.event("a TLS handshake on a port that begins in clear")
        self._buffer.clear()
        await self._leave(replies.TLS_AT_ONCE)

    async def _check_patience(self) -> None:
        """Close the connection of a client that makes too many mistakes."""
        why = self._mistakes.ended_by
        if why:
            await self._leave(Reply(421, "4.7.0", say("{why}, goodbye", why=why)))

    async def _message(self, limit: int) -> tuple[bytes | None, int]:
        """(message with dots unstuffed, size in bytes); None instead when it exceeded the limit, after all of it was read and dropped."""
        timeout = self._front.settings.smtp.data_timeout_seconds
        dropped = 0
        scanned = 0
        stuffed = False
        while True:
            if not dropped and self._buffer.startswith(_END_OF_DATA[2:]):
                del self._buffer[:3]
                return b"", 0
            dot = at = self._buffer.find(_LINE_WITH_DOT, scanned)  # in most messages the last line alone begins with one
            if dot >= 0 and not self._buffer.startswith(_END_OF_DATA, dot):
                stuffed = True
                at = self._buffer.find(_END_OF_DATA, dot)
            if at >= 0:
                with memoryview(self._buffer) as seen:
                    raw = bytes(seen[: at + 2])
                del self._buffer[: at + len(_END_OF_DATA)]
                whole = _unstuffed(raw) if stuffed or raw.startswith(b".") else raw
                return (None if dropped or len(raw) > limit else whole), dropped + len(raw)
            if len(self._buffer) > limit + len(_END_OF_DATA):
                excess = len(self._buffer) - len(_END_OF_DATA)
                del self._buffer[:excess]
                dropped += excess
            scanned = max(0, len(self._buffer) - len(_END_OF_DATA))
            await self._more(timeout)


def _unstuffed(raw: bytes) -> bytes:
    """The message without the dots that transparency added (ref: rfc5321#4.5.2)."""
    return raw[raw.startswith(b".") :].replace(_LINE_WITH_DOT, b"\r\n")
