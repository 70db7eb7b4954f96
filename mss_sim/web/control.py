"""What an administrator does to the world: its clock, faults, the queue, snapshots, a new beginning, certificates.

One page, a section each; what changes by itself is asked again. Each act is the verb that the control plane has for it, and leads back to
its section. What is lost by an act is told beside its button, and a box must be ticked.
"""

from typing import Any

from starlette.responses import FileResponse, Response

from mss_sim.core.control import named_seeds
from mss_sim.core.control.snapshots import root_of
from mss_sim.core.mailflow.queue_view import waiting_letters
from mss_sim.core.trust import certificates
from mss_sim.errors import Refusal, Rule
from mss_sim.faults import actions
from mss_sim.faults.presets import PRESETS
from mss_sim.faults.rules import Match
from mss_sim.ids import encode
from mss_sim.net.trap_report import report
from mss_sim.policy.magic_addresses import MAGIC_ADDRESSES
from mss_sim.vocabulary.clock import ClockMode
from mss_sim.vocabulary.trust import Verdict
from mss_sim.web.showing import show
from mss_sim.web.visit import Routes, Visit
from mss_sim.words.sentence import say

_WAITING_MAX = 100
_STEPS = (
    ("PT1H", say("an hour")),
    ("P1D", say("a day")),
    ("P7D", say("a week")),
    ("P1M", say("a month")),
)
"""How far the clock is moved by one click: a duration, and what it is called."""
MODES = {
    ClockMode.REAL: say("the time of the machine"),
    ClockMode.OFFSET: say("another time, at the machine's pace"),
    ClockMode.FROZEN: say("it stands still"),
    ClockMode.PACED: say("faster than the machine"),
}
"""How the clock runs, in words."""


async def show_control(visit: Visit) -> Response:
    """The page."""
    world, hosted = visit.core.world, visit.pages.hosted
    presets = [
        {"name": name.value, "does": one.does, "takes": [_taken(*each) for each in one.takes.items()]} for name, one in PRESETS.items()
    ]
    return show(
        "control.html",
        visit.here,
        steps=_STEPS,
        presets=presets,
        seeds=[*named_seeds.names(world), named_seeds.NONE],
        seed=hosted.seed or named_seeds.NONE,
        magic=MAGIC_ADDRESSES,
        certificates=await certificates.list_all(world),
        curl=f"curl -X POST {visit.origin}/control",
        **await _clock(visit),
        **await _now(visit),
    )


_VERDICTS = {Verdict.PASS: "clean", Verdict.FAIL: "refused", Verdict.WARN: "mistaken", Verdict.NOT_OBSERVED: "mistaken"}
"""How the verdict of a trap is drawn."""


def _taken(name: str, value: Any) -> dict[str, Any]:
    """A parameter of a preset: whether it must be given, and what it is when it is not."""
    default = " ".join(value) if isinstance(value, list) else value
    return {"name": name, "needed": value is ..., "default": "" if value in (None, ...) else default}


async def show_clock(visit: Visit) -> Response:
    """The part of the page that tells the time."""
    return show("control_clock.html", visit.here, **await _clock(visit))


async def show_now(visit: Visit) -> Response:
    """The part of the page that tells what waits, fails and is kept."""
    return show("control_now.html", visit.here, **await _now(visit))


async def _clock(visit: Visit) -> dict[str, Any]:
    position = await visit.position()
    clock = visit.core.world.clock
    return {
        "position": position,
        "now": clock.now(),
        "machine": clock.machine_now,
        "rate": clock.pace.rate,
        "mode": clock.pace.mode,
        "modes": MODES,
        "next_at": await visit.core.agenda.next_at(),
        "fired": visit.pages.fired,
    }


async def _now(visit: Visit) -> dict[str, Any]:
    world = visit.core.world
    now = world.clock.now()
    waiting = [
        {
            "id": encode(one.due.waiting.recipient_id),
            "to": one.due.person.address,
            "from": one.mailbox,
            "subject": one.subject,
            "letter": encode(one.due.submission.message_id),
            "reply": one.due.waiting.last_reply,
            "tries": one.due.waiting.attempts,
            "next_at": one.due.waiting.next_at,
        }
        for one in await waiting_letters(world, limit=_WAITING_MAX)
    ]
    rules = [
        {
            "id": kept.rule.id,
            "point": kept.rule.point.value,
            "match": {name: value for name in Match.__slots__ if (value := getattr(kept.rule.match, name)) is not None},
            "action": actions.as_json(kept.rule.action),
            "seen": kept.seen,
            "fired": kept.fired,
            "left": kept.left,
            "ends_at": kept.rule.ends_at,
            "ended": kept.ended(now),
        }
        for kept in world.faults.all()
    ]
    traps = report(visit.pages.traps) if visit.core.world.settings.traps.open else []
    return {"waiting": waiting, "rules": rules, "snapshots": await _snapshots(visit), "traps": traps, "verdicts": _VERDICTS}


async def _snapshots(visit: Visit) -> list[dict[str, Any]] | None:
    """Those that are kept; None where this world keeps none."""
    shelf = visit.core.snapshots
    if shelf is None:
        return None
    root = root_of(visit.pages.hosted.ca_file)
    return [
        {"name": one.name, "about": one.manifest, "size": one.size_bytes, "restorable": one.manifest.root == root}
        for one in await shelf.all()
    ]


async def send_authority(visit: Visit) -> Response:
    """The certificate of the simulator's authority: to be trusted in the client under test, nowhere else."""
    return FileResponse(visit.pages.hosted.ca_file, media_type="application/x-pem-file", filename="mss-sim-ca.pem")


async def send_certificate(visit: Visit) -> Response:
    """One certificate, without its key."""
    serial = str(visit.request.path_params["serial"])
    for one in await certificates.list_all(visit.core.world):
        if one.serial == serial:
            headers = {"Content-Disposition": f'attachment; filename="{one.serial}.pem"', "X-Content-Type-Options": "nosniff"}
            return Response(one.certificate, media_type="application/x-pem-file", headers=headers)
    raise Refusal(Rule.NOT_FOUND, say("There is no certificate with that serial number."), subject=serial[:80])


ROUTES: Routes = (
    ("GET", "/ui/control", show_control),
    ("GET", "/ui/control/clock", show_clock),
    ("GET", "/ui/control/now", show_now),
    ("GET", "/ui/control/ca.pem", send_authority),
    ("GET", "/ui/control/certificates/{serial}", send_certificate),
)
