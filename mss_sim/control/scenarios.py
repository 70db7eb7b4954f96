"""Scenarios over HTTP: the stories that ship, plays that go on step by step or at once, and recordings of what was done by hand."""

import asyncio
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Path, Query, Request
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from mss_sim.control.scenario_schemas import STORY, PlayIn, PlayOut, StoryOut, WholePlayOut
from mss_sim.core.assembly import Core
from mss_sim.errors import Refusal, Rule
from mss_sim.http import examples
from mss_sim.http.answers import CONTROL, octets, refusing, unsupported
from mss_sim.http.control import require_control
from mss_sim.http.dependencies import CurrentCore
from mss_sim.http.events import read_given_position
from mss_sim.http.faults import faults
from mss_sim.http.routes import strict_router
from mss_sim.http.shapes import Json
from mss_sim.scenarios import shelf
from mss_sim.words.sentence import say

if TYPE_CHECKING:
    from mss_sim.core.scenarios.plays import Play

router = strict_router(
    prefix="/control/scenarios",
    tags=["control: scenarios"],
    dependencies=[Depends(require_control)],
    responses=refusing(*CONTROL),
)
MEDIA_TYPE = "application/yaml"
_MEDIA_TYPES = say("Send application/yaml, or application/json.")
_YAML = frozenset({MEDIA_TYPE, "application/x-yaml", "text/yaml", "text/x-yaml"})
_FOUND = refusing(*CONTROL, Rule.NOT_FOUND)
_NEW = unsupported(_MEDIA_TYPES) | refusing(*CONTROL, Rule.NOT_FOUND, Rule.LIMIT_REACHED)
_EXAMPLE = """\
title: A letter that is read
actors: {doctor: camille.martin, hospital: paul.durand}
steps:
  - en: The hospital doctor writes
    actor: hospital
    send: {to: doctor, subject: Compte rendu}
    as: report
  - en: The letter comes
    wait: {letter: report, mailbox: doctor}
"""
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/PlayIn"}},
            MEDIA_TYPE: {"schema": {"type": "string"}, "example": _EXAMPLE},
        },
    }
}
PlayId = Annotated[str, Path(max_length=40, examples=[examples.ID])]
Story = Annotated[str, Path(max_length=64, description="Name of a story.", examples=[STORY])]


def _story(name: str) -> bytes:
    try:
        return shelf.octets(name)
    except KeyError:
        detail = say("There is no story {name}; there are {names}.", name=name[:64], names=", ".join(shelf.names()))
        raise Refusal(Rule.NOT_FOUND, detail, subject=name[:64], reference="quirks#scenarios") from None


def _shown(core: Core, play: "Play", status: int = 200) -> Response:
    from mss_sim.control import scenario_views  # noqa: PLC0415 - loaded with the first scenario

    return Json(scenario_views.whole(core.world, play), status_code=status)


@router.get("/stories", responses={200: {"model": list[StoryOut]}})
async def list_stories(_core: CurrentCore) -> Response:
    """The stories that ship, each with what its steps tell."""
    from mss_sim.control import scenario_views  # noqa: PLC0415 - loaded with the first scenario

    return Json(await asyncio.to_thread(scenario_views.stories))


@router.get("/stories/{story}", responses={200: octets(MEDIA_TYPE, example=_EXAMPLE), **_FOUND})
async def get_story(_core: CurrentCore, story: Story) -> Response:
    """The file of a story, to be read, changed and played."""
    return Response(_story(story), media_type=MEDIA_TYPE)


@router.get("/recording", responses={200: octets(MEDIA_TYPE, example=_EXAMPLE), **refusing(*CONTROL, Rule.LIMIT_REACHED, Rule.NOT_FOUND)})
async def get_recording(
    core: CurrentCore,
    after: Annotated[
        str | None, Query(max_length=20, description="`cursor` of a wait: what was done since; none: all.", examples=["0"])
    ] = None,
) -> Response:
    """What was done by hand, at whatever door, as a scenario file that can be played again; read from the journal and the letters."""
    place = await read_given_position(core, after, "after") if after else 0
    from mss_sim.core.scenarios import journal_as_scenario  # noqa: PLC0415 - loaded with the first scenario

    return Response(await journal_as_scenario.record(core.world, place), media_type=MEDIA_TYPE)


@router.get("", responses={200: {"model": list[PlayOut]}})
async def list_plays(core: CurrentCore) -> Response:
    """The plays that are kept, the oldest first."""
    from mss_sim.control import scenario_views  # noqa: PLC0415 - loaded with the first scenario

    return Json([scenario_views.summary(core.world, one) for one in core.plays().all()])


@router.post("", status_code=201, responses={201: {"model": WholePlayOut}, **_NEW}, openapi_extra=_BODY)
async def begin_play(
    request: Request,
    core: CurrentCore,
    at_once: Annotated[bool, Query(description="Play it to its end, and answer then.", examples=[False])] = False,
) -> Response:
    """Begin a play of a story that ships, or of a file: sent as it is (`application/yaml`), or in JSON.

    No step is played until `next` is asked for, unless it is played at once. Actors who are `like` somebody are made now.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in _YAML:
        raw = await _body(request, core)
    elif kind == "application/json":
        raw, wanted = await _asked(request)
        at_once = at_once or wanted
    else:
        raise HTTPException(415, _MEDIA_TYPES)
    play = await core.plays().begin(await core.plays().read(raw))
    if at_once:
        await core.plays().play_next(play, rest=True)
    return _shown(core, play, 201)


async def _body(request: Request, core: Core) -> bytes:
    """A file as it was sent, given up as soon as it is too large."""
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        chunks.append(chunk)
        if size > core.world.settings.scenarios.file_size_bytes_max:
            break
    return b"".join(chunks)


async def _asked(request: Request) -> tuple[bytes, bool]:
    try:
        asked = PlayIn.model_validate_json(await request.body())
    except ValidationError as error:
        raise Refusal(Rule.INVALID, say("Correct the request: {faults}.", faults=faults(error.errors()))) from error
    if (asked.story is None) == (asked.file is None):
        raise Refusal(Rule.INVALID, say("Give one of the two: story, the name of one that ships, or file, the text of one."))
    return (_story(asked.story) if asked.story is not None else (asked.file or "").encode()), asked.at_once


@router.get("/{play_id}", responses={200: {"model": WholePlayOut}, **_FOUND})
async def get_play(core: CurrentCore, play_id: PlayId) -> Response:
    """One play, with the outcome of each step."""
    return _shown(core, core.plays().one(play_id))


@router.post("/{play_id}/next", responses={200: {"model": WholePlayOut}, **_FOUND, **refusing(Rule.CONFLICT)})
async def play_next(
    core: CurrentCore,
    play_id: PlayId,
    rest: Annotated[bool, Query(description="All steps that are left, until one fails.", examples=[False])] = False,
) -> Response:
    """Play the next step; the answer comes when it is played."""
    play = core.plays().one(play_id)
    await core.plays().play_next(play, rest=rest)
    return _shown(core, play)


@router.delete("/{play_id}", status_code=204, responses=_FOUND)
async def remove_play(core: CurrentCore, play_id: PlayId) -> Response:
    """Keep a play no longer; what it did to the world stays."""
    core.plays().remove(play_id)
    return Response(status_code=204)
