"""Wrong passwords over HTTP: slowed down, then refused for a while, per client address and login.

A connection of SMTP or IMAP ends after a few wrong passwords; an HTTP client makes as many connections as it likes. What is counted is the
pair, so that nobody can lock another client out of a login. A right password clears the count.
"""

import asyncio
import math
from collections import OrderedDict

from mss_sim.config import Settings
from mss_sim.errors import RetryLater, Rule

_PAIRS_MAX = 10_000
_DELAY_SECONDS_MAX = 1.0


class Attempts:
    """The wrong passwords of late, by client address and login."""

    def __init__(self, settings: Settings) -> None:
        self._most = settings.wrong_passwords_max
        self._pause_seconds = settings.wrong_passwords_pause_seconds
        self._wrong: OrderedDict[tuple[str, str], tuple[int, float]] = OrderedDict()

    def check(self, client: str, login: str) -> None:
        """Refuse a pair that was wrong too often a moment ago."""
        count, at = self._wrong.get(_pair(client, login), (0, 0.0))
        left = at + self._pause_seconds - asyncio.get_running_loop().time()
        if count >= self._most and left > 0:
            seconds = math.ceil(left)
            detail = f"Wrong passwords for this login from your address: {count}. Try again in {seconds} s, with the right one."
            raise RetryLater(Rule.TOO_MANY_PASSWORDS, detail, seconds, reference="mss-sim#wrong-passwords")

    async def wrong(self, client: str, login: str) -> None:
        """Count a wrong password, and make its sender wait: longer each time."""
        now = asyncio.get_running_loop().time()
        pair = _pair(client, login)
        count, at = self._wrong.pop(pair, (0, now))
        count = 1 if now - at > self._pause_seconds else count + 1
        self._wrong[pair] = count, now
        if len(self._wrong) > _PAIRS_MAX:
            self._wrong.popitem(last=False)
        await asyncio.sleep(min(_DELAY_SECONDS_MAX, self._pause_seconds / 1_000 * 2**count))

    def right(self, client: str, login: str) -> None:
        """Forget what was wrong."""
        self._wrong.pop(_pair(client, login), None)


def _pair(client: str, login: str) -> tuple[str, str]:
    """Whatever mailbox somebody says that they act for (`mailbox*login`), it is the same password that is tried."""
    return client, login.rpartition("*")[2].lower()
