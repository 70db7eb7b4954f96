"""F9: documents cannot be taken in, for their CDA is badly built; who gets them sees what is wrong day by day, who makes them mends it."""

import asyncio
import subprocess
import sys
from base64 import b64decode
from pathlib import Path
from typing import Any

from mss_sim.app.simulator import Simulator
from tests.clients import HOSPITAL, PRACTICE, Person, control

_DAYS: list[list[str | None]] = [["cda-without-custodian", None], ["cda-without-custodian", "cda-unknown-type", None], [None, None]]
"""What the hospital's software sends on three days: each letter broken in one way, or right; on the third it is mended."""


async def _send(simulator: Simulator, flaw: str | None) -> dict[str, Any]:
    """The hospital's software sends one letter with a document; what it sent."""
    made: dict[str, Any] = (await control(simulator, "POST", "/documents", {"flaw": flaw} if flaw else {})).json()
    letter = {name: value for name, value in made.items() if name != "finding"}
    assert (await Person(simulator, "hospital").send(HOSPITAL, to=[PRACTICE], text="Bonjour.", **letter)).status_code == 201
    assert (await control(simulator, "POST", "/wait", {"kind": "settled", "timeout": 20})).json()["met"]
    return made


async def test_a_practice_counts_what_is_badly_built_and_the_hospital_mends_it(simulator: Simulator, tmp_path: Path) -> None:
    doctor = Person(simulator, "doctor")
    assert (await doctor.rest("PATCH", f"/mailboxes/{PRACTICE}", json={"keeps_diagnoses": True})).status_code == 200
    sent = []
    for flaws in _DAYS:
        sent += [await _send(simulator, flaw) for flaw in flaws]
        assert (await control(simulator, "POST", "/clock/advance", {"by": "P1D"})).status_code == 200

    lines = (await control(simulator, "GET", "/journal?act=message.diagnosed")).json()["items"]
    by_day: dict[str, list[str | None]] = {}
    for line in reversed(lines):
        by_day.setdefault(line["at"][:10], []).append(line["detail"]["worst"])
    bad = [sum(worst in ("error", "warning") for worst in day) for day in by_day.values()]
    assert (bad, [len(day) for day in by_day.values()]) == ([1, 2, 0], [2, 3, 2])

    first = (await Person(simulator, "secretary").inbox(PRACTICE))[-1]
    told = await doctor.get(f"/mailboxes/{PRACTICE}/messages/{first['id']}/diagnosis")
    [found] = [one for one in told["findings"] if one["level"] in ("error", "warning")]
    assert (found["code"], "custodian" in str(found)) == (sent[0]["finding"], True)
    assert found["reference"]
    assert told["kept_at"]
    assert "cda.element-missing" in await asyncio.to_thread(_diagnosed_by_hand, sent[0], tmp_path)
    assert "cda.element-missing" not in await asyncio.to_thread(_diagnosed_by_hand, sent[-1], tmp_path)


def _diagnosed_by_hand(made: dict[str, Any], folder: Path) -> str:
    """What the hospital's developers read of the archive that they are about to send."""
    archive = next(one for one in made["attachments"] if one["filename"].upper().endswith(".ZIP"))
    (folder / archive["filename"]).write_bytes(b64decode(archive["content_base64"]))
    command = [sys.executable, "-m", "mss_sim", "diagnose", archive["filename"]]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60).stdout
