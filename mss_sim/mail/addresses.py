"""Mailbox addresses: the envelope's paths and the header's lists.

The canonical form of an address is lower case, Unicode NFC before the `@`, IDNA A-labels after it. Two spellings of one mailbox have
one canonical form, which is the key everywhere.
"""

import re
import unicodedata
from collections.abc import Sequence
from email.utils import getaddresses
from functools import lru_cache

import idna

from mss_sim.mail import fields
from mss_sim.mail.headers import readable
from mss_sim.words.sentence import SpokenError, say

_ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-\x80-\U0010ffff]"
_DOT_ATOM = re.compile(rf"{_ATEXT}+(?:\.{_ATEXT}+)*\Z")
_QUOTED = re.compile(r'"(?:[^"\\\x00-\x1f\x7f]|\\[\x20-\x7e])*"\Z')
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\Z")
_SIMPLE_ITEM = re.compile(
    r"(?:(?P<name>[A-Za-z0-9_\-]*+(?: [A-Za-z0-9_\-]++)*+) *+<)?(?P<address>[A-Za-z0-9._+\-]+@[A-Za-z0-9.\-]+)(?(name)>)\Z"
)
POSTMASTER = "postmaster"
"""The local part, and alone the address, that each mail server knows (ref: rfc5321#4.5.1)."""
_REMEMBERED_CHARS_MAX = 320
_FIELD_CHARS = len("Sender: ")
_LOCAL_OCTETS_MAX = 64  # ref: rfc5321#4.5.3.1.1
_DOMAIN_OCTETS_MAX = 255  # ref: rfc5321#4.5.3.1.2
_DECOMPOSED = 4  # no character has a longer decomposed form; ordering many combining marks takes quadratic time
_WORD = re.compile(r"([^\s,;<>]++)( *+<)?+")
"""A word of an address list, and whether an angle bracket follows: each is read once, however long."""


class AddressError(SpokenError, ValueError):
    """The text is not a mailbox address; the message says why."""


def canonical_domain(text: str) -> str:
    """The A-label, lower-case form of a domain; AddressError when it has none (ref: rfc5890)."""
    domain = text.strip().removesuffix(".").lower()
    if not domain.isascii() and len(domain) <= _DECOMPOSED * _DOMAIN_OCTETS_MAX:
        try:
            domain = idna.encode(domain, uts46=True).decode("ascii")
        except idna.IDNAError as error:
            raise AddressError(say("the domain {text!r} is not a valid internationalised name", text=text)) from error
    labels = domain.split(".")
    if len(domain) > _DOMAIN_OCTETS_MAX or not all(_LABEL.match(label) for label in labels):
        raise AddressError(say("the domain {text!r} is not a valid name", text=text))
    return domain


def canonical(text: str) -> str:
    """The canonical form of an address without display name or angle brackets; AddressError when it is not one."""
    return _remembered(text) if len(text) <= _REMEMBERED_CHARS_MAX else _canonical(text)


@lru_cache(maxsize=4_096)  # one letter names the same few addresses in its envelope and in its header
def _remembered(text: str) -> str:
    return _canonical(text)


def _canonical(text: str) -> str:
    local, _, domain = text.strip().rpartition("@")
    if not local:
        raise AddressError(say("{text!r} is not an address: local-part@domain is expected", text=text))
    if len(local) > _DECOMPOSED * _LOCAL_OCTETS_MAX:
        raise _too_long(text)
    local = unicodedata.normalize("NFC", unicodedata.normalize("NFC", local).lower())
    if _QUOTED.match(local):
        plain = unquoted(local)
        local = plain if _DOT_ATOM.match(plain) else '"' + re.sub(r'(["\\])', r"\\\1", plain) + '"'
    if not (_DOT_ATOM.match(local) or _QUOTED.match(local)):
        raise AddressError(say("the part of {text!r} before the @ is not valid", text=text))
    if len(local.encode("utf-8", "surrogatepass")) > _LOCAL_OCTETS_MAX:
        raise _too_long(text)
    if not local.isprintable():
        raise AddressError(say("the address holds bytes that are not UTF-8 or not printable"))
    return f"{local}@{canonical_domain(domain)}"


def composed(text: str) -> str:
    """The text with each accent in one character with its letter (NFC); as it is where it is longer than any name."""
    return text if text.isascii() or len(text) > _REMEMBERED_CHARS_MAX else unicodedata.normalize("NFC", text)


def _too_long(text: str) -> AddressError:
    return AddressError(say("the part of {text!r} before the @ is over {most} octets", text=text, most=_LOCAL_OCTETS_MAX))


def unquoted(local: str) -> str:
    """A quoted local part without its quotes and backslashes (ref: rfc5321#4.1.2)."""
    return re.sub(r"\\(.)", r"\1", local[1:-1])


def domain_of(address: str) -> str:
    """The domain of a canonical address."""
    return address.rpartition("@")[2]


def parse_list(value: str) -> tuple[tuple[str, str], ...]:
    """(display name, canonical address) pairs of an address-list header; unreadable entries are left out, never raised."""
    return _remembered_list(value) if len(value) <= _REMEMBERED_CHARS_MAX else _parse_list(value)


@lru_cache(maxsize=1_024)
def _remembered_list(value: str) -> tuple[tuple[str, str], ...]:
    return _parse_list(value)


def _parse_list(value: str) -> tuple[tuple[str, str], ...]:
    simple = _SIMPLE_ITEM.match(value.strip())
    try:
        pairs = [(simple["name"] or "", simple["address"])] if simple else getaddresses([value])
    except RecursionError:  # thousands of nested comments or routes: not a real address
        return ()
    names = frozenset() if simple else _posing(value)
    if names:
        pairs = [pair for pair in pairs if pair[0] or _last_word(pair[1]) not in names]
    found = []
    for name, address in pairs:
        try:
            found.append((name.strip(), canonical(address)))
        except AddressError:
            continue
    return tuple(found)


def _posing(value: str) -> frozenset[str]:
    """Addresses in the place of a name, before an angle bracket: some readers use them, others the next one."""
    return frozenset(word for word, bracket in _WORD.findall(value) if bracket and "@" in word[:-1])


def _last_word(address: str) -> str:
    return next((found[1] for found in reversed(list(_WORD.finditer(address)))), "")


def display(name: str, address: str) -> str:
    """`name <address>` as a header value: folded, quoted and RFC 2047 encoded where needed; the name is cleaned first."""
    return fields.folded(fields.person((readable(name), address), used=_FIELD_CHARS), _FIELD_CHARS)


def addresses_of(pairs: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """The addresses of (name, address) pairs, in order, each once."""
    return tuple(dict.fromkeys(address for _, address in pairs))
