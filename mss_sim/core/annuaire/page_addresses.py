"""Addresses of next pages: what a search still has to show, sealed, so that a forged one is told from ours.

An address holds the search, the revision that it looks at, the last match that was shown and until when it is good. Nothing is kept here:
any process of the world follows it.
"""

import base64
import hmac
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import orjson

from mss_sim.clock import Micros
from mss_sim.errors import Refusal, Rule
from mss_sim.fhir.query import REFERENCE
from mss_sim.words.sentence import say

_PREFIX = "u"
"""As the national server begins addresses that hold all they need."""
_SEAL_BYTES = 16
_LENGTH_MAX = 40_000


@dataclass(frozen=True, slots=True)
class Place:
    """Where a walk stands: the search, `revision` of its view, `after` which id it goes on, how many match in all if that is known."""

    type: str
    pairs: tuple[tuple[str, str], ...]
    revision: int
    after: int
    total: int | None
    good_until: Micros


def seal(key: str, place: Place) -> str:
    """The address of a place, in letters that a URL takes."""
    told = orjson.dumps([place.type, place.pairs, place.revision, place.after, place.total, place.good_until])
    return _PREFIX + base64.urlsafe_b64encode(_seal_of(key, told) + told).rstrip(b"=").decode("ascii")


def open_sealed(key: str, text: str, now: Micros) -> Place:
    """The place behind an address; Refusal(INVALID) for one that is too old, or that this world did not give."""
    if not text.startswith(_PREFIX) or len(text) > _LENGTH_MAX:
        raise too_old()
    try:
        octets = base64.b64decode(text[1:].encode("ascii") + b"=" * (-len(text[1:]) % 4), altchars=b"-_", validate=True)
    except ValueError as error:  # of which the errors of encodings are some
        raise too_old() from error
    sealed, told = octets[:_SEAL_BYTES], octets[_SEAL_BYTES:]
    if not hmac.compare_digest(sealed, _seal_of(key, told)):
        raise too_old()
    found: list[Any] = orjson.loads(told)
    type_, pairs, revision, after, total, good_until = found
    if now > good_until:
        raise too_old()
    return Place(type_, tuple((name, value) for name, value in pairs), revision, after, total, good_until)


def _seal_of(key: str, octets: bytes) -> bytes:
    return hmac.digest(key.encode("ascii"), octets, sha256)[:_SEAL_BYTES]


def too_old() -> Refusal:
    """The refusal of an address that is none, or none any more."""
    detail = say("The address of this page is too old, or was changed; begin the search again.")
    return Refusal(Rule.INVALID, detail, reference=REFERENCE)
