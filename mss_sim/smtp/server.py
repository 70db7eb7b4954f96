"""The server's verbs: what a connection answers, through `session.py`; reading and writing are in `wire.py`.

Every reply has an enhanced code, DSN and long AUTH lines are supported, and nothing sent in clear after STARTTLS is ever
executed. The methods have the names that aiosmtpd looks up, `smtp_` and the verb.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import replace

from mss_sim import log
from mss_sim.errors import Refusal
from mss_sim.evidence.transcripts import MASK
from mss_sim.faults.actions import Delay, Drop, Duplicate, Mask
from mss_sim.faults.actions import Reply as FaultReply
from mss_sim.faults.faults import Fault
from mss_sim.net import tls
from mss_sim.net.connections import ANSWERS_BYTES_MAX
from mss_sim.net.logins import CutConnection, exchange, instead, login_of, mechanisms, show_token_refusal
from mss_sim.net.sasl import SaslError
from mss_sim.smtp import faults, replies
from mss_sim.smtp.replies import Reply
from mss_sim.smtp.session import Session
from mss_sim.smtp.submission import SubmissionSession
from mss_sim.smtp.wire import ConnectionClosed, SmtpPort, Wire
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.faults import CONNECT, END_OF_DATA, DropMoment, Point
from mss_sim.words.sentence import joined, quoted, say, sentence_of

_CLIENT_CHARS_MAX = 300
_TAKEN = 250


class SmtpConnection(Wire):
    """One connection of one client."""

    def __init__(self, front: SmtpPort, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(front, loop)
        self._dialogue: Session | None = None
        self._auth_seen = False
        self._login = ""
        self._masked: frozenset[str] = frozenset()  # capabilities that a fault hides from this client
        self._doubled: Fault | None = None  # under which the next letter is taken twice
        self._point = Point.MX if front.door is Door.MX else Point.SUBMISSION
        self._log = log.get("smtp")

    @property
    def dialogue(self) -> Session:
        """The session of this connection; it exists once the client is connected."""
        if self._dialogue is None:
            raise RuntimeError("the connection is not made yet")
        return self._dialogue

    async def _handle_client(self) -> None:
        """Serve one client until it leaves, is too slow, or makes too many mistakes."""
        peer = self.transport.get_extra_info("peername") if self.transport else None
        shown = str(peer[0]) if isinstance(peer, tuple) else "local"
        self._dialogue = self._front.new_session(shown)
        self._transcript = self._front.transcripts.open(self._front.door, shown)
        self._transcript.costs.octets_in = len(self._buffer)
        admitted = self._front.connections.open(self)
        try:
            if not admitted:
                await self._leave(replies.TOO_MANY_CONNECTIONS)
            await self._begin_fault(CONNECT)
            self._say(Reply(220, "", quoted(f"{self.hostname} ESMTP mss-sim, a simulator: never send real patient data")))
            turns = self._front.connections.turns
            while True:
                line = await self._line()
                begun = turns.begin()
                await self._command(line)
                turns.end(begun)
                if (self._buffer and turns.over) or len(self._out) > ANSWERS_BYTES_MAX:
                    await self._let_others()
        except (ConnectionClosed, ConnectionError, ssl.SSLError, asyncio.CancelledError):
            pass
        except Exception as error:  # noqa: BLE001 - a defect must not stop the server, nor show its trace on the wire
            self._log.exception("session failed", error=repr(error))
            self._say(replies.INTERNAL)
            self._write_out()
        finally:
            if self.transport is not None:
                self.transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        """The last byte has been sent; only now does the connection stop counting."""
        self._front.connections.close(self)
        if self._transcript is not None:
            self._transcript.close()
        super().connection_lost(error)

    # Verbs

    async def _command(self, line: bytes) -> None:
        if isinstance(self._dialogue, SubmissionSession) and self._dialogue.expired:
            await self._leave(replies.TOKEN_EXPIRED)
        self.dialogue.begin_command()
        verb, _, argument = line.partition(b" ")
        method: Callable[[str], Awaitable[None]] | None = self._smtp_methods.get(verb.upper().decode("ascii", "replace"))
        if line.lstrip()[:4].upper() == b"AUTH":  # mistyped ones carry credentials too
            self._auth_seen = True
            shown = b"AUTH %b %b" % (argument.partition(b" ")[0] if verb.upper() == b"AUTH" else b"", MASK)
        else:
            shown = MASK if method is None and self._auth_seen else line  # responses to a refused AUTH come as commands
        if self._transcript is not None:
            self._transcript.command(shown, polls=verb.upper() == b"NOOP")
        if method is None or b"\x00" in line:
            self._answer(replies.SYNTAX)
        elif self._failing:
            await self._command_that_may_fail(verb.upper().decode("ascii"), method, argument.strip().decode("utf-8", "surrogateescape"))
        else:
            await method(argument.strip().decode("utf-8", "surrogateescape"))
        if self._mistakes.tried:
            await self._check_patience()

    # Faults

    @property
    def _failing(self) -> bool:
        """Whether there is a rule for this port, or something is hidden from this client."""
        return bool(self._masked) or (self._front.faults is not None and self._front.faults.at(self._point))

    async def _command_that_may_fail(self, verb: str, method: Callable[[str], Awaitable[None]], argument: str) -> None:
        if verb in self._masked:
            self._answer(replies.NOT_IMPLEMENTED)
            return
        hidden = faults.masked_parameter(self._masked, argument) if verb in ("MAIL", "RCPT") else None
        if hidden:
            self._answer(replies.unknown_parameter(hidden))
            return
        if verb == "AUTH" or not await self._begin_fault(verb, argument):  # who wants to log in is known later: see _log_in
            await method(argument)
        await self._flush()

    async def _begin_fault(self, verb: str, argument: str = "", *, login: str = "", size_bytes: int | None = None) -> bool:
        """Take the fault that is due, if any; True when it stands for the act. `ConnectionClosed` when it drops the connection.

        What a fault does to the reply happens when the reply is sent (`Wire._flush`).
        """
        if self._front.faults is None or not self._front.faults.at(self._point):
            return False
        known = faults.facts(self.dialogue, verb, argument, login=login or self._login, size_bytes=size_bytes)
        fault = self._front.faults.find(self._point, known)
        if fault is None:
            return False
        await self._flush()
        if self._transcript is not None:
            self._transcript.fault(fault.event)
        return await self._take_fault(verb, fault)

    async def _take_fault(self, verb: str, fault: Fault) -> bool:
        match fault.action:
            case FaultReply() as action:
                reply = faults.reply_of(fault, action)
                if reply.code == 421 or verb == CONNECT:  # ref: rfc5321#3.8
                    await self._leave(reply)
                self._say(reply)
                return True
            case Delay(seconds):
                await self._pause(seconds)
            case Drop(DropMoment.BEFORE):
                raise ConnectionClosed
            case Mask(words):
                self._masked = words
            case Duplicate():
                self._doubled = fault
            case _:
                self._fault = fault
        return False

    @property
    def _speaks_utf8(self) -> bool:
        return self._dialogue is not None and self._dialogue.speaks_utf8

    def _note(self, octets: bytes) -> None:
        """Record what the client sent in the transcript."""
        if self._transcript is not None:
            self._transcript.client(octets)

    async def smtp_HELO(self, hostname: str) -> None:  # noqa: N802 - aiosmtpd finds verbs by this name
        """HELO: no extensions (ref: rfc5321#4.1.1.1)."""
        await self._greet(hostname, extended=False)

    async def smtp_EHLO(self, hostname: str) -> None:  # noqa: N802
        """EHLO: announces exactly what is implemented."""
        await self._greet(hostname, extended=True)

    async def _greet(self, hostname: str, *, extended: bool) -> None:
        if not hostname or not hostname.isprintable() or " " in hostname:
            self._answer(replies.syntax(say("EHLO hostname") if extended else say("HELO hostname")))
            return
        self.dialogue.greet(hostname, extended=extended)
        if self._transcript is not None:
            self._transcript.facts["client"] = hostname[:_CLIENT_CHARS_MAX]
        words = await self._extensions() if extended else []
        lines = [self.hostname, *words]
        for position, word in enumerate(lines, 1):
            self._say_line(f"250{' ' if position == len(lines) else '-'}{word}\r\n".encode("ascii"))

    async def _extensions(self) -> list[str]:
        words = [
            "PIPELINING",
            f"SIZE {await self.dialogue.size_max()}",
            "8BITMIME",
            "SMTPUTF8",
            "ENHANCEDSTATUSCODES",
            "DSN",
        ]
        if not self.dialogue.tls and self._front.tls is not None:
            words.append("STARTTLS")
        safe = self.dialogue.tls or self._front.tls is None
        if isinstance(self.dialogue, SubmissionSession) and safe and not self.dialogue.authenticated:
            words.append("AUTH " + " ".join(mechanisms(self._front.settings, self.dialogue.certificate)))
        return [word for word in words if word.partition(" ")[0] not in self._masked] if self._masked else words

    async def smtp_STARTTLS(self, argument: str) -> None:  # noqa: N802
        """STARTTLS. Bytes that came with it in clear are discarded unexecuted (ref: rfc3207#4.2)."""
        if argument:
            self._answer(replies.syntax(quoted("STARTTLS")))
        elif self._front.tls is None:
            self._answer(replies.NOT_IMPLEMENTED)
        elif self.dialogue.tls:
            self._answer(replies.BAD_SEQUENCE_TLS)
        else:
            self._hold_back()  # before the check, so that nothing in clear follows while the reply waits to be sent
            if self._buffer:
                self._buffer.clear()
                self._answer(replies.INJECTION)
                return
            self._say(replies.START_TLS)
            await self._flush()
            await self._begin_tls(self._front.tls)
            self.dialogue.start_tls()
            ssl_object = self.transport.get_extra_info("ssl_object") if self.transport else None
            await self.dialogue.on_client_certificate(tls.client_chain(ssl_object))

    async def _begin_tls(self, context: ssl.SSLContext) -> None:
        """The handshake, which continues reading by itself; its outcome is in the transcript."""
        self._secured, self._held_back = True, False
        try:
            await self._writer.start_tls(context)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError) as error:
            if self._transcript is not None:
                tls.note_failure(self._transcript, error)
            self.connection_lost(None)  # where a handshake is given up, the event loop tells nobody
            raise ConnectionClosed from error
        self.transport = self._writer.transport
        if self._transcript is not None:
            tls.note(self._transcript, self.transport.get_extra_info("ssl_object"))

    async def smtp_AUTH(self, argument: str) -> None:  # noqa: N802
        """AUTH (ref: rfc4954#4)."""
        dialogue = self.dialogue
        if not isinstance(dialogue, SubmissionSession):
            self._answer(replies.AUTH_NOT_OFFERED)
        elif not dialogue.tls and self._front.tls is not None:
            self._answer(replies.TLS_FIRST)
        elif dialogue.hello is None:
            self._answer(replies.BAD_SEQUENCE_HELLO)
        elif dialogue.authenticated:
            self._answer(replies.BAD_SEQUENCE_AUTH)
        elif dialogue.transaction is not None:
            self._answer(replies.BAD_SEQUENCE_NESTED)
        else:
            await self._log_in(dialogue, argument)

    async def _log_in(self, dialogue: SubmissionSession, argument: str) -> None:
        name, _, initial = argument.partition(" ")
        if name.upper() not in mechanisms(self._front.settings, dialogue.certificate):
            self._answer(Reply(504, "5.5.4", instead(self._front.settings, dialogue.certificate, name.upper()[:30])))
            return
        try:
            credentials = await exchange(name.upper(), initial.strip() or None, self._ask)
            if credentials is None:
                self._answer(replies.AUTH_CANCELLED)
                return
            login = login_of(credentials, plus=self._front.settings.login.plus)
            if await self._begin_fault("AUTH", login=login):
                return
            actor = await dialogue.authenticate(credentials)
        except SaslError as error:
            self._answer(Reply(501, replies.AUTH_UNREADABLE.enhanced, joined((replies.AUTH_UNREADABLE.text, sentence_of(error)), ": ")))
            return
        except Refusal as refusal:
            await self._refuse_login(name.upper(), refusal)
            return
        if not self._front.connections.admit(self, actor.identity.id):
            await self._leave(replies.TOO_MANY_CONNECTIONS)
        dialogue.actor, self._login = actor, login
        if self._transcript is not None:
            self._transcript.logged_in(actor.identity.idnat)
        self._say(replies.AUTHENTICATED)

    async def _refuse_login(self, mechanism: str, refusal: Refusal) -> None:
        try:
            await show_token_refusal(self._front.settings, mechanism, self._ask, self._challenge)
        except CutConnection as cut:
            await self._flush()
            raise ConnectionClosed from cut
        self._answer(self.dialogue.refused(refusal))

    async def _challenge(self, challenge: str) -> None:
        self._say(Reply(334, "", quoted(challenge)))

    async def _ask(self, challenge: str) -> str:
        """Send a challenge; returns the response."""
        await self._challenge(challenge)
        response = await self._line()
        self._note(MASK)
        return response.decode("ascii", "replace")

    async def smtp_MAIL(self, argument: str) -> None:  # noqa: N802
        """MAIL FROM."""
        self._answer(await self.dialogue.mail(argument))

    async def smtp_RCPT(self, argument: str) -> None:  # noqa: N802
        """RCPT TO."""
        self._answer(await self.dialogue.rcpt(argument))

    async def smtp_DATA(self, argument: str) -> None:  # noqa: N802
        """DATA: the end of the message is searched in the buffer, then the whole is handed over once."""
        if argument:
            self._answer(replies.syntax(quoted("DATA")))
            return
        reply = self.dialogue.data()
        self._answer(reply)
        if reply.code != 354:
            return
        limit = await self.dialogue.size_max() + self.dialogue.trace_room
        raw, size = await self._message(limit)
        self._note(b"(a message of %d bytes)" % size)
        if raw is not None and self._transcript is not None:
            self._transcript.brings(raw)
        if await self._begin_fault(END_OF_DATA, size_bytes=size):
            self.dialogue.reset()
            return
        reply = self.dialogue.too_large(size, limit) if raw is None else await self._taken(raw)
        self._answer(reply)
        if reply.code == _TAKEN and self._transcript is not None:
            self._transcript.took()
        if self._fault is not None:
            await self._flush()

    async def _taken(self, raw: bytes) -> Reply:
        """The reply to a whole message; a fault may have it taken once more, as if it had been sent again."""
        fault, self._doubled = self._doubled, None
        transaction = self.dialogue.transaction
        reply = await self.dialogue.message(raw)
        if fault is None:
            return reply
        if reply.code == 250:
            self.dialogue.transaction = transaction
            reply = await self.dialogue.message(raw)
        return replace(reply, text=joined((reply.text, f" {fault.mark}")))

    async def smtp_RSET(self, argument: str) -> None:  # noqa: N802
        """RSET."""
        self._answer(replies.syntax(quoted("RSET")) if argument else self.dialogue.reset())

    async def smtp_VRFY(self, argument: str) -> None:  # noqa: N802
        """VRFY never reveals whether an address exists (ref: rfc5321#7.3)."""
        self._answer(replies.VRFY if argument else replies.syntax(say("VRFY address")))

    async def smtp_EXPN(self, _argument: str) -> None:  # noqa: N802
        """EXPN: there are no lists."""
        self._answer(replies.NOT_IMPLEMENTED)

    async def smtp_HELP(self, _argument: str) -> None:  # noqa: N802
        """HELP."""
        self._answer(replies.HELP)

    async def smtp_QUIT(self, argument: str) -> None:  # noqa: N802
        """QUIT."""
        if argument:
            self._answer(replies.syntax(quoted("QUIT")))
        else:
            await self._leave(replies.BYE)
