"""The operations of one client, and what they are answered; knows no socket.

What is said is kept for evidence as text, `3 searchRequest "cn=…" base (objectClass=pkiCA)`: the octets would tell nobody anything.
Passwords are never kept, and never looked at: nobody can log in.
"""

import asyncio
from collections.abc import Awaitable, Callable

from mss_sim.core.assembly import Core
from mss_sim.core.world.revocation_faults import Manner
from mss_sim.errors import Refusal, Rule
from mss_sim.evidence.refusals import Why, whys
from mss_sim.evidence.transcripts import Transcript
from mss_sim.ldap import messages, searches
from mss_sim.ldap.messages import Bind, Compare, Extended, Message, Request, Search, Write
from mss_sim.ldap.schema import attribute
from mss_sim.ldap.searches import Refused, Shown
from mss_sim.ldap.tree import Entry, Tree
from mss_sim.net.patience import Patience
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.ldap import Operation, ResultCode
from mss_sim.vocabulary.trust import IgcService, ServiceBehaviour
from mss_sim.words.sentence import Sentence, joined, quoted, say

Send = Callable[[bytes], Awaitable[None]]
_VERSION = 3
_CODES: dict[Rule, ResultCode] = {
    Rule.AUTHENTICATION_FAILED: ResultCode.INVALID_CREDENTIALS,
    Rule.STORE_UNAVAILABLE: ResultCode.UNAVAILABLE,
    Rule.NOT_FOUND: ResultCode.NO_SUCH_OBJECT,
}
"""The rules that can refuse here."""
_NO_REFUSAL = frozenset({ResultCode.SUCCESS, ResultCode.COMPARE_TRUE, ResultCode.COMPARE_FALSE})
_CUT_SHORT = frozenset({ResultCode.SIZE_LIMIT_EXCEEDED, ResultCode.TIME_LIMIT_EXCEEDED})
_BAD = frozenset(
    {
        ResultCode.PROTOCOL_ERROR,
        ResultCode.ADMIN_LIMIT_EXCEEDED,
        ResultCode.AUTH_METHOD_NOT_SUPPORTED,
        ResultCode.UNAVAILABLE_CRITICAL_EXTENSION,
        ResultCode.INVALID_DN_SYNTAX,
        ResultCode.UNWILLING_TO_PERFORM,
    }
)
"""What no client asks that knows what this is."""
_PLAIN = quoted("")


class HangUp(Exception):
    """The connection is to be cut without an answer."""


class Session:
    """What one client says, and is told; `mistakes` try the patience of the server."""

    def __init__(self, core: Core, tree: Tree, transcript: Transcript, mistakes: Patience, send: Send) -> None:
        self._core = core
        self._tree = tree
        self._send = send
        self._mistakes = mistakes
        self._settings = core.world.settings
        self.transcript = transcript

    def note(self, message: Message, request: Request | None) -> None:
        """Keep what the client said; None for what could not be read."""
        text = f"{message.id} {message.operation.request} {request.text() if request else ''}".rstrip()
        self.transcript.command(_line(text), tag=len(str(message.id)) + 1)

    async def answer(self, message: Message, request: Request) -> None:
        """Carry an operation out and answer it. HangUp where nothing is to be answered."""
        try:
            code, told = await self._carry_out(message, request)
        except Refused as refused:
            await self.result(message, refused.code, refused.told, refused.matched)
        except Refusal as refusal:
            self._core.world.tally.refused(Door.LDAP, refusal)
            await self.result(message, _CODES.get(refusal.rule, ResultCode.OTHER), refusal.detail, whys=whys(refusal))
        else:
            await self.result(message, code, told)

    async def _carry_out(self, message: Message, request: Request) -> tuple[ResultCode, Sentence]:
        if message.critical:
            told = say("No control is known here, and {oid} is a critical one (rfc4511#4.1.11).", oid=message.critical[0][:100])
            raise Refused(ResultCode.UNAVAILABLE_CRITICAL_EXTENSION, told)
        match request:
            case Bind():
                return self._bind(request)
            case Search():
                return await self._search(message, request)
            case Compare():
                return await self._compare(request)
            case Write(entry):
                told = say("{entry}: this directory is to be read only; what is in it changes with the world.", entry=entry[:200])
                raise Refused(ResultCode.UNWILLING_TO_PERFORM, told)
            case Extended(oid):
                raise Refused(ResultCode.PROTOCOL_ERROR, say("No extended operation is known here: {oid} (rfc4511#4.12).", oid=oid[:100]))
        raise HangUp

    def _bind(self, wanted: Bind) -> tuple[ResultCode, Sentence]:
        """Only who names nobody is let in (ref: rfc4513#5.1)."""
        if wanted.version != _VERSION:
            raise Refused(ResultCode.PROTOCOL_ERROR, say("LDAP is spoken in version 3 here (rfc4511#4.2)."))
        if wanted.password is None:
            raise Refused(ResultCode.AUTH_METHOD_NOT_SUPPORTED, say("There is no SASL here: bind without a name (rfc4513#5.1.1)."))
        if not wanted.name and not wanted.password:
            return ResultCode.SUCCESS, _PLAIN
        if not wanted.password:
            raise Refused(
                ResultCode.UNWILLING_TO_PERFORM, say("A name without a password proves nothing: bind without both (rfc4513#5.1.2).")
            )
        detail = say("Nobody logs in here: bind without a name and a password (rfc4513#5.1.1).")
        raise Refusal(Rule.AUTHENTICATION_FAILED, detail, reference="rfc4513#5.1.3")

    async def _compare(self, wanted: Compare) -> tuple[ResultCode, Sentence]:
        base = await searches.base_of(self._tree, wanted.entry)
        known, description = attribute(wanted.wanted.description), wanted.wanted.description[:100]
        if known is None:
            raise Refused(ResultCode.UNDEFINED_ATTRIBUTE_TYPE, say("The attribute {name} is not known here.", name=description))
        if known.name not in base.values:
            raise Refused(ResultCode.NO_SUCH_ATTRIBUTE, say("The entry has no {name}.", name=description))
        same = wanted.wanted.holds(base.values)
        return ResultCode.COMPARE_TRUE if same else ResultCode.COMPARE_FALSE, _PLAIN

    async def _search(self, message: Message, wanted: Search) -> tuple[ResultCode, Sentence]:
        limits = self._settings.ldap
        seconds = min(wanted.time_limit or limits.search_seconds_max, limits.search_seconds_max)
        try:
            async with asyncio.timeout(seconds):
                return ResultCode.SUCCESS, await self._send_found(message, wanted)
        except TimeoutError as error:
            told = say("This took longer than {seconds} s.", seconds=seconds)
            raise Refused(ResultCode.TIME_LIMIT_EXCEEDED, told) from error

    async def _send_found(self, message: Message, wanted: Search) -> Sentence:
        """Send what is found, and tell what is to be told at the end."""
        most = min(wanted.size_limit or self._settings.ldap.entries_max, self._settings.ldap.entries_max)
        manner: Manner | None = None
        sent = 0
        async for entry in searches.found(self._tree, wanted):
            if sent == most:
                raise Refused(ResultCode.SIZE_LIMIT_EXCEEDED, say("There is more than {most}; look for less.", most=most))
            late: dict[str, bytes] = {}
            for name in searches.late_names(entry, wanted):
                manner = manner or await self._ask(entry)
                late[name] = await self._make(entry, name, manner)
            await self._send_entry(message, entry, searches.entry_shown(entry, wanted, late))
            sent += 1
        return _marked(_PLAIN, manner)

    async def _ask(self, entry: Entry) -> Manner:
        """How the service answers this search; HangUp, Refused, or a while later."""
        manner = self._core.revocation.ask(IgcService.LDAP, entry.label, self.transcript.peer)
        if manner.fault is not None:
            self.transcript.fault(f"fault {manner.fault}: {manner.behaviour}")
        if manner.behaviour is ServiceBehaviour.UNREACHABLE:
            raise HangUp
        if manner.behaviour is ServiceBehaviour.FORBIDDEN:
            raise Refused(ResultCode.INSUFFICIENT_ACCESS_RIGHTS, _marked(say("The service was told to refuse."), manner))
        if manner.behaviour is ServiceBehaviour.SLOW:
            await asyncio.sleep(manner.seconds)
        return manner

    async def _make(self, entry: Entry, name: str, manner: Manner) -> bytes:
        if manner.behaviour is ServiceBehaviour.HTML:
            return searches.NO_LIST
        return await searches.made(self._core, entry.label, name, expired=manner.behaviour is ServiceBehaviour.EXPIRED)

    async def _send_entry(self, message: Message, entry: Entry, shown: list[Shown]) -> None:
        told = ", ".join(f"{name} ({sum(map(len, values))} octets)" for name, values in shown)
        self.transcript.server(_line(f'{message.id} searchResEntry "{entry.dn}" {told}'))
        await self._send(messages.entry(message.id, entry.dn, shown))

    async def result(
        self, message: Message, code: ResultCode, told: Sentence = _PLAIN, matched: str = "", whys: tuple[Why, ...] = ()
    ) -> None:
        """Answer an operation with its result."""
        if not message.operation.answer:
            return
        text = told.in_language(self._settings.language)
        self.transcript.server(_line(f"{message.id} {message.operation.answer} {code.value} {code.word} {text}".rstrip()))
        if code not in _NO_REFUSAL | _CUT_SHORT:
            self.transcript.refuse(f"{code.value} {code.word}", *(whys or (Why(None, told),)))
            self._mistakes.note(wrong_password=code is ResultCode.INVALID_CREDENTIALS, bad_command=code in _BAD)
        await self._send(messages.result(message.id, message.operation, code, text, matched))

    def notice(self, code: ResultCode, told: Sentence) -> bytes:
        """What ends the connection (ref: rfc4511#4.4.1)."""
        text = told.in_language(self._settings.language)
        self.transcript.server(_line(f"0 {Operation.EXTENDED.answer} {code.value} {code.word} {text}"))
        return messages.notice(code, text)


def _marked(told: Sentence, manner: Manner | None) -> Sentence:
    """A text with the rule by which something fails on purpose."""
    return told if manner is None or manner.fault is None else joined((*filter(None, (told,)), quoted(f"(fault {manner.fault})")), " ")


def _line(text: str) -> bytes:
    """A line of a transcript, without what would make it several."""
    return "".join(letter if letter.isprintable() else "�" for letter in text).encode("utf-8", "replace")
