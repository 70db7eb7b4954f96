"""What the control plane asks of the keeper of several worlds in one process (`mss_sim.worlds`)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from mss_sim.clock import Micros
from mss_sim.vocabulary.clock import ClockMode


@dataclass(frozen=True, slots=True)
class NewWorld:
    """A world to make; what is None is as the first world began. Of `seed` and `snapshot` one at most.

    `settings` by name, `lifetime_seconds` without being touched, `clock`: mode, instant and rate.
    """

    name: str | None = None
    seed: str | None = None
    snapshot: Path | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    clock: tuple[ClockMode, Micros | None, float] | None = None
    lifetime_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class HostedWorld:
    """A world beside the first one. Instants are the machine's; `ready` is what its ready file would say."""

    id: str
    name: str
    seed: str | None
    snapshot: str | None
    made_at: Micros
    ends_at: Micros
    lifetime_seconds: float
    ready: Mapping[str, Any]


class Hosting(Protocol):
    """Makes worlds and ends them. A world is called by its id or its name."""

    async def create(self, new: NewWorld) -> HostedWorld:
        """A world that is ready. Refusal: INVALID for settings that cannot be, CONFLICT for a name that is taken, LIMIT_REACHED."""
        ...

    def all(self) -> list[HostedWorld]:
        """The worlds beside the first one, the oldest first."""
        ...

    def one(self, called: str) -> HostedWorld:
        """Refusal(NOT_FOUND) when there is none."""
        ...

    def touch(self, called: str) -> HostedWorld:
        """Let a world live its lifetime from now. Refusal(NOT_FOUND)."""
        ...

    async def delete(self, called: str) -> None:
        """End a world, with all that it kept. Refusal(NOT_FOUND) when there is none, or somebody else is ending it."""
        ...
