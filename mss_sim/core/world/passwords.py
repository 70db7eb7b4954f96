"""Passwords: hashed with scrypt, checked in the same time whether the login exists or not.

The personas' passwords are public by design. The cost is chosen so that a test suite logs in hundreds of times a minute.
"""

import asyncio
import base64
import hashlib
import hmac
import os

from mss_sim.mail.addresses import composed

_COST = {"n": 2**11, "r": 8, "p": 1}
_REMEMBERED_MAX = 1_000


class Passwords:
    """Hashes and checks passwords; remembers, keyed by this process alone, those that were right."""

    def __init__(self) -> None:
        self._key = os.urandom(32)
        self._right: set[bytes] = set()
        self._decoy = self.hash("no account has this password")

    def hash(self, password: str) -> str:
        """`scrypt$salt$digest` of a password."""
        salt = os.urandom(16)
        return f"scrypt${base64.b64encode(salt).decode()}${base64.b64encode(_derive(password, salt)).decode()}"

    async def check(self, password: str, stored: str | None) -> bool:
        """Whether a password matches `stored`; None, an unknown login, costs the same and never matches."""
        token = hashlib.blake2b(f"{stored}\0{password}".encode("utf-8", "surrogateescape"), key=self._key).digest()
        if token in self._right:
            return True
        right = await asyncio.to_thread(matches, password, stored or self._decoy)
        if not right or stored is None:
            return False
        if len(self._right) >= _REMEMBERED_MAX:
            self._right.clear()
        self._right.add(token)
        return True


def _derive(password: str, salt: bytes) -> bytes:
    """The digest of a password, however its accents are written (ref: rfc8265#4.2.2)."""
    return hashlib.scrypt(composed(password).encode("utf-8", "surrogateescape"), salt=salt, dklen=32, **_COST)


def matches(password: str, stored: str) -> bool:
    """Whether `stored` is the hash of a password. Blocking: it takes some milliseconds."""
    _, salt, digest = stored.split("$")
    return hmac.compare_digest(_derive(password, base64.b64decode(salt)), base64.b64decode(digest))
