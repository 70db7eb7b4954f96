"""Where everything is: both discovery documents and the keys (ref: openid-connect-discovery#3, rfc8414#2)."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from mss_sim.config.settings import Settings
from mss_sim.core.assembly import Core
from mss_sim.core.psc import clients
from mss_sim.psc import answers
from mss_sim.psc.urls import PROTOCOL, Urls
from mss_sim.vocabulary.psc import AuthMode

WELL_KNOWN = ("wallet-openid-configuration", "openid-configuration")
"""The national name of the document, and the usual one."""
_CACHED = {"Cache-Control": "no-cache", "Access-Control-Allow-Origin": "*"}


def document(core: Core) -> dict[str, Any]:
    """What the provider can do."""
    urls, settings = Urls.of(core), core.world.settings
    below = {
        "token_endpoint": "token",
        "userinfo_endpoint": "userinfo",
        "introspection_endpoint": "token/introspect",
        "end_session_endpoint": "logout",
        "jwks_uri": "certs",
        "revocation_endpoint": "revoke",
        "backchannel_authentication_endpoint": "ext/ciba/auth",
    }
    methods = [*clients.AUTH_METHODS]
    told: dict[str, Any] = {
        "issuer": urls.issuer,
        "authorization_endpoint": urls.authorize,
        **{name: urls.endpoint(path) for name, path in below.items()},
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": [clients.GRANT_CODE, clients.GRANT_REFRESH, clients.GRANT_CIBA],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "userinfo_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": ["RS256", "PS256", "ES256"],
        "introspection_endpoint_auth_methods_supported": methods[:-1],
        "introspection_endpoint_auth_signing_alg_values_supported": ["RS256", "PS256", "ES256"],
        "revocation_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_signing_alg_values_supported": ["RS256", "PS256", "ES256"],
        "scopes_supported": ["openid", "scope_all"],
        "acr_values_supported": _levels(settings),
        "claims_supported": ["sub", "iss", "auth_time", "acr", "SubjectNameID", "preferred_username", "given_name", "family_name"],
        "claim_types_supported": ["normal"],
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "require_pushed_authorization_requests": False,
        "code_challenge_methods_supported": ["plain", "S256"] if settings.psc.pkce_plain else ["S256"],
        "backchannel_token_delivery_modes_supported": ["poll"],
        "tls_client_certificate_bound_access_tokens": False,
        "authorization_response_iss_parameter_supported": True,
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
    }
    if urls.mtls is not None:
        told["mtls_endpoint_aliases"] = {
            name: f"{urls.mtls}{PROTOCOL}/{path}" for name, path in below.items() if name not in ("jwks_uri", "end_session_endpoint")
        }
    return told


def _levels(settings: Settings) -> list[str]:
    """The levels of assurance that are given, or those that a setting says instead."""
    return sorted({settings.psc.acr_by(mode) for mode in AuthMode}) if (said := settings.psc.acr_values_supported) is None else list(said)


async def configuration(_request: Request, core: Core) -> Response:
    """The discovery document."""
    return answers.json(document(core), headers=_CACHED)


async def certs(_request: Request, core: Core) -> Response:
    """The public keys: the one in use, and those whose tokens may still be alive."""
    return answers.json(core.provider.jwks(), headers=_CACHED)
