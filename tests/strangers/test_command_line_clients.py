"""Clients that do not know us, from a shell: swaks and curl against a running simulator."""

import asyncio
import shutil
import subprocess
from pathlib import Path

from mss_sim.app.simulator import Simulator
from tests.clients import DOCTOR, HOSPITAL, PATIENT, PRACTICE, Person


async def _run(*command: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which(command[0])
    assert program, f"{command[0]} is missing: make strangers installs it"
    return await asyncio.to_thread(subprocess.run, [program, *command[1:]], capture_output=True, text=True, timeout=60, check=False)


async def _swaks(simulator: Simulator, *options: str) -> subprocess.CompletedProcess[str]:
    ready = simulator.ready()
    where = ("--server", f"127.0.0.1:{ready['submission']['port']}", "--tls", "--tls-ca-path", ready["ca_file"])
    return await _run("swaks", *where, *options)


async def test_swaks_sends_with_plain_and_with_login(simulator: Simulator) -> None:
    for mechanism in ("PLAIN", "LOGIN"):
        account = ("--auth", mechanism, "--auth-user", "paul.durand", "--auth-password", "hopital-2026")
        sent = await _swaks(simulator, "--from", HOSPITAL, "--to", PRACTICE, *account)
        assert sent.returncode == 0, sent.stdout + sent.stderr
        assert "250 2.0.0 OK stored as" in sent.stdout
    assert len(await Person(simulator, "secretary").inbox(PRACTICE)) == 2


async def test_swaks_sends_for_the_shared_mailbox_as_mailbox_star_login(simulator: Simulator) -> None:
    account = ("--auth", "PLAIN", "--auth-user", f"{PRACTICE}*sophie.petit", "--auth-password", "cabinet-2026")
    sent = await _swaks(simulator, "--from", PRACTICE, "--to", HOSPITAL, *account)
    assert sent.returncode == 0, sent.stdout
    headers = dict((await Person(simulator, "hospital").open(HOSPITAL, (await _newest(simulator))["id"]))["headers"])
    assert headers["Sender"] == f"Sophie PETIT <{PRACTICE}>"


async def _newest(simulator: Simulator) -> dict[str, str]:
    found: dict[str, str] = (await Person(simulator, "hospital").inbox(HOSPITAL))[0]
    return found


async def test_swaks_is_told_what_is_wrong(simulator: Simulator) -> None:
    account = ("--auth", "PLAIN", "--auth-user", "paul.durand", "--auth-password", "wrong")
    refused = await _swaks(simulator, "--from", HOSPITAL, "--to", PRACTICE, *account)
    assert refused.returncode == 28
    assert "535 5.7.8" in refused.stdout


async def test_curl_sends_by_smtp_and_reads_by_rest(simulator: Simulator, tmp_path: Path) -> None:
    ready = simulator.ready()
    mail = tmp_path / "letter.eml"
    mail.write_bytes(f"From: {DOCTOR}\r\nTo: {PATIENT}\r\nSubject: curl\r\n\r\n.\r\nx\r\n".encode())
    where = f"smtp://localhost:{ready['submission']['port']}/client.example"
    command = ("curl", "-sS", "--ssl-reqd", "--cacert", ready["ca_file"], "--url", where, "--user", "camille.martin:cabinet-2026")
    sent = await _run(*command, "--mail-from", DOCTOR, "--mail-rcpt", PATIENT, "--upload-file", str(mail))
    assert sent.returncode == 0, sent.stderr
    await simulator.core.queue.work()
    url = f"{ready['http']}/api/v1/mailboxes/{PATIENT}/messages"
    read = await _run("curl", "-sS", "--fail", "-u", "claire.fontaine:patient-2026", url)
    assert '"subject":"curl"' in read.stdout


async def test_curl_logs_in_with_a_token_by_xoauth2(simulator: Simulator, tmp_path: Path) -> None:
    ready = simulator.ready()
    mail = tmp_path / "letter.eml"
    mail.write_bytes(f"From: {PRACTICE}\r\nTo: {HOSPITAL}\r\nSubject: token\r\n\r\nx\r\n".encode())
    token = simulator.world.tokens.mint(Person(simulator, "secretary").idnat, claims={"filler": "x" * 2_500})
    assert len(token) > 4_096 - 512
    where = f"smtp://localhost:{ready['submission']['port']}/client.example"
    command = ("curl", "-sS", "--ssl-reqd", "--cacert", ready["ca_file"], "--url", where, "--user", PRACTICE, "--oauth2-bearer", token)
    sent = await _run(*command, "--login-options", "AUTH=XOAUTH2", "--mail-from", PRACTICE, "--mail-rcpt", HOSPITAL, "-T", str(mail))
    assert sent.returncode == 0, sent.stderr
    assert (await _newest(simulator))["subject"] == "token"
