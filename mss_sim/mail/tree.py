"""The MIME tree of a message as people look at it: each part with its section number, attached messages opened.

Numbers are those of IMAP (ref: rfc9051#6.4.5.1), so that what is seen here can be fetched there: a multipart that is a whole message has
none, its parts are 1, 2 …; those of a message that is attached as part 2 are 2.1, 2.2 …
"""

from typing import NamedTuple

from mss_sim.mail.headers import read_headers, split
from mss_sim.mail.mime import Bounds, Part, content, read_tree

_FIELDS_MAX = 1_000_000  # the limits were applied on arrival, by settings that this reader does not know
_PARTS_MAX = 1_000_000
_DEPTH_MAX = 100
_MESSAGES = ("message/rfc822", "message/global")
_AS_IT_IS = ("7bit", "8bit", "binary")


class Branch(NamedTuple):
    """One part. `size_bytes` is as it lies in the message; `decoded_bytes` is without its transfer encoding, None for what holds others."""

    number: str | None
    content_type: str
    charset: str | None
    filename: str | None
    disposition: str | None
    encoding: str
    content_id: str | None
    size_bytes: int
    decoded_bytes: int | None
    children: tuple["Branch", ...] = ()


def tree(raw: bytes) -> Branch:
    """The tree of a message that is stored; what is nested over a hundred levels is not opened."""
    try:
        return _message(raw, 0, len(raw), "", Bounds(_PARTS_MAX, _DEPTH_MAX, _FIELDS_MAX), 0)
    except OverflowError:  # of a world whose settings let more in
        return Branch(None, "application/octet-stream", None, None, None, "binary", None, len(raw), len(raw))


def _message(raw: bytes, start: int, end: int, outer: str, bounds: Bounds, depth: int) -> Branch:
    head_end, body = split(raw, start, end)
    headers = read_headers(raw[start:head_end], count_max=_FIELDS_MAX)
    inner = Bounds(bounds.parts_left, _DEPTH_MAX - depth, _FIELDS_MAX)
    root = read_tree(raw, headers, body, inner, end=end)
    bounds.parts_left = inner.parts_left
    return _branch(raw, root, outer, bounds, depth, whole=True)


def _branch(raw: bytes, part: Part, outer: str, bounds: Bounds, depth: int, *, whole: bool = False) -> Branch:
    number = outer + part.number
    several = part.content_type.startswith("multipart/")
    children = tuple(_branch(raw, child, outer, bounds, depth + 1) for child in part.children)
    if part.content_type in _MESSAGES and part.encoding in _AS_IT_IS:
        try:
            children = (_message(raw, part.start, part.end, f"{number}.", bounds, depth + 1),)
        except OverflowError:  # nested too deep, or of too many parts
            children = ()
    return Branch(
        number=None if several and whole else number,
        content_type=part.content_type,
        charset=part.params.get("charset"),
        filename=part.filename,
        disposition=part.disposition,
        encoding=part.encoding,
        content_id=part.content_id,
        size_bytes=part.end - part.start,
        decoded_bytes=None if several or children else len(content(raw, part.start, part.end, part.encoding)),
        children=children,
    )
