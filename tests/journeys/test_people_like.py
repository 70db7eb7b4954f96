"""A test takes people of its own: each logs in and writes, a thousand come in one call, on both databases."""

from typing import Any

import httpx
import pytest

from mss_sim.app.simulator import Simulator
from tests.clients import PRACTICE, ImapClient, control
from tests.conftest import StartSimulator


async def _like(simulator: Simulator, role: str, **more: Any) -> list[dict[str, Any]]:
    answer = await control(simulator, "POST", "/people/like", {"role": role, **more})
    assert answer.status_code == 201, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


async def test_one_logs_in_writes_and_is_written_to(start: StartSimulator, database: str | None) -> None:
    async with start(database_url=database) as simulator:
        [doctor], [patient] = await _like(simulator, "doctor"), await _like(simulator, "patient", lifetime_seconds=600)
        assert (doctor["role"], patient["expires_in"]) == ("doctor", 600)
        address = doctor["mailboxes"][0]["address"]
        async with httpx.AsyncClient(base_url=f"{simulator.ready()['http']}/api/v1") as client:
            client.headers["Authorization"] = f"Bearer {doctor['access_token']}"
            me = (await client.get("/me")).json()
            assert {box["address"] for box in me["mailboxes"]} == {box["address"] for box in doctor["mailboxes"]}
            letter = {"to": [patient["mailboxes"][0]["address"], PRACTICE], "subject": "Bonjour", "text": "x"}
            assert (await client.post(f"/mailboxes/{address}/messages", json=letter)).status_code == 201
        while await simulator.core.queue.work():
            pass
        imap = await ImapClient.open(simulator, patient["login"], patient["password"])
        assert "* 1 EXISTS" in await imap.ask("SELECT INBOX")
        await imap.close()


async def test_a_thousand_come_in_one_call(start: StartSimulator, database: str | None) -> None:
    async with start(database_url=database) as simulator:
        before = (await control(simulator, "GET", "/state")).json()
        people = [*await _like(simulator, "secretary", count=1_000), *await _like(simulator, "hospital", count=1_000, token=False)]
        after = (await control(simulator, "GET", "/state")).json()
        assert len({one["idnat"] for one in people}) == 2_000
        assert len({one["access_token"] for one in people[:1_000]}) == 1_000
        assert {(one["access_token"], one["expires_in"]) for one in people[1_000:]} == {(None, None)}
        assert (after["identities"] - before["identities"], after["mailboxes"] - before["mailboxes"]) == (2_000, 1_000)
        told = (await control(simulator, "GET", f"/identities/{people[0]['idnat']}")).json()
        assert told["warnings"] == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"role": ""}, 422),
        ({"role": "doctor", "count": 0}, 422),
        ({"role": "doctor", "count": 1_001}, 422),
        ({"role": "doctor", "count": "3"}, 422),
        ({"role": "doctor", "count": True}, 422),
        ({"role": "doctor", "lifetime_seconds": 0}, 422),
        ({"rolle": "doctor"}, 422),
        ({"role": "a\nb"}, 422),
        ({"role": "nobody"}, 404),
        ({"role": "surgeon"}, 404),
    ],
    ids=str,
)
async def test_what_cannot_be_made_is_refused(simulator: Simulator, body: dict[str, Any], status: int) -> None:
    answer = await control(simulator, "POST", "/people/like", body)
    assert answer.status_code == status, answer.text
    assert (await control(simulator, "GET", "/state")).json()["identities"] == len((await control(simulator, "GET", "/identities")).json())
