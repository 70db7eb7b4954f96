"""openssl as the client: it verifies our chains, stops at our traps, reads our lists, answers and files."""

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from mss_sim.app.simulator import Simulator
from tests.clients import LABORATORY, control
from tests.conftest import StartSimulator


async def openssl(*words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    program = shutil.which("openssl")
    assert program, "openssl is missing: make strangers installs it"
    return await asyncio.to_thread(
        subprocess.run, [program, *words], input=stdin, capture_output=True, text=True, timeout=60, check=False, errors="replace"
    )


@pytest.fixture
async def trapped(start: StartSimulator) -> AsyncIterator[Simulator]:
    """A simulator with its traps open."""
    async with start(traps_open=True) as running:
        yield running


async def connect(simulator: Simulator, where: dict[str, Any], door: str, *options: str, ca: str = "") -> tuple[int, str, str]:
    """(exit status, verify return code, all that was said) of one handshake."""
    protocol = "imap" if door == "imap" else "smtp"
    port = f"localhost:{where[door]['port']}"
    trust = ("-CAfile", ca or simulator.ready()["ca_file"])
    done = await openssl("s_client", "-connect", port, "-starttls", protocol, *trust, "-verify_return_error", *options, stdin="Q\n")
    said = done.stdout + done.stderr
    codes = [line.split(":", 1)[1].split()[0] for line in said.splitlines() if line.strip().startswith("Verify return code:")]
    errors = [line.split("num=")[1].split(":")[0] for line in said.splitlines() if line.startswith("verify error:num=")]
    return done.returncode, (errors or codes or ["none"])[0], said


async def visits(simulator: Simulator, trap: str) -> list[dict[str, Any]]:
    """What the trap saw once all who came have gone, the newest first."""
    for _ in range(200):
        found: list[dict[str, Any]] = (await control(simulator, "GET", f"/traps?trap={trap}")).json()
        if found and all(one["closed_at"] for one in found):
            return found
        await asyncio.sleep(0.02)
    raise AssertionError(f"a connection to {trap} is still open, or none came")


async def last_session(simulator: Simulator, door: str) -> dict[str, Any]:
    """The newest connection, once it is closed."""
    for _ in range(200):
        found: dict[str, Any] = (await control(simulator, "GET", f"/evidence?door={door}&limit=1")).json()["items"][0]
        if found["closed_at"]:
            return found
        await asyncio.sleep(0.02)
    raise AssertionError("the connection is still open")


async def fetch(simulator: Simulator, path: str, file: Path) -> Path:
    """Download something and keep it."""
    async with httpx.AsyncClient(base_url=simulator.ready()["http"], timeout=20) as client:
        answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    await asyncio.to_thread(file.write_bytes, answer.content)
    return file


@pytest.mark.parametrize("door", ["submission", "imap", "mx"])
async def test_the_usual_ports_verify_with_the_root_alone(simulator: Simulator, door: str) -> None:
    for version in ("-tls1_2", "-tls1_3"):
        status, code, said = await connect(simulator, simulator.ready(), door, "-verify_hostname", "localhost", version)
        assert (status, code) == (0, "0"), said
    assert "TEST AC IGC-SANTE ELEMENTAIRE ORGANISATIONS" in said


OLD = [
    ("-tls1_1", "-cipher", "ALL:@SECLEVEL=0"),
    ("-tls1", "-cipher", "ALL:@SECLEVEL=0"),
    ("-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0"),
    ("-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-SHA384:@SECLEVEL=0"),
]


@asynccontextmanager
async def lenient_server(simulator: Simulator) -> AsyncIterator[str]:
    """A server with the simulator's certificate that speaks whatever it is asked for; its host:port."""
    folder = simulator.data_dir / "certificates"
    words = (
        "-accept",
        "127.0.0.1:0",
        "-cert",
        str(folder / "server.pem"),
        "-key",
        str(folder / "server.key"),
        "-cipher",
        "ALL:@SECLEVEL=0",
    )
    program = shutil.which("openssl") or "openssl"
    process = await asyncio.create_subprocess_exec(
        program, "s_server", *words, stdout=asyncio.subprocess.PIPE, stdin=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        while not (line := await asyncio.wait_for(process.stdout.readline(), 20)).startswith(b"ACCEPT "):
            assert line, "the server has gone"
        yield line.decode().split()[1]
    finally:
        process.kill()
        await process.wait()


@pytest.mark.parametrize("options", OLD, ids=" ".join)
async def test_the_usual_ports_speak_nothing_old(simulator: Simulator, options: tuple[str, ...]) -> None:
    """The same words are understood by a server that speaks anything: it is ours that refuses, not the client."""
    for door in ("submission", "imap", "mx"):
        status, _, said = await connect(simulator, simulator.ready(), door, *options)
        assert status == 1, said
    async with lenient_server(simulator) as place:
        done = await openssl("s_client", "-connect", place, *options, stdin="Q\n")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Protocol  : {options[0].replace('-tls', 'TLSv').replace('_', '.')}" in done.stdout


TRAPS = [
    ("expired", "10", "certificate_expired", "ECO.1.1.5"),
    ("not_yet_valid", "9", "bad_certificate", "ECO.1.1.10"),
    ("wrong_host", "62", "bad_certificate", "SC.MSS/CONF.27"),
    ("self_signed", "18", "unknown_ca", "SC.MSS/CONF.27"),
    ("public_ca", "20", "unknown_ca", "SC.MSS/CONF.27"),
]


@pytest.mark.parametrize("door", ["submission", "imap"])
@pytest.mark.parametrize(("trap", "code", "alert", "requirement"), TRAPS, ids=[row[0] for row in TRAPS])
async def test_a_client_that_verifies_passes(trapped: Simulator, trap: str, code: str, alert: str, requirement: str, door: str) -> None:
    status, found, said = await connect(trapped, trapped.ready()["traps"][trap], door, "-verify_hostname", "localhost")
    assert (status, found) == (1, code), said
    seen = (await visits(trapped, trap))[0]
    assert (seen["verdict"], seen["tls"]["outcome"], seen["tls"]["alert"]) == ("PASS", "aborted", alert), seen
    assert requirement in seen["requirements"]
    assert seen["went_on"] == []


async def test_the_chain_of_the_other_range_verifies_so_only_pinning_tells(trapped: Simulator) -> None:
    status, code, said = await connect(trapped, trapped.ready()["traps"]["wrong_range"], "submission", "-verify_hostname", "localhost")
    assert (status, code) == (0, "0")
    assert "TEST AC IGC-SANTE ELEMENTAIRE PERSONNES" in said
    assert (await visits(trapped, "wrong_range"))[0]["verdict"] == "PASS"  # it left before AUTH


async def test_the_public_chain_verifies_for_who_trusts_public_authorities(trapped: Simulator) -> None:
    where = trapped.ready()["traps"]["public_ca"]
    status, code, _ = await connect(trapped, where, "submission", ca=where["root_file"])
    assert (status, code) == (0, "0")


async def test_a_client_that_trusts_nothing_of_ours_shows_nothing(trapped: Simulator, tmp_path: Path) -> None:
    stranger = trapped.ready()["traps"]["public_ca"]["root_file"]
    await connect(trapped, trapped.ready()["traps"]["expired"], "submission", ca=stranger)
    seen = (await visits(trapped, "expired"))[0]
    assert seen["verdict"] == "WARN"
    assert "unknown_ca" in seen["why"]


async def test_the_revoked_certificate_is_found_by_its_list(trapped: Simulator, tmp_path: Path) -> None:
    where = trapped.ready()["traps"]["revoked"]
    status, code, _ = await connect(trapped, where, "submission")
    assert (status, code) == (0, "0"), "without a list nobody knows"
    seen = (await visits(trapped, "revoked"))[0]
    assert (seen["verdict"], seen["lookup"], seen["tls"]["outcome"]) == ("WARN", "never", "completed")
    crl = await fetch(trapped, "/CRL/ACI-EL-ORG.crl", tmp_path / "org.crl")
    status, code, said = await connect(trapped, where, "submission", "-crl_check", "-CRL", str(crl), "-CRLform", "DER")
    assert (status, code) == (1, "23"), said
    seen = (await visits(trapped, "revoked"))[0]
    assert (seen["verdict"], seen["lookup"], seen["tls"]["alert"]) == ("PASS", "before", "certificate_revoked")


async def test_openssl_fetches_the_list_by_itself(trapped: Simulator) -> None:
    where = trapped.ready()["traps"]["revoked"]
    status, code, said = await connect(trapped, where, "submission", "-crl_check", "-crl_download")
    assert (status, code) == (1, "23"), said
    seen = (await visits(trapped, "revoked"))[0]
    assert (seen["verdict"], seen["lookup"], seen["tls"]["alert"]) == ("PASS", "during", "certificate_revoked")
    status, code, said = await connect(trapped, trapped.ready(), "submission", "-crl_check", "-crl_download")
    assert (status, code) == (0, "0"), said


async def test_every_level_has_its_list(simulator: Simulator, tmp_path: Path) -> None:
    _, pem, authority = await issued(simulator, tmp_path)
    known = tmp_path / "known.pem"
    texts = [(await control(simulator, "GET", "/ca.pem")).text]
    for label in ("ACR-EL", "ACI-EL-ORG"):
        crl = await fetch(simulator, f"/CRL/{label}.crl", tmp_path / f"{label}.crl")
        texts.append((await openssl("crl", "-inform", "DER", "-in", str(crl))).stdout)
    await asyncio.to_thread(known.write_text, "".join(texts))
    done = await openssl("verify", "-crl_check_all", "-CAfile", str(known), "-untrusted", str(authority), str(pem))
    assert done.returncode == 0, done.stderr


async def test_the_responder_calls_the_revoked_trap_revoked(trapped: Simulator, tmp_path: Path) -> None:
    shown = (await control(trapped, "GET", "/certificates")).json()
    pem = tmp_path / "trap.pem"
    await asyncio.to_thread(pem.write_text, next(one["pem"] for one in shown if one["revoked_at"]))
    _, _, authority = await issued(trapped, tmp_path)
    ready = trapped.ready()
    asking = ("ocsp", "-issuer", str(authority), "-url", f"{ready['http']}/ocsp", "-CAfile", ready["ca_file"], "-cert", str(pem))
    assert f"{pem}: revoked" in (await openssl(*asking)).stdout


async def test_the_usual_certificate_is_on_no_list(simulator: Simulator, tmp_path: Path) -> None:
    crl = await fetch(simulator, "/CRL/ACI-EL-ORG.crl", tmp_path / "org.crl")
    options = ("-crl_check", "-CRL", str(crl), "-CRLform", "DER")
    assert (await connect(simulator, simulator.ready(), "submission", *options))[:2] == (0, "0")


async def test_a_list_that_is_out_of_date_is_told_apart(simulator: Simulator, tmp_path: Path) -> None:
    await control(simulator, "PATCH", "/certificates/behaviour", {"crl": {"behaviour": "expired"}})
    crl = await fetch(simulator, "/CRL/ACI-EL-ORG.crl", tmp_path / "org.crl")
    options = ("-crl_check", "-CRL", str(crl), "-CRLform", "DER")
    assert (await connect(simulator, simulator.ready(), "submission", *options))[:2] == (1, "12")


@pytest.mark.parametrize("version", ["-tls1", "-tls1_1"])
async def test_old_tls_is_there_for_who_still_speaks_it(trapped: Simulator, version: str) -> None:
    where = trapped.ready()["traps"]["tls10_tls11"]
    status, _, said = await connect(trapped, where, "submission", version, "-cipher", "DEFAULT:@SECLEVEL=0")
    assert status == 0, said
    seen = (await visits(trapped, "tls10_tls11"))[0]
    assert (seen["verdict"], seen["tls"]["version"]) == ("FAIL", "TLSv1" if version == "-tls1" else "TLSv1.1")
    assert seen["requirements"] == ["SC.MSS/CONF.01", "ECO.1.1.1"]


async def test_who_speaks_only_new_versions_passes_the_old_ones(trapped: Simulator) -> None:
    assert (await connect(trapped, trapped.ready()["traps"]["tls10_tls11"], "imap", "-tls1_2"))[0] == 1
    assert (await visits(trapped, "tls10_tls11"))[0]["verdict"] == "PASS"


async def test_weak_suites_tell_who_insists_on_strong_ones(trapped: Simulator) -> None:
    where = trapped.ready()["traps"]["weak_suites"]
    assert (await connect(trapped, where, "submission", "-tls1_2", "-cipher", "ECDHE+AESGCM"))[0] == 1
    assert (await visits(trapped, "weak_suites"))[0]["verdict"] == "PASS"
    assert (await connect(trapped, where, "submission", "-tls1_2", "-cipher", "AES128-SHA:@SECLEVEL=0"))[0] == 0
    seen = (await visits(trapped, "weak_suites"))[0]
    assert (seen["verdict"], seen["tls"]["suite"]) == ("FAIL", "AES128-SHA")


@pytest.mark.parametrize("door", ["submission", "imap"])
async def test_where_starttls_was_taken_away_openssl_leaves(trapped: Simulator, door: str) -> None:
    assert (await connect(trapped, trapped.ready()["traps"]["starttls_stripped"], door))[0] == 1
    seen = (await visits(trapped, "starttls_stripped"))[0]
    assert (seen["verdict"], seen["tls"]["outcome"]) == ("PASS", "none")
    assert seen["requirements"][0] == ("SC.MSS/CONF.06" if door == "imap" else "SC.MSS/CONF.05")


async def issued(simulator: Simulator, tmp_path: Path) -> tuple[str, Path, Path]:
    """(serial, PEM file, authority's PEM file) of a new certificate of the laboratory's APP mailbox."""
    answer = await control(simulator, "POST", "/certificates", {"mailbox": LABORATORY})
    assert answer.status_code == 201, answer.text
    serial = answer.json()["serial"]
    pem = await fetch(simulator, f"/control/certificates/{serial}/pem", tmp_path / "leaf.pem")
    der = await fetch(simulator, "/AC/ACI-EL-ORG.cer", tmp_path / "org.cer")
    authority = tmp_path / "org.pem"
    assert (await openssl("x509", "-inform", "DER", "-in", str(der), "-out", str(authority))).returncode == 0
    return serial, pem, authority


async def test_openssl_verifies_what_was_issued(simulator: Simulator, tmp_path: Path) -> None:
    serial, pem, authority = await issued(simulator, tmp_path)
    ca = simulator.ready()["ca_file"]
    done = await openssl("verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", ca, "-untrusted", str(authority), str(pem))
    assert done.returncode == 0, done.stderr
    wrong = await openssl("verify", "-purpose", "sslserver", "-CAfile", ca, "-untrusted", str(authority), str(pem))
    assert wrong.returncode != 0
    shown = (await openssl("x509", "-in", str(pem), "-noout", "-serial", "-subject", "-email")).stdout
    assert serial.upper() in shown
    assert LABORATORY in shown


async def test_openssl_ocsp_is_told_good_then_revoked(simulator: Simulator, tmp_path: Path) -> None:
    serial, pem, authority = await issued(simulator, tmp_path)
    ready = simulator.ready()
    asking = ("ocsp", "-issuer", str(authority), "-url", f"{ready['http']}/ocsp", "-CAfile", ready["ca_file"])
    for digest in ("-sha1", "-sha256"):
        good = await openssl(*asking[:3], digest, "-cert", str(pem), *asking[3:])
        assert "Response verify OK" in good.stderr, good.stderr
        assert f"{pem}: good" in good.stdout
    revoked = await control(simulator, "POST", f"/certificates/{serial}/revoke", {"reason": "keyCompromise"})
    assert revoked.status_code == 200, revoked.text
    told = (await openssl(*asking, "-cert", str(pem))).stdout
    assert f"{pem}: revoked" in told
    assert "keyCompromise" in told
    unknown = (await openssl(*asking, "-serial", "0x1234")).stdout
    assert "0x1234: unknown" in unknown
    await control(simulator, "PATCH", "/certificates/behaviour", {"ocsp": {"behaviour": "expired"}})
    late = await openssl(*asking, "-cert", str(pem))
    assert "Status times invalid" in late.stdout + late.stderr
    fetches = (await control(simulator, "GET", "/certificates/fetches")).json()
    assert [one["service"] for one in fetches] == ["ocsp"] * 5 + ["aia"]
    assert fetches[0]["serial"] == serial


async def test_openssl_ocsp_knows_the_authority_too(simulator: Simulator, tmp_path: Path) -> None:
    _, _, authority = await issued(simulator, tmp_path)
    ready = simulator.ready()
    words = ("ocsp", "-issuer", ready["ca_file"], "-url", f"{ready['http']}/ocsp", "-CAfile", ready["ca_file"], "-cert", str(authority))
    assert f"{authority}: good" in (await openssl(*words)).stdout


async def test_openssl_reads_the_files(simulator: Simulator, tmp_path: Path) -> None:
    serial, _, _ = await issued(simulator, tmp_path)
    p12 = await fetch(simulator, f"/control/certificates/{serial}/p12?password=un-secret", tmp_path / "leaf.p12")
    shown = await openssl("pkcs12", "-in", str(p12), "-passin", "pass:un-secret", "-nodes")
    assert shown.stdout.count("BEGIN CERTIFICATE") == 2, shown.stderr
    assert "BEGIN PRIVATE KEY" in shown.stdout
    assert (await openssl("pkcs12", "-in", str(p12), "-passin", "pass:other", "-nodes")).returncode != 0
    p7b = await fetch(simulator, f"/control/certificates/{serial}/p7b", tmp_path / "leaf.p7b")
    assert (await openssl("pkcs7", "-inform", "DER", "-in", str(p7b), "-print_certs")).stdout.count("BEGIN CERTIFICATE") == 3
    chain = await fetch(simulator, "/AC/Chaine_de_certification-IGC-Sante.p7b", tmp_path / "chain.p7b")
    printed = (await openssl("pkcs7", "-inform", "DER", "-in", str(chain), "-print_certs")).stdout
    assert "RACINE IGC-SANTE ELEMENTAIRE" in printed
    assert printed.count("BEGIN CERTIFICATE") == 2


async def test_a_session_is_resumed_in_both_versions(simulator: Simulator, tmp_path: Path) -> None:
    for version in ("-tls1_2", "-tls1_3"):
        kept = str(tmp_path / f"session{version}")
        where = simulator.ready()
        port = ("-connect", f"localhost:{where['submission']['port']}", "-starttls", "smtp", "-CAfile", where["ca_file"], version)
        first = await openssl("s_client", *port, "-sess_out", kept, "-ign_eof", stdin="EHLO a\r\nQUIT\r\n")
        assert "New, TLSv1" in first.stdout
        again = await openssl("s_client", *port, "-sess_in", kept, "-ign_eof", stdin="EHLO a\r\nQUIT\r\n")
        assert "Reused, TLSv1" in again.stdout
    sessions = (await control(simulator, "GET", "/evidence?door=smtp")).json()["items"]
    assert [one["tls"]["resumed"] for one in sessions] == ["yes", "no", "yes", "no"]


async def test_a_client_certificate_stands_in_the_transcript(simulator: Simulator, tmp_path: Path) -> None:
    serial, pem, _ = await issued(simulator, tmp_path)
    key = await fetch(simulator, f"/control/certificates/{serial}/key", tmp_path / "leaf.key")
    for door, name in (("submission", "smtp"), ("imap", "imap")):
        status, _, said = await connect(simulator, simulator.ready(), door, "-cert", str(pem), "-key", str(key), "-servername", "mail.test")
        assert status == 0, said
        facts = (await last_session(simulator, name))["tls"]
        assert facts["client_serial"] == serial
        assert facts["client_dn"].startswith("CN=")
        assert (facts["client_verified"], facts["sni"], facts["version"]) == ("yes", "mail.test", "TLSv1.3")
        assert facts["suite"].startswith("TLS_AES")


async def test_who_hangs_up_right_after_the_handshake_makes_no_noise(simulator: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("WARNING", logger="asyncio")
    for door in ("submission", "imap") * 8:
        await connect(simulator, simulator.ready(), door)
    await last_session(simulator, "imap")
    assert "eof_received" not in caplog.text
