"""Whether a certificate that somebody shows may be believed: what it is for, and the path from it to an authority that is trusted.

OpenSSL walks the path, as it does at the ports where the handshake itself verifies (ref: rfc5280#6): times, authorities that may sign and
how deep, constraints on names, extensions that must be understood. What it leaves to TLS is asked here.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from OpenSSL import crypto

from mss_sim.pki.authority import signed_by
from mss_sim.words.sentence import Sentence, say

UNREADABLE = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""What reading a certificate may raise that OpenSSL took in a handshake: nothing in it was verified then."""
_Kind = TypeVar("_Kind", bound=x509.ExtensionType)
_ABOVE_MAX = 16
_RSA_BITS_MIN, _RSA_BITS_MAX = 2_048, 8_192
_CURVE_BITS_MIN = 224
_OLD_HASHES = (hashes.MD5, hashes.SHA1)


def unfit(certificate: x509.Certificate) -> Sentence | None:
    """Why a certificate is not one by which a client says who it is, its signature aside; None when it is (ref: rfc5280#4.2.1.12)."""
    uses = _extension(certificate, x509.ExtendedKeyUsage)
    if uses is not None and ExtendedKeyUsageOID.CLIENT_AUTH not in uses:
        return say("it is not for clients: its extended key usage leaves clientAuth out")
    usage = _extension(certificate, x509.KeyUsage)
    if usage is not None and not (usage.digital_signature or usage.key_agreement):
        return say("its key is not for signatures: its key usage leaves digitalSignature out")
    if not _is_strong(certificate):
        return say("its key or its signature is too weak: RSA from 2,048 bits, curves from 224, no MD5 and no SHA-1")
    return None


def _extension(certificate: x509.Certificate, kind: type[_Kind]) -> _Kind | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _is_strong(certificate: x509.Certificate) -> bool:
    if isinstance(certificate.signature_hash_algorithm, _OLD_HASHES):
        return False
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return _RSA_BITS_MIN <= key.key_size <= _RSA_BITS_MAX
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key.key_size >= _CURVE_BITS_MIN
    return isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey)


def leads_to(certificate: x509.Certificate, above: Sequence[x509.Certificate], roots: Sequence[x509.Certificate], now: datetime) -> bool:
    """Whether a certificate is signed by one of `roots`, or by authorities among `above` that lead there; the first sixteen are looked at.

    `roots` need not be signed by themselves: naming an authority is to trust it.
    """
    store = crypto.X509Store()
    for root in roots:
        store.add_cert(crypto.X509.from_cryptography(root))
    store.set_flags(crypto.X509StoreFlags.PARTIAL_CHAIN)
    store.set_time(now)
    shown = [crypto.X509.from_cryptography(one) for one in _useful(above[:_ABOVE_MAX], roots, now)]
    try:
        crypto.X509StoreContext(store, crypto.X509.from_cryptography(certificate), shown).verify_certificate()
    except crypto.X509StoreContextError:
        return False
    return True


def _useful(above: Sequence[x509.Certificate], roots: Sequence[x509.Certificate], now: datetime) -> list[x509.Certificate]:
    """Those that a root signed, or others of them: of several with one name OpenSSL takes the first in the list and does not turn back."""
    left = [one for one in above if one not in roots and one.not_valid_before_utc <= now <= one.not_valid_after_utc and _is_strong(one)]
    found: list[x509.Certificate] = []
    signers = list(roots)
    while reached := [one for one in left if any(one.issuer == signer.subject and signed_by(one, signer) for signer in signers)]:
        found += reached
        signers = reached
        left = [one for one in left if one not in reached]
    return found
