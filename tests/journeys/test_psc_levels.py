"""What a log-in is worth: card and phone give levels of assurance of their own, and "at least" is what clients and servers ask for."""

from collections.abc import AsyncIterator

import httpx
import pytest

from mss_sim.app.simulator import Simulator
from tests.conftest import StartSimulator
from tests.relying_party import DOCTOR, RelyingParty, claims_of, told


@pytest.fixture
async def world(start: StartSimulator) -> AsyncIterator[Simulator]:
    """A simulator in which the card gives more than the phone."""
    async with start(psc_acr_card="eidas3", psc_acr_mobile="eidas1") as running:
        yield running


@pytest.fixture
async def party(world: Simulator) -> AsyncIterator[RelyingParty]:
    async with RelyingParty.of(world) as made:
        yield made


async def _tokens(party: RelyingParty, page: httpx.Response, mode: str) -> dict[str, str]:
    tokens: dict[str, str] = (await party.exchange(told(await party.submit(page, mode=mode))["code"])).json()
    return tokens


@pytest.mark.parametrize(("mode", "level"), [("CARD", "eidas3"), ("MOBILE", "eidas1")])
async def test_every_token_of_a_log_in_tells_its_level_and_opens_the_mailbox(party: RelyingParty, mode: str, level: str) -> None:
    tokens = await _tokens(party, await party.authorize(), mode)
    assert {claims_of(tokens[name])["acr"] for name in ("access_token", "id_token")} == {level}
    assert {(await party.introspect(tokens[name]))["acr"] for name in ("access_token", "refresh_token")} == {level}
    refreshed = (await party.refresh(tokens["refresh_token"])).json()
    assert claims_of(refreshed["access_token"])["acr"] == level
    me = await party.http.get(f"{party.base}/api/v1/me", headers={"Authorization": f"Bearer {tokens['access_token']}"})
    assert me.status_code == 200


async def test_a_client_that_asks_for_more_is_offered_the_card_alone(party: RelyingParty) -> None:
    page = await party.authorize(acr_values="eidas2")
    assert ('value="CARD" checked' in page.text, 'value="MOBILE"' in page.text) == (True, False)
    again = await party.submit(page, mode="MOBILE")
    assert again.status_code == 400
    assert "moyen d’identification proposé" in again.text
    assert claims_of((await _tokens(party, again, "CARD"))["id_token"])["acr"] == "eidas3"


async def test_a_session_of_the_phone_does_not_answer_a_client_that_asks_for_more(party: RelyingParty) -> None:
    await _tokens(party, await party.authorize(), "MOBILE")
    assert "code" in told(await party.authorize()), "the session answers"
    assert told(await party.authorize(acr_values="eidas3", prompt="none"))["error"] == "login_required"
    await _tokens(party, await party.authorize(acr_values="eidas3"), "CARD")
    assert "code" in told(await party.authorize(acr_values="eidas3", prompt="none"))
    assert "code" in told(await party.authorize(acr_values="eidas1", prompt="none")), "more than asked for is enough"


async def test_what_no_log_in_reaches_is_told_at_once(party: RelyingParty) -> None:
    told_back = told(await party.authorize(acr_values="eidas4"))
    assert told_back["error"] == "invalid_request"
    assert "CARD gives eidas3, MOBILE gives eidas1" in told_back["error_description"]
    assert "code" in told(await party.submit(await party.authorize(acr_values="eidas4 eidas1"), mode="MOBILE")), "one of them is enough"


async def test_an_approval_by_the_phone_is_worth_what_the_phone_is(world: Simulator, party: RelyingParty) -> None:
    form = {"scope": "openid scope_all", "login_hint": DOCTOR, "binding_message": "42"}
    refused = await party.post("ext/ciba/auth", **form, channel="MOBILE", acr_values="eidas3")
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_request")
    assert "By MOBILE nobody reaches" in refused.json()["error_description"]
    for channel, level in ({}, "eidas3"), ({"channel": "MOBILE"}, "eidas1"):
        asked = (await party.post("ext/ciba/auth", **form, **channel)).json()["auth_req_id"]
        (waiting,) = world.core.ciba.pending()
        world.core.ciba.answer(waiting.id, approve=True)
        tokens = (await party.post("token", grant_type="urn:openid:params:grant-type:ciba", auth_req_id=asked)).json()
        assert claims_of(tokens["access_token"])["acr"] == level


async def test_without_a_page_the_way_that_reaches_the_level_is_taken(start: StartSimulator) -> None:
    async with start(psc_auto_approve=True, psc_acr_mobile="eidas2") as simulator, RelyingParty.of(simulator) as party:
        code = told(await party.authorize(login_hint=DOCTOR, acr_values="eidas2"))["code"]
        access = claims_of((await party.exchange(code)).json()["access_token"])
        assert (access["acr"], access["authMode"]) == ("eidas2", "MOBILE")


async def test_a_level_that_is_not_required_is_no_condition(start: StartSimulator) -> None:
    async with start(psc_acr_required=False) as simulator, RelyingParty.of(simulator) as party:
        tokens = await party.tokens(acr_values="eidas4")
        assert claims_of(tokens["access_token"])["acr"] == "eidas1"


async def test_discovery_names_the_levels_that_are_given(party: RelyingParty) -> None:
    found = (await party.http.get(f"{party.issuer}/.well-known/openid-configuration")).json()
    assert found["acr_values_supported"] == ["eidas1", "eidas3"]


async def test_discovery_names_other_levels_where_a_setting_says_so(start: StartSimulator) -> None:
    """The national document says 0 and 0."""
    async with start(psc_acr_values_supported=["0", "0"]) as simulator, RelyingParty.of(simulator) as party:
        found = (await party.http.get(f"{party.issuer}/.well-known/openid-configuration")).json()
        assert found["acr_values_supported"] == ["0", "0"]
