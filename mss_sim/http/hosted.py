"""The parameters of the HTTP application, set once: `app.state.hosted`."""

from dataclasses import dataclass, field
from pathlib import Path

from fastapi import Request

from mss_sim.core.assembly import Core
from mss_sim.core.trust.discovery_records import Doors
from mss_sim.evidence.sessions import Sessions
from mss_sim.http.hosting import Hosting
from mss_sim.http.written import Written


@dataclass(frozen=True, slots=True)
class Hosted:
    """One world as its HTTP doors see it; `sessions` are those of clients at all its doors, `seed` is the one that it began with,
    `summaries` are those of messages shown before.

    `hosting` makes further worlds beside this one; None where it is the only one, or was made so itself.
    """

    core: Core
    ca_file: Path
    doors: Doors
    seed: str | None
    sessions: Sessions
    hosting: Hosting | None = None
    summaries: Written = field(default_factory=Written)


def hosted(request: Request) -> Hosted:
    """The parameters of the application that serves a request."""
    found: Hosted = request.app.state.hosted
    return found
