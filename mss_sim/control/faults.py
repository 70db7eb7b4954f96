"""Faults in the control plane: rules set, read with their counts, lifted; troubles of the field by name."""

from typing import Annotated, Any

from fastapi import Body, Depends, Path
from pydantic import Field, StringConstraints
from starlette.responses import Response

from mss_sim.clock import iso
from mss_sim.core.control import setting_faults
from mss_sim.errors import Rule
from mss_sim.faults import actions
from mss_sim.faults.faults import KeptRule
from mss_sim.faults.presets import PRESETS
from mss_sim.faults.rules import Match
from mss_sim.http import examples
from mss_sim.http.answers import CONTROL_IN_MEMORY, refusing
from mss_sim.http.control import require_control
from mss_sim.http.dependencies import CurrentCore
from mss_sim.http.routes import strict_router
from mss_sim.http.shapes import In, Json, OneLine, Out, Seconds, Whole
from mss_sim.vocabulary.faults import DropMoment, FaultKind, Point, PresetName
from mss_sim.vocabulary.language import Language
from mss_sim.vocabulary.trust import ServiceBehaviour

router = strict_router(
    prefix="/control/faults",
    tags=["control: faults"],
    dependencies=[Depends(require_control)],
    responses=refusing(*CONTROL_IN_MEMORY),
)
_FOUND = refusing(Rule.NOT_FOUND)
_LIMITED = refusing(Rule.INVALID, Rule.LIMIT_REACHED)
_TO_PATIENTS = "*@patient.mssante.fr"
Preset = Annotated[PresetName, Path(examples=[PresetName.PSC_SLOW])]
RuleId = Annotated[str, Path(examples=[examples.ID])]
Number = Annotated[Seconds, Field(allow_inf_nan=False)]
Word = Annotated[str, StringConstraints(max_length=40)]


class MatchIn(In):
    """When; what is left out is not looked at. Patterns are a value, or have one `*`."""

    address: OneLine | None = Field(default=None, description="Sender, recipient or mailbox; at dns the name.", examples=[_TO_PATIENTS])
    sender: OneLine | None = Field(default=None, examples=[None])
    recipient: OneLine | None = Field(default=None, examples=[None])
    identity: OneLine | None = Field(default=None, description="Login or idNat of who asks.", examples=[None])
    client: OneLine | None = Field(default=None, description="IP address of the client.", examples=[None])
    verb: OneLine | None = Field(
        default=None, description="Command, HTTP method, endpoint of Pro Santé Connect, kind of record.", examples=["RCPT"]
    )
    path: OneLine | None = Field(
        default=None, description="At rest: a template such as /api/v1/mailboxes/{address}/messages.", examples=[None]
    )
    folder: OneLine | None = Field(default=None, description="At imap: name, or special use such as \\Sent.", examples=[None])
    size_min: Whole | None = Field(default=None, examples=[None])
    size_max: Whole | None = Field(default=None, description="Bytes of the letter, request or response.", examples=[None])


class ActionIn(In):
    """What; each kind takes its own fields, see the guide."""

    kind: FaultKind
    code: Annotated[str, StringConstraints(max_length=20)] | Whole | None = Field(
        default=None, description="`451`, `NO`, `503`, `SERVFAIL`: as the point speaks.", examples=["451"]
    )
    status: OneLine | None = Field(default=None, description="Enhanced status of SMTP, response code of IMAP.", examples=["4.3.2"])
    text: OneLine | None = Field(default=None, examples=["down for an hour"])
    seconds: Number | None = Field(default=None, examples=[None])
    bytes_per_second: Whole | None = Field(default=None, examples=[None])
    moment: DropMoment | None = Field(default=None, examples=[None])
    after_bytes: Whole | None = Field(default=None, examples=[None])
    words: list[Word] | None = Field(default=None, max_length=50, examples=[None])
    behaviour: ServiceBehaviour | None = Field(default=None, examples=[None])


class FaultIn(In):
    """A rule."""

    point: Point = Field(examples=[Point.MX])
    match: MatchIn = Field(default_factory=MatchIn)
    action: ActionIn = Field(examples=[{"kind": "reply", "code": "451", "status": "4.3.2", "text": "down for an hour"}])
    nth: Whole = Field(default=1, description="The matching occurrence at which it begins.")
    count: Whole | None = Field(default=1, description="How often it fires; null: as often as it matches, while it lives.")
    seconds: Number | None = Field(
        default=None, description="How long it lives, on the world's clock; null: as the setting says.", examples=[600.0]
    )


class FaultOut(Out):
    """A rule with its counts."""

    id: str = Field(examples=[examples.ID])
    """Stands in the answer that it changes."""
    point: Point
    match: dict[str, Any] = Field(examples=[{"verb": "RCPT", "address": _TO_PATIENTS}])
    action: dict[str, Any] = Field(examples=[{"kind": "reply", "code": "451", "status": "4.3.2", "text": "down for an hour"}])
    nth: int
    count: int | None
    made_at: str = Field(examples=[examples.INSTANT])
    ends_at: str = Field(examples=[examples.INSTANT])
    seen: int
    """How often it matched."""
    fired: int
    left: int | None
    """How often it fires yet; null: as often as it matches."""
    ended: bool
    """Whether it will never fire again."""


class PresetOut(Out):
    """A trouble of the field."""

    name: PresetName
    does: str = Field(examples=["Pro Sante Connect answers late."])
    takes: dict[str, Any] = Field(examples=[{"seconds": 8.0}])
    """Its parameters with what they are when they are left out."""
    needs: list[str]
    """Those that must be given."""


class PresetIn(In):
    """Parameters of a preset; each takes some of them."""

    address: OneLine | None = Field(default=None, examples=[None])
    seconds: Number | None = Field(default=None, examples=[None])
    bytes_per_second: Whole | None = Field(default=None, examples=[None])
    letters: Annotated[Whole, Field(ge=0, le=100_000)] | None = Field(default=None, examples=[None])
    requests: Annotated[Whole, Field(ge=0, le=100_000)] | None = Field(default=None, examples=[None])
    after_bytes: Annotated[Whole, Field(ge=0, le=100_000_000)] | None = Field(default=None, examples=[None])
    count: Whole | None = Field(default=None, examples=[None])
    smtp_words: list[Word] | None = Field(default=None, max_length=50, examples=[None])
    imap_words: list[Word] | None = Field(default=None, max_length=50, examples=[None])
    lifetime_seconds: Number | None = Field(default=None, examples=[3_600.0])


def _shown(core: CurrentCore, kept: KeptRule) -> dict[str, object]:
    rule = kept.rule
    match = {name: value for name in Match.__slots__ if (value := getattr(rule.match, name)) is not None}
    return {
        "id": rule.id,
        "point": rule.point.value,
        "match": match,
        "action": actions.as_json(rule.action),
        "nth": rule.nth,
        "count": rule.count,
        "made_at": iso(rule.made_at),
        "ends_at": iso(rule.ends_at),
        "seen": kept.seen,
        "fired": kept.fired,
        "left": kept.left,
        "ended": kept.ended(core.world.clock.now()),
    }


@router.get("", responses={200: {"model": list[FaultOut]}})
async def list_faults(core: CurrentCore) -> Response:
    """The rules in the order in which they are asked, each with how often it matched and fired."""
    return Json([_shown(core, kept) for kept in core.world.faults.all()])


@router.post("", status_code=201, responses={201: {"model": FaultOut}, **_LIMITED})
async def add_fault(core: CurrentCore, new: FaultIn) -> Response:
    """Make a point fail: from the nth matching occurrence on, so many times, for so long. Never /control, never health."""
    given = new.action.model_dump(exclude_none=True, exclude={"kind"})
    if "code" in given:
        given["code"] = str(given["code"])
    action = actions.read(new.action.kind, given)
    match = Match(**new.match.model_dump())
    kept = setting_faults.add(core.world, new.point, action, match, nth=new.nth, count=new.count, seconds=new.seconds)
    return Json(_shown(core, kept), status_code=201)


@router.delete("", status_code=204)
async def remove_faults(core: CurrentCore) -> Response:
    """Lift all rules."""
    core.world.faults.forget()
    return Response(status_code=204)


@router.get("/presets", responses={200: {"model": list[PresetOut]}})
async def list_presets(_core: CurrentCore) -> Response:
    """Troubles of the field, each a few rules that are ready."""
    return Json(
        [
            {
                "name": name.value,
                "does": preset.does.in_language(Language.EN),
                "takes": {one: value for one, value in preset.takes.items() if value is not ...},
                "needs": [one for one, value in preset.takes.items() if value is ...],
            }
            for name, preset in PRESETS.items()
        ]
    )


@router.post("/presets/{name}", status_code=201, responses={201: {"model": list[FaultOut]}, **_LIMITED})
async def add_preset(core: CurrentCore, name: Preset, given: Annotated[PresetIn | None, Body()] = None) -> Response:
    """Set the rules of a preset, all or none."""
    values = given.model_dump(exclude_none=True) if given else {}
    return Json([_shown(core, kept) for kept in setting_faults.add_preset(core.world, name, values)], status_code=201)


@router.get("/{rule_id}", responses={200: {"model": FaultOut}, **_FOUND})
async def get_fault(core: CurrentCore, rule_id: RuleId) -> Response:
    """One rule with its counts."""
    return Json(_shown(core, core.world.faults.one(rule_id)))


@router.delete("/{rule_id}", status_code=204, responses=_FOUND)
async def remove_fault(core: CurrentCore, rule_id: RuleId) -> Response:
    """Lift a rule."""
    core.world.faults.remove(rule_id)
    return Response(status_code=204)
