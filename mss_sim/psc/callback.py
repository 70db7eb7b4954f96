"""Where the browser comes back to when the client has no page of its own: what was given is shown, to be read and tried by hand.

It is the redirect URI of the client that every world has. Nothing is redeemed here: the code on the page is still good for once.
"""

from shlex import quote

from starlette.requests import Request
from starlette.responses import Response

from mss_sim.core.assembly import Core
from mss_sim.core.psc import clients
from mss_sim.http.parameters import of_query
from mss_sim.http.reader import reader_of
from mss_sim.psc import pages
from mss_sim.psc.urls import Urls


async def show(request: Request, core: Core) -> Response:
    """The page; each parameter once, as it came (ref: rfc6749#4.1.2, rfc9207#2)."""
    given = of_query(request)
    given.check()
    here = str(request.url.replace(query="", fragment=""))
    command = (
        f"curl -u {clients.FIRST_CLIENT}:$SECRET {quote(Urls.of(core).endpoint('token'))} -d grant_type=authorization_code"
        f" -d redirect_uri={quote(here)} --data-urlencode {quote('code=' + given.values.get('code', ''))}"
    )
    return pages.callback(reader_of(request), given.values, command, core.world.settings.psc.code_seconds)
