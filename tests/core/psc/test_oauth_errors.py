"""Refusals in the words of the protocol."""

from mss_sim.core.psc.oauth_errors import OAuthError
from mss_sim.words.sentence import quoted


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
