"""What clients did: their sessions at every door, what was said in each, why something was refused, what each client cost.

Shown safely: credentials were masked before anything was kept, and whatever a terminal or a page would obey is a question mark.
"""

from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import Annotated

from fastapi import Depends, Path, Query, Request
from starlette.responses import PlainTextResponse, Response

from mss_sim.clock import from_datetime
from mss_sim.control import evidence_schemas as schemas
from mss_sim.errors import Rule
from mss_sim.evidence.clients import by_client
from mss_sim.evidence.sessions import SessionQuery
from mss_sim.evidence.transcripts import Transcript
from mss_sim.http import anomaly, examples, indicators, sessions, spreadsheet
from mss_sim.http.answers import CONTROL_IN_MEMORY, octets, refusing
from mss_sim.http.control import require_control
from mss_sim.http.hosted import hosted
from mss_sim.http.paging import CurrentPage, PagedList
from mss_sim.http.routes import strict_router
from mss_sim.http.sessions import client, session, whole
from mss_sim.http.shapes import Json
from mss_sim.ids import decode
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.evidence import SessionVerdict

router = strict_router(
    prefix="/control/evidence",
    tags=["control: evidence"],
    dependencies=[Depends(require_control)],
    responses=refusing(*CONTROL_IN_MEMORY),
)
SessionId = Annotated[str, Path(description="`id` of a session.", examples=[examples.ID])]
Anonymous = Annotated[bool, Query(description="People, addresses and names under other names, the same ones throughout.", examples=[True])]
_MESSAGE_ID = "<question@medecin.sim.mssante.fr>"
_CLIENTS = octets("text/csv", example='"door","client","who",...\r\n"imap","client.example","899700420013",...\r\n')
_FILE = "2026-01-05T08:00:00Z C EHLO client.example\r\n2026-01-05T08:00:00Z S 250-mail.sim.mssante.fr\r\n"


async def get_wanted(
    door: Annotated[Door | None, Query(description="The door.")] = None,
    who: Annotated[str | None, Query(description="The idNat that logged in.", examples=["899700420013"])] = None,
    client: Annotated[str | None, Query(description="A piece of the client's name, in any case.", examples=["thunderbird"])] = None,
    verdict: Annotated[SessionVerdict | None, Query(description="How it went so far.", examples=["refused"])] = None,
    rule: Annotated[str | None, Query(description="A rule that refused something in it.", examples=["right-missing"])] = None,
    since: Annotated[datetime | None, Query(description="Where something was said then or later.", examples=[examples.INSTANT])] = None,
    letter: Annotated[str | None, Query(description="The Message-ID of a letter that it brought.", examples=[_MESSAGE_ID])] = None,
) -> SessionQuery:
    """The sessions that a request asks for."""
    return SessionQuery(door, who, client, verdict, rule, from_datetime(since) if since is not None else None, letter=letter)


CurrentWanted = Annotated[SessionQuery, Depends(get_wanted)]
Refused = Annotated[bool | None, Query(description="Only those in which a rule refused something, or only the others.", examples=[True])]


@router.get("", responses={200: {"model": schemas.SessionPage}})
async def list_sessions(request: Request, page: CurrentPage, wanted: CurrentWanted, refused: Refused = None) -> Response:
    """The sessions that are kept, the newest first, those that are going on too.

    Of SMTP and IMAP a session is a connection. Over HTTP it is a run of requests of one client at one door: from one address, under one
    User-Agent, by one person, none more than a minute after the one before. Requests below /control, of pages, of health and of the
    documentation are not recorded.
    """
    found = hosted(request).sessions.newest_first(replace(wanted, refused=refused), page.before(PagedList.SESSIONS))
    return Json(page.cut(PagedList.SESSIONS, list(islice(found, page.limit + 1)), lambda one: decode(one.id), session))


@router.get("/clients", responses={200: {"model": list[schemas.ClientCostsOut], **_CLIENTS}})
async def list_clients(request: Request, wanted: CurrentWanted) -> Response:
    """What each client cost in all of its sessions that are kept, the one with the most commands first.

    With `Accept: text/csv` as a table.
    """
    if spreadsheet.is_preferred(request.headers.get("accept", "")):
        return await get_clients_table(request, wanted)
    return Json([client(one) for one in by_client(hosted(request).sessions.newest_first(wanted))])


@router.get("/clients.csv", responses={200: _CLIENTS})
async def get_clients_table(request: Request, wanted: CurrentWanted) -> Response:
    """The same as a table for spreadsheets: RFC 4180 in UTF-8, the columns named in the first line."""
    return indicators.file(indicators.client_table(by_client(hosted(request).sessions.newest_first(wanted))), "clients-of-mss-sim.csv")


@router.get("/{session_id}", responses={200: {"model": schemas.SessionDetailOut}, **refusing(Rule.NOT_FOUND)})
async def get_session(request: Request, session_id: SessionId) -> Response:
    """One session with its lines: `C` the client's, `S` the server's, `-` what happened. Credentials, letters and bodies are left out."""
    return Json(whole(_found(request, session_id), hosted(request).core.world.settings.language))


@router.get("/{session_id}/file", responses={200: octets("text/plain", example=_FILE), **refusing(Rule.NOT_FOUND)})
async def download_session(request: Request, session_id: SessionId) -> Response:
    """The lines of one session as a file of text: instant, side, line."""
    one = _found(request, session_id)
    headers = {"Content-Disposition": sessions.file_name(one, "txt"), "Cache-Control": "no-store"}
    return PlainTextResponse(sessions.text(one), headers=headers)


@router.get(
    "/{session_id}/report", responses={200: octets("application/zip", example="PK…"), **refusing(Rule.NOT_FOUND, Rule.STORE_UNAVAILABLE)}
)
async def download_report(request: Request, session_id: SessionId, *, anonymous: Anonymous = False) -> Response:
    """A session as one file to report an anomaly with: a zip archive of the session, its letters, what became of them, versions, settings.

    Nothing in it is a credential. `anonymous`: people have other names, and what somebody wrote freely is left out.
    """
    one, here = _found(request, session_id), hosted(request)
    archive = await anomaly.report(here.core.world, one, here.seed, anonymous=anonymous)
    return Response(
        archive, media_type="application/zip", headers={"Content-Disposition": sessions.file_name(one, "zip"), "Cache-Control": "no-store"}
    )


def _found(request: Request, session_id: str) -> Transcript:
    found = hosted(request).sessions.find(session_id)
    if found is None:
        raise sessions.unknown()
    return found
