"""The content that a CMS signature encloses, as in application/pkcs7-mime: found by its place, not judged (ref: rfc5652#5.1).

Lengths may be definite or not and the content may come in pieces, since programs that sign while they read write it so.
"""

_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
_SEQUENCE, _EXPLICIT, _OCTETS, _PIECES, _END = 0x30, 0xA0, 0x04, 0x24, 0x00
_CONSTRUCTED = 0x20
_INDEFINITE = 0x80
_LENGTH_OCTETS_MAX = 8


def signed_content(octets: bytes) -> bytes | None:
    """What is signed; None when the octets are no signature that encloses it. Whatever follows the content is not read."""
    try:
        at = _inside(octets, 0, _SEQUENCE)
        if not octets.startswith(_SIGNED_DATA, at):
            return None
        at = _inside(octets, _inside(octets, at + len(_SIGNED_DATA), _EXPLICIT), _SEQUENCE)
        at = _after(octets, _after(octets, at))  # the version and the digest algorithms
        at = _after(octets, _inside(octets, at, _SEQUENCE))  # the type of what is signed
        return _string(octets, _inside(octets, at, _EXPLICIT))
    except (IndexError, ValueError):
        return None


def _element(octets: bytes, at: int) -> tuple[int, int, int | None]:
    """(tag, start of the content, its length or None when that is told by its end) of the element at an offset."""
    tag, length, start = octets[at], octets[at + 1], at + 2
    if length == _INDEFINITE:
        if not tag & _CONSTRUCTED:
            raise ValueError("an element without a length holds no elements")
        return tag, start, None
    if length > _INDEFINITE:
        count = length - _INDEFINITE
        if count > _LENGTH_OCTETS_MAX:
            raise ValueError("a length that no message has")
        length = int.from_bytes(octets[start : start + count], "big")
        start += count
    if start + length > len(octets):
        raise ValueError("an element ends behind the last octet")
    return tag, start, length


def _inside(octets: bytes, at: int, expected: int) -> int:
    tag, start, _ = _element(octets, at)
    if tag != expected:
        raise ValueError("another element is expected here")
    return start


def _after(octets: bytes, at: int) -> int:
    """Where the element at an offset ends; each octet is looked at once, however deep elements lie in one another."""
    depth = 0
    while True:
        tag, start, length = _element(octets, at)
        at = start + (length or 0)
        depth += (length is None) - (tag == _END and length == 0)
        if depth <= 0:
            return at


def _string(octets: bytes, at: int) -> bytes:
    end = _after(octets, at)
    pieces = []
    while at < end:
        tag, start, length = _element(octets, at)
        if tag == _OCTETS:
            pieces.append(octets[start : start + (length or 0)])
        elif tag not in (_PIECES, _END):
            raise ValueError("an octet string holds octet strings alone")
        at = start if tag == _PIECES else start + (length or 0)
    return b"".join(pieces)
