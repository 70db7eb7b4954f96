"""A patient whose program fetches with PEEK and marks as seen afterwards has read the letter: his receipt leaves, once."""

import pytest

from mss_sim.app.simulator import Simulator
from tests.clients import HOSPITAL, PATIENT, ImapClient, Person


async def _displayed(simulator: Simulator) -> int:
    """How many read receipts lie in the hospital's INBOX."""
    found = await Person(simulator, "hospital").get(f"/mailboxes/{HOSPITAL}/messages", folder="INBOX")
    return len(found["items"])


async def _asked_for(simulator: Simulator) -> None:
    sent = await Person(simulator, "hospital").send(HOSPITAL, to=[PATIENT], subject="Compte rendu", request_read_receipt=True)
    assert sent.status_code == 201


@pytest.mark.parametrize("store", ["STORE 1 +FLAGS (\\Seen)", "STORE 1 FLAGS.SILENT (\\Seen)", "UID STORE 1 +FLAGS.SILENT (\\Seen)"])
async def test_over_imap(simulator: Simulator, store: str) -> None:
    await _asked_for(simulator)
    client = await ImapClient.open(simulator, "claire.fontaine", "patient-2026")
    for command in ("SELECT INBOX", "FETCH 1 BODY.PEEK[]", "STORE 1 +FLAGS (\\Flagged)"):
        assert (await client.ask(command))[-1].startswith("OK")
    assert await _displayed(simulator) == 0
    for command in (store, "STORE 1 -FLAGS (\\Seen)", store):
        assert (await client.ask(command))[-1].startswith("OK")
    await client.close()
    assert await _displayed(simulator) == 1


async def test_over_rest(simulator: Simulator) -> None:
    await _asked_for(simulator)
    patient = Person(simulator, "patient")
    [letter] = await patient.inbox(PATIENT)
    path = f"/mailboxes/{PATIENT}/messages/{letter['id']}"
    assert (await patient.rest("PATCH", path, json={"add": ["\\Flagged"]})).status_code == 200
    assert await _displayed(simulator) == 0
    for _ in range(2):
        assert (await patient.rest("PATCH", path, json={"add": ["\\Seen"]})).status_code == 200
    assert await _displayed(simulator) == 1


async def test_a_professional_who_marks_a_letter_as_seen_sends_none(simulator: Simulator) -> None:
    """Theirs leaves when they say so."""
    practice = "tilleuls@cabinet.sim.mssante.fr"
    assert (await Person(simulator, "hospital").send(HOSPITAL, to=[practice], request_read_receipt=True)).status_code == 201
    doctor = Person(simulator, "doctor")
    [letter] = await doctor.inbox(practice)
    assert (await doctor.rest("PATCH", f"/mailboxes/{practice}/messages/{letter['id']}", json={"add": ["\\Seen"]})).status_code == 200
    assert await _displayed(simulator) == 0
