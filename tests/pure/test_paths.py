"""Which certificates lead to an authority that is trusted, and which are fit for a client; each refusal beside what is taken."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from mss_sim.pki.names import read_dn
from mss_sim.pki.paths import leads_to, unfit
from tests.authorities import DAY, Bearer, Extension, authority, usage, uses

NOW = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
ROOT, BETWEEN, BELOW, STRANGER = map(Bearer.authority, ("Racine", "Intermediaire", "Seconde", "Autre"))
LEAF = Bearer.called("CN=smtp.lac.mssante.fr,O=LAC,C=FR")
ROOT_AC = ROOT.certified(None, authority(), now=NOW)
BETWEEN_AC = BETWEEN.certified(ROOT, authority(0), now=NOW)
SHOWN = LEAF.certified(BETWEEN, now=NOW)
FRANCE = x509.NameConstraints(None, [x509.DirectoryName(read_dn("C=FR"))]), True
NEW = x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True


def leads(certificate: x509.Certificate, *above: x509.Certificate, roots: tuple[x509.Certificate, ...] = (ROOT_AC,)) -> bool:
    return leads_to(certificate, above, roots, NOW)


def test_a_chain_leads_to_a_root_however_it_is_sent() -> None:
    assert leads(LEAF.certified(ROOT, now=NOW))
    assert leads(SHOWN, BETWEEN_AC)
    assert leads(SHOWN, ROOT_AC, BETWEEN_AC), "the root first, which nobody need send"
    assert leads(SHOWN, STRANGER.certified(None, authority(), now=NOW), BETWEEN_AC, BETWEEN_AC), "more than is needed, and twice"
    assert leads(SHOWN, roots=(BETWEEN_AC,)), "who names an authority in the middle trusts it"
    assert leads(SHOWN, roots=(STRANGER.certified(None, authority(), now=NOW), BETWEEN_AC)), "one of several"


def test_a_cross_signed_authority_leads_to_its_root_whichever_of_its_certificates_comes_first() -> None:
    crossed = BETWEEN.certified(STRANGER, authority(), now=NOW)
    old = BETWEEN.certified(ROOT, authority(), now=NOW, begin=-3 * DAY, end=-DAY)
    twin = Bearer(BETWEEN.name).certified(None, authority(), now=NOW)
    for wrong in (crossed, old, twin):
        assert leads(SHOWN, wrong, BETWEEN_AC)
        assert leads(SHOWN, BETWEEN_AC, wrong)
        assert not leads(SHOWN, wrong)


@pytest.mark.parametrize(
    ("between", "why"),
    [
        (BETWEEN.certified(ROOT, now=NOW), "a leaf is no authority"),
        (BETWEEN.certified(ROOT, (x509.BasicConstraints(ca=False, path_length=None), True), now=NOW), "it says that it is none"),
        (BETWEEN.certified(ROOT, authority(), usage(signatures=True), now=NOW), "its key does not sign certificates"),
        (BETWEEN.certified(ROOT, authority(), FRANCE, now=NOW), "it may not certify that country"),
        (BETWEEN.certified(ROOT, authority(), NEW, now=NOW), "it says something critical that nobody understands"),
        (BETWEEN.certified(ROOT, authority(), now=NOW, begin=DAY, end=2 * DAY), "it is not yet valid"),
        (BETWEEN.certified(ROOT, authority(), now=NOW, begin=-2 * DAY, end=-DAY), "it has expired"),
        (BETWEEN.certified(Bearer(ROOT.name), authority(), now=NOW), "another authority of the root's name signed it"),
        (BETWEEN.certified(STRANGER, authority(), now=NOW), "it leads elsewhere"),
    ],
)
def test_what_may_not_stand_between(between: x509.Certificate, why: str) -> None:
    assert not leads(SHOWN, between), why


def test_an_authority_signs_no_deeper_than_it_may() -> None:
    below = BELOW.certified(BETWEEN, authority(), now=NOW)
    assert not leads(LEAF.certified(BELOW, now=NOW), below, BETWEEN_AC)
    assert leads(LEAF.certified(BELOW, now=NOW), below, BETWEEN.certified(ROOT, authority(1), now=NOW))


@pytest.mark.parametrize(
    ("certificate", "why"),
    [
        (LEAF.certified(None, now=NOW), "it signed itself"),
        (Bearer(ROOT.name).certified(None, authority(), now=NOW), "it signed itself, with the name of the root"),
        (LEAF.certified(Bearer(ROOT.name), now=NOW), "another authority of the same name"),
        (LEAF.certified(ROOT, now=NOW, begin=-2 * DAY, end=-DAY), "it has expired"),
        (LEAF.certified(ROOT, now=NOW, begin=DAY, end=2 * DAY), "it is not yet valid"),
        (LEAF.certified(ROOT, NEW, now=NOW), "it says something critical that nobody understands"),
        (SHOWN, "the authority in the middle is missing"),
    ],
)
def test_what_leads_nowhere(certificate: x509.Certificate, why: str) -> None:
    assert not leads(certificate), why


def test_a_root_that_has_expired_vouches_for_nobody() -> None:
    assert not leads_to(LEAF.certified(ROOT, now=NOW, end=9 * DAY), [], [ROOT_AC], NOW + timedelta(days=2))


@pytest.mark.no_cover
def test_a_heap_of_authorities_costs_little() -> None:
    heap = [Bearer(BETWEEN.name).certified(None, authority(), now=NOW) for _ in range(150)]
    same = [BETWEEN.certified(None, authority(), now=NOW) for _ in range(150)]
    for shown in (heap, same):
        began = time.process_time()
        assert not leads(SHOWN, *shown)
        assert time.process_time() - began < 0.05, "a peer makes everybody wait"


CLIENT, SERVER, ANY = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE


@pytest.mark.parametrize(
    ("extensions", "said"),
    [
        ([], None),
        ([uses(CLIENT)], None),
        ([uses(SERVER, CLIENT), usage(signatures=True)], None),
        ([uses(SERVER)], "clientAuth"),
        ([uses(ANY)], "clientAuth"),
        ([uses(ExtendedKeyUsageOID.EMAIL_PROTECTION)], "clientAuth"),
        ([usage(encipherment=True)], "digitalSignature"),
        ([uses(CLIENT), usage(certificates=True)], "digitalSignature"),
    ],
)
def test_what_a_certificate_is_for(extensions: list[Extension], said: str | None) -> None:
    found = unfit(LEAF.certified(ROOT, *extensions, now=NOW))
    assert found is None if said is None else found is not None and said in found


@pytest.mark.parametrize(
    ("key", "strong"),
    [
        (rsa.generate_private_key(65_537, 1_024), False),  # noqa: S505 - that is the point
        (rsa.generate_private_key(65_537, 2_048), True),
        (ec.generate_private_key(ec.SECP192R1()), False),
        (ec.generate_private_key(ec.SECP384R1()), True),
    ],
)
def test_a_weak_key_vouches_for_nothing(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, strong: bool) -> None:
    assert (unfit(Bearer(LEAF.name, key).certified(ROOT, now=NOW)) is None) is strong
    between = Bearer(BETWEEN.name, key)
    assert leads(LEAF.certified(between, now=NOW), between.certified(ROOT, authority(), now=NOW)) is strong


def test_an_edwards_curve_is_strong() -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    assert unfit(Bearer(LEAF.name, key).certified(ROOT, now=NOW)) is None  # type: ignore[arg-type]  # only its public half is used
