"""The connection: a subclass of aiosmtpd's `SMTP` that reads fast and answers through `session.py`.

What aiosmtpd gives is kept: the protocol object, its life from connection to loss, flow control, the table of verbs. What it does not
give is overridden here and nowhere else: commands and DATA are cut out of one buffer (aiosmtpd reads DATA line by line), replies to
pipelined commands leave together, every reply has an enhanced code, DSN and long AUTH lines are understood, and nothing that was
sent in clear after STARTTLS is ever executed.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiosmtpd.smtp import SMTP

from mss_sim import log
from mss_sim.config import Settings
from mss_sim.errors import Refusal
from mss_sim.net import sasl
from mss_sim.net.sasl import Credentials, SaslError
from mss_sim.smtp import replies
from mss_sim.smtp.connections import Connections
from mss_sim.smtp.replies import Reply
from mss_sim.smtp.session import Session
from mss_sim.smtp.submission import SubmissionSession

_CHUNK_BYTES = 256 * 1024
_END_OF_DATA = b"\r\n.\r\n"
_BAD_CODES = frozenset({500, 501, 502, 503, 504, 555})
_WRONG_CREDENTIALS = 535


@dataclass(frozen=True, slots=True)
class FrontEnd:
    """What all connections of one port share."""

    settings: Settings
    tls: ssl.SSLContext
    connections: Connections
    new_session: Callable[[str], Session]


class _Gone(Exception):
    """The client hung up, or the server is done with it."""


class SmtpConnection(SMTP):
    """One connection of one client."""

    line_length_limit = _CHUNK_BYTES

    def __init__(self, front: FrontEnd, loop: asyncio.AbstractEventLoop) -> None:
        settings = front.settings
        super().__init__(None, hostname=settings.hostname, timeout=settings.command_timeout_seconds, enable_SMTPUTF8=True, loop=loop)
        self._front = front
        self._buffer = bytearray()
        self._out = bytearray()
        self._bad_commands = 0
        self._bad_passwords = 0
        self._deadline = loop.time() + front.settings.command_timeout_seconds
        self._talk: Session | None = None
        self._log = log.get("smtp")

    @property
    def talk(self) -> Session:
        """The session of this connection; it exists once the client is connected."""
        if self._talk is None:
            raise RuntimeError("the connection is not made yet")
        return self._talk

    async def _handle_client(self) -> None:
        """Serve one client until it leaves, is too slow, or makes too many mistakes."""
        peer = self.transport.get_extra_info("peername") if self.transport else None
        self._talk = self._front.new_session(str(peer[0]) if isinstance(peer, tuple) else "local")
        admitted = self._front.connections.open(self)
        try:
            if not admitted:
                await self._leave(replies.TOO_MANY_CONNECTIONS)
            self._say(Reply(220, "", f"{self.hostname} ESMTP mss-sim, a simulator: never send real patient data"))
            while True:
                await self._command(await self._line())
        except (_Gone, ConnectionError, ssl.SSLError, asyncio.CancelledError):
            pass
        except Exception as error:  # noqa: BLE001 - a defect must not take the server down, nor show its trace on the wire
            self._log.exception("session failed", error=repr(error))
            self._say(replies.INTERNAL)
            self._write_out()
        finally:
            if self.transport is not None:
                self.transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        """The last byte has left; only now does the connection stop counting."""
        self._front.connections.close(self)
        super().connection_lost(error)

    def leave(self) -> None:
        """The server stops: what is being stored is finished by the store, the client hears why it must go."""
        self._say(replies.GOING_DOWN)
        self._write_out()
        if self._handler_coroutine is not None:
            self._handler_coroutine.cancel()

    def abort(self) -> None:
        """Drop the connection without a word."""
        if isinstance(self.transport, asyncio.Transport):
            self.transport.abort()

    def eof_received(self) -> bool:
        """The client will say no more; what it said before is still answered, where TLS allows a half-open connection."""
        self._reader.feed_eof()
        return self._talk is None or not self._talk.tls

    # Reading and writing

    async def _line(self) -> bytes:
        """The next line without its CRLF. A line over the limit is swallowed and answered."""
        limit = self._front.settings.command_bytes_max
        scanned = 0
        while True:
            at = self._buffer.find(b"\n", scanned)
            if at >= 0:
                line = bytes(self._buffer[: at + 1])
                del self._buffer[: at + 1]
                if len(line) <= limit and line.endswith(b"\r\n"):
                    return line[:-2]
                self._answer(replies.LINE_TOO_LONG if len(line) > limit else replies.syntax("every line ends with CRLF"))
                await self._check_patience()
                scanned = 0
                continue
            if len(self._buffer) > limit:
                del self._buffer[: len(self._buffer) - limit - 1]
            scanned = len(self._buffer)
            await self._more(self._front.settings.command_timeout_seconds)

    async def _more(self, timeout_seconds: float) -> None:
        """Send what is to be sent, then wait for bytes; `_Gone` at the end of the stream."""
        await self._flush()
        self._deadline = self.loop.time() + timeout_seconds
        chunk = await self._reader.read(_CHUNK_BYTES)
        if not chunk:
            raise _Gone
        self._buffer += chunk

    def _timeout_cb(self) -> None:
        """Called by aiosmtpd's timer: close a silent connection, or sleep again until it would be too silent."""
        left = self._deadline - self.loop.time()
        if left > 0:
            self._timeout_handle = self.loop.call_later(left, self._timeout_cb)
        elif self.transport is not None:
            self._say(replies.TIMEOUT)
            self._write_out()
            self.transport.close()

    def _say(self, reply: Reply) -> None:
        self._out += reply.line()

    def _answer(self, reply: Reply) -> None:
        """Answer a command, and count it when it was a bad one."""
        self._say(reply)
        self._bad_commands += reply.code in _BAD_CODES
        self._bad_passwords += reply.code == _WRONG_CREDENTIALS

    async def push(self, status: Any) -> None:
        """What aiosmtpd's own verbs answer with: `250 OK` gets its enhanced code here."""
        text = status.decode() if isinstance(status, bytes) else str(status)
        code, _, rest = text.partition(" ")
        self._answer(Reply(int(code[:3]), f"{code[0]}.0.0", rest))

    def _write_out(self) -> None:
        if self._out and self.transport is not None and not self.transport.is_closing():
            self._writer.write(bytes(self._out))
        self._out.clear()

    async def _flush(self) -> None:
        if self._out:
            self._write_out()
            await self._writer.drain()

    async def _leave(self, reply: Reply) -> None:
        self._say(reply)
        await self._flush()
        raise _Gone

    async def _check_patience(self) -> None:
        """Close on a client that makes too many mistakes."""
        if self._bad_passwords >= self._front.settings.bad_passwords_max:
            await self._leave(replies.TOO_MANY_PASSWORDS)
        if self._bad_commands >= self._front.settings.bad_commands_max:
            await self._leave(replies.TOO_MANY_ERRORS)

    # Verbs

    async def _command(self, line: bytes) -> None:
        verb, _, argument = line.partition(b" ")
        method: Callable[[str], Awaitable[None]] | None = self._smtp_methods.get(verb.upper().decode("ascii", "replace"))
        if method is None or b"\x00" in line:
            self._answer(replies.SYNTAX)
        else:
            await method(argument.strip().decode("utf-8", "surrogateescape"))
        if self._bad_commands or self._bad_passwords:
            await self._check_patience()

    async def smtp_HELO(self, hostname: str) -> None:  # noqa: N802 - aiosmtpd finds verbs by this name
        """HELO: no extensions (ref: rfc5321#4.1.1.1)."""
        self._greet(hostname, extended=False)

    async def smtp_EHLO(self, hostname: str) -> None:  # noqa: N802
        """EHLO: what is announced is implemented, and nothing else is."""
        self._greet(hostname, extended=True)

    def _greet(self, hostname: str, *, extended: bool) -> None:
        if not hostname or not hostname.isprintable() or " " in hostname:
            self._answer(replies.syntax("EHLO hostname"))
            return
        self.talk.greet(hostname, extended=extended)
        words = self._extensions() if extended else []
        lines = [self.hostname, *words]
        for position, word in enumerate(lines, 1):
            self._out += f"250{' ' if position == len(lines) else '-'}{word}\r\n".encode("ascii")

    def _extensions(self) -> list[str]:
        words = [
            "PIPELINING",
            f"SIZE {self._front.settings.message_size_bytes_max}",
            "8BITMIME",
            "SMTPUTF8",
            "ENHANCEDSTATUSCODES",
            "DSN",
        ]
        if not self.talk.tls:
            words.append("STARTTLS")
        if isinstance(self.talk, SubmissionSession) and self.talk.tls and not self.talk.authenticated:
            words.append("AUTH " + " ".join(self.talk.mechanisms()))
        return words

    async def smtp_STARTTLS(self, argument: str) -> None:  # noqa: N802
        """STARTTLS. Bytes that came with it in clear are thrown away unexecuted (ref: rfc3207#4.2)."""
        if argument:
            self._answer(replies.syntax("STARTTLS"))
        elif self.talk.tls:
            self._answer(replies.BAD_SEQUENCE_TLS)
        elif self._buffer:
            self._buffer.clear()
            self._answer(replies.INJECTION)
        else:
            self._say(replies.START_TLS)
            await self._flush()
            await self._writer.start_tls(self._front.tls)
            self.transport = self._writer.transport
            self._reader._transport = self.transport  # type: ignore[attr-defined]  # noqa: SLF001 - asyncio 3.11 forgets it
            self.talk.start_tls()

    async def smtp_AUTH(self, argument: str) -> None:  # noqa: N802
        """AUTH (ref: rfc4954#4)."""
        talk = self.talk
        if not isinstance(talk, SubmissionSession):
            self._answer(replies.AUTH_NOT_OFFERED)
        elif not talk.tls:
            self._answer(replies.TLS_FIRST)
        elif talk.hello is None:
            self._answer(replies.BAD_SEQUENCE_HELLO)
        elif talk.authenticated:
            self._answer(replies.BAD_SEQUENCE_AUTH)
        elif talk.transaction is not None:
            self._answer(replies.BAD_SEQUENCE_NESTED)
        else:
            await self._log_in(talk, argument)

    async def _log_in(self, talk: SubmissionSession, argument: str) -> None:
        name, _, initial = argument.partition(" ")
        if name.upper() not in talk.mechanisms():
            self._answer(replies.AUTH_UNKNOWN)
            return
        try:
            credentials = await self._exchange(name.upper(), initial.strip())
            if credentials is None:
                self._answer(replies.AUTH_CANCELLED)
                return
            actor = await talk.authenticate(credentials)
        except SaslError as error:
            self._answer(Reply(501, replies.AUTH_UNREADABLE.enhanced, f"{replies.AUTH_UNREADABLE.text}: {error}"))
            return
        except Refusal as refusal:
            self._answer(replies.refused(refusal))
            return
        if not self._front.connections.admit(self, actor.identity.id):
            await self._leave(replies.TOO_MANY_CONNECTIONS)
        talk.actor = actor
        self._say(replies.AUTHENTICATED)

    async def _exchange(self, mechanism: str, initial: str) -> Credentials | None:
        """Run a SASL exchange; None when the client cancels with `*`."""
        first = None if not initial else b"" if initial == "=" else sasl.decode(initial)
        exchange = sasl.MECHANISMS[mechanism](first)
        try:
            challenge = next(exchange)
            while True:
                self._say(Reply(334, "", sasl.encode(challenge)))
                response = (await self._line()).decode("ascii", "replace")
                if response == "*":
                    return None
                challenge = exchange.send(sasl.decode(response))
        except StopIteration as end:
            credentials: Credentials = end.value
            return credentials

    async def smtp_MAIL(self, argument: str) -> None:  # noqa: N802
        """MAIL FROM."""
        self._answer(await self.talk.mail(argument))

    async def smtp_RCPT(self, argument: str) -> None:  # noqa: N802
        """RCPT TO."""
        self._answer(await self.talk.rcpt(argument))

    async def smtp_DATA(self, argument: str) -> None:  # noqa: N802
        """DATA: the whole message is looked for in the buffer, then handed over once."""
        if argument:
            self._answer(replies.syntax("DATA"))
            return
        reply = self.talk.data()
        self._answer(reply)
        if reply.code != 354:
            return
        raw, size = await self._message()
        self._answer(self.talk.too_large(size) if raw is None else await self.talk.message(raw))

    async def _message(self) -> tuple[bytes | None, int]:
        """(message with dots unstuffed, size); None in its place when it went over the limit, all of it read and dropped."""
        limit = self._front.settings.message_size_bytes_max
        timeout = self._front.settings.data_timeout_seconds
        dropped = 0
        scanned = 0
        while True:
            if not dropped and self._buffer.startswith(_END_OF_DATA[2:]):
                del self._buffer[:3]
                return b"", 0
            at = self._buffer.find(_END_OF_DATA, scanned)
            if at >= 0:
                raw = bytes(self._buffer[: at + 2])
                del self._buffer[: at + len(_END_OF_DATA)]
                return (None if dropped or len(raw) > limit else _unstuffed(raw)), dropped + len(raw)
            if len(self._buffer) > limit + len(_END_OF_DATA):
                excess = len(self._buffer) - len(_END_OF_DATA)
                del self._buffer[:excess]
                dropped += excess
            scanned = max(0, len(self._buffer) - len(_END_OF_DATA))
            await self._more(timeout)

    async def smtp_RSET(self, argument: str) -> None:  # noqa: N802
        """RSET."""
        self._answer(replies.syntax("RSET") if argument else self.talk.reset())

    async def smtp_VRFY(self, argument: str) -> None:  # noqa: N802
        """VRFY never tells who exists (ref: rfc5321#7.3)."""
        self._answer(replies.VRFY if argument else replies.syntax("VRFY address"))

    async def smtp_EXPN(self, _argument: str) -> None:  # noqa: N802
        """EXPN: there are no lists."""
        self._answer(replies.NOT_IMPLEMENTED)

    async def smtp_HELP(self, _argument: str) -> None:  # noqa: N802
        """HELP."""
        self._answer(replies.HELP)

    async def smtp_QUIT(self, argument: str) -> None:  # noqa: N802
        """QUIT."""
        if argument:
            self._answer(replies.syntax("QUIT"))
        else:
            await self._leave(replies.BYE)


def _unstuffed(raw: bytes) -> bytes:
    """The message without the dots that transparency added (ref: rfc5321#4.5.2)."""
    if raw.startswith(b"."):
        raw = raw[1:]
    return raw.replace(b"\r\n.", b"\r\n") if b"\r\n." in raw else raw
