"""What both sides of a code compute: PKCE challenges, and the hash that binds an ID token to its access token."""

import base64
import hashlib
import hmac
import re

_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}\Z")


def is_verifier(text: str) -> bool:
    """Whether a text has the shape of a PKCE verifier or challenge (ref: rfc7636#4.1)."""
    return bool(_VERIFIER.match(text))


def verifier_fits(verifier: str, challenge: str, method: str) -> bool:
    """Whether the challenge was computed from the verifier (ref: rfc7636#4.6)."""
    if not is_verifier(verifier):
        return False
    made = base64url(hashlib.sha256(verifier.encode("ascii")).digest()) if method == "S256" else verifier
    return hmac.compare_digest(made, challenge)


def base64url(octets: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")


def at_hash(access_token: str) -> str:
    """The claim that binds an ID token to its access token (ref: openid-connect-core#3.1.3.6)."""
    return base64url(hashlib.sha256(access_token.encode("ascii")).digest()[:16])
