"""One letter: its texts and files, its header, its octets, a part. `latest` in the place of an id means the newest one."""

import asyncio
from typing import Annotated
from urllib.parse import quote

from fastapi import Depends, Path, Query
from starlette.responses import Response

from mss_sim.core.control import mail_catcher
from mss_sim.errors import Refusal, Rule
from mss_sim.http import examples
from mss_sim.http.answers import octets
from mss_sim.http.dependencies import CurrentCore, read_id
from mss_sim.http.shapes import Json
from mss_sim.mail.mime import content
from mss_sim.mailpit import answers, schemas, views
from mss_sim.mailpit.queries import read_query
from mss_sim.words.sentence import say

LATEST = "latest"
_UNTRUSTED = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox"}
"""A browser shows what a letter brings as what it says to be, and lets it do nothing."""
router = answers.router()
_HEADERS = {"application/json": {"schema": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}}}}
_HEADERS["application/json"]["example"] = {"From": [examples.DOCTOR], "Subject": ["Compte rendu"]}


async def get_letter_id(
    core: CurrentCore,
    wanted: Annotated[str, Path(alias="ID", description="`ID` of a letter, or `latest`.", examples=[LATEST])],
    query: Annotated[str, Query(max_length=4_000, description="With `latest`: the newest that matches.", examples=["compte"])] = "",
    tz: Annotated[str | None, Query(max_length=100, description="As for a search.", examples=["Europe/Paris"])] = None,
) -> int:
    """The letter that a path means; Refusal(NOT_FOUND) when there is none."""
    if wanted != LATEST:
        return read_id(wanted)
    return await mail_catcher.latest(core.world, read_query(query, tz) if query.strip() else [])


LetterId = Annotated[int, Depends(get_letter_id)]


@router.get("/message/{ID}", responses={200: {"model": schemas.MailpitMessage}, **answers.may_be_missing()})
async def get_letter(core: CurrentCore, letter_id: LetterId) -> Response:
    """One letter with its texts and files; it is marked read, which no mailbox sees."""
    letter, raw = await mail_catcher.open_letter(core.world, letter_id)
    return Json(await asyncio.to_thread(views.message, letter, raw))


@router.get("/message/{ID}/headers", responses={200: {"content": _HEADERS}, **answers.may_be_missing()})
async def get_headers(core: CurrentCore, letter_id: LetterId) -> Response:
    """The header of a letter: by name, in the order of the names, the values as they came."""
    _, raw = await mail_catcher.look(core.world, letter_id)
    return Json(await asyncio.to_thread(views.headers, raw))


@router.get("/message/{ID}/raw", responses={200: octets("text/plain", example=examples.RAW), **answers.may_be_missing()})
async def get_raw(
    core: CurrentCore,
    letter_id: LetterId,
    dl: Annotated[str | None, Query(max_length=10, description="`1`: as a file to keep.", examples=["1"])] = None,
) -> Response:
    """The octets of a letter, as they are kept."""
    letter, raw = await mail_catcher.look(core.world, letter_id)
    name = views.name_of(letter)
    kept = {"Content-Disposition": f'attachment; filename="{name}.eml"'} if dl == "1" else {}
    return Response(raw, media_type="text/plain", headers=_UNTRUSTED | kept)


@router.get(
    "/message/{ID}/part/{PartID}",
    responses={200: octets("application/octet-stream", "*/*", example="%PDF-1.7"), **answers.may_be_missing()},
)
async def get_part(
    core: CurrentCore,
    letter_id: LetterId,
    part_id: Annotated[str, Path(alias="PartID", description="`PartID` of a file of the letter.", examples=["2"])],
) -> Response:
    """The decoded content of a file of a letter, as the type that the letter says."""
    letter, raw = await mail_catcher.look(core.world, letter_id)
    for leaf in letter.summary.leaves:
        if leaf["number"] == part_id and leaf["attachment"]:
            name = quote(leaf["filename"] or (leaf["content_id"] or "").strip("<>"), safe="")
            shown = {"Content-Type": leaf["type"], "Content-Disposition": f'inline; filename="{name}"'}
            return Response(content(raw, leaf["start"], leaf["end"], leaf["encoding"]), headers=_UNTRUSTED | shown)
    detail = say("This letter has no part {part}; Attachments and Inline list those that it has.", part=part_id[:20])
    raise Refusal(Rule.NOT_FOUND, detail, reference="quirks#mailpit")
