"""Postfix as another operator: a mail server that does not know us brings letters with its certificate, and takes ours."""

import asyncio
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes
from pathlib import Path
from typing import Any

import httpx
import pytest

from mss_sim.app.simulator import Simulator
from tests.clients import DOCTOR, PRACTICE, Person, control, letter
from tests.conftest import StartSimulator

DOMAIN = "clinique-lac.sim.mssante.fr"
SURGEON = f"anne.morel@{DOMAIN}"
_NOBODY = 65_534
_SERVICES = """
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 1 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 1 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
proxymap unix - - n - - proxymap
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""
_SETTINGS = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtp_host_lookup = native
smtp_dns_support_level = disabled
myhostname = smtp.{domain}
mydestination =
mynetworks = 127.0.0.0/8
alias_maps =
virtual_mailbox_domains = {domain}
virtual_mailbox_maps = inline:{{ {{ {surgeon} = surgeon/ }} }}
virtual_mailbox_base = {folder}/mail
virtual_uid_maps = static:{nobody}
virtual_gid_maps = static:{nobody}
smtpd_relay_restrictions = reject_unauth_destination
smtpd_tls_security_level = encrypt
smtpd_tls_chain_files = {folder}/server.key, {folder}/server.pem
smtpd_tls_CAfile = {ca}
smtpd_tls_ask_ccert = yes
smtpd_tls_received_header = yes
smtpd_tls_loglevel = 1
relayhost = [localhost]:{mx}
smtp_tls_security_level = secure
smtp_tls_secure_cert_match = mail.sim.mssante.fr
smtp_tls_chain_files = {folder}/client.key, {folder}/client.pem
smtp_tls_CAfile = {ca}
smtp_tls_loglevel = 1
"""


@dataclass
class Postfix:
    """An instance with everything of its own in one folder; master and its daemons belong to no other."""

    folder: Path
    port: int

    @property
    def log(self) -> str:
        """All that its daemons said."""
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    def letters(self) -> list[Any]:
        """What lies in the surgeon's mailbox, the oldest first."""
        files = sorted((self.folder / "mail" / "surgeon" / "new").glob("*"), key=lambda file: file.stat().st_mtime_ns)
        return [message_from_bytes(file.read_bytes()) for file in files]

    def sendmail(self, raw: bytes, *options: str) -> None:
        """Give it a letter as a program on its machine does."""
        command = [_program("sendmail"), "-C", str(self.folder), "-f", SURGEON, *options]
        done = subprocess.run(command, input=raw, capture_output=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr.decode()


def _program(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/usr/lib/postfix/sbin")
    assert found, f"{name} is missing: make strangers installs postfix"
    return found


@contextmanager
def _running(simulator: Simulator, port: int, files: dict[str, bytes]) -> Iterator[Postfix]:
    """Postfix in a folder that its own user can look into, as it cannot into pytest's."""
    assert os.geteuid() == 0, "postfix starts as root alone"
    folder = Path(tempfile.mkdtemp(prefix="mss-sim-postfix-"))
    folder.chmod(0o755)
    for name, octets in files.items():
        (folder / name).write_bytes(octets)
    ready = simulator.ready()
    shutil.copy(ready["ca_file"], folder / "ca.pem")
    values = {"folder": folder, "domain": DOMAIN, "surgeon": SURGEON, "nobody": _NOBODY, "ca": folder / "ca.pem"}
    (folder / "main.cf").write_text(_SETTINGS.format(**values, mx=ready["mx"]["port"]), encoding="ascii")
    (folder / "master.cf").write_text(_SERVICES.format(port=port), encoding="ascii")
    for name, owner in (("data", "postfix"), ("mail", _NOBODY), ("queue", 0)):
        (folder / name).mkdir()
        shutil.chown(folder / name, owner)
    command = [_program("postfix"), "-c", str(folder)]
    started = subprocess.run([*command, "start"], capture_output=True, text=True, timeout=60, check=False)
    postfix = Postfix(folder, port)
    try:
        assert started.returncode == 0, started.stderr + (postfix.log if (folder / "log").exists() else "")
        yield postfix
    finally:
        subprocess.run([*command, "stop"], capture_output=True, timeout=60, check=False)
        shutil.rmtree(folder, ignore_errors=True)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


async def _issued(simulator: Simulator, role: str, **order: Any) -> dict[str, bytes]:
    """A certificate of the simulator's authority for the clinic, as files that Postfix reads."""
    made = (await control(simulator, "POST", "/certificates", {"operator": "Clinique du Lac", **order})).json()
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        forms = {form: await client.get(f"/control/certificates/{made['serial']}/{form}") for form in ("pem", "key")}
    return {f"{role}.{form}": got.content for form, got in forms.items()}


@pytest.fixture
async def simulator(start: StartSimulator) -> AsyncIterator[Simulator]:
    """A simulator that asks peers for their certificates and tries again soon."""
    async with start(peers_proof="certificate", queue_retry_seconds=0.2) as running:
        yield running


@pytest.fixture
async def postfix(simulator: Simulator) -> AsyncIterator[Postfix]:
    """Postfix that serves an operator outside."""
    port = _free_port()
    clinic = {"name": "Clinique du Lac", "domains": [DOMAIN], "mx": f"localhost:{port}"}
    assert (await control(simulator, "POST", "/operators", clinic)).status_code == 201
    files = await _issued(simulator, "client", common=f"smtp.{DOMAIN}")
    files |= await _issued(simulator, "server", profile="SERV_SSL", hosts=["localhost", f"smtp.{DOMAIN}"])
    with _running(simulator, port, files) as running:
        yield running


async def _until(what: Callable[[], Any], postfix: Postfix, seconds: float = 30) -> Any:
    """The first true answer, which may have to be awaited."""
    deadline = time.monotonic() + seconds
    while True:
        found = what()
        found = await found if asyncio.iscoroutine(found) else found
        if found:
            return found
        assert time.monotonic() < deadline, postfix.log
        await asyncio.sleep(0.05)


async def _told(simulator: Simulator) -> list[str]:
    sent = await Person(simulator, "doctor").get(f"/mailboxes/{DOCTOR}/sent")
    return [event["kind"] for event in sent["items"][0]["recipients"][0]["events"]]


async def test_postfix_brings_a_letter_and_hears_that_it_was_delivered(simulator: Simulator, postfix: Postfix) -> None:
    raw = letter(SURGEON, PRACTICE, "Compte rendu").as_bytes()
    await asyncio.to_thread(postfix.sendmail, raw, "-N", "success", PRACTICE)
    secretary = Person(simulator, "secretary")
    (item,) = await _until(lambda: secretary.inbox(PRACTICE), postfix)
    assert item["subject"] == "Compte rendu"
    (report,) = await _until(postfix.letters, postfix)
    assert report.get_content_type() == "multipart/report"
    assert "Action: delivered" in report.as_string()
    assert "Verified TLS connection established to localhost[127.0.0.1]" in postfix.log
    facts = (await control(simulator, "GET", "/evidence?door=mx")).json()["items"][0]["tls"]
    assert f"CN=smtp.{DOMAIN}," in facts["client_dn"]


async def test_postfix_is_refused_what_is_not_there_and_what_is_not_its_own(simulator: Simulator, postfix: Postfix) -> None:
    nobody = "personne@cabinet.sim.mssante.fr"
    await asyncio.to_thread(postfix.sendmail, letter(SURGEON, nobody).as_bytes(), nobody)
    (report,) = await _until(postfix.letters, postfix)
    assert "Status: 5.1.1" in report.as_string()
    liar = "paul.durand@hopital-ormes.sim.mssante.fr"
    await asyncio.to_thread(postfix.sendmail, letter(liar, PRACTICE).as_bytes(), "-f", liar, PRACTICE)
    assert await _until(lambda: "554 5.7.0" in postfix.log, postfix)
    assert "to another certificate than" in postfix.log


async def test_postfix_takes_a_letter_with_our_certificate_and_tells_what_became_of_it(simulator: Simulator, postfix: Postfix) -> None:
    doctor = Person(simulator, "doctor")
    assert (await doctor.smtp(DOCTOR, SURGEON, letter(DOCTOR, SURGEON, "Avis"), rcpt="NOTIFY=SUCCESS,FAILURE")).code == 250
    (found,) = await _until(postfix.letters, postfix)
    assert found["Subject"] == "Avis"
    received = " ".join(found["Received"].split())
    assert received.startswith("from smtp.cabinet.sim.mssante.fr ")
    assert 'Client CN "smtp.cabinet.sim.mssante.fr", Issuer "TEST AC IGC-SANTE ELEMENTAIRE ORGANISATIONS" (verified OK)' in received
    assert "Trusted TLS connection established from localhost[127.0.0.1]" in postfix.log
    (report,) = await _until(lambda: doctor.inbox(DOCTOR), postfix)
    assert report["from"][0]["address"] == f"mailer-daemon@smtp.{DOMAIN}"
    assert await _told(simulator) == ["submitted", "relayed", "delivered"]


async def test_a_letter_to_nobody_at_postfix_comes_back(simulator: Simulator, postfix: Postfix) -> None:
    doctor, nobody = Person(simulator, "doctor"), f"personne@{DOMAIN}"
    assert (await doctor.smtp(DOCTOR, nobody, letter(DOCTOR, nobody))).code == 250
    (item,) = await _until(lambda: doctor.inbox(DOCTOR), postfix)
    raw = (await doctor.rest("GET", f"/mailboxes/{DOCTOR}/messages/{item['id']}/raw")).text
    assert "Diagnostic-Code: smtp; 550 5.1.1" in raw
    assert "Remote-MTA: dns; localhost" in raw
    assert await _told(simulator) == ["submitted", "failed"]
