"""Distinguished names and serials: how they are built, written as text, read back and compared."""

import re
from collections.abc import Iterator
from functools import lru_cache

from cryptography import x509
from cryptography.x509.oid import NameOID

from mss_sim.words.sentence import say

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


def common_name(name: x509.Name) -> str:
    """The common name in a name; empty where there is none."""
    return next((str(one.value) for one in name.get_attributes_for_oid(NameOID.COMMON_NAME)), "")


def dn_text(name: x509.Name) -> str:
    """A name as comma-separated attributes, the most particular first (ref: rfc4514#2)."""
    return name.rfc4514_string()


def read_dn(text: str) -> x509.Name:
    """The name behind its text, in any form that the national white list has; ValueError when it cannot be read, or names nobody.

    Spaces around commas are allowed, a value may stand in double quotes (rfc1779#2.3, which rfc4514 dropped), and quotes inside a value
    need no backslash.
    """
    if not text.strip():
        raise _no_name(text)
    try:
        return x509.Name.from_rfc4514_string(",".join(_strict(piece) for piece in _pieces(text)))
    except (ValueError, KeyError) as error:
        raise _no_name(text) from error


def _no_name(text: str) -> ValueError:
    return ValueError(say("{text!r} is not a distinguished name like CN=…,OU=…,O=…,ST=…,C=FR", text=text[:200]))


def _pieces(text: str) -> Iterator[str]:
    """The text cut at the commas that are neither escaped nor inside a quoted value."""
    begin, escaped, quoted, value_begins = 0, False, False, False
    for at, letter in enumerate(text):
        if letter == "," and not escaped and not quoted:
            yield text[begin:at]
            begin = at + 1
        elif letter == '"' and not escaped and (quoted or value_begins):
            quoted = not quoted
        value_begins = (letter == "=" and not quoted) or (value_begins and letter == " ")
        escaped = letter == "\\" and not escaped
    yield text[begin:]


_QUOTED = re.compile(r' *([^= ]+) *= *"((?:[^"\\]|\\.)*)" *')


def _strict(piece: str) -> str:
    """An attribute as rfc4514#2.4 writes it."""
    quoted = _QUOTED.fullmatch(piece)
    if quoted:
        value = re.sub(r"\\(.)", r"\1", quoted[2])
        if not value:
            raise ValueError(say("an empty value"))
        return quoted[1] + x509.NameAttribute(NameOID.ORGANIZATION_NAME, value).rfc4514_string().removeprefix("O")
    return re.sub(r'(\\.)|"', lambda found: found[1] or '\\"', _trimmed(piece))


def _trimmed(piece: str) -> str:
    """An attribute without the spaces around it; one that is escaped at the end belongs to the value (ref: rfc4514#2.4)."""
    trimmed = piece.strip(" ")
    backslashes = len(trimmed) - len(trimmed.rstrip("\\"))
    return f"{trimmed} " if backslashes % 2 and trimmed != piece.lstrip(" ") else trimmed


@lru_cache(maxsize=4_096)
def compared_dn(text: str) -> str:
    """The form in which two texts of one name are equal: quotes removed, runs of blanks and no-break spaces folded.

    Every attribute, its order and its letters count. A text that is no name is compared as it is.
    """
    try:
        name = read_dn(text)
    except ValueError:
        return text
    return repr([sorted((one.oid.dotted_string, _folded(str(one.value))) for one in rdn) for rdn in name.rdns])


def _folded(value: str) -> str:
    return " ".join(value.replace('"', "").split())


def serial_text(number: int) -> str:
    """A serial in hexadecimal, whole bytes."""
    text = f"{number:x}"
    return text if len(text) % 2 == 0 else f"0{text}"


def read_serial(text: str) -> str:
    """A serial as people copy it, colons and capitals allowed, in the form it is kept; ValueError when it is none."""
    cleaned = text.replace(":", "").lower().removeprefix("0x")
    if not re.fullmatch(r"[0-9a-f]{1,48}", cleaned):
        raise ValueError(say("{text!r} is not a serial number in hexadecimal", text=text[:60]))
    return serial_text(int(cleaned, 16))
