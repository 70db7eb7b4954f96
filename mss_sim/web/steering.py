"""The acts of the page of control, each the verb of the core that the control plane has for it."""

import math
from datetime import datetime
from typing import Any

from starlette.responses import Response

from mss_sim.clock import Micros, from_datetime
from mss_sim.core.control import named_seeds, setting_faults, snapshots
from mss_sim.core.control.snapshots import About, Shelf
from mss_sim.core.world.agenda import Fired
from mss_sim.errors import Refusal, Rule
from mss_sim.faults.presets import PRESETS
from mss_sim.http.dependencies import read_id
from mss_sim.policy.clock import decide_pace, read_duration
from mss_sim.vocabulary.clock import ClockMode
from mss_sim.vocabulary.faults import PresetName
from mss_sim.web.fields import check_meant
from mss_sim.web.showing import PARIS
from mss_sim.web.visit import Routes, Visit, back
from mss_sim.words.sentence import say

_YEARS = range(1971, 9_000)
_NUMBERS = {
    "seconds": float,
    "lifetime_seconds": float,
    "bytes_per_second": int,
    "letters": int,
    "requests": int,
    "count": int,
    "after_bytes": int,
}
_WORDS = frozenset({"smtp_words", "imap_words"})
_NOTE_CHARS_MAX = 998


async def advance(visit: Visit) -> Response:
    """Move the clock forward, by a duration or to an instant; what was due on the way is told on the page."""
    agenda, by, to = visit.core.agenda, visit.field("by"), visit.field("to")
    if bool(by) == bool(to):
        raise Refusal(Rule.INVALID, say("Give one of the two: by, a duration such as P7D, or to, an instant."))
    moved = await agenda.advance(to=_instant(to)) if to else await agenda.advance(by=read_duration(visit.core.world.clock.now(), by))
    return _moved(visit, moved)


async def set_pace(visit: Visit) -> Response:
    """Stop the clock, let it run again, faster, or from another instant."""
    try:
        mode = ClockMode(visit.field("mode"))
    except ValueError as error:
        raise Refusal(Rule.INVALID, say("Choose how the clock is to run.")) from error
    at = _instant(visit.field("at")) if visit.field("at") else None
    rate = _number("rate", visit.field("rate"), float) if visit.field("rate") and mode is ClockMode.PACED else None
    decide_pace(mode, at, rate)
    return _moved(visit, await visit.core.agenda.set_pace(mode, at, rate or 1.0))


def _moved(visit: Visit, moved: list[Fired]) -> Response:
    visit.pages.fired[:] = moved
    return back("/ui/control#clock")


def _instant(text: str) -> Micros:
    """A day and a time as a form has them, on French clocks unless they name another zone."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        read = None
    if read is None or not _YEARS.start <= read.year < _YEARS.stop:
        raise Refusal(Rule.INVALID, say("{text} is no instant; write one as 2026-01-05T08:00.", text=text[:40]))
    return from_datetime(read if read.tzinfo else read.replace(tzinfo=PARIS))


async def set_preset(visit: Visit) -> Response:
    """Set the rules of a preset, all or none."""
    try:
        name = PresetName(str(visit.request.path_params["preset"]))
    except ValueError as error:
        raise Refusal(Rule.NOT_FOUND, say("There is no preset of that name."), reference="quirks#faults") from error
    takes = {*PRESETS[name].takes, "lifetime_seconds"}
    setting_faults.add_preset(visit.core.world, name, {one: _value(one, visit.field(one)) for one in takes if visit.field(one)})
    return back("/ui/control#faults")


def _value(name: str, text: str) -> Any:
    if name in _WORDS:
        return text.replace(",", " ").split()
    return _number(name, text, _NUMBERS[name]) if name in _NUMBERS else text[:320]


def _number(name: str, text: str, kind: type[float] | type[int]) -> Any:
    try:
        read = kind(text.replace(",", "."))
    except (ValueError, OverflowError) as error:
        raise Refusal(Rule.INVALID, say("{name} is a number.", name=name), subject=name) from error
    if not math.isfinite(read):
        raise Refusal(Rule.INVALID, say("{name} is a number.", name=name), subject=name)
    return read


async def lift(visit: Visit) -> Response:
    """Lift a rule, or all."""
    rule = visit.field("rule")
    if rule:
        visit.core.world.faults.remove(rule)
    else:
        visit.core.world.faults.forget()
    return back("/ui/control#faults")


async def try_now(visit: Visit) -> Response:
    """Try one who waits now, and wait for what comes of it."""
    await visit.core.queue.try_now(read_id(visit.field("recipient")))
    return back("/ui/control#queue")


async def save(visit: Visit) -> Response:
    """Keep the world as it is under a name."""
    about = About(visit.field("note")[:_NOTE_CHARS_MAX], visit.pages.hosted.seed, visit.field("evidence") == "yes")
    replace = visit.field("replace") == "yes"
    await snapshots.save(visit.core.world, _shelf(visit), visit.field("name"), about, replace=replace)
    return back("/ui/control#snapshots")


async def restore(visit: Visit) -> Response:
    """Go back to a snapshot."""
    check_meant(visit)
    await visit.core.restore(await _shelf(visit).one(visit.field("name")))
    return back("/ui/control#snapshots")


async def delete(visit: Visit) -> Response:
    """Keep a snapshot no longer."""
    check_meant(visit)
    await _shelf(visit).remove(visit.field("name"))
    return back("/ui/control#snapshots")


async def reset(visit: Visit) -> Response:
    """Empty the world and begin anew with a seed."""
    check_meant(visit)
    await visit.core.reset(visit.field("seed") or visit.pages.hosted.seed or named_seeds.NONE)
    return back("/ui/control#reset")


def _shelf(visit: Visit) -> Shelf:
    if visit.core.snapshots is None:
        raise Refusal(Rule.NOT_FOUND, say("This world keeps no snapshots."), reference="quirks#snapshots")
    return visit.core.snapshots


ROUTES: Routes = (
    ("POST", "/ui/control/advance", advance),
    ("POST", "/ui/control/pace", set_pace),
    ("POST", "/ui/control/presets/{preset}", set_preset),
    ("POST", "/ui/control/lift", lift),
    ("POST", "/ui/control/try", try_now),
    ("POST", "/ui/control/save", save),
    ("POST", "/ui/control/restore", restore),
    ("POST", "/ui/control/delete", delete),
    ("POST", "/ui/control/reset", reset),
)
