"""A scenario played in a world, for a test: it passes, or an AssertionError says which step failed, what was expected and what came."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mss_sim.testing.asking import ask, control
from mss_sim.testing.documents import Ready

_OVER = frozenset({"passed", "failed"})


@dataclass(frozen=True, slots=True)
class Played:
    """A play that passed. `actors`: the idNat of who played each actor; `mailboxes`: the address of each that the file names."""

    id: str
    title: str
    steps: tuple[str, ...]
    actors: Mapping[str, str]
    mailboxes: Mapping[str, str]


class StepFailed(AssertionError):
    """A step failed, and the play ended with it. `play`: its id for `GET /control/scenarios/{id}`; `passed`: what the steps before tell."""

    def __init__(self, play: str, failure: str, passed: tuple[str, ...]) -> None:
        self.play, self.failure, self.passed = play, failure, passed
        super().__init__("\n".join([failure, *(f"  passed: {one}" for one in passed)]))


async def play_scenario(ready: Ready, scenario: str | Path) -> Played:
    """Play a story that ships, by its name, or a file, to its end.

    StepFailed for a step that fails, RestRefused for a name of no story and a file that is no scenario, OSError for a file that cannot be
    read.
    """
    found = await ask(control(ready, "POST", "/scenarios", await asyncio.to_thread(_asked, scenario)))
    while found["state"] not in _OVER:
        found = await ask(control(ready, "POST", f"/scenarios/{found['id']}/next"))
    told = tuple(_told(step["tells"]) for step in found["steps"] if step["state"] == "passed")
    if found["failure"] is not None:
        raise StepFailed(found["id"], found["failure"], told)
    actors = {name: one["idnat"] for name, one in found["actors"].items()}
    return Played(found["id"], _told(found["title"]), told, actors, found["mailboxes"])


def _asked(scenario: str | Path) -> dict[str, str]:
    return {"file": scenario.read_text(encoding="utf-8")} if isinstance(scenario, Path) else {"story": scenario}


def _told(telling: Mapping[str, Any]) -> str:
    return str(telling["en"] or telling["fr"])
