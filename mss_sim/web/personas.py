"""Sessions of personas: who is logged in below which path; in memory, until they log out, the world begins anew, or half a day is over.

Those of the kiosk end sooner: `kiosk_seconds` after the last touch.
"""

import secrets
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from mss_sim.clock import SECOND, Micros, WorldClock
from mss_sim.core.access import gate
from mss_sim.core.access.authentication import Actor, by_name
from mss_sim.core.assembly import Core
from mss_sim.core.world.expiring import ExpiringMap
from mss_sim.errors import Refusal, Rule
from mss_sim.vocabulary.doors import Door, Profile
from mss_sim.web.gate import set_cookie
from mss_sim.words.sentence import say

_COOKIE = "mss-sim-persona"
_PERSONAS, KIOSK = "/ui/as", "/ui/kiosk"
_SESSIONS_MAX = 1_000
_LIFE_SECONDS = 12 * 3_600


@dataclass(frozen=True, slots=True)
class Session:
    """A persona who is logged in. `name` stands in the path of their pages; `token` is the cookie; `kiosk`: only the kiosk's are theirs."""

    name: str
    token: str
    actor: Actor
    kiosk: bool = False

    @property
    def path(self) -> str:
        """Below which their pages are."""
        return f"{KIOSK if self.kiosk else _PERSONAS}/{self.name}"


class _MachineTime:
    """The machine's clock: who moves the time of the world by a week logs nobody out."""

    def __init__(self, clock: WorldClock) -> None:
        self._clock = clock

    def now(self) -> Micros:
        return self._clock.machine_now


class Sessions:
    """The personas who are logged in, in one world."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._clock = _MachineTime(core.world.clock)
        self._sessions: ExpiringMap[Session] = ExpiringMap(self._clock, _SESSIONS_MAX)
        core.world.beginning_anew.append(self.forget)

    def forget(self) -> None:
        """Log everybody out."""
        self._sessions = ExpiringMap(self._clock, _SESSIONS_MAX)

    async def log_in(self, request: Request, response: Response, who: str, name: str, *, kiosk: bool = False) -> Session:
        """Log a persona in by name alone, as who tests or shows something does; Refusal where the profile takes no such log-in."""
        world = self._core.world
        if world.settings.profile is Profile.STRICT:
            detail = say("The strict profile lets nobody in without Pro Santé Connect.")
            raise Refusal(Rule.AUTHENTICATION_FAILED, detail, reference="ref2#ECO.1.2.1")
        actor = await by_name(world, who, door=Door.WEB)
        made = Session(name, secrets.token_urlsafe(32), actor, kiosk)
        self._sessions.put(made.token, made, self._ends(made))
        set_cookie(request, response, _COOKIE, made.token, made.path)
        return made

    def _ends(self, session: Session) -> Micros:
        seconds = self._core.world.settings.kiosk.seconds if session.kiosk else _LIFE_SECONDS
        return self._clock.now() + seconds * SECOND

    def prolong(self, session: Session) -> None:
        """Somebody has touched the kiosk: its session ends so much later. That of other pages stays as it is."""
        if session.kiosk:
            self._sessions.put(session.token, session, self._ends(session))

    def of(self, request: Request, name: str) -> Session:
        """The session below whose path is asked; Refusal(AUTHENTICATION_REQUIRED) when there is none."""
        found = self.find(request.cookies.get(_COOKIE, ""), name)
        if found is None or not request.scope["path"].startswith(f"{found.path}/"):
            raise Refusal(Rule.AUTHENTICATION_REQUIRED, say("Nobody is logged in here; choose a persona on the first page."))
        return found

    def find(self, token: str, name: str) -> Session | None:
        """The session of that token below that name; None when it is over, or another's."""
        found = self._sessions.get(token)
        return found if found is not None and found.name == name else None

    async def check(self, session: Session) -> None:
        """Refuse a persona who may not act any more since they logged in."""
        await gate.require_known(self._core.world, session.actor)

    def opened_by(self, identity_id: int) -> int:
        """How many sessions a person has open."""
        return sum(one.actor.identity.id == identity_id for one in self._sessions.values())

    def log_out(self, session: Session, response: Response) -> None:
        """End a session, and take its cookie away."""
        self._sessions.pop(session.token)
        forget_cookie(response, session.path)


def forget_cookie(response: Response, path: str) -> None:
    """Take the cookie of a session away, which may have ended by itself."""
    response.delete_cookie(_COOKIE, path=path)
