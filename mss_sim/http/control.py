"""Who may drive the control plane: clients with the key; without a key, this machine."""

import ipaddress
import secrets
from typing import Annotated

from fastapi import Request, Security
from fastapi.security import APIKeyHeader, HTTPBasic
from starlette.requests import HTTPConnection

from mss_sim.core.assembly import Core
from mss_sim.errors import Refusal, Rule
from mss_sim.http.credentials import basic_pair
from mss_sim.http.hosted import hosted
from mss_sim.words.sentence import say


class _AsPassword(HTTPBasic):
    """Shows the scheme in OpenAPI and reads nothing."""

    async def __call__(self, request: HTTPConnection) -> None:
        """Leave the header to `check_allowed`."""


_PROXIED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")

_KEY = APIKeyHeader(
    name="X-Control-Key",
    scheme_name="ControlKey",
    auto_error=False,
    description="The key in `MSS_SIM_CONTROL_KEY`; where none is set, this machine needs none, and no other is heard.",
)

_AS_PASSWORD = _AsPassword(
    scheme_name="ControlKeyAsPassword", auto_error=False, description="The control key as password, with any name; where none is set, none."
)


def check_allowed(request: Request, core: Core, *, basic: bool = False) -> None:
    """Admit clients with the key; without a key, only this machine, and never a web page from another origin.

    `basic`: the key may come as the password of HTTP Basic too, which is asked for (401) where it is missing or wrong.
    """
    key = core.world.control_key
    if key is not None and basic:
        _check_basic(request, key)
        return
    if key is not None:
        if not secrets.compare_digest(request.headers.get("x-control-key", "").encode(), key.encode()):
            raise Refusal(Rule.CONTROL_FORBIDDEN, say("Give the control key in X-Control-Key."))
        return
    proxied = next((name for name in _PROXIED if name in request.headers), None)
    if proxied is not None and not core.world.settings.http.proxies:  # the client is behind the proxy, and may be on another machine
        detail = say(
            "A proxy brought this ({proxied}): set MSS_SIM_CONTROL_KEY, or name the proxy in MSS_SIM_HTTP_PROXIES.", proxied=proxied
        )
        raise Refusal(Rule.CONTROL_FORBIDDEN, detail)
    client = request.client.host if request.client else ""
    if not _is_loopback(client) or not _is_loopback(request.url.hostname or ""):
        raise Refusal(Rule.CONTROL_FORBIDDEN, say("Without a control key only this machine is heard: set MSS_SIM_CONTROL_KEY."))
    origin = request.headers.get("origin")
    if origin is not None and origin != f"{request.url.scheme}://{request.url.netloc}":
        raise Refusal(Rule.CONTROL_FORBIDDEN, say("A page of another site may not drive the simulator."))


def _check_basic(request: Request, key: str) -> None:
    given = request.headers.get("authorization")
    shown = request.headers.get("x-control-key") or (basic_pair(given.partition(" ")[2])[1] if given else "")
    if not shown:
        detail = say("Give the control key as the password of HTTP Basic, with any name, or in X-Control-Key.")
        raise Refusal(Rule.AUTHENTICATION_REQUIRED, detail, reference="rfc7617#2")
    if not secrets.compare_digest(shown.encode(), key.encode()):
        raise Refusal(Rule.AUTHENTICATION_FAILED, say("This is not the control key; it is the one in MSS_SIM_CONTROL_KEY."))


async def require_inspector(
    request: Request, _key: Annotated[object, Security(_KEY)] = None, _basic: Annotated[object, Security(_AS_PASSWORD)] = None
) -> None:
    """The same for clients that know HTTP Basic alone."""
    check_allowed(request, hosted(request).core, basic=True)


async def require_control(request: Request, _key: Annotated[object, Security(_KEY)] = None) -> None:
    """`check_allowed` as a dependency of a router."""
    check_allowed(request, hosted(request).core)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
