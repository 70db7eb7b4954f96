"""What a world that goes back has besides its letters: the keys, secrets and, by choice, transcripts that it had when it was saved."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from mss_sim.app.simulator import Simulator
from mss_sim.core.psc.clients import FIRST_CLIENT, hash_of
from tests.clients import HOSPITAL, PRACTICE, Person, letter
from tests.conftest import StartSimulator


@pytest.fixture
async def simulator(start: StartSimulator) -> AsyncIterator[Simulator]:
    """A simulator whose control plane has a key of its own drawing."""
    async with start(control_key_drawn=True) as running:
        yield running


async def _asked(simulator: Simulator, method: str, path: str, **more: Any) -> httpx.Response:
    ready = simulator.ready()
    headers = {"X-Control-Key": ready["control_key"], **more.pop("headers", {})}
    async with httpx.AsyncClient(base_url=ready["http"], headers=headers, timeout=30) as client:
        return await client.request(method, path, **more)


async def _kids(simulator: Simulator) -> list[str]:
    url = simulator.ready()["psc"]["issuer"] + "/protocol/openid-connect/certs"
    async with httpx.AsyncClient() as client:
        return [key["kid"] for key in (await client.get(url)).json()["keys"]]


async def _token(simulator: Simulator) -> str:
    found: str = (await _asked(simulator, "POST", "/control/tokens", json={"who": "doctor"})).json()["access_token"]
    return found


async def _hears(simulator: Simulator, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return (await _asked(simulator, "GET", f"/api/v1/mailboxes/{PRACTICE}/messages", headers=headers)).status_code


async def _saved(simulator: Simulator, name: str, **more: Any) -> dict[str, Any]:
    answer = await _asked(simulator, "POST", "/control/snapshots", json={"name": name, **more})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_tokens_of_then_are_heard_and_those_since_are_not(simulator: Simulator) -> None:
    """The signing key is the one of the save, with the retired ones of then, however often keys have changed since."""
    assert (await _asked(simulator, "POST", "/control/psc/rotate-keys")).is_success
    kids, then = await _kids(simulator), await _token(simulator)
    assert len(kids) == 2
    await _saved(simulator, "keys")
    for _ in range(2):
        assert (await _asked(simulator, "POST", "/control/psc/rotate-keys")).is_success
    since = await _token(simulator)
    assert await _hears(simulator, since) == 200
    assert (await _asked(simulator, "POST", "/control/snapshots/keys/restore")).status_code == 204
    assert await _kids(simulator) == kids
    assert (await _hears(simulator, then), await _hears(simulator, since)) == (200, 401)


async def test_secrets_and_the_control_key_are_those_of_then(simulator: Simulator) -> None:
    """Even where their files were taken away and drawn again, which nothing but a hand in the data folder does."""
    before = simulator.ready()
    await _saved(simulator, "secrets")
    keys = simulator.world.tokens.keys
    elsewhere = simulator.data_dir / "others"
    elsewhere.mkdir()
    for name in (FIRST_CLIENT, "control-key"):
        (elsewhere / f"{name}.secret").write_text("another-secret-altogether", encoding="ascii")
    keys.put_back(elsewhere)
    assert (await _asked(simulator, "GET", "/control/state")).status_code == 200
    assert simulator.ready()["control_key"] == "another-secret-altogether"
    assert (await _asked(simulator, "POST", "/control/snapshots/secrets/restore")).status_code == 204
    after = simulator.ready()
    assert (after["control_key"], after["psc"]["client_secret"]) == (before["control_key"], before["psc"]["client_secret"])
    assert json.loads((simulator.data_dir / "ready.json").read_text(encoding="utf-8"))["control_key"] == before["control_key"]
    client = next(one for one in (await _asked(simulator, "GET", "/control/psc/clients")).json() if one["client_id"] == FIRST_CLIENT)
    assert "client_secret" not in client
    kept = await simulator.world.store.read(lambda conn: conn.exec_driver_sql("SELECT secret_hash FROM psc_clients").scalar())
    assert kept == hash_of(after["psc"]["client_secret"])
    asked = await _asked(simulator, "GET", "/control/state", headers={"X-Control-Key": "another-secret-altogether"})
    assert asked.status_code == 403


async def _sessions(simulator: Simulator) -> list[tuple[Any, ...]]:
    """What is known of each connection, and what was said on it before the letter itself."""
    rows = (await _asked(simulator, "GET", "/control/evidence")).json()["items"]
    found = [(await _asked(simulator, "GET", f"/control/evidence/{row['id']}")).json() for row in rows]
    told = ("id", "door", "opened_at", "client", "who", "tls", "costs", "verdict", "rules", "refused")
    return [(*(one[name] for name in told), one["transcript"][:4]) for one in found]


async def _write(simulator: Simulator) -> None:
    assert (await Person(simulator, "hospital").smtp(HOSPITAL, PRACTICE, letter(HOSPITAL, PRACTICE))).code == 250


async def test_transcripts_go_along_where_that_is_asked_for(simulator: Simulator) -> None:
    await _write(simulator)
    said = await _sessions(simulator)
    assert {one[1] for one in said} == {"smtp", "mx"}
    assert said[-1][-1][0]["text"].startswith("220 ")
    made = await _saved(simulator, "with", evidence=True)
    assert (made["evidence"], made["counts"]["sessions"]) == (True, 2)
    assert not (await _saved(simulator, "without"))["evidence"]
    await _write(simulator)
    assert (await _asked(simulator, "POST", "/control/snapshots/with/restore")).status_code == 204
    assert await _sessions(simulator) == said
    assert (await _asked(simulator, "POST", "/control/snapshots/without/restore")).status_code == 204
    assert await _sessions(simulator) == []


async def test_a_key_that_was_set_stays(start: StartSimulator) -> None:
    async with start(control_key="chosen-by-hand") as simulator:
        await _saved(simulator, "a")
        assert (await _asked(simulator, "POST", "/control/snapshots/a/restore")).status_code == 204
        assert (await _asked(simulator, "GET", "/control/state")).status_code == 200
        assert simulator.ready()["control_key"] == "chosen-by-hand"
