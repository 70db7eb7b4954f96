"""Attacks on Pro Santé Connect that no other test plays: signatures turned about, tokens in addresses, frames, mixed-up clients."""

import base64
import hmac
import json
from collections.abc import AsyncIterator

import pytest
from joserfc.jwk import RSAKey

from mss_sim.app.simulator import Simulator
from mss_sim.psc.authentication import ASSERTION_TYPE
from tests.relying_party import RelyingParty, challenge, told


@pytest.fixture
async def party(simulator: Simulator) -> AsyncIterator[RelyingParty]:
    async with RelyingParty.of(simulator) as made:
        yield made


def _part(content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize("form", ["pem", "jwk"])
async def test_an_assertion_signed_with_the_public_key_as_a_secret_is_refused(simulator: Simulator, party: RelyingParty, form: str) -> None:
    key = RSAKey.generate_key(2048)
    await party.register(client_id="signer", token_endpoint_auth_method="private_key_jwt", jwks={"keys": [key.as_dict(private=False)]})
    now = simulator.world.clock.now() // 1_000_000
    claims = {"iss": "signer", "sub": "signer", "aud": party.issuer, "exp": now + 60, "jti": "one"}
    signed = f"{_part({'alg': 'HS256', 'kid': key.kid})}.{_part(claims)}"
    secret = key.as_pem(private=False) if form == "pem" else json.dumps(key.as_dict(private=False)).encode()
    signature = base64.urlsafe_b64encode(hmac.digest(secret, signed.encode(), "sha256")).rstrip(b"=").decode()
    own = {**key.as_dict(private=False), "kid": "mine"}
    for assertion in (f"{signed}.{signature}", f"{_part({'alg': 'none', 'jwk': own})}.{_part(claims)}."):
        form_ = {"grant_type": "refresh_token", "refresh_token": "x", "client_assertion": assertion}
        answer = await party.post("token", client_assertion_type=ASSERTION_TYPE, **form_)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
        assert "No registered key" in answer.json()["error_description"]


async def test_a_token_in_the_address_is_no_token(party: RelyingParty) -> None:
    """Addresses stand in logs and in the Referer (ref: rfc6750#5.3)."""
    token = (await party.tokens())["access_token"]
    for url, status in ((f"{party.issuer}/protocol/openid-connect/userinfo", 401), (f"{party.base}/api/v1/me", 422)):
        in_address = await party.http.get(url, params={"access_token": token})
        assert in_address.status_code == status, "nobody said who they are, or the parameter is not known"
        assert "899700420013" not in in_address.text
        in_header = await party.http.get(url, headers={"Authorization": f"Bearer {token}"})
        assert "899700420013" in in_header.text


async def test_the_parameters_of_the_token_endpoint_stand_in_the_body_alone(party: RelyingParty) -> None:
    code = await party.code()
    asked = {"grant_type": "authorization_code", "code": code, "redirect_uri": party.redirect_uri}
    url = f"{party.issuer}/protocol/openid-connect/token"
    assert (await party.http.post(url, params=asked, auth=party.basic)).json()["error"] == "invalid_request"
    assert (await party.http.get(url, params=asked)).status_code == 405
    assert (await party.exchange(code)).status_code == 200, "the code was not spent"


async def test_pages_stand_in_no_frame_and_carry_no_script(party: RelyingParty) -> None:
    pages = [await party.authorize(prompt="login"), await party.http.get(f"{party.base}/auth/approvals")]
    pages += [await party.http.get(f"{party.issuer}/protocol/openid-connect/logout"), await party.authorize(client_id="nobody")]
    for page in pages:
        assert page.headers["x-frame-options"] == "DENY"
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert page.headers["cache-control"] == "no-store"
        assert "<script" not in page.text
    for cookie in pages[0].headers.get_list("set-cookie"):
        assert "HttpOnly" in cookie
        assert "samesite=lax" in cookie.lower()


async def test_a_refresh_token_widens_nothing_and_is_for_who_says_who_he_is(party: RelyingParty) -> None:
    tokens = await party.tokens()
    wide = await party.post("token", grant_type="refresh_token", refresh_token=tokens["refresh_token"], scope="openid scope_all admin")
    assert wide.json().get("scope", "openid scope_all") == "openid scope_all"
    newest = wide.json().get("refresh_token", tokens["refresh_token"])
    url = f"{party.issuer}/protocol/openid-connect/token"
    alone = await party.http.post(url, data={"grant_type": "refresh_token", "refresh_token": newest, "client_id": party.client_id})
    assert (alone.status_code, alone.json()["error"]) == (401, "invalid_client")
    assert (await party.refresh(newest)).status_code == 200


async def test_a_public_client_does_not_leave_the_challenge_out_nor_take_over_a_confidential_code(party: RelyingParty) -> None:
    confidential = (party.client_id, party.auth)
    code = await party.code()
    await party.register(client_id="public", token_endpoint_auth_method="none")
    assert told(await party.authorize(prompt="login"))["error"] == "invalid_request"
    stolen = await party.post("token", grant_type="authorization_code", code=code, redirect_uri=party.redirect_uri, client_id="public")
    assert stolen.json()["error"] == "invalid_grant"
    party.client_id, party.auth = confidential
    assert (await party.exchange(code)).status_code == 200


async def test_nobody_learns_by_prompt_none_who_has_a_session_elsewhere(simulator: Simulator, party: RelyingParty) -> None:
    await party.tokens()
    async with RelyingParty.of(simulator) as stranger:
        for hint in ({}, {"login_hint": "899700420013"}, {"login_hint": "nobody"}):
            answer = await stranger.authorize(prompt="none", code_challenge=challenge(), code_challenge_method="S256", **hint)
            assert told(answer)["error"] == "login_required"
            assert set(told(answer)) == {"error", "error_description", "state", "iss"}
            assert told(answer)["state"] == "st"
