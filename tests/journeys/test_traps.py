"""Careless and careful Python clients at the traps; what is told of them, and what is never kept."""

import asyncio
import contextlib
import imaplib
import json
import smtplib
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from mss_sim.app.simulator import Simulator
from mss_sim.vocabulary.trust import TrapName
from tests.clients import HOSPITAL, Person, control, letter
from tests.conftest import StartSimulator
from tests.strangers.test_openssl import visits

PASSWORD = "hopital-2026"
CERTIFICATE_TRAPS = ["expired", "not_yet_valid", "revoked", "wrong_host", "wrong_range", "self_signed", "public_ca"]


@pytest.fixture
async def trapped(start: StartSimulator) -> AsyncIterator[Simulator]:
    """A simulator with its traps open."""
    async with start(traps_open=True) as running:
        yield running


def careless() -> ssl.SSLContext:
    """A context that believes anybody."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def careful(simulator: Simulator) -> Callable[[], ssl.SSLContext]:
    return lambda: ssl.create_default_context(cafile=simulator.ready()["ca_file"])


def by_smtp(where: dict[str, Any], context: ssl.SSLContext) -> int:
    """Log in over SMTP as a program would; the code of the last reply, 0 when TLS was refused."""
    with contextlib.suppress(ssl.SSLError, ConnectionError), smtplib.SMTP("localhost", where["submission"]["port"], timeout=20) as client:
        client.starttls(context=context)
        try:
            client.login("paul.durand", PASSWORD)
        except smtplib.SMTPAuthenticationError as error:
            return error.smtp_code
        return 235
    return 0


def by_imap(where: dict[str, Any], context: ssl.SSLContext) -> str:
    """The same over IMAP; what the server said, nothing when TLS was refused."""
    client = imaplib.IMAP4("localhost", where["imap"]["port"], timeout=20)
    said = ""
    try:
        client.starttls(context)
        said = client.login("paul.durand", PASSWORD)[0]
    except imaplib.IMAP4.error as error:
        said = str(error)
    except (ssl.SSLError, ConnectionError):
        pass
    finally:
        with contextlib.suppress(OSError):  # what failed in the handshake is closed already
            client.shutdown()
    return said


@pytest.mark.parametrize("trap", CERTIFICATE_TRAPS)
async def test_who_believes_anybody_fails_and_is_refused(trapped: Simulator, trap: str) -> None:
    where = trapped.ready()["traps"][trap]
    assert await asyncio.to_thread(by_smtp, where, careless()) == 535
    assert "AUTHENTICATIONFAILED" in await asyncio.to_thread(by_imap, where, careless())
    found = await visits(trapped, trap)
    assert [(one["verdict"], one["tls"]["outcome"], one["went_on"]) for one in found] == [
        ("FAIL", "completed", ["LOGIN"]),
        ("FAIL", "completed", ["AUTH"]),
    ]


@pytest.mark.parametrize("trap", [name for name in CERTIFICATE_TRAPS if name not in ("revoked", "wrong_range")])
async def test_who_verifies_passes(trapped: Simulator, trap: str) -> None:
    where = trapped.ready()["traps"][trap]
    context = careful(trapped)
    assert await asyncio.to_thread(by_smtp, where, context()) == 0
    assert await asyncio.to_thread(by_imap, where, context()) == ""
    assert [one["verdict"] for one in await visits(trapped, trap)] == ["PASS", "PASS"]


async def test_the_words_of_a_broken_handshake_are_told_and_nothing_where_none_broke(trapped: Simulator) -> None:
    where = trapped.ready()["traps"]["expired"]
    await asyncio.to_thread(by_smtp, where, careful(trapped)())
    await asyncio.to_thread(by_smtp, where, careless())
    told = {one["tls"]["outcome"]: one["tls"]["error"] for one in await visits(trapped, "expired")}
    assert told == {"aborted": told["aborted"], "completed": None}
    assert told["aborted"]
    negotiated = {one["tls"]["outcome"]: (one["tls"]["version"], one["tls"]["suite"]) for one in await visits(trapped, "expired")}
    assert negotiated["aborted"] == (None, None)
    assert (negotiated["completed"][0], negotiated["completed"][1].startswith("TLS_")) == ("TLSv1.3", True)


@pytest.mark.parametrize("trap", CERTIFICATE_TRAPS)
async def test_a_wrong_certificate_has_a_key_like_any_other(trapped: Simulator, trap: str) -> None:
    """One thing is wrong with it: a client that takes no other keys must not pass for their sake."""
    port = trapped.ready()["traps"][trap]["imap"]["port"]

    def shown() -> x509.Certificate:
        with imaplib.IMAP4("localhost", port, timeout=20) as client:
            client.starttls(careless())
            assert isinstance(client.sock, ssl.SSLSocket)
            return x509.load_der_x509_certificate(client.sock.getpeercert(binary_form=True) or b"")

    key = (await asyncio.to_thread(shown)).public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert key.curve.name == "secp256r1"


async def test_python_does_not_look_for_revocation_by_itself(trapped: Simulator) -> None:
    assert await asyncio.to_thread(by_smtp, trapped.ready()["traps"]["revoked"], careful(trapped)()) == 535
    assert (await visits(trapped, "revoked"))[0]["verdict"] == "FAIL"


async def test_old_and_weak_tls_are_refused_by_python(trapped: Simulator) -> None:
    for trap in ("tls10_tls11", "weak_suites"):
        context = careful(trapped)()
        context.set_ciphers("ECDHE+AESGCM")
        assert await asyncio.to_thread(by_smtp, trapped.ready()["traps"][trap], context) == 0
        assert (await visits(trapped, trap))[0]["verdict"] == "PASS"


async def test_who_logs_in_without_tls_fails(trapped: Simulator) -> None:
    where = trapped.ready()["traps"]["starttls_stripped"]

    def smtp() -> int:
        with smtplib.SMTP("localhost", where["submission"]["port"], timeout=20) as client:
            assert client.ehlo()[0] == 250
            assert not client.has_extn("starttls")
            assert client.has_extn("auth")
            assert client.docmd("STARTTLS")[0] == 502
            with pytest.raises(smtplib.SMTPAuthenticationError) as refused:
                client.login("paul.durand", PASSWORD)
            return refused.value.smtp_code

    def imap() -> str:
        client = imaplib.IMAP4("localhost", where["imap"]["port"], timeout=20)
        try:
            assert "LOGINDISABLED" not in client.capabilities
            assert "STARTTLS" not in client.capabilities
            client.login("paul.durand", PASSWORD)
        except imaplib.IMAP4.error as error:
            return str(error)
        finally:
            client.shutdown()
        return ""

    assert await asyncio.to_thread(smtp) == 535
    said = await asyncio.to_thread(imap)
    assert ("AUTHENTICATIONFAILED" in said, "(quirks#traps)" in said) == (True, True)
    assert [one["verdict"] for one in await visits(trapped, "starttls_stripped")] == ["FAIL", "FAIL"]


async def test_no_credential_is_kept(trapped: Simulator) -> None:
    await asyncio.to_thread(by_smtp, trapped.ready()["traps"]["expired"], careless())
    await asyncio.to_thread(by_imap, trapped.ready()["traps"]["expired"], careless())
    for visit in await visits(trapped, "expired"):
        told = (await control(trapped, "GET", f"/evidence/{visit['session']}")).text
        assert json.loads(told)["trap"] == "expired"
        assert PASSWORD not in told
        assert "AGhvcGl0" not in told
        assert "********" in told


async def test_a_setting_lets_the_right_password_in(start: StartSimulator) -> None:
    async with start(traps_open=True, traps_refuse_logins=False) as running:
        where = running.ready()["traps"]["expired"]
        assert await asyncio.to_thread(by_smtp, where, careless()) == 235
        assert await asyncio.to_thread(by_imap, where, careless()) == "OK"


async def test_looking_during_the_connection_is_told(trapped: Simulator) -> None:
    where = trapped.ready()["traps"]["revoked"]
    reader, writer = await asyncio.open_connection("localhost", where["submission"]["port"])
    await reader.readline()
    for line in (b"EHLO a\r\n", b"STARTTLS\r\n"):
        writer.write(line)
        while (await reader.readline())[3:4] == b"-":
            pass
    await writer.start_tls(careful(trapped)(), server_hostname="localhost")
    async with httpx.AsyncClient(base_url=trapped.ready()["http"]) as client:
        assert (await client.get("/CRL/ACI-EL-ORG.crl")).status_code == 200
    still = (await control(trapped, "GET", "/traps?trap=revoked")).json()[0]
    assert (still["verdict"], still["lookup"]) == ("NOT-OBSERVED", "during")
    writer.close()
    await writer.wait_closed()
    gone = (await visits(trapped, "revoked"))[0]
    assert (gone["verdict"], gone["lookup"]) == ("PASS", "during")


async def test_what_another_host_looked_up_says_nothing_of_this_client(trapped: Simulator) -> None:
    where = trapped.ready()["traps"]["revoked"]
    await asyncio.to_thread(_leaves_after_tls, where, careful(trapped)())
    elsewhere = httpx.AsyncHTTPTransport(local_address="127.0.0.2")
    async with httpx.AsyncClient(base_url=trapped.ready()["http"], transport=elsewhere) as client:
        assert (await client.get("/CRL/ACI-EL-ORG.crl")).status_code == 200
    await asyncio.to_thread(_leaves_after_tls, where, careful(trapped)())
    assert [(one["verdict"], one["lookup"]) for one in await visits(trapped, "revoked")] == [("WARN", "never")] * 2
    async with httpx.AsyncClient(base_url=trapped.ready()["http"]) as client:
        assert (await client.get("/CRL/ACI-EL-ORG.crl")).status_code == 200
    await asyncio.to_thread(_leaves_after_tls, where, careful(trapped)())
    newest, *_ = await visits(trapped, "revoked")
    assert (newest["verdict"], newest["lookup"]) == ("PASS", "before")


def _leaves_after_tls(where: dict[str, Any], context: ssl.SSLContext) -> None:
    with smtplib.SMTP("localhost", where["submission"]["port"], timeout=20) as client:
        client.starttls(context=context)


async def test_visits_at_once_are_told_apart(trapped: Simulator) -> None:
    """Careful and careless clients, and one that says half a handshake, all at the same time."""
    where = trapped.ready()["traps"]["expired"]

    async def half() -> None:
        reader, writer = await asyncio.open_connection("localhost", where["submission"]["port"])
        await reader.readline()
        writer.write(b"STARTTLS\r\n")
        await reader.readline()
        writer.write(b"\x16\x03\x01\x02\x00\x01\x00")  # a record that is never finished
        await writer.drain()
        writer.close()

    each = 8
    work = [asyncio.to_thread(by_smtp, where, careless()) for _ in range(each)]
    work += [asyncio.to_thread(by_smtp, where, careful(trapped)()) for _ in range(each)]
    await asyncio.gather(*work, *(half() for _ in range(each)))
    verdicts = [(one["verdict"], one["tls"]["outcome"], tuple(one["went_on"])) for one in await visits(trapped, "expired")]
    assert verdicts.count(("FAIL", "completed", ("AUTH",))) == each
    assert verdicts.count(("PASS", "aborted", ())) >= each
    assert len(verdicts) == 3 * each
    assert not any(verdict == "FAIL" for verdict, outcome, _ in verdicts if outcome != "completed")


async def test_a_visit_without_starttls_shows_nothing(trapped: Simulator) -> None:
    reader, writer = await asyncio.open_connection("localhost", trapped.ready()["traps"]["expired"]["imap"]["port"])
    await reader.readline()
    writer.write(b"a LOGOUT\r\n")
    await reader.read()
    writer.close()
    seen = (await visits(trapped, "expired"))[0]
    assert (seen["verdict"], seen["tls"]["outcome"]) == ("NOT-OBSERVED", "none")
    assert (await control(trapped, "GET", "/traps?verdict=FAIL")).json() == []


async def test_the_traps_are_closed_unless_asked_for(simulator: Simulator) -> None:
    assert simulator.ready()["traps"] == {}
    assert (await control(simulator, "GET", "/traps")).json() == []
    assert set(simulator.world.igc.standing) == {(await control(simulator, "GET", "/certificates")).json()[-1]["serial"]}


async def test_the_usual_ports_work_beside_the_traps(trapped: Simulator) -> None:
    assert list(trapped.ready()["traps"]) == [name.value for name in TrapName]
    assert (await Person(trapped, "hospital").smtp(HOSPITAL, HOSPITAL, letter(HOSPITAL, HOSPITAL))).code == 250
    assert (await control(trapped, "GET", "/traps")).json() == []


async def test_what_a_transcript_forgets_still_counts(start: StartSimulator) -> None:
    async with start(traps_open=True, transcripts_lines_max=10) as running:
        reader, writer = await asyncio.open_connection("localhost", running.ready()["traps"]["expired"]["submission"]["port"])
        await reader.readline()
        for line in (b"EHLO a", b"STARTTLS", b"", b"EHLO a", b"AUTH PLAIN AGhvcGl0", *(b"NOOP",) * 30, b"QUIT"):
            if line:
                writer.write(line + b"\r\n")
                while (await reader.readline())[3:4] == b"-":
                    pass
            else:
                await writer.start_tls(careless(), server_hostname="localhost")
        writer.close()
        seen = (await visits(running, "expired"))[0]
        assert (seen["verdict"], seen["went_on"]) == ("FAIL", ["AUTH"])
        told = (await control(running, "GET", f"/evidence/{seen['session']}")).json()
        assert not any("AUTH" in line["text"] for line in told["transcript"])


@pytest.mark.parametrize("line", [b"AUTH\tPLAIN AGhvcGl0", b" AUTH PLAIN AGhvcGl0", b"auth plain AGhvcGl0", b"AUTHPLAIN AGhvcGl0"])
async def test_mistyped_credentials_are_not_kept_either(trapped: Simulator, line: bytes) -> None:
    reader, writer = await asyncio.open_connection("localhost", trapped.ready()["traps"]["starttls_stripped"]["submission"]["port"])
    await reader.readline()
    writer.write(line + b"\r\nAGhvcGl0\r\nQUIT\r\n")
    await reader.read()
    writer.close()
    session = (await visits(trapped, "starttls_stripped"))[0]["session"]
    told = (await control(trapped, "GET", f"/evidence/{session}")).text
    assert "AGhvcGl0" not in told
    assert "********" in told


async def test_a_login_without_its_tag_is_not_kept(trapped: Simulator) -> None:
    reader, writer = await asyncio.open_connection("localhost", trapped.ready()["traps"]["starttls_stripped"]["imap"]["port"])
    await reader.readline()
    writer.write(b"LOGIN paul.durand hopital-2026\r\na LOGOUT\r\n")
    await reader.read()
    writer.close()
    session = (await visits(trapped, "starttls_stripped"))[0]["session"]
    assert PASSWORD not in (await control(trapped, "GET", f"/evidence/{session}")).text


def is_free(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) != 0


async def test_ports_can_be_fixed(start: StartSimulator) -> None:
    first = next(first for first in range(21_000, 30_000, 20) if all(is_free(port) for port in range(first, first + 20)))
    async with start(traps_open=True, traps_port=first) as running:
        ports = [one[door]["port"] for one in running.ready()["traps"].values() for door in ("submission", "imap")]
        assert ports == list(range(first, first + 20))


async def test_the_report_sums_up_the_newest_that_says_something(trapped: Simulator) -> None:
    where = trapped.ready()["traps"]["expired"]
    await asyncio.to_thread(by_smtp, where, careless())
    await asyncio.to_thread(by_smtp, where, careful(trapped)())
    _, writer = await asyncio.open_connection("localhost", where["submission"]["port"])
    writer.close()
    await visits(trapped, "expired")
    report = (await control(trapped, "GET", "/traps/report")).json()
    assert len(report) == 2 * len(TrapName)
    found = {(one["trap"], one["door"]): (one["verdict"], one["visits"]) for one in report}
    assert found["expired", "smtp"] == ("PASS", 3)
    assert found["expired", "imap"] == ("NOT-OBSERVED", 0)


async def test_visits_are_chosen_by_trap_door_and_verdict_the_newest_first(trapped: Simulator) -> None:
    where = trapped.ready()["traps"]
    await asyncio.to_thread(by_smtp, where["expired"], careless())
    await asyncio.to_thread(by_imap, where["expired"], careful(trapped)())
    await asyncio.to_thread(by_smtp, where["wrong_host"], careful(trapped)())
    for trap in ("expired", "wrong_host"):
        await visits(trapped, trap)
    one, two, three = ("expired", "smtp", "FAIL"), ("expired", "imap", "PASS"), ("wrong_host", "smtp", "PASS")
    wanted = [
        *(("", [three, two, one]), ("trap=expired", [two, one]), ("trap=revoked", []), ("door=smtp", [three, one]), ("door=imap", [two])),
        *(("verdict=PASS", [three, two]), ("verdict=FAIL", [one]), ("verdict=WARN", []), ("trap=expired&door=smtp", [one])),
        *(("limit=1", [three]), ("limit=2", [three, two]), ("verdict=FAIL&limit=1", [one]), ("door=imap&verdict=FAIL", [])),
    ]
    for query, found in wanted:
        told = (await control(trapped, "GET", f"/traps?{query}")).json()
        assert [(row["trap"], row["door"], row["verdict"]) for row in told] == found, query
    for limit in (0, 1_001):
        assert (await control(trapped, "GET", f"/traps?limit={limit}")).status_code == 422
