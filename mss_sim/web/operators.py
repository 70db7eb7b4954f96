"""The operators of the trust space on a page: domains, limits, ways to log in, where their mail goes, and the white list."""

from typing import Any

from starlette.responses import Response

from mss_sim.core.trust import operators
from mss_sim.core.trust.operators import NewOperator
from mss_sim.core.world.store_types import Operator
from mss_sim.core.world.white_list import Variant
from mss_sim.errors import Refusal, Rule
from mss_sim.vocabulary.doors import LogInBy, Profile
from mss_sim.web.fields import check_meant, line, number, word
from mss_sim.web.showing import show
from mss_sim.web.visit import Routes, Visit, back
from mss_sim.words.sentence import say

_BYTES_MIN, _BYTES_MAX = 1_000, 2**40
_NAME_CHARS_MAX, _DN_CHARS_MAX, _PEM_CHARS_MAX = 200, 1_000, 100_000
WAYS = {
    LogInBy.PASSWORD: say("login and password"),
    LogInBy.PSC: say("Pro Santé Connect"),
    LogInBy.CERTIFICATE: say("certificate of an organisation"),
}
VARIANTS = {
    Variant.NORMAL: say("as it should be"),
    Variant.STALE: say("too old: letters of other operators are put off"),
    Variant.EMPTY: say("empty"),
    Variant.WRONG_NAMESPACE: say("in another name space"),
    Variant.NO_CLOSING_TAG: say("without its last tag"),
    Variant.TRUNCATED: say("cut in a row"),
    Variant.CHECKSUM_MISMATCH: say("beside a checksum of another file"),
    Variant.DUPLICATE_OPERATOR: say("with one domain under two operators"),
    Variant.BAD_NAME: say("with an address in the place of a domain"),
    Variant.CAPITALS: say("with a domain in capitals"),
    Variant.QUOTED_DN: say("with a name in quotes"),
    Variant.DIRTY_FIELDS: say("with odd blanks and a telephone number"),
}
_PROFILES = {
    Profile.DEVELOPMENT: say("passwords are taken, and personas log in with one click"),
    Profile.STRICT: say("strict: nobody gets in without Pro Santé Connect or a certificate"),
}


async def show_operators(visit: Visit) -> Response:
    """The page."""
    world, white_list = visit.core.world, visit.core.white_list
    rows = await white_list.rows()
    domains: dict[str, list[str]] = {}
    for row in rows:
        domains.setdefault(row.domain, []).append(row.certificate_dn)
    return show(
        "operators.html",
        visit.here,
        operators=[_shown(one, domains) for one in await operators.list_all(world)],
        ways=WAYS,
        variants=VARIANTS,
        variant=white_list.variant,
        made_at=white_list.generated_at,
        rows=len(rows),
        profile=_PROFILES[world.settings.profile],
        usual_bytes=world.settings.message.size_bytes_max,
        curl=f"curl {visit.origin}/control/operators",
    )


def _shown(one: Operator, listed: dict[str, list[str]]) -> dict[str, Any]:
    return {
        "name": one.name,
        "domains": [{"name": domain, "certificates": listed.get(domain, [])} for domain in one.domains],
        "bytes": one.message_size_bytes_max,
        "mx": one.mx,
        "has_authority": bool(one.mx_ca),
        "ways": one.authentication,
    }


async def add(visit: Visit) -> Response:
    """Create an operator, with its domains; it is put on the white list."""
    name = line(visit, "name", _NAME_CHARS_MAX)
    domains = visit.field("domains").replace(",", " ").split()
    if not name or not domains:
        raise Refusal(Rule.INVALID, say("An operator has a name and at least one domain."), subject="name")
    new = NewOperator(name, domains, authentication=_ways(visit), **_limits(visit))
    made = await operators.add(visit.core.world, new)
    return back(f"/ui/operators#{_anchor(made)}")


async def change(visit: Visit) -> Response:
    """Change an operator's limits, its ways, and where its mail goes."""
    values = {**_limits(visit), "authentication": _ways(visit)}
    changed = await operators.change(visit.core.world, str(visit.request.path_params["operator"]), **values)
    return back(f"/ui/operators#{_anchor(changed)}")


def _limits(visit: Visit) -> dict[str, Any]:
    """What a form says of an operator besides its ways; the authority of its server stays where none is given."""
    place = visit.field("place")
    if place not in ("here", "outside"):
        raise Refusal(Rule.INVALID, say("Say whether the operator is served here, or outside."), subject="place")
    pem = visit.field("mx_ca")
    if len(pem) > _PEM_CHARS_MAX:
        raise Refusal(Rule.INVALID, say("The text has at most {most} characters, and no NUL.", most=_PEM_CHARS_MAX), subject="mx_ca")
    return {
        "message_size_bytes_max": number(visit.field("message_size_bytes_max"), "message_size_bytes_max", _BYTES_MIN, _BYTES_MAX),
        "mx": line(visit, "mx") if place == "outside" else None,
        **({"mx_ca": pem} if pem else {}),
    }


def _ways(visit: Visit) -> frozenset[LogInBy]:
    ways = frozenset(one for one in LogInBy if visit.field(one.value) == "yes")
    if not ways:
        raise Refusal(Rule.INVALID, say("An operator accepts at least one way to log in."), subject="authentication")
    return ways


def _anchor(one: Operator) -> str:
    return one.domains[0] if one.domains else ""


async def bind(visit: Visit) -> Response:
    """Bind a certificate to a domain on the white list."""
    await visit.core.white_list.add(line(visit, "domain"), [line(visit, "certificate_dn", _DN_CHARS_MAX)])
    return back("/ui/operators#white-list")


async def unbind(visit: Visit) -> Response:
    """Take a certificate of a domain off the white list."""
    check_meant(visit)
    await visit.core.white_list.remove(line(visit, "domain"), line(visit, "certificate_dn", _DN_CHARS_MAX))
    return back("/ui/operators#white-list")


async def choose_variant(visit: Visit) -> Response:
    """Choose how the white list is published."""
    visit.core.white_list.choose_variant(word(visit.field("variant"), "variant", Variant))
    return back("/ui/operators#white-list")


ROUTES: Routes = (
    ("GET", "/ui/operators", show_operators),
    ("POST", "/ui/operators", add),
    ("POST", "/ui/operators/white-list/add", bind),
    ("POST", "/ui/operators/white-list/remove", unbind),
    ("POST", "/ui/operators/white-list/variant", choose_variant),
    ("POST", "/ui/operators/named/{operator:path}", change),
)
