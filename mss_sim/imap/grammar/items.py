"""The arguments of FETCH: items, sections of a message, partial sections; read into values (ref: rfc9051#6.4.5)."""

import re
from typing import NamedTuple

from mss_sim.imap.grammar.wire import Arguments, Bad, SequenceSet
from mss_sim.words.sentence import say

_NAME = re.compile(rb"[^\x00-\x20\x7f-\xff(){%*\"\\\[\]]+")
_PATH = re.compile(rb"[1-9]\d{0,5}(?:\.[1-9]\d{0,5})*")
_PARTIAL = re.compile(rb"<(\d{1,19})\.([1-9]\d{0,18})>")
_PATH_DEPTH_MAX = 100
ITEMS_MAX = 200
"""The most items of one FETCH: more than any client uses, since every item is computed for every message."""

SIMPLE = frozenset(
    {"FLAGS", "UID", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY", "BODYSTRUCTURE", "MODSEQ", "EMAILID", "THREADID"},
)
_MACROS = {
    "FAST": ("FLAGS", "INTERNALDATE", "RFC822.SIZE"),
    "ALL": ("FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE"),
    "FULL": ("FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY"),
}


_OLD = {"RFC822": "", "RFC822.HEADER": "HEADER", "RFC822.TEXT": "TEXT"}
_SECTIONS = ("BODY", "BODY.PEEK", "BINARY", "BINARY.PEEK", "BINARY.SIZE")
_KNOWN = ", ".join(sorted({*SIMPLE, *_OLD, *(f"{word}[]" for word in _SECTIONS)}))
_MODIFIERS = ("CHANGEDSINCE", "VANISHED")


class Section(NamedTuple):
    """A part of a message. `path` are the part numbers, none for the whole; `text`: empty, HEADER, TEXT, MIME, HEADER.FIELDS,
    HEADER.FIELDS.NOT; `fields` are the names listed with the last two, as the client wrote them."""

    path: tuple[int, ...] = ()
    text: str = ""
    fields: tuple[bytes, ...] = ()


class FetchItem(NamedTuple):
    """One item. `name` is one of SIMPLE, or BODY[], RFC822, BINARY[], BINARY.SIZE[]; `label` is its name in the response."""

    name: str
    label: bytes
    section: Section = Section()
    peek: bool = True
    partial: tuple[int, int] | None = None

    @property
    def needs_bytes(self) -> bool:
        """Whether the message itself must be read, which needs the right to read."""
        return self.name not in SIMPLE or self.name == "BODY"

    @property
    def is_heavy(self) -> bool:
        """Whether the message must be parsed, and not only split at its first empty line."""
        return self.needs_bytes and (self.name != "BODY[]" or bool(self.section.path or self.section.fields))

    @property
    def is_whole(self) -> bool:
        """Whether it gives the whole message, or a piece of it from its beginning on, as who reads a large one asks for."""
        return self.name == "BODY[]" and not (self.section.path or self.section.text or (self.partial and self.partial[0]))

    @property
    def shows_text(self) -> bool:
        """Whether it gives more of the message than its header."""
        return self.name in ("BODY[]", "BINARY[]") and not self.section.text.startswith(("HEADER", "MIME"))


class FetchArguments(NamedTuple):
    """FETCH and UID FETCH."""

    sequence: SequenceSet
    items: tuple[FetchItem, ...]
    changed_since: int | None = None
    vanished: bool = False


def fetch(arguments: Arguments) -> FetchArguments:
    """FETCH set items [(CHANGEDSINCE n [VANISHED])]."""
    arguments.space()
    sequence = arguments.sequence()
    arguments.space()
    items: list[FetchItem] = []
    if arguments.skip(b"("):
        while not items or arguments.skip(b" "):
            items.append(_item(arguments, _name(arguments)))
            if len(items) > ITEMS_MAX:
                raise Bad(say("a FETCH asks for at most {most} items; send several (quirks#imap-items)", most=ITEMS_MAX))
        arguments.expect(b")")
    else:
        word = _name(arguments)
        items = [FetchItem(name, name.encode("ascii")) for name in _MACROS[word]] if word in _MACROS else [_item(arguments, word)]
    since, vanished = _modifiers(arguments)
    arguments.end()
    return FetchArguments(sequence, tuple(dict.fromkeys(items)), since, vanished)


def _name(arguments: Arguments) -> str:
    """The name of an item, in capitals, up to the bracket of its section."""
    found = arguments.match(_NAME)
    return found.decode("ascii").upper() if found else arguments.atom()


def _modifiers(arguments: Arguments) -> tuple[int | None, bool]:
    since, vanished = None, False
    if arguments.skip(b" ("):
        while True:
            word = arguments.atom()
            if word == "CHANGEDSINCE":
                arguments.space()
                since = arguments.number()
            elif word == "VANISHED":
                vanished = True
            else:
                raise Bad(say("unsupported FETCH modifier {word}; known: {known}", word=word, known=", ".join(_MODIFIERS)))
            if arguments.skip(b")"):
                break
            arguments.space()
    if vanished and since is None:
        raise Bad(say("VANISHED needs CHANGEDSINCE beside it"))
    return since, vanished


def _item(arguments: Arguments, word: str) -> FetchItem:
    if word in _SECTIONS and arguments.skip(b"["):
        if word == "BINARY.SIZE":
            return _binary_size(arguments)
        read, peek = _binary if word.startswith("BINARY") else _body, word.endswith(".PEEK")
        return read(arguments, peek=peek)
    if word in _OLD:  # from RFC 822: sections under another name
        return FetchItem("BODY[]", word.encode("ascii"), Section(text=_OLD[word]), peek=word == "RFC822.HEADER")
    if word not in SIMPLE:
        raise Bad(say("unsupported FETCH item {word}; known: {known}", word=word, known=_KNOWN))
    return FetchItem(word, word.encode("ascii"))


def _path(arguments: Arguments) -> tuple[int, ...]:
    found = arguments.match(_PATH)
    path = tuple(int(number) for number in found.split(b".")) if found else ()
    if len(path) > _PATH_DEPTH_MAX:
        raise Bad(say("a section has at most {most} numbers", most=_PATH_DEPTH_MAX))
    return path


def _body(arguments: Arguments, *, peek: bool) -> FetchItem:
    path = _path(arguments)
    text = ""
    fields: tuple[bytes, ...] = ()
    if not path or arguments.skip(b"."):
        text = next(
            (word for word in ("HEADER.FIELDS.NOT", "HEADER.FIELDS", "HEADER", "TEXT", "MIME") if arguments.skip(word.encode())), ""
        )
        if not text and (path or arguments.peek() != b"]"):
            raise Bad(say("a section ends in a number, HEADER, HEADER.FIELDS, TEXT or MIME"))
        if text == "MIME" and not path:
            raise Bad(say("MIME needs the number of a part before it"))
    if text.startswith("HEADER.FIELDS"):
        fields = _fields(arguments)
    arguments.expect(b"]")
    section = Section(path, text, fields)
    shown, partial = _partial(arguments)
    return FetchItem("BODY[]", b"BODY[%b]%b" % (_shown(section), shown), section, peek, partial)


def _fields(arguments: Arguments) -> tuple[bytes, ...]:
    arguments.expect(b" (")
    found = [arguments.astring()]
    while arguments.skip(b" "):
        found.append(arguments.astring())
        if len(found) > ITEMS_MAX:
            raise Bad(say("a section names at most {most} header fields; ask for HEADER (quirks#imap-items)", most=ITEMS_MAX))
    arguments.expect(b")")
    if any(not re.fullmatch(rb"[!-9;-~]+", name) for name in found):
        raise Bad(say("a header field name is printable ASCII without a colon"))
    return tuple(found)


def _shown(section: Section) -> bytes:
    words = [".".join(map(str, section.path)), section.text]
    shown = ".".join(word for word in words if word).encode("ascii")
    return shown + (b" (%b)" % b" ".join(map(_field, section.fields)) if section.fields else b"")


def _field(name: bytes) -> bytes:
    return name if re.fullmatch(rb"[A-Za-z0-9-]+", name) else b'"%b"' % re.sub(rb'(["\\])', rb"\\\1", name)


def _partial(arguments: Arguments) -> tuple[bytes, tuple[int, int] | None]:
    if arguments.peek() != b"<":
        return b"", None
    found = arguments.match(_PARTIAL)
    if found is None:
        raise Bad(say("a piece of a section is <first octet.number of octets>"))
    start, size = (int(number) for number in found[1:-1].split(b"."))
    return b"<%d>" % start, (start, size)


def _binary(arguments: Arguments, *, peek: bool) -> FetchItem:
    section = _part(arguments)
    shown, partial = _partial(arguments)
    return FetchItem("BINARY[]", b"BINARY[%b]%b" % (_shown(section), shown), section, peek, partial)


def _binary_size(arguments: Arguments) -> FetchItem:
    section = _part(arguments)
    return FetchItem("BINARY.SIZE[]", b"BINARY.SIZE[%b]" % _shown(section), section)


def _part(arguments: Arguments) -> Section:
    section = Section(_path(arguments))
    arguments.expect(b"]")
    return section
