"""Certificates and keys as files: PEM, DER, PKCS #12 with a password, PKCS #7."""

from collections.abc import Sequence
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from mss_sim.pki.issuing import Key

_READ_MAX = 512


def pem(*certificates: x509.Certificate) -> str:
    """Certificates, one after the other (ref: rfc7468#5)."""
    return "".join(one.public_bytes(serialization.Encoding.PEM).decode("ascii") for one in certificates)


def der(certificate: x509.Certificate) -> bytes:
    """One certificate."""
    return certificate.public_bytes(serialization.Encoding.DER)


@lru_cache(maxsize=_READ_MAX)
def read_der(octets: bytes) -> x509.Certificate:
    """The certificate in DER; ValueError when it is none. A peer shows the same ones at each letter."""
    return x509.load_der_x509_certificate(octets)


def read_pem(text: str) -> x509.Certificate:
    """The first certificate of a PEM text; ValueError when there is none."""
    return x509.load_pem_x509_certificate(text.encode("ascii"))


def key_pem(key: Key) -> str:
    """A private key, in clear: keys of tests are no secrets."""
    octets = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return octets.decode("ascii")


def read_key(text: str) -> Key:
    """The private key in a PEM text; ValueError when it is of no kind that is made here."""
    key = serialization.load_pem_private_key(text.encode("ascii"), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise ValueError(f"a {type(key).__name__} is not used here")  # noqa: TRY004 - the content of a file, not a caller's mistake
    return key


def pkcs12(name: str, key: Key, certificate: x509.Certificate, chain: Sequence[x509.Certificate], password: str) -> bytes:
    """Key, certificate and chain in one file under a password (ref: rfc7292#4)."""
    from cryptography.hazmat.primitives.serialization import pkcs12 as format12  # noqa: PLC0415 - a start never needs it

    encryption = serialization.BestAvailableEncryption(password.encode("utf-8"))
    return format12.serialize_key_and_certificates(name.encode("utf-8"), key, certificate, list(chain), encryption)


def truststore(name: str, certificate: x509.Certificate, password: str) -> bytes:
    """A certificate alone, which Java trusts: PKCS #12 (ref: rfc7292#4) with the attribute of Oracle without which Java sees no entry."""
    from cryptography.hazmat.primitives.serialization import pkcs12 as format12  # noqa: PLC0415 - only a first start needs it

    encryption = serialization.BestAvailableEncryption(password.encode("utf-8"))
    return format12.serialize_java_truststore([format12.PKCS12Certificate(certificate, name.encode("utf-8"))], encryption)


def pkcs7(certificates: Sequence[x509.Certificate]) -> bytes:
    """Certificates without a signature, DER, as chains are published (ref: rfc2315#9.1)."""
    from cryptography.hazmat.primitives.serialization import pkcs7 as format7  # noqa: PLC0415 - a start never needs it

    return format7.serialize_certificates(list(certificates), serialization.Encoding.DER)
