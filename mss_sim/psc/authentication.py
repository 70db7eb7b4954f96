"""Which client is asking (ref: rfc6749#2.3): by a secret, a signed assertion, a certificate, or by its name alone when it is public."""

import base64
import binascii
from typing import Any
from urllib.parse import unquote_plus

import orjson
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.util import to_bytes, urlsafe_b64decode
from starlette.requests import Request

from mss_sim.clock import SECOND
from mss_sim.core.assembly import Core
from mss_sim.core.psc import clients
from mss_sim.core.psc.oauth_errors import OAuthError
from mss_sim.core.trust.certificates import presented
from mss_sim.core.world.store_types import Client
from mss_sim.http.parameters import Parameters
from mss_sim.psc import certificates
from mss_sim.psc.urls import Urls
from mss_sim.words.sentence import Sentence, say

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_ALGORITHMS = ["RS256", "PS256", "ES256"]
_ASSERTION_SECONDS_MAX = 3_600
_SKEW_SECONDS = 60


class ClientRefused(OAuthError):
    """The client is not who it says (ref: rfc6749#5.2); `challenge` when it tried by the Authorization header."""

    def __init__(self, description: Sentence, *, challenge: bool = False) -> None:
        super().__init__("invalid_client", description, status=401)
        self.challenge = challenge


async def authenticate(request: Request, form: Parameters, core: Core) -> Client:
    """The client behind a request, which evidence tells too; OAuthError otherwise."""
    client = await _shown(request, form, core)
    request.state.client_id = client.client_id
    return client


async def _shown(request: Request, form: Parameters, core: Core) -> Client:
    header = request.headers.get("authorization")
    ways = [
        name for name, used in (("Basic", header), ("secret", form.get("client_secret")), ("jwt", form.get("client_assertion"))) if used
    ]
    if len(ways) > 1:
        raise OAuthError("invalid_request", say("Say once who you are: Authorization, client_secret or client_assertion."))
    if header:
        client_id, secret = _basic(header)
        if form.get("client_id") not in (None, client_id):
            raise OAuthError("invalid_request", say("client_id is not the one of the Authorization header."))
        return _with_secret(await _find(core, client_id, challenge=True), secret, challenge=True)
    assertion = form.get("client_assertion")
    if assertion is not None:
        return await _with_assertion(request, form, core, assertion)
    client = await _find(core, form.get("client_id") or "", challenge=False)
    secret_given = form.get("client_secret")
    if secret_given is not None:
        return _with_secret(client, secret_given, challenge=False)
    return await _without_secret(request, client, core)


async def _find(core: Core, client_id: str, *, challenge: bool) -> Client:
    if not client_id:
        raise ClientRefused(say("Say which client you are: client_id is missing."), challenge=challenge)
    client = await clients.find(core.world, client_id)
    if client is None:
        raise ClientRefused(say("No client has this client_id: register it at /control/psc/clients."), challenge=challenge)
    return client


def _basic(header: str) -> tuple[str, str]:
    """Name and secret, each form-encoded inside the base64 (ref: rfc6749#2.3.1)."""
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic":
        raise ClientRefused(say("The Authorization header of a client is Basic."), challenge=True)
    try:
        name, colon, secret = base64.b64decode(value.strip(), validate=True).decode("utf-8").partition(":")
        name, secret = unquote_plus(name, errors="strict"), unquote_plus(secret, errors="strict")
    except (binascii.Error, ValueError) as error:
        raise ClientRefused(say("The Basic credentials are not base64 of client_id:client_secret."), challenge=True) from error
    if not colon:
        raise ClientRefused(say("The Basic credentials are not base64 of client_id:client_secret."), challenge=True)
    return name, secret


def _with_secret(client: Client, secret: str, *, challenge: bool) -> Client:
    if client.auth_method not in ("client_secret_basic", "client_secret_post"):
        raise ClientRefused(
            say("This client is registered for {method}, not for a secret.", method=client.auth_method), challenge=challenge
        )
    if not clients.secret_is_right(client, secret):
        raise ClientRefused(say("The client_secret is wrong."), challenge=challenge)
    return client


async def _without_secret(request: Request, client: Client, core: Core) -> Client:
    if client.auth_method == "none":
        return client
    if client.auth_method != "tls_client_auth":
        raise ClientRefused(say("This client says who it is by {method}.", method=client.auth_method))
    octets = certificates.shown_in(request.scope)
    if octets is None:
        raise ClientRefused(say("No client certificate came with the connection: use the mtls_endpoint_aliases."))
    shown = await presented(core.world, octets)
    if not shown.good:
        why = say("is revoked") if shown.revoked else say("is not of the authority of organisations, or out of its time")
        raise ClientRefused(say("The client certificate {why}.", why=why))
    if not certificates.is_named(certificates.subject_of(octets), str(client.metadata["tls_client_auth_subject_dn"])):
        raise ClientRefused(say("The subject of the client certificate is not the registered tls_client_auth_subject_dn."))
    return client


async def _with_assertion(request: Request, form: Parameters, core: Core, assertion: str) -> Client:
    """The client that signed an assertion (ref: rfc7523#3)."""
    if form.get("client_assertion_type") != ASSERTION_TYPE:
        raise OAuthError("invalid_request", say("client_assertion_type is {assertion_type}.", assertion_type=ASSERTION_TYPE))
    client_id = _unverified_subject(assertion)
    if form.get("client_id") not in (None, client_id):
        raise ClientRefused(say("client_id is not the sub of the client_assertion."))
    client = await _find(core, client_id, challenge=False)
    if client.auth_method != "private_key_jwt":
        raise ClientRefused(say("This client says who it is by {method}.", method=client.auth_method))
    try:
        keys = KeySet.import_key_set(client.metadata["jwks"])
        claims = jwt.decode(assertion, keys, algorithms=ASSERTION_ALGORITHMS).claims
    except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ClientRefused(say("No registered key of the client signed this client_assertion.")) from error
    _check_assertion(core, client, claims, str(request.url.path))
    return client


def _unverified_subject(assertion: str) -> str:
    """Whose key to look for; nothing else is believed before the signature is checked."""
    parts = assertion.split(".")
    try:
        claims = orjson.loads(urlsafe_b64decode(to_bytes(parts[1]))) if len(parts) == 3 else None
    except (ValueError, UnicodeError):
        claims = None
    subject = claims.get("sub") if isinstance(claims, dict) else None
    if not isinstance(subject, str):
        raise ClientRefused(say("client_assertion is not a JWT with a sub."))
    return subject


def _check_assertion(core: Core, client: Client, claims: dict[str, Any], path: str) -> None:
    if claims.get("iss") != client.client_id:
        raise ClientRefused(say("iss and sub of a client_assertion are both the client_id."))
    audience = claims.get("aud")
    urls = Urls.of(core)
    accepted = {urls.issuer, urls.endpoint("token"), f"{urls.base}{path}", *([f"{urls.mtls}{path}"] if urls.mtls else [])}
    if not accepted & set(audience if isinstance(audience, list) and all(isinstance(one, str) for one in audience) else [str(audience)]):
        raise ClientRefused(say("aud of a client_assertion is {issuer} or the token endpoint.", issuer=urls.issuer))
    now = core.world.clock.now() // SECOND
    expires, begins, jti = claims.get("exp"), claims.get("nbf", now), claims.get("jti")
    if not isinstance(expires, int) or expires <= now:
        raise ClientRefused(say("The client_assertion has expired, or has no exp."))
    if expires > now + _ASSERTION_SECONDS_MAX:
        raise ClientRefused(say("A client_assertion lives for {most} seconds at most.", most=_ASSERTION_SECONDS_MAX))
    if not isinstance(begins, int) or begins > now + _SKEW_SECONDS:
        raise ClientRefused(say("The client_assertion comes from the future."))
    if not isinstance(jti, str) or not jti or len(jti) > 200:
        raise ClientRefused(say("A client_assertion has a jti of its own, of 200 characters at most."))
    if not core.provider.use_assertion(client, jti, expires * SECOND):
        raise ClientRefused(say("This client_assertion was used before: each request needs a new jti."))
