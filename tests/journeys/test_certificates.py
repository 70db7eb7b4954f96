"""Certificates from order to revocation, the services that can be made to fail, and TLS as clients meet it."""

import base64
import shutil
import ssl
import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiosmtplib
import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12
from cryptography.x509 import ocsp

from mss_sim.app.simulator import Simulator
from mss_sim.clock import ManualClock, from_datetime
from mss_sim.config.settings import Settings
from mss_sim.core.trust import certificates
from mss_sim.net import tls
from mss_sim.pki import authority, bundles, issuing, names
from mss_sim.pki.authority import ORGANISATIONS, ROOT, Authority, Places
from mss_sim.vocabulary.trust import CertificateProfile, KeyKind
from tests.clients import DOCTOR, LABORATORY, ImapClient, control
from tests.conftest import StartSimulator


async def order(simulator: Simulator, **body: Any) -> dict[str, Any]:
    answer = await control(simulator, "POST", "/certificates", body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def ask_ocsp(simulator: Simulator, pem: str, *, by_get: bool = False) -> ocsp.OCSPResponse:
    certificate, issuer = bundles.read_pem(pem), simulator.world.igc.authority(ORGANISATIONS).certificate
    octets = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA1()).build().public_bytes(Encoding.DER)
    async with httpx.AsyncClient(base_url=simulator.ready()["http"], timeout=20) as client:
        if by_get:
            answer = await client.get("/ocsp/" + base64.b64encode(octets).decode().replace("/", "%2F").replace("+", "%2B"))
        else:
            answer = await client.post("/ocsp", content=octets, headers={"Content-Type": "application/ocsp-request"})
    assert answer.headers["content-type"] == "application/ocsp-response"
    return ocsp.load_der_ocsp_response(answer.content)


async def get(simulator: Simulator, path: str) -> httpx.Response:
    async with httpx.AsyncClient(base_url=simulator.ready()["http"], timeout=20) as client:
        return await client.get(path)


async def test_an_app_mailbox_gets_a_certificate_that_names_it(simulator: Simulator) -> None:
    row = await order(simulator, mailbox=LABORATORY)
    assert (row["profile"], row["mailbox"], row["revoked_at"]) == ("ORG_AUTH_CLI", LABORATORY, None)
    certificate = bundles.read_pem(row["pem"])
    said = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert said.get_values_for_type(x509.RFC822Name) == [LABORATORY]
    assert row["subject"] == names.dn_text(certificate.subject)
    theirs = [one["serial"] for one in (await control(simulator, "GET", f"/certificates?mailbox={LABORATORY}")).json()]
    assert theirs[0] == row["serial"]
    assert len(theirs) == 2, "the world begins with one, whose files the ready file names"
    colons = ":".join(row["serial"][at : at + 2] for at in range(0, len(row["serial"]), 2)).upper()
    assert (await control(simulator, "GET", f"/certificates/{colons}")).json() == row


@pytest.mark.parametrize(
    ("form", "media_type", "begin"),
    [
        ("pem", "application/x-pem-file", b"-----BEGIN CERTIFICATE-----"),
        ("key", "application/x-pem-file", b"-----BEGIN PRIVATE KEY-----"),
        ("der", "application/pkix-cert", b"\x30\x82"),
        ("p12", "application/x-pkcs12", b"\x30\x82"),
        ("p7b", "application/x-pkcs7-certificates", b"\x30\x82"),
    ],
)
async def test_each_form_of_a_certificate_is_a_file_of_its_own_type(simulator: Simulator, form: str, media_type: str, begin: bytes) -> None:
    row = await order(simulator, mailbox=LABORATORY)
    answer = await get(simulator, f"/control/certificates/{row['serial']}/{form}")
    told = answer.headers["content-type"].partition(";")[0], answer.headers["content-disposition"]
    assert told == (media_type, f'attachment; filename="{row["serial"]}.{form}"')
    assert answer.content.startswith(begin)


async def test_operators_and_hosts_get_theirs(simulator: Simulator) -> None:
    operator = (await control(simulator, "GET", "/operators")).json()[0]
    row = await order(
        simulator, operator=operator["name"], common="smtpmss.exemple.fr", structure="318751275100020", department="Rhône (69)"
    )
    assert row["operator"] == operator["name"]
    assert row["subject"] == f"CN=smtpmss.exemple.fr,OU=318751275100020,O={operator['name']},ST=Rhône (69),C=FR"
    host = await order(simulator, host="mail.exemple.fr", hosts=["127.0.0.1"], days=3)
    assert (host["profile"], host["host"]) == ("SERV_SSL", "mail.exemple.fr")
    server = await order(simulator, operator=operator["name"], profile="SERV_SSL", hosts=["mx.exemple.fr"])
    assert server["subject"].startswith("CN=mx.exemple.fr,")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"mailbox": LABORATORY, "host": "a"}, 422),
        ({"mailbox": DOCTOR}, 422),  # PER
        ({"mailbox": "personne@labo-parc.sim.mssante.fr"}, 404),
        ({"mailbox": "not an address"}, 422),
        ({"mailbox": LABORATORY, "profile": "SERV_SSL"}, 422),
        ({"operator": "nobody"}, 404),
        ({"host": "a b"}, 422),
        ({"host": "a", "common": "x\x00"}, 422),
        ({"host": "é.fr"}, 422),
        ({"host": "a", "days": 0}, 422),
        ({"host": "a", "unknown": 1}, 422),
    ],
)
async def test_what_cannot_be_issued_is_refused(simulator: Simulator, body: dict[str, Any], status: int) -> None:
    answer = await control(simulator, "POST", "/certificates", body)
    assert answer.status_code == status, answer.text


async def test_an_operator_server_needs_hosts(simulator: Simulator) -> None:
    operator = (await control(simulator, "GET", "/operators")).json()[0]["name"]
    assert (await control(simulator, "POST", "/certificates", {"operator": operator, "profile": "SERV_SSL"})).status_code == 422


async def test_what_is_taken_back_is_on_the_list_and_stays_there(simulator: Simulator) -> None:
    row = await order(simulator, mailbox=LABORATORY)
    assert (await ask_ocsp(simulator, row["pem"])).certificate_status is ocsp.OCSPCertStatus.GOOD
    revoked = await control(simulator, "POST", f"/certificates/{row['serial']}/revoke", {"reason": "superseded"})
    assert revoked.json()["reason"] == "superseded"
    assert (await control(simulator, "POST", f"/certificates/{row['serial']}/revoke")).status_code == 409
    for by_get in (False, True):
        told = await ask_ocsp(simulator, row["pem"], by_get=by_get)
        assert told.certificate_status is ocsp.OCSPCertStatus.REVOKED
        assert told.revocation_reason is x509.ReasonFlags.superseded
    await control(simulator, "DELETE", f"/mailboxes/{LABORATORY}")
    crl = x509.load_der_x509_crl((await get(simulator, "/CRL/ACI-EL-ORG.crl")).content)
    assert [one.serial_number for one in crl] == [int(row["serial"], 16)]
    assert (await control(simulator, "GET", f"/certificates/{row['serial']}")).json()["mailbox"] is None


async def test_the_servers_own_certificate_can_be_taken_back(simulator: Simulator) -> None:
    everything = (await control(simulator, "GET", "/certificates")).json()
    own = next(one for one in everything if one["host"] == "mail.sim.mssante.fr")
    assert (await ask_ocsp(simulator, own["pem"])).certificate_status is ocsp.OCSPCertStatus.GOOD
    await control(simulator, "POST", f"/certificates/{own['serial']}/revoke", {})
    assert (await ask_ocsp(simulator, own["pem"])).certificate_status is ocsp.OCSPCertStatus.REVOKED
    after = (await control(simulator, "GET", "/certificates")).json()
    assert sorted(one["serial"] for one in after) == sorted(one["serial"] for one in everything)


async def test_a_revocation_may_lie_ahead(simulator: Simulator) -> None:
    row = await order(simulator, mailbox=LABORATORY)
    ahead = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    assert (await control(simulator, "POST", f"/certificates/{row['serial']}/revoke", {"at": ahead})).status_code == 200
    assert (await ask_ocsp(simulator, row["pem"])).certificate_status is ocsp.OCSPCertStatus.GOOD
    assert list(x509.load_der_x509_crl((await get(simulator, "/CRL/ACI-EL-ORG.crl")).content)) == []


async def test_after_a_reset_what_was_issued_is_unknown(simulator: Simulator) -> None:
    row = await order(simulator, mailbox=LABORATORY)
    await control(simulator, "POST", "/reset")
    assert (await ask_ocsp(simulator, row["pem"])).certificate_status is ocsp.OCSPCertStatus.UNKNOWN
    assert (await control(simulator, "GET", f"/certificates/{row['serial']}")).status_code == 404


@pytest.mark.parametrize(
    ("path", "status"), [("/certificates/zz", 404), ("/certificates/ab", 404), ("/certificates/ab/p12", 404), ("/certificates/ab/exe", 422)]
)
async def test_what_is_not_there_is_not_found(simulator: Simulator, path: str, status: int) -> None:
    assert (await control(simulator, "GET", path)).status_code == status


async def test_authority_keys_are_nowhere_to_download(simulator: Simulator) -> None:
    for path in ("/AC/ACR-EL.key", "/AC/../authorities/ACR-EL.key", "/AC/ACR-EL.pem", "/CRL/ACI-EL-PP.crl", "/AC/x.cer"):
        assert (await get(simulator, path)).status_code == 404
    keys = list((simulator.data_dir / "certificates").rglob("*.key"))
    assert {key.name for key in keys} == {"ACR-EL.key", "ACI-EL-ORG.key", "server.key", "mx_peer.key", "app_client.key"}
    assert {key.stat().st_mode & 0o777 for key in keys} == {0o600}


async def test_services_fail_as_they_are_told(simulator: Simulator) -> None:
    row = await order(simulator, mailbox=LABORATORY)
    crl = "/CRL/ACI-EL-ORG.crl"

    async def switch(service: str, behaviour: str, **more: Any) -> None:
        answer = await control(simulator, "PATCH", "/certificates/behaviour", {service: {"behaviour": behaviour, **more}})
        assert answer.status_code == 200, answer.text

    await switch("crl", "forbidden")
    assert (await get(simulator, crl)).status_code == 403
    assert (await get(simulator, "/AC/ACI-EL-ORG.cer")).status_code == 200
    await switch("crl", "html")
    page = await get(simulator, crl)
    assert (page.status_code, page.headers["content-type"][:9]) == (200, "text/html")
    await switch("crl", "unreachable")
    with pytest.raises(httpx.RemoteProtocolError):
        await get(simulator, crl)
    await switch("crl", "slow", seconds=0.2)
    began = datetime.now(UTC)
    assert (await get(simulator, crl)).status_code == 200
    assert datetime.now(UTC) - began >= timedelta(seconds=0.2)
    await switch("crl", "expired")
    late = x509.load_der_x509_crl((await get(simulator, crl)).content)
    assert late.next_update_utc is not None
    assert late.next_update_utc < datetime.now(UTC)
    await switch("ocsp", "expired")
    answer = await ask_ocsp(simulator, row["pem"])
    assert answer.next_update_utc is not None
    assert answer.next_update_utc < datetime.now(UTC)
    await switch("crl", "normal")
    assert (await get(simulator, crl)).status_code == 200
    refused = await control(simulator, "PATCH", "/certificates/behaviour", {"aia": {"behaviour": "expired"}})
    assert refused.status_code == 422
    fetches = (await control(simulator, "GET", "/certificates/fetches?limit=3")).json()
    assert [(one["service"], one["behaviour"]) for one in fetches] == [("crl", "normal"), ("ocsp", "expired"), ("crl", "expired")]


async def test_a_rate_limited_service_lets_one_request_pass(start: StartSimulator, clock: ManualClock) -> None:
    async with start(clock=clock, igc_rate_seconds=60) as simulator:
        await control(simulator, "PATCH", "/certificates/behaviour", {"aia": {"behaviour": "rate_limited"}})
        codes = [(await get(simulator, "/AC/ACI-EL-ORG.cer")).status_code for _ in range(3)]
        clock.advance(timedelta(seconds=60))
        codes.append((await get(simulator, "/AC/ACI-EL-ORG.cer")).status_code)
        assert codes == [200, 403, 403, 200]


@pytest.mark.parametrize("octets", [b"", b"x" * 20_000, b"\x30\x00"])
async def test_a_question_that_cannot_be_read_gets_an_answer(simulator: Simulator, octets: bytes) -> None:
    async with httpx.AsyncClient(base_url=simulator.ready()["http"], timeout=20) as client:
        answer = await client.post("/ocsp", content=octets)
    assert ocsp.load_der_ocsp_response(answer.content).response_status is ocsp.OCSPResponseStatus.MALFORMED_REQUEST
    assert (
        ocsp.load_der_ocsp_response((await get(simulator, "/ocsp/%00%21")).content).response_status
        is ocsp.OCSPResponseStatus.MALFORMED_REQUEST
    )


async def test_a_restart_keeps_the_authority_and_follows_the_port(start: StartSimulator) -> None:
    async with start() as simulator:
        root = (await control(simulator, "GET", "/ca.pem")).text
        assert (await get(simulator, "/ca.pem")).text == root, "nobody needs a key to trust"
        row = await order(simulator, mailbox=LABORATORY)
        own = next(iter(simulator.world.igc.standing.values())).serial
    async with start() as simulator:
        assert (await control(simulator, "GET", "/ca.pem")).text == root
        assert (await ask_ocsp(simulator, row["pem"])).certificate_status is ocsp.OCSPCertStatus.GOOD
        shown = next(iter(simulator.world.igc.standing.values()))
        access = shown.certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
        assert str(access[0].access_location.value).startswith(simulator.ready()["http"])
        assert shown.serial != own
        port, again = int(simulator.ready()["http"].rpartition(":")[2]), shown.serial
    async with start(http_port=port) as simulator:
        assert set(simulator.world.igc.standing) == {again}


async def test_the_certificate_holds_the_names_of_the_setting(start: StartSimulator) -> None:
    """A service of compose is verified by its name; the names that it always had stay, in the first place those."""
    usual = ["mail.sim.mssante.fr", "localhost", "127.0.0.1", "::1"]
    for further, held in (((), usual), (("mss-sim", "localhost", "10.0.0.7"), [*usual, "mss-sim", "10.0.0.7"])):
        async with start(certificate_hosts=further) as simulator:
            ready = simulator.ready()
            names = next(iter(simulator.world.igc.standing.values())).certificate.extensions
            assert [str(one.value) for one in names.get_extension_for_class(x509.SubjectAlternativeName).value] == held
            trusting = ssl.create_default_context(cafile=ready["ca_file"])
            client = aiosmtplib.SMTP(hostname="127.0.0.1", port=ready["submission"]["port"], start_tls=False)
            await client.connect()
            if further:
                await client.starttls(tls_context=trusting, server_hostname="mss-sim")
                assert client.transport is not None
                await client.quit()
            else:
                with pytest.raises(ssl.SSLCertVerificationError, match="not valid for 'mss-sim'"):
                    await client.starttls(tls_context=trusting, server_hostname="mss-sim")


async def test_rsa_keys_on_demand(start: StartSimulator) -> None:
    async with start(certificate_key=KeyKind.RSA_2048, tls_suites={"TLSv1.2": ("ECDHE-RSA-AES256-GCM-SHA384",)}) as simulator:
        client = await ImapClient.open(simulator)
        chosen = client.writer.get_extra_info("ssl_object")
        assert (chosen.version(), chosen.cipher()[0]) == ("TLSv1.2", "ECDHE-RSA-AES256-GCM-SHA384")
        await client.close()


async def test_a_version_that_is_left_out_is_not_spoken(start: StartSimulator) -> None:
    async with start(
        tls_suites={"TLSv1.3": ("TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256")}
    ) as simulator:
        context = ssl.create_default_context(cafile=simulator.ready()["ca_file"])
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await imap_with(simulator, context)


@pytest.mark.parametrize("suites", [{"TLSv1.3": ("TLS_AES_256_GCM_SHA384",)}, {"TLSv1.2": ()}, {}, {"TLSv1.1": ("x",)}])
def test_suites_that_cannot_be_are_refused(suites: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises(ValueError, match="suites"):
        Settings(tls_suites=suites)


async def imap_with(simulator: Simulator, context: ssl.SSLContext) -> ImapClient:
    """An IMAP connection after STARTTLS with a context of one's own, one command said."""
    import asyncio

    reader, writer = await asyncio.open_connection("localhost", simulator.ready()["imap"]["port"])
    client = ImapClient(reader, writer)
    await reader.readline()
    await client.ask("STARTTLS")
    await writer.start_tls(context, server_hostname="localhost")
    await client.ask("NOOP")
    return client


def trust(simulator: Simulator) -> tls.Certificates:
    """What a client of ours needs: the root."""
    return tls.Certificates(Path(simulator.ready()["ca_file"]), Path(), Path())


def forged(tmp_path: Path, organisations: Authority, subject: x509.Name) -> tuple[str, str]:
    """(chain, key) of a client certificate that somebody else's authority signed."""
    now, key = datetime.now(UTC), issuing.new_key(KeyKind.P_256)
    wanted = issuing.Order(CertificateProfile.ORG_AUTH_CLI, subject, now - timedelta(days=1), now + timedelta(days=1))
    certificate = issuing.issue(organisations, wanted, key, Places("http://127.0.0.1:1"))
    return bundles.pem(certificate, *organisations.chain), bundles.key_pem(key)


def lookalike() -> Authority:
    """The authority of organisations, name for name, of another root."""
    now, places = datetime.now(UTC), Places("http://127.0.0.1:1")
    root = authority.make(ROOT, ec.generate_private_key(ec.SECP256R1()), None, places, now)
    return authority.make(ORGANISATIONS, ec.generate_private_key(ec.SECP256R1()), root, places, now)


async def test_a_client_certificate_of_a_lookalike_authority_is_turned_away(simulator: Simulator, tmp_path: Path) -> None:
    shown = await order(simulator, mailbox=LABORATORY)
    chain, key = forged(tmp_path, lookalike(), bundles.read_pem(shown["pem"]).subject)
    with pytest.raises((ssl.SSLError, ConnectionError, EOFError)):
        await imap_with(simulator, tls.client_context(trust(simulator), simulator.settings, chain=chain, key=key))
    facts = (await control(simulator, "GET", "/evidence?door=imap")).json()["items"][0]["tls"]
    assert facts["client_verified"] == "no"
    assert "CERTIFICATE_VERIFY_FAILED" in facts["error"]
    told = await certificates.presented(simulator.world, bundles.der(bundles.read_pem(chain)))
    assert (told.trusted, told.good, told.row) == (False, False, None)


async def test_a_client_certificate_is_told_true_until_it_is_taken_back(simulator: Simulator) -> None:
    row = await order(simulator, mailbox=LABORATORY)
    full = await certificates.find(simulator.world, row["serial"])
    client = await imap_with(simulator, tls.client_context(trust(simulator), simulator.settings, chain=full.certificate, key=full.key))
    await client.close()
    octets = bundles.der(bundles.read_pem(row["pem"]))
    told = await certificates.presented(simulator.world, octets)
    assert (told.good, told.subject, told.row) == (True, row["subject"], full)
    await control(simulator, "POST", f"/certificates/{row['serial']}/revoke", {})
    told = await certificates.presented(simulator.world, octets)
    assert (told.trusted, told.revoked, told.good) == (True, True, False)


async def test_a_certificate_of_another_range_leads_to_the_root_and_is_not_trusted(simulator: Simulator) -> None:
    igc, now = simulator.world.igc, datetime.now(UTC)
    subject = names.leaf_name(organisation="Dr MARTIN", structure="810000000001", common="a", department="Var (83)")
    wanted = issuing.Order(CertificateProfile.ORG_AUTH_CLI, subject, now - timedelta(days=1), now + timedelta(days=1))
    signed, key = igc.sign("ACI-EL-PP", wanted)
    assert not (await certificates.presented(simulator.world, bundles.der(signed))).trusted
    chain = bundles.pem(signed, *igc.authority("ACI-EL-PP").chain)
    client = await imap_with(simulator, tls.client_context(trust(simulator), simulator.settings, chain=chain, key=bundles.key_pem(key)))
    facts = (await control(simulator, "GET", "/evidence?door=imap")).json()["items"][0]["tls"]
    assert (facts["client_verified"], facts["client_dn"]) == ("no", names.dn_text(subject))
    await client.close()


async def test_a_servers_certificate_is_none_of_a_client(simulator: Simulator) -> None:
    row = await certificates.find(simulator.world, (await order(simulator, host="a.fr"))["serial"])
    context = tls.client_context(trust(simulator), simulator.settings, chain=row.certificate, key=row.key)
    with pytest.raises((ssl.SSLError, ConnectionError, EOFError)):
        await imap_with(simulator, context)
    facts = (await control(simulator, "GET", "/evidence?door=imap")).json()["items"][0]["tls"]
    assert "purpose" in facts["error"]


async def test_what_an_operator_may_show_now(start: StartSimulator, database: str | None) -> None:
    async with start(database_url=database) as simulator:
        operators = (await control(simulator, "GET", "/operators")).json()
        made = [await order(simulator, operator=operators[0]["name"]) for _ in range(3)]
        await control(simulator, "POST", f"/certificates/{made[2]['serial']}/revoke", {"reason": "certificateHold"})
        bound = (await certificates.find(simulator.world, made[0]["serial"])).operator_id
        good = await certificates.valid_certificates_of(simulator.world, operator_id=bound)
        assert [row.serial for row in good][:2] == [made[1]["serial"], made[0]["serial"]]
        assert len(good) == 3, "every operator begins with one"
        assert certificates.with_chain(simulator.world, good[0]).count("BEGIN CERTIFICATE") == 2
        crl = x509.load_der_x509_crl(await certificates.crl(simulator.world, ORGANISATIONS))
        assert [one.serial_number for one in crl] == [int(made[2]["serial"], 16)]
        await simulator.world.store.reset()
        assert await certificates.valid_certificates_of(simulator.world, operator_id=bound) == []


async def test_files_of_a_start_that_was_cut_short_are_made_anew(start: StartSimulator) -> None:
    async with start() as simulator:
        folder = simulator.data_dir / "certificates"
        root = (await control(simulator, "GET", "/ca.pem")).text
    other = bundles.key_pem(issuing.new_key(KeyKind.P_256))
    for name in ("server.key", "authorities/ACI-EL-ORG.key"):
        (folder / name).write_text(other, "ascii")
    (folder / "ca.pem").unlink()
    async with start() as simulator:
        await (await ImapClient.open(simulator)).close()
        assert (await control(simulator, "GET", "/ca.pem")).text == root


async def test_the_truststore_is_of_the_root_of_today(start: StartSimulator) -> None:
    """A folder of an earlier version has none; a root that was made anew is in it."""
    for removed in ("truststore.p12", "authorities"):
        async with start() as simulator:
            folder = simulator.data_dir / "certificates"
            octets = (await get(simulator, "/truststore.p12")).content
            held = pkcs12.load_pkcs12(octets, simulator.ready()["truststore"]["password"].encode()).additional_certs
            assert [bundles.pem(one.certificate) for one in held] == [(folder / "ca.pem").read_text("ascii")]
        path = folder / removed
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    async with start() as simulator:
        assert (folder / "truststore.p12").read_bytes() != octets


async def test_validity_follows_the_clock_of_certificates(simulator: Simulator) -> None:
    row = await order(simulator, host="a.fr", days=2)
    igc, far = simulator.world.igc, ManualClock(datetime.now(UTC) + timedelta(days=3))
    octets = bundles.der(bundles.read_pem(row["pem"]))
    assert (await certificates.presented(simulator.world, octets)).good
    igc.__dict__["_clock"] = far
    assert not (await certificates.presented(simulator.world, octets)).trusted
    crl = x509.load_der_x509_crl(await certificates.crl(simulator.world, ORGANISATIONS))
    assert from_datetime(crl.last_update_utc) // 1_000_000 == far.now() // 1_000_000


async def test_a_python_client_resumes_its_session(simulator: Simulator) -> None:
    import asyncio
    import smtplib

    def resumed(version: ssl.TLSVersion) -> bool:
        context = ssl.create_default_context(cafile=simulator.ready()["ca_file"])
        context.minimum_version = context.maximum_version = version
        session: ssl.SSLSession | None = None
        for _ in range(2):
            with smtplib.SMTP("localhost", simulator.ready()["submission"]["port"], timeout=20) as client:
                client.ehlo()
                client.docmd("STARTTLS")
                assert client.sock is not None
                client.sock = context.wrap_socket(client.sock, server_hostname="localhost", session=session)
                client.file = None
                client.ehlo()
                session, reused = client.sock.session, client.sock.session_reused
        return bool(reused)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # smtplib's own file on the plain socket
        assert await asyncio.to_thread(resumed, ssl.TLSVersion.TLSv1_2)
        assert await asyncio.to_thread(resumed, ssl.TLSVersion.TLSv1_3)
