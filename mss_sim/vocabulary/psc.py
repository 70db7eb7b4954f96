"""Pro Santé Connect."""

from enum import StrEnum

PSC_REALM = "/auth/realms/esante-wallet"
"""Path of the Pro Santé Connect issuer below its host (ref: psc#urls)."""
PSC_CALLBACK = "/callback"
"""Path of the page that shows what a client without a page of its own is given."""


class AuthMode(StrEnum):
    """With what a professional logged in, the claim `authMode` (ref: psc#access-token)."""

    CARD = "CARD"  # carte CPS ou CPE
    MOBILE = "MOBILE"  # application e-CPS


class TokenType(StrEnum):
    """The claim `typ` of the tokens of Pro Santé Connect (ref: psc#access-token)."""

    ACCESS = "Bearer"
    ID = "ID"
    REFRESH = "Refresh"
