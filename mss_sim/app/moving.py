"""The clock of a running simulator, as the command line shows and moves it."""

from collections.abc import Iterator
from typing import Any

from mss_sim.app.asking import ask
from mss_sim.vocabulary.clock import ClockMode

_PATH = "/control/clock"


def lines(http: str, key: str | None, *, advance: str | None, mode: ClockMode | None, rate: float | None) -> Iterator[str]:
    """What happened meanwhile, one a line, then what the clock shows."""
    told: list[dict[str, Any]] = []
    if mode is not None:
        told.append(ask(http, key, _PATH, {"mode": mode.value, **({"rate": rate} if rate is not None else {})}, "PUT"))
    if advance is not None:
        told.append(ask(http, key, f"{_PATH}/advance", {"by" if advance.startswith(("P", "-P")) else "to": advance}))
    for fired in (row for answer in told for row in answer["fired"]):
        yield f"{fired['at']}  {fired['kind']}  {fired['who']}{'  of ' + fired['mailbox'] if fired['mailbox'] else ''}"
    now = told[-1] if told else ask(http, key, _PATH)
    pace = f" at {now['rate']:g} seconds a second" if now["mode"] == ClockMode.PACED else ""
    yield f"{now['now']}  {now['mode']}{pace}, next {now['next_at'] or 'nothing'}"
