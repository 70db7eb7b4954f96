"""Seeds of one's own: worlds in readable form, brought in, written down, carried away. The folder of a seed travels as a zip archive."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path as Place
from typing import Annotated, BinaryIO

from fastapi import Depends, Path, Query, Request
from pydantic import Field, StringConstraints
from starlette.responses import Response, StreamingResponse

from mss_sim.core.assembly import Core
from mss_sim.core.control import named_seeds as seeds
from mss_sim.core.control import seed_formats, uploaded_seeds, world_as_seed
from mss_sim.core.control.seed_formats import ARCHIVE, SeedFiles
from mss_sim.core.control.uploaded_seeds import KeptSeed
from mss_sim.errors import Refusal, Rule
from mss_sim.http.answers import CONTROL, octets, refusing
from mss_sim.http.control import require_control
from mss_sim.http.dependencies import CurrentCore
from mss_sim.http.routes import strict_router
from mss_sim.http.shapes import Flag, In, Json, Out
from mss_sim.words.sentence import say

router = strict_router(
    prefix="/control/seeds",
    tags=["control: worlds and snapshots"],
    dependencies=[Depends(require_control)],
    responses=refusing(*CONTROL),
)
MEDIA_TYPE = "application/zip"
_NAME = "lesson"
_NOW = "now"
"""In the place of a seed's name: the world as it is."""
_FOUND = refusing(*CONTROL, Rule.NOT_FOUND)
_NEW = refusing(Rule.CONFLICT, Rule.LIMIT_REACHED, Rule.NOT_FOUND, *CONTROL)
_PIECE_BYTES = 1 << 16
Name = Annotated[str, Path(max_length=64, description="Name of a seed of your own.", examples=[_NAME])]
Replace = Annotated[bool, Query(description="Whether one of that name may be written over.", examples=[True])]


class SeedOut(Out):
    """A seed that worlds can begin with."""

    name: str = Field(examples=[_NAME])
    ships: bool
    """Whether it comes with the simulator; the others were brought in, or written here."""
    size_bytes: int | None
    """Of its archive."""
    counts: dict[str, int] = Field(examples=[{"operators": 5, "identities": 16, "mailboxes": 8, "grants": 5, "letters": 0}])


class NewSeedIn(In):
    """The world as it is, or one of its snapshots, to be written as a seed."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=64)] = Field(
        description="Letters, digits, points, hyphens, underscores.", examples=[_NAME]
    )
    snapshot: str | None = Field(default=None, max_length=64, description="A snapshot instead of the world as it is.", examples=[None])
    replace: Flag = Field(default=False, description="Whether one of that name may be written over.", examples=[True])


def _shown(one: KeptSeed) -> dict[str, object]:
    return {"name": one.name, "ships": False, "size_bytes": one.size_bytes, "counts": dict(one.counts)}


def _shipped(name: str) -> dict[str, object]:
    return {"name": name, "ships": True, "size_bytes": None, "counts": uploaded_seeds.counts(seeds.load(name))}


@router.get("", responses={200: {"model": list[SeedOut]}})
async def list_seeds(core: CurrentCore) -> Response:
    """The seeds that worlds can begin with; all worlds of the process see the same ones."""
    return Json([*map(_shipped, seeds.shipped()), *map(_shown, await uploaded_seeds.every(core.world))])


@router.post("", status_code=201, responses={201: {"model": SeedOut}, **_NEW})
async def write_seed(core: CurrentCore, new: NewSeedIn) -> Response:
    """Keep the world as it is as a seed: people, mailboxes, grants, letters, by their names; not ids, keys, timelines or what waits."""
    uploaded_seeds.check_room(core.world, new.name, replace=new.replace)
    files = await (_told(core, new.snapshot) if new.snapshot is not None else world_as_seed.of_world(core.world))
    return Json(_shown(await uploaded_seeds.keep(core.world, new.name, files, replace=new.replace)), status_code=201)


async def _told(core: Core, snapshot: str) -> SeedFiles:
    if core.snapshots is None:
        raise Refusal(Rule.NOT_FOUND, say("This world keeps no snapshots."), reference="quirks#snapshots")
    return await world_as_seed.of_snapshot(core.world, await core.snapshots.one(snapshot))


@router.delete("/{seed}", status_code=204, responses=_FOUND)
async def delete_seed(core: CurrentCore, seed: Name) -> Response:
    """Keep it no longer; worlds that began with it go on, and cannot be reset to it."""
    await uploaded_seeds.remove(core.world, seed)
    return Response(status_code=204)


@router.get("/{seed}/file", responses={200: octets(MEDIA_TYPE, example="PK…"), **refusing(*CONTROL, Rule.NOT_FOUND, Rule.LIMIT_REACHED)})
async def export_seed(
    core: CurrentCore, seed: Annotated[str, Path(max_length=64, description="Name of a seed; now: the world as it is.", examples=[_NOW])]
) -> Response:
    """A seed as a zip archive of its folder: seed.toml, and one .eml file for each letter."""
    if seed == _NOW:
        return await archived(await world_as_seed.of_world(core.world), f"seed{ARCHIVE}")
    if seed in seeds.shipped():
        return await archived(seeds.find(core.world, seed), seed + ARCHIVE)
    file = await asyncio.to_thread(uploaded_seeds.archive(core.world, seed).open, "rb")
    return _sent(file, seed + ARCHIVE)


async def archived(files: SeedFiles, name: str) -> Response:
    """A seed as the archive that is sent."""

    def pack() -> BinaryIO:
        with tempfile.TemporaryDirectory() as folder:
            made = Place(folder) / "made"
            seed_formats.write_archive(files, made)
            return made.open("rb")  # it stays open when its name is gone

    return _sent(await asyncio.to_thread(pack), name)


def _sent(file: BinaryIO, name: str) -> Response:
    async def pieces() -> AsyncIterator[bytes]:
        with file:
            while piece := await asyncio.to_thread(file.read, _PIECE_BYTES):
                yield piece

    return StreamingResponse(pieces(), media_type=MEDIA_TYPE, headers={"Content-Disposition": f'attachment; filename="{name}"'})


@router.put(
    "/{seed}/file",
    status_code=201,
    responses={201: {"model": SeedOut}, **_NEW},
    openapi_extra={"requestBody": {"content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}, "example": "PK…"}}}},
)
async def import_seed(request: Request, core: CurrentCore, seed: Name, *, replace: Replace = False) -> Response:
    """Keep the zip archive of a seed under a name, for worlds to begin with. What is none is refused by file and line, and not kept."""
    return Json(_shown(await uploaded_seeds.take_in(core.world, seed, request.stream(), replace=replace)), status_code=201)
