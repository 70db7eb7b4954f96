"""Header fields written from text, so that a reader sees exactly the given characters.

Callers give text, never a header: an encoded word in it is encoded again, a control character is refused. The standard
library decodes encoded words while it writes and, before the patch levels of August 2024 (CVE-2024-6923), writes the resulting line
breaks; so it is not used here. Values become words here, words are put on lines, and `block` reads the finished lines once more.

| kind of value        | written as                                                     |
|----------------------|----------------------------------------------------------------|
| text                 | itself when it is plain ASCII, else encoded words as a whole   |
| name of a person     | atoms or a quoted string, else encoded words                   |
| address              | itself, in UTF-8 when it must be (ref: rfc6532#3)              |
| parameter of a part  | a quoted string, else RFC 2231, in pieces when it is long      |
"""

import base64
import re
from collections.abc import Iterator, Sequence
from email.errors import MessageError
from email.message import EmailMessage
from urllib.parse import quote

from mss_sim.mail.headers import CRLF, read_headers
from mss_sim.words.sentence import SpokenError, say

_LINE_CHARS = 76  # ref: rfc2047#2
_LINE_OCTETS_MAX = 998  # ref: rfc5322#2.1.1
_PLAIN_WORD_MAX = 900
_QUOTED_NAME_MAX = 120
_WORD_CHARS_MAX = 75  # ref: rfc2047#2
_WORD_CHARS_MIN = 40
_WRAPPING = len("=?utf-8?q??=")
_PIECE_CHARS = 60
_UNWRITABLE = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_BLANKS = re.compile(r"[ \t]+")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*\Z")
_SAFE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")  # ref: rfc2047#5: what every place takes
_Q = ["_" if octet == 0x20 else chr(octet) if octet in _SAFE else f"={octet:02X}" for octet in range(256)]
_PLAIN_PARAMETER = re.compile(r"[A-Za-z0-9 !#$&'()+,.;@\[\]^_`{}~-]*\Z")
_BROKEN = re.compile(rb"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)|(?<!\r)\n|\A[ \r]|\r\n *\r\n")
_FIELD_NAME = re.compile(r"[!-9;-~]{1,75}\Z")
_TOKEN = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,127}\Z")  # ref: rfc6838#4.2


class CompositionError(SpokenError, ValueError):
    """The parts cannot make a message; the text names the part."""


def library_breaks_lines() -> bool:
    """Whether the email library of this Python writes a header that breaks its line; tested by trying, as fixes are backported."""
    message = EmailMessage()
    message["Subject"] = "=?utf-8?q?=0ABcc:_x?="
    try:
        return b"\nBcc:" in message.as_bytes()
    except (MessageError, ValueError):
        return False


def checked_name(name: str) -> str:
    """A field name that may be written (ref: rfc5322#2.2)."""
    if not _FIELD_NAME.match(name):
        raise CompositionError(say("{name!r} is not a header name", name=name[:80]))
    return name


def checked(text: str) -> str:
    """Text that can be a header value: one line without control characters; a tab becomes a space."""
    if found := _UNWRITABLE.search(text):
        raise CompositionError(
            say("{text!r} holds {found!r}: a header takes one line of text without control characters", text=text[:80], found=found[0])
        )
    return text.replace("\t", " ")


def text(value: str, *, used: int = 0) -> list[str]:
    """The words of a text; `used` is how much of their first line is taken."""
    value = checked(value)
    words = value.split(" ")
    plain = value.isascii() and "=?" not in value and all(words) and max(map(len, words)) <= _PLAIN_WORD_MAX
    return words if plain or not value else list(_encoded(value, used))


def name(value: str, *, used: int = 0) -> list[str]:
    """The words of a person's name; runs of blanks become one space, as every reader of names treats them."""
    value = _BLANKS.sub(" ", checked(value)).strip(" ")
    if not value.isascii() or "=?" in value or len(value) > _QUOTED_NAME_MAX:
        return list(_encoded(value, used))
    return value.split(" ") if _ATOMS.match(value) or not value else ['"' + re.sub(r'(["\\])', r"\\\1", value) + '"']


def person(pair: tuple[str, str], *, used: int = 0) -> list[str]:
    """The words of a (name, canonical address) pair."""
    shown, address = pair
    words = name(shown, used=used)
    return [*words, f"<{address}>"] if any(words) else [address]


def people(pairs: Sequence[tuple[str, str]], *, used: int = 0) -> list[str]:
    """The words of an address list, a comma after each entry but the last."""
    lists = [person(pair, used=0 if number else used) for number, pair in enumerate(pairs)]
    for entry in lists[:-1]:
        entry[-1] += ","
    return [word for entry in lists for word in entry]


def parameter(key: str, value: str) -> list[str]:
    """The words of one parameter, each but the last with its semicolon (ref: rfc2231#3, rfc2231#4)."""
    value = checked(value)
    if _PLAIN_PARAMETER.match(value) and len(value) <= _PIECE_CHARS:
        return [f'{key}="{value}"']
    pieces = [""]
    for letter in value:
        octets = quote(letter, safe="")
        if len(pieces[-1]) + len(octets) > _PIECE_CHARS:
            pieces.append("")
        pieces[-1] += octets
    pieces[0] = f"UTF-8''{pieces[0]}"
    if len(pieces) == 1:
        return [f"{key}*={pieces[0]}"]
    written = [f"{key}*{number}*={piece}" for number, piece in enumerate(pieces)]
    return [f"{piece};" for piece in written[:-1]] + written[-1:]


def media_type(value: str) -> str:
    """A media type without its parameters; a missing one, or one that no file has, becomes the generic type."""
    main, slash, sub = value.partition(";")[0].strip().partition("/")
    if not slash or main.lower() in ("multipart", "message"):
        return "application/octet-stream"
    if not _TOKEN.match(main) or not _TOKEN.match(sub):
        raise CompositionError(say("{value!r} is not a media type", value=value[:80]))
    return f"{main}/{sub}"


def folded(words: Sequence[str], used: int) -> str:
    """Words as the value of a field, on lines of 76 characters where they can be broken; `used` is how much of the first is taken."""
    lines: list[str] = []
    line = ""
    for number, word in enumerate(words):
        taken = len(line) + (0 if lines else used)
        if taken + 1 + len(word) > _LINE_CHARS and (number or word.startswith("=?")):
            lines.append(line)
            line = ""
        line += f" {word}"
    return "\r\n".join([*lines, line]).removeprefix(" ")


def block(fields: Sequence[tuple[str, Sequence[str]]]) -> bytes:
    """A header block of (name, words), without the empty line; CompositionError unless it reads again as those fields and no others."""
    lines = [f"{name}: {folded(words, len(name) + 1)}\r\n" for name, words in fields]
    written = "".join(lines).encode("utf-8")
    try:
        found = read_headers(written, count_max=len(fields))
    except OverflowError as error:
        raise CompositionError(say("a header holds a line of its own")) from error
    wanted = tuple((name, " ".join(words).strip().encode("utf-8")) for name, words in fields)
    if found.defects or found.fields != wanted or _BROKEN.search(written):
        raise CompositionError(say("a header holds a line of its own"))
    if max(map(len, written.split(CRLF))) > _LINE_OCTETS_MAX:
        raise CompositionError(say("a header holds a word too long for a line of {most} octets", most=_LINE_OCTETS_MAX))
    return written


def _encoded(value: str, used: int) -> Iterator[str]:
    """The value as encoded words, in the shorter encoding; no character is split (ref: rfc2047#5)."""
    octets = value.encode("utf-8")
    in_base64 = len(_quoted(value)) > 4 * len(octets) / 3
    room = _LINE_CHARS - 1 - used if used <= _LINE_CHARS - _WORD_CHARS_MIN else _WORD_CHARS_MAX
    gathered, size = "", 0
    for letter in value:
        added = len(letter.encode("utf-8")) if in_base64 else len(_quoted(letter))
        left = room - _WRAPPING
        if gathered and size + added > (left // 4 * 3 if in_base64 else left):
            yield _word(gathered, in_base64=in_base64)
            gathered, size, room = "", 0, _WORD_CHARS_MAX
        gathered, size = gathered + letter, size + added
    yield _word(gathered, in_base64=in_base64)


def _word(value: str, *, in_base64: bool) -> str:
    if in_base64:
        return f"=?utf-8?b?{base64.b64encode(value.encode('utf-8')).decode('ascii')}?="
    return f"=?utf-8?q?{_quoted(value)}?="


def _quoted(value: str) -> str:
    return "".join(_Q[octet] for octet in value.encode("utf-8"))
