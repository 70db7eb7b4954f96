"""Relying parties that do not know us: Authlib, and openid-client in node, against a running simulator."""

import asyncio
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oidc.core import CodeIDToken, UserInfo
from joserfc import jwt
from joserfc.jwk import KeySet
from joserfc.jwt import JWTClaimsRegistry

from mss_sim.app.simulator import Simulator
from tests.clients import control
from tests.relying_party import CIBA, DOCTOR, RelyingParty, told

NODE = Path(__file__).parent / "node"
SECONDS = 60
VERIFIER = "x3v9-a-verifier-that-authlib-hashes-by-itself-0001"


async def _discovered(simulator: Simulator) -> dict[str, Any]:
    async with httpx.AsyncClient() as http:
        answer = await http.get(f"{simulator.ready()['psc']['issuer']}/.well-known/wallet-openid-configuration")
        found: dict[str, Any] = answer.json()
        return found


async def _browse(simulator: Simulator, url: str) -> str:
    """What a person does with a browser: open, choose the doctor, approve; the URL that the browser is sent to."""
    async with httpx.AsyncClient() as http:
        page = await http.get(url)
        answer = await RelyingParty(simulator, http).submit(page, DOCTOR)
        return str(answer.headers["location"])


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
async def test_authlib_logs_in_refreshes_and_logs_out(simulator: Simulator, method: str) -> None:
    ours, found = simulator.ready()["psc"], await _discovered(simulator)
    async with AsyncOAuth2Client(
        ours["client_id"],
        ours["client_secret"],
        token_endpoint_auth_method=method,
        scope="openid scope_all",
        redirect_uri=ours["redirect_uri"],
        code_challenge_method="S256",
    ) as client:
        url, state = client.create_authorization_url(
            found["authorization_endpoint"], code_verifier=VERIFIER, acr_values="eidas1", nonce="n-1"
        )
        back = await _browse(simulator, url)
        token = await client.fetch_token(found["token_endpoint"], authorization_response=back, state=state, code_verifier=VERIFIER)
        keys = KeySet.import_key_set((await client.get(found["jwks_uri"])).json())
        decoded = jwt.decode(token["id_token"], keys)
        JWTClaimsRegistry(iss={"value": found["issuer"]}, aud={"value": ours["client_id"]}, nonce={"value": "n-1"}).validate(decoded.claims)
        params = {"nonce": "n-1", "client_id": ours["client_id"], "access_token": token["access_token"]}
        CodeIDToken(decoded.claims, decoded.header, params=params).validate(leeway=60)
        me = UserInfo((await client.get(found["userinfo_endpoint"])).json())
        assert (me["SubjectNameID"], me.sub) == (DOCTOR, decoded.claims["sub"])
        newer = await client.refresh_token(found["token_endpoint"])
        assert newer["refresh_token"] != token["refresh_token"]
        seen = (await client.introspect_token(found["introspection_endpoint"], newer["access_token"])).json()
        assert (seen["active"], seen["SubjectNameID"]) == (True, DOCTOR)
        await client.get(found["end_session_endpoint"], params={"id_token_hint": newer["id_token"]})
        with pytest.raises(OAuthError, match="invalid_grant"):
            await client.refresh_token(found["token_endpoint"])


async def test_authlib_sees_a_refusal(simulator: Simulator) -> None:
    ours, found = simulator.ready()["psc"], await _discovered(simulator)
    async with AsyncOAuth2Client(ours["client_id"], "wrong", redirect_uri=ours["redirect_uri"]) as client:
        with pytest.raises(OAuthError, match="invalid_client"):
            await client.fetch_token(found["token_endpoint"], grant_type="authorization_code", code="x")
        await client.revoke_token(found["revocation_endpoint"], "x")


# openid-client, in node


async def _node(simulator: Simulator, part: str, **more: Any) -> Iterator[Any]:
    """What openid-client saw in one part of its day, in the order in which node/login.mjs says it."""
    assert (NODE / "node_modules" / "openid-client").is_dir(), "openid-client is missing: make strangers and make test install it"
    story = json.dumps({"part": part, **simulator.ready()["psc"], **more})
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = await asyncio.create_subprocess_exec("node", str(NODE / "login.mjs"), story, **pipes)  # type: ignore[arg-type]
    assert process.stdin
    assert process.stdout
    assert process.stderr
    seen = []
    try:
        async with asyncio.timeout(SECONDS):
            async for line in process.stdout:
                seen.append(json.loads(line))
                if "visit" in seen[-1]:
                    process.stdin.write((await _browse(simulator, seen.pop()["visit"]) + "\n").encode())
                elif seen[-1] == "asked":
                    (waiting,) = (await control(simulator, "GET", "/psc/ciba")).json()
                    await control(simulator, "POST", f"/psc/ciba/{waiting['id']}/approve")
            error = (await process.stderr.read()).decode()
            assert await process.wait() == 0, error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return iter(seen)


async def test_openid_client_logs_in_refreshes_and_logs_out(simulator: Simulator) -> None:
    seen = await _node(simulator, "code", login_hint=DOCTOR)
    claims = next(seen)
    assert (claims["acr"], claims["preferred_username"], claims["typ"]) == ("eidas1", DOCTOR, "ID")
    assert next(seen)["SubjectNameID"] == DOCTOR
    assert next(seen) == {"rotated": True}
    assert next(seen)["active"] is True
    assert next(seen)["active"] is False, "revoked"
    out = str(next(seen))
    async with httpx.AsyncClient() as http:
        assert (await http.get(out)).headers["location"] == "http://127.0.0.1:8765/?state=bye"
    assert parse_qs(urlsplit(out).query)["client_id"] == [simulator.ready()["psc"]["client_id"]]


async def test_openid_client_signs_its_requests(simulator: Simulator) -> None:
    seen = await _node(simulator, "signed", control=simulator.ready()["http"])
    assert next(seen)["preferred_username"] == DOCTOR


async def test_openid_client_polls(simulator: Simulator) -> None:
    seen = await _node(simulator, "poll", login_hint=DOCTOR, grant=CIBA)
    assert next(seen) == {"expires_in": 120, "interval": 5}
    assert next(seen) == "asked"
    assert next(seen)["preferred_username"] == DOCTOR


async def test_curl_logs_in_headless(simulator: Simulator) -> None:
    await control(simulator, "PATCH", "/psc", {"auto_approve": True})
    ours, found = simulator.ready()["psc"], await _discovered(simulator)
    asked = {"client_id": ours["client_id"], "redirect_uri": ours["redirect_uri"], "response_type": "code", "acr_values": "eidas1"}
    asked |= {"scope": "openid scope_all", "login_hint": "camille.martin"}
    given = [word for name, value in asked.items() for word in ("--data-urlencode", f"{name}={value}")]
    command = ["curl", "-s", "-G", "-o", "/dev/null", "-w", "%{redirect_url}", found["authorization_endpoint"], *given]
    location = (await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=SECONDS, check=True)).stdout
    code = told(httpx.Response(302, headers={"location": location}))["code"]
    basic = f"{ours['client_id']}:{ours['client_secret']}"
    form = ["-d", "grant_type=authorization_code", "-d", f"code={code}", "-d", f"redirect_uri={ours['redirect_uri']}"]
    command = ["curl", "-s", "-u", basic, found["token_endpoint"], *form]
    answer = (await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=SECONDS, check=True)).stdout
    assert simulator.world.tokens.verify(json.loads(answer)["access_token"]) == DOCTOR
