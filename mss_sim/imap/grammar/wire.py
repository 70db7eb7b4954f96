"""Commands cut out of a stream of bytes, and their arguments read. No socket, no clock: bytes in, values out.

    Reader      fed with bytes; produces whole commands, reports when a literal is awaited, refuses one that is too large
    Arguments   walks over one command: atoms, strings, literals, numbers, sets, lists

A refused literal is never stored: a client that waits for the go-ahead gets NO, one that does not wait (LITERAL+) has its
octets counted and dropped.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from mss_sim.imap.grammar import names
from mss_sim.words.sentence import Sentence, SpokenError, quoted, say, sentence_of

_LITERAL = re.compile(rb"(~?)\{(\d{1,10})(\+?)\}\Z")
_ANNOUNCEMENT_MAX = len(b"~{4294967295+}\r\n")
_TAG = re.compile(rb"([!#$&',-\[\]^-z|}~]+) ")
_WORD = re.compile(rb"[A-Za-z0-9.=]+")
_ATOM = re.compile(rb'[^\x00-\x20\x7f-\xff(){%*"\\\]]+')
_ASTRING = re.compile(rb'[^\x00-\x20\x7f-\xff(){%*"\\]+')
_PATTERN = re.compile(rb'[^\x00-\x20\x7f-\xff(){"\\]+')
_QUOTED = re.compile(rb'"((?:[^"\\\r\n\x00]|\\["\\])*)"')
_ESCAPE = re.compile(rb'\\(["\\])')
_NUMBER = re.compile(rb"\d{1,20}")
_FLAG = re.compile(rb'\\?[^\x00-\x20\x7f-\xff(){%*"\\\]]+')
_SET = re.compile(rb"(?:\$|(?:\d{1,10}|\*)(?::(?:\d{1,10}|\*))?(?:,(?:\d{1,10}|\*)(?::(?:\d{1,10}|\*))?)*)")
NUMBER_MAX = (1 << 32) - 1
_BIG_MAX = (1 << 63) - 1


class Bad(SpokenError):
    """The command does not follow the grammar; the text says what was expected there."""


class NotUtf8(Bad):
    """A string of the command cannot be read as the charset that it should be in."""


class Literal(NamedTuple):
    """A literal; `binary` when it was announced with `~` (ref: rfc3516#4.4)."""

    octets: bytes
    binary: bool


class Command(NamedTuple):
    """One whole command. `pieces` are its text after the verb and its literals in turn, beginning and ending with a text."""

    tag: bytes
    verb: str
    pieces: tuple[bytes | Literal, ...]


class Wanted(NamedTuple):
    """A client waits for the go-ahead before it sends a literal of that size."""

    size: int


class Refused(NamedTuple):
    """A command that cannot be accepted; `tag` is `*` when it had no readable one. `too_large`: a literal was over the limit."""

    tag: bytes
    why: Sentence
    too_large: bool = False


Event = Command | Wanted | Refused


class Reader:
    """Cuts commands out of what a client sends. Sizes in bytes.

    `literal_max` may be changed between commands. `ahead_max` is the largest literal that a client may send without waiting: None for
    LITERAL+, 4096 for LITERAL- (ref: rfc7888#5).
    """

    def __init__(self, *, line_max: int, literal_max: int, ahead_max: int | None = None) -> None:
        self.line_max = line_max
        self.literal_max = literal_max
        self.ahead_max = ahead_max
        self._buffer = bytearray()
        self._scanned = 0
        self._pieces: list[bytes | Literal] = []
        self._text_size = 0
        self._literal: tuple[int, bool] | None = None
        self._stored = 0
        self._drop = 0
        self._refused: Refused | None = None

    def feed(self, octets: bytes) -> None:
        """Add received octets."""
        self._buffer += octets

    def clear(self) -> bytes:
        """Discard what is not read yet, and return it."""
        left = bytes(self._buffer)
        self._buffer.clear()
        self._scanned = 0
        return left

    @property
    def waiting(self) -> int:
        """Octets received and not read yet."""
        return len(self._buffer)

    def next(self) -> Event | None:
        """The next event; None when more octets are needed."""
        while True:
            if self._drop and not self._dropped():
                return None
            if self._literal is not None and not self._take_literal():
                return None
            line = self._line()
            if line is None:
                return None
            event = self._line_ended(line)
            if event is not None:
                return event

    def answer(self) -> bytes | None:
        """The next line of an exchange (SASL, IDLE), without its CRLF; b"" when it was too long or ended badly."""
        line = self._line()
        if line is not None and self._refused:
            self._refused = None
            return b""
        return line

    def _line(self) -> bytes | None:
        """The next line; of a refused one, the end, which may announce a literal that must not be mistaken for commands."""
        at = self._buffer.find(b"\n", self._scanned)
        if at < 0:
            if len(self._buffer) > self.line_max:
                self._refuse(bytes(self._buffer[: self.line_max]), say("a line is over {most} bytes", most=self.line_max))
                del self._buffer[:-_ANNOUNCEMENT_MAX]
            self._scanned = len(self._buffer)
            return None
        line = bytes(self._buffer[: at + 1])
        del self._buffer[: at + 1]
        self._scanned = 0
        if len(line) > self.line_max:
            self._refuse(line[: self.line_max], say("a line is over {most} bytes", most=self.line_max))
        elif not line.endswith(b"\r\n"):
            self._refuse(line, say("every line ends with CRLF"))
        return line.removesuffix(b"\n").removesuffix(b"\r")

    def _refuse(self, line: bytes, why: Sentence, *, too_large: bool = False) -> None:
        """The first fault is the one reported to the client, at the end of its command."""
        self._refused = self._refused or Refused(self._tag(line), why, too_large)

    def _dropped(self) -> bool:
        gone = min(self._drop, len(self._buffer))
        del self._buffer[:gone]
        self._drop -= gone
        return self._drop == 0

    def _take_literal(self) -> bool:
        size, binary = self._literal or (0, False)
        if len(self._buffer) < size:
            return False
        self._pieces.append(Literal(bytes(memoryview(self._buffer)[:size]), binary))
        del self._buffer[:size]
        self._literal = None
        return True

    def _line_ended(self, line: bytes) -> Event | None:
        """A line is complete: it announces a literal, or ends the command."""
        self._text_size += len(line)
        if self._text_size > self.line_max:
            self._refuse(line, say("the text of a command is over {most} bytes", most=self.line_max))
        found = _LITERAL.search(line, max(0, len(line) - _ANNOUNCEMENT_MAX))
        if found is None:
            tag, pieces = self._tag(line), [*self._pieces, line]
            return self._reset() or _command(tag, pieces)
        size, waits = int(found[2]), not found[3]
        if self._stored + size > self.literal_max:
            self._refuse(line, say("a command holds literals of at most {most} bytes", most=self.literal_max), too_large=True)
        if not waits and self.ahead_max is not None and size > self.ahead_max:
            self._refuse(line, say("a literal over {most} bytes waits for the go-ahead: LITERAL+ is not offered", most=self.ahead_max))
        if self._refused:
            self._drop = 0 if waits else size
            return self._reset() if waits else None
        self._pieces.append(line[: found.start()])
        self._stored += size
        self._literal = size, bool(found[1])
        return Wanted(size) if waits else None

    def _tag(self, line: bytes) -> bytes:
        first = self._pieces[0] if self._pieces else line
        found = _TAG.match(first) if isinstance(first, bytes) else None
        return found[1] if found else b"*"

    def _reset(self) -> Refused | None:
        """Get ready for the next command; returns the fault of this one."""
        refused = self._refused
        self._pieces, self._text_size, self._stored, self._literal, self._refused = [], 0, 0, None, None
        return refused


def _command(tag: bytes, pieces: list[bytes | Literal]) -> Command | Refused:
    first = pieces[0]
    if not isinstance(first, bytes) or tag == b"*":
        return Refused(b"*", say("a command is: tag, space, verb"))
    word = _WORD.match(first, len(tag) + 1)
    if word is None:
        return Refused(tag, say("a verb follows the tag"))
    return Command(tag, word[0].decode("ascii").upper(), (first[word.end() :], *pieces[1:]))


class SequenceSet(NamedTuple):
    """A set of numbers as the client wrote it: ranges with 0 for `*`; `saved` for `$`, the last search result."""

    ranges: tuple[tuple[int, int], ...] = ()
    saved: bool = False

    def within(self, largest: int) -> list[tuple[int, int]]:
        """Ascending ranges that do not touch, with `*` as `largest`, cut at it; a range that begins beyond ends at it (RFC 9051)."""
        if largest == 0:
            return []
        ends = sorted(tuple(sorted((low or largest, high or largest))) for low, high in self.ranges)
        found: list[tuple[int, int]] = []
        for low, high in ends:
            if found and low <= found[-1][1] + 1:
                found[-1] = found[-1][0], max(found[-1][1], high)
            else:
                found.append((low, high))
        return found


def read_sequence(text: bytes) -> SequenceSet:
    """The set in a text that follows the grammar; Bad when a number is 0 or over 32 bits."""
    if text == b"$":
        return SequenceSet(saved=True)
    ranges = []
    for piece in text.split(b","):
        low, _, high = piece.partition(b":")
        ends = [0 if end == b"*" else int(end) for end in (low, high or low)]
        if any(end > NUMBER_MAX or (end == 0 and word != b"*") for end, word in zip(ends, (low, high or low), strict=True)):
            raise Bad(say("numbers of a set go from 1 to 4294967295"))
        ranges.append((ends[0], ends[1]))
    return SequenceSet(tuple(ranges))


class Arguments:
    """What follows the verb of a command, read from left to right. Every reader raises Bad on any other input."""

    def __init__(self, pieces: Sequence[bytes | Literal], *, utf8: bool, utf8_accepted: bool = False) -> None:
        self._pieces = pieces
        self._index = 0
        self._at = 0
        self.utf8 = utf8
        self.utf8_accepted = utf8_accepted  # by UTF8=ACCEPT, not by IMAP4rev2

    @property
    def _text(self) -> bytes:
        piece = self._pieces[self._index]
        return piece if isinstance(piece, bytes) else piece.octets

    def _literal_follows(self) -> bool:
        return self._at == len(self._text) and self._index + 1 < len(self._pieces)

    def peek(self) -> bytes:
        """The next octet; `{` where a literal follows, nothing at the end."""
        return b"{" if self._literal_follows() else self._text[self._at : self._at + 1]

    def skip(self, text: bytes) -> bool:
        """Whether that text, which is in capitals, comes next in any case; it is consumed if so."""
        if self._text[self._at : self._at + len(text)].upper() != text:
            return False
        self._at += len(text)
        return True

    def expect(self, text: bytes) -> None:
        """Require that text."""
        if not self.skip(text):
            shown = {b" ": say("a space")}.get(text, quoted(text.decode("ascii")))
            raise Bad(say("{shown} is expected{where}", shown=shown, where=self._where()))

    def space(self) -> None:
        """One space."""
        self.expect(b" ")

    def end(self) -> None:
        """Require the end."""
        if self._literal_follows() or self._at < len(self._text):
            raise Bad(say("nothing more is expected{where}", where=self._where()))

    def _where(self) -> Sentence:
        rest = self._text[self._at : self._at + 20]
        return say(" before {rest!r}", rest=rest.decode("utf-8", "replace")) if rest else say(" at the end")

    def _match(self, expression: re.Pattern[bytes], what: Sentence) -> re.Match[bytes]:
        found = expression.match(self._text, self._at)
        if found is None:
            raise Bad(say("{what} is expected{where}", what=what, where=self._where()))
        self._at = found.end()
        return found

    def match(self, expression: re.Pattern[bytes]) -> bytes | None:
        """The text that matches an expression here, consumed; None when there is none."""
        found = expression.match(self._text, self._at)
        if found is None:
            return None
        self._at = found.end()
        return found[0]

    def atom(self) -> str:
        """An atom, in capitals."""
        return self._match(_ATOM, say("an atom"))[0].decode("ascii").upper()

    def literal(self) -> Literal:
        """A literal."""
        if not self._literal_follows():
            raise Bad(say("a literal is expected{where}", where=self._where()))
        literal = self._pieces[self._index + 1]
        self._index, self._at = self._index + 2, 0
        if not isinstance(literal, Literal):
            raise Bad(say("a literal is expected"))
        return literal

    def string(self) -> bytes:
        """A quoted string or a literal."""
        if self._literal_follows():
            octets = self.literal().octets
            if b"\x00" in octets:
                raise Bad(say("a string holds no NUL"))
            return octets
        octets = self._match(_QUOTED, say("a string"))[1]
        if not self.utf8 and not octets.isascii():
            raise Bad(say("a quoted string with 8-bit octets needs ENABLE UTF8=ACCEPT; send a literal"))
        return _ESCAPE.sub(rb"\1", octets)

    def astring(self) -> bytes:
        """An atom or a string."""
        if self.peek() in (b'"', b"{"):
            return self.string()
        return self._match(_ASTRING, say("an atom or a string"))[0]

    def text(self) -> str:
        """An atom or a string as UTF-8 text."""
        try:
            return self.astring().decode("utf-8")
        except UnicodeDecodeError as error:
            raise NotUtf8(say("the string is not UTF-8")) from error

    def nstring(self) -> bytes | None:
        """A string or NIL."""
        if self.peek() in (b'"', b"{"):
            return self.string()
        self.expect(b"NIL")
        return None

    def mailbox(self) -> str:
        """The name of a folder."""
        return self._name(self.astring())

    def list_mailbox(self) -> str:
        """A pattern of LIST."""
        return self._name(self.string() if self.peek() in (b'"', b"{") else self._match(_PATTERN, say("a pattern"))[0])

    def _name(self, octets: bytes) -> str:
        try:
            return names.decode(octets, utf8=self.utf8)
        except names.BadName as error:
            raise Bad(sentence_of(error)) from error

    def number(self) -> int:
        """A number of 63 bits."""
        number = int(self._match(_NUMBER, say("a number"))[0])
        if number > _BIG_MAX:
            raise Bad(say("the number is over 63 bits"))
        return number

    def sequence(self) -> SequenceSet:
        """A set of numbers."""
        return read_sequence(self._match(_SET, say("a set of numbers"))[0])

    def flag(self) -> str:
        """A flag or a keyword."""
        return self._match(_FLAG, say("a flag"))[0].decode("ascii")
