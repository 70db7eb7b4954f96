"""The image of /Dockerfile as others start it: read-only, as its own user, its data on a volume, asked from outside of it."""

import asyncio
import json
import os
import signal
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import aiosmtplib
import httpx
import pytest

from tests.clients import HOSPITAL, PRACTICE, letter
from tests.image import building, container
from tests.image.building import Image

pytestmark = pytest.mark.timeout(600)  # the fixture makes a distribution and the image on it: a minute and a half, on a busy machine more
_FREE = {f"MSS_SIM_{door}_PORT": "0" for door in ("SUBMISSION", "MX", "IMAP", "HTTP")}
_UID = 10001


class Running(NamedTuple):
    """A container of the image."""

    image: Image
    process: subprocess.Popen[bytes]
    data: Path
    output: Path
    ready: dict[str, Any]

    def execute(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command beside it, as `docker exec` does."""
        return container.run(self.image, self.data, *command)

    def said(self) -> str:
        """What `docker logs` shows."""
        return self.output.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    folder = Path(tempfile.mkdtemp(prefix="mss-sim-image-"))
    try:
        yield building.build(folder)
    finally:
        subprocess.run(["/bin/rm", "--recursive", "--force", str(folder)], check=True)  # of many files: shutil takes three times as long


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    """A volume, as an engine gives it to the owner of the folder in the image."""
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    os.chown(folder, _UID, _UID)
    return folder


def _start(image: Image, data: Path, *arguments: str, ready: str = "ready.json", **variables: str) -> Running:
    output = data.parent / "output"
    process = container.start(image, data, [*image.config["Entrypoint"], *arguments], output, **_FREE, **variables)
    deadline = time.monotonic() + 60
    while not (data / ready).exists():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            process.wait()
            raise AssertionError(output.read_text(encoding="utf-8"))
        time.sleep(0.05)
    return Running(image, process, data, output, json.loads((data / ready).read_text(encoding="utf-8")))


def _stop(running: Running) -> None:
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(30) == 0, running.said()


@pytest.fixture
def running(image: Image, volume: Path) -> Iterator[Running]:
    started = _start(image, volume, MSS_SIM_CERTIFICATE_HOSTS='["mss-sim"]')
    yield started
    if started.process.poll() is None:
        _stop(started)


async def test_it_is_ready_takes_a_letter_and_is_verified_by_the_name_of_its_service(running: Running) -> None:
    async with httpx.AsyncClient(base_url=running.ready["http"]) as client:
        assert (await client.get("/readyz")).status_code == 200
        root = (await client.get("/ca.pem", headers={"Host": "mss-sim:8080"})).text
        trusting = ssl.create_default_context(cadata=root)
        mail = aiosmtplib.SMTP(hostname="127.0.0.1", port=running.ready["submission"]["port"], start_tls=False)
        await mail.connect()
        await mail.starttls(tls_context=trusting, server_hostname="mss-sim")
        await mail.login("paul.durand", "hopital-2026")
        refused, reply = await mail.send_message(letter(HOSPITAL, PRACTICE, "D'un conteneur à l'autre"))
        assert (refused, reply[:4]) == ({}, "2.0.")
        await mail.quit()
        assert await _arrives(client, "D'un conteneur à l'autre"), running.said()


async def _arrives(client: httpx.AsyncClient, subject: str) -> bool:
    """Whether a letter comes to the practice within ten seconds: the hospital's operator carries it to the practice's."""
    for _ in range(100):
        found = await client.get(f"/api/v1/mailboxes/{PRACTICE}/messages", auth=("sophie.petit", "cabinet-2026"))
        if subject in [one["subject"] for one in found.json()["items"]]:
            return True
        await asyncio.sleep(0.1)
    return False


async def test_the_control_plane_opens_with_the_key_that_the_start_prints(running: Running) -> None:
    key = running.ready["control_key"]
    async with httpx.AsyncClient(base_url=running.ready["http"], headers={"Host": "mss-sim"}) as client:
        assert (await client.get("/control/state")).status_code == 403
        assert (await client.get("/control/state", headers={"X-Control-Key": key})).status_code == 200
    assert f"Control key, for X-Control-Key: {key}\n" in running.said()


def test_it_runs_as_nobody_and_can_write_on_the_volume_alone(running: Running) -> None:
    status = dict(line.split(":\t", 1) for line in Path(f"/proc/{running.process.pid}/status").read_text(encoding="ascii").splitlines())
    assert status["Uid"].split() == status["Gid"].split() == [str(_UID)] * 4
    assert (int(status["CapEff"], 16), status["Groups"].strip()) == (0, "")
    refused = running.execute("sh", "-c", "touch /app/x")
    assert "Read-only file system" in refused.stderr
    assert {path.stat().st_uid for path in running.data.rglob("*")} == {_UID}
    assert (running.data / "ready.json").stat().st_mode & 0o077 == 0
    assert Path(running.ready["ca_file"]) == Path("/data/certificates/ca.pem")


def test_commands_beside_it_find_it_by_its_ready_file(running: Running) -> None:
    kind, *health = running.image.config["Healthcheck"]["Test"]
    assert kind == "CMD"
    assert (running.execute(*health).stdout, running.execute(*health).returncode) == ("ready\n", 0)
    assert "sophie.petit" in running.execute("mss-sim", "personas").stdout
    _stop(running)
    assert running.execute(*health).returncode == 1


def test_a_new_container_finds_what_the_last_one_left_on_the_volume(image: Image, running: Running) -> None:
    _stop(running)
    assert not (running.data / "ready.json").exists()
    again = _start(image, running.data, MSS_SIM_CERTIFICATE_HOSTS='["mss-sim"]')
    assert (again.ready["control_key"], again.ready["personas"]) == (running.ready["control_key"], running.ready["personas"])
    _stop(again)


def test_arguments_go_behind_the_entrypoint(image: Image, volume: Path) -> None:
    """Memory alone: then nothing but what is asked for lies on the volume."""
    started = _start(image, volume, "--memory", "--seed", "none", "--ready-file", "/data/elsewhere.json", ready="elsewhere.json")
    assert started.ready["personas"] == []
    assert [path.name for path in volume.iterdir()] == ["elsewhere.json"]
    _stop(started)
