"""CIBA: the endpoint by which a client asks for approval, and the page on which a professional answers (ref: ciba-core#7)."""

from starlette.requests import Request
from starlette.responses import Response

from mss_sim.core.assembly import Core
from mss_sim.core.psc.oauth_errors import OAuthError
from mss_sim.core.world.access_tokens import SCOPE
from mss_sim.errors import Refusal
from mss_sim.http.parameters import of_form
from mss_sim.http.reader import reader_of
from mss_sim.psc import answers, browser, pages
from mss_sim.psc.authentication import authenticate
from mss_sim.words.sentence import say


async def ask(request: Request, core: Core) -> Response:
    """The authentication request of a client."""
    form = await of_form(request)
    form.check()
    client = await authenticate(request, form, core)
    if not set(SCOPE.split()) <= set((form.get("scope") or "").split()):
        raise OAuthError("invalid_scope", say("scope is {scope}.", scope=SCOPE))
    levels = tuple((form.get("acr_values") or "").split())
    if levels:
        core.provider.check_levels(levels)
    for name in ("login_hint_token", "id_token_hint", "request"):
        if form.get(name) is not None:
            raise OAuthError(
                "invalid_request", say("{name} is not served here: give login_hint, the idNat of the professional.", name=name)
            )
    given = await core.ciba.ask(
        client,
        login_hint=form.need("login_hint"),
        binding_message=form.get("binding_message") or "",
        channel=form.get("channel") or core.provider.ways(levels)[0].value,
        acr_values=levels,
    )
    return answers.json(given)


async def approvals(request: Request, core: Core) -> Response:
    """The page of what waits; its form approves or refuses."""
    shown, reader = browser.browser_of(request), reader_of(request)
    if request.method == "POST":
        form = await of_form(request)
        if not browser.desk_of(request).is_ours(form.get("form_token"), shown):
            return pages.message(reader, say("Page expired"), say("Load the page of requests anew and try again."), status=403)
        try:
            core.ciba.answer(form.get("id") or "", approve=form.get("decision") == "approve")
        except Refusal:
            return pages.message(reader, say("Too late"), say("This request does not wait any more."), status=404)
    shown = shown or core.provider.secret()
    page = pages.approvals(reader, core.ciba.pending(), browser.desk_of(request).form_token(shown))
    browser.remember_browser(page, core, shown)
    return page
