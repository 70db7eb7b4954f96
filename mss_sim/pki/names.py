"""Distinguished names and serials: how they are built, written as text, read back and compared."""

import re
from collections.abc import Iterator

from cryptography import x509
from cryptography.x509.oid import NameOID

COMMON_NAME_CHARS_MAX = 64  # ref: rfc5280#A.1
_AUTHORITY_ORGANISATION = "ASIP-SANTE"


def authority_name(common: str, organisation: str = _AUTHORITY_ORGANISATION) -> x509.Name:
    """The name of an authority."""
    return _name((NameOID.COUNTRY_NAME, "FR"), (NameOID.ORGANIZATION_NAME, organisation), (NameOID.COMMON_NAME, common))


def leaf_name(*, organisation: str, structure: str, common: str, department: str) -> x509.Name:
    """The name of a server or a client: O the organisation, OU its structure identifier, ST like `Rhône (69)`."""
    return _name(
        (NameOID.COUNTRY_NAME, "FR"),
        (NameOID.STATE_OR_PROVINCE_NAME, department),
        (NameOID.ORGANIZATION_NAME, organisation),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, structure),
        (NameOID.COMMON_NAME, common[:COMMON_NAME_CHARS_MAX].strip()),
    )


def _name(*attributes: tuple[x509.ObjectIdentifier, str]) -> x509.Name:
    return x509.Name([x509.NameAttribute(kind, value) for kind, value in attributes if value])


def dn_text(name: x509.Name) -> str:
    """A name as comma-separated attributes, the most particular first (ref: rfc4514#2)."""
    return name.rfc4514_string()


def read_dn(text: str) -> x509.Name:
    """The name behind its text, spaces around commas allowed; ValueError when it cannot be read, or names nobody."""
    if not text.strip():
        raise _no_name(text)
    try:
        return x509.Name.from_rfc4514_string(",".join(_trimmed(piece) for piece in _pieces(text)))
    except (ValueError, KeyError) as error:
        raise _no_name(text) from error


def _no_name(text: str) -> ValueError:
    return ValueError(f"{text[:200]!r} is not a distinguished name like CN=…,OU=…,O=…,ST=…,C=FR")


def _pieces(text: str) -> Iterator[str]:
    """The text cut at the commas that are not escaped."""
    piece, escaped = "", False
    for letter in text:
        if letter == "," and not escaped:
            yield piece
            piece = ""
            continue
        piece += letter
        escaped = letter == "\\" and not escaped
    yield piece


def _trimmed(piece: str) -> str:
    """An attribute without the spaces around it; one that is escaped at the end belongs to the value (ref: rfc4514#2.4)."""
    trimmed = piece.strip(" ")
    backslashes = len(trimmed) - len(trimmed.rstrip("\\"))
    return f"{trimmed} " if backslashes % 2 and trimmed != piece.lstrip(" ") else trimmed


def same_dn(one: str, other: str) -> bool:
    """Whether two texts are the same name: every attribute, its order and its exact value; False when one cannot be read."""
    try:
        return read_dn(one) == read_dn(other)
    except ValueError:
        return False


def serial_text(number: int) -> str:
    """A serial in hexadecimal, whole bytes."""
    text = f"{number:x}"
    return text if len(text) % 2 == 0 else f"0{text}"


def read_serial(text: str) -> str:
    """A serial as people copy it, colons and capitals allowed, in the form it is kept; ValueError when it is none."""
    cleaned = text.replace(":", "").lower().removeprefix("0x")
    if not re.fullmatch(r"[0-9a-f]{1,48}", cleaned):
        raise ValueError(f"{text[:60]!r} is not a serial number in hexadecimal")
    return serial_text(int(cleaned, 16))
