"""The MX port and its peers: who shows which certificate brings mail of which domain."""

import asyncio
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.policy import SMTP
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from mss_sim.app.simulator import Simulator
from mss_sim.pki.names import authority_name, read_dn
from tests.clients import HOSPITAL, PRACTICE, Reply, control, letter
from tests.conftest import StartSimulator

PINS = "clinique-pins.sim.mssante.fr"


@pytest.fixture
async def simulator(start: StartSimulator) -> Any:
    async with start(peers_proof="certificate") as running:
        yield running


def _context(simulator: Simulator, cert: str | None = None, key: str | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=simulator.ready()["ca_file"])
    if cert:
        context.load_cert_chain(cert, key)
    return context


def _talk(simulator: Simulator, context: ssl.SSLContext | None, sender: str, to: str) -> Reply:
    where = simulator.ready()["mx"]
    with smtplib.SMTP(where["host"], where["port"], timeout=20) as client:
        client.ehlo("smtp.peer.example")
        if context is not None:
            client.starttls(context=context)
            client.ehlo("smtp.peer.example")
        for command in (f"MAIL FROM:<{sender}>", f"RCPT TO:<{to}>"):
            code, said = client.docmd(command)
            if code >= 400:
                return Reply(code, said.decode())
        client.docmd("DATA")
        client.send(letter(sender or f"x@{PINS}", to).as_bytes(policy=SMTP) + b".\r\n")
        code, said = client.getreply()
        return Reply(code, said.decode())


async def _bring(simulator: Simulator, context: ssl.SSLContext | None, sender: str, to: str = PRACTICE) -> Reply:
    return await asyncio.to_thread(_talk, simulator, context, sender, to)


async def _issued(simulator: Simulator, folder: Path, **order: Any) -> tuple[str, str, dict[str, Any]]:
    """The files of a new certificate, and what the control plane says of it."""
    made = (await control(simulator, "POST", "/certificates", order)).json()
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        for suffix in ("pem", "key"):
            (folder / f"c.{suffix}").write_bytes((await client.get(f"/control/certificates/{made['serial']}/{suffix}")).content)
    return str(folder / "c.pem"), str(folder / "c.key"), made


async def test_the_peer_of_the_ready_file_is_let_in(simulator: Simulator) -> None:
    peer = simulator.ready()["mx_peer"]
    assert (await _bring(simulator, _context(simulator, peer["cert_file"], peer["key_file"]), peer["sender"])).code == 250
    assert (await _bring(simulator, _context(simulator, peer["cert_file"], peer["key_file"]), "")).code == 250


async def test_starttls_comes_first(simulator: Simulator) -> None:
    assert (await _bring(simulator, None, HOSPITAL)).enhanced == "5.7.0"
    assert (await _bring(simulator, None, HOSPITAL)).code == 530


@pytest.mark.parametrize("sender", [HOSPITAL, f"x@{PINS}", ""])
async def test_a_peer_without_a_certificate_is_refused(simulator: Simulator, sender: str) -> None:
    reply = await _bring(simulator, _context(simulator), sender)
    assert (reply.code, reply.enhanced) == (554, "5.7.0")


async def test_a_peer_that_lies_about_its_domain_is_refused(simulator: Simulator) -> None:
    peer = simulator.ready()["mx_peer"]
    reply = await _bring(simulator, _context(simulator, peer["cert_file"], peer["key_file"]), HOSPITAL)
    assert (reply.code, reply.enhanced) == (554, "5.7.0")
    assert "another certificate" in reply.text


async def test_a_domain_that_is_not_listed_is_refused(simulator: Simulator) -> None:
    peer = simulator.ready()["mx_peer"]
    context = _context(simulator, peer["cert_file"], peer["key_file"])
    reply = await _bring(simulator, context, "x@example.org")
    assert (reply.code, reply.enhanced) == (550, "5.7.1")
    assert (await control(simulator, "DELETE", f"/white-list/{PINS}")).status_code == 204
    assert (await _bring(simulator, context, peer["sender"])).code in (550, 554)


async def test_a_stale_list_is_told_as_temporary(simulator: Simulator) -> None:
    peer = simulator.ready()["mx_peer"]
    context = _context(simulator, peer["cert_file"], peer["key_file"])
    assert (await control(simulator, "PUT", "/white-list/variant", {"variant": "stale"})).status_code == 200
    reply = await _bring(simulator, context, peer["sender"])
    assert (reply.code, reply.enhanced) == (451, "4.7.1")
    await control(simulator, "PUT", "/white-list/variant", {"variant": "normal"})
    assert (await _bring(simulator, context, peer["sender"])).code == 250


async def test_a_new_certificate_counts_once_it_is_on_the_list(simulator: Simulator, tmp_path: Path) -> None:
    cert, key, made = await _issued(simulator, tmp_path, operator="Hôpital des Ormes", common="smtp2.hopital-ormes.sim.mssante.fr")
    context = _context(simulator, cert, key)
    assert (await _bring(simulator, context, HOSPITAL)).code == 554
    row = {"domain": "hopital-ormes.sim.mssante.fr", "certificate_dn": made["subject"]}
    assert (await control(simulator, "POST", "/white-list", row)).status_code == 201
    assert (await _bring(simulator, context, HOSPITAL)).code == 250
    assert (await control(simulator, "POST", f"/certificates/{made['serial']}/revoke", {"reason": "keyCompromise"})).status_code == 200
    revoked = await _bring(simulator, context, HOSPITAL)
    assert (revoked.code, revoked.enhanced) == (554, "5.7.0")
    assert "revoked" in revoked.text


@contextmanager
def _foreign(folder: Path, subject: str) -> Iterator[tuple[str, str]]:
    """A certificate of an authority of one's own that has the same subject as a listed one."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(read_dn(subject)).public_key(key.public_key()).serial_number(4711)
    builder = builder.issuer_name(authority_name("TEST AC IGC-SANTE ELEMENTAIRE ORGANISATIONS"))
    made = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1)).sign(key, hashes.SHA256())
    (folder / "f.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    pem = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "f.key").write_bytes(key.private_bytes(*pem))
    yield str(folder / "f.pem"), str(folder / "f.key")


async def test_a_certificate_of_another_chain_with_the_listed_name_is_refused(simulator: Simulator, tmp_path: Path) -> None:
    rows = (await control(simulator, "GET", "/white-list")).json()["rows"]
    listed = next(row["certificate_dn"] for row in rows if row["domain"] == "hopital-ormes.sim.mssante.fr")
    with _foreign(tmp_path, listed) as (cert, key):
        reply = await _bring(simulator, _context(simulator, cert, key), HOSPITAL)
    assert (reply.code, reply.enhanced) == (554, "5.7.0")
    assert "not of the authority" in reply.text


async def test_by_setting_the_handshake_itself_fails(start: StartSimulator, tmp_path: Path) -> None:
    async with start(peers_proof="certificate", peers_untrusted="alert") as simulator:
        rows = (await control(simulator, "GET", "/white-list")).json()["rows"]
        with _foreign(tmp_path, rows[0]["certificate_dn"]) as (cert, key), pytest.raises((ssl.SSLError, OSError, smtplib.SMTPException)):
            await _bring(simulator, _context(simulator, cert, key), HOSPITAL)
        peer = simulator.ready()["mx_peer"]
        assert (await _bring(simulator, _context(simulator, peer["cert_file"], peer["key_file"]), peer["sender"])).code == 250


async def test_the_transcript_tells_what_the_peer_showed(simulator: Simulator) -> None:
    peer = simulator.ready()["mx_peer"]
    await _bring(simulator, _context(simulator, peer["cert_file"], peer["key_file"]), peer["sender"])
    facts = (await control(simulator, "GET", "/evidence?door=mx")).json()["items"][0]["tls"]
    assert facts["version"] == "TLSv1.3"
    assert facts["suite"].startswith("TLS_")
    assert f"CN=smtp.{PINS}" in facts["client_dn"]
    assert facts["client_verified"] == "yes"
