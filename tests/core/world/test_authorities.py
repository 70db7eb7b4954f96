"""The authorities of a world: made when they are asked for, kept on disk, and made anew when what is there will not do."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12

from mss_sim.clock import ManualClock
from mss_sim.config.settings import Settings
from mss_sim.core.world.authorities import TRUSTSTORE_PASSWORD, Authorities, ListenerCertificate, write_public, write_secret
from mss_sim.core.world.revocation_faults import RevocationServices
from mss_sim.pki import bundles, names
from mss_sim.pki.authority import ORGANISATIONS, PERSONS, ROOT, publishes_at, signed_by
from mss_sim.pki.revocation import Revoked
from mss_sim.vocabulary.trust import KeyKind, RevocationReason

URL, LDAP = "http://127.0.0.1:8080", "ldap://127.0.0.1:1389"


@dataclass
class Office:
    """A folder of authorities, opened as often as one likes."""

    folder: Path
    clock: ManualClock

    def open(self, url: str = URL, ldap: str | None = None, **settings: object) -> Authorities:
        """The authorities as a process that starts now finds them."""
        values = Settings(**settings)
        opened = Authorities(self.folder, url, self.clock, values, RevocationServices(self.clock, values), ldap)
        opened.open()
        return opened


@pytest.fixture
def office(tmp_path: Path, clock: ManualClock) -> Office:
    return Office(tmp_path / "certificates", clock)


def test_what_is_made_is_signed_from_the_root_down_and_found_again(office: Office) -> None:
    first = office.open()
    root, organisations = first.authority(ROOT), first.authority(ORGANISATIONS)
    assert signed_by(organisations.certificate, root.certificate)
    assert signed_by(root.certificate, root.certificate)
    assert {one.label for one in first.existing()} == {ROOT, ORGANISATIONS}
    assert first.ca_file.read_text() == bundles.pem(root.certificate)
    assert first.ca_file == office.folder / "ca.pem"
    [trusted] = pkcs12.load_pkcs12(first.truststore_file.read_bytes(), TRUSTSTORE_PASSWORD.encode()).additional_certs
    assert (trusted.certificate, trusted.friendly_name) == (root.certificate, b"mss-sim")
    assert first.truststore_file == office.folder / "truststore.p12"
    kept = first.truststore_file.read_bytes()
    again = office.open()
    assert [again.authority(label).certificate for label in (ROOT, ORGANISATIONS)] == [root.certificate, organisations.certificate]
    assert first.truststore_file.read_bytes() == kept
    assert first.truststore_file.stat().st_mode & 0o777 == 0o644
    assert first.file_of(ROOT).with_suffix(".key").stat().st_mode & 0o777 == 0o600
    assert first.file_of(ROOT).stat().st_mode & 0o777 == 0o644


def test_an_authority_that_is_asked_for_brings_the_one_above(office: Office) -> None:
    opened = office.open()
    persons = opened.authority(PERSONS)
    assert signed_by(persons.certificate, opened.authority(ROOT).certificate)
    assert PERSONS in {one.label for one in opened.existing()}


def test_authorities_are_made_anew_when_their_lists_are_elsewhere(office: Office) -> None:
    first = office.open().authority(ORGANISATIONS).certificate
    over_both = office.open(ldap=LDAP).authority(ORGANISATIONS).certificate
    assert over_both != first
    assert office.open(ldap=LDAP).authority(ORGANISATIONS).certificate == over_both
    over_ldap = office.open(ldap=LDAP, igc_crl_points=["ldap"], igc_ldap_url=LDAP).authority(ORGANISATIONS).certificate
    assert over_ldap != over_both
    assert office.open(igc_crl_points=["ldap", "http"]).authority(ORGANISATIONS).certificate.public_key() == first.public_key()


def test_an_authority_that_is_about_to_end_is_made_anew_with_the_key_that_it_had(office: Office) -> None:
    first = office.open().authority(ROOT)
    left = first.certificate.not_valid_after_utc - datetime.fromisoformat("2026-01-05T08:00:00+00:00")
    office.clock.advance(left - timedelta(days=1))
    assert office.open().authority(ROOT).certificate == first.certificate
    office.clock.advance(timedelta(seconds=1))
    renewed = office.open().authority(ROOT)
    assert renewed.certificate != first.certificate
    assert renewed.certificate.public_key() == first.certificate.public_key()


def test_one_that_publishes_elsewhere_now_is_made_anew_and_the_root_stays(office: Office) -> None:
    first = office.open()
    moved = office.open("http://127.0.0.1:9090")
    assert moved.authority(ROOT).certificate == first.authority(ROOT).certificate
    assert moved.authority(ORGANISATIONS).certificate != first.authority(ORGANISATIONS).certificate
    assert publishes_at(moved.authority(ORGANISATIONS).certificate, moved.places, ROOT)


@pytest.mark.parametrize("lost", ["ACR-EL.pem", "ACR-EL.key"])
def test_what_does_not_belong_together_is_made_anew(office: Office, lost: str) -> None:
    first = office.open()
    organisations = first.authority(ORGANISATIONS).certificate
    (first.file_of(ROOT).parent / lost).unlink()
    again = office.open()
    assert signed_by(again.authority(ORGANISATIONS).certificate, again.authority(ROOT).certificate)
    assert (again.authority(ORGANISATIONS).certificate == organisations) == (lost == "ACR-EL.pem")
    assert again.ca_file.read_text() == bundles.pem(again.authority(ROOT).certificate)


@pytest.mark.parametrize("label", [ROOT, ORGANISATIONS])
def test_a_certificate_of_another_key_is_made_anew_with_the_one_that_lies_there(office: Office, label: str) -> None:
    first = office.open()
    key = ec.generate_private_key(ec.SECP256R1())
    first.file_of(label).with_suffix(".key").write_text(bundles.key_pem(key))
    again = office.open()
    assert again.authority(label).certificate.public_key() == key.public_key()
    assert signed_by(again.authority(ORGANISATIONS).certificate, again.authority(ROOT).certificate)


def test_a_certificate_of_another_authority_in_its_place_is_not_taken(office: Office) -> None:
    first = office.open()
    first.authority(PERSONS)
    for suffix in (".pem", ".key"):
        there = first.file_of(ORGANISATIONS).with_suffix(suffix)
        there.write_bytes(first.file_of(PERSONS).with_suffix(suffix).read_bytes())
    again = office.open().authority(ORGANISATIONS)
    assert again.certificate.subject == first.authority(ORGANISATIONS).certificate.subject


def test_a_key_of_another_kind_is_told_and_nothing_is_overwritten(office: Office) -> None:
    file = office.folder / "authorities" / "ACR-EL.key"
    file.parent.mkdir(parents=True)
    text = bundles.key_pem(rsa.generate_private_key(public_exponent=65_537, key_size=2_048))
    file.write_text(text)
    with pytest.raises(ValueError, match="is not a P-256 key"):
        office.open()
    assert file.read_text() == text


@pytest.mark.parametrize(
    ("setting", "given", "kind"),
    [
        ("P-256", None, ec.EllipticCurvePrivateKey),
        ("RSA-2048", None, rsa.RSAPrivateKey),
        ("RSA-2048", KeyKind.P_256, ec.EllipticCurvePrivateKey),
    ],
)
def test_leaves_have_keys_of_the_kind_that_is_ordered_or_set(office: Office, setting: str, given: KeyKind | None, kind: type) -> None:
    opened = office.open(certificate_key=setting)
    signed, key = opened.sign(ORGANISATIONS, opened.order_for_hosts(["a.example"]), given)
    assert isinstance(key, kind)
    assert signed_by(signed, opened.authority(ORGANISATIONS).certificate)
    assert signed.public_key() == key.public_key()


def test_a_servers_certificate_is_valid_from_yesterday_for_as_long_as_is_set(office: Office) -> None:
    opened = office.open(certificate_days=10)
    order = opened.order_for_hosts(["a.example", "b.example"])
    assert (order.hosts, opened.now() - order.not_before, order.not_after - opened.now()) == (
        ("a.example", "b.example"),
        timedelta(days=1),
        timedelta(days=10),
    )
    assert names.dn_text(order.subject) == ("CN=a.example,OU=300000000000000,O=OPERATEUR DE TEST MSS-SIM,ST=Paris (75),C=FR")
    at = opened.now() - timedelta(days=3)
    assert (
        opened.order_for_hosts(["a"], not_before=at, not_after=at).not_before,
        opened.order_for_hosts(["a"], not_after=at).not_after,
    ) == (at, at)


def test_what_listeners_show_is_remembered_and_what_of_it_was_taken_back_told(office: Office) -> None:
    opened = office.open()
    signed, key = opened.sign(ORGANISATIONS, opened.order_for_hosts(["a.example"]))
    revoked = Revoked(signed.serial_number, opened.now(), RevocationReason.SUPERSEDED)
    shown = opened.show(ListenerCertificate(ORGANISATIONS, "a.example", signed, key, revoked))
    other, key = opened.sign(ORGANISATIONS, opened.order_for_hosts(["b.example"]))
    opened.show(ListenerCertificate(ORGANISATIONS, "b.example", other, key))
    assert opened.standing[shown.serial] is shown
    assert (opened.revoked_standing(ORGANISATIONS), opened.revoked_standing(ROOT), len(opened.standing)) == ([revoked], [], 2)


def test_a_file_is_written_whole_with_its_mode_and_leaves_nothing_beside(tmp_path: Path) -> None:
    for write, mode in ((write_secret, 0o600), (write_public, 0o644)):
        path = tmp_path / write.__name__
        for text in ("first", "second"):
            write(path, text)
            assert (path.read_text(), path.stat().st_mode & 0o777) == (text, mode)
    assert len(list(tmp_path.iterdir())) == 2
