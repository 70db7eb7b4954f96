"""The program as users start it: a process of its own, on the fast event loop, with a ready file."""

import asyncio
import contextlib
import json
import os
import signal
import smtplib
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.clients import HOSPITAL, LABORATORY, PRACTICE
from tests.counters import astray_at

_ANY = ("--submission-port", "0", "--mx-port", "0", "--imap-port", "0", "--http-port", "0", "--log-level", "error")


_SUBJECT = "Essai =?utf-8?q?=0D=0ABcc:_x@y.fr?="
"""What a letter sent by the command line is about: text, however it looks."""


class Process:
    """One running `mss-sim run`; the counters of what it leaves on disk are right when it has ended, however it ended."""

    def __init__(self, ready_file: Path, *options: str, errors: Path | None = None, first: Callable[[], None] | None = None) -> None:
        """`first` is called in the new process, before the program begins."""
        self.ready_file = ready_file
        folder = options[options.index("--data") + 1] if "--data" in options else os.environ.get("MSS_SIM_DATA_DIR", "data")
        self._database = None if "--memory" in options else os.environ.get("MSS_SIM_DATABASE_URL") or Path(folder).absolute() / "mss-sim.db"
        command = [sys.executable, "-m", "mss_sim", "run", *_ANY, "--ready-file", str(ready_file), *options]
        with errors.open("wb") if errors else contextlib.nullcontext() as told:
            self.process = subprocess.Popen(command, env={**os.environ, "PYTHONUNBUFFERED": "1"}, stderr=told, preexec_fn=first)  # noqa: PLW1509 - no thread of ours is asked
        deadline = time.monotonic() + 30
        while not ready_file.exists():
            assert self.process.poll() is None, "the simulator ended before it was ready"
            assert time.monotonic() < deadline, "the simulator is not ready after 30 s"
            time.sleep(0.02)
        self.ready: dict[str, Any] = json.loads(ready_file.read_text(encoding="utf-8"))

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait; the exit status."""
        self.process.send_signal(number)
        status = self.process.wait(20)
        assert self._database is None or astray_at(self._database) == []
        return status

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Another command of the program, towards this one."""
        line = [sys.executable, "-m", "mss_sim", *command]
        return subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Process]:
    started = Process(tmp_path / "ready.json", "--data", str(tmp_path / "data"))
    yield started
    if started.process.poll() is None:
        assert started.stop() == 0


def test_the_ready_file_tells_all_that_a_test_suite_needs(running: Process) -> None:
    ready = running.ready
    assert set(ready) == {
        "http",
        "ui",
        "https",
        "submission",
        "mx",
        "imap",
        "ca_file",
        "truststore",
        "control_key",
        "dns",
        "ldap",
        "directory",
        "psc",
        "mx_peer",
        "app_client",
        "traps",
        "personas",
    }
    assert ready["imap"]["port"] > 0
    assert Path(ready["ca_file"]).read_text(encoding="utf-8").startswith("-----BEGIN CERTIFICATE-----")
    assert Path(ready["truststore"]["file"]).read_bytes().startswith(b"0\x82")
    roles = [persona["role"] for persona in ready["personas"]]
    assert roles[:5] == ["doctor", "doctor2", "secretary", "assistant", "newcomer"]
    assert roles[5:10] == ["hospital", "hospital_ward", "application", "patient", "patient2"]
    assert roles[10:] == ["pharmacist", "editor", "locum"]
    secretary = ready["personas"][2]
    rights = {box["address"]: box["rights"] for box in secretary["mailboxes"]}
    assert rights[PRACTICE] == ["close", "file", "mark", "read", "see", "send_on_behalf"]
    assert {box["kind"] for persona in ready["personas"] for box in persona["mailboxes"]} == {"PER", "ORG", "APP", "CAB", "PATIENT"}
    assert running.stop() == 0
    assert not running.ready_file.exists()


def test_a_letter_goes_out_by_the_command_line_and_a_restart_keeps_it(running: Process, tmp_path: Path) -> None:
    attachment = tmp_path / "IHE_XDM.ZIP"
    attachment.write_bytes(b"PK\x05\x06" + b"\0" * 18)
    where = ("--port", str(running.ready["submission"]["port"]), "--host", "localhost", "--ca", running.ready["ca_file"])
    account = ("--from", HOSPITAL, "--to", PRACTICE, "--login", "paul.durand", "--subject", _SUBJECT)
    sent = running.run("send", *where, *account, "--password", "hopital-2026", "--attach", str(attachment), "--read-receipt")
    assert sent.stdout.startswith("sent <"), sent.stderr
    refused = running.run("send", *where, *account, "--password", "wrong")
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert "535 5.7.8" in refused.stderr
    token = running.run("token", "sophie.petit", "--http", running.ready["http"]).stdout.strip()
    deadline = time.monotonic() + 20
    while _subjects(running, token) != [_SUBJECT]:
        assert time.monotonic() < deadline, "the letter did not arrive"
        time.sleep(0.05)
    assert running.stop() == 0
    again = Process(running.ready_file, "--data", str(tmp_path / "data"))
    token = again.run("token", "secretary", "--http", again.ready["http"]).stdout.strip()
    assert _subjects(again, token) == [_SUBJECT]
    assert again.stop() == 0


def _subjects(running: Process, token: str) -> list[str]:
    url = f"{running.ready['http']}/api/v1/mailboxes/{PRACTICE}/messages"
    answer = httpx.get(url, headers={"Authorization": f"Bearer {token}"}, params={"folder": "INBOX", "limit": 200})
    return [item["subject"] for item in answer.json()["items"]]


def test_what_no_option_says_the_environment_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("DATA_DIR", tmp_path / "data"), ("HOST", "127.0.0.2"), ("HTTP_PORT", 1), ("CONTROL_KEY", "a-key-of-mine")):
        monkeypatch.setenv(f"MSS_SIM_{name}", str(value))
    started = Process(tmp_path / "ready.json")
    assert started.ready["http"].startswith("http://127.0.0.2:")
    assert started.ready["control_key"] == "a-key-of-mine"
    assert (tmp_path / "data" / "mss-sim.db").exists()
    assert started.stop() == 0


def test_https_hands_a_client_certificate_on(tmp_path: Path) -> None:
    """On the event loop that the program uses."""
    started = Process(tmp_path / "ready.json", "--memory", "--https-port", "0")
    ready, realm = started.ready, "/auth/realms/esante-wallet"
    context = ssl.create_default_context(cafile=ready["ca_file"])
    context.load_cert_chain(ready["app_client"]["cert_file"], ready["app_client"]["key_file"])
    with httpx.Client(base_url=ready["https"], verify=context) as https:
        [row, *_] = https.get(f"/control/certificates?mailbox={LABORATORY}").json()
        names = {"client_id": "tls", "token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_subject_dn": row["subject"]}
        new = {**names, "redirect_uris": [ready["psc"]["redirect_uri"]], "grant_types": ["authorization_code", "refresh_token"]}
        assert https.post("/control/psc/clients", json=new).status_code == 201
        url = https.get(f"{realm}/.well-known/openid-configuration").json()["mtls_endpoint_aliases"]["token_endpoint"]
        form = {"grant_type": "refresh_token", "refresh_token": "none of ours", "client_id": "tls"}
        assert https.post(url, data=form).json()["error"] == "invalid_grant", "the client is known, its refresh token is not"
        assert httpx.post(f"{ready['http']}{realm}/protocol/openid-connect/token", data=form).json()["error"] == "invalid_client"
    assert started.stop() == 0


def test_the_seed_is_shown_as_a_table(running: Process) -> None:
    shown = running.run("seed", "--http", running.ready["http"])
    assert shown.returncode == 0
    assert "sophie.petit" in shown.stdout


def test_certificates_from_the_command_line(running: Process, tmp_path: Path) -> None:
    where = ("--http", running.ready["http"])
    issued = running.run("cert", "issue", "--mailbox", LABORATORY, *where)
    serial = issued.stdout.strip()
    assert len(serial) > 20, issued.stderr
    for suffix, beginning in (("pem", b"-----BEGIN CERT"), ("key", b"-----BEGIN PRIV"), ("p12", b"0"), ("p7b", b"0"), ("der", b"0")):
        file = tmp_path / f"client.{suffix}"
        file.touch(mode=0o644 if suffix in ("key", "p12") else 0o600)  # it may be there already, for all to read
        assert running.run("cert", "export", serial, str(file), *where).returncode == 0
        assert file.read_bytes().startswith(beginning)
        assert file.stat().st_mode & 0o077 == 0
    assert f"{serial}  ORG_AUTH_CLI  {LABORATORY}  until " in running.run("cert", "list", *where).stdout
    assert running.run("cert", "revoke", serial, "--reason", "keyCompromise", *where).stdout.startswith(f"revoked {serial} at ")
    assert f"{LABORATORY}  revoked " in running.run("cert", "list", *where).stdout
    for wrong in (("cert", "revoke", serial), ("cert", "issue"), ("cert", "export", serial, "x.txt"), ("cert", "revoke", "a/../b")):
        refused = running.run(*wrong, *where)
        assert (refused.returncode, refused.stderr.count("\n")) in ((1, 1), (2, 1)), refused.stderr


def test_traps_on_the_fast_loop_tell_what_came(tmp_path: Path) -> None:
    running = Process(tmp_path / "ready.json", "--memory", "--traps")
    careless = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    careless.check_hostname, careless.verify_mode = False, ssl.CERT_NONE
    trusting = ssl.create_default_context(cafile=running.ready["ca_file"])
    where = ("localhost", running.ready["traps"]["expired"]["submission"]["port"])
    with smtplib.SMTP(*where, timeout=20) as client, pytest.raises(ssl.SSLCertVerificationError):
        client.starttls(context=trusting)
    with smtplib.SMTP(*where, timeout=20) as client:
        client.starttls(context=careless)
        with pytest.raises(smtplib.SMTPAuthenticationError):
            client.login("paul.durand", "hopital-2026")
    deadline = time.monotonic() + 10
    seen: list[dict[str, Any]] = []
    while not (len(seen) == 2 and all(one["closed_at"] for one in seen)):
        assert time.monotonic() < deadline, seen
        seen = httpx.get(running.ready["http"] + "/control/traps").json()
    assert [(one["verdict"], one["tls"]["alert"]) for one in seen] == [("FAIL", None), ("PASS", "certificate_expired")]
    assert running.stop() == 0


def test_what_got_250_survives_kill_9_and_is_there_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MSS_SIM_PEERS_PROOF", "domain")
    running = Process(tmp_path / "ready.json", "--data", str(tmp_path / "data"))
    acknowledged: list[str] = []
    workers = [threading.Thread(target=_load, args=(running.ready["mx"]["port"], number, acknowledged)) for number in range(4)]
    for worker in workers:
        worker.start()
    while len(acknowledged) < 150:
        time.sleep(0.01)
    running.stop(signal.SIGKILL)
    for worker in workers:
        worker.join()
    running.ready_file.unlink()
    again = Process(running.ready_file, "--data", str(tmp_path / "data"))
    found = asyncio.run(_all_subjects(again))
    assert again.stop() == 0
    assert len(found) == len(set(found)), "a letter is there twice"
    assert set(acknowledged) - set(found) == set(), "a letter that got 250 is lost"


def _load(port: int, number: int, acknowledged: list[str]) -> None:
    try:
        with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
            for count in range(2_000):
                subject = f"{number}-{count}"
                client.sendmail(HOSPITAL, [PRACTICE], f"From: {HOSPITAL}\r\nSubject: {subject}\r\n\r\nx\r\n")
                acknowledged.append(subject)
    except (smtplib.SMTPException, OSError):
        return


async def _all_subjects(running: Process) -> list[str]:
    found: list[str] = []
    cursor: str | None = None
    async with httpx.AsyncClient(base_url=running.ready["http"], auth=("camille.martin", "cabinet-2026")) as client:
        while True:
            params = {"limit": "200", **({"cursor": cursor} if cursor else {})}
            page = (await client.get(f"/api/v1/mailboxes/{PRACTICE}/messages", params=params)).json()
            found += [item["subject"] for item in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                return found
