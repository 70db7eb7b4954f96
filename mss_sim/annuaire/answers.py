"""What the directory answers: resources, bundles, outcomes."""

import asyncio
from collections.abc import Iterator
from importlib.metadata import version

import orjson
from starlette.responses import Response

from mss_sim.clock import iso
from mss_sim.core.annuaire.fhir_searches import Page, Shown
from mss_sim.core.annuaire.operator_patches import SeveralMatch, Written
from mss_sim.core.assembly import Core
from mss_sim.errors import Refusal, Rule
from mss_sim.fhir import bundles, resources
from mss_sim.fhir.patch_paths import Unreadable
from mss_sim.fhir.resources import Json
from mss_sim.http.outcomes import MEDIA_TYPE
from mss_sim.http.problems import PROBLEMS
from mss_sim.vocabulary.directory import BASE, WRITE_BASE, DirectoryErrors, DirectoryWriteRefusals
from mss_sim.vocabulary.psc import PSC_REALM
from mss_sim.words.sentence import Sentence

NOTES_HEADER = "X-Notes"
_LONG = 100
_AS_IT_IS = {
    Rule.AUTHENTICATION_FAILED: (403, "forbidden"),
    Rule.AUTHORIZATION_FAILED: (403, "forbidden"),
    Rule.NOT_FOUND: (404, "not-found"),
    Rule.TOO_LARGE: (413, "too-long"),
    Rule.STORE_UNAVAILABLE: (503, "transient"),
}
"""What a PATCH is refused with whatever the setting says."""
_CODES = {Rule.NOT_FOUND: "not-found", Rule.STORE_UNAVAILABLE: "transient"}


class RouteRefused(Refusal):
    """A refusal of a request whose path or method means nothing here: its status, and its code in FHIR."""

    def __init__(self, status: int, code: str, rule: Rule, detail: Sentence, *, reference: str, subject: str | None = None) -> None:
        super().__init__(rule, detail, reference=reference, subject=subject)
        self.status, self.code = status, code


def base_url(core: Core, base: str = BASE) -> str:
    """Where the directory is seen, in links."""
    host = core.world.settings.directory.base_url or core.provider.issuer.removesuffix(PSC_REALM)
    return f"{host}{base}"


def resource(core: Core, shown: Shown, *, restricted: bool) -> Response:
    """A single resource."""
    return _written(_resource(core, shown, restricted=restricted))


def written(core: Core, done: Written, prefer: str) -> Response:
    """A PATCH that was done: the resource as it is now or, where that is preferred, an outcome with what is to be reported.

    How much that is, a header says (ref: quirks#directory-writing).
    """
    notes = [one.in_language(core.world.settings.language) for one in done.notes]
    if "return=operationoutcome" in prefer.lower().replace(" ", ""):
        answer = _written(bundles.informed(notes))
    else:
        answer = resource(core, done.shown, restricted=True)
    answer.headers[NOTES_HEADER] = str(len(notes))
    return answer


async def page(core: Core, found: Page, asked: str) -> Response:
    """A page of a search; `asked` is what comes behind the base. A long one is written in a thread, for others wait meanwhile."""
    if len(found.shown) > _LONG:
        return await asyncio.to_thread(_page, core, found, asked)
    return _page(core, found, asked)


def _page(core: Core, found: Page, asked: str) -> Response:
    base = base_url(core)
    next_url = f"{base}/_page?id={found.next}" if found.next else None
    pretty = found.query.pretty
    entries = (bundles.entry(base, one) for one in _resources(core, found))
    listed = entries if pretty else map(_in_octets, entries)
    return _written(bundles.bundle(core.world.ids.uuid(), found.total, listed, f"{base}/{asked}", next_url), pretty=pretty)


def _in_octets(entry: Json) -> orjson.Fragment:
    """An entry written at once: thousands of them with all that is in them would keep the collector of garbage busy."""
    return orjson.Fragment(orjson.dumps(entry))


def capability_statement(core: Core) -> Response:
    """What the server can do."""
    at = iso(core.world.clock.now())
    return _written(bundles.capability_statement(base_url(core), version("mss-sim"), str(at)))


def write_statement(core: Core) -> Response:
    """What the server that operators write to can do."""
    at = iso(core.world.clock.now())
    return _written(bundles.write_statement(base_url(core, WRITE_BASE), version("mss-sim"), str(at)))


def not_written(core: Core, refusal: Refusal) -> Response:
    """The OperationOutcome of a PATCH that was not done (ref: quirks#directory-writing)."""
    if isinstance(refusal, RouteRefused):
        status, code = refusal.status, refusal.code
    elif isinstance(refusal, Unreadable):
        status, code = 400, "invalid"
    elif isinstance(refusal, SeveralMatch):
        status, code = 412, "conflict"
    elif refusal.rule in _AS_IT_IS:
        status, code = _AS_IT_IS[refusal.rule]
    else:
        fhir = core.world.settings.directory.write_refusals is DirectoryWriteRefusals.FHIR
        status, code = PROBLEMS[refusal.rule][0] if fhir else 400, "conflict" if refusal.rule is Rule.CONFLICT else "business-rule"
    return _written(bundles.outcome(code, refusal.detail.in_language(core.world.settings.language)), status)


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
        whole = _resource(core, one, restricted=found.restricted)
        yield resources.only(whole, elements) if elements else whole


def _resource(core: Core, shown: Shown, *, restricted: bool) -> Json:
    profile = core.world.settings.directory.profile
    return resources.resource(shown.type, shown.entry, shown.structure_id, profile, restricted=restricted)


def _written(body: Json, status: int = 200, *, pretty: bool = False) -> Response:
    octets = orjson.dumps(body, option=orjson.OPT_INDENT_2 if pretty else 0)
    return Response(octets, status_code=status, media_type=MEDIA_TYPE)
