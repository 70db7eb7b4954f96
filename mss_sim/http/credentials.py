"""What a client shows to say who it is, read."""

import base64

from mss_sim.errors import Refusal, Rule
from mss_sim.words.sentence import say


def basic_pair(value: str) -> tuple[str, str]:
    """(name, password) of Basic credentials; Refusal(AUTHENTICATION_FAILED) when they cannot be read."""
    try:
        name, _, password = base64.b64decode(value, validate=True).decode("utf-8").partition(":")
    except ValueError as error:  # not base64, non-ASCII characters in it, or not UTF-8 inside
        raise Refusal(
            Rule.AUTHENTICATION_FAILED, say("The Basic credentials are not base64 of login:password."), reference="rfc7617#2"
        ) from error
    return name, password
