"""The authorities of one world: their certificates and keys on disk, and the certificates that its own listeners present.

Authorities are created when first needed. Validity follows the clock given here, which is the system's unless a test says
otherwise: TLS clients use the system's clock, and a world whose time is driven by hand must stay reachable.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from mss_sim.clock import Clock, to_datetime
from mss_sim.config.settings import Settings
from mss_sim.core.world.revocation_faults import RevocationServices
from mss_sim.pki import authority as authorities
from mss_sim.pki import bundles, names
from mss_sim.pki.authority import ORGANISATIONS, RANGES, ROOT, Authority, Places, publishes_at, signed_by
from mss_sim.pki.issuing import Key, Order, issue, new_key
from mss_sim.pki.revocation import Revoked
from mss_sim.vocabulary.trust import CertificateProfile, KeyKind

TEST_ORGANISATION = "OPERATEUR DE TEST MSS-SIM"
TEST_STRUCTURE = "300000000000000"
TEST_DEPARTMENT = "Paris (75)"
TRUSTSTORE_PASSWORD = "changeit"  # noqa: S105 - Java's own usual one: what is behind it is public
_TRUSTSTORE_ALIAS = "mss-sim"
_MARGIN = timedelta(days=1)
_SIGNED_MAX = 10_000


@dataclass(frozen=True, slots=True)
class ListenerCertificate:
    """A certificate that a listener of this world presents and that was not ordered. `label`: its signer, empty for itself."""

    label: str
    host: str
    certificate: x509.Certificate
    key: Key
    revoked: Revoked | None = None

    @property
    def serial(self) -> str:
        """Its serial as openssl shows it, in lower case."""
        return names.serial_text(self.certificate.serial_number)


class Authorities:
    """Issues certificates, and remembers those that its own listeners present."""

    def __init__(
        self, folder: Path, base_url: str, clock: Clock, settings: Settings, services: RevocationServices, ldap_url: str | None = None
    ) -> None:
        """`base_url`, `ldap_url`: under which they publish; None where LDAP is off."""
        self._folder = folder
        self._clock = clock
        self._settings = settings
        self._made: dict[str, Authority] = {}
        self._signed: set[tuple[str, bytes]] = set()
        self.places = Places(base_url, ldap_url, settings.igc.crl_points)
        self.services = services
        self.standing: dict[str, ListenerCertificate] = {}
        self.ca_file = folder / "ca.pem"
        self.truststore_file = folder / "truststore.p12"

    @property
    def clock(self) -> Clock:
        """The clock for certificates."""
        return self._clock

    def now(self) -> datetime:
        """The present instant, for validity dates."""
        return to_datetime(self._clock.now())

    def open(self) -> None:
        """Create or read the root and the authority of organisations; `ca_file` is what a client trusts, `truststore_file` the same."""
        self.authority(ORGANISATIONS)
        root = self.authority(ROOT).certificate
        known = self.ca_file.exists() and self.ca_file.read_text(encoding="ascii") == bundles.pem(root)
        if not (known and self.truststore_file.exists()):
            write_public(self.truststore_file, bundles.truststore(_TRUSTSTORE_ALIAS, root, TRUSTSTORE_PASSWORD))
            write_public(self.ca_file, bundles.pem(root))  # last: it tells that the other one is of this root

    def existing(self) -> list[Authority]:
        """The authorities that exist."""
        return list(self._made.values())

    def authority(self, label: str) -> Authority:
        """An authority of `pki.authority.RANGES`, read from disk or created, with those above it."""
        if label not in self._made:
            above = RANGES[label].above
            self._made[label] = self._open_authority(label, self.authority(above) if above else None)
        return self._made[label]

    def signed(self, label: str, octets: bytes) -> bool:
        """Whether an authority of ours signed a certificate (DER); a good signature stays good, so it is verified once."""
        known = (label, octets)
        if known in self._signed:
            return True
        good = signed_by(bundles.read_der(octets), self.authority(label).certificate)
        if good:
            if len(self._signed) >= _SIGNED_MAX:
                self._signed.clear()
            self._signed.add(known)
        return good

    def file_of(self, label: str) -> Path:
        """The PEM file of an authority's certificate."""
        return self._folder / "authorities" / f"{label}.pem"

    def _open_authority(self, label: str, above: Authority | None) -> Authority:
        file, key_file = self.file_of(label), self.file_of(label).with_suffix(".key")
        key = bundles.read_key(key_file.read_text(encoding="ascii")) if key_file.exists() else None
        if key is not None and not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ValueError(f"{key_file} is not a P-256 key; delete the folder to make new certificates")
        if key is None:
            file.parent.mkdir(parents=True, exist_ok=True)
            key = ec.generate_private_key(ec.SECP256R1())
            write_secret(key_file, bundles.key_pem(key))
        elif file.exists():
            found = Authority(label, bundles.read_pem(file.read_text(encoding="ascii")), key, above)
            if self._still_good(found):
                return found
        made = authorities.make(label, key, above, self.places, self.now())
        write_public(file, bundles.pem(made.certificate))
        return made

    def _still_good(self, found: Authority) -> bool:
        """Whether an authority on disk is signed by the one above, is valid long enough, and names our current publication URLs."""
        certificate, above = found.certificate, found.above
        if certificate.public_key() != found.key.public_key():
            return False
        if certificate.subject != RANGES[found.label].name or self.now() + _MARGIN > certificate.not_valid_after_utc:
            return False
        return above is None or (signed_by(certificate, above.certificate) and publishes_at(certificate, self.places, above.label))

    def sign(self, label: str, order: Order, kind: KeyKind | None = None) -> tuple[x509.Certificate, Key]:
        """A new key and its certificate."""
        key = new_key(kind or self._settings.certificate.key)
        return issue(self.authority(label), order, key, self.places), key

    def order_for_hosts(self, hosts: Sequence[str], *, not_before: datetime | None = None, not_after: datetime | None = None) -> Order:
        """The order for a server of this world; the first host is its common name."""
        now = self.now()
        subject = names.leaf_name(organisation=TEST_ORGANISATION, structure=TEST_STRUCTURE, common=hosts[0], department=TEST_DEPARTMENT)
        begin, end = not_before or now - _MARGIN, not_after or now + timedelta(days=self._settings.certificate.days)
        return Order(CertificateProfile.SERV_SSL, subject, begin, end, hosts=tuple(hosts))

    def show(self, standing: ListenerCertificate) -> ListenerCertificate:
        """Remember what a listener presents, so that the services can answer for it."""
        self.standing[standing.serial] = standing
        return standing

    def revoked_standing(self, label: str) -> list[Revoked]:
        """The revoked certificates that listeners still present."""
        return [one.revoked for one in self.standing.values() if one.label == label and one.revoked]


def write_secret(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    _place(path, text, 0o600)


def write_public(path: Path, content: str | bytes) -> None:
    """Write a file that everyone may read, whole or not at all."""
    _place(path, content, 0o644)


def _place(path: Path, content: str | bytes, mode: int) -> None:
    """Atomic: a start may be killed at any time, and half a key would break every later start."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.unlink(missing_ok=True)
    beside.touch(mode=mode)
    beside.write_bytes(content if isinstance(content, bytes) else content.encode("ascii"))
    beside.replace(path)
