"""Certificates that a peer shows at the MX port, one cause each: whose authority, what for, how long, and whether they can be read."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509 import NameOID
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from mss_sim.app.simulator import Simulator
from mss_sim.pki.authority import ORGANISATIONS, RANGES
from mss_sim.pki.names import read_dn
from tests.authorities import DAY, Bearer, Extension, authority, pem, usage, uses
from tests.clients import Reply, control
from tests.conftest import StartSimulator

NORTH, SOUTH = "nord.mssante.fr", "sud.mssante.fr"
NAMES = {domain: f"CN=smtp.{domain},OU=318,O={domain[:3].upper()},C=FR" for domain in (NORTH, SOUTH)}
ROOTS = {domain: Bearer.authority(f"Racine {domain}") for domain in (NORTH, SOUTH)}
PEER = Bearer.called(NAMES[NORTH])
BETWEEN = Bearer.authority("Intermediaire")
BETWEEN_AC = BETWEEN.certified(ROOTS[NORTH], authority(0), usage(certificates=True))


@pytest.fixture
async def simulator(start: StartSimulator) -> AsyncIterator[Simulator]:
    """A simulator that knows two operators outside, each certified by an authority of its own."""
    async with start(peers_proof="certificate") as running:
        for domain, name in NAMES.items():
            root = pem([ROOTS[domain].certified(None, authority())])
            new = {"name": domain, "domains": [domain], "mx": "127.0.0.1:1", "mx_ca": root, "certificate_dns": [name]}
            assert (await control(running, "POST", "/operators", new)).status_code == 201
        yield running


def _mail(simulator: Simulator, context: ssl.SSLContext, sender: str, session: Any = None) -> tuple[Reply, Any, bool]:
    """What MAIL is answered in TLS, the session for the next time, and whether one was resumed."""
    where = simulator.ready()["mx"]
    with socket.create_connection((where["host"], where["port"]), timeout=20) as plain:
        with plain.makefile("rb") as lines:
            lines.readline()
            plain.sendall(b"STARTTLS\r\n")
            lines.readline()
        with context.wrap_socket(plain, server_hostname="localhost", session=session) as secure, secure.makefile("rb") as lines:
            secure.sendall(b"EHLO smtp.peer.example\r\n")
            while lines.readline()[3:4] == b"-":
                pass
            secure.sendall(f"MAIL FROM:<{sender}>\r\n".encode())
            line = lines.readline().decode()
            found = Reply(int(line[:3]), line[4:].strip()), secure.session, bool(secure.session_reused)
            secure.sendall(b"QUIT\r\n")
            lines.readline()
    return found


def _context(simulator: Simulator, bearer: Bearer, folder: Path, *shown: x509.Certificate | bytes) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=simulator.ready()["ca_file"])
    context.set_ciphers("DEFAULT:@SECLEVEL=0")  # a client that would show anything
    context.load_cert_chain(*bearer.files(folder, *shown))
    return context


async def _brings(
    simulator: Simulator, folder: Path, *shown: x509.Certificate | bytes, bearer: Bearer = PEER, sender: str = f"x@{NORTH}"
) -> Reply:
    context = await asyncio.to_thread(_context, simulator, bearer, folder, *shown)
    return (await asyncio.to_thread(_mail, simulator, context, sender))[0]


def _refused(reply: Reply, why: str) -> None:
    assert (reply.code, reply.enhanced) == (554, "5.7.0"), reply
    assert why in reply.text


async def test_an_authority_outside_vouches_for_its_own_operator_alone(simulator: Simulator, tmp_path: Path) -> None:
    """The authority of one operator outside certifies the name of another one: it is no mail of that one."""
    for domain, other in ((NORTH, SOUTH), (SOUTH, NORTH)):
        bearer = Bearer.called(NAMES[domain])
        own, lent = bearer.certified(ROOTS[domain]), bearer.certified(ROOTS[other])
        assert (await _brings(simulator, tmp_path, own, bearer=bearer, sender=f"x@{domain}")).code == 250
        _refused(
            await _brings(simulator, tmp_path, lent, bearer=bearer, sender=f"x@{domain}"), f"of the authority of {other}, and on no row"
        )
        _refused(await _brings(simulator, tmp_path, own, bearer=bearer, sender=f"x@{other}"), "to another certificate")


async def test_a_name_of_this_space_is_certified_by_its_authority_alone(simulator: Simulator, tmp_path: Path) -> None:
    rows = (await control(simulator, "GET", "/white-list")).json()["rows"]
    listed = next(row for row in rows if row["domain"] == "hopital-ormes.sim.mssante.fr")
    bearer = Bearer.called(listed["certificate_dn"])
    reply = await _brings(simulator, tmp_path, bearer.certified(ROOTS[NORTH]), bearer=bearer, sender=f"x@{listed['domain']}")
    _refused(reply, "on no row of that operator's domains")


async def test_the_authority_in_the_middle_is_sent_along(simulator: Simulator, tmp_path: Path) -> None:
    shown = PEER.certified(BETWEEN, uses(ExtendedKeyUsageOID.CLIENT_AUTH))
    crossed = BETWEEN.certified(Bearer.authority("Ailleurs"), authority())
    for chain in ((BETWEEN_AC,), (crossed, BETWEEN_AC), (ROOTS[NORTH].certified(None, authority()), BETWEEN_AC)):
        assert (await _brings(simulator, tmp_path, shown, *chain)).code == 250
    wrong: list[list[x509.Certificate]] = [[], [crossed], [BETWEEN.certified(None, authority())]]
    for sent in wrong:
        _refused(await _brings(simulator, tmp_path, shown, *sent), "not of the authority")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_resumed_session_would_forget_the_authority_in_the_middle(
    simulator: Simulator, tmp_path: Path, version: ssl.TLSVersion
) -> None:
    context = _context(simulator, PEER, tmp_path, PEER.certified(BETWEEN), BETWEEN_AC)
    context.maximum_version = version
    first, session, _ = await asyncio.to_thread(_mail, simulator, context, f"x@{NORTH}")
    again, _, resumed = await asyncio.to_thread(_mail, simulator, context, f"x@{NORTH}", session)
    assert (first.code, again.code, resumed) == (250, 250, False), again.text


async def test_a_certificate_for_something_else_is_refused(simulator: Simulator, tmp_path: Path) -> None:
    wrong: list[tuple[Extension, str]] = [
        (uses(ExtendedKeyUsageOID.SERVER_AUTH), "clientAuth"),
        (uses(ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE), "clientAuth"),
        (usage(encipherment=True), "digitalSignature"),
        ((x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True), "not of the authority"),
    ]
    for extension, why in wrong:
        _refused(await _brings(simulator, tmp_path, PEER.certified(ROOTS[NORTH], extension)), why)


async def test_a_servers_certificate_of_our_own_authority_is_no_clients(simulator: Simulator, tmp_path: Path) -> None:
    """At submission and IMAP the handshake says so; the MX port takes every handshake and asks afterwards."""
    order = {"operator": "Hôpital des Ormes", "hosts": ["smtp.hopital-ormes.sim.mssante.fr"], "profile": "SERV_SSL"}
    made = (await control(simulator, "POST", "/certificates", order)).json()
    domain = "hopital-ormes.sim.mssante.fr"
    assert (await control(simulator, "POST", "/white-list", {"domain": domain, "certificate_dn": made["subject"]})).status_code == 201
    key = serialization.load_pem_private_key((await control(simulator, "GET", f"/certificates/{made['serial']}/key")).content, None)
    assert not isinstance(key, rsa.RSAPrivateKey)
    shown = x509.load_pem_x509_certificate((await control(simulator, "GET", f"/certificates/{made['serial']}/pem")).content)
    bearer = Bearer(shown.subject, key)  # type: ignore[arg-type]  # made here, a P-256 key
    _refused(await _brings(simulator, tmp_path, shown, bearer=bearer, sender=f"x@{domain}"), "clientAuth")


async def test_a_weak_key_is_refused(simulator: Simulator, tmp_path: Path) -> None:
    weak = Bearer(PEER.name, rsa.generate_private_key(65_537, 1_024))  # noqa: S505 - that is the point
    _refused(await _brings(simulator, tmp_path, weak.certified(ROOTS[NORTH]), bearer=weak), "too weak")


async def test_a_certificate_out_of_its_time_is_refused(simulator: Simulator, tmp_path: Path) -> None:
    for begin, end in ((-2 * DAY, -DAY), (DAY, 2 * DAY)):
        _refused(await _brings(simulator, tmp_path, PEER.certified(ROOTS[NORTH], begin=begin, end=end)), "out of its time")


def _named(*attributes: x509.NameAttribute[str]) -> x509.Name:
    return x509.Name(attributes)


_C, _O, _OU, _CN = NameOID.COUNTRY_NAME, NameOID.ORGANIZATION_NAME, NameOID.ORGANIZATIONAL_UNIT_NAME, NameOID.COMMON_NAME
_REST = [x509.NameAttribute(_C, "FR"), x509.NameAttribute(_O, "NOR"), x509.NameAttribute(_OU, "318")]


_ALIKE = {
    "NUL in the CN": _named(*_REST, x509.NameAttribute(_CN, f"smtp.{NORTH}\x00.evil.example")),
    "a dot at its end": _named(*_REST, x509.NameAttribute(_CN, f"smtp.{NORTH}.")),
    "capitals": _named(*_REST, x509.NameAttribute(_CN, f"SMTP.{NORTH}")),
    "a space inside": _named(*_REST, x509.NameAttribute(_CN, f"smtp .{NORTH}")),
    "a Cyrillic letter": _named(*_REST, x509.NameAttribute(_CN, f"sm\u0442p.{NORTH}")),
    "a wildcard": _named(*_REST, x509.NameAttribute(_CN, f"*.{NORTH}")),
    "a second CN, the right one last": _named(*_REST, x509.NameAttribute(_CN, "x"), x509.NameAttribute(_CN, f"smtp.{NORTH}")),
    "a second CN, the right one first": _named(*_REST, x509.NameAttribute(_CN, f"smtp.{NORTH}"), x509.NameAttribute(_CN, "x")),
    "the whole name in the CN": _named(x509.NameAttribute(_CN, f"smtp.{NORTH},OU=318,O=NOR,C=FR")),
    "a comma in the CN": _named(*_REST[:2], x509.NameAttribute(_CN, f"smtp.{NORTH},OU=318")),
    "another order": _named(*reversed(_REST), x509.NameAttribute(_CN, f"smtp.{NORTH}")),
    "the CN alone": _named(x509.NameAttribute(_CN, f"smtp.{NORTH}")),
    "two attributes as one": x509.Name(
        [
            *(x509.RelativeDistinguishedName([one]) for one in _REST[:2]),
            x509.RelativeDistinguishedName([_REST[2], x509.NameAttribute(_CN, f"smtp.{NORTH}")]),
        ]
    ),
    "no name": _named(),
}


async def test_a_name_that_looks_like_the_listed_one_is_another(simulator: Simulator, tmp_path: Path) -> None:
    for how, subject in _ALIKE.items():
        reply = await _brings(simulator, tmp_path, PEER.certified(ROOTS[NORTH], subject=subject))
        assert (how, reply.code, "on no row of that operator's domains" in reply.text) == (how, 554, True)


async def test_the_kind_of_string_that_a_name_is_written_in_does_not_count(simulator: Simulator, tmp_path: Path) -> None:
    subject = x509.Name([x509.NameAttribute(one.oid, str(one.value), _ASN1Type.PrintableString) for one in read_dn(NAMES[NORTH])])
    assert (await _brings(simulator, tmp_path, PEER.certified(ROOTS[NORTH], subject=subject))).code == 250


async def test_a_certificate_that_cannot_be_read_is_refused_in_words(simulator: Simulator, tmp_path: Path) -> None:
    """OpenSSL takes it in the handshake; others stumble over a version that there is not, a date that is none, an old alphabet."""
    octets = PEER.certified(ROOTS[NORTH]).public_bytes(serialization.Encoding.DER)
    for before, after in (
        (b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x07"),
        (b"\x17\x0d", b"\x17\x0dZZ"),
        (b"\x0c\x03NOR", b"\x14\x03N\xe9R"),
    ):
        start = octets.index(before)
        broken = octets[:start] + after + octets[start + len(after) :]
        _refused(await _brings(simulator, tmp_path, broken), "it cannot be read")
        newest = (await control(simulator, "GET", "/evidence?door=mx&limit=1")).json()["items"][0]
        assert (newest["tls"]["client_dn"], newest["tls"]["client_verified"]) == ("(unreadable)", "no")


async def test_the_transcript_believes_no_name_of_an_authority(simulator: Simulator, tmp_path: Path) -> None:
    """Whoever makes a certificate writes into it which authority signed it."""
    _refused(await _brings(simulator, tmp_path, PEER.certified(Bearer(RANGES[ORGANISATIONS].name))), "not of the authority")
    newest = (await control(simulator, "GET", "/evidence?door=mx&limit=1")).json()["items"][0]
    assert newest["tls"]["client_verified"] == "no"


async def test_the_mx_port_speaks_the_versions_of_the_setting(start: StartSimulator) -> None:
    async with start(peers_proof="certificate", tls_suites={"TLSv1.2": ["ECDHE-ECDSA-AES256-GCM-SHA384"]}) as simulator:
        context = ssl.create_default_context(cafile=simulator.ready()["ca_file"])
        reply, _, _ = await asyncio.to_thread(_mail, simulator, context, "x@example.org")
        assert reply.code == 554
        facts = (await control(simulator, "GET", "/evidence?door=mx&limit=1")).json()["items"][0]["tls"]
        assert (facts["version"], facts["suite"]) == ("TLSv1.2", "ECDHE-ECDSA-AES256-GCM-SHA384")
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        with pytest.raises(ssl.SSLError):
            await asyncio.to_thread(_mail, simulator, context, "x@example.org")
