"""Wrong passwords over HTTP: slowed down, then refused for a while, per client address and login.

An SMTP or IMAP connection ends after a few wrong passwords; an HTTP client opens as many connections as it likes. Failures are counted
per pair, so that one client cannot lock another out of a login; its attempts are judged one after the other, so that a burst counts too. A
right password resets the count. The names of one person are counted apart: a common count would reveal that they belong together.
"""

import asyncio
import math
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

from mss_sim.config.settings import Settings
from mss_sim.errors import Refusal, RetryLater, Rule
from mss_sim.policy.logins import split_name
from mss_sim.store.identities import canonical_login
from mss_sim.words.sentence import say

_PAIRS_MAX = 10_000
_DELAY_SECONDS_MAX = 1.0


class WrongPasswords:
    """Recent wrong passwords, by client address and login."""

    def __init__(self, settings: Settings) -> None:
        self._plus = settings.login.plus
        self._most = settings.wrong_passwords.max
        self._pause_seconds = settings.wrong_passwords.pause_seconds
        self._wrong: OrderedDict[tuple[str, str], tuple[int, float]] = OrderedDict()
        self._turns: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def turn(self, client: str, login: str) -> AsyncIterator[None]:
        """Around one attempt: RetryLater when the pair failed too often recently; a wrong password delays its sender."""
        # Whatever mailbox the client acts for, it is the same password.
        pair = client, canonical_login(split_name(login, plus=self._plus)[1])
        lock = self._turns.setdefault(pair, asyncio.Lock())
        async with lock:
            self._check(pair)
            try:
                yield
            except Refusal as refusal:
                if refusal.rule is Rule.AUTHENTICATION_FAILED:
                    await self._count(pair)
                raise
            self._wrong.pop(pair, None)

    def forget(self) -> None:
        """No wrong password was given yet."""
        self._wrong.clear()

    def _check(self, pair: tuple[str, str]) -> None:
        count, at = self._wrong.get(pair, (0, 0.0))
        left = at + self._pause_seconds - asyncio.get_running_loop().time()
        if count >= self._most and left > 0:
            seconds = math.ceil(left)
            detail = say(
                "Wrong passwords for this login from your address: {count}. Try again in {seconds} s, with the right one.",
                count=count,
                seconds=seconds,
            )
            raise RetryLater(Rule.TOO_MANY_PASSWORDS, detail, seconds, reference="quirks#http-wrong-passwords")

    async def _count(self, pair: tuple[str, str]) -> None:
        now = asyncio.get_running_loop().time()
        count, at = self._wrong.pop(pair, (0, now))
        count = 1 if now - at > self._pause_seconds else count + 1
        self._wrong[pair] = count, now
        if len(self._wrong) > _PAIRS_MAX:
            self._wrong.popitem(last=False)
        await asyncio.sleep(min(_DELAY_SECONDS_MAX, self._pause_seconds / 1_000 * 2**count))
