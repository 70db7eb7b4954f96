"""The only source of identifiers and secrets.

An id is a positive 63-bit integer that grows with time: 41 bits of milliseconds, 10 bits of node, 12 bits of sequence. Rows
sort by arrival on their primary key, on both databases, without asking the database first. Outside the store an id is 13
letters and digits, because a JavaScript number cannot hold it.
"""

import secrets
import threading
import uuid

from mss_sim.clock import Clock, Micros

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: no i, l, o, u to misread
_PAIRS = [left + right for left in _ALPHABET for right in _ALPHABET]
_VALUE = {letter: position for position, letter in enumerate(_ALPHABET)}
_EPOCH_MILLISECONDS = 1_704_067_200_000  # 2024-01-01
_LENGTH = 13
_SEQUENCE = (1 << 12) - 1
ID_MAX = (1 << 63) - 1


class IdSource:
    """Hands out ids for one world; safe to call from any thread.

    `after` is the highest id that the world has already: what comes now sorts behind it, also when the clock was set back.
    """

    def __init__(self, clock: Clock, after: int = 0) -> None:
        self._clock = clock
        self._node = secrets.randbits(10) << 12
        self._last = after | _SEQUENCE  # the next is of another millisecond, under this source's own node
        self._lock = threading.Lock()

    def next(self) -> int:
        """A new id, greater than every id given before by this source, even when the clock stands still."""
        with self._lock:
            return self._after(self._milliseconds())

    def many(self, count: int) -> list[int]:
        """So many new ids at once, in their order."""
        with self._lock:
            milliseconds = self._milliseconds()
            return [self._after(milliseconds) for _ in range(count)]

    def _milliseconds(self) -> int:
        return max(self._clock.now() // 1000 - _EPOCH_MILLISECONDS, 1)

    def _after(self, milliseconds: int) -> int:
        """The next id; the lock is held."""
        last = self._last
        if last & _SEQUENCE == _SEQUENCE:
            milliseconds = max(milliseconds, (last >> 22) + 1)
        given = (milliseconds << 22) | self._node
        self._last = last = given if given > last else last + 1
        return last

    def rise_to(self, highest: int) -> None:
        """From now on, give ids that sort behind this one too: of a world that was brought in."""
        with self._lock:
            self._last = max(self._last, highest | _SEQUENCE)

    def message_id(self, domain: str) -> str:
        """A new RFC 5322 Message-ID under `domain`, angle brackets included (ref: rfc5322#3.6.4)."""
        return f"<{encode(self.next())}.{secrets.token_hex(4)}@{domain}>"

    def uuid(self) -> str:
        """A new random UUID, for the formats that ask for one."""
        return str(uuid.uuid4())

    def secret(self) -> str:
        """A key of 256 random bits as URL-safe text."""
        return secrets.token_urlsafe(32)


def last_id_at(instant: Micros) -> int:
    """An id that none given until then is above, and none given a millisecond later is below."""
    return max(((instant // 1_000 - _EPOCH_MILLISECONDS + 1) << 22) - 1, 0)


def instant_of(number: int) -> Micros:
    """When an id was given, to the millisecond, or a little later where many were given at once."""
    return ((number >> 22) + _EPOCH_MILLISECONDS) * 1_000


def id_after(instant: Micros) -> int:
    """A number that is greater than the ids given until that instant, but for those of a burst of thousands."""
    return min(max(instant // 1_000 - _EPOCH_MILLISECONDS + 1, 0) << 22, ID_MAX)


def encode(number: int) -> str:
    """The 13-character form of an id."""
    if not 0 <= number <= ID_MAX:
        raise ValueError("an id is a positive 63-bit integer")
    head = _ALPHABET[number >> 60] + _PAIRS[number >> 50 & 1023] + _PAIRS[number >> 40 & 1023] + _PAIRS[number >> 30 & 1023]
    return head + _PAIRS[number >> 20 & 1023] + _PAIRS[number >> 10 & 1023] + _PAIRS[number & 1023]


def decode(text: str) -> int:
    """The id behind its 13-character form; ValueError when it is not one."""
    if len(text) != _LENGTH or any(letter not in _VALUE for letter in text):
        raise ValueError(f"{text!r} is not an id: 13 characters of {_ALPHABET}")
    number = 0
    for letter in text:
        number = number << 5 | _VALUE[letter]
    if number > ID_MAX:
        raise ValueError(f"{text!r} is not an id: its first character is at most 7")
    return number
