"""Documents made for a patient and a professional of the world, ready to be sent: right ones, and the negative set."""

import base64
from typing import Annotated

from fastapi import Depends
from pydantic import Field, StringConstraints
from starlette.responses import Response

from mss_sim.core.control import documents_on_demand
from mss_sim.core.control.documents_on_demand import Wanted
from mss_sim.errors import Rule
from mss_sim.http.answers import CONTROL, CONTROL_IN_MEMORY, refusing
from mss_sim.http.control import require_control
from mss_sim.http.dependencies import CurrentCore
from mss_sim.http.routes import strict_router
from mss_sim.http.shapes import In, Json, Out
from mss_sim.vocabulary.documents import CdaLevel
from mss_sim.vocabulary.mail import XDM_NAME

router = strict_router(
    prefix="/control/documents",
    tags=["control: letters"],
    dependencies=[Depends(require_control)],
    responses=refusing(*CONTROL, Rule.NOT_FOUND),
)
_TYPES_MAX = 20
_LINES_MAX = 200
_LIAISON = "11490-0"
_Code = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9._-]+$")]
_Idnat = Annotated[str, StringConstraints(min_length=1, max_length=100)]
_Line = Annotated[str, StringConstraints(max_length=1_000, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]


class DocumentsIn(In):
    """What to make."""

    types: Annotated[list[_Code], Field(min_length=1, max_length=_TYPES_MAX)] = Field(
        default=[_LIAISON], description="Types of the national list JDV_J07, one for each document.", examples=[[_LIAISON]]
    )
    level: CdaLevel = Field(default=CdaLevel.N3, description="N1: the CDA holds a PDF; N3: it holds a section.", examples=[CdaLevel.N3])
    patient: _Idnat | None = Field(default=None, description="IdNat of a patient of the world; none: that of the samples.", examples=[None])
    author: _Idnat | None = Field(default=None, description="IdNat of who signs; none: a doctor of the samples.", examples=["899700420013"])
    text: Annotated[list[_Line], Field(max_length=_LINES_MAX)] = Field(
        default=[], description="What the documents say, paragraph by paragraph.", examples=[["Tout va bien."]]
    )
    flaw: Annotated[str, StringConstraints(max_length=60)] | None = Field(
        default=None, description="The one thing that is broken, by its name.", examples=["hash-wrong"]
    )


class MadeFileOut(Out):
    filename: str = Field(examples=[XDM_NAME])
    content_type: str = Field(examples=["application/zip"])
    content_base64: str = Field(examples=["UEsDBA=="])


class MadeOut(Out):
    """What a letter says and carries: fields of `POST /api/v1/mailboxes/{address}/messages`, to which recipients are added."""

    subject: str
    headers: dict[str, str] = Field(examples=[{"X-MSS-CODECDA": _LIAISON, "X-MSS-INS": "O", "X-MSS-NIL": "MSS-SIM"}])
    attachments: list[MadeFileOut]
    finding: str | None = Field(examples=["xdm.hash-mismatch"])
    """The code of the finding that a diagnosis tells of the flaw; null where nothing is broken."""


class FlawOut(Out):
    name: str = Field(examples=["hash-wrong"])
    finding: str = Field(examples=["xdm.hash-mismatch"])


class MakeableOut(Out):
    """What can be made."""

    types: dict[str, str] = Field(examples=[{_LIAISON: "Lettre de liaison à la sortie d'un établissement de soins"}])
    """Names of the types by their codes."""
    flaws: list[FlawOut]


@router.get("", responses={200: {"model": MakeableOut}, **refusing(*CONTROL_IN_MEMORY)})
async def list_makeable() -> Response:
    """The types of documents that can be made, and the flaws, each with the code of its finding."""
    from mss_sim.documents import value_sets  # noqa: PLC0415 - most worlds make no documents
    from mss_sim.documents.making.flaws import FLAWS  # noqa: PLC0415

    return Json(
        {
            "types": {code: name for (_, code), name in value_sets.types().names.items()},
            "flaws": [{"name": name, "finding": flaw.code} for name, flaw in FLAWS.items()],
        }
    )


@router.post("", responses={200: {"model": MadeOut}})
async def make_documents(core: CurrentCore, wanted: DocumentsIn) -> Response:
    """Make documents: an archive IHE_XDM and a PDF for each, with subject and fields of the letter. Nothing is sent."""
    asked = Wanted(wanted.types, wanted.level, wanted.patient, wanted.author, wanted.text, wanted.flaw)
    parcel, finding = await documents_on_demand.make(core.world, asked)
    attachments = [
        {"filename": one.name, "content_type": one.content_type, "content_base64": base64.b64encode(one.octets).decode("ascii")}
        for one in parcel.attachments
    ]
    return Json({"subject": parcel.subject, "headers": parcel.headers, "attachments": attachments, "finding": finding})
