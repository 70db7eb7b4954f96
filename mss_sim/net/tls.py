"""The simulator's own certification authority and server certificate, made at first start.

Keys are P-256; certificates say on their face that they are for tests. The authority's certificate can be downloaded, its key never
leaves the data folder, and nothing is written to the machine's trust store.
"""

import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_CA_NAME = "TEST mss-sim certification authority"
_LIFETIME = timedelta(days=825)
_CA_LIFETIME = timedelta(days=3650)
_CIPHERS = ":".join(  # ref: client-requirements#2.2: ECDHE with AEAD only
    f"ECDHE-{kind}-{cipher}" for kind in ("ECDSA", "RSA") for cipher in ("AES256-GCM-SHA384", "AES128-GCM-SHA256", "CHACHA20-POLY1305")
)


@dataclass(frozen=True, slots=True)
class Certificates:
    """Where the PEM files of one world are."""

    ca_file: Path
    cert_file: Path
    key_file: Path


def ensure(folder: Path, hosts: Sequence[str], now: datetime) -> Certificates:
    """The certificates in `folder`, made when they are missing, when they run out, or when `hosts` has grown.

    ValueError when what is there cannot be read.
    """
    found = Certificates(folder / "ca.pem", folder / "server.pem", folder / "server.key")
    try:
        if not _still_good(found, hosts, now):
            _make(found, folder / "ca.key", hosts, now)
    except (ValueError, TypeError) as error:
        raise ValueError(f"the certificates in {folder} cannot be read; delete that folder to have new ones made") from error
    return found


def _make(found: Certificates, ca_key_file: Path, hosts: Sequence[str], now: datetime) -> None:
    ca_key_file.parent.mkdir(parents=True, exist_ok=True)
    if not (found.ca_file.exists() and ca_key_file.exists()):
        ca_key = ec.generate_private_key(ec.SECP256R1())
        _write_key(ca_key_file, ca_key)
        found.ca_file.write_bytes(_authority(ca_key, now).public_bytes(serialization.Encoding.PEM))
    _issue(found, ca_key_file, hosts, now)


def server_context(certificates: Certificates) -> ssl.SSLContext:
    """A server context: TLS 1.2 or later, and only suites with forward secrecy (ref: ref2#ECO.1.1.1, ref2#ECO.1.1.3)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_CIPHERS)
    context.load_cert_chain(certificates.cert_file, certificates.key_file)
    return context


def _still_good(found: Certificates, hosts: Sequence[str], now: datetime) -> bool:
    if not all(path.exists() for path in (found.ca_file, found.cert_file, found.key_file)):
        return False
    certificate = x509.load_pem_x509_certificate(found.cert_file.read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    known = {str(name.value) for name in names}
    return set(hosts) <= known and now + timedelta(days=1) < certificate.not_valid_after_utc


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    path.touch(mode=0o600)
    path.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))


def _name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "FR"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "mss-sim TEST"),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _authority(key: ec.EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    usage = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        x509.CertificateBuilder()
        .subject_name(_name(_CA_NAME))
        .issuer_name(_name(_CA_NAME))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _CA_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _issue(found: Certificates, ca_key_file: Path, hosts: Sequence[str], now: datetime) -> None:
    """Make the server's key and certificate, signed by the authority."""
    ca_key = serialization.load_pem_private_key(ca_key_file.read_bytes(), None)
    if not isinstance(ca_key, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{ca_key_file} is not a P-256 key")
    authority = x509.load_pem_x509_certificate(found.ca_file.read_bytes())
    key = ec.generate_private_key(ec.SECP256R1())
    _write_key(found.key_file, key)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_name(hosts[0]))
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now.astimezone(UTC) - timedelta(days=1))
        .not_valid_after(now + _LIFETIME)
        .add_extension(x509.SubjectAlternativeName([_general_name(host) for host in hosts]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    found.cert_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)
