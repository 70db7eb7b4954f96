"""Which path is answered by what. Plain routes: what can be asked here is told by `/fhir/v2/metadata`, in FHIR's own words."""

from collections.abc import Awaitable, Callable
from functools import partial

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mss_sim.annuaire import answers, changes, files
from mss_sim.annuaire.answers import RouteRefused
from mss_sim.annuaire.gateway import TurnedAway, let_in
from mss_sim.annuaire.queries import Pairs, pairs, type_named
from mss_sim.core.assembly import Core
from mss_sim.errors import Refusal, Rule
from mss_sim.fhir.query import REFERENCE
from mss_sim.http.hosted import hosted
from mss_sim.vocabulary.directory import BASE, EXTRACTIONS, WRITE_BASE, FileName, ResourceType
from mss_sim.vocabulary.doors import Door
from mss_sim.words.sentence import say

Endpoint = Callable[[Request, Core, int | None], Awaitable[Response]]
Refused = Callable[[Core, Refusal], Response]
_FORM = "application/x-www-form-urlencoded"
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def install(app: FastAPI) -> None:
    """Add the directory to an application."""
    for path, name in EXTRACTIONS.items():
        app.router.routes.append(Route(path, partial(_published, name=name), methods=["GET"], include_in_schema=False))
    reading, writing = _answered(_asked, answers.refused), _answered(changes.answer_of, answers.not_written, operators_alone=True)
    for base, endpoint in ((BASE, reading), (WRITE_BASE, writing)):
        for path in (base, f"{base}/{{place:path}}"):
            app.router.routes.append(Route(path, endpoint, methods=_METHODS, include_in_schema=False))


async def _published(request: Request, name: FileName) -> Response:
    return await files.extraction(request, hosted(request).core, name)


def _answered(endpoint: Endpoint, refused: Refused, *, operators_alone: bool = False) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint behind the gateway; what it refuses leaves as an OperationOutcome."""

    async def answer(request: Request) -> Response:
        core = hosted(request).core
        try:
            return await endpoint(request, core, await let_in(request, core, operators_alone=operators_alone))
        except TurnedAway as away:
            return away.response
        except Refusal as refusal:
            core.world.tally.refused(Door.DIRECTORY, refusal)
            request.state.refusal = refusal
            return refused(core, refusal)

    return answer


async def _asked(request: Request, core: Core, operator_id: int | None) -> Response:
    """Find what a path means; a slash at its end is none."""
    steps = [step for step in request.path_params.get("place", "").split("/") if step]
    match request.method, steps:
        case "GET" | "HEAD", ["metadata"]:
            return answers.capability_statement(core)
        case "GET" | "HEAD", ["_page"]:
            return await _next_page(request, core, operator_id)
        case (("GET" | "HEAD"), [type_]):
            return await _search(request, core, operator_id, type_named(type_), pairs(request.url.query))
        case "POST", [type_, "_search"]:
            return await _search(request, core, operator_id, type_named(type_), [*pairs(request.url.query), *await _form(request)])
        case (("GET" | "HEAD"), [type_, "_search"]):
            return await _search(request, core, operator_id, type_named(type_), pairs(request.url.query))
        case (("GET" | "HEAD"), [type_, id_]):
            shown = await core.annuaire().one(type_named(type_), id_, operator_id)
            return answers.resource(core, shown, restricted=operator_id is not None)
    raise _no_such_route(request.method, steps)


async def _search(request: Request, core: Core, operator_id: int | None, type_: ResourceType, given: Pairs) -> Response:
    annuaire = core.annuaire()
    page = await annuaire.search(annuaire.read(type_, given), operator_id)
    return await answers.page(core, page, f"{type_}?{request.url.query}" if request.url.query else type_)


async def _next_page(request: Request, core: Core, operator_id: int | None) -> Response:
    given = dict(pairs(request.url.query))
    page = await core.annuaire().go_on(given.get("id", ""), operator_id)
    return await answers.page(core, page, f"_page?{request.url.query}")


async def _form(request: Request) -> Pairs:
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await request.body()
    if body and given != _FORM:
        detail = say("A search by POST is a form: send it as {type}.", type=_FORM)
        raise RouteRefused(415, "not-supported", Rule.INVALID, detail, reference=REFERENCE)
    return pairs(body.decode("utf-8", "replace"))


def _no_such_route(method: str, steps: list[str]) -> RouteRefused:
    if method in ("PUT", "PATCH", "DELETE"):
        detail = say(
            "{method} is not for {path}: the directory is read here; its operators write by PATCH at {base}.",
            method=method,
            path="/".join(steps)[:100],
            base=WRITE_BASE,
        )
        return RouteRefused(
            404 if len(steps) != 2 else 403, "forbidden" if len(steps) == 2 else "not-found", Rule.NOT_FOUND, detail, reference=REFERENCE
        )
    detail = say("Search as {base}/Practitioner?family=martin; there is nothing at {path}.", base=BASE, path="/".join(steps)[:100])
    return RouteRefused(400, "processing", Rule.INVALID, detail, reference=REFERENCE)
