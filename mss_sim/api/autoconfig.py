"""The configuration file that mail programs look for, at both of its places."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from mss_sim.core import autoconfig
from mss_sim.http.dependencies import CurrentCore

router = APIRouter(tags=["trust space"])


@router.get("/mail/config-v1.1.xml", responses={200: {"content": {"application/xml": {}}}})
@router.get("/.well-known/autoconfig/mail/config-v1.1.xml", responses={200: {"content": {"application/xml": {}}}})
async def configuration(request: Request, core: CurrentCore, emailaddress: str | None = None) -> Response:
    """Servers, ports and ways to log in of a domain: the one of `emailaddress`, else the one that is asked as a host."""
    domain = await autoconfig.domain_asked(core.world, request.url.hostname or "", emailaddress)
    return Response(await autoconfig.configuration(core.world, request.app.state.doors, domain), media_type="application/xml")
