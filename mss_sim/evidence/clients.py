"""What each client cost, in all of its sessions that are kept."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from mss_sim.clock import Micros
from mss_sim.evidence.costs import Costs
from mss_sim.evidence.transcripts import Transcript
from mss_sim.vocabulary.doors import Door


@dataclass(slots=True)
class ClientCosts:
    """One client at one door: its name, who logged in, from when to when, what it cost, how often each rule refused it."""

    door: Door
    client: str | None
    who: str | None
    first_at: Micros
    last_at: Micros
    sessions: int = 0
    costs: Costs = field(default_factory=Costs)
    rules: Counter[str] = field(default_factory=Counter)
    mistakes: int = 0


def by_client(sessions: Iterable[Transcript]) -> list[ClientCosts]:
    """The clients of these sessions, the one with the most commands first."""
    found: dict[tuple[Door, str | None, str | None], ClientCosts] = {}
    for one in sessions:
        client, who = one.facts.get("client"), one.facts.get("identity")
        known = found.setdefault((one.door, client, who), ClientCosts(one.door, client, who, one.opened_at, one.last_at))
        known.first_at, known.last_at = min(known.first_at, one.opened_at), max(known.last_at, one.last_at)
        known.sessions += 1
        known.costs.add(one.costs)
        known.rules.update(one.rules)
        known.mistakes += one.mistakes
    return sorted(found.values(), key=lambda known: -known.costs.commands)
