"""Who may drive the control plane: clients with the key; without a key, this machine."""

import ipaddress
import secrets
from typing import Annotated

from fastapi import Request, Security
from fastapi.security import APIKeyHeader

from mss_sim.core.assembly import Core
from mss_sim.errors import Refusal, Rule
from mss_sim.http.hosted import hosted
from mss_sim.words.sentence import say

_PROXIED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")

_KEY = APIKeyHeader(
    name="X-Control-Key",
    scheme_name="ControlKey",
    auto_error=False,
    description="The key in `MSS_SIM_CONTROL_KEY`; where none is set, this machine needs none, and no other is heard.",
)


def check_allowed(request: Request, core: Core) -> None:
    """Admit clients with the key; without a key, only this machine, and never a web page from another origin."""
    key = core.world.settings.control_key
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
