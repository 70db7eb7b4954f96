"""Further worlds of this process: made in a moment, each with its own ports, people, time and troubles, and ended."""

from typing import Annotated, Any

from fastapi import Depends, Path, Request
from pydantic import Field, StringConstraints
from starlette.responses import Response

from mss_sim.clock import from_datetime, iso
from mss_sim.control.clock import ClockIn, check_pace
from mss_sim.core.control import named_seeds as seeds
from mss_sim.errors import Refusal, Rule
from mss_sim.http import examples
from mss_sim.http.answers import CONTROL, refusing
from mss_sim.http.control import require_control
from mss_sim.http.dependencies import CurrentCore
from mss_sim.http.hosted import hosted
from mss_sim.http.hosting import HostedWorld, Hosting, NewWorld
from mss_sim.http.routes import strict_router
from mss_sim.http.shapes import In, Json, Out, Seconds
from mss_sim.words.sentence import say

router = strict_router(
    prefix="/control/worlds",
    tags=["control: worlds and snapshots"],
    dependencies=[Depends(require_control)],
    responses=refusing(*CONTROL, Rule.NOT_FOUND),
)
_SNAPSHOT = "before-closure"
_NEW = refusing(*CONTROL, Rule.NOT_FOUND, Rule.CONFLICT, Rule.LIMIT_REACHED)
Called = Annotated[str, Path(max_length=100, description="Id or name of a world.", examples=["world-1"])]


class WorldIn(In):
    """A world to make; what is left out is as the first world began."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^\w[\w.:@\[\]-]*$")] | None = Field(
        default=None, description="A name of your own, such as that of a test.", examples=["test_a_doctor_writes"]
    )
    seed: str | None = Field(
        default=None, max_length=64, description="Seed to plant, of your own or shipped; none: an empty world.", examples=["cabinet"]
    )
    snapshot: str | None = Field(default=None, max_length=64, description="Snapshot to begin with, instead of a seed.", examples=[None])
    settings: dict[str, Any] = Field(default_factory=dict, max_length=100, description="By name.", examples=[{"imap_recent": False}])
    clock: ClockIn | None = Field(default=None, description="How its clock runs.", examples=[{"mode": "frozen"}])
    lifetime_seconds: Annotated[Seconds, Field(gt=0, allow_inf_nan=False)] | None = Field(
        default=None, description="How long it lives without being touched.", examples=[600.0]
    )


class WorldOut(Out):
    """A world of this process."""

    id: str = Field(examples=[examples.ID])
    name: str = Field(examples=["test_a_doctor_writes"])
    seed: str | None
    snapshot: str | None
    """With which it began."""
    http: str = Field(examples=["http://127.0.0.1:40123"])
    made_at: str = Field(examples=[examples.INSTANT])
    ends_at: str = Field(examples=[examples.INSTANT])
    """Unless it is touched before; both on the machine's clock."""
    lifetime_seconds: float


class ReadyOut(WorldOut):
    """A world of this process with all that its ready file would say."""

    https: str | None = Field(examples=["https://127.0.0.1:40129"])
    """The same in TLS, where a setting says so."""
    ui: str = Field(examples=["http://127.0.0.1:40123/"])
    """The pages, for people."""
    submission: dict[str, Any] = Field(examples=[{"host": "127.0.0.1", "port": 40124}])
    mx: dict[str, Any] = Field(examples=[{"host": "127.0.0.1", "port": 40125}])
    imap: dict[str, Any] = Field(examples=[{"host": "127.0.0.1", "port": 40126}])
    dns: dict[str, Any] | None = Field(examples=[{"host": "127.0.0.1", "port": 40127}])
    ldap: dict[str, Any] | None = Field(examples=[{"host": "127.0.0.1", "port": 40128}])
    """Doors that are open where a setting says so."""
    ca_file: str = Field(examples=["/data/certificates/ca.pem"])
    truststore: dict[str, str] = Field(examples=[{"file": "/data/certificates/truststore.p12", "password": "changeit"}])
    """The authority again, as Java reads it."""
    mx_peer: dict[str, str] | None = Field(
        examples=[{"cert_file": "/data/peer.pem", "key_file": "/data/peer.key", "sender": examples.DOCTOR}]
    )
    """Files of a certificate with which an operator of the seed brings mail, and an address to send it from."""
    app_client: dict[str, str] | None = Field(
        examples=[{"cert_file": "/data/app.pem", "key_file": "/data/app.key", "mailbox": examples.LABORATORY}]
    )
    """Files of a certificate that opens an APP mailbox of the seed."""
    traps: dict[str, Any] = Field(examples=[{}])
    """The ports of each trap by its name, where traps are open."""
    control_key: str | None
    psc: dict[str, Any]
    directory: dict[str, str] = Field(examples=[{"fhir": "http://127.0.0.1:40123/fhir/v2", "api_key": "…", "extraction": "…"}])
    """The national directory: its FHIR base, its key, the daily files, and where operators write."""
    personas: list[dict[str, Any]]


def _hosting(request: Request) -> Hosting:
    found = hosted(request).hosting
    if found is None:
        detail = say("This world makes no others: ask the first world of a process that was started by mss-sim run.")
        raise Refusal(Rule.NOT_FOUND, detail, reference="quirks#worlds")
    return found


def _summary(one: HostedWorld) -> dict[str, object]:
    began = {"id": one.id, "name": one.name, "seed": one.seed, "snapshot": one.snapshot, "http": one.ready["http"]}
    return {**began, "made_at": iso(one.made_at), "ends_at": iso(one.ends_at), "lifetime_seconds": one.lifetime_seconds}


def _whole(one: HostedWorld) -> dict[str, object]:
    return {**one.ready, **_summary(one)}


@router.get("", responses={200: {"model": list[WorldOut]}})
async def list_worlds(request: Request) -> Response:
    """The worlds beside the first one, the oldest first."""
    return Json([_summary(one) for one in _hosting(request).all()])


@router.post("", status_code=201, responses={201: {"model": ReadyOut}, **_NEW})
async def create_world(request: Request, core: CurrentCore, new: WorldIn) -> Response:
    """Make a world that shares nothing with the others, on ports of its own; it is ready when the answer comes."""
    if new.seed is not None and new.snapshot is not None:
        raise Refusal(Rule.INVALID, say("Name one of the two: a seed, or a snapshot."), subject="snapshot")
    if new.seed is not None:
        seeds.check(core.world, new.seed)
    snapshot = None
    if new.snapshot is not None and core.snapshots is not None:
        snapshot = (await core.snapshots.one(new.snapshot)).file
    clock = None
    if new.clock is not None:
        check_pace(new.clock)
        clock = new.clock.mode, None if new.clock.at is None else from_datetime(new.clock.at), new.clock.rate or 1.0
    wanted = NewWorld(new.name, new.seed, snapshot, new.settings, clock, new.lifetime_seconds)
    return Json(_whole(await _hosting(request).create(wanted)), status_code=201)


@router.get("/{called}", responses={200: {"model": ReadyOut}})
async def get_world(request: Request, called: Called) -> Response:
    """One world, as it was told when it was made."""
    return Json(_whole(_hosting(request).one(called)))


@router.post("/{called}/touch", responses={200: {"model": WorldOut}})
async def touch_world(request: Request, called: Called) -> Response:
    """Let a world live its lifetime from now on."""
    return Json(_summary(_hosting(request).touch(called)))


@router.delete("/{called}", status_code=204)
async def delete_world(request: Request, called: Called) -> Response:
    """End a world: its ports close, nothing of it is kept."""
    await _hosting(request).delete(called)
    return Response(status_code=204)
