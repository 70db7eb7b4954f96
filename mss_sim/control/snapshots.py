"""Whole worlds kept under names: saved, gone back to, compared, carried away and brought in."""

from enum import StrEnum
from typing import Annotated, Any

from fastapi import Depends, Path, Query, Request
from pydantic import Field, StringConstraints
from starlette.responses import FileResponse, Response

from mss_sim.control.seeds import archived
from mss_sim.core.assembly import Core
from mss_sim.core.control import snapshots, world_as_seed
from mss_sim.core.control.seed_formats import ARCHIVE
from mss_sim.core.control.snapshots import NOW, SESSIONS, About, Difference, Shelf, Snapshot
from mss_sim.errors import Refusal, Rule
from mss_sim.http import examples
from mss_sim.http.answers import CONTROL, octets, refusing
from mss_sim.http.control import require_control
from mss_sim.http.dependencies import CurrentCore
from mss_sim.http.hosted import hosted
from mss_sim.http.routes import strict_router
from mss_sim.http.shapes import Flag, In, Json, OneLine, Out
from mss_sim.words.sentence import say

router = strict_router(
    prefix="/control/snapshots",
    tags=["control: worlds and snapshots"],
    dependencies=[Depends(require_control)],
    responses=refusing(*CONTROL),
)
_NAME = "before-closure"
_MEDIA_TYPE = "application/zip"
_FOUND = refusing(*CONTROL, Rule.NOT_FOUND)
_NEW = refusing(Rule.CONFLICT, Rule.LIMIT_REACHED, *CONTROL)


class SnapshotForm(StrEnum):
    """How a snapshot is carried away."""

    SNAPSHOT = "snapshot"
    SEED = "seed"


Name = Annotated[str, Path(max_length=64, description="Name of a snapshot.", examples=[_NAME])]

Replace = Annotated[bool, Query(description="Whether one of that name may be written over.", examples=[True])]


class SnapshotIn(In):
    """A world to keep."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=64)] = Field(
        description="Letters, digits, points, hyphens, underscores; not now.", examples=[_NAME]
    )
    note: OneLine = Field(default="", examples=["the patient has asked, nobody has answered"])
    replace: Flag = Field(default=False, description="Whether one of that name may be written over.", examples=[True])
    evidence: Flag = Field(default=False, description="Whether it takes along what was said on connections.", examples=[True])


class SnapshotOut(Out):
    """A world that is kept."""

    name: str = Field(examples=[_NAME])
    note: str
    made_at: str = Field(examples=[examples.INSTANT])
    """On the machine's clock."""
    world_at: str = Field(examples=[examples.INSTANT])
    """How late it was in the world."""
    program: str = Field(examples=["0.1.0"])
    """The version that saved it."""
    seed: str | None
    """What a reset of a world that begins with it plants."""
    size_bytes: int
    counts: dict[str, int]
    settings: dict[str, Any]
    """Those that were not the defaults."""
    evidence: bool
    """Whether it has what was said on connections, which a restore then puts back."""
    restorable: bool
    """Whether this world can go back to it; else it is of other authorities, and a world can begin with it."""


class DifferenceOut(Out):
    """What differs of one subject: each thing by what it is known.

    People by their idNat, mailboxes by their address, letters and grants by the mailbox and their id there, settings by their name.
    """

    added: list[list[str]]
    removed: list[list[str]]
    changed: list[list[str]]
    added_count: int
    """Of all; at most a thousand are named."""
    removed_count: int
    changed_count: int


def _shelf(core: Core) -> Shelf:
    if core.snapshots is None:
        raise Refusal(Rule.NOT_FOUND, say("This world keeps no snapshots."), reference="quirks#snapshots")
    return core.snapshots


def _shown(core: Core, one: Snapshot) -> dict[str, object]:
    about = one.manifest
    return {
        "name": one.name,
        "note": about.note,
        "made_at": about.made_at,
        "world_at": about.world_at,
        "program": about.program,
        "seed": about.seed,
        "size_bytes": one.size_bytes,
        "counts": about.counts,
        "settings": about.settings,
        "evidence": SESSIONS in about.counts,
        "restorable": about.root == snapshots.root_of(core.authorities.ca_file),
    }


@router.get("", responses={200: {"model": list[SnapshotOut]}})
async def list_snapshots(core: CurrentCore) -> Response:
    """The snapshots that are kept, by name; all worlds of the process see the same ones."""
    return Json([_shown(core, one) for one in await _shelf(core).all()])


@router.post("", status_code=201, responses={201: {"model": SnapshotOut}, **_NEW})
async def save_snapshot(request: Request, core: CurrentCore, new: SnapshotIn) -> Response:
    """Keep the world as it is now: database, keys, certificates, clock, what waits, faults. Letters under way are kept as waiting."""
    about = About(new.note, hosted(request).seed, new.evidence)
    made = await snapshots.save(core.world, _shelf(core), new.name, about, replace=new.replace)
    return Json(_shown(core, made), status_code=201)


@router.get("/{snapshot}", responses={200: {"model": SnapshotOut}, **_FOUND})
async def get_snapshot(core: CurrentCore, snapshot: Name) -> Response:
    """One snapshot."""
    return Json(_shown(core, await _shelf(core).one(snapshot)))


@router.delete("/{snapshot}", status_code=204, responses=_FOUND)
async def delete_snapshot(core: CurrentCore, snapshot: Name) -> Response:
    """Keep it no longer; worlds that began with it go on."""
    await _shelf(core).remove(snapshot)
    return Response(status_code=204)


@router.post("/{snapshot}/restore", status_code=204, responses={**_FOUND, **refusing(Rule.CONFLICT)})
async def restore_snapshot(core: CurrentCore, snapshot: Name) -> Response:
    """Go back to it: all is as it was, letters that came since are gone, SMTP and IMAP clients are told to connect again."""
    await core.restore(await _shelf(core).one(snapshot))
    return Response(status_code=204)


@router.get("/{snapshot}/differences", responses={200: {"model": dict[str, DifferenceOut]}, **_FOUND})
async def compare_snapshots(
    request: Request,
    core: CurrentCore,
    snapshot: Name,
    to: Annotated[str, Query(max_length=64, description="A later one; now: the world as it is.", examples=[NOW])] = NOW,
) -> Response:
    """What differs in people, mailboxes, letters, grants and settings."""
    shelf = _shelf(core)
    earlier = await shelf.one(snapshot)
    if to != NOW:
        return Json(_differences(await snapshots.compare(earlier, await shelf.one(to))))
    async with snapshots.as_it_is(core.world, shelf, hosted(request).seed) as now:
        return Json(_differences(await snapshots.compare(earlier, now)))


def _differences(found: dict[str, Difference]) -> dict[str, object]:
    return {subject: {name: getattr(one, name) for name in Difference.__slots__} for subject, one in found.items()}


@router.get("/{snapshot}/file", responses={200: octets(_MEDIA_TYPE, example="PK…"), **_FOUND})
async def export_snapshot(
    core: CurrentCore,
    snapshot: Name,
    form: Annotated[
        SnapshotForm, Query(description="seed: as a folder that people can read, in a zip.", examples=["seed"])
    ] = SnapshotForm.SNAPSHOT,
) -> Response:
    """The snapshot as one file, to be brought into another simulator; it holds keys and letters. As a seed, what people can read of it."""
    found = await _shelf(core).one(snapshot)
    if form is SnapshotForm.SEED:
        return await archived(await world_as_seed.of_snapshot(core.world, found), f"{found.name}{ARCHIVE}")
    return FileResponse(found.file, media_type=_MEDIA_TYPE, filename=found.file.name)


@router.put(
    "/{snapshot}/file",
    status_code=201,
    responses={201: {"model": SnapshotOut}, **_NEW},
    openapi_extra={"requestBody": {"content": {_MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}, "example": "PK…"}}}},
)
async def import_snapshot(request: Request, core: CurrentCore, snapshot: Name, *, replace: Replace = False) -> Response:
    """Keep such a file under a name. What is no snapshot is refused, and nothing of it is kept."""
    made = await _shelf(core).take_in(snapshot, request.stream(), replace=replace)
    return Json(_shown(core, made), status_code=201)
