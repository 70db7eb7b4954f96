"""Access tokens: minted and verified here, behind two functions, until an OpenID provider mints them.

The claims have the names and shapes of Pro Santé Connect's (ref: psc#access-token): what a mail server reads of a token does not
change when the provider comes.
"""

from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from mss_sim.clock import SECOND, Clock
from mss_sim.config import Settings
from mss_sim.errors import Refusal, Rule
from mss_sim.ids import IdSource, encode

ISSUER = "https://auth.psc.sim.mssante.fr/auth/realms/esante-wallet"
_ALGORITHM = "RS256"
_SCOPE = "openid scope_all"


class Tokens:
    """Mints and verifies the access tokens of one world. The signing key is made when it is first needed."""

    def __init__(self, settings: Settings, clock: Clock, ids: IdSource, key_file: Path) -> None:
        self._settings = settings
        self._clock = clock
        self._ids = ids
        self._key_file = key_file
        self._key: RSAKey | None = None

    def mint(self, idnat: str, *, lifetime_seconds: int | None = None, claims: dict[str, Any] | None = None) -> str:
        """A signed token for the identity with that idNat; `claims` are added to, or replace, the usual ones."""
        now = self._clock.now() // SECOND
        lifetime = self._settings.token_lifetime_seconds if lifetime_seconds is None else lifetime_seconds
        key = self._signing_key()
        payload = {
            "iss": ISSUER,
            "sub": f"f:mss-sim:{idnat}",
            "azp": "mss-sim",
            "typ": "Bearer",
            "iat": now,
            "exp": now + lifetime,
            "jti": f"onrtac:{encode(self._ids.next())}",
            "acr": "eidas1",
            "scope": _SCOPE,
            "SubjectNameID": idnat,
            "preferred_username": idnat,
            **(claims or {}),
        }
        return jwt.encode({"alg": _ALGORITHM, "kid": key.kid, "typ": "JWT"}, payload, key)

    def verify(self, token: str) -> str:
        """The idNat that a token speaks for; Refusal(AUTHENTICATION_FAILED) that says what is wrong with it."""
        if len(token) > self._settings.token_bytes_max:
            raise _refused(f"it is over {self._settings.token_bytes_max} bytes")
        try:
            claims = jwt.decode(token, self._signing_key(), algorithms=[_ALGORITHM]).claims
        except (JoseError, ValueError, UnicodeError) as error:
            raise _refused("it was not signed by this simulator") from error
        now = self._clock.now() // SECOND
        expires, issued = claims.get("exp"), claims.get("iat", 0)
        if claims.get("iss") != ISSUER or claims.get("typ") != "Bearer":
            raise _refused("it is not an access token of this issuer")
        if not isinstance(expires, int) or expires <= now:
            raise _refused("it has expired; ask for a fresh one")
        if not isinstance(issued, int) or issued > now + 60:
            raise _refused("it comes from the future; check the clock")
        if not set(_SCOPE.split()) <= set(str(claims.get("scope", "")).split()):
            raise _refused(f"its scope is not {_SCOPE}")
        return str(claims.get("SubjectNameID", ""))

    def _signing_key(self) -> RSAKey:
        if self._key is None:
            if not self._key_file.exists():
                self._key_file.parent.mkdir(parents=True, exist_ok=True)
                made = RSAKey.generate_key(2048, private=True)
                self._key_file.touch(mode=0o600)
                self._key_file.write_bytes(made.as_pem(private=True))
            key = RSAKey.import_key(self._key_file.read_bytes())
            key.ensure_kid()
            self._key = key
        return self._key


def _refused(why: str) -> Refusal:
    return Refusal(Rule.AUTHENTICATION_FAILED, f"The token is refused: {why}.", reference="psc#access-token")
