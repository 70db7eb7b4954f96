"""The stories that a trainer shows in eight guided steps: who stands side by side, where each of them looks, which steps go together.

What a story does is the scenario that ships (`scenarios/stories`), played by the core; here it is only told.
"""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mss_sim.core.access import delegation
from mss_sim.core.access.rights_in_force import Requester
from mss_sim.core.assembly import Core
from mss_sim.errors import Refusal, Rule
from mss_sim.scenarios import shelf
from mss_sim.scenarios.model import Scenario, Telling
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.language import Language
from mss_sim.vocabulary.scenarios import StepState
from mss_sim.words.sentence import say

if TYPE_CHECKING:
    from mss_sim.core.scenarios.plays import Play


@dataclass(frozen=True, slots=True)
class Guided:
    """A story as it is shown.

    `seats`: its actors who stand side by side, from the left; `delegates`: who of them looks at the delegations of which of its mailboxes,
    the others at their own mailbox; `together`: how many steps of the scenario each guided step plays.
    """

    seats: tuple[str, ...]
    delegates: dict[str, str]
    together: tuple[int, ...]

    def number_of(self, played: int) -> int:
        """The guided step in which the next step of the scenario lies, from 0 on; their count where all were played."""
        left = played
        for number, count in enumerate(self.together):
            if left < count:
                return number
            left -= count
        return len(self.together)

    def begins(self, number: int) -> int:
        """With which step of the scenario a guided step begins, from 0 on."""
        return sum(self.together[:number])


GUIDED: dict[str, Guided] = {
    "delegation": Guided(("doctor", "secretary"), {"doctor": "practice"}, (1, 2, 2, 2, 1, 2, 3, 4)),
    "patient": Guided(("doctor", "patient"), {}, (2, 2, 2, 2, 2, 2, 2, 1)),
    "locum": Guided(("doctor", "locum"), {"doctor": "doctor"}, (1, 1, 1, 1, 2, 3, 2, 1)),
}


def guided(name: str) -> Guided:
    """A story that is shown; Refusal(NOT_FOUND) for any other."""
    if name not in GUIDED:
        raise Refusal(Rule.NOT_FOUND, say("There is no guided story {name}; there are {names}.", name=name[:64], names=", ".join(GUIDED)))
    return GUIDED[name]


async def scenario(core: Core, name: str) -> Scenario:
    """The scenario of a story."""
    guided(name)
    return await core.plays().read(await asyncio.to_thread(shelf.octets, name))


async def begin(core: Core, name: str) -> "Play":
    """A play of a story, whose first step waits."""
    return await core.plays().begin(await scenario(core, name))


async def play_next(core: Core, name: str, id_: str) -> None:
    """Play the next guided step: the steps of the scenario that it holds, until one fails."""
    plays, story = core.plays(), guided(name)
    play = plays.one(id_)
    number = story.number_of(len(play.outcomes))
    await plays.play_next(play)
    while not play.over and len(play.outcomes) < story.begins(number + 1):
        await plays.play_next(play)


async def leave(core: Core, id_: str) -> None:
    """Forget a play, and end the grants that it gave, so that the story finds its people as they were. Its letters stay."""
    try:
        play = core.plays().one(id_)
    except Refusal:
        return
    for grant in play.stage.grants.values():
        await delegation.revoke(core.world, Requester(None, Door.WEB), grant.address, grant.id)
    core.plays().remove(id_)


def in_language(telling: Telling, language: Language) -> str:
    """What a story tells, in the language of who reads."""
    return telling.fr if language is Language.FR else telling.en


def steps_of(name: str, story: Scenario, play: "Play | None", language: Language) -> list[dict[str, Any]]:
    """The guided steps as the guide shows them: of each what it tells, and what became of it; the last and the next one open."""
    shown, story_told = [], guided(name)
    done = len(play.outcomes) if play is not None else 0
    current = story_told.number_of(done)
    for number, count in enumerate(story_told.together):
        first = story_told.begins(number)
        parts = [
            {
                "text": in_language(step.tells, language),
                "state": play.state_of(place) if play is not None else StepState.WAITING,
                "outcome": play.outcomes[place] if play is not None and place < done else None,
            }
            for place, step in enumerate(story.steps[first : first + count], first)
        ]
        failed = any(part["state"] is StepState.FAILED for part in parts)
        state = "failed" if failed else "passed" if number < current else "current" if number == current else "waiting"
        opened = number in (current - 1, current) or failed
        shown.append({"number": number + 1, "state": state, "parts": parts, "open": opened and state != "waiting"})
    return shown
