"""The header block: read into fields, decoded for people, edited without touching any other byte."""

import binascii
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from email import quoprimime

from mss_sim.mail.charsets import text_of_octets
from mss_sim.words.sentence import say

CRLF = b"\r\n"
_FIELD_NAME = re.compile(rb"[!-9;-~]+\Z")
_MESSAGE_ID = re.compile(r"<[^<>]+>")
_NO_ID = re.compile(r"[\s,;]+")


@dataclass(frozen=True, slots=True)
class Headers:
    """Header fields in order, values unfolded and still encoded; `defects` counts lines that are not fields."""

    fields: tuple[tuple[str, bytes], ...]
    defects: int
    _index: dict[str, list[bytes]] = field(repr=False)

    def all(self, name: str) -> Sequence[bytes]:
        """The raw values of every field called `name`, case-insensitive."""
        return self._index.get(name.lower(), ())

    def with_only(self, name: str, value: bytes | None) -> "Headers":
        """The same fields with this single `name`, first, or with none."""
        kept = [field for field in self.fields if field[0].lower() != name.lower()]
        index = {key: values for key, values in self._index.items() if key != name.lower()}
        if value is not None:
            kept.insert(0, (name, value))
            index[name.lower()] = [value]
        return Headers(tuple(kept), self.defects, index)

    def text(self, name: str) -> str | None:
        """The first field called `name`, decoded for people; None when there is none."""
        values = self._index.get(name.lower())
        return decode(values[0]) if values else None


def read_headers(block: bytes, *, count_max: int) -> Headers:
    """Split a header block (CRLF lines, without the empty line). OverflowError over `count_max` fields."""
    fields: list[tuple[str, bytes]] = []
    index: dict[str, list[bytes]] = {}
    defects = 0
    for line in _unfolded(block):
        name, colon, value = line.partition(b":")
        name = name.rstrip(b" \t")
        if not colon or not _FIELD_NAME.match(name):
            defects += 1
            continue
        if len(fields) >= count_max:
            raise OverflowError(say("more than {most} header fields", most=count_max))
        key, content = name.decode("ascii"), value.strip()
        fields.append((key, content))
        index.setdefault(key.lower(), []).append(content)
    return Headers(tuple(fields), defects, index)


def _unfolded(block: bytes) -> Iterator[bytes]:
    if CRLF + b" " not in block and CRLF + b"\t" not in block:
        yield from (line for line in block.split(CRLF) if line)
        return
    gathered: list[bytes] = []
    for line in block.split(CRLF):
        if line[:1] in (b" ", b"\t") and gathered:
            gathered.append(line)
            continue
        if gathered:
            yield b"".join(gathered)
        gathered = [line] if line else []
    if gathered:
        yield b"".join(gathered)


_OPENING = re.compile(r"=\?([^?]*)\?([BbQq])\?")
_NO_BASE64 = re.compile(r"[^A-Za-z0-9+/]+")


def decode(value: bytes) -> str:
    """Readable text of a raw header value: encoded words decoded, octets read as `charsets` says; never raises.

    Text hidden in encoded words appears only here, so no control character leaves this function: see `readable`.
    """
    if value.isascii() and b"=?" not in value:
        return readable(value.decode("ascii"))
    return readable(_decoded(value))


_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def readable(text: str) -> str:
    """The text on one line, safe to show and pass on: a space for tabs and line breaks, U+FFFD for other control characters."""
    return text if text.isprintable() else _CONTROL.sub(lambda found: " " if found[0].isspace() else "\ufffd", text)


def storable(text: str) -> str:
    """The text in a form that every database accepts: no NUL, no lone surrogate."""
    whole = text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
    return whole.replace("\x00", "")


def printable(text: str) -> str:
    """The text with a question mark for each character that cannot be shown, or that XML and databases reject."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _decoded(value: bytes) -> str:
    text = text_of_octets(value, None)
    if "=?" not in text:
        return text
    try:
        return "".join(_words_decoded(text))
    except ValueError:
        return text


def _words_decoded(text: str) -> Iterator[str]:
    """The text with its encoded words decoded (ref: rfc2047#6); ValueError when one is broken.

    Octets of neighbours in one charset are joined first, since some programs split characters. A word without an end is plain text:
    once the end of one is missing, those behind it have none either.
    """
    at, gathered, gathering = 0, bytearray(), ""
    while (opening := _OPENING.search(text, at)) is not None and (end := text.find("?=", opening.end())) >= 0:
        between, charset = text[at : opening.start()], opening[1].partition("*")[0].lower()  # ref: rfc2231#5
        between = between if at else between.lstrip()
        if between and not (at and between.isspace()):
            yield _in_charset(gathered, gathering) + between
            gathered.clear()
        elif charset != gathering:
            yield _in_charset(gathered, gathering)
            gathered.clear()
        gathering = charset
        gathered += _octets(text[opening.end() : end], opening[2])
        at = end + 2
    yield _in_charset(gathered, gathering)
    yield text[at:]


def _octets(word: str, encoding: str) -> bytes:
    """The content of an encoded word; what is no base64 is passed over, and missing padding added (ref: rfc2047#4, rfc2045#6.8)."""
    if not word.isascii():
        raise ValueError("an encoded word is ASCII")
    if encoding in "Qq":
        return quoprimime.header_decode(word).encode("raw-unicode-escape")
    letters = _NO_BASE64.sub("", word.rstrip("="))
    if word and not letters:
        raise binascii.Error("no base64 at all")
    return binascii.a2b_base64(letters + "=" * (-len(letters) % 4))


def _in_charset(octets: bytearray, charset: str) -> str:
    return text_of_octets(bytes(octets), charset) if octets else ""


def message_ids(value: str | None) -> tuple[str, ...]:
    """The `<left@right>` ids of a Message-ID, In-Reply-To or References value, in order, each once.

    Blanks at the brackets and around the `@`, as folding leaves them, are no part of an id (ref: rfc5322#4.5.4).
    """
    inside = ("@".join(part.strip() for part in one[1:-1].split("@")) for one in _MESSAGE_ID.findall(value)) if value else ()
    return tuple(dict.fromkeys(f"<{id_}>" for id_ in inside if len(id_.split()) == 1))


def bare_ids(value: str | None) -> tuple[str, ...]:
    """The ids of a value that has no brackets at all, with brackets; none where any other word stands in it."""
    words = _NO_ID.split(value.strip()) if value else ()
    return tuple(dict.fromkeys(f"<{word}>" for word in words)) if all("@" in word and not {*"<>"} & {*word} for word in words) else ()


def without_fields(raw: bytes, names: Iterable[str]) -> bytes:
    """The message without any header field called one of `names`; no other byte changes."""
    unwanted = {name.lower().encode("ascii") for name in names}
    end = _header_end(raw)
    kept: list[bytes] = []
    keeping = True
    for line in raw[:end].splitlines(keepends=True):
        if line[:1] not in (b" ", b"\t"):
            keeping = line.partition(b":")[0].strip().lower() not in unwanted
        if keeping:
            kept.append(line)
    return b"".join(kept) + raw[end:]


_TRACE = (b"return-path", b"received")
_TRACE_BEGINS = re.compile(rb"(?:Return-Path|Received)[ \t]*+:", re.IGNORECASE)  # ref: rfc5322#4.5.8
_LOOSE_BREAK = re.compile(r"\r(?!\n)|(?<!\r)\n|\n(?![ \t])")


def trace_length(raw: bytes) -> int:
    """The number of bytes at the top of a message that are trace: Return-Path and Received, as written by servers on the way."""
    length = 0
    tracing = False
    if not _TRACE_BEGINS.match(raw):
        return 0
    for line in raw[: _header_end(raw)].splitlines(keepends=True):
        if line[:1] not in (b" ", b"\t"):
            tracing = line.partition(b":")[0].strip().lower() in _TRACE
        if not tracing:
            break
        length += len(line)
    return length


def without_return_path(raw: bytes) -> bytes:
    """The message as sent to another server: only the last one writes Return-Path (ref: rfc5321#4.4)."""
    return without_fields(raw[: trace_length(raw)], ["Return-Path"]) + raw[trace_length(raw) :]


def with_fields_on_top(raw: bytes, fields: Sequence[tuple[str, str]]) -> bytes:
    """The message with `fields` written above it; values are already encoded and folded (ref: rfc5321#4.4)."""
    for name, value in fields:
        if _LOOSE_BREAK.search(value):
            raise ValueError(f"{name} holds a line break that folds nothing")
    return b"".join(f"{name}: {value}\r\n".encode("utf-8", "surrogateescape") for name, value in fields) + raw


def _header_end(raw: bytes, start: int = 0, stop: int | None = None) -> int:
    """Where the header block ends, including the CRLF of its last field."""
    stop = len(raw) if stop is None else stop
    if raw.startswith(CRLF, start, stop):
        return start
    at = raw.find(CRLF + CRLF, start, stop)
    return stop if at < 0 else at + len(CRLF)


def split(raw: bytes, start: int = 0, stop: int | None = None) -> tuple[int, int]:
    """(end of the header block, start of the body) of a message, or of the part at these offsets, as offsets into `raw`."""
    stop = len(raw) if stop is None else stop
    end = _header_end(raw, start, stop)
    return end, min(end + len(CRLF), stop)
