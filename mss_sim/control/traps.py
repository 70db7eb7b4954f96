"""What the traps saw: each connection with its verdict."""

from collections.abc import Iterator
from itertools import islice
from typing import Annotated

from fastapi import Depends, Query, Request
from starlette.responses import Response

from mss_sim.clock import iso
from mss_sim.control import certificate_schemas as schemas
from mss_sim.control.sockets import sockets
from mss_sim.http.answers import CONTROL_IN_MEMORY, refusing
from mss_sim.http.control import require_control
from mss_sim.http.hosted import hosted
from mss_sim.http.routes import strict_router
from mss_sim.http.shapes import Json
from mss_sim.net import trap_report
from mss_sim.net.traps import Traps, TrapVisit
from mss_sim.policy.traps import EXPOSING, judge, requirements
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.language import Language
from mss_sim.vocabulary.trust import TrapName, Verdict

router = strict_router(
    prefix="/control/traps",
    tags=["control: traps"],
    dependencies=[Depends(require_control)],
    responses=refusing(*CONTROL_IN_MEMORY),
)


def _shown(traps: Traps, visit: TrapVisit, language: Language) -> dict[str, object]:
    trap, transcript, seen = visit.trap, visit.transcript, traps.seen(visit)
    judged = judge(trap.name, seen)
    facts = transcript.facts
    return {
        "session": transcript.id,
        "trap": trap.name,
        "door": transcript.door,
        "peer": transcript.peer,
        "opened_at": iso(transcript.opened_at),
        "closed_at": iso(transcript.closed_at),
        "tls": {
            "outcome": seen.tls,
            "alert": seen.alert,
            "error": seen.reason or None,
            "version": facts.get("tls"),
            "suite": facts.get("suite"),
            "sni": facts.get("sni"),
        },
        "lookup": seen.lookup,
        "went_on": sorted(seen.commands & EXPOSING),
        "requirements": list(requirements(trap.name, transcript.door)),
        "verdict": judged.verdict,
        "why": judged.why.in_language(language),
    }


@router.get("", responses={200: {"model": list[schemas.VisitOut]}})
async def list_visits(
    request: Request,
    trap: TrapName | None = None,
    door: Door | None = None,
    verdict: Verdict | None = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> Response:
    """The connections to traps, the newest first."""
    traps: Traps = sockets(request).traps
    language = hosted(request).core.world.settings.language

    def wanted() -> Iterator[dict[str, object]]:
        for visit in traps.newest_first():
            if trap in (None, visit.trap.name) and door in (None, visit.transcript.door):
                shown = _shown(traps, visit, language)
                if verdict in (None, shown["verdict"]):
                    yield shown

    return Json(list(islice(wanted(), limit)))


@router.get("/report", responses={200: {"model": list[schemas.FindingOut]}})
async def report(request: Request) -> Response:
    """What each trap shows over each door: the newest verdict that says something, `NOT-OBSERVED` while there is none."""
    language = hosted(request).core.world.settings.language
    return Json(
        [
            {
                "trap": one.trap,
                "door": one.door,
                "requirements": list(requirements(one.trap, one.door)),
                "verdict": one.verdict,
                "why": one.why.in_language(language),
                "session": one.session,
                "visits": one.visits,
            }
            for one in trap_report.report(sockets(request).traps)
        ]
    )
