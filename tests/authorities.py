"""Authorities and certificates of strangers: what an attacker, or an operator outside, makes for himself."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ObjectIdentifier

from mss_sim.pki.names import authority_name, read_dn

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
Extension = tuple[x509.ExtensionType, bool]
DAY = timedelta(days=1)


def authority(path_length: int | None = None) -> Extension:
    """The extension that lets a certificate sign others."""
    return x509.BasicConstraints(ca=True, path_length=path_length), True


def uses(*kinds: ObjectIdentifier) -> Extension:
    """What a key is for."""
    return x509.ExtendedKeyUsage(kinds), False


def usage(*, signatures: bool = False, certificates: bool = False, encipherment: bool = False) -> Extension:
    """How a key is used."""
    return x509.KeyUsage(signatures, False, encipherment, False, False, certificates, False, False, False), True


@dataclass
class Bearer:
    """A name with a key, that signs for others too."""

    name: x509.Name
    key: Key = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def called(cls, dn: str) -> "Bearer":
        """The bearer of a name as the white list writes it."""
        return cls(read_dn(dn))

    @classmethod
    def authority(cls, common: str) -> "Bearer":
        """An authority of that common name."""
        return cls(authority_name(common, "AILLEURS"))

    def certified(
        self,
        by: "Bearer | None" = None,
        *extensions: Extension,
        begin: timedelta = -DAY,
        end: timedelta = DAY,
        now: datetime | None = None,
        subject: x509.Name | None = None,
    ) -> x509.Certificate:
        """Its certificate, signed by another or by itself."""
        at, signer, name = now or datetime.now(UTC), by or self, self.name if subject is None else subject
        builder = x509.CertificateBuilder(signer.name, name, self.key.public_key(), x509.random_serial_number())
        builder = builder.not_valid_before(at + begin).not_valid_after(at + end)
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign(signer.key, hashes.SHA256())

    def files(self, folder: Path, *chain: x509.Certificate | bytes) -> tuple[str, str]:
        """Certificates, DER where they are bytes, and the key, as a client loads them."""
        folder.mkdir(parents=True, exist_ok=True)
        shown, key = folder / "shown.pem", folder / "shown.key"
        shown.write_text("".join(map(_pem, chain)), encoding="ascii")
        form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        key.write_bytes(self.key.private_bytes(*form))
        return str(shown), str(key)


def pem(certificates: Sequence[x509.Certificate]) -> str:
    """Certificates as text."""
    return "".join(map(_pem, certificates))


def _pem(one: x509.Certificate | bytes) -> str:
    octets = one if isinstance(one, bytes) else one.public_bytes(serialization.Encoding.DER)
    return f"-----BEGIN CERTIFICATE-----\n{base64.encodebytes(octets).decode('ascii')}-----END CERTIFICATE-----\n"
