"""The token endpoint and its neighbours: what is given once, what is taken back, who may ask."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from mss_sim.app.simulator import Simulator
from mss_sim.clock import ManualClock
from mss_sim.errors import Refusal
from mss_sim.psc.authentication import ASSERTION_TYPE
from tests.clients import control
from tests.conftest import StartSimulator
from tests.relying_party import DOCTOR, DOCTOR2, VERIFIER, RelyingParty, challenge, claims_of, told


@pytest.fixture
async def world(start: StartSimulator, clock: ManualClock) -> AsyncIterator[Simulator]:
    """A running simulator whose clock the test drives."""
    async with start(clock=clock) as running:
        yield running


@pytest.fixture
async def party(world: Simulator) -> AsyncIterator[RelyingParty]:
    async with RelyingParty.of(world) as made:
        yield made


# Codes


async def test_a_code_is_good_once_and_its_reuse_revokes_what_it_gave(party: RelyingParty) -> None:
    code = await party.code()
    tokens = (await party.exchange(code)).json()
    assert (await party.introspect(tokens["access_token"]))["active"] is True
    again = await party.exchange(code)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert "used before" in again.json()["error_description"]
    assert (await party.refresh(tokens["refresh_token"])).json()["error"] == "invalid_grant"
    assert await party.introspect(tokens["access_token"]) == {"active": False}


async def test_of_two_who_exchange_one_code_at_once_one_wins(party: RelyingParty) -> None:
    code = await party.code()
    answers = await asyncio.gather(*(party.exchange(code) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 7


async def test_a_code_expires(party: RelyingParty, clock: ManualClock) -> None:
    code = await party.code()
    clock.advance(timedelta(seconds=61))
    answer = await party.exchange(code)
    assert "expired" in answer.json()["error_description"]


async def test_a_code_is_for_its_redirect_uri(party: RelyingParty) -> None:
    code = await party.code()
    answer = await party.post("token", grant_type="authorization_code", code=code, redirect_uri="http://127.0.0.1:1/callback")
    assert answer.json()["error"] == "invalid_grant"
    assert "redirect_uri" in answer.json()["error_description"]
    code = await party.code()
    assert (await party.post("token", grant_type="authorization_code", code=code)).json()["error"] == "invalid_grant"


async def test_a_code_is_for_its_client(party: RelyingParty) -> None:
    code, first = await party.code(), (party.client_id, party.auth)
    await party.register(client_id="other")
    assert "another client" in (await party.exchange(code)).json()["error_description"]
    party.client_id, party.auth = first
    assert (await party.exchange(code)).status_code == 200, "a stranger cannot spoil it"


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        pytest.param({"code_challenge": challenge(), "code_challenge_method": "S256"}, {}, id="verifier left out"),
        pytest.param({"code_challenge": challenge(), "code_challenge_method": "S256"}, {"code_verifier": "x" * 43}, id="wrong verifier"),
        pytest.param({"code_challenge": challenge(), "code_challenge_method": "S256"}, {"code_verifier": challenge()}, id="the challenge"),
        pytest.param({"code_challenge": challenge(), "code_challenge_method": "S256"}, {"code_verifier": "é" * 50}, id="not ASCII"),
        pytest.param({}, {"code_verifier": VERIFIER}, id="PKCE downgrade: the challenge was taken out"),
    ],
)
async def test_a_code_is_for_whoever_has_the_verifier(party: RelyingParty, asked: dict[str, str], given: dict[str, str]) -> None:
    answer = await party.exchange(await party.code(**asked), **given)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


async def test_pkce_plain_is_a_setting(start: StartSimulator, party: RelyingParty) -> None:
    for method in ({"code_challenge_method": "plain"}, {}):
        assert told(await party.authorize(code_challenge=VERIFIER, **method))["error"] == "invalid_request"
    async with start(psc_pkce_plain=True) as simulator, RelyingParty.of(simulator) as lenient:
        code = await lenient.code(code_challenge=VERIFIER, code_challenge_method="plain")
        assert (await lenient.exchange(code, code_verifier=VERIFIER)).status_code == 200


@pytest.mark.parametrize("missing", ["state", "nonce"])
async def test_state_and_nonce_are_required_by_a_setting(start: StartSimulator, missing: str) -> None:
    async with start(psc_state_nonce_required=True) as simulator, RelyingParty.of(simulator) as party:
        assert await party.code()
        refused = told(await party.authorize(**{missing: None}))
        assert (refused["error"], missing in refused["error_description"]) == ("invalid_request", True)


# Refresh tokens


async def test_a_refresh_token_is_replaced_at_each_use(party: RelyingParty) -> None:
    tokens = await party.tokens()
    newer = (await party.refresh(tokens["refresh_token"])).json()
    assert newer["refresh_token"] != tokens["refresh_token"]
    before, after = claims_of(tokens["access_token"]), claims_of(newer["access_token"])
    assert before["jti"] != after["jti"]
    assert {name: before[name] for name in ("sid", "sub", "nonce", "auth_time")} == {
        name: after[name] for name in ("sid", "sub", "nonce", "auth_time")
    }
    assert (await party.refresh(newer["refresh_token"])).status_code == 200


async def test_a_replayed_refresh_token_ends_its_family(party: RelyingParty) -> None:
    tokens = await party.tokens()
    newer = (await party.refresh(tokens["refresh_token"])).json()
    replayed = await party.refresh(tokens["refresh_token"])
    assert (replayed.status_code, replayed.json()["error"]) == (400, "invalid_grant")
    assert "used before" in replayed.json()["error_description"]
    assert (await party.refresh(newer["refresh_token"])).json()["error"] == "invalid_grant"
    assert await party.introspect(newer["access_token"]) == {"active": False}


async def test_of_many_who_refresh_at_once_one_wins(party: RelyingParty) -> None:
    tokens = await party.tokens()
    answers = await asyncio.gather(*(party.refresh(tokens["refresh_token"]) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 7


async def test_a_refresh_token_expires(party: RelyingParty, clock: ManualClock) -> None:
    tokens = await party.tokens()
    clock.advance(timedelta(minutes=31))
    assert (await party.refresh(tokens["refresh_token"])).json()["error"] == "invalid_grant"


async def test_a_refresh_token_is_for_its_client(party: RelyingParty) -> None:
    tokens, first = await party.tokens(), (party.client_id, party.auth)
    await party.register(client_id="other")
    assert "another client" in (await party.refresh(tokens["refresh_token"])).json()["error_description"]
    party.client_id, party.auth = first
    assert (await party.refresh(tokens["refresh_token"])).status_code == 200


# Introspection and revocation


async def test_introspection_tells_subject_name_id_of_access_tokens_only(party: RelyingParty) -> None:
    tokens = await party.tokens()
    access, refresh = await party.introspect(tokens["access_token"]), await party.introspect(tokens["refresh_token"])
    common = {
        "exp", "iat", "auth_time", "jti", "iss", "sub", "typ", "azp", "session_state", "preferred_username", "email_verified",
        "acr", "scope", "client_id", "username", "active",
    }  # fmt: skip
    assert common | {"nonce", "SubjectNameID"} <= set(access)
    assert common <= set(refresh)
    assert (access["active"], access["SubjectNameID"], access["typ"]) == (True, DOCTOR, "Bearer")
    assert (refresh["active"], refresh["typ"], "SubjectNameID" in refresh) == (True, "Refresh", False)
    for token in ("x", tokens["id_token"], "a.b.c"):
        assert await party.introspect(token) == {"active": False}


async def test_introspection_is_for_clients_that_say_who_they_are(party: RelyingParty) -> None:
    tokens = await party.tokens()
    await party.register(client_id="app", token_endpoint_auth_method="none")
    url = f"{party.issuer}/protocol/openid-connect/token/introspect"
    for form in ({}, {"client_id": "app"}):
        answer = await party.http.post(url, data={"token": tokens["access_token"], **form})
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize("own_only", [False, True])
async def test_introspection_tells_of_the_tokens_of_others_or_by_setting_not(start: StartSimulator, own_only: bool) -> None:
    async with start(psc_introspection_own_only=own_only) as simulator, RelyingParty.of(simulator) as party:
        tokens = await party.tokens()
        assert (await party.introspect(tokens["access_token"]))["active"] is True
        first = party.client_id
        await party.register(client_id="other")
        for name in ("access_token", "refresh_token"):
            found = await party.introspect(tokens[name])
            if own_only:
                assert found == {"active": False}
            else:
                assert (found["active"], found["client_id"]) == (True, first)


async def test_revocation(party: RelyingParty) -> None:
    tokens = await party.tokens()
    assert (await party.post("revoke", token="unknown")).status_code == 200
    assert (await party.post("revoke", token=tokens["access_token"])).status_code == 200
    assert await party.introspect(tokens["access_token"]) == {"active": False}
    tokens = (await party.refresh(tokens["refresh_token"])).json()
    first = party.client_id, party.auth
    await party.register(client_id="other")
    await party.post("revoke", token=tokens["refresh_token"])
    party.client_id, party.auth = first
    assert (await party.introspect(tokens["refresh_token"]))["active"] is True, "another client's"
    await party.post("revoke", token=tokens["refresh_token"])
    assert await party.introspect(tokens["refresh_token"]) == {"active": False}
    assert await party.introspect(tokens["access_token"]) == {"active": False}
    assert (await party.refresh(tokens["refresh_token"])).json()["error"] == "invalid_grant"


# Who is asking


async def test_a_wrong_secret_is_401_and_names_basic_when_basic_was_used(party: RelyingParty) -> None:
    url = f"{party.issuer}/protocol/openid-connect/token"
    form = {"grant_type": "refresh_token", "refresh_token": "x"}
    basic = await party.http.post(url, data=form, auth=(party.client_id, "wrong"))
    assert (basic.status_code, basic.json()["error"]) == (401, "invalid_client")
    assert basic.headers["www-authenticate"].startswith("Basic ")
    assert basic.headers["cache-control"] == "no-store"
    for extra in ({"client_secret": "wrong", "client_id": party.client_id}, {"client_id": party.client_id}, {"client_id": "nobody"}, {}):
        posted = await party.http.post(url, data={**form, **extra})
        assert (posted.status_code, posted.json()["error"], "www-authenticate" in posted.headers) == (401, "invalid_client", False)
    for header in ("Basic !!!", "Basic", "Basic eA==", "Bearer x", "Basic /////w=="):
        answer = await party.http.post(url, data=form, headers={"Authorization": header})
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_the_secret_may_stand_in_the_form_but_not_in_both(party: RelyingParty) -> None:
    assert party.auth is not None
    secret = {"client_id": party.client_id, "client_secret": party.auth[1]}
    tokens = await party.tokens()
    twice = await party.post("token", grant_type="refresh_token", refresh_token=tokens["refresh_token"], **secret)
    assert twice.json()["error"] == "invalid_request"
    party.auth = None
    once = await party.post("token", grant_type="refresh_token", refresh_token=tokens["refresh_token"], **secret)
    assert once.status_code == 200


async def test_basic_credentials_are_form_encoded(party: RelyingParty) -> None:
    await party.register(client_id="lgc & fils", client_secret="100 % sûr+?")
    url = f"{party.issuer}/protocol/openid-connect/token"
    form = {"grant_type": "refresh_token", "refresh_token": "x"}
    answer = await party.http.post(url, data=form, auth=("lgc+%26+fils", "100+%25+s%C3%BBr%2B%3F"))
    assert answer.json()["error"] == "invalid_grant"


async def test_a_public_client_has_pkce_and_nothing_else(party: RelyingParty) -> None:
    await party.register(client_id="app", token_endpoint_auth_method="none")
    assert told(await party.authorize())["error"] == "invalid_request"
    pkce = {"code_challenge": challenge(), "code_challenge_method": "S256"}
    answer = await party.exchange(await party.code(**pkce), code_verifier=VERIFIER, client_id="app")
    assert answer.status_code == 200
    refreshed = await party.post("token", grant_type="refresh_token", refresh_token=answer.json()["refresh_token"], client_id="app")
    assert refreshed.status_code == 200
    assert (await party.exchange(await party.code(**pkce), client_id="app")).json()["error"] == "invalid_grant"


class Signer:
    """A client that signs what it says of itself."""

    def __init__(self, party: RelyingParty, now: int) -> None:
        self.party, self.now = party, now
        self.key = RSAKey.generate_key(2048)
        self.count = 0

    def assertion(self, key: Any = None, header: dict[str, Any] | None = None, **changed: Any) -> str:
        self.count += 1
        token = f"{self.party.issuer}/protocol/openid-connect/token"
        claims = {"iss": "signer", "sub": "signer", "aud": token, "jti": f"jti-{self.count}", "exp": self.now + 60, **changed}
        claims = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(header or {"alg": "RS256"}, claims, key or self.key)

    async def ask(self, assertion: str, **form: str) -> httpx.Response:
        said = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion, **form}
        return await self.party.post("token", grant_type="refresh_token", refresh_token="x", **said)


@pytest.fixture
async def signer(party: RelyingParty, world: Simulator) -> Signer:
    made = Signer(party, world.world.clock.now() // 1_000_000)
    jwks = {"keys": [made.key.as_dict(private=False)]}
    await party.register(client_id="signer", token_endpoint_auth_method="private_key_jwt", jwks=jwks)
    return made


async def test_a_client_signs_what_it_says(signer: Signer) -> None:
    for aud in (signer.party.issuer, f"{signer.party.issuer}/protocol/openid-connect/token", [signer.party.issuer, "x"]):
        assert (await signer.ask(signer.assertion(aud=aud))).json()["error"] == "invalid_grant", "the client is believed"


async def test_an_assertion_is_good_once(signer: Signer) -> None:
    assertion = signer.assertion()
    assert (await signer.ask(assertion)).json()["error"] == "invalid_grant"
    again = await signer.ask(assertion)
    assert (again.status_code, again.json()["error"]) == (401, "invalid_client")
    assert "used before" in again.json()["error_description"]


async def test_the_secret_outlives_a_restart_and_a_reset(start: StartSimulator) -> None:
    async with start() as simulator:
        secret = simulator.ready()["psc"]["client_secret"]
    async with start() as simulator, RelyingParty.of(simulator) as party:
        assert simulator.ready()["psc"]["client_secret"] == secret
        await party.tokens()
        assert (await control(simulator, "POST", "/reset")).status_code == 204
        assert (await party.tokens(DOCTOR2))["scope"] == "openid scope_all"


async def test_rotated_keys_go_on_verifying(world: Simulator, party: RelyingParty, clock: ManualClock) -> None:
    tokens = await party.tokens()
    kid = (await control(world, "POST", "/psc/rotate-keys")).json()["kid"]
    assert (await party.userinfo(tokens["access_token"])).status_code == 200
    assert world.world.tokens.verify(tokens["access_token"]) == DOCTOR
    keys = (await party.http.get(f"{party.issuer}/protocol/openid-connect/certs")).json()["keys"]
    assert next(key["kid"] for key in keys) == kid
    assert len(keys) == 2
    clock.advance(timedelta(days=1, seconds=1))
    with pytest.raises(Refusal, match=r"expired|too old"):
        world.world.tokens.verify(tokens["access_token"])


async def test_verifying_takes_less_than_a_third_of_a_millisecond(world: Simulator, party: RelyingParty) -> None:
    token, rounds = (await party.tokens())["access_token"], 200
    fastest = 1.0
    for _ in range(5):
        began = time.perf_counter()
        for _ in range(rounds):
            world.world.tokens.verify(token)
        fastest = min(fastest, (time.perf_counter() - began) / rounds)
    assert fastest < 0.000_3
