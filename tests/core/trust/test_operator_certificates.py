"""Operators towards each other: which certificate each shows, and what one that a peer shows is worth."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from mss_sim.clock import ManualClock, to_datetime
from mss_sim.core.trust import certificates, operator_certificates, operators
from mss_sim.core.trust.certificates import NewCertificate
from mss_sim.core.trust.operators import NewOperator
from mss_sim.core.world.store_types import Certificate, Operator
from mss_sim.errors import Rule
from mss_sim.pki import bundles
from mss_sim.vocabulary.trust import CertificateProfile, RevocationReason
from tests.authorities import DAY, Bearer, authority, pem, usage, uses
from tests.clients import LABORATORY
from tests.core.towns import OpenTown, Town, refused

NORTH, SOUTH = "nord.mssante.fr", "sud.mssante.fr"
NAMES = {domain: f"CN=smtp.{domain},OU=318,O={domain[:3].upper()},C=FR" for domain in (NORTH, SOUTH)}
ROOTS = {domain: Bearer.authority(f"Racine {domain}") for domain in (NORTH, SOUTH)}
_CLIENT = (uses(ExtendedKeyUsageOID.CLIENT_AUTH), usage(signatures=True))


def _der(*chain: x509.Certificate | Certificate) -> list[bytes]:
    return [(bundles.read_pem(one.certificate) if isinstance(one, Certificate) else one).public_bytes(Encoding.DER) for one in chain]


async def _operator(town: Town, name: str) -> Operator:
    return next(row for row in await operators.list_all(town.world) if row.name == name)


@pytest.fixture
async def outside(town: Town) -> Town:
    """A town that knows two operators outside, each certified by an authority of its own."""
    for domain, name in NAMES.items():
        root = pem([ROOTS[domain].certified(None, authority())])
        await operators.add(town.world, NewOperator(domain, (domain,), mx="127.0.0.1:1", mx_ca=root, certificate_dns=(name,)))
    return town


# What each shows


async def test_an_operator_shows_the_newest_client_certificate_that_is_good(town: Town) -> None:
    hospital = await _operator(town, "Hôpital des Ormes")
    first = await operator_certificates.certificate_of(town.world, hospital)
    newer = await certificates.issue(town.world, NewCertificate(operator=hospital.name))
    server = NewCertificate(operator=hospital.name, profile=CertificateProfile.SERV_SSL, hosts=("mx.example",))
    await certificates.issue(town.world, server)
    assert await operator_certificates.certificate_of(town.world, hospital) == newer
    assert newer.subject == first.subject, "it is shown to others, whose white list knows the first one"
    await certificates.revoke(town.world, newer.serial, RevocationReason.SUPERSEDED)
    assert await operator_certificates.certificate_of(town.world, hospital) == first
    await certificates.revoke(town.world, first.serial, RevocationReason.SUPERSEDED)
    with refused(Rule.NOT_FOUND, "has no client certificate"):
        await operator_certificates.certificate_of(town.world, hospital)


async def test_what_was_taken_off_the_list_stays_off_and_who_has_a_certificate_gets_no_other(town: Town) -> None:
    await town.world.white_list.remove("hopital-ormes.sim.mssante.fr", None)
    before = await certificates.list_all(town.world)
    await operator_certificates.certify_all(town.world)
    assert await certificates.list_all(town.world) == before
    assert "hopital-ormes.sim.mssante.fr" not in (await town.world.white_list.listing()).rows


async def test_files_for_whoever_tests_from_outside_are_written_of_a_foreign_operator_and_an_application(
    town: Town, tmp_path: Path
) -> None:
    found = await operator_certificates.write_files(town.world, tmp_path / "data" / "clients")
    assert sorted(path.name for path in (tmp_path / "data" / "clients").iterdir()) == [
        "app_client.key",
        "app_client.pem",
        "mx_peer.key",
        "mx_peer.pem",
    ]
    assert (found["mx_peer"]["sender"], found["app_client"]["mailbox"]) == ("contact@clinique-pins.sim.mssante.fr", LABORATORY)
    clinic = await operator_certificates.certificate_of(town.world, await _operator(town, "Clinique des Pins"))
    chain, key = (Path(found["mx_peer"][name]) for name in ("cert_file", "key_file"))
    assert (chain.read_text(), key.read_text()) == (certificates.with_chain(town.world, clinic), clinic.key)
    assert (chain.stat().st_mode & 0o777, key.stat().st_mode & 0o777) == (0o644, 0o600)
    (bound,) = await certificates.list_all(town.world, mailbox=LABORATORY)
    await operator_certificates.write_files(town.world, tmp_path / "clients")
    assert await certificates.list_all(town.world, mailbox=LABORATORY) == [bound]
    await certificates.revoke(town.world, bound.serial, RevocationReason.SUPERSEDED)
    await operator_certificates.write_files(town.world, tmp_path / "clients")
    assert len(await certificates.list_all(town.world, mailbox=LABORATORY)) == 2


# What is shown


async def test_a_client_certificate_of_our_authority_is_good_until_it_is_taken_back(town: Town) -> None:
    made = await operator_certificates.certificate_of(town.world, await _operator(town, "Clinique des Pins"))
    found = await operator_certificates.recognise(town.world, _der(made))
    assert (found.dn, found.fault) == (made.subject, None)
    await certificates.revoke(town.world, made.serial, RevocationReason.SUPERSEDED)
    assert (await operator_certificates.recognise(town.world, _der(made))).fault == "it is revoked"


async def test_a_servers_certificate_is_no_clients(town: Town) -> None:
    made = await certificates.issue(town.world, NewCertificate(host="a.example"))
    assert "it is not for clients" in ((await operator_certificates.recognise(town.world, _der(made))).fault or "")


async def test_an_operator_outside_is_known_by_its_own_authority_and_for_its_own_name_alone(outside: Town) -> None:
    """The authority of one does not certify the name of the other, though both are on the list."""
    faults = {}
    for name in (NORTH, SOUTH):
        for signer in (NORTH, SOUTH):
            shown = Bearer.called(NAMES[name]).certified(ROOTS[signer], *_CLIENT)
            faults[name, signer] = (await operator_certificates.recognise(outside.world, _der(shown))).fault
    assert faults == {
        (NORTH, NORTH): None,
        (SOUTH, SOUTH): None,
        (NORTH, SOUTH): f"it is of the authority of {SOUTH}, and on no row of that operator's domains",
        (SOUTH, NORTH): f"it is of the authority of {NORTH}, and on no row of that operator's domains",
    }


async def test_an_authority_outside_certifies_no_name_of_ours_nor_one_that_is_not_listed(outside: Town) -> None:
    ours = (await operator_certificates.certificate_of(outside.world, await _operator(outside, "Hôpital des Ormes"))).subject
    for name in (ours, "CN=autre,O=NOR,C=FR"):
        shown = Bearer.called(name).certified(ROOTS[NORTH], *_CLIENT)
        assert "on no row" in ((await operator_certificates.recognise(outside.world, _der(shown))).fault or "")


async def test_of_an_authority_that_nobody_named_nothing_is_good(outside: Town) -> None:
    shown = Bearer.called(NAMES[NORTH]).certified(Bearer.authority("Racine nord.mssante.fr"), *_CLIENT)
    assert (await operator_certificates.recognise(outside.world, _der(shown))).fault == "it is not of the authority of organisations"
    assert (
        await operator_certificates.recognise(outside.world, _der(Bearer.called(NAMES[NORTH]).certified(None, *_CLIENT)))
    ).fault is not None


async def test_an_authority_in_the_middle_is_followed_when_it_is_sent_along(outside: Town) -> None:
    between = Bearer.authority("Intermediaire")
    middle = between.certified(ROOTS[NORTH], authority(0), usage(certificates=True))
    shown = Bearer.called(NAMES[NORTH]).certified(between, *_CLIENT)
    assert (await operator_certificates.recognise(outside.world, _der(shown, middle))).fault is None
    assert (await operator_certificates.recognise(outside.world, _der(shown))).fault == "it is not of the authority of organisations"


@pytest.mark.parametrize(("begin", "end"), [(-2 * DAY, -DAY), (DAY, 2 * DAY)], ids=["over", "to come"])
async def test_one_that_is_out_of_its_time_is_told_so(outside: Town, begin: timedelta, end: timedelta) -> None:
    shown = Bearer.called(NAMES[NORTH]).certified(ROOTS[NORTH], *_CLIENT, begin=begin, end=end)
    assert (await operator_certificates.recognise(outside.world, _der(shown))).fault == "it is out of its time"


async def test_one_is_good_in_its_first_and_in_its_last_second(open_town: OpenTown) -> None:
    today = ManualClock(datetime.now(UTC).replace(microsecond=0))
    begin = timedelta(seconds=100)
    async with open_town(igc_clock=today) as town:
        root = pem([ROOTS[NORTH].certified(None, authority())])
        await operators.add(town.world, NewOperator(NORTH, (NORTH,), mx="127.0.0.1:1", mx_ca=root, certificate_dns=(NAMES[NORTH],)))
        shown = Bearer.called(NAMES[NORTH]).certified(ROOTS[NORTH], *_CLIENT, begin=begin, end=2 * begin)
        begins, ends = shown.not_valid_before_utc, shown.not_valid_after_utc
        for at, fault in (
            (begins - timedelta(seconds=1), "it is out of its time"),
            (begins, None),
            (ends, None),
            (ends + timedelta(seconds=1), "it is out of its time"),
        ):
            today.advance(at - to_datetime(today.now()))
            assert (await operator_certificates.recognise(town.world, _der(shown))).fault == fault, at


async def test_the_time_of_certificates_is_the_authoritys_and_not_the_worlds(open_town: OpenTown) -> None:
    today = ManualClock(datetime.now(UTC))
    async with open_town(igc_clock=today) as town:
        made = await operator_certificates.certificate_of(town.world, await _operator(town, "Clinique des Pins"))
        town.clock.advance(timedelta(days=5_000))
        assert (await operator_certificates.recognise(town.world, _der(made))).fault is None
        today.advance(timedelta(days=1_096))
        assert (await operator_certificates.recognise(town.world, _der(made))).fault is not None


async def test_bytes_that_are_no_certificate_are_told_as_such(town: Town) -> None:
    for octets in (b"", b"\x30\x03\x02\x01\x01"):
        found = await operator_certificates.recognise(town.world, [octets])
        assert (found.dn, found.fault) == ("that came", "it cannot be read (rfc5280#4.1)")
