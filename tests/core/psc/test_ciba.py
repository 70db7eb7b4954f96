"""Log-in without a browser: who may ask, what an answer gives, and how patient a client must be."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from mss_sim.core.access import identities
from mss_sim.core.psc import clients
from mss_sim.core.psc.clients import GRANT_CIBA, GRANT_CODE
from mss_sim.core.psc.oauth_errors import OAuthError
from mss_sim.core.world.store_types import Client
from mss_sim.errors import Rule
from tests.core.towns import IDNATS, OpenTown, Town, refused

DOCTOR = IDNATS["doctor"]
ASKS: dict[str, Any] = {"grant_types": [GRANT_CIBA]}


async def _client(town: Town, name: str = "c", metadata: dict[str, Any] | None = None) -> Client:
    return (await clients.register(town.world, name, None, ASKS if metadata is None else metadata))[0]


async def _ask(town: Town, client: Client | None = None, **changed: Any) -> dict[str, Any]:
    asked = {"login_hint": DOCTOR, "binding_message": "42", "channel": "MOBILE", **changed}
    return await town.core.ciba.ask(client or await _client(town), **asked)


async def _poll(town: Town, asked: dict[str, Any], client: Client | None = None) -> str:
    """How a poll is answered: the error, or that tokens came."""
    try:
        await town.core.ciba.poll(client or await _client(town), asked["auth_req_id"])
    except OAuthError as error:
        return error.code
    return "tokens"


def _answer(town: Town, *, approve: bool = True) -> None:
    (waiting,) = town.core.ciba.pending()
    assert town.core.ciba.answer(waiting.id, approve=approve) is waiting


@pytest.mark.parametrize("metadata", [{}, {"grant_types": [GRANT_CODE]}, {**ASKS, "token_endpoint_auth_method": "none"}])
async def test_only_a_client_that_says_who_it_is_and_is_registered_for_it_asks(town: Town, metadata: dict[str, Any]) -> None:
    with pytest.raises(OAuthError) as caught:
        await _ask(town, await _client(town, metadata=metadata))
    assert caught.value.code == "unauthorized_client"
    assert town.core.ciba.pending() == []


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"binding_message": "1"}, "invalid_binding_message"),
        ({"binding_message": "123"}, "invalid_binding_message"),
        ({"binding_message": "4a"}, "invalid_binding_message"),
        ({"binding_message": "42\n"}, "invalid_binding_message"),
        ({"binding_message": "\u0664\u0662"}, "invalid_binding_message"),
        ({"channel": "mobile"}, "invalid_request"),
        ({"login_hint": "nobody"}, "unknown_user_id"),
        ({"login_hint": IDNATS["patient"]}, "unknown_user_id"),
        ({"login_hint": "camille.martin"}, "unknown_user_id"),
    ],
)
async def test_a_request_that_nobody_could_answer_is_none(town: Town, changed: dict[str, Any], code: str) -> None:
    with pytest.raises(OAuthError) as caught:
        await _ask(town, **changed)
    assert (caught.value.code, town.core.ciba.pending()) == (code, [])


async def test_a_way_that_does_not_reach_the_level_is_named_in_the_refusal(open_town: OpenTown) -> None:
    async with open_town(psc_acr="eidas2", psc_acr_card="eidas3", psc_acr_mobile="eidas1") as town:
        with pytest.raises(OAuthError) as caught:
            await _ask(town, channel="MOBILE", acr_values=("eidas3",))
        said = "By MOBILE nobody reaches the acr_values; take another channel."
        assert (caught.value.code, caught.value.description) == ("invalid_request", said)
        assert "auth_req_id" in await _ask(town, channel="CARD", acr_values=("eidas3",))


async def test_an_approval_gives_tokens_once_of_who_was_asked_and_by_what_he_approved(town: Town) -> None:
    asked = await _ask(town)
    (waiting,) = town.core.ciba.pending()
    assert (waiting.idnat, waiting.name, waiting.binding_message, waiting.client_id) == (DOCTOR, "Dr Camille MARTIN", "42", "c")
    assert asked["auth_req_id"] not in str(waiting)
    assert await _poll(town, asked) == "authorization_pending"
    _answer(town)
    assert town.core.ciba.pending() == []
    given = await town.core.ciba.poll(await _client(town), asked["auth_req_id"])
    claims = town.world.tokens.signed(given["access_token"])
    assert (claims["SubjectNameID"], claims["authMode"], claims["azp"]) == (DOCTOR, "MOBILE", "c")
    assert await _poll(town, asked) == "invalid_grant"


async def test_of_many_who_poll_at_once_one_wins(town: Town) -> None:
    asked, client = await _ask(town), await _client(town)
    _answer(town)
    found = await asyncio.gather(*(_poll(town, asked, client) for _ in range(5)))
    assert sorted(found) == ["invalid_grant"] * 4 + ["tokens"]


async def test_a_request_is_its_clients_own(town: Town) -> None:
    asked = await _ask(town)
    _answer(town)
    assert await _poll(town, asked, await _client(town, "other")) == "invalid_grant"
    assert await _poll(town, {"auth_req_id": "nothing"}) == "invalid_grant"
    assert await _poll(town, asked) == "tokens"


async def test_a_refusal_is_told_and_nobody_answers_twice(town: Town) -> None:
    asked = await _ask(town)
    (waiting,) = town.core.ciba.pending()
    _answer(town, approve=False)
    assert [await _poll(town, asked) for _ in range(2)] == ["access_denied"] * 2
    with refused(Rule.NOT_FOUND, "waits for an approval"):
        town.core.ciba.answer(waiting.id, approve=True)
    assert await _poll(town, asked) == "access_denied"
    with refused(Rule.NOT_FOUND, "No request 'nnnnnnnnnnnnnnnnnnnn' waits for an approval."):
        town.core.ciba.answer("n" * 30, approve=True)


async def test_a_request_that_nobody_answered_in_time_is_over_for_both(open_town: OpenTown) -> None:
    async with open_town(psc_ciba_seconds=30) as town:
        asked, other = await _ask(town), await _ask(town)
        first, _ = town.core.ciba.pending()
        assert asked["expires_in"] == 30
        town.core.ciba.answer(first.id, approve=True)
        town.clock.advance(timedelta(seconds=30))
        assert (town.core.ciba.pending(), await _poll(town, asked), await _poll(town, other)) == ([], "expired_token", "expired_token")
        town.clock.advance(timedelta(seconds=600))
        assert await _poll(town, other) == "invalid_grant"


async def test_who_polls_too_fast_must_wait_longer_each_time(open_town: OpenTown) -> None:
    async with open_town(psc_ciba_interval_seconds=5) as town:
        asked = await _ask(town)
        assert asked["interval"] == 5
        said = []
        for seconds in (0, 5, 4, 9, 15):
            town.clock.advance(timedelta(seconds=seconds))
            said.append(await _poll(town, asked))
        assert said == ["authorization_pending", "authorization_pending", "slow_down", "slow_down", "authorization_pending"]
        with pytest.raises(OAuthError) as caught:
            await town.core.ciba.poll(await _client(town), asked["auth_req_id"])
        assert (caught.value.code, caught.value.description) == ("slow_down", "Wait 20 seconds between two polls.")


async def test_by_a_switch_whoever_is_named_approves_at_once(town: Town) -> None:
    town.core.provider.switches.auto_approve = True
    asked = await _ask(town)
    assert (town.core.ciba.pending(), await _poll(town, asked)) == ([], "tokens")


async def test_who_was_disabled_meanwhile_gets_nothing(town: Town) -> None:
    asked = await _ask(town)
    _answer(town)
    await identities.change_identity(town.world, DOCTOR, {"enabled": False}, None, None)
    assert await _poll(town, asked) == "invalid_grant"


async def test_a_world_that_is_emptied_has_asked_nobody(town: Town) -> None:
    asked = await _ask(town)
    town.core.ciba.forget()
    assert (town.core.ciba.pending(), await _poll(town, asked)) == ([], "invalid_grant")
