"""A client of Pro Santé Connect with a browser: what tests drive the provider with."""

import base64
import hashlib
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import httpx

from mss_sim.app.simulator import Simulator

DOCTOR, DOCTOR2 = "899700420013", "899700420021"
VERIFIER = "a-verifier-of-at-least-forty-three-characters-in-all"
CIBA = "urn:openid:params:grant-type:ciba"


def challenge(verifier: str = VERIFIER) -> str:
    """The S256 challenge of a verifier."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def claims_of(token: str) -> dict[str, Any]:
    """The claims of a JWT, unverified."""
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


def told(answer: httpx.Response) -> dict[str, str]:
    """The parameters with which a browser is sent back to its client."""
    assert answer.status_code in (302, 303), answer.text
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


def hidden(page: httpx.Response, name: str) -> str:
    """A hidden field of the form on a page."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page.text)
    assert found, page.text
    return found[1]


class RelyingParty:
    """One client, one browser; nothing is followed by itself."""

    def __init__(self, simulator: Simulator, http: httpx.AsyncClient) -> None:
        ready = simulator.ready()
        self.http = http
        self.base: str = ready["http"]
        self.issuer: str = ready["psc"]["issuer"]
        self.redirect_uri: str = ready["psc"]["redirect_uri"]
        self.client_id: str = ready["psc"]["client_id"]
        self.auth: tuple[str, str] | None = (self.client_id, ready["psc"]["client_secret"])

    @classmethod
    @asynccontextmanager
    async def of(cls, simulator: Simulator) -> AsyncIterator[Self]:
        """The client that every world has, with a new browser."""
        async with httpx.AsyncClient(timeout=20) as http:
            yield cls(simulator, http)

    @property
    def basic(self) -> Any:
        """Basic authentication, for a client that has a secret."""
        return self.auth or httpx.USE_CLIENT_DEFAULT

    async def authorize(self, **changed: str | None) -> httpx.Response:
        """The authorization request as it should be, but for what is changed; None leaves a parameter out."""
        asked: dict[str, str | None] = {
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "response_type": "code",
            "scope": "openid scope_all",
            "acr_values": "eidas1",
            "state": "st",
            "nonce": "no",
            **changed,
        }
        given = {name: value for name, value in asked.items() if value is not None}
        return await self.http.get(f"{self.base}/auth", params=given)

    async def submit(self, page: httpx.Response, idnat: str = DOCTOR, **changed: str) -> httpx.Response:
        """Send the form of the log-in page."""
        form = {"key": hidden(page, "key"), "identity": idnat, "mode": "CARD", "decision": "approve", **changed}
        return await self.http.post(f"{self.base}/auth/login", data=form)

    async def code(self, idnat: str = DOCTOR, **changed: str | None) -> str:
        """A code, by the log-in page."""
        page = await self.authorize(prompt="login", **changed)
        assert page.status_code == 200, page.text
        return told(await self.submit(page, idnat))["code"]

    async def post(self, endpoint: str, **form: str) -> httpx.Response:
        """A form to an endpoint of the provider, with the secret of the client."""
        url = f"{self.issuer}/protocol/openid-connect/{endpoint}"
        return await self.http.post(url, data=form, auth=self.basic)

    async def exchange(self, code: str, **more: str) -> httpx.Response:
        """Exchange a code."""
        return await self.post("token", grant_type="authorization_code", code=code, **{"redirect_uri": self.redirect_uri, **more})

    async def tokens(self, idnat: str = DOCTOR, **changed: str | None) -> dict[str, Any]:
        """All tokens of somebody who logs in."""
        answer = await self.exchange(await self.code(idnat, **changed))
        assert answer.status_code == 200, answer.text
        given: dict[str, Any] = answer.json()
        return given

    async def refresh(self, token: str) -> httpx.Response:
        """Use a refresh token."""
        return await self.post("token", grant_type="refresh_token", refresh_token=token)

    async def introspect(self, token: str) -> dict[str, Any]:
        """What introspection tells of a token."""
        answer = await self.post("token/introspect", token=token)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def userinfo(self, token: str, **headers: str) -> httpx.Response:
        """Userinfo by GET."""
        url = f"{self.issuer}/protocol/openid-connect/userinfo"
        return await self.http.get(url, headers={"Authorization": f"Bearer {token}", **headers})

    async def register(self, **metadata: Any) -> None:
        """Register another client, and be that one from now on."""
        answer = await self.http.post(f"{self.base}/control/psc/clients", json={"redirect_uris": [self.redirect_uri], **metadata})
        assert answer.status_code == 201, answer.text
        made = answer.json()
        self.client_id = made["client_id"]
        self.auth = (self.client_id, made["client_secret"]) if "client_secret" in made else None
