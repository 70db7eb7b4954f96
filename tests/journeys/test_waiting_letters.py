"""A letter that waits says why and when it is tried next: in its timeline, and in the queue of the control plane."""

from datetime import timedelta
from typing import Any

from mss_sim.app.simulator import Simulator
from mss_sim.clock import ManualClock
from tests.clients import HOSPITAL, Person, control
from tests.conftest import StartSimulator

CLINIC = "contact@clinique-pins.sim.mssante.fr"
_WHY = "450 4.4.4 "


async def _queue(world: Simulator) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await control(world, "GET", "/queue")).json()
    return found


async def test_a_letter_that_cannot_leave_is_listed_and_can_be_tried(start: StartSimulator, clock: ManualClock) -> None:
    async with start(clock=clock, relay="smtp", queue_poll_seconds=3_600) as world:
        assert await _queue(world) == []
        sent = (await Person(world, "hospital").send(HOSPITAL, to=[CLINIC], subject="Pour la clinique")).json()
        await world.core.queue.work()
        clock.advance(timedelta(seconds=10))
        [one] = await _queue(world)
        assert one["reply"].startswith(_WHY)
        assert (one["to"], one["mailbox"], one["subject"]) == (CLINIC, HOSPITAL, "Pour la clinique")
        assert (one["message_id"], one["tries"], one["age_seconds"], one["under_way"]) == (sent["message_id"], 1, 10, False)
        told = await Person(world, "hospital").get(f"/mailboxes/{HOSPITAL}/sent/{sent['submission_id']}")
        waiting = told["recipients"][0]["waiting"]
        assert waiting == {name: one[name] for name in ("reply", "tries", "next_try_at")}

        tried = (await control(world, "POST", f"/queue/{one['id']}/try")).json()
        assert (tried["state"], tried["waiting"]["tries"]) == ("submitted", 2)
        assert tried["waiting"]["next_try_at"] > one["next_try_at"]
        clock.advance(timedelta(days=6))
        tried = (await control(world, "POST", f"/queue/{one['id']}/try")).json()
        assert (tried["state"], tried["waiting"]) == ("failed", None)
        assert _WHY in tried["detail"]
        told = await Person(world, "hospital").get(f"/mailboxes/{HOSPITAL}/sent/{sent['submission_id']}")
        assert told["recipients"][0]["waiting"] is None
        assert await _queue(world) == []
        again = await control(world, "POST", f"/queue/{one['id']}/try")
        assert (again.status_code, again.json()["code"]) == (404, "not-found")
