"""What doors answered since the process began: refusals, counted by door and rule for `/metrics`, and log-ins; never asked by a decision.

Listeners, which is the log, are told of each at once.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import NamedTuple

from mss_sim.errors import RecipientsRefused, Refusal, Rule
from mss_sim.vocabulary.doors import Door


class Refused(NamedTuple):
    """A door refused something."""

    door: Door
    refusal: Refusal


class LoggedIn(NamedTuple):
    """Somebody logged in: `who` is the id of the identity or, at Pro Santé Connect, its idNat; `by` the way, `mailbox` the one chosen."""

    door: str
    who: int | str
    by: str
    mailbox: str | None = None


class Tally:
    """The counts of one world."""

    def __init__(self) -> None:
        self._listener: Callable[[Refused | LoggedIn], None] | None = None
        self._refusals: Counter[tuple[Door, Rule]] = Counter()
        self._before: Counter[tuple[Door, Rule]] = Counter()
        self._oauth_errors: Counter[str] = Counter()

    def refused(self, door: Door, refusal: Refusal) -> None:
        """Count what a door answers with a refusal: each recipient of a letter by its own rule."""
        for one in refusal.refusals if isinstance(refusal, RecipientsRefused) else (refusal,):
            self._refusals[door, one.rule] += 1
            if self._listener:
                self._listener(Refused(door, one))

    def logged_in(self, door: str, who: int | str, by: str, mailbox: str | None = None) -> None:
        """Tell that a log-in was accepted: see `LoggedIn`."""
        if self._listener:
            self._listener(LoggedIn(door, who, by, mailbox))

    def tell(self, listener: Callable[[Refused | LoggedIn], None]) -> None:
        """Have a listener told of every refusal and log-in from now on."""
        self._listener = listener

    def oauth_error(self, code: str) -> None:
        """Count what Pro Santé Connect answers with an error, by the protocol's code (ref: rfc6749#5.2)."""
        self._oauth_errors[code] += 1

    @property
    def oauth_errors(self) -> Mapping[str, int]:
        """How often each error was the answer of Pro Santé Connect."""
        return self._oauth_errors

    @property
    def refusals(self) -> Mapping[tuple[Door, Rule], int]:
        """How often each rule was refused by, at each door."""
        return self._refusals

    @property
    def refusals_here(self) -> Mapping[tuple[Door, Rule], int]:
        """The same since the world began anew; what metrics count goes on."""
        return self._refusals - self._before

    def forget(self) -> None:
        """The world begins anew."""
        self._before = self._refusals.copy()
