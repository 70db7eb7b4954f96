"""Faults over IMAP: what a rule may know of a command, what stands for its answer, what becomes of untagged data."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress

from mss_sim.core.mailbox import folders
from mss_sim.errors import Refusal, Rule
from mss_sim.evidence.refusals import Why
from mss_sim.faults.actions import Delay, Drop, Duplicate, Malformed, Mask, Renew, Reply, Throttle, Truncate
from mss_sim.faults.faults import Fault
from mss_sim.faults.rules import Facts
from mss_sim.imap.grammar import commands
from mss_sim.imap.grammar.wire import Arguments, Bad, Command, Literal
from mss_sim.imap.session import ConnectionClosed, Session
from mss_sim.policy.logins import split_name
from mss_sim.vocabulary.faults import GREETING, DropMoment, Point
from mss_sim.vocabulary.mailboxes import FOLDERS_AT_BIRTH

_WITH_A_FOLDER = frozenset(
    {"SELECT", "EXAMINE", "STATUS", "CREATE", "DELETE", "RENAME", "SUBSCRIBE", "UNSUBSCRIBE", "APPEND", "MYRIGHTS", "GETACL", "SETACL"}
)
_SPECIAL = {name: use.value for name, use in FOLDERS_AT_BIRTH}
_LITERAL = re.compile(rb"\{(\d+)\}\r\n")


def may_fail(session: Session, point: Point) -> bool:
    """Whether there is any rule for that point."""
    return session.faults is not None and session.faults.at(point)


async def greet(session: Session) -> None:
    """Before the first line of a connection; ConnectionClosed when it is not to be said."""
    if may_fail(session, Point.IMAP):
        fault = _found(session, Point.IMAP, Facts(GREETING, client=session.transcript.peer))
        if fault is not None:
            await _take(session, fault, "")


async def begin(session: Session, command: Command, name: str) -> bytes | None:
    """Before a command is carried out: the answer that stands for it, or None. ConnectionClosed when the connection is dropped.

    What a fault does to the answer itself happens when it is sent (`Stream.fail`).
    """
    if name == "AUTHENTICATE":  # who wants to log in is known later: see begin_log_in
        return None
    address, folder = _place(session, command, name)
    size = sum(len(piece.octets) for piece in command.pieces if isinstance(piece, Literal)) if name == "APPEND" else None
    identities = (session.actor_or_none.identity.idnat, session.login) if session.actor_or_none else (_login(session, command, name),)
    facts = Facts(
        name,
        mailboxes=(address,) if address else (),
        identities=tuple(one for one in identities if one),
        client=session.transcript.peer,
        folders=(folder, *([_SPECIAL[folder]] if folder in _SPECIAL else [])),
        size_bytes=size,
    )
    return await _begin(session, facts, address)


async def begin_log_in(session: Session, login: str) -> bytes | None:
    """The same for AUTHENTICATE, once the exchange has told who logs in."""
    if not may_fail(session, Point.IMAP):
        return None
    return await _begin(session, Facts("AUTHENTICATE", identities=(login,) if login else (), client=session.transcript.peer), "")


async def _begin(session: Session, facts: Facts, address: str) -> bytes | None:
    fault = _found(session, Point.IMAP, facts)
    if fault is None:
        return None
    await session.stream.flush()
    return await _take(session, fault, address)


def _found(session: Session, point: Point, facts: Facts) -> Fault | None:
    fault = session.faults.find(point, facts) if session.faults is not None else None
    if fault is not None:
        session.transcript.fault(fault.event)
    return fault


async def _take(session: Session, fault: Fault, address: str) -> bytes | None:
    match fault.action:
        case Reply(code, status, text):
            session.whys = (Why(Rule.FAULT.value, fault.sentence(text), "quirks#faults"),)
            if code == "BYE" or session.tag == b"*":
                await session.leave(fault.sentence(text), *session.whys)
            shown = f"{code} [{status}] " if status else f"{code} "
            return shown.encode("ascii") + session.spoken(fault.sentence(text))
        case Delay(seconds):
            await asyncio.sleep(seconds)
        case Drop(DropMoment.BEFORE):
            raise ConnectionClosed
        case Mask(words):
            session.masked = words
        case Renew():
            if address:
                await folders.renew_uid_validities(session.world, address)
        case _:
            session.stream.fail(fault)
    return None


def _place(session: Session, command: Command, name: str) -> tuple[str, str]:
    """(mailbox, folder) that a command is about: the folder that it names, or the one that is open."""
    if name in _WITH_A_FOLDER and session.actor_or_none is not None:
        arguments = Arguments(command.pieces, utf8=session.utf8)
        with suppress(Bad, Refusal):
            arguments.space()
            place = session.place(arguments.mailbox())
            return place.address, place.name
        return session.home or "", ""
    if session.view is not None:
        return session.view.place.address, session.view.place.name
    return session.home or "", ""


def _login(session: Session, command: Command, name: str) -> str:
    """The name that LOGIN brings."""
    if name != "LOGIN":
        return ""
    with suppress(Bad):
        wanted = commands.login(Arguments(command.pieces, utf8=session.utf8))
        return split_name(wanted.name, plus=session.settings.login.plus)[1]
    return ""


async def send_data(session: Session, lines: list[bytes]) -> None:
    """Send untagged FETCH responses, some of which may fail."""
    view = session.view
    for line in lines:
        actor = session.actor
        mailboxes = (view.place.address,) if view is not None else ()
        identities = tuple(one for one in (actor.identity.idnat, session.login) if one)
        facts = Facts("", mailboxes=mailboxes, identities=identities, client=session.transcript.peer, size_bytes=len(line))
        fault = _found(session, Point.IMAP_DATA, facts)
        if fault is None:
            session.stream.send(line)
            continue
        if isinstance(fault.action, Drop):
            session.stream.send(_before_the_cut(line, fault.action))
            await session.stream.flush()
            raise ConnectionClosed
        session.stream.send(_spoiled(line, fault))
    if lines:
        session.transcript.server(lines[0])
        session.transcript.event(f"{len(lines)} responses")
        await session.stream.flush()


def _before_the_cut(line: bytes, drop: Drop) -> bytes:
    if drop.moment is DropMoment.ANSWERED:
        return line
    return line[: drop.after_bytes or 0]


def _spoiled(line: bytes, fault: Fault) -> bytes:
    match fault.action:
        case Duplicate():
            return line * 2
        case Truncate(after):
            return truncated(line, after)
        case Malformed():
            return line.partition(b"(")[0] + f"(({fault.mark}\r\n".encode("ascii")
    return line


def truncated(line: bytes, after: int) -> bytes:
    """A response whose first literal says and holds so many octets only: well-formed, and less than RFC822.SIZE tells."""
    literal = _LITERAL.search(line)
    if literal is None:
        return line[:after] + b"\r\n"
    size = int(literal[1])
    kept = min(after, size)
    rest = line[literal.end() + size :]
    return line[: literal.start()] + b"{%d}\r\n" % kept + line[literal.end() : literal.end() + kept] + rest


class Failing:
    """The answer to one command, as a fault has it."""

    def __init__(self, fault: Fault) -> None:
        self._fault = fault
        self._sent_bytes = 0
        self._ended = False

    def answer(self, answer: bytes) -> bytes:
        """What follows the tag: malformed, it says neither OK nor NO nor BAD."""
        spoiled = isinstance(self._fault.action, Malformed) and not self._ended
        return f"?? {self._fault.mark}".encode("ascii") if spoiled else answer

    async def write(self, waiting: bytearray, write: Callable[[], None], is_gone: Callable[[], bool]) -> None:
        """Before what is waiting is sent by `write`; ConnectionClosed when the connection is dropped, or the client `is_gone` meanwhile."""
        if self._ended:
            return
        octets = bytes(waiting)
        match self._fault.action:
            case Throttle() as slow:
                waiting.clear()
                for piece, seconds in slow.slices(octets):
                    waiting += piece
                    write()
                    await asyncio.sleep(seconds)
                    if is_gone():
                        raise ConnectionClosed
            case Drop(DropMoment.UNANSWERED):
                waiting.clear()
                raise ConnectionClosed
            case Drop(DropMoment.MIDDLE, int(after)) if self._sent_bytes + len(octets) > after:
                del waiting[after - self._sent_bytes :]
                write()
                raise ConnectionClosed
        self._sent_bytes += len(octets)

    async def end(self, flush: Callable[[], Awaitable[None]]) -> None:
        """The command is answered; ConnectionClosed when that was the last one."""
        if self._ended:
            return
        await flush()
        self._ended = True
        if isinstance(self._fault.action, Drop):
            raise ConnectionClosed
