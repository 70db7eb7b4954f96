"""Names of folders on the wire: modified UTF-7 (ref: rfc3501#5.1.3), or UTF-8 once the client enabled it, and patterns of LIST."""

import base64
import binascii
import re

from mss_sim.words.sentence import SpokenError, say

_SHIFTED = re.compile(r"[^\x20-\x7e]+|&")
_RUN = re.compile(rb"&([A-Za-z0-9+,]*)-")


_PATTERN_CHARS_MAX = 1_200  # longer than any folder name with a wildcard after each letter: such a pattern matches nothing
_NOTHING = re.compile(r"(?!)")


class BadName(SpokenError, ValueError):
    """The octets are not a valid folder name."""


def encode(name: str) -> bytes:
    """The modified UTF-7 of a name."""
    return _SHIFTED.sub(_shift, name).encode("ascii")


def _shift(found: re.Match[str]) -> str:
    if found[0] == "&":
        return "&-"
    packed = base64.b64encode(found[0].encode("utf-16-be", "surrogatepass")).rstrip(b"=").replace(b"/", b",")
    return f"&{packed.decode('ascii')}-"


def decode(octets: bytes, *, utf8: bool) -> str:
    """The name in some octets: UTF-8 where the client enabled it, else modified UTF-7. BadName when they are neither.

    A name has one spelling in modified UTF-7, so that no folder has two names; any other is refused.
    """
    if utf8 or not octets.isascii():
        try:
            return octets.decode("utf-8")
        except UnicodeDecodeError as error:
            raise BadName(say("the name is not UTF-8")) from error
    if b"&" not in octets:
        return octets.decode("ascii")
    try:
        name = _RUN.sub(_unshift, octets).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise BadName(say("the name is not modified UTF-7")) from error
    if encode(name) != octets or "\x00" in name:
        raise BadName(say("the name is not modified UTF-7: & is written &-"))
    return name


def _unshift(found: re.Match[bytes]) -> bytes:
    packed = found[1]
    if not packed:
        return b"&"
    octets = base64.b64decode(packed.replace(b",", b"/") + b"=" * (-len(packed) % 4), validate=True)
    return octets.decode("utf-16-be").encode("utf-8")


def pattern(text: str) -> re.Pattern[str]:
    """The expression for a LIST pattern: `*` matches anything, `%` anything within one level (ref: rfc9051#6.3.9).

    Text between two wildcards is matched once, at the first place where it fits: a later one is never better, and trying them
    all takes too long. Only what follows the last `*` is tried everywhere, since it must reach the end of the name.
    """
    squeezed = re.sub(r"[*%]*\*[*%]*", "*", re.sub(r"%+", "%", text))
    if len(squeezed) > _PATTERN_CHARS_MAX:
        return _NOTHING
    segments = [segment.split("%") for segment in squeezed.split("*")]
    first, last = segments[0], segments[-1]
    start = _inbox(first[0], whole=len(first) == len(segments) == 1)
    if len(segments) == 1:
        return re.compile(start + _steps(first[1:-1]) + _end(first))
    middle = "".join(f"(?>.*?{re.escape(segment[0])}{_steps(segment[1:])})" for segment in segments[1:-1])
    return re.compile(start + _steps(first[1:]) + middle + f".*{re.escape(last[0])}" + _steps(last[1:-1]) + _end(last), re.DOTALL)


def _steps(literals: list[str]) -> str:
    return "".join(f"(?>[^/]*?{re.escape(literal)})" for literal in literals)


def _end(segment: list[str]) -> str:
    return f"[^/]*{re.escape(segment[-1])}" if len(segment) > 1 else ""


def _inbox(literal: str, *, whole: bool) -> str:
    """The beginning of a pattern; INBOX matches in any case (ref: rfc9051#5.1), other names only as written."""
    upper = literal.upper()
    if upper.startswith("INBOX/") or (whole and upper == "INBOX"):
        return re.escape("INBOX" + literal[5:])
    if literal and "INBOX".startswith(upper):
        return f"(?:{re.escape(literal)}|{upper}(?={'INBOX'[len(upper) :]}(?:/|\\Z)))"
    return re.escape(literal)
