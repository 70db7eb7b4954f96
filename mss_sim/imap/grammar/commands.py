"""The arguments of every command except FETCH, SEARCH and related ones, read into values. No socket, no store.

Each reader takes `Arguments` positioned right after the verb and reads them to the end, or raises Bad.
"""

import re
from typing import NamedTuple

from mss_sim.imap.grammar.wire import Arguments, Bad, Literal, SequenceSet
from mss_sim.vocabulary.journal import Change
from mss_sim.words.sentence import say

_LOGIN_NAME = re.compile(rb'[^\x00-\x20\x7f-\xff(){%"\\]+')
_STORE_ITEMS = ("FLAGS", "+FLAGS", "-FLAGS", "FLAGS.SILENT", "+FLAGS.SILENT", "-FLAGS.SILENT")


class Login(NamedTuple):
    """LOGIN."""

    name: str
    password: str


class Authenticate(NamedTuple):
    """AUTHENTICATE; `initial` is base64 text, None where none was given (ref: rfc4959#3)."""

    mechanism: str
    initial: str | None


class Resync(NamedTuple):
    """What a client knew of a folder when it left it (ref: rfc7162#3.2.5)."""

    uid_validity: int
    modseq: int
    known: SequenceSet | None


class Select(NamedTuple):
    """SELECT and EXAMINE."""

    name: str
    condstore: bool = False
    resync: Resync | None = None


class Create(NamedTuple):
    """CREATE; `use` are the special uses that were asked for (ref: rfc6154#3)."""

    name: str
    use: tuple[str, ...] = ()


class Rename(NamedTuple):
    """RENAME."""

    name: str
    new_name: str


class AppendMessage(NamedTuple):
    """One message of APPEND; `date` is the text of its date-time, read by the verb."""

    flags: tuple[str, ...]
    date: bytes | None
    message: Literal


class Append(NamedTuple):
    """APPEND of one message or, by MULTIAPPEND, several."""

    name: str
    messages: tuple[AppendMessage, ...]


class StoreArguments(NamedTuple):
    """STORE."""

    sequence: SequenceSet
    change: Change
    flags: tuple[str, ...]
    silent: bool
    unchanged_since: int | None


class Copy(NamedTuple):
    """COPY and MOVE."""

    sequence: SequenceSet
    name: str


class Rights(NamedTuple):
    """SETACL, DELETEACL, LISTRIGHTS; `rights` is empty where none are given."""

    name: str
    who: str
    change: Change = Change.REPLACE
    rights: str = ""


def nothing(arguments: Arguments) -> None:
    """A command without arguments."""
    arguments.end()


def login(arguments: Arguments) -> Login:
    """LOGIN name password. `mailbox*login` is accepted without quotes: some clients send the name as it was typed."""
    arguments.space()
    bare = arguments.match(_LOGIN_NAME)
    name = bare.decode("ascii") if bare else arguments.text()
    arguments.space()
    password = arguments.text()
    arguments.end()
    return Login(name, password)


def authenticate(arguments: Arguments) -> Authenticate:
    """AUTHENTICATE mechanism [initial]."""
    arguments.space()
    mechanism, initial = arguments.atom(), None
    if arguments.skip(b" "):
        initial = arguments.text()
    arguments.end()
    return Authenticate(mechanism, initial)


def identify(arguments: Arguments) -> dict[str, str]:
    """ID; the pairs that the client sends about itself (ref: rfc2971#3.1)."""
    arguments.space()
    pairs: dict[str, str] = {}
    if not arguments.skip(b"NIL"):
        arguments.expect(b"(")
        while not arguments.skip(b")"):
            name = arguments.string()
            arguments.space()
            pairs[name.decode("utf-8", "replace")[:30]] = (arguments.nstring() or b"").decode("utf-8", "replace")[:1_024]
            arguments.skip(b" ")
    arguments.end()
    return pairs


def enable(arguments: Arguments) -> tuple[str, ...]:
    """ENABLE capability ..."""
    words = []
    while arguments.skip(b" "):
        words.append(arguments.atom())
    arguments.end()
    if not words:
        raise Bad(say("a capability is expected"))
    return tuple(words)


def mailbox(arguments: Arguments) -> str:
    """A command with one folder name."""
    arguments.space()
    name = arguments.mailbox()
    arguments.end()
    return name


def select(arguments: Arguments) -> Select:
    """SELECT name [(parameters)]."""
    arguments.space()
    name, condstore, resync = arguments.mailbox(), False, None
    if arguments.skip(b" "):
        arguments.expect(b"(")
        while True:
            word = arguments.atom()
            if word == "CONDSTORE":
                condstore = True
            elif word == "QRESYNC":
                resync = _resync(arguments)
            else:
                raise Bad(say("unsupported SELECT parameter {word}; known: {known}", word=word, known="CONDSTORE, QRESYNC"))
            if arguments.skip(b")"):
                break
            arguments.space()
    arguments.end()
    return Select(name, condstore, resync)


def _resync(arguments: Arguments) -> Resync:
    arguments.expect(b" (")
    validity = arguments.number()
    arguments.space()
    modseq, known = arguments.number(), None
    while arguments.skip(b" "):
        if arguments.skip(b"("):  # sequence numbers and their UIDs: an aid for servers without a memory, not needed here
            arguments.sequence()
            arguments.space()
            arguments.sequence()
            arguments.expect(b")")
        else:
            known = arguments.sequence()
    arguments.expect(b")")
    return Resync(validity, modseq, known)


def create(arguments: Arguments) -> Create:
    """CREATE name [(USE (uses))]."""
    arguments.space()
    name, uses = arguments.mailbox(), []
    if arguments.skip(b" "):
        arguments.expect(b"(USE (")
        while not arguments.skip(b")"):
            uses.append(arguments.flag())
            arguments.skip(b" ")
        arguments.expect(b")")
    arguments.end()
    return Create(name, tuple(uses))


def rename(arguments: Arguments) -> Rename:
    """RENAME name name."""
    arguments.space()
    name = arguments.mailbox()
    arguments.space()
    new_name = arguments.mailbox()
    arguments.end()
    return Rename(name, new_name)


def append(arguments: Arguments) -> Append:
    """APPEND name 1*([(flags)] [date-time] literal): several messages are one act (ref: rfc3502#6.3.11)."""
    arguments.space()
    name = arguments.mailbox()
    messages: list[AppendMessage] = []
    while not messages or arguments.peek() == b" ":
        arguments.space()
        messages.append(_append_message(arguments))
    arguments.end()
    return Append(name, tuple(messages))


def _append_message(arguments: Arguments) -> AppendMessage:
    flags: tuple[str, ...] = ()
    date = None
    if arguments.peek() == b"(":
        flags = _flags(arguments)
        arguments.space()
    if arguments.peek() == b'"':
        date = arguments.string()
        arguments.space()
    utf8 = arguments.skip(b"UTF8 (")  # ref: rfc6855#4
    message = arguments.literal()
    if utf8:
        arguments.expect(b")")
    return AppendMessage(flags, date, message)


def _flags(arguments: Arguments) -> tuple[str, ...]:
    arguments.expect(b"(")
    flags: list[str] = []
    while not arguments.skip(b")"):
        if flags:
            arguments.space()
        flags.append(arguments.flag())
    return tuple(flags)


def store(arguments: Arguments) -> StoreArguments:
    """STORE set [(UNCHANGEDSINCE n)] [+|-]FLAGS[.SILENT] flags."""
    arguments.space()
    sequence, since = arguments.sequence(), None
    arguments.space()
    if arguments.skip(b"("):
        word = arguments.atom()
        if word != "UNCHANGEDSINCE":
            raise Bad(say("unsupported STORE modifier {word}; known: {known}", word=word, known="UNCHANGEDSINCE"))
        arguments.space()
        since = arguments.number()
        arguments.expect(b") ")
    change, silent = _store_item(arguments)
    arguments.space()
    if arguments.peek() == b"(":
        flags = _flags(arguments)
    else:
        listed = [arguments.flag()]
        while arguments.skip(b" "):
            listed.append(arguments.flag())
        flags = tuple(listed)
    arguments.end()
    return StoreArguments(sequence, change, flags, silent, since)


def _store_item(arguments: Arguments) -> tuple[Change, bool]:
    """What is done with the flags, and whether without telling of it."""
    word = arguments.atom()
    change = Change(word[:1]) if word[:1] in ("+", "-") else Change.REPLACE
    name, _, loudness = word.removeprefix(change).partition(".")
    if name != "FLAGS" or loudness not in ("", "SILENT") or word.endswith("."):
        raise Bad(say("unsupported STORE item {word}; known: {known}", word=word, known=", ".join(_STORE_ITEMS)))
    return change, loudness == "SILENT"


def copy(arguments: Arguments) -> Copy:
    """COPY set name, MOVE set name."""
    arguments.space()
    sequence = arguments.sequence()
    arguments.space()
    name = arguments.mailbox()
    arguments.end()
    return Copy(sequence, name)


def uid_set(arguments: Arguments) -> SequenceSet:
    """UID EXPUNGE set."""
    arguments.space()
    sequence = arguments.sequence()
    arguments.end()
    return sequence


def setacl(arguments: Arguments) -> Rights:
    """SETACL name identifier [+|-]rights."""
    arguments.space()
    name = arguments.mailbox()
    arguments.space()
    who = arguments.text()
    arguments.space()
    rights = arguments.text()
    arguments.end()
    change = Change(rights[:1]) if rights[:1] in ("+", "-") else Change.REPLACE
    return Rights(name, who, change, rights.removeprefix(change))


def who(arguments: Arguments) -> Rights:
    """DELETEACL name identifier, LISTRIGHTS name identifier."""
    arguments.space()
    name = arguments.mailbox()
    arguments.space()
    identifier = arguments.text()
    arguments.end()
    return Rights(name, identifier)
