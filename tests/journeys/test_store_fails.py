"""The database fails: every door says that nothing was kept and that one may come again, and when it is back everything goes on.

What the simulator tells of its health stands here too.
"""

import asyncio
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from sqlalchemy import create_engine, text

from mss_sim.app.simulator import Simulator
from tests.clients import DOCTOR, DOCTOR2, HOSPITAL, PRACTICE, ImapClient, Peer, Person, control, letter
from tests.conftest import StartSimulator, starter

_PASSWORD = "cabinet-2026"
_LARGE = ("x" * 78 + "\r\n") * 20_000
_SAID = "The store does not answer; nothing was kept, try again later."


@pytest.fixture(scope="module", autouse=True)
def arriving() -> None:
    """Nothing is on its way here, and a store that is gone could not tell."""


@pytest.fixture
def start(tmp_path: Path) -> StartSimulator:
    """What is counted and told here is what clients did, without the wire between operators."""
    return starter(tmp_path / "data", relay="direct", peers_proof="domain")


@contextmanager
def _full_disk(file: Path) -> Iterator[None]:
    """No file of this process may become larger than that one is now: its next write past its end fails as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (file.stat().st_size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def _health(simulator: Simulator) -> dict[str, int]:
    async with httpx.AsyncClient(base_url=simulator.ready()["http"], timeout=60) as client:
        return {path: (await client.get(path)).status_code for path in ("/healthz", "/readyz", "/metrics")}


async def test_a_full_disk_is_told_at_every_door_and_keeps_nothing(start: StartSimulator, tmp_path: Path) -> None:
    async with start() as simulator:
        raw, doctor = letter(DOCTOR, PRACTICE, text=_LARGE).as_bytes(), Person(simulator, "doctor")
        client = await ImapClient.open(simulator, "camille.martin", _PASSWORD)
        with _full_disk(tmp_path / "data" / "mss-sim.db-wal"):
            by_peer = await Peer(simulator).send(HOSPITAL, [PRACTICE], letter(HOSPITAL, PRACTICE, text=_LARGE))
            for reply in (await doctor.smtp(DOCTOR, PRACTICE, raw), by_peer):
                assert (reply.code, reply.text) == (451, f"4.3.0 {_SAID}")
            answer = await doctor.post_raw(DOCTOR, raw)
            assert (answer.status_code, answer.json()["code"], answer.json()["detail"]) == (503, "store-unavailable", _SAID)
            assert await client.append("Drafts", raw) == [f"NO [UNAVAILABLE] {_SAID}"]
            assert set((await _health(simulator)).values()) == {200}, "what is there can be read"
        assert await Person(simulator, "secretary").inbox(PRACTICE) == []
        assert (await doctor.get(f"/mailboxes/{DOCTOR}/sent"))["items"] == []
        assert (await doctor.smtp(DOCTOR, PRACTICE, raw)).code == 250
        assert (await client.append("Drafts", raw))[-1].startswith("OK")
        assert len(await Person(simulator, "secretary").inbox(PRACTICE)) == 1
        await client.close()


class _Shut:
    """A database that lets nobody in, and has sent away whoever was there."""

    def __init__(self, url: str) -> None:
        self._name = url.partition("?")[0].rpartition("/")[2]
        self._admin = create_engine(
            url.replace(f"/{self._name}?", "/postgres?").replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT"
        )

    def __enter__(self) -> None:
        with self._admin.connect() as conn:
            conn.execute(text(f"ALTER DATABASE {self._name} ALLOW_CONNECTIONS false"))
            conn.execute(text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"), {"name": self._name})

    def __exit__(self, *error: object) -> None:
        with self._admin.connect() as conn:
            conn.execute(text(f"ALTER DATABASE {self._name} ALLOW_CONNECTIONS true"))
        self._admin.dispose()


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
async def test_a_store_that_does_not_answer_in_time_is_not_ready(start: StartSimulator, database: str) -> None:
    """The process lives, so it is not to be restarted; nobody is to be sent to it."""
    async with start(database_url=database) as simulator, httpx.AsyncClient(base_url=simulator.ready()["http"], timeout=30) as client:
        engine = create_engine(database.replace("postgresql://", "postgresql+psycopg://"))
        with engine.begin() as conn:
            conn.execute(text("LOCK TABLE mailboxes IN ACCESS EXCLUSIVE MODE"))
            since = time.monotonic()
            answer, alive = await client.get("/readyz"), await client.get("/healthz")
            assert (answer.status_code, answer.json()["code"]) == (503, "store-unavailable")
            assert "did not answer within 5 s" in answer.json()["detail"]
            assert 5 <= time.monotonic() - since < 15
            assert alive.status_code == 200
        assert (await client.get("/readyz")).status_code == 200
        engine.dispose()


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
async def test_a_database_that_is_gone_is_told_at_every_door_and_served_again_when_it_is_back(start: StartSimulator, database: str) -> None:
    """The writer holds a connection for good: when it broke, all that was asked of the store afterwards waited for ever."""
    async with start(database_url=database) as simulator:
        raw, doctor = letter(DOCTOR, PRACTICE).as_bytes(), Person(simulator, "doctor")
        client = await ImapClient.open(simulator, "camille.martin", _PASSWORD)
        with _Shut(database):
            for _ in range(2):
                answer = await doctor.post_raw(DOCTOR, raw)
                assert (answer.status_code, answer.json()["code"], answer.json()["detail"]) == (503, "store-unavailable", _SAID)
                assert await client.append("Drafts", raw) == [f"NO [UNAVAILABLE] {_SAID}"]
            reply = await Peer(simulator).send(HOSPITAL, [PRACTICE], letter(HOSPITAL, PRACTICE))
            assert (reply.code, reply.text) == (451, f"4.3.0 {_SAID}")
            assert await _health(simulator) == {"/healthz": 200, "/readyz": 503, "/metrics": 503}
        assert await _health(simulator) == {"/healthz": 200, "/readyz": 200, "/metrics": 200}
        assert (await doctor.post_raw(DOCTOR, raw)).status_code == 201
        assert (await doctor.smtp(DOCTOR, PRACTICE, raw)).code == 250
        assert (await client.append("Drafts", raw))[-1].startswith("OK")
        assert len(await doctor.inbox(PRACTICE)) == 2
        await client.close()


# Health


async def _metrics(simulator: Simulator) -> dict[str, float]:
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        lines = (await client.get("/metrics")).text.splitlines()
    return {name: float(value) for name, value in (line.split() for line in lines if not line.startswith("#"))}


async def test_each_metric_counts_what_it_says(simulator: Simulator) -> None:
    asked = await _metrics(simulator)
    assert asked == {
        "mss_sim_mailboxes": 8,
        "mss_sim_identities": 16,
        "mss_sim_copies": 0,
        "mss_sim_queue_recipients": 0,
        "mss_sim_smtp_connections": 0,
        "mss_sim_imap_connections": 0,
        "mss_sim_messages_total": 0,
        "mss_sim_deliveries_total": 0,
        "mss_sim_queue_oldest_seconds": 0,
    }
    assert (await control(simulator, "PATCH", f"/mailboxes/{DOCTOR2}", {"state": "suspended"})).status_code == 200
    assert (await Person(simulator, "hospital").send(HOSPITAL, to=[PRACTICE, DOCTOR, DOCTOR2])).status_code == 201
    clients = [await ImapClient.open(simulator) for _ in range(2)]
    where = simulator.ready()["submission"]
    _, writer = await asyncio.open_connection(where["host"], where["port"])
    changed = {"copies": 3, "queue_recipients": 1, "smtp_connections": 1, "imap_connections": 2, "messages_total": 1, "deliveries_total": 2}
    expected = asked | {f"mss_sim_{name}": float(value) for name, value in changed.items()}
    expected.pop("mss_sim_queue_oldest_seconds")
    for _ in range(250):  # a connection is counted once the server has taken it
        found = await _metrics(simulator)
        age = found.pop("mss_sim_queue_oldest_seconds")
        if found == expected:
            break
        await asyncio.sleep(0.02)
    assert found == expected
    assert 0 < age < 60
    writer.close()
    await writer.wait_closed()
    for client in clients:
        await client.close()
