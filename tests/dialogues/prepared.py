"""What a dialogue needs to have happened before, told by the last word of its name: `mx-mailbox-full`, `mailbox-suspended`."""

from pathlib import Path
from typing import Any

from mss_sim.app.simulator import Simulator
from tests.clients import DOCTOR2, PATIENT, Person, control

_CHANGED: dict[str, dict[str, Any]] = {
    "closed": {"state": "closed"},
    "suspended": {"state": "suspended"},
    "full": {"quota_bytes": 0},
}
"""What becomes of the second doctor's mailbox."""
_ENDED = "ended"
"""The second doctor wrote to the first patient, and closed with that letter."""


async def prepare(simulator: Simulator, path: Path) -> None:
    """Make the world as the dialogue expects it."""
    word = path.stem.rpartition("-")[2]
    if word in _CHANGED:
        assert (await control(simulator, "PATCH", f"/mailboxes/{DOCTOR2}", _CHANGED[word])).status_code == 200
    elif word == _ENDED:
        sent = await Person(simulator, "doctor2").send(DOCTOR2, to=[PATIENT], close_conversation=True)
        assert sent.status_code == 201
