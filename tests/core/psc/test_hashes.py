"""The computations that both sides of a code do."""

import base64
import hashlib

import pytest

from mss_sim.core.psc.hashes import at_hash, base64url, is_verifier, verifier_fits

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
"""The example of RFC 7636, appendix B."""


def test_a_verifier_fits_what_was_made_of_it_by_the_method_that_was_said() -> None:
    assert verifier_fits(VERIFIER, CHALLENGE, "S256")
    assert verifier_fits(VERIFIER, VERIFIER, "plain")
    assert not verifier_fits(VERIFIER, CHALLENGE, "plain")
    assert not verifier_fits(VERIFIER, VERIFIER, "S256")
    assert not verifier_fits(f"{VERIFIER}x", CHALLENGE, "S256")


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("a" * 42, False),
        ("a" * 43, True),
        ("a" * 128, True),
        ("a" * 129, False),
        ("a" * 43 + "\n", False),
        ("é" * 43, False),
        ("~._-" * 11, True),
        ("+" * 43, False),
    ],
)
def test_a_verifier_has_43_to_128_unreserved_characters(text: str, fits: bool) -> None:
    assert is_verifier(text) == fits
    assert verifier_fits(text, text, "plain") == fits


def test_an_id_token_is_bound_to_its_access_token_by_half_a_hash() -> None:
    half = hashlib.sha256(b"token").digest()[:16]
    assert at_hash("token") == base64.urlsafe_b64encode(half).rstrip(b"=").decode()
    assert base64url(b"\xff\xfe\xfd\xfc") == "__79_A"
