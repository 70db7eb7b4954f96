"""What the OpenID provider does with requests that are wrong, huge or hostile: it says so, in the protocol's words, and goes on."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from mss_sim.app.simulator import Simulator
from tests.clients import control
from tests.conftest import StartSimulator
from tests.relying_party import DOCTOR, RelyingParty, told


@pytest.fixture
async def party(simulator: Simulator) -> AsyncIterator[RelyingParty]:
    async with RelyingParty.of(simulator) as made:
        yield made


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"client_id": None}, id="no client"),
        pytest.param({"client_id": "nobody"}, id="unknown client"),
        pytest.param({"client_id": "\x00"}, id="NUL in client_id"),
        pytest.param({"client_id": "x" * 10_000}, id="huge client_id"),
        pytest.param({"redirect_uri": None}, id="no redirect URI"),
        pytest.param({"redirect_uri": "https://evil.example/"}, id="redirect_uri mismatch"),
        pytest.param({"redirect_uri": "http://127.0.0.1:8765/callback/../evil"}, id="another path"),
        pytest.param({"redirect_uri": "javascript:alert(1)"}, id="a script"),
    ],
)
async def test_a_wrong_client_or_redirect_uri_is_shown_and_sent_nowhere(party: RelyingParty, changed: dict[str, str | None]) -> None:
    answer = await party.authorize(**changed)
    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        pytest.param({"response_type": None}, "invalid_request", id="no response type"),
        pytest.param({"response_type": "token"}, "unsupported_response_type", id="implicit flow"),
        pytest.param({"response_mode": "fragment"}, "invalid_request", id="another response mode"),
        pytest.param({"scope": "openid"}, "invalid_scope", id="scope_all is missing"),
        pytest.param({"scope": None}, "invalid_scope", id="no scope"),
        pytest.param({"acr_values": None}, "invalid_request", id="no acr_values"),
        pytest.param({"acr_values": "eidas3"}, "invalid_request", id="another level"),
        pytest.param({"code_challenge": "x" * 43, "code_challenge_method": "S512"}, "invalid_request", id="unknown PKCE method"),
        pytest.param({"code_challenge": "short", "code_challenge_method": "S256"}, "invalid_request", id="short challenge"),
        pytest.param({"code_challenge": "é" * 50, "code_challenge_method": "S256"}, "invalid_request", id="challenge is not ASCII"),
        pytest.param({"code_challenge_method": "S256"}, "invalid_request", id="method without challenge"),
        pytest.param({"prompt": "none login"}, "invalid_request", id="none and login"),
        pytest.param({"prompt": "dance"}, "invalid_request", id="unknown prompt"),
        pytest.param({"max_age": "-1"}, "invalid_request", id="negative age"),
        pytest.param({"max_age": "²"}, "invalid_request", id="age is a superscript"),
        pytest.param({"request": "e30.e30."}, "request_not_supported", id="request object"),
        pytest.param({"request_uri": "https://x.example/"}, "request_uri_not_supported", id="request URI"),
        pytest.param({"nonce": "n" * 5_000}, "invalid_request", id="huge nonce"),
        pytest.param({"state": "s" * 5_000}, "invalid_request", id="huge state"),
    ],
)
async def test_another_error_goes_back_to_the_client(party: RelyingParty, changed: dict[str, str | None], error: str) -> None:
    back = told(await party.authorize(**changed))
    assert back["error"] == error
    assert back["iss"] == party.issuer
    assert back["error_description"]
    assert back["state"] == changed.get("state", "st")


async def test_duplicate_parameters_are_refused(party: RelyingParty) -> None:
    url = str((await party.authorize()).request.url)
    assert told(await party.http.get(f"{url}&nonce=other"))["error"] == "invalid_request"
    assert "state" not in told(await party.http.get(f"{url}&state=other")), "which of the two?"
    for name in ("client_id", "redirect_uri"):
        assert (await party.http.get(f"{url}&{name}=other")).status_code == 400
    token = f"{party.issuer}/protocol/openid-connect/token"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await party.http.post(token, content="grant_type=refresh_token&grant_type=x", headers=form, auth=party.basic)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert "more than once" in answer.json()["error_description"]


@pytest.mark.parametrize("endpoint", ["token", "token/introspect", "revoke", "ext/ciba/auth"])
async def test_a_parameter_that_comes_twice_is_refused_even_where_nobody_needs_it(party: RelyingParty, endpoint: str) -> None:
    url, form = f"{party.issuer}/protocol/openid-connect/{endpoint}", {"Content-Type": "application/x-www-form-urlencoded"}
    asked = "grant_type=refresh_token&refresh_token=x&token=x&scope=openid+scope_all&login_hint=899700420013&acr_values=eidas1"
    for content in (f"{asked}&x=1&x=2", f"{asked}&x=1&x="):
        answer = await party.http.post(url, content=content, headers=form, auth=party.basic)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
        assert answer.json()["error_description"] == "x was given more than once."


@pytest.mark.parametrize("path", ["/callback?code=a&code=b", "/callback?x=1&x=2", "{issuer}/protocol/openid-connect/logout?x=1&x=2"])
async def test_a_page_that_is_asked_for_with_a_parameter_twice_is_refused(party: RelyingParty, path: str) -> None:
    answer = await party.http.get(path.format(issuer=party.issuer) if path.startswith("{") else f"{party.base}{path}")
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("path", "fails"),
    [
        ("/auth", True),
        ("/auth/approvals", True),
        ("{realm}/protocol/openid-connect/logout", True),
        ("{realm}/protocol/openid-connect/certs", True),
        ("{realm}/protocol/openid-connect/userinfo", True),
        ("{realm}/.well-known/openid-configuration", True),
        ("{realm}/.well-known/wallet-openid-configuration", True),
        ("/callback", False),
    ],
)
async def test_all_is_out_of_order_but_the_page_of_the_client(simulator: Simulator, party: RelyingParty, path: str, fails: bool) -> None:
    await control(simulator, "PATCH", "/psc", {"outages": 1})
    url = path.replace("{realm}", party.issuer) if "{realm}" in path else f"{party.base}{path}"
    first, second = await party.http.get(url), await party.http.get(url)
    assert ((first.status_code == 503), (second.status_code == 503)) == (fails, False)
    assert (await control(simulator, "GET", "/psc")).json()["outages"] == (0 if fails else 1)


@pytest.mark.parametrize("name", ["state", "nonce", "login_hint"])
async def test_a_value_has_at_most_2000_characters(party: RelyingParty, name: str) -> None:
    assert (await party.authorize(**{name: "s" * 2_000})).status_code == 200
    assert told(await party.authorize(**{name: "s" * 2_001}))["error"] == "invalid_request"


async def test_an_age_has_at_most_nine_digits_and_none_sends_nobody_to_a_page(party: RelyingParty) -> None:
    assert (await party.authorize(max_age="9" * 9)).status_code == 200
    assert told(await party.authorize(max_age="9" * 10))["error"] == "invalid_request"
    assert told(await party.authorize(max_age="0", prompt="none"))["error"] == "login_required"


@pytest.mark.parametrize(("name", "status"), [("request", 302), ("request_uri", 302), ("response_mode", 302)])
async def test_what_is_empty_counts_as_not_given(party: RelyingParty, name: str, status: int) -> None:
    assert (await party.authorize(**{name: ""})).status_code == 200
    assert (await party.authorize(**{name: "x"})).status_code == status


@pytest.mark.parametrize("name", ["login_hint_token", "id_token_hint", "request"])
async def test_an_approval_is_asked_for_by_a_login_hint_alone(party: RelyingParty, name: str) -> None:
    form = {"scope": "openid scope_all", "login_hint": DOCTOR, "acr_values": "eidas1", "binding_message": "42"}
    answer = await party.post("ext/ciba/auth", **form, **{name: "x"})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert answer.json()["error_description"].startswith(f"{name} is not served here")
    assert (await party.post("ext/ciba/auth", **{**form, "scope": "openid"})).json()["error"] == "invalid_scope"
    assert (await party.post("ext/ciba/auth", **{**form, "acr_values": "eidas9"})).json()["error"] == "invalid_request"
    assert "auth_req_id" in (await party.post("ext/ciba/auth", **form)).json()


@pytest.mark.parametrize("endpoint", ["token", "token/introspect", "revoke", "ext/ciba/auth"])
@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        pytest.param(b"{}", "application/json", 400, id="JSON"),
        pytest.param(b"", "", 400, id="nothing"),
        pytest.param(b"token=%00", "application/x-www-form-urlencoded", 400, id="NUL"),
        pytest.param(b"token=%ff", "application/x-www-form-urlencoded", 400, id="not UTF-8"),
        pytest.param(b"\xff\xfe", "application/x-www-form-urlencoded", 400, id="not ASCII"),
        pytest.param(b"&".join(b"p%d=" % n for n in range(200)), "application/x-www-form-urlencoded", 400, id="many parameters"),
        pytest.param(b"token=" + b"x" * 200_000, "application/x-www-form-urlencoded", 413, id="huge parameter"),
        pytest.param(b"--x\r\n", "multipart/form-data; boundary=x", 400, id="multipart"),
    ],
)
async def test_a_body_that_is_no_form_is_refused(party: RelyingParty, endpoint: str, content: bytes, kind: str, status: int) -> None:
    url = f"{party.issuer}/protocol/openid-connect/{endpoint}"
    answer = await party.http.post(url, content=content, headers={"Content-Type": kind}, auth=party.basic)
    assert (answer.status_code, answer.json()["error"]) == (status, "invalid_request")
    assert answer.json()["error_description"]


@pytest.mark.parametrize(
    ("form", "error"),
    [
        pytest.param({}, "invalid_request", id="no grant type"),
        pytest.param({"grant_type": "password", "username": "x"}, "unsupported_grant_type", id="unknown grant type"),
        pytest.param({"grant_type": '\\"é\n'}, "unsupported_grant_type", id="grant type that a description cannot hold"),
        pytest.param({"grant_type": "authorization_code"}, "invalid_request", id="no code"),
        pytest.param({"grant_type": "authorization_code", "code": "x"}, "invalid_grant", id="unknown code"),
        pytest.param({"grant_type": "refresh_token"}, "invalid_request", id="no refresh token"),
        pytest.param({"grant_type": "refresh_token", "refresh_token": "."}, "invalid_grant", id="a dot"),
        pytest.param({"grant_type": "refresh_token", "refresh_token": "x" * 30_000}, "invalid_grant", id="huge refresh token"),
        pytest.param({"grant_type": "urn:openid:params:grant-type:ciba"}, "invalid_request", id="no auth_req_id"),
        pytest.param({"grant_type": "urn:openid:params:grant-type:ciba", "auth_req_id": "x"}, "invalid_grant", id="unknown auth_req_id"),
    ],
)
async def test_a_wrong_grant_is_refused(party: RelyingParty, form: dict[str, str], error: str) -> None:
    answer = await party.post("token", **form)
    assert (answer.status_code, answer.json()["error"]) == (400, error)
    assert all(" " <= letter <= "~" and letter not in '"\\' for letter in answer.json()["error_description"])
    assert answer.headers["cache-control"] == "no-store"


async def test_a_client_uses_the_grants_that_it_is_registered_for(party: RelyingParty) -> None:
    await party.register(client_id="small", grant_types=["authorization_code"])
    assert (await party.post("token", grant_type="refresh_token", refresh_token="x")).json()["error"] == "unauthorized_client"


async def test_a_wrong_method_is_no_defect(party: RelyingParty) -> None:
    assert (await party.http.get(f"{party.issuer}/protocol/openid-connect/token")).status_code == 405
    assert (await party.http.delete(f"{party.base}/auth")).status_code == 405


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"client_id": "a:b"}, id="a colon, which Basic cannot carry"),
        pytest.param({"redirect_uris": ["nonsense"]}, id="redirect URI is none"),
        pytest.param({"redirect_uris": ["javascript:alert(1)"]}, id="redirect URI is a script"),
        pytest.param({"redirect_uris": ["https://a.example/#x"]}, id="redirect URI with fragment"),
        pytest.param({"redirect_uris": ["https://a.example/\x00"]}, id="NUL in a redirect URI"),
        pytest.param({"redirect_uris": ["https://a.example/"] * 51}, id="too many"),
        pytest.param({"grant_types": ["password"]}, id="unknown grant"),
        pytest.param({"token_endpoint_auth_method": "magic"}, id="unknown method"),
        pytest.param({"token_endpoint_auth_method": "private_key_jwt"}, id="no keys"),
        pytest.param({"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [{"kty": "oct", "k": "eA"}]}}, id="symmetric key"),
        pytest.param({"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [{"kty": "RSA"}]}}, id="half a key"),
        pytest.param({"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": 7}}, id="keys is a number"),
        pytest.param({"token_endpoint_auth_method": "none", "client_secret": "x"}, id="public with a secret"),
        pytest.param({"token_endpoint_auth_method": "tls_client_auth"}, id="no subject"),
        pytest.param({"jwks": {"keys": [{"kty": "RSA"}]}}, id="keys that nobody uses"),
        pytest.param({"userinfo_signed_response_alg": "none"}, id="unsigned userinfo"),
        pytest.param({"logo_uri": "x"}, id="unknown field"),
    ],
)
async def test_a_client_that_cannot_work_is_not_registered(simulator: Simulator, wrong: dict[str, Any]) -> None:
    answer = await control(simulator, "POST", "/psc/clients", {"client_id": "c", **wrong})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request")


@pytest.mark.parametrize(
    "profile",
    [
        {"SubjectRefPro": None},
        {"SubjectRefPro": {"exercices": 7}},
        {"SubjectRefPro": {"exercices": [7, {"activities": 7}, {"activities": [7]}]}},
        {"otherIds": "x", "SubjectRole": {"a": [[[]]]}},
    ],
)
async def test_an_odd_profile_breaks_nothing_and_never_changes_who_it_is(
    simulator: Simulator, party: RelyingParty, profile: dict[str, Any]
) -> None:
    person = {"idnat": DOCTOR, "family_name": "x", "profile": {**profile, "sub": "evil", "SubjectNameID": "evil"}}
    assert (await control(simulator, "POST", "/psc/personas", person)).status_code == 201
    found = await party.userinfo((await party.tokens())["access_token"])
    assert found.status_code == 200
    assert found.json()["SubjectNameID"] == DOCTOR
    assert found.json()["sub"].endswith(DOCTOR)


async def test_a_persona_is_a_professional_with_a_profile_of_bearable_size(simulator: Simulator) -> None:
    odd: list[dict[str, Any]] = [{"kind": "patient"}, {"profile": {"x": "y" * 70_000}}, {"profile": []}, {"idnat": "\x00"}]
    for wrong in odd:
        answer = await control(simulator, "POST", "/psc/personas", {"idnat": "899700420096", "family_name": "X", **wrong})
        assert answer.status_code == 422


@pytest.mark.parametrize("value", ['"\\ud800"', "1" * 30, "[" * 400 + "]" * 400])
async def test_a_profile_that_cannot_be_written_back_is_refused(simulator: Simulator, value: str) -> None:
    async with httpx.AsyncClient() as http:
        body = f'{{"idnat": "{DOCTOR}", "family_name": "X", "profile": {{"x": {value}}}}}'
        url = f"{simulator.ready()['http']}/control/psc/personas"
        assert (await http.post(url, content=body, headers={"Content-Type": "application/json"})).status_code == 422


async def test_the_request_may_come_by_post(party: RelyingParty) -> None:
    form = dict((await party.authorize()).request.url.params)
    page = await party.http.post(f"{party.base}/auth", data=form)
    assert page.status_code == 200
    refused = await party.http.post(f"{party.base}/auth", data={**form, "scope": "openid"})
    assert (refused.status_code, told(refused)["error"]) == (303, "invalid_scope")
    assert (await party.http.post(f"{party.base}/auth", json=form)).status_code == 400


async def test_memory_is_bounded(start: StartSimulator) -> None:
    async with start(psc_kept_max=10) as simulator, RelyingParty.of(simulator) as party:
        for _ in range(25):
            tokens = await party.tokens()
            assert (await party.authorize(prompt="login")).status_code == 200
        assert len(simulator.core.provider.sessions) == 10
        assert (await party.refresh(tokens["refresh_token"])).status_code == 200, "the newest stay"
