"""The OpenID provider of one world: sessions, issued codes and refresh tokens, and what was revoked.

All of it lives in memory and ends with the process (docs/decisions/0009-pro-sante-connect.md). What a client or a browser presents is
kept as its SHA-256. There is no await between reading a code or refresh token and using it up, so that of two requests with the same
one, only one wins.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mss_sim.clock import SECOND, Micros
from mss_sim.core.psc import professionals
from mss_sim.core.psc.clients import hash_of
from mss_sim.core.psc.hashes import at_hash, verifier_fits
from mss_sim.core.psc.oauth_errors import OAuthError
from mss_sim.core.psc.skew import skewed
from mss_sim.core.psc.switches import Switches
from mss_sim.core.world.access_tokens import SCOPE, subject_of
from mss_sim.core.world.expiring import ExpiringMap
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.policy.assurance import reaches
from mss_sim.store.psc import Client
from mss_sim.vocabulary.psc import AuthMode, TokenType
from mss_sim.words.sentence import Sentence, joined, say

_USED_CODE_SECONDS = 600
"""How long a used code is remembered, so that its reuse is detected."""
_ISSUED_PER_KEPT = 4


@dataclass(slots=True)
class BrowserSession:
    """A log-in. `browser` is the hash of the cookie, empty when there is no browser (CIBA)."""

    sid: str
    idnat: str
    mode: AuthMode
    acr: str
    browser: str
    began_at: Micros
    used_at: Micros


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """A validated authorization request. `acr_values`: the levels of assurance one of which the log-in must reach, if any are asked for."""

    client_id: str
    redirect_uri: str
    scope: str
    state: str | None
    nonce: str | None
    challenge: str | None
    challenge_method: str
    acr_values: tuple[str, ...] = ()


@dataclass(slots=True)
class Family:
    """All tokens that one log-in gave one client: the current refresh token, and what its predecessors led to."""

    key: str
    client_id: str
    sid: str
    nonce: str | None
    secret_hash: str = ""
    revoked: bool = False


@dataclass(slots=True)
class _Code:
    asked: AuthorizationRequest
    sid: str
    expires_at: Micros
    family: Family | None = None
    used: bool = False


class Provider:
    """Sessions, codes, refresh tokens. Verbs raise OAuthError. `mtls_url`: where client certificates are requested, if anywhere."""

    def __init__(self, world: World, mtls_url: str | None = None) -> None:
        settings = world.settings
        self.world = world
        self.switches = Switches(settings.psc.auto_approve)
        self.mtls_url = mtls_url
        self.sessions: ExpiringMap[BrowserSession] = ExpiringMap(world.clock, settings.psc.kept_max)
        self._codes: ExpiringMap[_Code] = ExpiringMap(world.clock, settings.psc.kept_max)
        self._families: ExpiringMap[Family] = ExpiringMap(world.clock, settings.psc.kept_max)
        self._issued: ExpiringMap[str] = ExpiringMap(world.clock, settings.psc.kept_max * _ISSUED_PER_KEPT)
        self._revoked: ExpiringMap[bool] = ExpiringMap(world.clock, settings.psc.kept_max)
        self._assertions: ExpiringMap[bool] = ExpiringMap(world.clock, settings.psc.kept_max)

    @property
    def issuer(self) -> str:
        """The issuer that every token names."""
        return self.world.tokens.issuer

    def jwks(self) -> dict[str, Any]:
        """The public keys that tokens are verified with (ref: rfc7517#5)."""
        return self.world.tokens.keys.jwks()

    def rotate_keys(self, keep_seconds: int) -> str:
        """Sign with a new key from now on; its id. The old one still verifies for that time. Takes a while: call it in a thread."""
        return self.world.tokens.keys.rotate(keep_seconds)

    def sign(self, claims: dict[str, Any]) -> str:
        """Claims as a signed JWT of this issuer."""
        return self.world.tokens.sign({**claims, "iss": self.issuer})

    def hint(self, id_token: str | None) -> dict[str, Any] | None:
        """The claims of an ID token given back as a hint, expired or not; None where there is none."""
        return self.world.tokens.id_token(id_token)

    def secret(self) -> str:
        """A key of 256 random bits as URL-safe text."""
        return self.world.ids.secret()

    def forget(self) -> None:
        """End every session and drop every code and token; for a world that is emptied."""
        for kept in (self.sessions, self._codes, self._families, self._issued):
            kept.clear()
        self.switches = Switches(self.world.settings.psc.auto_approve)

    # Sessions

    def ways(self, acr_values: Sequence[str]) -> list[AuthMode]:
        """The ways to log in that reach one of these levels of assurance; all where none is asked for, or where none is required."""
        levels = {mode: self.world.settings.psc.acr_by(mode) for mode in AuthMode}
        found = [mode for mode, level in levels.items() if any(reaches(level, wanted) for wanted in acr_values)]
        return found if found or (acr_values and self.world.settings.psc.acr_required) else list(AuthMode)

    def check_levels(self, acr_values: Sequence[str]) -> None:
        """OAuthError unless one of the levels that a client asks for is high enough, and can be reached here."""
        least = self.world.settings.psc.acr
        if self.world.settings.psc.acr_required and not any(reaches(one, least) for one in acr_values):
            raise OAuthError("invalid_request", say("acr_values={acr} is missing.", acr=least))
        if not self.ways(acr_values):
            level, wanted = self.world.settings.psc.acr_by, " ".join(acr_values)[:100]
            given = joined((say("{mode} gives {level}", mode=mode.value, level=level(mode)) for mode in AuthMode), ", ")
            raise OAuthError("invalid_request", say("No log-in reaches acr_values={wanted}: {given}.", wanted=wanted, given=given))

    def log_in(self, idnat: str, mode: AuthMode) -> BrowserSession:
        """Begin a session."""
        now = self.world.clock.now()
        session = BrowserSession(self.world.ids.uuid(), idnat, mode, self.world.settings.psc.acr_by(mode), "", now, now)
        self._touch(session)
        self.world.tally.logged_in("psc", idnat, mode.value)
        return session

    def cookie_of(self, session: BrowserSession) -> str:
        """A new cookie, `<sid>.<secret>`, by which one browser proves that it is in this session."""
        cookie = f"{session.sid}.{self.world.ids.secret()}"
        session.browser = hash_of(cookie)
        return cookie

    def _touch(self, session: BrowserSession) -> None:
        session.used_at = self.world.clock.now()
        self.sessions.put(session.sid, session, min(self._idle_end(session), self._last_end(session)))

    def _idle_end(self, session: BrowserSession) -> Micros:
        return session.used_at + self.world.settings.psc.session_idle_seconds * SECOND

    def _last_end(self, session: BrowserSession) -> Micros:
        return session.began_at + self.world.settings.psc.session_seconds_max * SECOND

    def session_of(self, cookie: str) -> BrowserSession | None:
        """The session that a browser's cookie belongs to."""
        session = self.sessions.get(cookie.partition(".")[0])
        return session if session is not None and session.browser == hash_of(cookie) else None

    def end_session(self, sid: str) -> bool:
        """Log out: the session is over, and so are its refresh tokens. False when there was none."""
        return self.sessions.pop(sid) is not None

    def end_sessions(self, idnat: str | None = None) -> None:
        """Log everybody out, or one professional everywhere."""
        for session in self.sessions.values():
            if idnat in (None, session.idnat):
                self.end_session(session.sid)

    # Codes

    def give_code(self, session: BrowserSession, asked: AuthorizationRequest) -> str:
        """A code that the client of the request may exchange once."""
        self._touch(session)
        code = self.world.ids.secret()
        expires_at = self.world.clock.now() + self.world.settings.psc.code_seconds * SECOND
        self._codes.put(hash_of(code), _Code(asked, session.sid, expires_at), expires_at + _USED_CODE_SECONDS * SECOND)
        return code

    async def redeem(self, client: Client, code: str, redirect_uri: str | None, verifier: str | None) -> dict[str, Any]:
        """The tokens for a code (ref: rfc6749#4.1.3). A code that is reused revokes what it gave (ref: rfc6749#4.1.2)."""
        found = self._codes.get(hash_of(code))
        if found is None:
            raise _invalid_grant(say("The code is not known here; it may be too old. Start over at the authorization endpoint."))
        if found.asked.client_id != client.client_id:
            raise _invalid_grant(say("The code was given to another client."))
        if found.used:
            if found.family is not None:
                found.family.revoked = True
            raise _invalid_grant(say("The code was used before; the tokens that it gave are revoked."))
        found.used = True
        if found.expires_at <= self.world.clock.now():
            raise _invalid_grant(say("The code has expired; start over at the authorization endpoint."))
        if redirect_uri != found.asked.redirect_uri:
            raise _invalid_grant(say("redirect_uri is not the one of the authorization request."))
        _check_verifier(found.asked, verifier)
        session = self.sessions.get(found.sid)
        if session is None:
            raise _invalid_grant(say("The session has ended; log in again."))
        found.family = self.family(client, session, found.asked.nonce)
        return await self.tokens(found.family)

    def family(self, client: Client, session: BrowserSession, nonce: str | None = None) -> Family:
        """A family of tokens for a client, in a session."""
        return Family(self.world.ids.secret(), client.client_id, session.sid, nonce)

    # Tokens

    async def refresh(self, client: Client, token: str) -> dict[str, Any]:
        """New tokens for a refresh token, which is used up; reuse ends the whole family (ref: rfc9700#4.14.2)."""
        key, _, secret = token.partition(".")
        family = self._families.get(key)
        if family is None:
            raise _invalid_grant(say("The refresh token is not known here; it may have expired. Log in again."))
        if family.client_id != client.client_id:
            raise _invalid_grant(say("The refresh token was given to another client."))
        if family.revoked or self.sessions.get(family.sid) is None:
            raise _invalid_grant(say("The session has ended or its tokens were revoked; log in again."))
        if hash_of(secret) != family.secret_hash:
            family.revoked = True
            raise _invalid_grant(say("The refresh token was used before: its whole family is revoked. Keep the newest one; log in again."))
        return await self.tokens(family, None if self.world.settings.psc.refresh_rotation else secret)

    async def tokens(self, family: Family, secret: str | None = None) -> dict[str, Any]:
        """The response of the token endpoint: the family's next refresh token, or this one again, an access and an ID token."""
        world, session = self.world, self.sessions.get(family.sid)
        if session is None:
            raise _invalid_grant(say("The session has ended; log in again."))
        self._touch(session)
        now, secret = world.clock.now(), secret or world.ids.secret()
        family.secret_hash = hash_of(secret)
        until = min(now + world.settings.psc.refresh_seconds * SECOND, self._last_end(session))
        self._families.put(family.key, family, until)
        if await world.store.read(professionals.professional, session.idnat) is None:
            family.revoked = True
            raise _invalid_grant(say("This person may not log in any more."))
        access, lifetime = self._access_token(family, session, now)
        return {
            "access_token": access,
            "expires_in": lifetime,
            "refresh_expires_in": (until - now) // SECOND,
            "refresh_token": f"{family.key}.{secret}",
            "token_type": "Bearer",
            "id_token": self._id_token(family, session, access, now // SECOND),
            "not-before-policy": 0,
            "session_state": session.sid,
            "scope": SCOPE,
        }

    def _access_token(self, family: Family, session: BrowserSession, now: Micros) -> tuple[str, int]:
        world = self.world
        lifetime = world.settings.token.lifetime_seconds
        jti = f"onrtac:{world.ids.uuid()}"
        claims: dict[str, Any] = {
            "jti": jti,
            "azp": family.client_id,
            "sid": session.sid,
            "auth_time": session.began_at // SECOND,
            "acr": session.acr,
            "authMode": session.mode.value,
        }
        if family.nonce is not None:
            claims["nonce"] = family.nonce
        self._issued.put(jti, family.key, now + lifetime * SECOND)
        return world.tokens.mint(session.idnat, lifetime_seconds=lifetime, claims=claims), lifetime

    def _id_token(self, family: Family, session: BrowserSession, access: str, now: int) -> str:
        world = self.world
        claims: dict[str, Any] = {
            "exp": now + world.settings.token.lifetime_seconds,
            "iat": now,
            "auth_time": session.began_at // SECOND,
            "jti": world.ids.uuid(),
            "iss": world.tokens.issuer,
            "aud": family.client_id,
            "sub": subject_of(session.idnat),
            "typ": TokenType.ID.value,
            "azp": family.client_id,
            "at_hash": at_hash(access),
            "acr": session.acr,
            "sid": session.sid,
            "preferred_username": session.idnat,
        }
        return world.tokens.sign(skewed(world, claims if family.nonce is None else {**claims, "nonce": family.nonce}))

    # Issued tokens: still valid?

    def access(self, token: str) -> dict[str, Any]:
        """The claims of an access token that was not revoked; Refusal otherwise."""
        claims = self.world.tokens.claims(token)
        family_key = self._issued.get(str(claims.get("jti")))
        family = self._families.get(family_key) if family_key else None
        ended = "sid" in claims and self.sessions.get(str(claims["sid"])) is None
        if ended or self._revoked.get(str(claims.get("jti"))) or (family is not None and family.revoked):
            raise _over()
        return claims

    async def introspect(self, token: str) -> dict[str, Any]:
        """The introspection response for a token (ref: rfc7662#2.2); inactive once its professional may no longer log in."""
        told = self._told(token)
        if told["active"] and await self.world.store.read(professionals.professional, told["username"]) is None:
            return {"active": False}
        return told

    def _told(self, token: str) -> dict[str, Any]:
        """The introspection response for a token that may be active; SubjectNameID for access tokens only."""
        session_and_family = self._refreshable(token)
        if session_and_family is not None:
            return self._told_of_refresh(*session_and_family)
        try:
            claims = self.access(token)
        except Refusal:
            return {"active": False}
        names = "exp iat auth_time jti iss sub typ azp nonce sid preferred_username acr scope SubjectNameID authMode otherIds"
        told = {name: claims[name] for name in names.split() if name in claims}
        told |= {"session_state": claims.get("sid", ""), "email_verified": False, "client_id": claims.get("azp", "")}
        return {**told, "username": claims["preferred_username"], "token_type": "Bearer", "active": True}

    def _refreshable(self, token: str) -> tuple[BrowserSession, Family] | None:
        key, _, secret = token.partition(".")
        family = self._families.get(key)
        session = self.sessions.get(family.sid) if family is not None else None
        if family is None or session is None or family.revoked or hash_of(secret) != family.secret_hash:
            return None
        return session, family

    def _told_of_refresh(self, session: BrowserSession, family: Family) -> dict[str, Any]:
        now = self.world.clock.now()
        end = min(session.used_at + self.world.settings.psc.refresh_seconds * SECOND, self._last_end(session), self._idle_end(session))
        return {
            "exp": max(end, now) // SECOND,
            "iat": session.used_at // SECOND,
            "auth_time": session.began_at // SECOND,
            "jti": hashlib.sha256(family.key.encode()).hexdigest()[:32],
            "iss": self.world.tokens.issuer,
            "sub": subject_of(session.idnat),
            "typ": TokenType.REFRESH.value,
            "azp": family.client_id,
            "session_state": session.sid,
            "preferred_username": session.idnat,
            "email_verified": False,
            "acr": session.acr,
            "scope": SCOPE,
            "client_id": family.client_id,
            "username": session.idnat,
            "active": True,
        }

    def revoke(self, client: Client, token: str) -> None:
        """Revoke a token (ref: rfc7009#2.1): a refresh token with its family, an access token alone. An unknown token is not an error."""
        family = self._families.get(token.partition(".")[0])
        if family is not None:
            if family.client_id == client.client_id:
                family.revoked = True
            return
        try:
            claims = self.world.tokens.claims(token)
        except Refusal:
            return
        if claims.get("azp") == client.client_id:
            self._revoked.put(str(claims.get("jti")), value=True, until=int(claims["exp"]) * SECOND)

    def use_assertion(self, client: Client, jti: str, until: Micros) -> bool:
        """Whether that client presents that assertion for the first time (ref: rfc7523#3)."""
        key = hash_of(f"{client.client_id}\n{jti}")
        if self._assertions.get(key):
            return False
        self._assertions.put(key, value=True, until=until)
        return True


def _check_verifier(asked: AuthorizationRequest, verifier: str | None) -> None:
    if asked.challenge is None:
        if verifier is not None:
            raise _invalid_grant(say("code_verifier was given, but the authorization request had no code_challenge."))
    elif verifier is None or not verifier_fits(verifier, asked.challenge, asked.challenge_method):
        raise _invalid_grant(say("code_verifier does not fit the code_challenge of the authorization request."))


def _invalid_grant(description: Sentence) -> OAuthError:
    return OAuthError("invalid_grant", description)


def _over() -> Refusal:
    return Refusal(Rule.AUTHENTICATION_FAILED, say("The token is refused: its session has ended or it was revoked."), reference="rfc7009#2")
