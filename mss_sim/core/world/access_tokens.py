"""Tokens: signed and verified here, whether the OpenID provider, the control plane or a test requests them.

The claims have the names and shapes of Pro Santé Connect's (ref: psc#access-token). A mail server verifies them offline, as real
operators do: the key, the issuer, the times, the type of the token and its audience. Whether its session has ended
is not in the token: introspection reports that.
"""

import uuid
from pathlib import Path
from typing import Any

import orjson
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.util import to_bytes, urlsafe_b64decode

from mss_sim.clock import SECOND, Clock
from mss_sim.config.settings import Settings
from mss_sim.core.world.signing_keys import KeyRing
from mss_sim.errors import Refusal, Rule
from mss_sim.ids import IdSource
from mss_sim.policy.assurance import reaches
from mss_sim.vocabulary.psc import PSC_REALM, AuthMode, TokenType
from mss_sim.words.sentence import Sentence, say

ISSUER = f"https://auth.psc.sim.mssante.fr{PSC_REALM}"
"""The issuer of a world that serves no HTTP."""
SCOPE = "openid scope_all"
_ALGORITHM = "RS256"
_SKEW_SECONDS = 60
_SUBJECTS = uuid.UUID("6c1f43a3-6bd7-4d0e-9d62-6d73732d7369")
"""The namespace in which every idNat has its UUID, the same in every world."""
_TYPES_TOLD: dict[str, Sentence] = {
    TokenType.ID: say("it is an ID token; present the access token"),
    TokenType.REFRESH: say("it is a refresh token; exchange it for an access token"),
}


def subject_of(idnat: str) -> str:
    """The `sub` of an identity: `f:<uuid>:<idNat>`, the same at every log-in."""
    return f"f:{uuid.uuid5(_SUBJECTS, idnat)}:{idnat}"


def other_ids(idnat: str) -> list[dict[str, Any]]:
    """The `otherIds` of an identity: its number and the register that gave it; empty for neither an RPPS nor a publisher's number."""
    if idnat.startswith("8") and "/" not in idnat:
        return [{"identifiant": idnat, "origine": "RPPS", "qualite": 1}]
    if idnat.startswith("ANS"):
        return [{"identifiant": idnat, "origine": "EDIT", "qualite": 1}]
    return []


class Tokens:
    """Signs and verifies the tokens of one world, as one issuer."""

    def __init__(self, settings: Settings, clock: Clock, ids: IdSource, key_file: Path, issuer: str = ISSUER) -> None:
        self._settings = settings
        self._clock = clock
        self._ids = ids
        self.keys = KeyRing(key_file, clock)
        self.issuer = issuer

    def mint(self, idnat: str, *, lifetime_seconds: int | None = None, claims: dict[str, Any] | None = None) -> str:
        """A signed access token for the identity with that idNat; `claims` are added to, or replace, the usual ones."""
        now = self._clock.now() // SECOND
        lifetime = self._settings.token.lifetime_seconds if lifetime_seconds is None else lifetime_seconds
        payload = {
            "exp": now + lifetime,
            "iat": now,
            "auth_time": now,
            "jti": f"onrtac:{self._ids.uuid()}",
            "iss": self.issuer,
            "sub": subject_of(idnat),
            "typ": TokenType.ACCESS.value,
            "azp": "mss-sim",
            "acr": self._settings.psc.acr_by(AuthMode.CARD),
            "scope": SCOPE,
            "authMode": AuthMode.CARD.value,
            "auth_level": "1",
            "SubjectNameID": idnat,
            "PSISubjectNameID": "",
            "preferred_username": idnat,
            "otherIds": other_ids(idnat),
            **(claims or {}),
        }
        return self.sign(payload)

    def sign(self, payload: dict[str, Any]) -> str:
        """Any claims, signed with the key in use (ref: rfc7519#7.1)."""
        key = self.keys.signing()
        return jwt.encode({"alg": _ALGORITHM, "kid": key.kid, "typ": "JWT"}, payload, key)

    def verify(self, token: str) -> str:
        """The idNat that an access token identifies; Refusal(AUTHENTICATION_FAILED) that says what is wrong with it."""
        return str(self.claims(token)["SubjectNameID"])

    def claims(self, token: str) -> dict[str, Any]:
        """The claims of a currently valid access token; Refusal(AUTHENTICATION_FAILED) that says what is wrong with it."""
        claims = self.signed(token)
        if claims.get("iss") != self.issuer:
            raise _refused(say("its issuer is not {issuer}", issuer=self.issuer))
        if claims.get("typ") != TokenType.ACCESS:
            raise _refused(_TYPES_TOLD.get(str(claims.get("typ")), say("its typ is not Bearer, it is not an access token")))
        self._check_times(claims)
        if not set(SCOPE.split()) <= set(str(claims.get("scope", "")).split()):
            raise _refused(say("its scope is not {scope}", scope=SCOPE))
        least = self._settings.psc.acr
        if self._settings.psc.acr_required and not reaches(str(claims.get("acr")), least):
            raise _refused(say("its acr is not {acr} or higher; ask for acr_values={acr}", acr=least))
        subject = claims.get("SubjectNameID")
        if not isinstance(subject, str) or not subject:
            raise _refused(say("it names nobody: SubjectNameID is missing"))
        return claims

    def signed(self, token: str) -> dict[str, Any]:
        """The claims of a JWT signed by one of our keys, whatever they contain (ref: rfc8725#3.1); Refusal otherwise."""
        if len(token) > self._settings.token.bytes_max:
            raise _refused(say("it is over {most} bytes", most=self._settings.token.bytes_max))
        header = _header(token)
        algorithm = header.get("alg")
        if isinstance(algorithm, str) and algorithm.lower() == "none":
            raise _refused(say("it is not signed (alg none)"))
        if algorithm != _ALGORITHM:
            raise _refused(say("it is signed with {algorithm!r}; {known} is asked for", algorithm=str(algorithm)[:20], known=_ALGORITHM))
        kid = header.get("kid")
        key = self.keys.verifying(kid) if isinstance(kid, str) else None
        if key is None:
            raise _refused(say("it was not signed by this simulator, or its key is too old: no key has this kid"))
        try:
            return jwt.decode(token, key, algorithms=[_ALGORITHM]).claims
        except (JoseError, ValueError, UnicodeError, RecursionError) as error:
            raise _refused(say("it was not signed by this simulator, or it was changed since")) from error

    def id_token(self, token: str | None) -> dict[str, Any] | None:
        """The claims of one of our ID tokens, expired or not, given as a hint; None when it is not one."""
        try:
            claims = self.signed(token) if token else {}
        except Refusal:
            return None
        return claims if claims.get("typ") == TokenType.ID and claims.get("iss") == self.issuer else None

    def _check_times(self, claims: dict[str, Any]) -> None:
        now = self._clock.now() // SECOND
        expires, issued, begins = claims.get("exp"), claims.get("iat", 0), claims.get("nbf", 0)
        if not isinstance(expires, int) or expires <= now:
            raise _refused(say("it has expired; ask for a fresh one"))
        if not all(isinstance(one, int) and one <= now + _SKEW_SECONDS for one in (issued, begins)):
            raise _refused(say("it comes from the future; check the clock"))


def _header(token: str) -> dict[str, Any]:
    """The protected header of a compact JWS (ref: rfc7515#7.1)."""
    parts = token.split(".")
    try:
        header = orjson.loads(urlsafe_b64decode(to_bytes(parts[0]))) if len(parts) == 3 else None
    except (ValueError, UnicodeError):
        header = None
    if not isinstance(header, dict):
        raise _refused(say("it is not a JWT of three parts"))
    return header


def _refused(why: Sentence) -> Refusal:
    return Refusal(Rule.AUTHENTICATION_FAILED, say("The token is refused: {why}.", why=why), reference="psc#access-token")
