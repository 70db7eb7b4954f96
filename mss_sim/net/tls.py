"""TLS: the server's certificate on disk, contexts for both sides, and the facts of an established connection.

`ca_file` is the root alone: the server sends the authority of organisations with its own certificate, so that a client which trusts
the root can verify the chain. Nothing is written to the machine's trust store.
"""

import ssl
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from mss_sim.config.settings import Settings
from mss_sim.core.world.authorities import Authorities, ListenerCertificate, write_public, write_secret
from mss_sim.evidence.tls_facts import facts_of
from mss_sim.evidence.transcripts import Transcript
from mss_sim.net.lenient_tls import Talk
from mss_sim.pki import bundles
from mss_sim.pki.authority import ORGANISATIONS, publishes_at, signed_by
from mss_sim.vocabulary.trust import KeyKind

_CONTEXTS_MAX = 256
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_VERSIONS = {"TLSv1.2": ssl.TLSVersion.TLSv1_2, "TLSv1.3": ssl.TLSVersion.TLSv1_3}


@dataclass(frozen=True, slots=True)
class Certificates:
    """Where the PEM files of one world are: the root that clients trust, the server's chain, its key."""

    ca_file: Path
    cert_file: Path
    key_file: Path


class ObservedTls(ssl.SSLObject):
    """A TLS connection that remembers which host the client requested (ref: rfc6066#3)."""

    asked_host: str | None = None


def hosts(settings: Settings) -> list[str]:
    """The names that the server's certificate holds: loopback, those of the settings, and the address that is listened on."""
    named = list(dict.fromkeys((settings.hostname, *_LOOPBACK, *settings.certificate.hosts)))
    return named if settings.host in (*named, "0.0.0.0", "::") else [*named, settings.host]  # noqa: S104 - compared with


def ensure(folder: Path, igc: Authorities, hosts: Sequence[str], kind: KeyKind = KeyKind.P_256) -> Certificates:
    """The server's certificate in `folder`, issued when it is missing or expires, when `hosts` has grown or the port has changed.

    ValueError when an existing file cannot be read.
    """
    try:
        igc.open()
        return _ensure(folder, igc, hosts, kind)
    except (ValueError, TypeError) as error:
        raise ValueError(f"the certificates in {folder} cannot be read; delete that folder to have new ones made") from error


def _ensure(folder: Path, igc: Authorities, hosts: Sequence[str], kind: KeyKind) -> Certificates:
    found = Certificates(igc.ca_file, folder / "server.pem", folder / "server.key")
    if not _still_good(found, igc, hosts, kind):
        certificate, key = igc.sign(ORGANISATIONS, igc.order_for_hosts(hosts), kind)
        write_chain(found.cert_file, found.key_file, igc, ListenerCertificate(ORGANISATIONS, hosts[0], certificate, key))
    certificate = bundles.read_pem(found.cert_file.read_text(encoding="ascii"))
    igc.show(ListenerCertificate(ORGANISATIONS, hosts[0], certificate, bundles.read_key(found.key_file.read_text(encoding="ascii"))))
    return found


def write_chain(cert_file: Path, key_file: Path, igc: Authorities, shown: ListenerCertificate) -> None:
    """Write a server's certificate with the authorities above it, if there are any, and its key."""
    cert_file.parent.mkdir(parents=True, exist_ok=True)
    write_secret(key_file, bundles.key_pem(shown.key))
    write_public(cert_file, bundles.pem(shown.certificate, *(igc.authority(shown.label).chain if shown.label else [])))


def _still_good(found: Certificates, igc: Authorities, hosts: Sequence[str], kind: KeyKind) -> bool:
    if not all(path.exists() for path in (found.cert_file, found.key_file)):
        return False
    chain, key = found.cert_file.read_text(encoding="ascii"), bundles.read_key(found.key_file.read_text(encoding="ascii"))
    certificate, authority = bundles.read_pem(chain), igc.authority(ORGANISATIONS)
    if certificate.public_key() != key.public_key():  # an interrupted start wrote only one of them
        return False
    if not signed_by(certificate, authority.certificate) or bundles.pem(*authority.chain) not in chain:
        return False
    if igc.now() >= certificate.not_valid_after_utc or isinstance(certificate.public_key(), rsa.RSAPublicKey) != (kind is KeyKind.RSA_2048):
        return False
    known = {str(name.value) for name in certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value}
    return set(hosts) <= known and publishes_at(certificate, igc.places, ORGANISATIONS)


def server_context(certificates: Certificates, settings: Settings, *, ask_client: bool = False) -> ssl.SSLContext:
    """A server context: the versions and suites of the settings (ref: ref2#ECO.1.1.1, ref2#ECO.1.1.3), sessions that can be resumed.

    With `ask_client`, a client may present a certificate: one that does not lead to the root ends the handshake, one that does may still
    be revoked, as `core.trust.certificates.presented` reports. Without one the connection continues (ref: client-requirements#2.5).
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _limit(context, settings)
    context.load_cert_chain(certificates.cert_file, certificates.key_file)
    if ask_client:
        context.load_verify_locations(certificates.ca_file, cadata=bundles.pem(*_authorities(certificates)))
        context.verify_mode = ssl.CERT_OPTIONAL
    return observed(context)


def _authorities(certificates: Certificates) -> list[x509.Certificate]:
    """The authorities in the server's chain: used to verify clients that send only their own certificate."""
    return x509.load_pem_x509_certificates(certificates.cert_file.read_bytes())[1:]


def observed(context: ssl.SSLContext) -> ssl.SSLContext:
    """The context, with connections that remember which host was requested."""
    context.sslobject_class = ObservedTls

    def hear(connection: ssl.SSLObject | ssl.SSLSocket, host: str | None, _context: ssl.SSLContext) -> None:
        if isinstance(connection, ObservedTls):
            connection.asked_host = host

    context.sni_callback = hear
    return context


def client_context(certificates: Certificates, settings: Settings, *, chain: str | None = None, key: str | None = None) -> ssl.SSLContext:
    """A context for outgoing connections: it trusts the root, checks host names, and presents a certificate when PEM texts are given."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _limit(context, settings)
    context.load_verify_locations(certificates.ca_file)
    if chain is not None and key is not None:
        with tempfile.TemporaryDirectory() as folder:  # the library reads only files; this one is private and temporary
            file = Path(folder) / "client.pem"
            write_secret(file, key + chain)
            context.load_cert_chain(file)
    return context


class PeerContexts:
    """What operators show one another, and whom they trust: one context for all connections that are alike.

    To make it takes as long as the handshake. It is found by all that it is made of, so that another certificate has another context.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._made: dict[tuple[Certificates, str, str, str | None], ssl.SSLContext] = {}  # the one that was used last is the last

    def of(self, certificates: Certificates, *, chain: str, key: str, trusted: str | None) -> ssl.SSLContext:
        """The context that presents a certificate with its key; `trusted`, authorities beside the root. All are PEM texts."""
        made_of = certificates, chain, key, trusted
        context = self._made.pop(made_of, None)
        if context is None:
            context = client_context(certificates, self._settings, chain=chain, key=key)
            if trusted:
                context.load_verify_locations(cadata=trusted)
        self._made[made_of] = context
        if len(self._made) > _CONTEXTS_MAX:
            del self._made[next(iter(self._made))]
        return context


def _limit(context: ssl.SSLContext, settings: Settings) -> None:
    """Restrict a context to the versions and suites of the settings; for TLS 1.3 there are only OpenSSL's own three suites."""
    versions = sorted(settings.tls.suites)
    context.minimum_version, context.maximum_version = _VERSIONS[versions[0]], _VERSIONS[versions[-1]]
    if "TLSv1.2" in settings.tls.suites:
        context.set_ciphers(":".join(settings.tls.suites["TLSv1.2"]))


def client_chain(tls: Any) -> list[bytes]:
    """The certificates (DER) that a client presented, its own first; those above it only where they were not verified already."""
    if isinstance(tls, Talk):
        return tls.chain()
    own = tls.getpeercert(binary_form=True) if tls else None
    return [own] if own else []


def note(transcript: Transcript, tls: Any) -> None:
    """Record what was negotiated in the transcript: version, suite, requested host, session resumed or not, the client's certificate."""
    if isinstance(tls, Talk):
        transcript.facts |= facts_of(tls, tls.vouched)
    elif isinstance(tls, ssl.SSLObject):
        transcript.facts |= facts_of(tls)


def note_failure(transcript: Transcript, error: BaseException) -> None:
    """Record why a handshake failed: the alert that the client sent, or the fault in what it sent."""
    reason = getattr(error, "reason", None) or type(error).__name__
    detail = getattr(error, "verify_message", "")
    transcript.facts["tls_error"] = f"{reason}: {detail}" if detail else str(reason)
    if detail:
        transcript.facts["client_verified"] = "no"
    transcript.event(f"the TLS handshake failed: {transcript.facts['tls_error']}")


def alert_of(error: str) -> str | None:
    """The name of the alert in what `note_failure` recorded, `unknown_ca`; None when the client sent none (ref: rfc8446#6)."""
    _, found, name = error.partition("_ALERT_")
    return name.lower() if found else None
