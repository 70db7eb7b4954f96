"""The root, the intermediate authorities below it, and where they publish."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import AuthorityInformationAccessOID

from mss_sim.pki.names import authority_name, common_name
from mss_sim.vocabulary.trust import CrlPoint

ROOT = "ACR-EL"
ORGANISATIONS = "ACI-EL-ORG"
PERSONS = "ACI-EL-PP"
PUBLIC_ROOT = "PUBLIC-ROOT"
PUBLIC = "PUBLIC-CA"
_AGE = timedelta(days=5 * 365)
_LIFETIME = timedelta(days=10 * 365)
_PUBLIC = "TEST Public Trust Services"
_ROOT_NAME = "TEST AC RACINE IGC-SANTE ELEMENTAIRE"


@dataclass(frozen=True, slots=True)
class Range:
    """One authority that can exist: its name, and the label of the one above; None for a root."""

    name: x509.Name
    above: str | None


RANGES: dict[str, Range] = {
    ROOT: Range(authority_name(_ROOT_NAME), None),
    ORGANISATIONS: Range(authority_name("TEST AC IGC-SANTE ELEMENTAIRE ORGANISATIONS"), ROOT),
    PERSONS: Range(authority_name("TEST AC IGC-SANTE ELEMENTAIRE PERSONNES"), ROOT),
    PUBLIC_ROOT: Range(authority_name("TEST Public Root", _PUBLIC), None),
    PUBLIC: Range(authority_name("TEST Public CA", _PUBLIC), PUBLIC_ROOT),
}
"""Every authority by its label, which is also the name of its files (ref: client-requirements#2.2)."""


CONTEXT = ("o=ASIP-SANTE", "c=FR")
"""What the national tree of the authorities hangs on in LDAP, the most particular first."""
TREE = (f"ou={_ROOT_NAME}", "ou=IGC-SANTE TEST", "ou=0002 187512751", *CONTEXT)
"""Where the authorities of IGC-Santé stand in it (ref: quirks#ldap-tree)."""


def directory_name(label: str) -> str | None:
    """The name of an authority's entry in LDAP; None for one that is not of IGC-Santé (ref: quirks#ldap-tree)."""
    name = label
    while (above := RANGES[name].above) is not None:
        name = above
    return ",".join((f"cn={common_name(RANGES[label].name)}", *TREE)) if name == ROOT else None


@dataclass(frozen=True, slots=True)
class Places:
    """Where authorities publish: URLs under `base`, and under `ldap` where there is one; both end without a slash.

    `points`: by which of the two a certificate says that a revocation list is fetched, the first one first.
    """

    base: str
    ldap: str | None = None
    points: tuple[CrlPoint, ...] = (CrlPoint.HTTP,)

    def certificate(self, label: str) -> str:
        """Where the certificate of an authority is."""
        return f"{self.base}/AC/{label}.cer"

    def crls(self, label: str) -> list[str]:
        """Where its revocation list is: one list, fetched in one way or the other; over HTTP where LDAP does not have it."""
        over_http, name = f"{self.base}/CRL/{label}.crl", directory_name(label)
        if self.ldap is None or name is None:
            return [over_http]
        over_ldap = f"{self.ldap}/{quote(name, safe='=,')}?certificateRevocationList;binary?base?objectClass=pkiCA"  # ref: rfc4516#2
        return [{CrlPoint.HTTP: over_http, CrlPoint.LDAP: over_ldap}[point] for point in self.points]

    @property
    def ocsp(self) -> str:
        """Where the responder of all of them is."""
        return f"{self.base}/ocsp"


@dataclass(frozen=True, slots=True)
class Authority:
    """An authority with its key; `above` is the one that signed it."""

    label: str
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    above: "Authority | None" = None

    @property
    def chain(self) -> list[x509.Certificate]:
        """Its certificate and those above it, the root left out: what a server sends after its own (ref: rfc8446#4.4.2)."""
        return [] if self.above is None else [self.certificate, *self.above.chain]


def make(label: str, key: ec.EllipticCurvePrivateKey, above: Authority | None, places: Places, now: datetime) -> Authority:
    """An authority of `RANGES`: a root when there is none above it (ref: rfc5280#4.2)."""
    name = RANGES[label].name
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(above.certificate.subject if above else name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _AGE)
        .not_valid_after(now + _LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0 if above else 1), critical=True)
        .add_extension(key_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if above is not None:
        builder = published(builder, above, places)
    return Authority(label, builder.sign(above.key if above else key, hashes.SHA256()), key, above)


def key_usage(*, signs_certificates: bool = False, encipherment: bool = False) -> x509.KeyUsage:
    """What a key may be used for: signatures always, more for an authority or for the key exchange of old TLS versions."""
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        key_encipherment=encipherment,
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def published(builder: x509.CertificateBuilder, issuer: Authority, places: Places) -> x509.CertificateBuilder:
    """The builder with the extensions that tell who issued a certificate and where that one publishes (ref: rfc5280#4.2.2.1).

    One list that is fetched in several ways is one distribution point with several names (ref: rfc5280#4.2.1.13).
    """
    access = [
        x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(places.ocsp)),
        x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier(places.certificate(issuer.label))),
    ]
    point = x509.DistributionPoint([x509.UniformResourceIdentifier(url) for url in places.crls(issuer.label)], None, None, None)
    return (
        builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), critical=False)
        .add_extension(x509.AuthorityInformationAccess(access), critical=False)
        .add_extension(x509.CRLDistributionPoints([point]), critical=False)
    )


def signed_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether the issuer's key, and not only its name, stands behind a certificate."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def publishes_at(certificate: x509.Certificate, places: Places, label: str) -> bool:
    """Whether a certificate points to where its issuer publishes now; the port may have changed since it was made."""
    access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    lists = [str(name.value) for point in points for name in point.full_name or ()]
    return places.certificate(label) in {str(one.access_location.value) for one in access} and lists == places.crls(label)
