"""Userinfo: the claims of the person who is logged in (ref: openid-connect-core#5.3, psc#userinfo)."""

from starlette.requests import Request
from starlette.responses import Response

from mss_sim.clock import SECOND
from mss_sim.core.assembly import Core
from mss_sim.core.psc import clients, professionals, userinfo_claims
from mss_sim.core.psc.oauth_errors import OAuthError
from mss_sim.errors import Refusal
from mss_sim.http.parameters import of_form
from mss_sim.psc import answers
from mss_sim.psc.refused import TokenRefused
from mss_sim.vocabulary.psc import AuthMode
from mss_sim.words.sentence import say

_JWT = "application/jwt"


async def userinfo(request: Request, core: Core) -> Response:
    """The claims, as JSON, or signed for a client that registered so or asks for application/jwt."""
    token = await _bearer(request)
    if token is None:
        return answers.json({}, status=401, headers={"WWW-Authenticate": 'Bearer realm="mss-sim"'})
    try:
        known = core.provider.access(token)
    except Refusal as refusal:
        raise TokenRefused("invalid_token", refusal.detail, status=401) from refusal
    request.state.who = known["SubjectNameID"]
    found = await professionals.find(core.world, known["SubjectNameID"])
    if found is None:
        raise TokenRefused("invalid_token", say("This person may not log in any more."), status=401)
    mode = AuthMode(known["authMode"]) if known.get("authMode") in list(AuthMode) else AuthMode.CARD
    told = userinfo_claims.userinfo(found.identity, found.structure, found.profile, mode)
    client = await clients.find(core.world, str(known.get("azp", "")))
    wanted = client is not None and client.metadata.get("userinfo_signed_response_alg") is not None
    if wanted or _JWT in request.headers.get("accept", ""):
        now = core.world.clock.now() // SECOND
        signed = core.provider.sign({**told, "aud": known.get("azp", ""), "iat": now})
        return Response(signed, media_type=_JWT, headers=answers.NO_STORE)
    return answers.json(told)


async def _bearer(request: Request) -> str | None:
    """The access token: in the header, or in the form of a POST (ref: rfc6750#2)."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    header = value.strip() if scheme.lower() == "bearer" else None
    posted = None
    if request.method == "POST" and request.headers.get("content-type"):
        try:
            posted = (await of_form(request)).get("access_token")
        except OAuthError as error:
            raise TokenRefused(error.code, error.description, status=error.status) from error
    if header and posted:
        raise TokenRefused("invalid_request", say("Give the access token once: in the header or in the form."))
    return header or posted
