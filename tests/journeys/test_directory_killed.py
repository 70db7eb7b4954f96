"""Killed while operators write into the directory: what was answered 200 is there afterwards, on both databases."""

import json
import signal
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.annuaire import DOCTOR_IDNAT, contact_point, operation, parameters
from tests.conftest import fresh_database
from tests.journeys.test_command_line import Process

_ENOUGH = 20
_DOMAIN = "cabinet.sim.mssante.fr"


def _key(client: httpx.Client) -> str:
    known = client.get("/control/operators").json()
    return next(str(one["directory_key"]) for one in known if f"{_DOMAIN}" in one["domains"])


def _write(ready: dict[str, Any], done: list[str], enough: threading.Event) -> None:
    """Insert one mailbox after another until nobody answers; `done` are those that were answered."""
    with httpx.Client(base_url=ready["http"], timeout=20) as client:
        headers = {"ESANTE-API-KEY": _key(client), "content-type": "application/fhir+json"}
        url = f"{ready['directory']['write']}/Practitioner?identifier={DOCTOR_IDNAT}"
        try:
            while True:
                address = f"boite{len(done)}@{_DOMAIN}"
                insert = operation("insert", "Practitioner.telecom", valueContactPoint=contact_point(address, "PER"))
                answer = client.patch(url, content=json.dumps(parameters(insert)), headers=headers)
                assert answer.status_code == 200, answer.text
                done.append(address)
                if len(done) == _ENOUGH:
                    enough.set()
        except httpx.TransportError:
            return


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_what_was_answered_is_there_after_a_kill(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    for url in fresh_database(request.getfixturevalue("postgresql")) if kind == "postgresql" else iter([""]):
        if url:
            monkeypatch.setenv("MSS_SIM_DATABASE_URL", url)
        _kill_and_look(tmp_path)


def _kill_and_look(folder: Path) -> None:
    ready_file, options, done, enough = folder / "ready.json", ("--data", str(folder / "data")), list[str](), threading.Event()
    process = Process(ready_file, *options)
    try:
        writer = threading.Thread(target=_write, args=(process.ready, done, enough))
        writer.start()
        assert enough.wait(60)
        process.stop(signal.SIGKILL)
        writer.join()
        ready_file.unlink()
        process = Process(ready_file, *options)
        with httpx.Client(base_url=process.ready["http"], timeout=20) as client:
            known = {one["address"] for one in client.get("/control/mailboxes").json()}
            told = process.ready["directory"]
            found = client.get(f"{told['fhir']}/Practitioner?identifier={DOCTOR_IDNAT}", headers={"ESANTE-API-KEY": told["api_key"]}).json()
        shown = {box["value"] for box in found["entry"][0]["resource"]["telecom"]}
        assert set(done) <= known
        assert set(done) <= shown
        assert len(shown - set(done)) <= 3  # those of the seed, and one that was written and not answered
    finally:
        process.stop(signal.SIGKILL)
