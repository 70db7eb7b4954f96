"""What was refused since the process began, by door and rule; for `/metrics`, and never asked by a decision."""

from collections import Counter
from collections.abc import Mapping

from mss_sim.errors import RecipientsRefused, Refusal, Rule
from mss_sim.vocabulary.doors import Door


class Tally:
    """The counts of one world."""

    def __init__(self) -> None:
        self._refusals: Counter[tuple[Door, Rule]] = Counter()
        self._oauth_errors: Counter[str] = Counter()

    def refused(self, door: Door, refusal: Refusal) -> None:
        """Count what a door answers with a refusal: each recipient of a letter by its own rule."""
        for one in refusal.refusals if isinstance(refusal, RecipientsRefused) else (refusal,):
            self._refusals[door, one.rule] += 1

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
