"""Client certificates where the handshake itself verifies them, at submission, IMAP and HTTPS, and taken back while connected."""

import asyncio
import smtplib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from mss_sim.app.simulator import Simulator
from mss_sim.clock import from_datetime
from mss_sim.pki.authority import ORGANISATIONS
from mss_sim.pki.names import dn_text, leaf_name, serial_text
from mss_sim.store import certificates, mailboxes
from mss_sim.store.certificates import Certificate
from mss_sim.store.engine import Connection
from mss_sim.vocabulary.trust import CertificateProfile
from tests.authorities import DAY, Bearer, authority, pem, usage, uses
from tests.clients import DOCTOR, LABORATORY, ImapClient, control
from tests.conftest import StartSimulator
from tests.mail_logins import MailClient, Shown

NAME = leaf_name(organisation="LABO DU PARC", structure="318", common="automate", department="Paris (75)")
CLIENT = uses(ExtendedKeyUsageOID.CLIENT_AUTH)


@pytest.fixture
async def simulator(start: StartSimulator) -> AsyncIterator[Simulator]:
    async with start(https_port=0) as running:
        yield running


async def _bound(simulator: Simulator, shown: x509.Certificate) -> None:
    """Write a certificate down as if it had been issued for the laboratory's mailbox."""
    begin, end = from_datetime(shown.not_valid_before_utc), from_datetime(shown.not_valid_after_utc)
    box = await simulator.world.store.read(lambda conn: mailboxes.by_address(conn, LABORATORY))
    assert box is not None
    new = Certificate(
        simulator.world.ids.next(),
        serial_text(shown.serial_number),
        ORGANISATIONS,
        CertificateProfile.ORG_AUTH_CLI,
        dn_text(shown.subject),
        box.id,
        None,
        None,
        pem([shown]),
        "",
        begin,
        end,
    )

    def unit(conn: Connection) -> None:
        certificates.add(conn, new)

    await simulator.world.store.write(unit)


async def _doors(simulator: Simulator, context: ssl.SSLContext) -> list[str]:
    """What a certificate opens: `yes`, `no` when the log-in is refused, `tls` when the handshake is."""

    def submission() -> str:
        where = simulator.ready()["submission"]
        with smtplib.SMTP(where["host"], where["port"], timeout=20) as client:
            client.starttls(context=context)
            client.ehlo()
            return "yes" if client.docmd("AUTH EXTERNAL =")[0] == 235 else "no"

    async def imap() -> str:
        client = await ImapClient.open(simulator, tls=context)
        try:
            return "yes" if (await client.ask("AUTHENTICATE EXTERNAL ="))[-1].startswith("OK") else "no"
        finally:
            await client.close()

    async def https() -> str:
        async with httpx.AsyncClient(base_url=simulator.ready()["https"], verify=context, timeout=20) as client:
            return "yes" if (await client.get("/healthz")).status_code == 200 else "no"

    found = []
    for door in (asyncio.to_thread(submission), imap(), https()):
        try:
            found.append(await door)
        except (ssl.SSLError, httpx.TransportError, smtplib.SMTPException, ConnectionError, EOFError):
            found.append("tls")
    return found


def _context(simulator: Simulator, bearer: Bearer, folder: Path, *chain: x509.Certificate) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=simulator.ready()["ca_file"])
    context.set_ciphers("DEFAULT:@SECLEVEL=0")  # a client that would show anything
    context.load_cert_chain(*bearer.files(folder, *chain))
    return context


def _organisations(simulator: Simulator) -> Bearer:
    """The simulator's own authority of organisations, key and all."""
    ours = simulator.world.igc.authority(ORGANISATIONS)
    return Bearer(ours.certificate.subject, ours.key)


async def test_what_our_authority_never_issued_opens_nothing_even_where_it_is_bound(simulator: Simulator, tmp_path: Path) -> None:
    ours, bearer = _organisations(simulator), Bearer(NAME)
    weak, twin = Bearer(NAME, rsa.generate_private_key(65_537, 1_024)), Bearer(ours.name)  # noqa: S505 - that is the point
    cases: list[tuple[str, Bearer, list[x509.Certificate]]] = [
        ("for servers", bearer, [bearer.certified(ours, uses(ExtendedKeyUsageOID.SERVER_AUTH))]),
        ("for encipherment", bearer, [bearer.certified(ours, CLIENT, usage(encipherment=True))]),
        ("expired", bearer, [bearer.certified(ours, CLIENT, begin=-2 * DAY, end=-DAY)]),
        ("not yet valid", bearer, [bearer.certified(ours, CLIENT, begin=DAY, end=2 * DAY)]),
        ("a weak key", weak, [weak.certified(ours, CLIENT)]),
        ("signed by itself", bearer, [bearer.certified(None, CLIENT)]),
        ("another authority of that name", bearer, [bearer.certified(twin, CLIENT), twin.certified(None, authority())]),
    ]
    for why, shown, chain in cases:
        await _bound(simulator, chain[0])
        assert (why, await _doors(simulator, _context(simulator, shown, tmp_path, *chain))) == (why, ["tls"] * 3)
    good = bearer.certified(ours, CLIENT)
    await _bound(simulator, good)
    assert await _doors(simulator, _context(simulator, bearer, tmp_path, good)) == ["yes"] * 3


async def test_a_leaf_of_ours_signs_for_nobody(simulator: Simulator, tmp_path: Path) -> None:
    ours, middle, bearer = _organisations(simulator), Bearer.authority("Milieu"), Bearer(NAME)
    leaf, shown = middle.certified(ours, CLIENT), bearer.certified(middle, CLIENT)
    below = middle.certified(ours, authority(), usage(certificates=True))
    for between in (leaf, below):  # an authority below ours is one too many: it may sign leaves alone
        await _bound(simulator, shown)
        assert await _doors(simulator, _context(simulator, bearer, tmp_path, shown, between)) == ["tls"] * 3
        shown = bearer.certified(middle, CLIENT)


async def test_the_serial_of_another_certificate_opens_nothing(simulator: Simulator, tmp_path: Path) -> None:
    """A certificate of another range of the root, with the serial of a bound one."""
    [row, *_] = (await control(simulator, "GET", f"/certificates?mailbox={LABORATORY}")).json()
    persons = simulator.world.igc.authority("ACI-EL-PP")
    bearer = Bearer(NAME)
    builder = x509.CertificateBuilder(persons.certificate.subject, NAME, bearer.key.public_key(), int(row["serial"], 16))
    model = bearer.certified(Bearer(persons.certificate.subject, persons.key), CLIENT)
    builder = builder.not_valid_before(model.not_valid_before_utc).not_valid_after(model.not_valid_after_utc)
    shown = builder.add_extension(*CLIENT).sign(persons.key, hashes.SHA256())
    opened = await _doors(simulator, _context(simulator, bearer, tmp_path, shown, persons.certificate))
    assert opened == ["no", "no", "yes"], "it leads to the root, and says nothing of organisations"


async def test_a_certificate_taken_back_ends_what_it_opened(simulator: Simulator, tmp_path: Path) -> None:
    files = simulator.ready()["app_client"]
    shown = Shown(files["cert_file"], files["key_file"])
    [row, *_] = (await control(simulator, "GET", f"/certificates?mailbox={LABORATORY}")).json()
    loop, mail = asyncio.get_running_loop(), MailClient(simulator, shown)
    idler, active = [await ImapClient.open(simulator, tls=mail.tls) for _ in range(2)]
    for client in (idler, active):
        assert (await client.ask("AUTHENTICATE EXTERNAL ="))[-1].startswith("OK")
        await client.ask("SELECT INBOX")
    await idler.idle()

    def take_back() -> None:
        done = asyncio.run_coroutine_threadsafe(control(simulator, "POST", f"/certificates/{row['serial']}/revoke", {}), loop)
        assert done.result(20).status_code == 200

    def talk() -> list[tuple[int, bytes]]:
        with mail.smtp() as client:
            said = [client.docmd("AUTH EXTERNAL ="), client.docmd(f"MAIL FROM:<{LABORATORY}>"), client.docmd("RSET")]
            take_back()
            return [*said, client.docmd(f"MAIL FROM:<{LABORATORY}>")]

    replies: list[Any] = await asyncio.to_thread(talk)
    assert [code for code, _ in replies] == [235, 250, 250, 553]
    assert b"was taken back" in replies[-1][1]
    assert "was taken back" in await idler.line()
    assert "was taken back" in await active.line()
    for client in (idler, active):
        with pytest.raises(EOFError):
            await client.line()
    for client in (idler, active):
        await client.close()


async def test_a_letter_under_way_when_the_certificate_is_taken_back_does_not_leave(simulator: Simulator) -> None:
    files = simulator.ready()["app_client"]
    [row, *_] = (await control(simulator, "GET", f"/certificates?mailbox={LABORATORY}")).json()
    loop, mail = asyncio.get_running_loop(), MailClient(simulator, Shown(files["cert_file"], files["key_file"]))

    def talk() -> tuple[int, bytes]:
        with mail.smtp() as client:
            for command in ("AUTH EXTERNAL =", f"MAIL FROM:<{LABORATORY}>", f"RCPT TO:<{DOCTOR}>", "DATA"):
                assert client.docmd(command)[0] < 400
            asyncio.run_coroutine_threadsafe(control(simulator, "POST", f"/certificates/{row['serial']}/revoke", {}), loop).result(20)
            client.send(f"From: {LABORATORY}\r\nSubject: x\r\n\r\nx\r\n.\r\n".encode())
            return client.getreply()

    code, said = await asyncio.to_thread(talk)
    assert (code, b"was taken back" in said) == (550, True)
