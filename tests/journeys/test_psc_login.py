"""Logging in by Pro Santé Connect: from the authorization request to the tokens, over real HTTP."""

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from mss_sim.app.simulator import Simulator
from mss_sim.clock import ManualClock
from tests.clients import DOCTOR as DOCTOR_MAIL
from tests.clients import HOSPITAL, ImapClient, Person, base64_of, control
from tests.conftest import StartSimulator
from tests.relying_party import DOCTOR, DOCTOR2, VERIFIER, RelyingParty, challenge, claims_of, hidden, told


@pytest.fixture
async def world(start: StartSimulator, clock: ManualClock) -> AsyncIterator[Simulator]:
    """A running simulator whose clock the test drives."""
    async with start(clock=clock) as running:
        yield running


@pytest.fixture
async def party(world: Simulator) -> AsyncIterator[RelyingParty]:
    async with RelyingParty.of(world) as made:
        yield made


_METHODS = ["client_secret_basic", "client_secret_post", "private_key_jwt", "tls_client_auth", "none"]
_SIGNED = ["RS256", "PS256", "ES256"]
_CAN: dict[str, object] = {
    "response_types_supported": ["code"],
    "response_modes_supported": ["query"],
    "grant_types_supported": ["authorization_code", "refresh_token", "urn:openid:params:grant-type:ciba"],
    "subject_types_supported": ["public"],
    "id_token_signing_alg_values_supported": ["RS256"],
    "userinfo_signing_alg_values_supported": ["RS256"],
    "token_endpoint_auth_methods_supported": _METHODS,
    "token_endpoint_auth_signing_alg_values_supported": _SIGNED,
    "introspection_endpoint_auth_methods_supported": _METHODS[:-1],
    "introspection_endpoint_auth_signing_alg_values_supported": _SIGNED,
    "revocation_endpoint_auth_methods_supported": _METHODS,
    "revocation_endpoint_auth_signing_alg_values_supported": _SIGNED,
    "scopes_supported": ["openid", "scope_all"],
    "acr_values_supported": ["eidas1"],
    "claims_supported": ["sub", "iss", "auth_time", "acr", "SubjectNameID", "preferred_username", "given_name", "family_name"],
    "claim_types_supported": ["normal"],
    "claims_parameter_supported": False,
    "request_parameter_supported": False,
    "request_uri_parameter_supported": False,
    "require_pushed_authorization_requests": False,
    "code_challenge_methods_supported": ["S256"],
    "backchannel_token_delivery_modes_supported": ["poll"],
    "tls_client_certificate_bound_access_tokens": False,
    "authorization_response_iss_parameter_supported": True,
    "prompt_values_supported": ["none", "login", "consent", "select_account"],
}


async def test_discovery_tells_exactly_what_is_served(party: RelyingParty) -> None:
    found = (await party.http.get(f"{party.issuer}/.well-known/openid-configuration")).json()
    assert {name: value for name, value in found.items() if not str(value).startswith("http")} == _CAN


async def test_both_discovery_documents_tell_the_same(party: RelyingParty) -> None:
    national = (await party.http.get(f"{party.issuer}/.well-known/wallet-openid-configuration")).json()
    assert national == (await party.http.get(f"{party.issuer}/.well-known/openid-configuration")).json()
    assert party.issuer == f"{party.base}/auth/realms/esante-wallet"
    assert national["issuer"] == party.issuer
    assert national["authorization_endpoint"] == f"{party.base}/auth"
    below = {
        name: national[name].removeprefix(f"{party.issuer}/protocol/openid-connect/") for name in national if name.endswith("_endpoint")
    }
    assert below["token_endpoint"] == "token"
    assert below["userinfo_endpoint"] == "userinfo"
    assert below["introspection_endpoint"] == "token/introspect"
    assert below["end_session_endpoint"] == "logout"
    assert below["revocation_endpoint"] == "revoke"
    assert below["backchannel_authentication_endpoint"] == "ext/ciba/auth"
    assert national["authorization_response_iss_parameter_supported"] is True
    assert national["code_challenge_methods_supported"] == ["S256"]
    assert "mtls_endpoint_aliases" not in national


@pytest.mark.parametrize(("path", "instead"), [("auth/device", "CIBA"), ("ext/par/request", "plain parameters")])
async def test_what_the_national_provider_has_and_this_one_has_not_says_what_to_use(party: RelyingParty, path: str, instead: str) -> None:
    found = (await party.http.get(f"{party.issuer}/.well-known/openid-configuration")).json()
    assert not {"device_authorization_endpoint", "pushed_authorization_request_endpoint"} & set(found)
    assert found["require_pushed_authorization_requests"] is False
    answer = await party.post(path, scope="openid scope_all")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert instead in answer.json()["error_description"]


async def test_the_addresses_can_be_set(start: StartSimulator) -> None:
    settings = {"psc_base_url": "https://auth.test", "psc_wallet_url": "https://wallet.test", "psc_mtls_url": "https://mtls.test"}
    async with start(**settings) as simulator, httpx.AsyncClient() as http:
        ready = simulator.ready()
        assert ready["psc"]["issuer"] == "https://auth.test/auth/realms/esante-wallet"
        found = (await http.get(f"{ready['http']}/auth/realms/esante-wallet/.well-known/wallet-openid-configuration")).json()
        assert found["authorization_endpoint"] == "https://wallet.test/auth"
        assert found["token_endpoint"].startswith("https://auth.test/auth/realms/esante-wallet/")
        token = "https://mtls.test/auth/realms/esante-wallet/protocol/openid-connect/token"
        assert found["mtls_endpoint_aliases"]["token_endpoint"] == token


async def test_a_doctor_logs_in_and_reads_his_mail_with_the_token(world: Simulator, party: RelyingParty) -> None:
    page = await party.authorize(code_challenge=challenge(), code_challenge_method="S256", login_hint=DOCTOR)
    assert page.status_code == 200
    assert '<html lang="fr">' in page.text
    assert "<script" not in page.text
    assert f'value="{DOCTOR}" selected' in page.text
    back = told(await party.submit(page, mode="MOBILE"))
    assert back["state"] == "st"
    assert back["iss"] == party.issuer
    answer = await party.exchange(back["code"], code_verifier=VERIFIER)
    assert answer.headers["cache-control"] == "no-store"
    tokens = answer.json()
    assert (tokens["token_type"], tokens["expires_in"], tokens["refresh_expires_in"]) == ("Bearer", 120, 1_800)
    access = claims_of(tokens["access_token"])
    assert (access["SubjectNameID"], access["authMode"], access["nonce"], access["azp"]) == (DOCTOR, "MOBILE", "no", party.client_id)
    assert access["sid"] == tokens["session_state"] == back["session_state"]
    identity = claims_of(tokens["id_token"])
    assert (identity["aud"], identity["nonce"], identity["acr"], identity["typ"]) == (party.client_id, "no", "eidas1", "ID")
    assert identity["sub"] == access["sub"]
    me = await party.http.get(f"{party.base}/api/v1/me", headers={"Authorization": f"Bearer {tokens['access_token']}"})
    assert me.json()["idnat"] == DOCTOR


async def test_neither_an_id_token_nor_a_refresh_token_opens_a_mailbox(party: RelyingParty) -> None:
    tokens = await party.tokens()
    for name, why in (("id_token", "ID token"), ("refresh_token", "not a JWT")):
        answer = await party.http.get(f"{party.base}/api/v1/me", headers={"Authorization": f"Bearer {tokens[name]}"})
        assert answer.status_code == 401
        assert why in answer.json()["detail"]
        assert (await party.userinfo(tokens[name])).status_code == 401


async def test_the_professional_refuses(party: RelyingParty) -> None:
    page = await party.authorize()
    back = told(await party.submit(page, decision="refuse"))
    assert (back["error"], back["state"], back["iss"]) == ("access_denied", "st", party.issuer)
    assert (await party.submit(page)).status_code == 400, "the page was answered"


async def test_a_session_answers_for_the_browser_until_it_is_idle(party: RelyingParty, clock: ManualClock) -> None:
    assert told(await party.authorize(prompt="none"))["error"] == "login_required"
    await party.submit(await party.authorize())
    for _ in range(3):
        clock.advance(timedelta(minutes=29))
        assert "code" in told(await party.authorize(prompt="none"))
    clock.advance(timedelta(minutes=31))
    assert told(await party.authorize(prompt="none"))["error"] == "login_required"
    assert (await party.authorize()).status_code == 200


async def test_a_session_lasts_for_four_hours_at_most(party: RelyingParty, clock: ManualClock) -> None:
    tokens = await party.tokens()
    for _ in range(9):
        clock.advance(timedelta(minutes=25))
        answer = await party.refresh(tokens["refresh_token"])
        tokens = answer.json()
        assert answer.status_code == 200
    assert tokens["refresh_expires_in"] == 900, "15 minutes are left of the session"
    clock.advance(timedelta(minutes=16))
    assert (await party.refresh(tokens["refresh_token"])).json()["error"] == "invalid_grant"


async def test_who_is_logged_in_is_asked_again_when_the_client_says_so(party: RelyingParty, clock: ManualClock) -> None:
    await party.submit(await party.authorize())
    assert (await party.authorize(prompt="login")).status_code == 200
    assert (await party.authorize(login_hint=DOCTOR2)).status_code == 200, "another card"
    other = (await party.tokens(DOCTOR2))["id_token"]
    await party.submit(await party.authorize(prompt="login"))
    assert told(await party.authorize(id_token_hint=other, prompt="none"))["error"] == "login_required"
    assert (await party.authorize(id_token_hint="x")).status_code == 302, "a hint that is none says nothing"
    assert (await party.authorize(max_age="60")).status_code == 302
    clock.advance(timedelta(seconds=61))
    assert (await party.authorize(max_age="60")).status_code == 200
    assert told(await party.authorize(max_age="60", prompt="none"))["error"] == "login_required"


async def test_headless_log_in_redirects_at_once(world: Simulator, party: RelyingParty) -> None:
    assert (await party.authorize(login_hint=DOCTOR2)).status_code == 200
    assert (await control(world, "PATCH", "/psc", {"auto_approve": True})).json()["auto_approve"] is True
    for hint in (DOCTOR2, "hugo.bernard"):
        code = told(await party.authorize(login_hint=hint))["code"]
        assert claims_of((await party.exchange(code)).json()["access_token"])["SubjectNameID"] == DOCTOR2
    assert "code" in told(await party.authorize(prompt="none")), "the browser has a session, as after a page"
    assert told(await party.authorize(login_hint="nobody", prompt="login"))["error"] == "login_required"
    assert (await party.authorize(prompt="login")).status_code == 200, "nobody is named, so somebody is asked"


async def test_patients_and_machines_have_no_card(world: Simulator, party: RelyingParty) -> None:
    page = await party.authorize()
    for role in ("patient", "application"):
        idnat = Person(world, role).idnat
        assert f'value="{idnat}"' not in page.text
        answer = await party.submit(page, idnat)
        assert answer.status_code == 400
        assert 'role="alert"' in answer.text


async def test_whoever_is_disabled_gets_no_new_token(world: Simulator, party: RelyingParty) -> None:
    tokens = await party.tokens()
    await control(world, "PATCH", f"/identities/{DOCTOR}", {"enabled": False})
    assert (await party.refresh(tokens["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await party.userinfo(tokens["access_token"])).status_code == 401
    assert await party.introspect(tokens["access_token"]) == {"active": False}
    assert told(await party.authorize(prompt="none"))["error"] == "login_required"


async def test_a_token_of_somebody_who_was_removed_tells_nothing(world: Simulator, party: RelyingParty) -> None:
    made = {"idnat": "899700420062", "kind": "professional", "family_name": "ROUX", "given_name": "Ana"}
    assert (await control(world, "POST", "/identities", made)).status_code == 201
    tokens = await party.tokens(made["idnat"])
    assert (await party.userinfo(tokens["access_token"])).status_code == 200
    assert (await control(world, "DELETE", f"/identities/{made['idnat']}")).status_code == 204
    assert (await party.userinfo(tokens["access_token"])).status_code == 401


async def test_the_token_opens_a_mailbox_by_imap_for_whoever_is_in_it(party: RelyingParty, world: Simulator) -> None:
    token = (await party.tokens())["access_token"]
    client = await ImapClient.open(world)
    for mailbox, verdict in ((HOSPITAL, "NO [AUTHORIZATIONFAILED]"), (DOCTOR_MAIL, "OK")):
        blob = base64_of(f"user={mailbox}\x01auth=Bearer {token}\x01\x01".encode())
        answer = await client.ask(f"AUTHENTICATE XOAUTH2 {blob}")
        assert answer[-1].startswith(verdict), answer
    await control(world, "DELETE", "/psc/sessions")
    assert (await client.ask("SELECT INBOX"))[-1].startswith("OK"), "a session that is open stays open"
    await client.close()


async def test_the_form_is_taken_from_the_browser_that_was_given_it_only(world: Simulator, party: RelyingParty) -> None:
    page = await party.authorize()
    async with RelyingParty.of(world) as other:
        assert (await other.submit(page)).status_code == 400
        await other.authorize()
        assert (await other.submit(page)).status_code == 400
    assert "code" in told(await party.submit(page))


async def test_what_comes_from_outside_is_escaped(world: Simulator, party: RelyingParty) -> None:
    evil = '"><script>alert(1)</script>'
    await party.register(client_id="evil", client_name=evil)
    person = {"idnat": "899700420096", "family_name": evil, "profession": evil}
    assert (await control(world, "POST", "/psc/personas", person)).status_code == 201
    page = await party.authorize(login_hint=evil, state=evil)
    assert page.status_code == 200
    assert "<script" not in page.text
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    wrong = await party.authorize(redirect_uri=evil)
    assert "<script" not in wrong.text


async def test_log_out_ends_the_session_and_its_tokens(world: Simulator, party: RelyingParty) -> None:
    tokens = await party.tokens()
    url = f"{party.issuer}/protocol/openid-connect/logout"
    given = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": "http://127.0.0.1:4000/", "state": "bye"}
    back = await party.http.get(url, params=given)
    assert back.headers["location"] == "http://127.0.0.1:4000/?state=bye"
    assert told(await party.authorize(prompt="none"))["error"] == "login_required"
    assert (await party.refresh(tokens["refresh_token"])).json()["error"] == "invalid_grant"
    assert await party.introspect(tokens["access_token"]) == {"active": False}
    assert (await party.userinfo(tokens["access_token"])).status_code == 401
    assert world.world.tokens.verify(tokens["access_token"]) == DOCTOR, "mail servers verify offline"


async def test_an_expired_id_token_is_still_a_hint(party: RelyingParty, clock: ManualClock) -> None:
    tokens = await party.tokens()
    clock.advance(timedelta(minutes=10))
    url = f"{party.issuer}/protocol/openid-connect/logout"
    assert "déconnecté" in (await party.http.post(url, data={"id_token_hint": tokens["id_token"]})).text
    assert told(await party.authorize(prompt="none"))["error"] == "login_required"


async def test_log_out_without_a_hint_asks_first(party: RelyingParty) -> None:
    await party.tokens()
    url = f"{party.issuer}/protocol/openid-connect/logout"
    page = await party.http.get(url)
    assert "Voulez-vous" in page.text
    assert "Voulez-vous" in (await party.http.post(url, data={"form_token": "forged"})).text
    assert "code" in told(await party.authorize(prompt="none"))
    assert "déconnecté" in (await party.http.post(url, data={"form_token": hidden(page, "form_token")})).text
    assert told(await party.authorize(prompt="none"))["error"] == "login_required"


async def test_log_out_leads_to_registered_places_only(party: RelyingParty) -> None:
    tokens = await party.tokens()
    url = f"{party.issuer}/protocol/openid-connect/logout"
    for given in (
        {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": "https://evil.example/"},
        {"post_logout_redirect_uri": "http://127.0.0.1:8765/"},
        {"id_token_hint": tokens["access_token"], "post_logout_redirect_uri": "http://127.0.0.1:8765/"},
    ):
        answer = await party.http.get(url, params=given)
        assert answer.status_code == 400
        assert "location" not in answer.headers
    assert "code" in told(await party.authorize(prompt="none"))
