"""Which path is answered by what. Plain routes: these endpoints read their own forms, which OpenAPI could not describe."""

from collections.abc import Awaitable, Callable

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mss_sim.core.assembly import Core
from mss_sim.core.psc.oauth_errors import OAuthError
from mss_sim.errors import Refusal, Rule
from mss_sim.http.hosted import hosted
from mss_sim.http.reader import reader_of
from mss_sim.psc import answers, authorize, backchannel, callback, discovery, grants, logout, pages, userinfo
from mss_sim.psc.authentication import ClientRefused
from mss_sim.psc.browser import Desk
from mss_sim.psc.refused import SentBack, ShownOnPage, TokenRefused
from mss_sim.psc.urls import PROTOCOL
from mss_sim.vocabulary.psc import PSC_CALLBACK, PSC_REALM
from mss_sim.words.sentence import say

Endpoint = Callable[[Request, Core], Awaitable[Response]]
_CHALLENGE = {"WWW-Authenticate": 'Basic realm="mss-sim", charset="UTF-8"'}
_GET, _POST, _BOTH = ["GET"], ["POST"], ["GET", "POST"]

_FOR_CLIENTS: dict[str, tuple[Endpoint, list[str]]] = {
    "token": (grants.token, _POST),
    "userinfo": (userinfo.userinfo, _BOTH),
    "token/introspect": (grants.introspect, _POST),
    "revoke": (grants.revoke, _POST),
    "ext/ciba/auth": (backchannel.ask, _POST),
    "certs": (discovery.certs, _GET),
    "auth/device": (grants.no_device_flow, _POST),
    "ext/par/request": (grants.no_pushed_requests, _POST),
}
"""Below the issuer: errors are JSON."""
_FOR_BROWSERS: dict[str, tuple[Endpoint, list[str]]] = {
    "/auth": (authorize.authorize, _BOTH),
    "/auth/login": (authorize.log_in, _POST),
    "/auth/approvals": (backchannel.approvals, _BOTH),
    f"{PROTOCOL}/logout": (logout.log_out, _BOTH),
}
"""Errors are pages."""


def install(app: FastAPI, core: Core) -> None:
    """Add the provider to an application."""
    app.state.psc_desk = Desk(core)
    for name in discovery.WELL_KNOWN:
        app.router.routes.append(Route(f"{PSC_REALM}/.well-known/{name}", _for_clients(discovery.configuration), methods=_GET))
    for path, (endpoint, methods) in _FOR_CLIENTS.items():
        app.router.routes.append(Route(f"{PROTOCOL}/{path}", _for_clients(endpoint), methods=methods))
    for path, (endpoint, methods) in _FOR_BROWSERS.items():
        app.router.routes.append(Route(path, _for_browsers(endpoint), methods=methods))
    app.router.routes.append(Route(PSC_CALLBACK, _for_browsers(callback.show, failing=False), methods=_GET))


def _for_clients(endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    return _answered(endpoint, _in_json)


def _for_browsers(endpoint: Endpoint, *, failing: bool = True) -> Callable[[Request], Awaitable[Response]]:
    return _answered(endpoint, _on_a_page, failing=failing)


def _answered(
    endpoint: Endpoint, told: Callable[[Request, Core, OAuthError], Response], *, failing: bool = True
) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint, whose errors all leave here: counted for the metrics, then told."""

    async def answered(request: Request) -> Response:
        core = hosted(request).core
        try:
            if failing:
                _fail_if_told(core)
            return await endpoint(request, core)
        except (OAuthError, Refusal) as error:
            refused = error if isinstance(error, OAuthError) else _shown(error)
            core.world.tally.oauth_error(refused.code)
            request.state.refusal = refused
            return told(request, core, refused)

    return answered


def _in_json(_request: Request, core: Core, error: OAuthError) -> Response:
    language = core.world.settings.language
    if isinstance(error, TokenRefused):
        told = f'Bearer realm="mss-sim", error="{error.code}", error_description="{answers.spoken(error, language)}"'
        return answers.error(error, language, {"WWW-Authenticate": told})
    return answers.error(error, language, _CHALLENGE if isinstance(error, ClientRefused) and error.challenge else None)


def _on_a_page(request: Request, core: Core, error: OAuthError) -> Response:
    if isinstance(error, SentBack):
        description = answers.spoken(error, core.world.settings.language)
        told = {"error": error.code, "error_description": description, "state": error.state, "iss": core.provider.issuer}
        return answers.redirect(error.redirect_uri, told, after_form=error.after_form)
    title, text = say("Request refused"), say("The request was not understood.")
    if isinstance(error, ShownOnPage):
        title, text = error.title, error.text
    return pages.message(reader_of(request), title, text, status=error.status, detail=error.description)


def _fail_if_told(core: Core) -> None:
    """Be out of order for as many requests as the control plane asked for."""
    if core.provider.switches.outages > 0:
        core.provider.switches.outages -= 1
        raise OAuthError("temporarily_unavailable", say("Pro Sante Connect is out of order, as /control/psc asked."), status=503)


def _shown(refusal: Refusal) -> OAuthError:
    """A refusal of the core in words of the protocol."""
    told = OAuthError("invalid_request", refusal.detail)
    if refusal.rule is Rule.STORE_UNAVAILABLE:
        told = OAuthError("temporarily_unavailable", refusal.detail, status=503)
    return ShownOnPage(told, say("Service unavailable"), say("Try again later."))
