"""The end of a session (ref: openid-connect-rpinitiated#2)."""

from starlette.requests import Request
from starlette.responses import Response

from mss_sim.core.assembly import Core
from mss_sim.core.psc import clients
from mss_sim.core.psc.oauth_errors import OAuthError
from mss_sim.http.parameters import Parameters, of_form, of_query
from mss_sim.http.reader import reader_of
from mss_sim.psc import answers, browser, pages
from mss_sim.psc.refused import ShownOnPage
from mss_sim.words.sentence import say


async def log_out(request: Request, core: Core) -> Response:
    """Log out the person the ID token was made for, whether or not it has expired; without one, ask first."""
    try:
        given = await of_form(request) if request.method == "POST" else of_query(request)
        given.check()
        hint = core.provider.hint(given.get("id_token_hint"))
        target = await _target(core, given, hint.get("azp") if hint else given.get("client_id"))
    except OAuthError as error:
        raise ShownOnPage(error, say("Log-out refused"), say("The application that sends you here made a mistake.")) from error
    if hint is not None:
        core.provider.end_session(str(hint.get("sid", "")))
        return _over(request, target, given.get("state"))
    session, shown, desk = browser.session_of(request, core), browser.browser_of(request), browser.desk_of(request)
    if request.method == "POST" and desk.is_ours(given.get("form_token"), shown):
        if session is not None:
            core.provider.end_session(session.sid)
        return _over(request, target, given.get("state"))
    shown = shown or core.provider.secret()
    names: tuple[str, ...] = ("client_id", "post_logout_redirect_uri", "state")
    kept = {name: given.values[name] for name in names if name in given.values}
    page = pages.confirm_log_out(reader_of(request), desk.form_token(shown), kept)
    browser.remember_browser(page, core, shown)
    return page


async def _target(core: Core, given: Parameters, client_id: object) -> str | None:
    """Where to send the browser afterwards: a registered URI, or nowhere."""
    uri = given.get("post_logout_redirect_uri")
    if uri is None:
        return None
    client = await clients.find(core.world, client_id) if isinstance(client_id, str) else None
    if client is None or not any(clients.uri_matches(one, uri) for one in client.many("post_logout_redirect_uris")):
        raise OAuthError(
            "invalid_request", say("post_logout_redirect_uri is not registered for the client of the id_token_hint or client_id.")
        )
    return uri


def _over(request: Request, target: str | None, state: str | None) -> Response:
    if target is None:
        response = pages.message(reader_of(request), say("Log-out"), say("You are logged out."))
    else:
        response = answers.redirect(target, {"state": state}, after_form=True)
    browser.forget_session(response)
    return response
