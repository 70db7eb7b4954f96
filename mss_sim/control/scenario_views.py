"""Stories and plays as they go out; loaded with the first scenario, as all that reads and plays them."""

from typing import Any

from mss_sim.clock import iso
from mss_sim.core.scenarios import outcomes
from mss_sim.core.scenarios.plays import Play
from mss_sim.core.world.world import World
from mss_sim.scenarios import shelf
from mss_sim.scenarios.model import Scenario, Telling
from mss_sim.scenarios.reading import read_scenario
from mss_sim.vocabulary.scenarios import PlayState


def stories() -> list[dict[str, Any]]:
    """The stories that ship, by name."""
    return [_shelved(name, _read(name)) for name in shelf.names()]


def _read(name: str) -> Scenario:
    raw = shelf.octets(name)
    return read_scenario(raw, size_bytes_max=len(raw), steps_max=len(raw))


def _telling(told: Telling) -> dict[str, str]:
    return {"en": told.en, "fr": told.fr}


def _shelved(name: str, scenario: Scenario) -> dict[str, Any]:
    return {
        "name": name,
        "title": _telling(scenario.title),
        "about": _telling(scenario.about),
        "level": scenario.level,
        "seed": scenario.seed,
        "steps": [_telling(step.tells) for step in scenario.steps],
    }


def summary(world: World, play: Play) -> dict[str, Any]:
    """A play without its steps, in the language of the world."""
    failure = None
    if play.state is PlayState.FAILED:
        number = len(play.outcomes)
        failure = world.translated(outcomes.describe(number, play.scenario.steps[number - 1], play.outcomes[-1]))
    return {
        "id": play.id,
        "title": _telling(play.scenario.title),
        "level": play.scenario.level,
        "state": play.state,
        "steps_played": len(play.outcomes),
        "steps_count": len(play.scenario.steps),
        "failure": failure,
    }


def whole(world: World, play: Play) -> dict[str, Any]:
    """A play with its cast, its steps and their outcomes."""
    cast = play.stage.cast
    people = {name: {"idnat": who.idnat, "name": who.name, "mailbox": cast.own.get(name)} for name, who in cast.people.items()}
    about = {"about": _telling(play.scenario.about), "actors": people, "mailboxes": dict(cast.boxes)}
    return {**summary(world, play), **about, "steps": [_step(world, play, number) for number in range(len(play.scenario.steps))]}


def _step(world: World, play: Play, number: int) -> dict[str, Any]:
    step = play.scenario.steps[number]
    outcome = play.outcomes[number] if number < len(play.outcomes) else None
    return {
        "number": number + 1,
        "line": step.line,
        "tells": _telling(step.tells),
        "type": step.type,
        "level": step.level or play.scenario.level,
        "verb": step.verb,
        "actor": step.actor,
        "state": play.state_of(number),
        "outcome": {
            "expected": world.translated(outcome.expected),
            "came": world.translated(outcome.came),
            "refused": outcome.refused,
            "at": iso(outcome.at),
            "seconds": round(outcome.seconds, 6),
        }
        if outcome
        else None,
    }
