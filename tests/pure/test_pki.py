"""Certificates as values: names, chains, lists and answers, bundles; no file and no clock."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7, pkcs12
from cryptography.x509 import NameOID, ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from mss_sim.pki import authority, bundles, issuing, names, revocation
from mss_sim.pki.authority import ORGANISATIONS, PERSONS, ROOT, Authority, Places, signed_by
from mss_sim.pki.names import compared_dn, read_dn, read_serial, serial_text
from mss_sim.pki.revocation import Revoked, Window
from mss_sim.vocabulary.trust import CertificateProfile, CrlPoint, KeyKind, RevocationReason

NOW = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
PLACES = Places("http://127.0.0.1:8080")
LEAF = names.leaf_name(organisation="LABO DU PARC", structure="318751275100020", common="smtpmss.labo-parc.fr", department="Rhône (69)")


def made(label: str, above: Authority | None) -> Authority:
    return authority.make(label, ec.generate_private_key(ec.SECP256R1()), above, PLACES, NOW)


ROOT_AC = made(ROOT, None)
ORG_AC = made(ORGANISATIONS, ROOT_AC)


def leaf(profile: CertificateProfile = CertificateProfile.SERV_SSL, kind: KeyKind = KeyKind.P_256) -> tuple[x509.Certificate, issuing.Key]:
    key = issuing.new_key(kind)
    order = issuing.Order(profile, LEAF, NOW, NOW + timedelta(days=1), ("smtpmss.labo-parc.fr", "127.0.0.1", "::1"), ("a@b.mssante.fr",))
    return issuing.issue(ORG_AC, order, key, PLACES), key


def test_a_name_is_written_most_particular_first() -> None:
    assert names.dn_text(LEAF) == "CN=smtpmss.labo-parc.fr,OU=318751275100020,O=LABO DU PARC,ST=Rhône (69),C=FR"


@pytest.mark.parametrize("common", ["a,b", 'a"b', "a+b", "#a", "a\\", "a=b;c<d>", "é", " a"])
def test_what_is_written_is_read_back(common: str) -> None:
    name = names.leaf_name(organisation="O, U & fils", structure="1", common=common, department="Var (83)")
    assert names.read_dn(names.dn_text(name)) == name


def test_spaces_around_commas_do_not_count() -> None:
    assert names.read_dn("CN=a , OU=1,  O=b, ST=Rhône (69), C=FR") == names.read_dn("CN=a,OU=1,O=b,ST=Rhône (69),C=FR")


@pytest.mark.parametrize(
    "other",
    [
        "CN=A,OU=1,O=b,C=FR",  # case
        "CN=a,OU=1,O=b",  # less
        "CN=a,OU=1,O=b,ST=Var (83),C=FR",  # more
        "OU=1,CN=a,O=b,C=FR",  # order
        "CN=a",
        "",
        "nonsense",
        "CN=a,,C=FR",
    ],
)
def test_names_that_differ_anywhere_are_others(other: str) -> None:
    assert compared_dn("CN=a,OU=1,O=b,C=FR") != compared_dn(other)


@pytest.mark.parametrize(
    ("listed", "organisation"),
    [
        pytest.param("CN=a,OU=1,O=b,C=FR", "b", id="as rfc4514 writes it"),
        pytest.param("CN=a, OU=1, O=b, C=FR", "b", id="a space after each comma"),
        pytest.param("CN=a ,OU=1,O=b ,C=FR", "b", id="a space inside the end"),
        pytest.param("CN=a,OU=1,O=b,C=FR", "b ", id="a space at the end of the certificate's"),
        pytest.param('CN=a,OU=1,O="C H U  DE  LIMOGES",C=FR', "C H U  DE  LIMOGES", id="quotes around two spaces"),
        pytest.param('CN=a,OU=1,O="C H U  DE  LIMOGES",C=FR', "C H U DE LIMOGES", id="the same, folded by the authority"),
        pytest.param('CN=a,OU=1,O="HOPITAL\u00a0 NORD",C=FR', "HOPITAL\u00a0 NORD", id="a no-break space"),
        pytest.param('CN=a,OU=1,O=CRLCC "PAUL STRAUSS",C=FR', 'CRLCC "PAUL STRAUSS"', id="bare quotes inside"),
        pytest.param('CN=a,OU=1,O="b, c",C=FR', "b, c", id="a comma in quotes"),
        pytest.param("CN=a,OU=1,O=b\\, c,C=FR", "b, c", id="a comma that is escaped"),
    ],
)
def test_a_name_of_the_national_list_is_that_of_its_certificate(listed: str, organisation: str) -> None:
    parts = ((NameOID.COUNTRY_NAME, "FR"), (NameOID.ORGANIZATION_NAME, organisation), (NameOID.ORGANIZATIONAL_UNIT_NAME, "1"))
    shown = x509.Name([x509.NameAttribute(kind, value) for kind, value in (*parts, (NameOID.COMMON_NAME, "a"))])
    assert compared_dn(names.dn_text(shown)) == compared_dn(listed)
    assert compared_dn(names.dn_text(names.read_dn(listed))) == compared_dn(listed), "what is kept is what was given"


def test_one_attribute_in_quotes_is_not_two() -> None:
    assert compared_dn('CN=a,O="b,C=FR"') != compared_dn("CN=a,O=b,C=FR")
    assert compared_dn("CN=a+OU=b,C=FR") != compared_dn("CN=a,OU=b,C=FR")


def test_a_long_label_is_cut_to_what_a_common_name_holds() -> None:
    name = names.leaf_name(organisation="o", structure="1", common="x" * 200, department="Var (83)")
    assert names.dn_text(name).startswith("CN=" + "x" * 64 + ",")


ORGANISATIONS_IN_LDAP = (
    "cn=TEST AC IGC-SANTE ELEMENTAIRE ORGANISATIONS,ou=TEST AC RACINE IGC-SANTE ELEMENTAIRE,"
    "ou=IGC-SANTE TEST,ou=0002 187512751,o=ASIP-SANTE,c=FR"
)


def test_authorities_of_igc_sante_have_an_entry_in_ldap_and_public_ones_none() -> None:
    assert authority.directory_name(ORGANISATIONS) == ORGANISATIONS_IN_LDAP
    root = "cn=TEST AC RACINE IGC-SANTE ELEMENTAIRE"
    assert authority.directory_name(ROOT) == f"{root},{ORGANISATIONS_IN_LDAP.partition(',')[2]}"
    assert authority.directory_name(PERSONS) == ORGANISATIONS_IN_LDAP.replace("ORGANISATIONS", "PERSONNES")
    assert authority.directory_name(authority.PUBLIC) is None
    assert authority.directory_name(authority.PUBLIC_ROOT) is None


@pytest.mark.parametrize(
    ("points", "first", "count"),
    [
        ((CrlPoint.HTTP,), "http", 1),
        ((CrlPoint.LDAP,), "ldap", 1),
        ((CrlPoint.HTTP, CrlPoint.LDAP), "http", 2),
        ((CrlPoint.LDAP, CrlPoint.HTTP), "ldap", 2),
    ],
)
def test_a_list_is_one_point_with_a_name_for_each_way_to_it(points: tuple[CrlPoint, ...], first: str, count: int) -> None:
    over_ldap = f"{quote(ORGANISATIONS_IN_LDAP, safe='=,')}?certificateRevocationList;binary?base?objectClass=pkiCA"
    urls = {"http": "http://127.0.0.1:8080/CRL/ACI-EL-ORG.crl", "ldap": f"ldap://127.0.0.1:1389/{over_ldap}"}
    places = Places("http://127.0.0.1:8080", "ldap://127.0.0.1:1389", points)
    order = issuing.Order(CertificateProfile.SERV_SSL, LEAF, NOW, NOW + timedelta(days=1))
    certificate = issuing.issue(ORG_AC, order, issuing.new_key(KeyKind.P_256), places)
    (point,) = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    found = [str(name.value) for name in point.full_name or ()]
    assert (found[0], len(found)) == (urls[first], count)
    assert set(found) <= set(urls.values())
    assert authority.publishes_at(certificate, places, ORGANISATIONS)
    assert authority.publishes_at(certificate, PLACES, ORGANISATIONS) is (points == (CrlPoint.HTTP,))
    assert places.crls(authority.PUBLIC) == ["http://127.0.0.1:8080/CRL/PUBLIC-CA.crl"]


def test_authorities_bear_the_published_names() -> None:
    assert names.dn_text(ROOT_AC.certificate.subject) == "CN=TEST AC RACINE IGC-SANTE ELEMENTAIRE,O=ASIP-SANTE,C=FR"
    assert names.dn_text(ORG_AC.certificate.subject) == "CN=TEST AC IGC-SANTE ELEMENTAIRE ORGANISATIONS,O=ASIP-SANTE,C=FR"
    assert ORG_AC.chain == [ORG_AC.certificate]
    assert ROOT_AC.chain == []


@pytest.mark.parametrize("kind", list(KeyKind))
def test_a_leaf_says_where_its_issuer_publishes(kind: KeyKind) -> None:
    certificate, _ = leaf(kind=kind)
    certificate.verify_directly_issued_by(ORG_AC.certificate)
    access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    assert [one.access_location.value for one in access] == ["http://127.0.0.1:8080/ocsp", "http://127.0.0.1:8080/AC/ACI-EL-ORG.cer"]
    points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    assert [name.value for point in points for name in point.full_name or []] == ["http://127.0.0.1:8080/CRL/ACI-EL-ORG.crl"]
    said = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(name.value) for name in said] == ["smtpmss.labo-parc.fr", "127.0.0.1", "::1", "a@b.mssante.fr"]


def test_profiles_differ_by_what_they_are_for() -> None:
    uses = {profile: leaf(profile)[0].extensions.get_extension_for_class(x509.ExtendedKeyUsage).value for profile in CertificateProfile}
    assert uses[CertificateProfile.SERV_SSL] == x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    assert uses[CertificateProfile.ORG_AUTH_CLI] == x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])


def test_another_authority_of_the_same_name_signed_nothing() -> None:
    certificate, _ = leaf()
    assert signed_by(certificate, ORG_AC.certificate)
    assert not signed_by(certificate, made(ORGANISATIONS, ROOT_AC).certificate)
    assert not signed_by(certificate, made(PERSONS, ROOT_AC).certificate)


def test_a_list_names_what_was_taken_back() -> None:
    window = Window(NOW, NOW + timedelta(days=1))
    told = [Revoked(7, NOW - timedelta(hours=1), RevocationReason.KEY_COMPROMISE), Revoked(8, NOW, RevocationReason.UNSPECIFIED)]
    found = x509.load_der_x509_crl(revocation.crl(ORG_AC, told, window))
    assert found.is_signature_valid(ORG_AC.key.public_key())
    assert [one.serial_number for one in found] == [7, 8]
    first = found.get_revoked_certificate_by_serial_number(7)
    assert first is not None
    assert first.extensions.get_extension_for_class(x509.CRLReason).value.reason is x509.ReasonFlags.key_compromise
    assert found.next_update_utc == NOW + timedelta(days=1)


@pytest.mark.parametrize("algorithm", [hashes.SHA1(), hashes.SHA256()])
@pytest.mark.parametrize(("known", "revoked", "status"), [(True, False, "GOOD"), (True, True, "REVOKED"), (False, False, "UNKNOWN")])
def test_an_answer_is_about_what_was_asked(algorithm: hashes.HashAlgorithm, known: bool, revoked: bool, status: str) -> None:
    certificate, _ = leaf()
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, ORG_AC.certificate, algorithm)
    request = builder.add_extension(x509.OCSPNonce(b"0123456789abcdef"), critical=False).build()
    question = revocation.read_request(request.public_bytes(Encoding.DER), [ROOT_AC, ORG_AC])
    assert question.issuer is ORG_AC
    taken_back = Revoked(question.serial, NOW, RevocationReason.SUPERSEDED) if revoked else None
    octets = revocation.answer(question, ORG_AC, known=known, revoked=taken_back, window=Window(NOW, NOW + timedelta(days=1)))
    found = ocsp.load_der_ocsp_response(octets)
    assert found.certificate_status.name == status
    assert found.serial_number == certificate.serial_number
    assert found.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == b"0123456789abcdef"


def test_a_question_about_somebody_elses_certificate_has_no_issuer() -> None:
    other = made(ORGANISATIONS, made(ROOT, None))
    request = ocsp.OCSPRequestBuilder().add_certificate(leaf()[0], other.certificate, hashes.SHA1()).build()
    assert revocation.read_request(request.public_bytes(Encoding.DER), [ROOT_AC, ORG_AC]).issuer is None


@pytest.mark.parametrize("octets", [b"", b"x", b"\x30\x03\x02\x01\x00", b"\x00" * 5_000])
def test_what_is_no_question_is_said_so(octets: bytes) -> None:
    with pytest.raises(revocation.UnreadableRequestError):
        revocation.read_request(octets, [ORG_AC])


@pytest.mark.parametrize("kind", list(KeyKind))
def test_bundles_hold_what_was_put_in(kind: KeyKind) -> None:
    certificate, key = leaf(kind=kind)
    read_key, read_certificate, others = pkcs12.load_key_and_certificates(
        bundles.pkcs12("test", key, certificate, ORG_AC.chain, "secret"), b"secret"
    )
    assert (read_certificate, others) == (certificate, [ORG_AC.certificate])
    assert read_key is not None
    assert read_key.public_key() == key.public_key()
    assert bundles.read_key(bundles.key_pem(key)).public_key() == key.public_key()
    chain = pkcs7.load_der_pkcs7_certificates(bundles.pkcs7([certificate, ORG_AC.certificate]))
    assert set(chain) == {certificate, ORG_AC.certificate}


def test_a_truststore_says_in_javas_own_way_that_its_certificate_is_trusted() -> None:
    """Without the attribute of Oracle (trustedKeyUsage) Java reads the file and finds no entry in it."""
    octets = bundles.truststore("mss-sim", ROOT_AC.certificate, "changeit")
    read = pkcs12.load_pkcs12(octets, b"changeit")
    assert (read.key, read.cert) == (None, None)
    assert [(one.certificate, one.friendly_name) for one in read.additional_certs] == [(ROOT_AC.certificate, b"mss-sim")]
    trusted_key_usage = bytes.fromhex("060c6086480186f966adca7b0101")  # 2.16.840.1.113894.746875.1.1
    any_usage = bytes.fromhex("0604551d2500")  # 2.5.29.37.0
    bags = _decrypted(octets, b"changeit")
    assert bags.count(trusted_key_usage) == 1
    assert bags.index(any_usage) > bags.index(trusted_key_usage)
    with pytest.raises(ValueError, match="password"):
        pkcs12.load_pkcs12(octets, b"another")


def _decrypted(octets: bytes, password: bytes) -> bytes:
    """The bags of a PKCS #12 file that is under PBES2 with PBKDF2, HMAC-SHA-256 and AES-256-CBC, as OpenSSL makes them."""

    def inside(value: bytes) -> list[bytes]:
        """What the values of a constructed one hold."""
        found = []
        while value:
            size, start = value[1], 2
            if size & 0x80:
                start += size & 0x7F
                size = int.from_bytes(value[2:start])
            found.append(value[start : start + size])
            value = value[start + size :]
        return found

    _version, content, _mac = inside(inside(octets)[0])
    [safe] = inside(inside(inside(content)[1])[0])  # AuthenticatedSafe: one content
    [encrypted] = inside(inside(inside(safe)[0])[1])
    _type, algorithm, sealed = inside(inside(encrypted)[1])
    derivation, cipher = inside(inside(algorithm)[1])
    salt, iterations, _prf = inside(inside(derivation)[1])
    key = PBKDF2HMAC(hashes.SHA256(), 32, salt, int.from_bytes(iterations)).derive(password)
    opened = Cipher(AES256(key), CBC(inside(cipher)[1])).decryptor()
    return opened.update(sealed) + opened.finalize()


@pytest.mark.parametrize("text", ["0A:0b", "a0b", "0x0a0B"])
def test_a_serial_is_read_as_people_copy_it(text: str) -> None:
    assert read_serial(text) == "0a0b"


@pytest.mark.parametrize("text", ["", "x", "0a 0b", "a" * 49])
def test_what_is_no_serial_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a serial"):
        read_serial(text)


def test_a_serial_has_whole_bytes() -> None:
    assert serial_text(0xA0B) == "0a0b"


@pytest.mark.parametrize("text", ["", "   ", ",", "CN", "=x"])
def test_what_names_nobody_is_no_distinguished_name(text: str) -> None:
    with pytest.raises(ValueError, match="distinguished name"):
        read_dn(text)


def test_a_leaf_says_where_it_is() -> None:
    name = names.leaf_name(organisation="O", structure="1", common="c", department="Rhône (69)")
    assert names.dn_text(name) == "CN=c,OU=1,O=O,ST=Rhône (69),C=FR"


@pytest.mark.parametrize(
    ("written", "value"), [("CN=a ", "a"), ("CN=a\\ ", "a "), ("CN=a\\\\ ", "a\\"), ("CN=a\\\\\\ ", "a\\ "), (" CN=a\\\\", "a\\")]
)
def test_a_space_at_the_end_is_of_the_value_where_it_is_escaped(written: str, value: str) -> None:
    assert names.common_name(names.read_dn(f"{written},O=x")) == value


def test_quotes_in_a_value_do_not_count() -> None:
    assert compared_dn('CN=a "b" c,O=x') == compared_dn("CN=a b c,O=x") != compared_dn("CN=a XXXXbXXXX c,O=x")


def test_what_is_no_name_is_shown_by_its_first_two_hundred_characters() -> None:
    with pytest.raises(ValueError, match="is not a distinguished name") as told:
        names.read_dn("x" * 300)
    assert f"'{'x' * 200}'" in str(told.value)
