"""What a world keeps beside its store and takes along in a snapshot, as JSON and back: faults, the form of the white list, services.

By choice, what was said on its connections too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mss_sim.core.world.revocation_faults import Manner
from mss_sim.core.world.white_list import Variant
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal
from mss_sim.evidence import transcripts
from mss_sim.faults import actions
from mss_sim.faults.faults import KeptRule
from mss_sim.faults.rules import FaultRule, Match, check_numbers, checked
from mss_sim.vocabulary.faults import DropMoment, FaultKind, Point
from mss_sim.vocabulary.trust import IgcService, ServiceBehaviour

_DELAY_SECONDS_MAX = 86_400.0
_WORDS = {"moment": DropMoment, "behaviour": ServiceBehaviour}


def extras_of(world: World, *, evidence: bool = False) -> dict[str, Any]:
    """What is kept now; with `evidence`, what was said on connections too."""
    manners = {service.value: [one.behaviour.value, one.seconds] for service, one in world.igc.services.manners().items()}
    said = {"evidence": world.transcripts.as_json() if world.transcripts else []} if evidence else {}
    faults = [_rule(one) for one in world.faults.all()]
    return {"faults": faults, "white_list": world.white_list.variant.value, "services": manners, **said}


@dataclass(frozen=True, slots=True)
class Memory:
    """What a world is to go on with; `evidence` as `Transcripts.as_json` tells it, empty where it was not taken along."""

    rules: tuple[KeptRule, ...]
    white_list: Variant
    services: Mapping[IgcService, Manner]
    evidence: Sequence[Mapping[str, Any]] = ()


def read(told: Mapping[str, Any]) -> Memory:
    """What was told, as JSON; ValueError with what is wrong with it."""
    try:
        manners = {IgcService(name): Manner(ServiceBehaviour(one), float(seconds)) for name, (one, seconds) in told["services"].items()}
        evidence = told.get("evidence", [])
        for one in evidence:
            transcripts.check(one)
        return Memory(tuple(map(_kept, told["faults"])), Variant(told["white_list"]), manners, evidence)
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError, Refusal) as error:
        raise ValueError(f"what it kept in memory cannot be read: {error!r}"[:200]) from error


def take_up(world: World, memory: Memory) -> None:
    """Have a world that keeps nothing yet go on with it."""
    world.faults.put_back(memory.rules)
    world.white_list.choose_variant(memory.white_list)
    for service, manner in memory.services.items():
        world.igc.services.switch(service, manner.behaviour, manner.seconds)
    if world.transcripts and memory.evidence:
        world.transcripts.put_back(memory.evidence)


def _rule(kept: KeptRule) -> dict[str, Any]:
    rule = kept.rule
    match = {name: value for name in Match.__slots__ if (value := getattr(rule.match, name)) is not None}
    when = {"made_at": rule.made_at, "ends_at": rule.ends_at, "nth": rule.nth, "count": rule.count}
    counted = {"seen": kept.seen, "fired": kept.fired}
    return {"id": rule.id, "point": rule.point.value, "action": actions.as_json(rule.action), "match": match, **when, **counted}


def _kept(row: Mapping[str, Any]) -> KeptRule:
    point, said = Point(row["point"]), dict(row["action"])
    kind = FaultKind(said.pop("kind"))
    action = actions.read(kind, {name: _WORDS[name](value) if name in _WORDS and value else value for name, value in said.items()})
    match = checked(point, Match(**row["match"]), action, _DELAY_SECONDS_MAX)
    numbers = {name: row[name] for name in ("made_at", "ends_at", "nth", "seen", "fired")}
    if not all(type(number) is int for number in (*numbers.values(), row["count"] or 0)):
        raise TypeError("a rule counts in whole numbers")
    check_numbers(row["nth"], row["count"])
    rule = FaultRule(str(row["id"]), point, action, int(row["made_at"]), int(row["ends_at"]), match, row["nth"], row["count"])
    return KeptRule(rule, int(row["seen"]), int(row["fired"]))
