"""Keys and leaf certificates."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from mss_sim.pki.authority import Authority, Places, key_usage, published
from mss_sim.vocabulary.trust import CertificateProfile, KeyKind

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
_USES = {
    CertificateProfile.SERV_SSL: ExtendedKeyUsageOID.SERVER_AUTH,
    CertificateProfile.ORG_AUTH_CLI: ExtendedKeyUsageOID.CLIENT_AUTH,
}


@dataclass(frozen=True, slots=True)
class Order:
    """A leaf to issue: its profile, its name, the hosts and addresses it stands for, and when it is valid."""

    profile: CertificateProfile
    subject: x509.Name
    not_before: datetime
    not_after: datetime
    hosts: tuple[str, ...] = ()
    mailboxes: tuple[str, ...] = ()


def new_key(kind: KeyKind) -> Key:
    """A key for a leaf."""
    if kind is KeyKind.RSA_2048:
        return rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    return ec.generate_private_key(ec.SECP256R1())


def issue(authority: Authority, order: Order, key: Key, places: Places) -> x509.Certificate:
    """The certificate of a key, signed by an authority (ref: rfc5280#4.2)."""
    builder = _leaf(order, key).issuer_name(authority.certificate.subject)
    return published(builder, authority, places).sign(authority.key, hashes.SHA256())


def self_signed(order: Order, key: Key) -> x509.Certificate:
    """A certificate that only its own key vouches for, whatever its name claims."""
    return _leaf(order, key).issuer_name(order.subject).sign(key, hashes.SHA256())


def _leaf(order: Order, key: Key) -> x509.CertificateBuilder:
    builder = (
        x509.CertificateBuilder()
        .subject_name(order.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(order.not_before)
        .not_valid_after(order.not_after)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(key_usage(encipherment=isinstance(key, rsa.RSAPrivateKey)), critical=True)
        .add_extension(x509.ExtendedKeyUsage([_USES[order.profile]]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    names = [*general_names(order.hosts), *(x509.RFC822Name(address) for address in order.mailboxes)]
    return builder.add_extension(x509.SubjectAlternativeName(names), critical=False) if names else builder


def general_names(hosts: Iterable[str]) -> list[x509.GeneralName]:
    """Host names and IP addresses as a certificate lists them."""
    names: list[x509.GeneralName] = []
    for host in hosts:
        try:
            names.append(x509.IPAddress(ip_address(host)))
        except ValueError:
            names.append(x509.DNSName(host))
    return names
