"""What was said on each SMTP and IMAP connection: read back here by whoever wants to know what his client did wrong."""

from collections.abc import Iterator
from itertools import islice
from typing import Annotated

from fastapi import Depends, Query, Request
from starlette.responses import Response

from mss_sim.clock import iso
from mss_sim.control import schemas
from mss_sim.control.sockets import sockets
from mss_sim.errors import Refusal, Rule
from mss_sim.evidence.transcripts import Transcript
from mss_sim.http.answers import CONTROL_IN_MEMORY, refusing
from mss_sim.http.control import require_control
from mss_sim.http.routes import strict_router
from mss_sim.http.shapes import Json
from mss_sim.vocabulary.doors import Door
from mss_sim.words.sentence import say

router = strict_router(
    prefix="/control/sessions",
    tags=["control: sessions"],
    dependencies=[Depends(require_control)],
    responses=refusing(*CONTROL_IN_MEMORY),
)


def _summary(one: Transcript) -> dict[str, object]:
    times = {"opened_at": iso(one.opened_at), "closed_at": iso(one.closed_at)}
    return {"id": one.id, "door": one.door, "peer": one.peer, **times, "lines": len(one.kept), "facts": one.facts}


@router.get("", responses={200: {"model": list[schemas.SessionOut]}})
async def list_sessions(
    request: Request, door: Door | None = None, who: str | None = None, limit: Annotated[int, Query(ge=1, le=1_000)] = 50
) -> Response:
    """The connections whose transcripts are kept, the newest first; `who` is the idNat that logged in."""

    def wanted() -> Iterator[Transcript]:
        for one in sockets(request).transcripts.newest_first():
            if door in (None, one.door) and who in (None, one.facts.get("identity")):
                yield one

    return Json([_summary(one) for one in islice(wanted(), limit)])


@router.get("/{session_id}", responses={200: {"model": schemas.TranscriptOut}, **refusing(Rule.NOT_FOUND)})
async def get_session(request: Request, session_id: str) -> Response:
    """One connection with its lines: `C` the client's, `S` the server's, `-` what happened. Credentials and letters are left out."""
    found: Transcript | None = sockets(request).transcripts.find(session_id)
    if found is None:
        raise Refusal(Rule.NOT_FOUND, say("No transcript with that id is kept; the oldest are forgotten first."))
    lines = [{"at": iso(line.at), "side": line.side, "text": line.octets.decode("utf-8", "replace")} for line in found.lines()]
    return Json({**_summary(found), "transcript": lines})
