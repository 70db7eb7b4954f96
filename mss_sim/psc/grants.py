"""The endpoints that clients call about tokens: token, introspection, revocation."""

from starlette.requests import Request
from starlette.responses import Response

from mss_sim.core.assembly import Core
from mss_sim.core.psc import clients
from mss_sim.core.psc.oauth_errors import OAuthError
from mss_sim.http.parameters import of_form
from mss_sim.psc import answers
from mss_sim.psc.authentication import ClientRefused, authenticate
from mss_sim.words.sentence import say


async def token(request: Request, core: Core) -> Response:
    """Exchange a code, a refresh token or an approved CIBA request for tokens (ref: rfc6749#3.2)."""
    form = await of_form(request)
    form.check()
    client = await authenticate(request, form, core)
    grant = form.need("grant_type")
    if grant not in (clients.GRANT_CODE, clients.GRANT_REFRESH, clients.GRANT_CIBA):
        raise OAuthError("unsupported_grant_type", say("grant_type {grant} is not served here.", grant=grant[:60]))
    if grant not in (client.many("grant_types") or [clients.GRANT_CODE, clients.GRANT_REFRESH]):
        raise OAuthError("unauthorized_client", say("The client is not registered for {grant}: add it to its grant_types.", grant=grant))
    if grant == clients.GRANT_CODE:
        given = await core.provider.redeem(client, form.need("code"), form.get("redirect_uri"), form.get("code_verifier"))
    elif grant == clients.GRANT_REFRESH:
        given = await core.provider.refresh(client, form.need("refresh_token"))
    else:
        given = await core.ciba.poll(client, form.need("auth_req_id"))
    return answers.json(given)


async def no_device_flow(_request: Request, _core: Core) -> Response:
    """Where the real provider has the device flow (ref: quirks#psc-not-served)."""
    text = say("The device flow is not served here: send a browser to the authorization endpoint, or use CIBA.")
    raise OAuthError("invalid_request", text)


async def no_pushed_requests(_request: Request, _core: Core) -> Response:
    """Where the real provider takes pushed authorization requests (ref: quirks#psc-not-served)."""
    text = say("Pushed requests are not served here: give plain parameters to the authorization endpoint.")
    raise OAuthError("invalid_request", text)


async def introspect(request: Request, core: Core) -> Response:
    """Tell a resource server whether a token is alive, and whose it is (ref: rfc7662#2)."""
    form = await of_form(request)
    form.check()
    client = await authenticate(request, form, core)
    if client.auth_method == "none":
        raise ClientRefused(say("A public client may not introspect."))
    told = await core.provider.introspect(form.need("token"))
    return answers.json(told if clients.may_be_told(core.world, client, told) else {"active": False})


async def revoke(request: Request, core: Core) -> Response:
    """Take a token back; one that is not known is as good as taken back (ref: rfc7009#2.2)."""
    form = await of_form(request)
    form.check()
    client = await authenticate(request, form, core)
    core.provider.revoke(client, form.need("token"))
    return answers.json({})
