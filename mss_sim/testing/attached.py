"""A world of which nothing is known but its ready document: that of another process, asked over HTTP alone, by who awaits.

world = AttachedWorld.at(Path("data/ready.json"))
await world.doctor.send([world.patient.address], subject="Votre bilan")
await world.wait("message", mailbox=world.patient.address, subject="bilan")
"""

import json
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Self, TypeVar

from mss_sim.testing import waiting
from mss_sim.testing.asking import ask, control
from mss_sim.testing.asynchronous import AsyncPerson
from mss_sim.testing.documents import PersonaDocument, Ready
from mss_sim.testing.persons import Cast
from mss_sim.testing.playing import Played, play_scenario
from mss_sim.testing.results import Waited
from mss_sim.testing.waiting import Awaiting

T = TypeVar("T")
_JSON = {"Accept": "application/json"}


async def _here(work: Coroutine[Any, Any, T]) -> T:
    """Requests are asked in the loop of who awaits them."""
    return await work


class AttachedWorld(Cast[AsyncPerson], Awaiting):
    """A running world by its ready document, which is told anew each time, so that a simulator may end and start meanwhile."""

    def __init__(self, told: Callable[[], Ready]) -> None:
        self._told = told
        self._made: list[PersonaDocument] = []

    @classmethod
    def at(cls, file: Path) -> Self:
        """The world that a ready file tells of. Asked when there is none, it raises OSError with what to do."""
        return cls(lambda: _read(file))

    @property
    def ready(self) -> Ready:
        """What its ready file says; OSError where there is none."""
        return self._told()

    @property
    def people(self) -> list[PersonaDocument]:
        """Who can be played: those of the ready file, then those that `like` made."""
        return [*self.ready["personas"], *self._made]

    def person(self, role: str) -> AsyncPerson:
        """Who plays a role, or has this login, idNat or address; KeyError with the roles that there are when nobody has."""
        ready, people = self.ready, self.people
        for names in (_role, _log_in, _addresses):
            for one in people:
                if role in names(one):
                    return AsyncPerson.of(ready, one, _here)
        roles = ", ".join(sorted({one["role"] for one in people})) or "no personas"
        raise KeyError(f"nobody is called {role}; there are {roles}, each by role, login, idNat or address")

    def idnat(self, called: str) -> str:
        """The idNat of who is called so; a name that nobody here has is left for the simulator to know."""
        try:
            return self.person(called).idnat
        except LookupError:
            return called

    async def like(self, role: str, count: int = 1) -> list[AsyncPerson]:
        """So many new people like one of the seed, each with mailboxes and a log-in of their own; RestRefused for a role of nobody."""
        made = await self.control("POST", "/people/like", {"role": role, "count": count, "token": False})
        self._made += made
        return [AsyncPerson.of(self.ready, one, _here) for one in made]

    async def control(self, method: str, path: str, body: object = None) -> Any:
        """The JSON that the control plane answers to a request below /control, None where it answers nothing; RestRefused."""
        request = control(self.ready, method, path, body)
        return await ask(replace(request, headers={**request.headers, **_JSON}))

    async def waited(self, kind: str, marks: Mapping[str, Any]) -> Waited[Any]:
        """What `wait` waits for, where kind and marks are not known beforehand."""
        return await waiting.wait(self.ready, kind, marks)

    async def play(self, scenario: str | Path) -> Played:
        """Play a story that ships, by its name, or a scenario file, to its end; StepFailed, an AssertionError, when a step fails."""
        return await play_scenario(self.ready, scenario)

    async def reset(self) -> None:
        """Begin anew: the world is empty but for its seed, and those that `like` made are gone."""
        await self.control("POST", "/reset")
        self._made.clear()


def _role(one: PersonaDocument) -> tuple[str, ...]:
    return (one["role"],)


def _log_in(one: PersonaDocument) -> tuple[str, ...]:
    return one["login"], one["idnat"]


def _addresses(one: PersonaDocument) -> tuple[str, ...]:
    """Their own mailbox: the first one, which nobody else has as their first."""
    return tuple(box["address"] for box in one["mailboxes"][:1])


def _read(file: Path) -> Ready:
    try:
        found: Any = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise OSError(f"no simulator is ready: {file} cannot be read ({error.strerror}); start one with mss-sim run") from error
    except ValueError as error:
        raise OSError(f"{file} is no ready file: it is not JSON") from error
    if not isinstance(found, dict) or not {"http", "control_key", "personas"} <= found.keys():
        raise OSError(f"{file} is no ready file: a simulator writes one as data/ready.json")
    ready: Ready = found  # type: ignore[assignment]
    return ready
