"""The one computation that both sides of a code do, and refusals in the words of the protocol."""

import base64
import hashlib

import pytest

from mss_sim.core.psc.oauth_errors import OAuthError, at_hash, base64url, is_verifier, verifier_fits
from mss_sim.words.sentence import quoted

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


def test_a_refusal_has_the_code_of_the_protocol_and_a_sentence() -> None:
    error = OAuthError("invalid_grant", quoted("Log in again."))
    assert (error.code, error.description, error.status, OAuthError("x", quoted("y"), status=401).status) == (
        "invalid_grant",
        "Log in again.",
        400,
        401,
    )


def test_an_error_is_read_in_a_log_with_its_code_and_its_words() -> None:
    assert OAuthError("invalid_grant", quoted("The code has expired.")).args == ("invalid_grant", "The code has expired.")
