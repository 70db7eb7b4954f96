"""`Faults`: the rules of one world, counted, never random."""

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from mss_sim.clock import SECOND, Clock, Micros
from mss_sim.errors import Refusal, Rule
from mss_sim.faults.actions import Action, kind_of, within
from mss_sim.faults.rules import Facts, FaultRule, Match, check_numbers, checked
from mss_sim.vocabulary.faults import Point
from mss_sim.words.sentence import Sentence, joined, say


@dataclass(frozen=True, slots=True)
class FaultLimits:
    """How many rules there may be, how long one lives unless it says so, how long at most, and the longest delay."""

    rules: int
    lifetime_seconds: float
    lifetime_seconds_max: float
    delay_seconds_max: float


class Fault(NamedTuple):
    """A rule that fired: its id, and what is to be done."""

    rule: str
    action: Action

    @property
    def mark(self) -> str:
        """What the answer says of it."""
        return f"(fault {self.rule})"

    @property
    def event(self) -> str:
        """What the transcript says of it."""
        return f"fault {self.rule}: {kind_of(self.action).value}"

    def sentence(self, text: str = "") -> Sentence:
        """The text of an answer: that of the rule, which may be a sentence, and its id."""
        return joined((text or say("This failure was asked for"), f" {self.mark}"))


@dataclass(slots=True, eq=False)
class KeptRule:
    """A rule with its counters: how often it matched, and how often it fired."""

    rule: FaultRule
    seen: int = 0
    fired: int = 0

    @property
    def left(self) -> int | None:
        """How often it will fire yet; None: as often as it matches."""
        return None if self.rule.count is None else self.rule.count - self.fired

    def ended(self, now: Micros) -> bool:
        """Whether it will never fire again."""
        return self.left == 0 or now >= self.rule.ends_at


class Faults:
    """The rules of one world. They are asked by the loop and by the thread that writes the store."""

    def __init__(self, clock: Clock, new_id: Callable[[], str], limits: FaultLimits) -> None:
        self._clock = clock
        self._new_id = new_id
        self._limits = limits
        self._lock = threading.Lock()
        self._kept: dict[str, KeptRule] = {}
        self._live: dict[Point, list[KeptRule]] = {}

    def at(self, point: Point) -> bool:
        """Whether there is a rule at all: asked first, so that facts are gathered for those who need them."""
        return point in self._live

    def find(self, point: Point, facts: Facts) -> Fault | None:
        """The first rule that fires; a rule behind it is not asked, and does not count what it did not see."""
        rules = self._live.get(point)
        if rules is None:
            return None
        with self._lock:
            now = self._clock.now()
            for kept in tuple(rules):
                if kept.ended(now):
                    self._bury(kept)
                elif kept.rule.match.fits(facts):
                    kept.seen += 1
                    if kept.seen >= kept.rule.nth:
                        kept.fired += 1
                        if kept.left == 0:
                            self._bury(kept)
                        return Fault(kept.rule.id, kept.rule.action)
        return None

    def add(
        self, point: Point, action: Action, match: Match | None = None, *, nth: int = 1, count: int | None = 1, seconds: float | None = None
    ) -> KeptRule:
        """Keep a rule; Refusal(INVALID) for one that cannot be, Refusal(LIMIT_REACHED) when too many live."""
        limits = self._limits
        wanted = checked(point, match or Match(), action, limits.delay_seconds_max)
        check_numbers(nth, count)
        lifetime = limits.lifetime_seconds if seconds is None else seconds
        within("seconds", lifetime, 0.001, limits.lifetime_seconds_max)
        with self._lock:
            now = self._clock.now()
            self._make_room(now)
            rule = FaultRule(self._new_id(), point, action, now, now + int(lifetime * SECOND), wanted, nth, count)
            kept = self._kept[rule.id] = KeptRule(rule)
            self._live.setdefault(point, []).append(kept)
        return kept

    def _make_room(self, now: Micros) -> None:
        """Forget the oldest rule that has ended, where there are too many."""
        if len(self._kept) < self._limits.rules:
            return
        for kept in self._kept.values():
            if kept.ended(now):
                self._bury(kept)
                del self._kept[kept.rule.id]
                return
        detail = say("There are {most} rules, the most that there may be; remove some first.", most=self._limits.rules)
        raise Refusal(Rule.LIMIT_REACHED, detail, reference="quirks#faults")

    def _bury(self, kept: KeptRule) -> None:
        """Ask a rule no more; it is still shown."""
        alive = [one for one in self._live.get(kept.rule.point, ()) if one is not kept]
        if alive:
            self._live[kept.rule.point] = alive
        else:
            self._live.pop(kept.rule.point, None)

    def all(self) -> Iterator[KeptRule]:
        """The rules that are kept, in the order in which they are asked."""
        return iter(tuple(self._kept.values()))

    def one(self, id_: str) -> KeptRule:
        """A rule; Refusal(NOT_FOUND) when there is none of that id."""
        kept = self._kept.get(id_)
        if kept is None:
            raise Refusal(Rule.NOT_FOUND, say("There is no rule {id!r}; GET /control/faults lists them.", id=id_[:40]), subject=id_[:40])
        return kept

    def remove(self, id_: str) -> None:
        """Lift a rule; Refusal(NOT_FOUND) when there is none of that id."""
        with self._lock:
            self._bury(self.one(id_))
            del self._kept[id_]

    def put_back(self, rules: Iterable[KeptRule]) -> None:
        """Keep these rules too, as they are and with what they counted."""
        with self._lock:
            for kept in rules:
                self._kept[kept.rule.id] = kept
                if not kept.ended(self._clock.now()):
                    self._live.setdefault(kept.rule.point, []).append(kept)

    def forget(self) -> None:
        """Lift all."""
        with self._lock:
            self._kept.clear()
            self._live.clear()
