"""The authorization endpoint: a client sends a browser here, a professional says who they are, the browser goes back with a code.

What is wrong with the client or its redirect URI is shown on a page, never sent anywhere; every other error goes back to the client
(ref: rfc6749#4.1.2.1).
"""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from mss_sim.clock import SECOND
from mss_sim.core.assembly import Core
from mss_sim.core.psc import clients, professionals
from mss_sim.core.psc.hashes import is_verifier
from mss_sim.core.psc.oauth_errors import OAuthError
from mss_sim.core.psc.provider import AuthorizationRequest, BrowserSession
from mss_sim.core.world.access_tokens import SCOPE
from mss_sim.core.world.store_types import Client
from mss_sim.http.parameters import Parameters, of_form, of_query
from mss_sim.http.reader import reader_of
from mss_sim.psc import answers, browser, pages
from mss_sim.psc.refused import SentBack, ShownOnPage
from mss_sim.vocabulary.psc import AuthMode
from mss_sim.words.sentence import say

_VALUE_CHARS_MAX = 2_000
_PROMPTS = frozenset({"none", "login", "consent", "select_account"})


@dataclass(frozen=True, slots=True)
class _Wish:
    """How the client wants the log-in to go."""

    prompts: frozenset[str]
    max_age: int | None
    hint: str | None


async def authorize(request: Request, core: Core) -> Response:
    """The authorization request, by GET or POST (ref: openid-connect-core#3.1.2.1)."""
    try:
        parameters = await of_form(request) if request.method == "POST" else of_query(request)
        client, redirect_uri = await _known(core, parameters)
    except OAuthError as error:
        raise ShownOnPage(error, say("Request refused"), say("The application that sends you here made a mistake.")) from error
    state = None if "state" in parameters.repeated else parameters.values.get("state")
    after_form = request.method == "POST"
    try:
        parameters.check()
        asked = _checked(core, client, redirect_uri, parameters)
        return await _proceed(request, core, client, asked, _wish(core, parameters))
    except OAuthError as error:
        raise SentBack(error, redirect_uri, state, after_form=after_form) from error


async def _known(core: Core, parameters: Parameters) -> tuple[Client, str]:
    """The client and the redirect URI, both registered."""
    client = await clients.find(core.world, parameters.need("client_id"))
    if client is None:
        raise OAuthError("invalid_request", say("No client has this client_id: register it at /control/psc/clients."))
    redirect_uri = parameters.need("redirect_uri")
    if not any(clients.uri_matches(one, redirect_uri) for one in client.many("redirect_uris")):
        raise OAuthError("invalid_request", say("redirect_uri is not one of those registered for this client, letter by letter."))
    return client, redirect_uri


def _checked(core: Core, client: Client, redirect_uri: str, parameters: Parameters) -> AuthorizationRequest:
    """What is asked for; OAuthError when it is not what Pro Santé Connect takes (ref: psc#authorize)."""
    for name in ("state", "nonce", "login_hint", "acr_values", "scope"):
        if len(parameters.values.get(name, "")) > _VALUE_CHARS_MAX:
            raise OAuthError("invalid_request", say("{name} is over {most} characters.", name=name, most=_VALUE_CHARS_MAX))
    for name in ("request", "request_uri"):
        if parameters.get(name) is not None:
            raise OAuthError(f"{name}_not_supported", say("{name} is not served here: give plain parameters.", name=name))
    if parameters.need("response_type") != "code":
        raise OAuthError("unsupported_response_type", say("response_type is code."))
    if parameters.get("response_mode") not in (None, "query"):
        raise OAuthError("invalid_request", say("response_mode is query."))
    if not set(SCOPE.split()) <= set((parameters.get("scope") or "").split()):
        raise OAuthError("invalid_scope", say("scope is {scope}.", scope=SCOPE))
    levels = tuple((parameters.get("acr_values") or "").split())
    core.provider.check_levels(levels)
    challenge, method = _challenge(core, client, parameters)
    required = parameters.need if core.world.settings.psc.state_nonce_required else parameters.get
    state, nonce = required("state"), required("nonce")
    return AuthorizationRequest(client.client_id, redirect_uri, SCOPE, state, nonce, challenge, method, levels)


def _challenge(core: Core, client: Client, parameters: Parameters) -> tuple[str | None, str]:
    """The PKCE challenge and its method (ref: rfc7636#4.3)."""
    challenge, method = parameters.get("code_challenge"), parameters.get("code_challenge_method")
    if challenge is None:
        if method is not None or client.auth_method == "none":
            raise OAuthError("invalid_request", say("code_challenge is missing; a public client always gives one."))
        return None, "S256"
    allowed = ("S256", "plain") if core.world.settings.psc.pkce_plain else ("S256",)
    if (method or "plain") not in allowed:
        raise OAuthError("invalid_request", say("code_challenge_method is one of {known}.", known=", ".join(allowed)))
    if not is_verifier(challenge):
        raise OAuthError("invalid_request", say("code_challenge has 43 to 128 letters, digits, '-', '.', '_' or '~'."))
    return challenge, method or "plain"


def _wish(core: Core, parameters: Parameters) -> _Wish:
    prompts = frozenset((parameters.get("prompt") or "").split())
    if not prompts <= _PROMPTS or ("none" in prompts and len(prompts) > 1):
        raise OAuthError("invalid_request", say("prompt is none alone, or some of {known}.", known=", ".join(sorted(_PROMPTS - {"none"}))))
    age = parameters.get("max_age")
    if age is not None and not (age.isascii() and age.isdigit() and len(age) < 10):
        raise OAuthError("invalid_request", say("max_age is a number of seconds."))
    known = core.provider.hint(parameters.get("id_token_hint")) or {}
    hint = parameters.get("login_hint") or str(known.get("preferred_username", "")) or None
    return _Wish(prompts, int(age) if age is not None else None, hint)


async def _proceed(request: Request, core: Core, client: Client, asked: AuthorizationRequest, wish: _Wish) -> Response:
    """Go back with a code at once when somebody is logged in, or nobody need be asked; else show the log-in page."""
    after_form = request.method == "POST"
    hinted = await professionals.hinted(core.world, wish.hint) if wish.hint else None
    session = browser.session_of(request, core)
    ways = core.provider.ways(asked.acr_values)
    if session is not None and (session.mode not in ways or not await _still_good(core, session, wish, hinted.idnat if hinted else None)):
        session = None
    if session is not None:
        return _forward(request, core, session, asked, after_form=after_form)
    if "none" in wish.prompts:
        raise OAuthError("login_required", say("Nobody is logged in, and prompt=none forbids to ask."))
    if core.provider.switches.auto_approve and wish.hint:
        if hinted is None:
            raise OAuthError("login_required", say("login_hint names no professional who is known here."))
        session = core.provider.log_in(hinted.idnat, ways[0])
        response = _forward(request, core, session, asked, after_form=after_form)
        browser.remember_session(response, core, session)
        return response
    shown = browser.browser_of(request) or core.provider.secret()
    key = browser.desk_of(request).open(asked, shown, hinted.idnat if hinted else None)
    page = await _page(request, core, client, asked, hinted.idnat if hinted else None, key)
    browser.remember_browser(page, core, shown)
    return page


async def _still_good(core: Core, session: BrowserSession, wish: _Wish, hinted: str | None) -> bool:
    """Whether the session of a browser answers this request without asking anybody."""
    if wish.prompts - {"none"} or (hinted is not None and hinted != session.idnat):
        return False
    if wish.max_age is not None and core.world.clock.now() - session.began_at >= wish.max_age * SECOND:
        return False
    return await professionals.find(core.world, session.idnat) is not None


async def _page(
    request: Request,
    core: Core,
    client: Client,
    asked: AuthorizationRequest,
    chosen: str | None,
    key: str,
    typed: Parameters | None = None,
) -> Response:
    """The log-in page, with the ways that reach the level asked for; one that came back unfit shows again what was typed."""
    people, reader = await professionals.list_all(core.world), reader_of(request)
    name = str(client.metadata.get("client_name", client.client_id))
    ways = core.provider.ways(asked.acr_values)
    if typed is None:
        return pages.log_in(reader, name, people, chosen, key, ways)
    mode = next((one for one in ways if typed.get("mode") == one), ways[0])
    chosen, other = typed.get("identity") or chosen, typed.get("other") or ""
    wrong = say("Choose a professional of the list, and one of the means of identification.")
    return pages.log_in(reader, name, people, chosen, key, ways, wrong=wrong, mode=mode, typed=other)


def _forward(request: Request, core: Core, session: BrowserSession, asked: AuthorizationRequest, *, after_form: bool) -> Response:
    """Back to the client with a code, and the name of who gave it (ref: rfc9207#2)."""
    request.state.who = session.idnat
    told = {
        "code": core.provider.give_code(session, asked),
        "state": asked.state,
        "iss": core.provider.issuer,
        "session_state": session.sid,
    }
    return answers.redirect(asked.redirect_uri, told, after_form=after_form)


async def log_in(request: Request, core: Core) -> Response:
    """The form of the log-in page comes back."""
    form = await of_form(request)
    key, desk = form.get("key") or "", browser.desk_of(request)
    visit = desk.visit(key, browser.browser_of(request))
    if visit is None:
        text = say("This page has expired, or was not opened in this browser. Go back to your application.")
        return pages.message(reader_of(request), say("Page expired"), text, status=400)
    asked = visit.asked
    if form.get("decision") != "approve":
        desk.close(key)
        refused = OAuthError("access_denied", say("The professional refused."))
        raise SentBack(refused, asked.redirect_uri, asked.state, after_form=True)
    idnat, mode = form.get("other") or form.get("identity") or "", form.get("mode") or AuthMode.CARD.value
    found = await professionals.find(core.world, idnat)
    if found is None or mode not in core.provider.ways(asked.acr_values):
        client = await clients.find(core.world, asked.client_id)
        if client is None:
            text = say("This application is not registered any more.")
            return pages.message(reader_of(request), say("Request refused"), text, status=400)
        return await _page(request, core, client, asked, visit.hint, key, form)
    desk.close(key)
    session = core.provider.log_in(idnat, AuthMode(mode))
    response = _forward(request, core, session, asked, after_form=True)
    browser.remember_session(response, core, session)
    return response
