"""What the directory answers: resources, bundles, outcomes."""

import asyncio
from collections.abc import Iterator
from importlib.metadata import version

import orjson
from starlette.responses import Response

from mss_sim.clock import iso
from mss_sim.core.annuaire.searches import Page, Shown
from mss_sim.core.assembly import Core
from mss_sim.errors import Refusal, Rule
from mss_sim.fhir import bundles, resources
from mss_sim.fhir.resources import Json
from mss_sim.http.problems import PROBLEMS
from mss_sim.vocabulary.directory import BASE, DirectoryErrors
from mss_sim.vocabulary.psc import PSC_REALM
from mss_sim.words.sentence import Sentence

MEDIA_TYPE = "application/fhir+json"
_LONG = 100
_CODES = {Rule.NOT_FOUND: "not-found", Rule.STORE_UNAVAILABLE: "transient"}


class RouteRefused(Refusal):
    """A refusal of a request whose path or method means nothing here: its status, and its code in FHIR."""

    def __init__(self, status: int, code: str, rule: Rule, detail: Sentence, *, reference: str, subject: str | None = None) -> None:
        super().__init__(rule, detail, reference=reference, subject=subject)
        self.status, self.code = status, code


def base_url(core: Core) -> str:
    """Where the directory is seen, in links."""
    host = core.world.settings.directory.base_url or core.provider.issuer.removesuffix(PSC_REALM)
    return f"{host}{BASE}"


def resource(core: Core, shown: Shown) -> Response:
    """A single resource."""
    return _written(_resource(core, shown))


async def page(core: Core, found: Page, asked: str) -> Response:
    """A page of a search; `asked` is what comes behind the base. A long one is written in a thread, for others wait meanwhile."""
    if len(found.shown) > _LONG:
        return await asyncio.to_thread(_page, core, found, asked)
    return _page(core, found, asked)


def _page(core: Core, found: Page, asked: str) -> Response:
    base = base_url(core)
    next_url = f"{base}/_page?id={found.next}" if found.next else None
    made = bundles.bundle(base, core.world.ids.uuid(), found.total, _resources(core, found), f"{base}/{asked}", next_url)
    return _written(made, pretty=found.query.pretty)


def capability_statement(core: Core) -> Response:
    """What the server can do."""
    at = iso(core.world.clock.now())
    return _written(bundles.capability_statement(base_url(core), version("mss-sim"), str(at)))


def refused(core: Core, refusal: Refusal) -> Response:
    """The OperationOutcome of a refusal. What is 500 there may be 400 here (ref: quirks#directory-errors)."""
    status, code = PROBLEMS[refusal.rule][0], _CODES.get(refusal.rule, "processing")
    if isinstance(refusal, RouteRefused):
        status, code = refusal.status, refusal.code
    elif refusal.rule is Rule.INVALID:
        strict = core.world.settings.directory.errors is DirectoryErrors.STRICT
        status, code = (400, "invalid") if strict else (500, "exception")
    told = bundles.outcome(code, refusal.detail.in_language(core.world.settings.language))
    return _written(told, status)


def _resources(core: Core, found: Page) -> Iterator[Json]:
    elements = found.query.elements
    for one in found.shown:
        whole = _resource(core, one)
        yield resources.only(whole, elements) if elements else whole


def _resource(core: Core, shown: Shown) -> Json:
    return resources.resource(shown.type, shown.entry, shown.structure_id, core.world.settings.directory.profile)


def _written(body: Json, status: int = 200, *, pretty: bool = False) -> Response:
    octets = orjson.dumps(body, option=orjson.OPT_INDENT_2 if pretty else 0)
    return Response(octets, status_code=status, media_type=MEDIA_TYPE)
