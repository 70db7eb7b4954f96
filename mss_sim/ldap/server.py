"""Connections of LDAP: octets in, octets out, what a client may ask of us and how long it is borne with.

Requests are answered as they come, searches beside one another (ref: rfc4511#3.1), so that one that is slow can be abandoned. What is not
there yet of a request, and what is not read of the answers, is waited for as long as the settings say; what is no request ends the
connection, and who makes too many mistakes is let go (`net/patience.py`).
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import NoReturn

from mss_sim import log
from mss_sim.config.settings import Settings
from mss_sim.core.assembly import Core
from mss_sim.errors import Rule
from mss_sim.evidence.refusals import Why
from mss_sim.evidence.transcripts import Opener
from mss_sim.ldap import messages
from mss_sim.ldap.framing import Framer, TooComplex, TooLarge, Unreadable
from mss_sim.ldap.messages import Abandon, BadRequest, Bind, Message, Request, Search, Unbind
from mss_sim.ldap.session import HangUp, Session
from mss_sim.ldap.tree import Tree
from mss_sim.net.connections import TLS_HELLO, Connections
from mss_sim.net.patience import Patience
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.evidence import SessionEnd
from mss_sim.vocabulary.language import Language
from mss_sim.vocabulary.ldap import ResultCode
from mss_sim.words.sentence import Sentence, say

_READ_BYTES = 65_536
_SEARCHES_MAX = 10
"""Searches of one connection that are under way; the next request is read when one of them is over."""
_LINGER_SECONDS = 5.0
"""How long the last answer may take to leave."""


@dataclass(frozen=True, slots=True)
class LdapPort:
    """Shared by all connections of the port."""

    settings: Settings
    connections: Connections
    transcripts: Opener
    core: Core
    tree: Tree

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client to its end."""
        await LdapConnection(self, reader, writer).serve()


class _Closed(Exception):
    """The client is gone, or the server is done with it."""


class LdapConnection:
    """One client."""

    def __init__(self, port: LdapPort, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = writer.get_extra_info("peername")
        transcript = port.transcripts.open(Door.LDAP, str(peer[0]) if isinstance(peer, tuple) else "local")
        self._port = port
        self._limits = port.settings.ldap
        self._reader, self._writer = reader, writer
        self._framer = Framer(self._limits.request_bytes_max)
        self._mistakes = Patience(port.settings)
        self._searches: dict[asyncio.Task[None], int] = {}
        self._task = asyncio.current_task()
        self._session = Session(port.core, port.tree, transcript, self._mistakes, self._send)
        self._transcript = transcript
        self._leaving = False
        self._log = log.get("ldap")

    # What the registry calls

    def leave(self, why: Sentence) -> None:
        """Tell the client why it must go, and end the connection."""
        if not self._leaving:
            self._say_farewell(ResultCode.UNAVAILABLE, why)
            if self._task is not None:
                self._task.cancel()

    def abort(self) -> None:
        """Drop the connection without a word."""
        self._writer.transport.abort()

    # Serving

    async def serve(self) -> None:
        """Read requests and answer them until the end."""
        try:
            if not self._port.connections.open(self):
                why = say("Too many connections, try again later")
                self._transcript.refuse(ResultCode.UNAVAILABLE.word, Why(Rule.TOO_MANY_CONNECTIONS.value, why, "quirks#connections"))
                self._end(ResultCode.UNAVAILABLE, why)
            while True:
                octets = await self._next()
                await self._take(octets)
                await self._let_others()
        except (_Closed, OSError, asyncio.CancelledError):
            pass
        except HangUp:
            self.abort()
        finally:
            await self._finish()

    async def _finish(self) -> None:
        for search in self._searches:
            search.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*self._searches, return_exceptions=True)
        self._port.connections.close(self)
        self._writer.close()
        try:
            async with asyncio.timeout(_LINGER_SECONDS):
                await self._writer.wait_closed()
        except (TimeoutError, OSError, asyncio.CancelledError):
            self.abort()
        self._transcript.close()

    async def _next(self) -> bytes:
        """The next request, whole, within the time that one may take; _Closed at the end."""
        until = asyncio.get_running_loop().time() + self._limits.idle_timeout_seconds
        while not self._writer.is_closing():
            try:
                found = self._framer.next()
            except Unreadable as error:
                self._give_up(error)
            if found is not None:
                return found
            try:
                async with asyncio.timeout_at(until):
                    octets = await self._reader.read(_READ_BYTES)
            except TimeoutError:
                if self._searches:  # it waits for us, not we for it
                    until = asyncio.get_running_loop().time() + self._limits.idle_timeout_seconds
                    continue
                self._end(ResultCode.UNAVAILABLE, say("Idle too long"))
            if not octets:
                await self._settle()
                raise _Closed
            if not self._transcript.costs.octets_in and octets[:2] == TLS_HELLO:
                self._transcript.event("a TLS handshake on a port that begins in clear")
            self._transcript.costs.octets_in += len(octets)
            self._framer.feed(octets)
        raise _Closed

    async def _take(self, octets: bytes) -> None:
        """Read one request, and answer it or begin to."""
        try:
            message = messages.read(octets)
        except Unreadable as error:
            self._give_up(error)
        try:
            request = messages.read_request(message, self._limits.filter_items_max)
        except TooComplex:
            self._session.note(message, None)
            told = say("This request is made of too much: a filter has {most} conditions at most.", most=self._limits.filter_items_max)
            await self._session.result(message, ResultCode.ADMIN_LIMIT_EXCEEDED, told)
            self._check_patience()
            return
        except BadRequest:
            self._session.note(message, None)
            await self._session.result(message, ResultCode.PROTOCOL_ERROR, say("This request cannot be read (rfc4511#4.1.1)."))
            self._check_patience()
            return
        self._session.note(message, request)
        await self._begin(message, request)

    async def _begin(self, message: Message, request: Request) -> None:
        match request:
            case Unbind():
                self._transcript.ended = SessionEnd.CLIENT
                raise _Closed
            case Abandon(id_):
                for search in [one for one, number in self._searches.items() if number == id_]:
                    search.cancel()
            case Search():
                if len(self._searches) >= _SEARCHES_MAX:
                    await asyncio.wait(self._searches, return_when=asyncio.FIRST_COMPLETED)
                search = asyncio.create_task(self._answer(message, request))
                self._searches[search] = message.id
                search.add_done_callback(self._search_over)
                await asyncio.sleep(0)
            case _:
                if isinstance(request, Bind):
                    await self._settle()  # ref: rfc4511#4.2.1
                await self._answer(message, request)
        self._check_patience()

    def _search_over(self, search: "asyncio.Task[None]") -> None:
        self._searches.pop(search, None)
        if not search.cancelled() and search.exception() is not None:
            self.abort()

    async def _answer(self, message: Message, request: Request) -> None:
        begun = self._port.connections.turns.begin()
        try:
            await self._session.answer(message, request)
        except (HangUp, OSError, _Closed):
            raise
        except Exception as error:  # noqa: BLE001 - a defect must not stop the server, nor show its trace on the wire
            self._log.exception("an operation failed", error=repr(error))
            await self._session.result(message, ResultCode.OTHER, say("Internal error, try again later"))
        finally:
            self._port.connections.turns.end(begun)

    async def _settle(self) -> None:
        """Wait until all searches are over."""
        if self._searches:
            await asyncio.wait(self._searches)

    async def _let_others(self) -> None:
        """Between two requests, and two entries: the others have their turn."""
        if self._port.connections.turns.over:
            await self._port.connections.turns.wait()

    async def _send(self, octets: bytes) -> None:
        """Send an answer; who does not read what is sent is dropped."""
        if self._writer.is_closing():
            raise _Closed
        self._writer.write(octets)
        self._transcript.costs.octets_out += len(octets)
        try:
            async with asyncio.timeout(self._limits.idle_timeout_seconds):
                await self._writer.drain()
        except TimeoutError as error:
            self.abort()
            raise _Closed from error
        await self._let_others()

    # What ends it

    def _give_up(self, error: Unreadable) -> NoReturn:
        """End the connection of who sends what is no message (ref: rfc4511#5.3)."""
        told = say("This is no message of LDAP (rfc4511#5.3)")
        if isinstance(error, TooLarge):
            told = say("A request has at most {most} octets", most=self._limits.request_bytes_max)
        self._transcript.event(f"refused: {told.in_language(Language.EN)}: {error}".rstrip(": "))
        self._transcript.begin(b"(what is no message)")
        rule = Rule.TOO_LARGE.value if isinstance(error, TooLarge) else None
        self._transcript.refuse(ResultCode.PROTOCOL_ERROR.word, Why(rule, told, "quirks#ldap-limits" if rule else "rfc4511#5.3"))
        self._end(ResultCode.PROTOCOL_ERROR, told)

    def _check_patience(self) -> None:
        why = self._mistakes.ended_by
        if why:
            self._end(ResultCode.UNAVAILABLE, why)

    def _end(self, code: ResultCode, why: Sentence) -> NoReturn:
        """Say why, and be done: _Closed."""
        self._say_farewell(code, why)
        raise _Closed

    def _say_farewell(self, code: ResultCode, why: Sentence) -> None:
        self._leaving = True
        self._transcript.ended = SessionEnd.SERVER
        if not self._writer.is_closing():
            octets = self._session.notice(code, why)
            self._transcript.costs.octets_out += len(octets)
            self._writer.write(octets)
