"""Log-in without a browser (CIBA, poll mode): a client asks, the professional approves on their card or phone, the client fetches.

Requests live in memory, like the sessions. A request has a public id, used by pages and the control plane, and the
`auth_req_id` that only its client knows.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from mss_sim.clock import SECOND, Micros
from mss_sim.core.psc import professionals
from mss_sim.core.psc.clients import GRANT_CIBA, hash_of
from mss_sim.core.psc.oauth_errors import OAuthError
from mss_sim.core.psc.provider import Provider
from mss_sim.core.world.expiring import ExpiringMap
from mss_sim.errors import Refusal, Rule
from mss_sim.ids import encode
from mss_sim.store.psc import Client
from mss_sim.vocabulary.psc import AuthMode
from mss_sim.words.sentence import say

_MESSAGE = re.compile(r"[0-9]{2}\Z")
_SLOW_DOWN_SECONDS = 5
_OVER_SECONDS = 600
"""How long an expired request is remembered, so that its client gets the expiry error."""


class CibaState(StrEnum):
    """Where a request stands."""

    PENDING = "pending"
    APPROVED = "approved"
    REFUSED = "refused"
    SPENT = "spent"


@dataclass(slots=True)
class CibaRequest:
    """One request for approval."""

    id: str
    client_id: str
    idnat: str
    name: str
    channel: AuthMode
    binding_message: str
    asked_at: Micros
    expires_at: Micros
    interval_seconds: int
    state: CibaState = CibaState.PENDING
    polled_at: Micros | None = None


class Ciba:
    """The requests of one world. Verbs raise OAuthError (ref: ciba-core#13)."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._world = provider.world
        most = self._world.settings.psc.kept_max
        self._requests: ExpiringMap[CibaRequest] = ExpiringMap(self._world.clock, most)
        self._by_secret: ExpiringMap[CibaRequest] = ExpiringMap(self._world.clock, most)

    def forget(self) -> None:
        """Drop every request."""
        self._requests.clear()
        self._by_secret.clear()

    async def ask(
        self, client: Client, *, login_hint: str, binding_message: str, channel: str, acr_values: Sequence[str] = ()
    ) -> dict[str, Any]:
        """Ask a professional for approval; the answer of the authentication endpoint (ref: ciba-core#7.3)."""
        if GRANT_CIBA not in client.many("grant_types") or client.auth_method == "none":
            raise OAuthError(
                "unauthorized_client",
                say("The client is public, or not registered for {grant}: add it to its grant_types.", grant=GRANT_CIBA),
            )
        if not _MESSAGE.match(binding_message):
            raise OAuthError("invalid_binding_message", say("binding_message is two digits, which the professional compares: 00 to 99."))
        if channel not in list(AuthMode):
            raise OAuthError("invalid_request", say("channel is CARD or MOBILE."))
        if AuthMode(channel) not in self._provider.ways(acr_values):
            text = say("By {channel} nobody reaches the acr_values; take another channel.", channel=channel)
            raise OAuthError("invalid_request", text)
        found = await self._world.store.read(professionals.professional, login_hint)
        if found is None:
            raise OAuthError("unknown_user_id", say("login_hint is the idNat of a professional who is known here."))
        settings, now, secret = self._world.settings, self._world.clock.now(), self._world.ids.secret()
        expires_at = now + settings.psc.ciba_seconds * SECOND
        request = CibaRequest(
            encode(self._world.ids.next()),
            client.client_id,
            login_hint,
            found.identity.name,
            AuthMode(channel),
            binding_message,
            now,
            expires_at,
            settings.psc.ciba_interval_seconds,
        )
        if self._provider.switches.auto_approve:
            request.state = CibaState.APPROVED
        for kept, key in ((self._requests, request.id), (self._by_secret, hash_of(secret))):
            kept.put(key, request, expires_at + _OVER_SECONDS * SECOND)
        return {"auth_req_id": secret, "expires_in": settings.psc.ciba_seconds, "interval": request.interval_seconds}

    async def poll(self, client: Client, auth_req_id: str) -> dict[str, Any]:
        """The tokens of an approved request, once; until then an error with its status (ref: ciba-core#11)."""
        request = self._by_secret.get(hash_of(auth_req_id))
        if request is None or request.client_id != client.client_id or request.state is CibaState.SPENT:
            raise OAuthError("invalid_grant", say("auth_req_id is not known here, was used, or belongs to another client."))
        now = self._world.clock.now()
        if request.state is CibaState.REFUSED:
            raise OAuthError("access_denied", say("The professional refused."))
        if request.expires_at <= now:
            raise OAuthError("expired_token", say("Nobody approved in time; ask again."))
        if request.state is CibaState.PENDING:
            last, request.polled_at = request.polled_at, now
            if last is not None and now - last < request.interval_seconds * SECOND:
                request.interval_seconds += _SLOW_DOWN_SECONDS
                raise OAuthError("slow_down", say("Wait {seconds} seconds between two polls.", seconds=request.interval_seconds))
            raise OAuthError(
                "authorization_pending",
                say("Not approved yet; ask again in {seconds} seconds.", seconds=request.interval_seconds),
            )
        request.state = CibaState.SPENT
        session = self._provider.log_in(request.idnat, request.channel)
        return await self._provider.tokens(self._provider.family(client, session))

    def pending(self) -> list[CibaRequest]:
        """Requests that wait for an answer, the oldest first."""
        now = self._world.clock.now()
        return [one for one in self._requests.values() if one.state is CibaState.PENDING and one.expires_at > now]

    def answer(self, request_id: str, *, approve: bool) -> CibaRequest:
        """Approve or refuse a waiting request; Refusal(NOT_FOUND) when no request with that id waits."""
        found = next((one for one in self.pending() if one.id == request_id), None)
        if found is None:
            raise Refusal(Rule.NOT_FOUND, say("No request {id!r} waits for an approval.", id=request_id[:20]))
        found.state = CibaState.APPROVED if approve else CibaState.REFUSED
        return found
