"""Tools for testers: time, faults, what clients did, what happened, a fresh start."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from pydantic import Field

from mss_sim.agents import shapes
from mss_sim.testing.attached import AttachedWorld
from mss_sim.vocabulary.clock import ClockMode
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.evidence import SessionVerdict
from mss_sim.vocabulary.faults import FaultKind, Point, PresetName

_SESSIONS_MAX = 20
_MATCH = (
    "When; left out, always: address, sender, recipient, identity, client, verb, path, folder (a value, or with one *), size_min, size_max."
)
_ACTION = (
    "What the kind takes: code and text (reply), seconds (delay), bytes_per_second (throttle), moment (drop), words (mask), behaviour …"
)


class Bench:
    """What is done to a world from outside, and seen of it; each method is a tool."""

    def __init__(self, world: AttachedWorld) -> None:
        self._world = world

    async def clock(self) -> shapes.Clock:
        """How late it is in the world, how its clock runs, and when the next thing is due."""
        return shapes.Clock.model_validate(await self._world.control("GET", "/clock"))

    async def advance(
        self,
        *,
        by: Annotated[str | None, Field(description="A duration of ISO 8601: P7D, PT90S, P1M.")] = None,
        to: Annotated[datetime | None, Field(description="An instant that has not passed, with its offset from UTC.")] = None,
    ) -> shapes.Clock:
        """Move the world's clock forward; all that is due on the way is done at its own instant, and told in `fired`. Never backward."""
        given = {"by": by, "to": to.isoformat() if to is not None else None}
        return await self._moved("POST", "/clock/advance", given)

    async def set_clock(
        self,
        *,
        mode: Annotated[
            ClockMode, Field(description="real: the machine's time; offset: its pace; frozen: it stands still; paced: by rate.")
        ],
        rate: Annotated[float | None, Field(gt=0, description="Seconds of the world in one of the machine; for paced alone.")] = None,
    ) -> shapes.Clock:
        """Let the world's clock stand still, or run from now on."""
        return await self._moved("PUT", "/clock", {"mode": mode.value, "rate": rate})

    async def faults(self) -> list[shapes.Fault]:
        """The rules by which something fails on purpose, each with how often it matched and fired."""
        return [shapes.Fault.model_validate(one) for one in await self._world.control("GET", "/faults")]

    async def add_fault(
        self,
        *,
        point: Annotated[Point, Field(description="Where it fails.")],
        kind: Annotated[FaultKind, Field(description="How it fails.")],
        match: Annotated[dict[str, str | int] | None, Field(description=_MATCH)] = None,
        action: Annotated[dict[str, str | int | float | list[str]] | None, Field(description=_ACTION)] = None,
        nth: Annotated[int, Field(ge=1, description="The matching occurrence at which it begins.")] = 1,
        count: Annotated[int | None, Field(ge=1, description="How often it fires; null: as often as it matches.")] = 1,
        seconds: Annotated[float | None, Field(gt=0, description="How long it lives, on the world's clock.")] = None,
    ) -> shapes.Fault:
        """Make something fail, so many times: point submission, kind reply, match {"verb": "RCPT"}, action {"code": "451"}."""
        rule = {"point": point.value, "match": match or {}, "action": {**(action or {}), "kind": kind.value}, "nth": nth, "count": count}
        given = rule if seconds is None else {**rule, "seconds": seconds}
        return shapes.Fault.model_validate(await self._world.control("POST", "/faults", given))

    async def add_trouble(
        self,
        *,
        name: Annotated[PresetName, Field(description="mes-down: no letter reaches patients; psc-slow: Pro Santé Connect answers late …")],
        parameters: Annotated[
            dict[str, str | int | float | list[str]] | None,
            Field(description="address, seconds, letters, count, lifetime_seconds …: each trouble takes some, and refuses the others."),
        ] = None,
    ) -> list[shapes.Fault]:
        """Make a trouble of the field happen by its name: the rules of it, all or none."""
        made = await self._world.control("POST", f"/faults/presets/{name.value}", parameters or {})
        return [shapes.Fault.model_validate(one) for one in made]

    async def clear_faults(
        self, *, fault: Annotated[str | None, Field(description="`id` of a rule; left out, all are lifted.")] = None
    ) -> list[shapes.Fault]:
        """Lift one rule, or all; those that are left."""
        await self._world.control("DELETE", "/faults" if fault is None else f"/faults/{quote(fault, safe='')}")
        return await self.faults()

    async def verdicts(
        self,
        *,
        verdict: Annotated[SessionVerdict | None, Field(description="Only of that verdict; left out, all.")] = None,
        door: Annotated[Door | None, Field(description="Only at that door.")] = None,
        who: Annotated[str | None, Field(description="Only of who logged in so: role, login, idNat or address.")] = None,
        rule: Annotated[str | None, Field(description="Only those in which this rule refused something.")] = None,
        limit: Annotated[int, Field(ge=1, le=_SESSIONS_MAX)] = 10,
    ) -> list[shapes.Session]:
        """What clients did, at every door, the newest session first: its verdict, and each refusal with rule, reference and what to do.

        Over REST these tools are a client too: what they did stands among the sessions.
        """
        given = {"verdict": verdict and verdict.value, "door": door and door.value, "rule": rule, "limit": limit}
        idnat = self._world.person(who).idnat if who is not None else None
        found = await self._world.control("GET", f"/evidence?{_query({**given, 'who': idnat})}")
        return [shapes.Session.model_validate(await self._session(one)) for one in found["items"]]

    async def what_was_said(self, *, session: Annotated[str, Field(description="`id` of a session.")]) -> shapes.Conversed:
        """One session with its lines; credentials, letters and bodies are left out."""
        return shapes.Conversed.model_validate(await self._world.control("GET", f"/evidence/{quote(session, safe='')}"))

    async def events(
        self,
        *,
        after: Annotated[str, Field(description="`cursor` of an answer before; 0: from the beginning.")] = "0",
        kinds: Annotated[list[str] | None, Field(description="message.received, grant.* …; left out, all.")] = None,
        mailbox: Annotated[str | None, Field(description="Address of the only mailbox to hear of.")] = None,
    ) -> shapes.Events:
        """What happened in the world behind a position of its feed, in the order of the commits, without a gap."""
        asked = _query({"after": after, "kind": ",".join(kinds) if kinds else None, "mailbox": mailbox})
        return shapes.Events.model_validate(await self._world.control("GET", f"/events?{asked}"))

    async def reset(self) -> list[shapes.Played]:
        """Begin anew: everything that was done in this world is lost, and its seed is planted again; who there is then."""
        await self._world.reset()
        return [shapes.Played.model_validate(one) for one in self._world.people]

    async def _moved(self, method: str, path: str, given: Mapping[str, object]) -> shapes.Clock:
        body = {name: value for name, value in given.items() if value is not None}
        return shapes.Clock.model_validate(await self._world.control(method, path, body))

    async def _session(self, one: Mapping[str, Any]) -> Any:
        """A session with its refusals, where it had some."""
        return await self._world.control("GET", f"/evidence/{one['id']}") if one["rules"] or one["mistakes"] else one


def _query(given: Mapping[str, object]) -> str:
    return urlencode({name: value for name, value in given.items() if value is not None})
