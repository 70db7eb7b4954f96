"""The client certificate of a connection: the one place that knows where a TLS listener leaves it.

A listener that asks for client certificates fills `scope["extensions"]["tls"]` as the ASGI TLS extension says: `client_cert_chain`,
PEM texts with the client's own first, after it has verified them; `client_cert_error` when it could not. Ours is `http/server.py`.
"""

from collections.abc import Mapping
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding


def shown_in(scope: Mapping[str, Any]) -> bytes | None:
    """The client certificate (DER) that the listener verified; None when there is none."""
    tls = (scope.get("extensions") or {}).get("tls") or {}
    if tls.get("client_cert_error"):
        return None
    chain = list(tls.get("client_cert_chain") or ())
    try:
        return x509.load_pem_x509_certificate(chain[0].encode("ascii")).public_bytes(Encoding.DER) if chain else None
    except ValueError:
        return None


def subject_of(octets: bytes) -> x509.Name:
    """The subject of a certificate in DER."""
    return x509.load_der_x509_certificate(octets).subject


def is_named(subject: x509.Name, expected: str) -> bool:
    """Whether a subject is the registered one, both read as RFC 4514 names (ref: rfc8705#2.1.2)."""
    try:
        wanted = x509.Name.from_rfc4514_string(expected)
    except ValueError:
        return False
    return [_pairs(one) for one in subject.rdns] == [_pairs(one) for one in wanted.rdns]


def _pairs(name: x509.RelativeDistinguishedName) -> set[tuple[str, str]]:
    return {(one.oid.dotted_string, str(one.value)) for one in name}
