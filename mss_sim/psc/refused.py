"""Errors that leave otherwise than as JSON or the usual page: each endpoint raises them, `routes.py` alone answers and counts them."""

from mss_sim.core.psc.oauth_errors import OAuthError
from mss_sim.words.sentence import Sentence


class ShownOnPage(OAuthError):
    """An error that the browser shows under words of its own, since nobody is known whom it could be told to."""

    def __init__(self, error: OAuthError, title: Sentence, text: Sentence) -> None:
        super().__init__(error.code, error.description, status=error.status)
        self.title = title
        self.text = text


class SentBack(OAuthError):
    """An error that the client is told by way of the browser (ref: rfc6749#4.1.2.1)."""

    def __init__(self, error: OAuthError, redirect_uri: str, state: str | None, *, after_form: bool) -> None:
        super().__init__(error.code, error.description, status=error.status)
        self.redirect_uri = redirect_uri
        self.state = state
        self.after_form = after_form


class TokenRefused(OAuthError):
    """An access token that is not taken (ref: rfc6750#3)."""
