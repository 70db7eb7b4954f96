"""The refusals of the OpenID provider, in the words of the protocol."""

from mss_sim.words.sentence import Sentence


class OAuthError(Exception):
    """A request of a client is refused (ref: rfc6749#5.2). `code` is the protocol's, `description` one sentence that says what to do."""

    def __init__(self, code: str, description: Sentence, *, status: int = 400) -> None:
        super().__init__(code, description)
        self.code = code
        self.description = description
        self.status = status
