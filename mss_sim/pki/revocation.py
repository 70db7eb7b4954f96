"""What an authority says of certificates it took back: the list (CRL) and the answer about one (OCSP)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp

from mss_sim.pki.authority import Authority
from mss_sim.vocabulary.trust import RevocationReason


@dataclass(frozen=True, slots=True)
class Revoked:
    """One certificate that was taken back; `at` an aware datetime."""

    serial: int
    at: datetime
    reason: RevocationReason


@dataclass(frozen=True, slots=True)
class Window:
    """From when to when an answer holds, as aware datetimes."""

    this_update: datetime
    next_update: datetime


@dataclass(frozen=True, slots=True)
class RevocationQuestion:
    """What an OCSP request asks: about which serial, of which authority, with which nonce."""

    serial: int
    issuer: Authority | None
    request: ocsp.OCSPRequest


class UnreadableRequestError(ValueError):
    """The bytes are no OCSP request about one certificate."""


def crl(authority: Authority, revoked: Iterable[Revoked], window: Window) -> bytes:
    """The DER of a revocation list; its number grows with the time of its making (ref: rfc5280#5.2.3)."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.certificate.subject)
        .last_update(window.this_update)
        .next_update(window.next_update)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False)
        .add_extension(x509.CRLNumber(int(window.this_update.timestamp() * 1_000)), critical=False)
    )
    for one in revoked:
        builder = builder.add_revoked_certificate(_entry(one))
    return builder.sign(authority.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def _entry(one: Revoked) -> x509.RevokedCertificate:
    builder = x509.RevokedCertificateBuilder().serial_number(one.serial).revocation_date(one.at)
    if one.reason is not RevocationReason.UNSPECIFIED:  # ref: rfc5280#5.3.1
        builder = builder.add_extension(x509.CRLReason(x509.ReasonFlags(one.reason.value)), critical=False)
    return builder.build()


def read_request(octets: bytes, authorities: Iterable[Authority]) -> RevocationQuestion:
    """What a request asks; its issuer is None when it is none of the authorities (ref: rfc6960#4.1.1)."""
    try:
        request = ocsp.load_der_ocsp_request(octets)
        asked = (request.issuer_name_hash, request.issuer_key_hash)
        found = next((one for one in authorities if _hashes(one, request.hash_algorithm) == asked), None)
    except (ValueError, RuntimeError) as error:  # several certificates in one request are a RuntimeError of the library
        raise UnreadableRequestError("not an OCSP request about one certificate") from error
    return RevocationQuestion(request.serial_number, found, request)


def _hashes(authority: Authority, algorithm: hashes.HashAlgorithm) -> tuple[bytes, bytes]:
    public = authority.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    name = hashes.Hash(algorithm)
    name.update(authority.certificate.subject.public_bytes())
    if isinstance(algorithm, hashes.SHA1):
        return name.finalize(), public.digest  # our own key identifiers are SHA-1 of the key
    key = hashes.Hash(algorithm)
    key.update(authority.key.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint))
    return name.finalize(), key.finalize()


def answer(question: RevocationQuestion, issuer: Authority, *, known: bool, revoked: Revoked | None, window: Window) -> bytes:
    """The DER of the answer about one certificate, signed by its issuer, the nonce given back (ref: rfc6960#4.2.1)."""
    status = ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD if known else ocsp.OCSPCertStatus.UNKNOWN
    request = question.request
    builder = (
        ocsp.OCSPResponseBuilder()
        .add_response_by_hash(
            issuer_name_hash=request.issuer_name_hash,
            issuer_key_hash=request.issuer_key_hash,
            serial_number=question.serial,
            algorithm=request.hash_algorithm,
            cert_status=status,
            this_update=window.this_update,
            next_update=window.next_update,
            revocation_time=revoked.at if revoked else None,
            revocation_reason=x509.ReasonFlags(revoked.reason.value) if revoked else None,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, issuer.certificate)
    )
    for extension in request.extensions:
        if isinstance(extension.value, x509.OCSPNonce):
            builder = builder.add_extension(extension.value, critical=False)
    return builder.sign(issuer.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def malformed() -> bytes:
    """The answer to what is no request."""
    return _failure(ocsp.OCSPResponseStatus.MALFORMED_REQUEST)


def unauthorized() -> bytes:
    """The answer about a certificate of somebody else (ref: rfc6960#2.3)."""
    return _failure(ocsp.OCSPResponseStatus.UNAUTHORIZED)


def _failure(status: ocsp.OCSPResponseStatus) -> bytes:
    return ocsp.OCSPResponseBuilder.build_unsuccessful(status).public_bytes(serialization.Encoding.DER)
