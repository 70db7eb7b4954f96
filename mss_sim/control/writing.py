"""Who may write to whom, seen from outside: the facts of pharmacies, and the verdict about any two addresses."""

from datetime import date
from typing import Annotated

from fastapi import Depends, Query
from pydantic import BeforeValidator, Field
from starlette.responses import Response

from mss_sim.clock import to_datetime
from mss_sim.core.conversations import explanations, pharmacy_dispensings
from mss_sim.core.world.store_types import Dispensation
from mss_sim.errors import Rule
from mss_sim.http import examples
from mss_sim.http.answers import CONTROL, refusing
from mss_sim.http.control import require_control
from mss_sim.http.dependencies import CurrentCore
from mss_sim.http.routes import strict_router
from mss_sim.http.shapes import In, Json, OneLine, Out, written
from mss_sim.http.writing import WritingOut, read_address, writing

router = strict_router(
    prefix="/control",
    tags=["control: who may write"],
    dependencies=[Depends(require_control)],
    responses=refusing(*CONTROL),
)
_ORGANISATION = "1750990012"


class DispensationIn(In):
    """Medicines were dispensed to a patient."""

    patient: OneLine = Field(description="idNat, login or address.", examples=[examples.PATIENT])
    organisation: OneLine = Field(description="idNat of the organisation.", examples=[_ORGANISATION])
    day: Annotated[date, BeforeValidator(written)] | None = Field(
        default=None, alias="date", description="Today by default.", examples=["2026-01-05"]
    )


class DispensationOut(Out):
    patient: str = Field(examples=["285037511300167"])
    organisation: str = Field(examples=[_ORGANISATION])
    date: str = Field(examples=["2026-01-05"])


def _dispensation(row: Dispensation) -> dict[str, str]:
    return {"patient": row.patient_idnat, "organisation": row.organisation_idnat, "date": to_datetime(row.at).date().isoformat()}


@router.get("/dispensations", responses={200: {"model": list[DispensationOut]}})
async def list_dispensations(core: CurrentCore) -> Response:
    """When medicines were last dispensed, for each patient and organisation."""
    return Json([_dispensation(row) for row in await pharmacy_dispensings.list_all(core.world)])


@router.post("/dispensations", status_code=201, responses={201: {"model": DispensationOut}, **refusing(Rule.NOT_FOUND)})
async def record_dispensation(core: CurrentCore, new: DispensationIn) -> Response:
    """Record that medicines were dispensed, in the place of what was recorded before for the two."""
    row = await pharmacy_dispensings.record(core.world, new.patient, new.organisation, new.day)
    return Json(_dispensation(row), status_code=201)


@router.get("/why-not", responses={200: {"model": WritingOut}})
async def explain_writing(
    core: CurrentCore,
    from_: Annotated[str, Query(alias="from", max_length=320, description="Who would write.", examples=[examples.PATIENT])],
    to: Annotated[str, Query(max_length=320, description="Whom they would write to.", examples=[examples.PRACTICE])],
) -> Response:
    """Whether a new letter from one address to the other would be taken, and why; any two addresses."""
    return Json(writing(core.world, await explanations.why_not_any(core.world, read_address(from_), read_address(to))))
