"""The arguments of LIST, LSUB and STATUS, read into values: which folders, and what to report about each."""

from typing import NamedTuple

from mss_sim.imap.grammar.wire import Arguments, Bad
from mss_sim.words.sentence import say


class List(NamedTuple):
    """LIST and LSUB: patterns below a reference, which folders, and what to report about each (ref: rfc5258#3)."""

    reference: str
    patterns: tuple[str, ...]
    select: frozenset[str] = frozenset()
    returns: frozenset[str] = frozenset()
    status: tuple[str, ...] = ()
    extended: bool = False


class Status(NamedTuple):
    """STATUS."""

    name: str
    items: tuple[str, ...]


_PATTERNS_MAX = 20  # each is matched against every name
_SELECT_OPTIONS = frozenset({"SUBSCRIBED", "REMOTE", "RECURSIVEMATCH", "SPECIAL-USE"})
_RETURN_OPTIONS = frozenset({"SUBSCRIBED", "CHILDREN", "SPECIAL-USE"})


def list_(arguments: Arguments) -> List:
    """LIST [(selection)] reference pattern|(patterns) [RETURN (options)]."""
    arguments.space()
    selection: frozenset[str] = frozenset()
    extended = arguments.peek() == b"("
    if extended:
        selection = frozenset(_options(arguments, _SELECT_OPTIONS))
        arguments.space()
    if "RECURSIVEMATCH" in selection and not selection & {"SUBSCRIBED", "SPECIAL-USE"}:
        raise Bad(say("RECURSIVEMATCH needs SUBSCRIBED or SPECIAL-USE beside it"))
    reference = arguments.mailbox()
    arguments.space()
    patterns = [] if arguments.peek() == b"(" else [arguments.list_mailbox()]
    if not patterns:
        extended = True
        arguments.expect(b"(")
        while not patterns or arguments.skip(b" "):
            patterns.append(arguments.list_mailbox())
            if len(patterns) > _PATTERNS_MAX:
                raise Bad(say("a LIST holds at most {most} patterns; send several (quirks#imap-items)", most=_PATTERNS_MAX))
        arguments.expect(b")")
    returns: set[str] = set()
    items: tuple[str, ...] = ()
    if arguments.skip(b" RETURN "):
        extended = True
        returns, items = _returns(arguments)
    arguments.end()
    return List(reference, tuple(patterns), selection, frozenset(returns), items, extended)


def _options(arguments: Arguments, known: frozenset[str]) -> list[str]:
    arguments.expect(b"(")
    found: list[str] = []
    while not arguments.skip(b")"):
        word = arguments.atom()
        if word not in known:
            raise _unknown(word, known)
        found.append(word)
        arguments.skip(b" ")
    return found


def _returns(arguments: Arguments) -> tuple[set[str], tuple[str, ...]]:
    arguments.expect(b"(")
    found: set[str] = set()
    items: tuple[str, ...] = ()
    while not arguments.skip(b")"):
        word = arguments.atom()
        if word == "STATUS":
            arguments.space()
            items = status_items(arguments)
        elif word not in _RETURN_OPTIONS:
            raise _unknown(word, _RETURN_OPTIONS | {"STATUS"})
        found.add(word)
        arguments.skip(b" ")
    return found, items


def _unknown(word: str, known: frozenset[str]) -> Bad:
    return Bad(say("unsupported LIST option {word}; known here: {known}", word=word, known=", ".join(sorted(known))))


def lsub(arguments: Arguments) -> List:
    """LSUB reference pattern: LIST of subscribed folders, the old way (ref: rfc3501#6.3.9)."""
    arguments.space()
    reference = arguments.mailbox()
    arguments.space()
    pattern = arguments.list_mailbox()
    arguments.end()
    return List(reference, (pattern,), frozenset({"SUBSCRIBED"}))


STATUS_ITEMS = frozenset(
    {
        "MESSAGES",
        "RECENT",
        "UIDNEXT",
        "UIDVALIDITY",
        "UNSEEN",
        "DELETED",
        "SIZE",
        "HIGHESTMODSEQ",
        "APPENDLIMIT",
        "MAILBOXID",
    }
)


def status_items(arguments: Arguments) -> tuple[str, ...]:
    """(item item ...)."""
    arguments.expect(b"(")
    items: list[str] = []
    while not items or arguments.skip(b" "):
        item = arguments.atom()
        if item not in STATUS_ITEMS:
            raise Bad(say("unsupported STATUS item {item}; known: {known}", item=item, known=", ".join(sorted(STATUS_ITEMS))))
        items.append(item)
    arguments.expect(b")")
    return tuple(dict.fromkeys(items))


def status(arguments: Arguments) -> Status:
    """STATUS name (items)."""
    arguments.space()
    name = arguments.mailbox()
    arguments.space()
    items = status_items(arguments)
    arguments.end()
    return Status(name, items)
