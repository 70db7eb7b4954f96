"""Rules of faults as a test suite sets and reads them: over the control plane."""

from typing import Any

from mss_sim.app.simulator import Simulator
from tests.clients import control


async def fail(
    simulator: Simulator, point: str, kind: str, /, *, match: dict[str, Any] | None = None, count: int | None = 1, **action: Any
) -> str:
    """Set a rule; its id."""
    body = {"point": point, "match": match or {}, "action": {"kind": kind, **action}, "count": count}
    answer = await control(simulator, "POST", "/faults", body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def preset(simulator: Simulator, name: str, /, **given: Any) -> list[str]:
    """Set a preset; the ids of its rules."""
    answer = await control(simulator, "POST", f"/faults/presets/{name}", given)
    assert answer.status_code == 201, answer.text
    return [str(one["id"]) for one in answer.json()]


async def fired(simulator: Simulator, *rules: str) -> int:
    """How often these rules fired."""
    return sum([(await control(simulator, "GET", f"/faults/{rule}")).json()["fired"] for rule in rules])


async def lift(simulator: Simulator) -> None:
    """Lift all rules."""
    assert (await control(simulator, "DELETE", "/faults")).status_code == 204


async def transcribed(simulator: Simulator, rule: str) -> bool:
    """Whether a connection's transcript names a rule."""
    rows = (await control(simulator, "GET", "/evidence")).json()["items"]
    told = [(await control(simulator, "GET", f"/evidence/{row['id']}")).json() for row in rows]
    return any(f"fault {rule}" in str(one) for one in told)
