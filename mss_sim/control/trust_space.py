"""The trust space from outside: its operators, and the white list, as a file for everybody and as rows for the control plane."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from pydantic import Field
from starlette.responses import Response

from mss_sim.clock import iso
from mss_sim.control import schemas
from mss_sim.core.annuaire.operator_keys import key_of
from mss_sim.core.assembly import Core
from mss_sim.core.trust import operators
from mss_sim.core.trust.operators import NewOperator
from mss_sim.core.world.store_types import Operator
from mss_sim.core.world.white_list import Variant
from mss_sim.errors import Rule
from mss_sim.http import examples
from mss_sim.http.answers import CONTROL, octets, refusing
from mss_sim.http.control import require_control
from mss_sim.http.dependencies import CurrentCore
from mss_sim.http.routes import strict_router
from mss_sim.http.shapes import In, Json, OneLine, Out, Whole
from mss_sim.vocabulary.doors import LogInBy

public = APIRouter(default_response_class=Response, tags=["trust space"])
router = strict_router(
    prefix="/control",
    tags=["control: trust space"],
    dependencies=[Depends(require_control)],
    responses=refusing(*CONTROL),
)
_FOUND = refusing(Rule.NOT_FOUND)
OperatorName = Annotated[str, Path(examples=["Laboratoire du Parc"])]
_DN = "CN=smtp.clinique-lac.sim.mssante.fr,OU=318440000000001,O=Clinique du Lac,ST=Ain (01),C=FR"
_DOMAIN = "hopital-ormes.sim.mssante.fr"


class OperatorIn(In):
    name: Annotated[OneLine, Field(max_length=200)] = Field(min_length=1, examples=["Clinique du Lac"])
    domains: list[str] = Field(min_length=1, examples=[["clinique-lac.sim.mssante.fr"]])
    message_size_bytes_max: Whole | None = Field(default=None, ge=1_000, le=2**40)
    mx: str | None = Field(default=None, description="host:port of an operator outside; empty: outside, not reachable; none: served here.")
    mx_ca: str | None = Field(default=None, max_length=100_000, description="PEM of the authority that its server is certified by.")
    authentication: list[LogInBy] = Field(default=list(LogInBy), min_length=1, description="Ways to log in that it accepts.")
    certificate_dns: list[str] = Field(default=[], description="Subjects that the white list binds to its domains.", examples=[[_DN]])


class OperatorWithKey(schemas.OperatorOut):
    directory_key: str = Field(examples=["op.SMO0cGl0YWwgZGVzIE9ybWVz.9f86d081884c7d659a2feaa0c55ad015"])
    """What it shows to the national directory in ESANTE-API-KEY, to write there, and to see what is on the red list."""


class OperatorPatch(In):
    message_size_bytes_max: Whole | None = Field(default=None, ge=1_000, le=2**40)
    mx: str | None = None
    mx_ca: str | None = Field(default=None, max_length=100_000)
    authentication: list[LogInBy] | None = Field(default=None, min_length=1)


class WhiteListRow(Out):
    domain: str = Field(examples=[_DOMAIN])
    certificate_dn: str = Field(examples=[examples.CERTIFICATE_DN])
    operator: str = Field(examples=["Hôpital des Ormes"])
    updated_at: str = Field(examples=[examples.INSTANT])


class WhiteListOut(Out):
    variant: Variant
    generated_at: str = Field(examples=[examples.INSTANT])
    rows: list[WhiteListRow]


class WhiteListIn(In):
    domain: str = Field(examples=[_DOMAIN], description="A domain of some operator; it may have several rows.")
    certificate_dn: str = Field(examples=[_DN], min_length=3, max_length=1_000, description="The full subject, as in the file.")


class VariantIn(In):
    variant: Variant = Field(examples=["stale"], description="stale is also what the MX port then applies: 451 4.7.1.")


@public.get(
    "/listeblanchemssante.xml", responses={200: octets("application/xml", example=examples.WHITE_LIST), **refusing(Rule.STORE_UNAVAILABLE)}
)
async def white_list_file(core: CurrentCore) -> Response:
    """The white list as operators and clients fetch it."""
    return Response(await core.white_list.xml(), media_type="application/xml")


@public.get("/checksum", responses={200: octets("text/plain", example=examples.CHECKSUM), **refusing(Rule.STORE_UNAVAILABLE)})
async def white_list_checksum(core: CurrentCore) -> Response:
    """The SHA-256 of the white list in hexadecimal, without an end of line."""
    return Response(await core.white_list.checksum(), media_type="text/plain")


@router.get("/operators", responses={200: {"model": list[OperatorWithKey]}})
async def list_operators(core: CurrentCore) -> Response:
    """The operators of the trust space with their domains."""
    return Json([_shown_operator(core, row) for row in await operators.list_all(core.world)])


@router.post("/operators", status_code=201, responses={201: {"model": OperatorWithKey}, **refusing(Rule.CONFLICT)})
async def add_operator(core: CurrentCore, new: OperatorIn) -> Response:
    """Create an operator: one that is served here, or with `mx` one outside, which mail is carried to."""
    return Json(_shown_operator(core, await operators.add(core.world, NewOperator(**new.model_dump()))), status_code=201)


@router.patch("/operators/{name:path}", responses={200: {"model": OperatorWithKey}, **_FOUND})
async def change_operator(core: CurrentCore, name: OperatorName, changes: OperatorPatch) -> Response:
    """Change an operator's limits and ways."""
    values = changes.model_dump(exclude_unset=True)
    if "authentication" in values:
        values["authentication"] = frozenset(values["authentication"] or LogInBy)
    return Json(_shown_operator(core, await operators.change(core.world, name, **values)))


def _shown_operator(core: Core, row: Operator) -> dict[str, object]:
    return {**schemas.operator(row), "directory_key": key_of(core.world, row.name)}


@router.get("/white-list", responses={200: {"model": WhiteListOut}})
async def show_white_list(core: CurrentCore) -> Response:
    """The rows of the white list, and how it is published."""
    return Json(await _shown(core))


@router.post("/white-list", status_code=201, responses={201: {"model": WhiteListOut}, **_FOUND})
async def add_row(core: CurrentCore, row: WhiteListIn) -> Response:
    """Bind a certificate to a domain."""
    await core.white_list.add(row.domain, [row.certificate_dn])
    return Json(await _shown(core), status_code=201)


@router.delete("/white-list/{domain}", status_code=204, responses=_FOUND)
async def remove_rows(core: CurrentCore, domain: str, certificate_dn: str | None = Query(default=None)) -> Response:
    """Take a domain off the list; with `certificate_dn`, that certificate alone."""
    await core.white_list.remove(domain, certificate_dn)
    return Response(status_code=204)


@router.put("/white-list/variant", responses={200: {"model": WhiteListOut}})
async def choose_variant(core: CurrentCore, wanted: VariantIn) -> Response:
    """How the list is published: normal, stale, empty, under a wrong namespace, cut, or with the dirt of the public copies."""
    core.white_list.choose_variant(wanted.variant)
    return Json(await _shown(core))


async def _shown(core: CurrentCore) -> dict[str, object]:
    found = core.white_list
    rows = [
        {"domain": row.domain, "certificate_dn": row.certificate_dn, "operator": row.operator, "updated_at": iso(row.updated_at)}
        for row in await found.rows()
    ]
    return {"variant": found.variant, "generated_at": iso(found.generated_at), "rows": rows}
