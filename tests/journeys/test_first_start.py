"""The first start of a world: killed anywhere it is taken up by the next one, and of several at once one makes what all find."""

import asyncio
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509

from mss_sim.app.simulator import Simulator
from mss_sim.config.settings import Settings
from mss_sim.core.world.authorities import write_secret
from tests.clients import LABORATORY, control
from tests.conftest import fresh_database
from tests.mail_logins import MailClient, Shown

PORTS: dict[str, Any] = {"submission_port": 0, "mx_port": 0, "imap_port": 0, "http_port": 0}
KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from mss_sim.app.simulator import Simulator
from mss_sim.config.settings import Settings
from mss_sim.store.store import Store
left, write = int(sys.argv[2]), Store.write
async def counted(self, unit, **how):
    global left
    found = await write(self, unit, **how)
    left -= 1
    if not left:
        os.kill(os.getpid(), 9)
    return found
Store.write = counted
ports = {name: 0 for name in ("submission_port", "mx_port", "imap_port", "http_port")}
asyncio.run(Simulator(Settings(data_dir=Path(sys.argv[1]), **ports)).start())
"""


async def _world(simulator: Simulator) -> dict[str, Any]:
    """What a seed makes, without what is drawn anew in each world."""
    async with httpx.AsyncClient(base_url=simulator.ready()["http"], timeout=20) as client:
        listed = (await client.get("/control/white-list")).json()["rows"]
        certified = (await client.get("/control/certificates")).json()
    return {
        "personas": simulator.ready()["personas"],
        "white list": sorted((row["domain"], row["certificate_dn"]) for row in listed),
        "certificates": sorted(row["subject"] for row in certified),
        "peer": bool(simulator.ready()["mx_peer"]),
    }


async def test_a_start_that_was_killed_anywhere_is_taken_up_by_the_next(tmp_path: Path) -> None:
    async with Simulator(Settings(data_dir=tmp_path / "whole", **PORTS)) as simulator:
        whole = await _world(simulator)
    for writes in range(1, 6):  # the seed is planted by one, and certificates and clients come after it
        folder = tmp_path / str(writes)
        command = [sys.executable, "-c", KILLED, str(folder), str(writes)]
        killed = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=60, check=False)
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        async with Simulator(Settings(data_dir=folder, **PORTS)) as simulator:
            assert (writes, await _world(simulator)) == (writes, whole)


async def test_what_was_deleted_on_purpose_is_not_planted_again(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, **PORTS)
    async with Simulator(settings) as simulator:
        assert (await control(simulator, "DELETE", f"/mailboxes/{LABORATORY}")).status_code == 204
    async with Simulator(settings) as simulator:
        assert (await control(simulator, "DELETE", f"/mailboxes/{LABORATORY}")).status_code == 404


@pytest.mark.parametrize("shared", [True, False], ids=["one folder", "two folders"])
async def test_two_that_start_at_once_on_one_database_make_one_world(postgresql: str, tmp_path: Path, shared: bool) -> None:
    for url in fresh_database(postgresql):
        folders = [tmp_path, tmp_path] if shared else [tmp_path / "a", tmp_path / "b"]
        both = [Simulator(Settings(data_dir=folder, database_url=url, **PORTS)) for folder in folders]
        try:
            await asyncio.gather(*(one.start() for one in both))
            here, there = [await _world(one) for one in both]
            assert here["personas"] == there["personas"]
            assert here["white list"] == there["white list"]
            assert len({domain for domain, _ in here["white list"]}) == len(here["white list"]), "each operator was certified once"
            for one in both if shared else ():
                files = one.ready()["app_client"]
                assert (await MailClient(one, Shown(files["cert_file"], files["key_file"])).by_smtp("EXTERNAL", "")).code == 235
        finally:
            for one in both:
                await one.stop()


async def test_a_folder_of_sqlite_belongs_to_one_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each would take the other for dead, and send again what it is about to send."""
    monkeypatch.setattr("mss_sim.app.data_folder._LOCK_SECONDS", 0.1)
    settings = Settings(data_dir=tmp_path, **PORTS)
    async with Simulator(settings):
        with pytest.raises(OSError, match="is used by another simulator; stop it, or name another folder with --data"):
            await Simulator(settings).start()
    async with Simulator(settings) as again:
        assert again.ready()["personas"]


def test_a_key_on_disk_is_whole_at_every_moment(tmp_path: Path) -> None:
    """Killed between two writes, a start left an empty key, and every start after it failed."""
    file, over, seen = tmp_path / "x.key", threading.Event(), set()

    def look() -> None:
        while not over.is_set():
            if file.exists():
                seen.add(file.read_text(encoding="ascii"))

    watcher = threading.Thread(target=look)
    watcher.start()
    for number in range(400):
        write_secret(file, str(number % 10) * 20_000)
    over.set()
    watcher.join()
    assert seen <= {str(digit) * 20_000 for digit in range(10)}
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["x.key"]


async def test_the_authorities_of_a_killed_start_go_on(tmp_path: Path) -> None:
    """A key whose certificate was not written yet gets one; the root that a client trusts stays what is on disk."""
    settings = Settings(data_dir=tmp_path, **PORTS)
    async with Simulator(settings) as simulator:
        root = (tmp_path / "certificates" / "ca.pem").read_bytes()
        trusted = (tmp_path / "certificates" / "truststore.p12").read_bytes()
    (tmp_path / "certificates" / "authorities" / "ACI-EL-ORG.pem").unlink()
    async with Simulator(settings) as simulator:
        assert (tmp_path / "certificates" / "ca.pem").read_bytes() == root
        assert (tmp_path / "certificates" / "truststore.p12").read_bytes() == trusted
        assert simulator.ready()["ca_file"] == str(tmp_path / "certificates" / "ca.pem")
        shown = x509.load_pem_x509_certificates((tmp_path / "certificates" / "server.pem").read_bytes())
        shown[0].verify_directly_issued_by(shown[1])
        assert await MailClient(simulator).offered()
