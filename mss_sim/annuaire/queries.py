"""What every path of the directory is read with: the type of a resource, and the parameters of a URL or a form."""

from urllib.parse import parse_qsl

from mss_sim.annuaire.answers import RouteRefused
from mss_sim.errors import Refusal, Rule
from mss_sim.fhir.query import REFERENCE
from mss_sim.vocabulary.directory import ResourceType
from mss_sim.words.sentence import say

Pairs = list[tuple[str, str]]
_FIELDS_MAX = 1_000


def pairs(text: str) -> Pairs:
    """Names and values, in their order; Refusal(INVALID) for too many."""
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=_FIELDS_MAX)
    except ValueError as error:
        raise Refusal(Rule.INVALID, say("A search has at most {most} parameters.", most=_FIELDS_MAX), reference=REFERENCE) from error


def type_named(name: str) -> ResourceType:
    """The type of that name; RouteRefused, 404."""
    if name in frozenset(ResourceType):
        return ResourceType(name)
    known = ", ".join(sorted(ResourceType))
    detail = say("HAPI-0302: Unknown resource type '{name}' - Server knows how to handle: [{known}]", name=name[:100], known=known)
    raise RouteRefused(404, "processing", Rule.NOT_FOUND, detail, reference=REFERENCE, subject=name[:100])
