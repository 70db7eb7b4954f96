"""Paths below `/fhir/operators`: what operators write. Nothing else is done there; they search where everybody does."""

from starlette.requests import Request
from starlette.responses import Response

from mss_sim.annuaire import answers
from mss_sim.annuaire.answers import RouteRefused
from mss_sim.annuaire.queries import pairs, type_named
from mss_sim.core.annuaire.operator_keys import REFERENCE
from mss_sim.core.annuaire.operator_patches import read_condition, write
from mss_sim.core.assembly import Core
from mss_sim.errors import Rule
from mss_sim.fhir.bundles import WRITTEN
from mss_sim.fhir.patches import read_patch
from mss_sim.vocabulary.directory import BASE, WRITE_BASE, ResourceType
from mss_sim.words.sentence import say

_SHOWING = ("_format", "_pretty")
_JSON = ("application/fhir+json", "application/json")


async def answer_of(request: Request, core: Core, operator_id: int | None) -> Response:
    """Find what a path means; a slash at its end is none."""
    steps = [step for step in request.path_params.get("place", "").split("/") if step]
    match request.method, steps:
        case "GET" | "HEAD", ["metadata"]:
            return answers.write_statement(core)
        case "PATCH", [type_] | [type_, _] if operator_id is not None:
            return await _patch(request, core, operator_id, type_named(type_), steps[1:])
    detail = say(
        "Here operators send PATCH {base}/Practitioner/id, and nothing else; all is searched for at {search}.", base=WRITE_BASE, search=BASE
    )
    raise RouteRefused(404, "not-found", Rule.NOT_FOUND, detail, reference=REFERENCE)


async def _patch(request: Request, core: Core, operator_id: int, type_: ResourceType, id_: list[str]) -> Response:
    if type_ not in WRITTEN:
        detail = say("No mailbox stands on a {type}; operators write to {types}.", type=type_, types=", ".join(WRITTEN))
        raise RouteRefused(404, "not-found", Rule.NOT_FOUND, detail, reference=REFERENCE, subject=type_)
    _check_fields(request)
    given = [one for one in pairs(request.url.query) if one[0] not in _SHOWING]
    where = id_[0] if id_ and not given else read_condition(type_, [] if id_ else given)
    patch = read_patch(type_, await request.body(), core.world.settings.directory.write_operations_max)
    done = await write(core.world, core.annuaire(), operator_id, type_, where, patch)
    return answers.written(core, done, request.headers.get("prefer", ""))


def _check_fields(request: Request) -> None:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in _JSON:
        detail = say("A PATCH of the directory is a FHIR Parameters resource: send it as {type}.", type=_JSON[0])
        raise RouteRefused(415, "not-supported", Rule.INVALID, detail, reference=REFERENCE)
    if "if-match" in request.headers:
        detail = say("The directory gives its resources no versions; leave If-Match out.")
        raise RouteRefused(412, "conflict", Rule.CONFLICT, detail, reference=REFERENCE)
