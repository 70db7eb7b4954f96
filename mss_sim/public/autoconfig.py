"""The configuration file that mail programs look for, at both of its places."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from mss_sim.core.trust import discovery_records
from mss_sim.errors import Rule
from mss_sim.http import examples
from mss_sim.http.answers import Answers, octets, refusing
from mss_sim.http.dependencies import CurrentCore
from mss_sim.http.hosted import hosted

router = APIRouter(default_response_class=Response, tags=["trust space"])
_FILE: Answers = {200: octets("application/xml", example=examples.CONFIGURATION), **refusing(Rule.NOT_FOUND, Rule.STORE_UNAVAILABLE)}


@router.get("/mail/config-v1.1.xml", responses=_FILE)
@router.get("/.well-known/autoconfig/mail/config-v1.1.xml", responses=_FILE)
async def configuration(request: Request, core: CurrentCore, emailaddress: str | None = None) -> Response:
    """Servers, ports and ways to log in of a domain: the one of `emailaddress`, else the one that is asked as a host."""
    domain = await discovery_records.domain_asked(core.world, request.url.hostname or "", emailaddress)
    return Response(await discovery_records.configuration(core.world, hosted(request).doors, domain), media_type="application/xml")
