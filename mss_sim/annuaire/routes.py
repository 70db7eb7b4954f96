"""Which path is answered by what. Plain routes: what can be asked here is told by `/fhir/v2/metadata`, in FHIR's own words."""

from collections.abc import Awaitable, Callable
from urllib.parse import parse_qsl

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mss_sim.annuaire import answers, files
from mss_sim.annuaire.answers import RouteRefused
from mss_sim.annuaire.gateway import turned_away
from mss_sim.core.assembly import Core
from mss_sim.errors import Refusal, Rule
from mss_sim.fhir.query import REFERENCE
from mss_sim.http.hosted import hosted
from mss_sim.vocabulary.directory import BASE, EXTRACTION, ResourceType
from mss_sim.vocabulary.doors import Door
from mss_sim.words.sentence import say

Pairs = list[tuple[str, str]]
_FORM = "application/x-www-form-urlencoded"
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
_FIELDS_MAX = 1_000


def install(app: FastAPI) -> None:
    """Add the directory to an application."""
    app.router.routes.append(Route(EXTRACTION, _published, methods=["GET"], include_in_schema=False))
    for path in (BASE, f"{BASE}/{{place:path}}"):
        app.router.routes.append(Route(path, _answered(_asked), methods=_METHODS, include_in_schema=False))


async def _published(request: Request) -> Response:
    return await files.extraction(request, hosted(request).core)


def _answered(endpoint: Callable[[Request, Core], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint behind the gateway; what it refuses leaves as an OperationOutcome."""

    async def answer(request: Request) -> Response:
        core = hosted(request).core
        away = turned_away(request, core)
        if away is not None:
            return away
        try:
            return await endpoint(request, core)
        except Refusal as refusal:
            core.world.tally.refused(Door.DIRECTORY, refusal)
            request.state.refusal = refusal
            return answers.refused(core, refusal)

    return answer


async def _asked(request: Request, core: Core) -> Response:
    """Find what a path means; a slash at its end is none."""
    steps = [step for step in request.path_params.get("place", "").split("/") if step]
    match request.method, steps:
        case "GET" | "HEAD", ["metadata"]:
            return answers.capability_statement(core)
        case "GET" | "HEAD", ["_page"]:
            return await _next_page(request, core)
        case (("GET" | "HEAD"), [type_]):
            return await _search(request, core, _type(type_), _pairs(request.url.query))
        case "POST", [type_, "_search"]:
            return await _search(request, core, _type(type_), [*_pairs(request.url.query), *await _form(request)])
        case (("GET" | "HEAD"), [type_, "_search"]):
            return await _search(request, core, _type(type_), _pairs(request.url.query))
        case (("GET" | "HEAD"), [type_, id_]):
            return answers.resource(core, await core.annuaire().one(_type(type_), id_))
    raise _no_such_route(request.method, steps)


async def _search(request: Request, core: Core, type_: ResourceType, pairs: Pairs) -> Response:
    annuaire = core.annuaire()
    page = await annuaire.search(annuaire.read(type_, pairs))
    return await answers.page(core, page, f"{type_}?{request.url.query}" if request.url.query else type_)


async def _next_page(request: Request, core: Core) -> Response:
    given = dict(_pairs(request.url.query))
    page = await core.annuaire().go_on(given.get("id", ""))
    return await answers.page(core, page, f"_page?{request.url.query}")


def _pairs(text: str) -> Pairs:
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=_FIELDS_MAX)
    except ValueError as error:
        raise _too_many() from error


async def _form(request: Request) -> Pairs:
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await request.body()
    if body and given != _FORM:
        detail = say("A search by POST is a form: send it as {type}.", type=_FORM)
        raise RouteRefused(415, "not-supported", Rule.INVALID, detail, reference=REFERENCE)
    return _pairs(body.decode("utf-8", "replace"))


def _too_many() -> Refusal:
    return Refusal(Rule.INVALID, say("A search has at most {most} parameters.", most=_FIELDS_MAX), reference=REFERENCE)


def _type(name: str) -> ResourceType:
    if name in frozenset(ResourceType):
        return ResourceType(name)
    known = ", ".join(sorted(ResourceType))
    detail = say("HAPI-0302: Unknown resource type '{name}' - Server knows how to handle: [{known}]", name=name[:100], known=known)
    raise RouteRefused(404, "processing", Rule.NOT_FOUND, detail, reference=REFERENCE, subject=name[:100])


def _no_such_route(method: str, steps: list[str]) -> RouteRefused:
    if method in ("PUT", "PATCH", "DELETE"):
        detail = say(
            "{method} is not for {path}: the directory is read here, and written by its operators elsewhere.",
            method=method,
            path="/".join(steps)[:100],
        )
        return RouteRefused(
            404 if len(steps) != 2 else 403, "forbidden" if len(steps) == 2 else "not-found", Rule.NOT_FOUND, detail, reference=REFERENCE
        )
    detail = say("Search as {base}/Practitioner?family=martin; there is nothing at {path}.", base=BASE, path="/".join(steps)[:100])
    return RouteRefused(400, "processing", Rule.INVALID, detail, reference=REFERENCE)
