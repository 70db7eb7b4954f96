"""What clients did: their sessions at every door, what was said in each, why something was refused, what each client cost.

Shown safely: credentials were masked before anything was kept, and whatever a terminal or a page would obey is a question mark.
"""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Annotated

from fastapi import Depends, Path, Query, Request
from starlette.responses import PlainTextResponse, Response

from mss_sim.clock import from_datetime, iso
from mss_sim.control import evidence_schemas as schemas
from mss_sim.control.evidence_views import client, safe_octets, session, whole
from mss_sim.control.sockets import sockets
from mss_sim.errors import Refusal, Rule
from mss_sim.evidence.clients import by_client
from mss_sim.evidence.transcripts import Transcript
from mss_sim.http import examples
from mss_sim.http.answers import CONTROL_IN_MEMORY, octets, refusing
from mss_sim.http.control import require_control
from mss_sim.http.hosted import hosted
from mss_sim.http.paging import CurrentPage, PagedList
from mss_sim.http.routes import strict_router
from mss_sim.http.shapes import Json
from mss_sim.ids import decode
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.evidence import SessionVerdict
from mss_sim.words.sentence import say

router = strict_router(
    prefix="/control/evidence",
    tags=["control: evidence"],
    dependencies=[Depends(require_control)],
    responses=refusing(*CONTROL_IN_MEMORY),
)
SessionId = Annotated[str, Path(description="`id` of a session.", examples=[examples.ID])]
_SHOWN = 'attachment; filename="session-{id}.txt"'
_FILE = "2026-01-05T08:00:00Z C EHLO client.example\r\n2026-01-05T08:00:00Z S 250-mail.sim.mssante.fr\r\n"


class Wanted:
    """Which sessions are asked for."""

    def __init__(
        self,
        door: Door | None,
        who: str | None,
        client: str | None,
        verdict: SessionVerdict | None,
        rule: str | None,
        since: datetime | None,
    ) -> None:
        self.door, self.who, self.verdict, self.rule = door, who, verdict, rule
        self.client = client.casefold() if client is not None else None
        self.since = from_datetime(since) if since is not None else None

    def __contains__(self, one: Transcript) -> bool:
        return (
            self.door in (None, one.door)
            and self.who in (None, one.facts.get("identity"))
            and (self.client is None or self.client in one.facts.get("client", "").casefold())
            and self.verdict in (None, one.verdict)
            and (self.rule is None or self.rule in one.rules)
            and (self.since is None or one.last_at >= self.since)
        )


async def get_wanted(
    door: Annotated[Door | None, Query(description="The door.")] = None,
    who: Annotated[str | None, Query(description="The idNat that logged in.", examples=["899700420013"])] = None,
    client: Annotated[str | None, Query(description="A piece of the client's name, in any case.", examples=["thunderbird"])] = None,
    verdict: Annotated[SessionVerdict | None, Query(description="How it went so far.", examples=["refused"])] = None,
    rule: Annotated[str | None, Query(description="A rule that refused something in it.", examples=["right-missing"])] = None,
    since: Annotated[datetime | None, Query(description="Where something was said then or later.", examples=[examples.INSTANT])] = None,
) -> Wanted:
    """The sessions that a request asks for."""
    return Wanted(door, who, client, verdict, rule, since)


CurrentWanted = Annotated[Wanted, Depends(get_wanted)]
Refused = Annotated[bool | None, Query(description="Only those in which a rule refused something, or only the others.", examples=[True])]


@router.get("", responses={200: {"model": schemas.SessionPage}})
async def list_sessions(request: Request, page: CurrentPage, wanted: CurrentWanted, refused: Refused = None) -> Response:
    """The sessions that are kept, the newest first, those that are going on too.

    Of SMTP and IMAP a session is a connection. Over HTTP it is a run of requests of one client at one door: from one address, under one
    User-Agent, by one person, none more than a minute after the one before. Requests below /control, of pages, of health and of the
    documentation are not recorded.
    """
    found = (one for one in _kept(request, page.before(PagedList.SESSIONS)) if one in wanted and refused in (None, bool(one.rules)))
    return Json(page.cut(PagedList.SESSIONS, list(islice(found, page.limit + 1)), lambda one: decode(one.id), session))


@router.get("/clients", responses={200: {"model": list[schemas.ClientCostsOut]}})
async def list_clients(request: Request, wanted: CurrentWanted) -> Response:
    """What each client cost in all of its sessions that are kept, the one with the most commands first."""
    return Json([client(one) for one in by_client(one for one in _kept(request) if one in wanted)])


@router.get("/{session_id}", responses={200: {"model": schemas.SessionDetailOut}, **refusing(Rule.NOT_FOUND)})
async def get_session(request: Request, session_id: SessionId) -> Response:
    """One session with its lines: `C` the client's, `S` the server's, `-` what happened. Credentials, letters and bodies are left out."""
    return Json(whole(_found(request, session_id), hosted(request).core.world.settings.language))


@router.get("/{session_id}/file", responses={200: octets("text/plain", example=_FILE), **refusing(Rule.NOT_FOUND)})
async def download_session(request: Request, session_id: SessionId) -> Response:
    """The lines of one session as a file of text: instant, side, line."""
    one = _found(request, session_id)
    lines = [f"{iso(line.at)} {line.side} {safe_octets(line.octets)}\r\n" for line in one.lines()]
    return PlainTextResponse("".join(lines), headers={"Content-Disposition": _SHOWN.format(id=one.id), "Cache-Control": "no-store"})


def _kept(request: Request, before: int | None = None) -> Iterator[Transcript]:
    here = sockets(request)
    here.runs.close_silent()
    return here.transcripts.newest_first(before)


def _found(request: Request, session_id: str) -> Transcript:
    here = sockets(request)
    here.runs.close_silent()
    found = here.transcripts.find(session_id)
    if found is None:
        raise Refusal(Rule.NOT_FOUND, say("No session with that id is kept; the oldest are forgotten first."))
    return found
