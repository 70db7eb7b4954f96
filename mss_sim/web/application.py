"""The routes of the pages, installed beside those of the API.

A handler gets the request and who looks (`Visit`), and answers with a page; what it raises as a refusal is a page too. A post is read
and its token checked before the handler sees it.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial

from fastapi import FastAPI
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mss_sim.core.feed.reading_events import last_position
from mss_sim.errors import Refusal, Rule
from mss_sim.http.hosted import Hosted
from mss_sim.http.look import Shipped
from mss_sim.http.reader import language_of, size_of, theme_of
from mss_sim.net.traps import Traps
from mss_sim.vocabulary.doors import Door
from mss_sim.web import (
    boxes,
    carers,
    choices,
    control,
    conversations,
    delegations,
    directory,
    documents,
    duo,
    figures,
    home,
    in_charge,
    journal,
    keeping,
    kiosk,
    letters,
    live,
    mailbox,
    mailboxes,
    operators,
    patients,
    people,
    psc,
    sent,
    sessions,
    settings,
    steering,
    watch,
    world_letters,
    writing,
)
from mss_sim.web.gate import COOKIE, Gate, browser_of
from mss_sim.web.personas import KIOSK, Sessions
from mss_sim.web.showing import STATIC, Here, show, show_refusal
from mss_sim.web.visit import Handler, Pages, Visit
from mss_sim.words.sentence import say

_FILES = (
    *(boxes, carers, choices, control, conversations, delegations, directory, documents, duo, figures, home),
    *(in_charge, journal, keeping),
    *(kiosk, letters, live, mailbox, mailboxes, operators, patients, people, psc, sent, sessions, settings, steering, watch),
    *(world_letters, writing),
)
ROUTES = tuple(route for file in _FILES for route in file.ROUTES)
PART = "x-part"
"""Says that a part of an open page is asked again; where that is refused now, the page is, and the script loads it anew."""
_FIELDS_MAX = 2_000


def install(app: FastAPI, hosted: Hosted, traps: Traps) -> None:
    """Add the pages to an application."""
    pages = cache(lambda: Pages(hosted, traps, Gate(hosted.core), Sessions(hosted.core)))  # when the first page is asked for
    app.mount(STATIC, Shipped("mss_sim.web"), name="ui-static")
    for route in ROUTES:
        app.router.routes.append(_route(pages, *route))


def _route(pages: Callable[[], Pages], method: str, path: str, handler: Handler) -> Route:
    return Route(path, partial(_answer, pages, handler), methods=[method], include_in_schema=False)


async def _answer(shared: Callable[[], Pages], handler: Handler, request: Request) -> Response:
    """Find out who asks, check what is posted, and show what the handler, or its refusal, says."""
    pages = shared()
    browser, name = browser_of(request), request.path_params.get("who")
    here = Here(request.url.path, language_of(request), theme_of(request), pages.gate.token(browser), size=size_of(request))
    asked = f"?{request.url.query}" if request.url.query else ""
    address = f"{here.path}{asked}" if request.method == "GET" else "/"
    framed, at_kiosk = request.headers.get("sec-fetch-dest") == "iframe", here.path.startswith(KIOSK)
    settings = pages.core.world.settings.kiosk if at_kiosk else None
    here = replace(here, address=address, framed=framed, browser_token=here.token, kiosk=settings)
    try:
        if name is not None:
            session = pages.sessions.of(request, name)
            await pages.sessions.check(session)
            if handler not in kiosk.BY_ITSELF:
                pages.sessions.prolong(session)
            position = await last_position(pages.core.world)
            here = replace(here, token=pages.gate.token(session.token), session=session, position=position)
        elif request.url.path not in choices.FOR_ANYBODY and not pages.gate.is_open(request):
            return _known(pages, request, show("key.html", here, status=403), browser)
        form = await _form(pages, request, here.session.token if here.session else request.cookies.get(COOKIE))
        try:
            response = await handler(Visit(pages, request, here, form))
        finally:
            await form.close()  # the files that came with it
    except Refusal as refusal:
        pages.core.world.tally.refused(Door.WEB, refusal)
        response = Response(status_code=204) if PART in request.headers else show_refusal(refusal, here)
        if at_kiosk and name is not None and here.session is None:
            response = kiosk.over(name)
    return _known(pages, request, response, browser)


async def _form(pages: Pages, request: Request, cookie: str | None) -> FormData:
    if request.method != "POST":
        return FormData()
    try:
        form = await request.form(max_fields=_FIELDS_MAX, max_part_size=await pages.core.world.directory.ceiling())
    except Exception as error:
        raise Refusal(Rule.INVALID, say("The form cannot be read; load the page again, and send it from there.")) from error
    token = form.get("token")
    try:
        pages.gate.check_form(request, cookie, token if isinstance(token, str) else None)
    except Refusal:
        await form.close()
        raise
    return form


def _known(pages: Pages, request: Request, response: Response, browser: str) -> Response:
    pages.gate.recognise(request, response, browser)
    return response
