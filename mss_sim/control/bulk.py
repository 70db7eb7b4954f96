"""Many people at once: made by numbers, or read out of a file that somebody sends."""

import asyncio
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from typing import IO, Annotated

from fastapi import Depends, Query, Request
from starlette.responses import Response

from mss_sim.control import bulk_schemas as schemas
from mss_sim.control import import_rows
from mss_sim.core.control import generate
from mss_sim.core.control.fictional_letters import NetworkLetters
from mss_sim.core.control.importing import Import
from mss_sim.core.control.many import NewRow, RowRefused
from mss_sim.errors import Refusal, Rule
from mss_sim.http import examples, problems, tables
from mss_sim.http.answers import CONTROL, refusing
from mss_sim.http.control import require_control
from mss_sim.http.dependencies import CurrentCore
from mss_sim.http.routes import strict_router
from mss_sim.http.shapes import Json
from mss_sim.http.tables import TableError
from mss_sim.vocabulary.bulk import Stage, Undertaking
from mss_sim.words.sentence import sentence_of

router = strict_router(
    prefix="/control",
    tags=["control: many people"],
    dependencies=[Depends(require_control)],
    responses=refusing(*CONTROL),
)
_BUSY = refusing(Rule.CONFLICT)
_GENERATING = _BUSY | refusing(*CONTROL, Rule.DOMAIN_OUTSIDE)
_IMPORTING = _BUSY | refusing(*CONTROL, Rule.LIMIT_REACHED)
_IN_MEMORY_BYTES = 1 << 20
_FILE = {
    "required": True,
    "content": {
        "application/x-ndjson": {"schema": {"type": "string", "format": "binary"}, "example": examples.IMPORT_NDJSON},
        "text/csv": {"schema": {"type": "string", "format": "binary"}, "example": examples.IMPORT_CSV},
    },
}


@router.get("/bulk", responses={200: {"model": schemas.ProgressOut}})
async def get_progress(core: CurrentCore) -> Response:
    """How far it is, what is made or imported now."""
    now = core.bulk.progress
    return Json({name: getattr(now, name, None) for name in ("what", "stage", "done", "total")})


@router.post("/generate", responses={200: {"model": schemas.GenerationOut}, **_GENERATING})
async def generate_people(core: CurrentCore, wanted: schemas.GenerationIn) -> Response:
    """Add a fictional network: operators, people, mailboxes, letters among them.

    The same numbers give the same people. People who are there already stay as they are.
    """
    counts = wanted.counts()
    with core.bulk.turn(Undertaking.GENERATION, Stage.OPERATORS) as progress:
        made = await generate.generate(core.world, counts, progress)
        if wanted.letters:
            made.letters = await NetworkLetters(core.world, core.submission, counts).send(wanted.letters, progress)
    return Json({**asdict(made), "samples": generate.samples(counts)})


@router.post("/import", responses={200: {"model": schemas.ImportOut}, **_IMPORTING}, openapi_extra={"requestBody": _FILE})
async def import_people(
    request: Request,
    core: CurrentCore,
    partial: Annotated[bool, Query(description="Import the rows that are right, though others are not.", examples=[True])] = False,
) -> Response:
    """Read people and mailboxes out of a file: one JSON object a line, or comma-separated values under a line of names.

    Rows that cannot be are told by their lines, and nothing is imported then, unless `partial` is asked for.
    """
    core.bulk.check()
    with tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES) as file:
        async for piece in request.stream():
            await asyncio.to_thread(file.write, piece)
        chars, size = core.world.settings.bulk.row_chars_max, file.tell()
        with core.bulk.turn(Undertaking.IMPORT, Stage.CHECKING, size) as progress:
            done = await Import(core.world, lambda: _rows(file, chars), progress, size, file.tell).run(partly=partial)
    language = core.world.settings.language
    refused = problems.rows([(one.line, one.refusal) for one in done.errors], language)
    counted = {"rows": done.rows, "identities": done.identities, "mailboxes": done.mailboxes, "refused": done.refused}
    return Json({**counted, "errors": refused})


def _rows(file: IO[bytes], row_chars: int) -> Iterator[NewRow | RowRefused]:
    """The rows of a file; where nothing more can be told apart, that is the last one."""
    try:
        for row in tables.read(file, import_rows.column, row_chars):
            try:
                yield import_rows.new_row(row)
            except Refusal as refusal:
                yield RowRefused(row.line, refusal)
    except TableError as error:
        yield RowRefused(error.line, Refusal(Rule.INVALID, sentence_of(error), reference="quirks#import-files"))
