"""The OpenID provider: sessions end, codes are good once, refresh tokens replace each other, and what was taken back gives nothing."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest

from mss_sim.clock import SECOND
from mss_sim.core.access import identities
from mss_sim.core.psc import clients
from mss_sim.core.psc.hashes import at_hash
from mss_sim.core.psc.oauth_errors import OAuthError
from mss_sim.core.psc.provider import AuthorizationRequest, BrowserSession, Provider
from mss_sim.core.world.access_tokens import SCOPE, subject_of
from mss_sim.core.world.store_types import Client
from mss_sim.errors import Rule
from mss_sim.vocabulary.psc import AuthMode
from tests.core.towns import IDNATS, OpenTown, Town, refused

DOCTOR = IDNATS["doctor"]
URI = "https://a.fr/cb"
VERIFIER, CHALLENGE = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
MINUTE = timedelta(minutes=1)


async def _client(town: Town, name: str = "c") -> Client:
    return (await clients.register(town.world, name, None, {}))[0]


def _asked(**fields: Any) -> AuthorizationRequest:
    usual: dict[str, Any] = {
        "client_id": "c",
        "redirect_uri": URI,
        "scope": SCOPE,
        "state": None,
        "nonce": None,
        "challenge": None,
        "challenge_method": "S256",
    }
    return AuthorizationRequest(**{**usual, **fields})


def _log_in(town: Town) -> BrowserSession:
    return town.core.provider.log_in(DOCTOR, AuthMode.CARD)


async def _tokens(town: Town, session: BrowserSession | None = None, **fields: Any) -> dict[str, Any]:
    provider = town.core.provider
    code = provider.give_code(session or _log_in(town), _asked(**fields))
    return await provider.redeem(await _client(town), code, URI, None)


async def _fails(coroutine: Any, said: str) -> None:
    with pytest.raises(OAuthError) as caught:
        await coroutine
    assert (caught.value.code, said in caught.value.description) == ("invalid_grant", True), caught.value.description


async def _active(town: Town, token: str) -> bool:
    return bool((await town.core.provider.introspect(token))["active"])


async def test_it_knows_where_client_certificates_are_asked_for(town: Town) -> None:
    assert (Provider(town.world, "https://a.fr").mtls_url, Provider(town.world).mtls_url) == ("https://a.fr", None)


# Levels of assurance

LEVELS = {"psc_acr": "eidas2", "psc_acr_card": "eidas3", "psc_acr_mobile": "eidas1"}


@pytest.mark.parametrize(
    ("wanted", "required", "ways", "said"),
    [
        ((), True, [AuthMode.CARD, AuthMode.MOBILE], "acr_values=eidas2 is missing."),
        (("eidas1",), True, [AuthMode.CARD, AuthMode.MOBILE], "acr_values=eidas2 is missing."),
        (("eidas1", "eidas2"), True, [AuthMode.CARD, AuthMode.MOBILE], None),
        (("eidas3",), True, [AuthMode.CARD], None),
        (
            ("eidas4", "eidas5"),
            True,
            [],
            "No log-in reaches acr_values=eidas4 eidas5: CARD gives eidas3, MOBILE gives eidas1.",
        ),
        ((f"{'x' * 120} eidas4", "eidas5"), False, [AuthMode.CARD, AuthMode.MOBILE], None),
        (("eidas4", "x" * 120), True, [], f"No log-in reaches acr_values=eidas4 {'x' * 93}: CARD gives eidas3, MOBILE gives eidas1."),
        ((), False, [AuthMode.CARD, AuthMode.MOBILE], None),
        (("eidas4",), False, [AuthMode.CARD, AuthMode.MOBILE], None),
        (("eidas2",), False, [AuthMode.CARD], None),
    ],
)
async def test_a_level_is_asked_for_that_is_high_enough_and_can_be_reached(
    open_town: OpenTown, wanted: tuple[str, ...], required: bool, ways: list[AuthMode], said: str | None
) -> None:
    async with open_town(psc_acr_required=required, **LEVELS) as town:
        assert town.core.provider.ways(wanted) == ways
        if said is None:
            town.core.provider.check_levels(wanted)
            return
        with pytest.raises(OAuthError) as caught:
            town.core.provider.check_levels(wanted)
        assert (caught.value.code, caught.value.description) == ("invalid_request", said)


# Sessions


async def test_a_session_ends_when_nobody_used_it_for_a_while_and_in_any_case_after_a_longest_time(open_town: OpenTown) -> None:
    async with open_town(psc_session_idle_seconds=1_800, psc_session_seconds_max=14_400) as town:
        provider = town.core.provider
        idle, busy = _log_in(town), _log_in(town)
        cookies = [provider.cookie_of(session) for session in (idle, busy)]
        town.clock.advance(29 * MINUTE)
        assert [provider.session_of(cookie) is not None for cookie in cookies] == [True, True]
        provider.give_code(busy, _asked())
        town.clock.advance(MINUTE)
        assert [provider.session_of(cookie) is not None for cookie in cookies] == [False, True]
        for _ in range(7):
            provider.give_code(busy, _asked())
            town.clock.advance(29 * MINUTE)
            assert provider.session_of(cookies[1]) is not None
        provider.give_code(busy, _asked())
        town.clock.advance(7 * MINUTE - timedelta(microseconds=1))
        assert provider.session_of(cookies[1]) is not None
        town.clock.advance(timedelta(microseconds=1))
        assert provider.session_of(cookies[1]) is None, "four hours after it began"


async def test_a_browser_is_known_by_its_own_newest_cookie_alone(town: Town) -> None:
    provider = town.core.provider
    session = _log_in(town)
    old = provider.cookie_of(session)
    new = provider.cookie_of(session)
    assert [provider.session_of(cookie) for cookie in (old, new, session.sid, f"{session.sid}.x", "")] == [None, session, None, None, None]
    assert new not in session.browser


async def test_whoever_logs_out_is_out_once_and_so_are_his_tokens(town: Town) -> None:
    session = _log_in(town)
    given = await _tokens(town, session)
    assert (town.core.provider.end_session(session.sid), town.core.provider.end_session(session.sid)) == (True, False)
    await _fails(town.core.provider.refresh(await _client(town), given["refresh_token"]), "The session has ended")
    assert [await _active(town, given[name]) for name in ("access_token", "refresh_token")] == [False, False]
    with refused(Rule.AUTHENTICATION_FAILED, "its session has ended"):
        town.core.provider.access(given["access_token"])


# Codes


async def test_a_code_gives_tokens_that_say_who_logged_in_how_and_when(town: Town) -> None:
    session = _log_in(town)
    town.clock.advance(timedelta(seconds=30))
    given = await _tokens(town, session, nonce="n")
    access, identity = (town.world.tokens.signed(given[name]) for name in ("access_token", "id_token"))
    for claims in (access, identity):
        assert (claims["preferred_username"], claims["azp"], claims["sid"], claims["nonce"]) == (DOCTOR, "c", session.sid, "n")
        assert claims["auth_time"] == session.began_at // SECOND == claims["iat"] - 30
    assert (access["typ"], access["authMode"], access["SubjectNameID"]) == ("Bearer", "CARD", DOCTOR)
    assert (identity["typ"], identity["aud"], identity["at_hash"]) == ("ID", "c", at_hash(given["access_token"]))
    assert (given["expires_in"], given["refresh_expires_in"], given["token_type"], given["scope"]) == (120, 1_800, "Bearer", SCOPE)
    assert "nonce" not in town.world.tokens.signed((await _tokens(town))["id_token"])


async def test_tokens_and_what_is_told_of_them_are_these_and_no_more(town: Town) -> None:
    session = _log_in(town)
    given = await _tokens(town, session)
    now, tokens, subject = town.clock.now() // SECOND, town.world.tokens, subject_of(DOCTOR)
    access, identity = (tokens.signed(given[name]) for name in ("access_token", "id_token"))
    told, refresh = [await town.core.provider.introspect(given[name]) for name in ("access_token", "refresh_token")]
    who = {"auth_time": now, "iss": tokens.issuer, "sub": subject, "azp": "c", "acr": "eidas1", "preferred_username": DOCTOR}
    in_access = {
        "exp": now + 120,
        "iat": now,
        "jti": access["jti"],
        "typ": "Bearer",
        "sid": session.sid,
        "scope": SCOPE,
        "SubjectNameID": DOCTOR,
        "authMode": "CARD",
        "otherIds": [{"identifiant": DOCTOR, "origine": "RPPS", "qualite": 1}],
        **who,
    }
    _same(
        given,
        {
            "expires_in": 120,
            "refresh_expires_in": 1_800,
            "token_type": "Bearer",
            "not-before-policy": 0,
            "session_state": session.sid,
            "scope": SCOPE,
            **{name: given[name] for name in ("access_token", "refresh_token", "id_token")},
        },
    )
    _same(access, {**in_access, "auth_level": "1", "PSISubjectNameID": ""})
    in_identity = {"exp": now + 120, "iat": now, "jti": identity["jti"], "aud": "c", "typ": "ID", "sid": session.sid}
    _same(identity, {**in_identity, "at_hash": at_hash(given["access_token"]), **who})
    state = {"session_state": session.sid, "email_verified": False, "client_id": "c", "username": DOCTOR, "active": True}
    _same(told, {**in_access, **state, "token_type": "Bearer"})
    _same(refresh, {"exp": now + 1_800, "iat": now, "jti": refresh["jti"], "typ": "Refresh", "scope": SCOPE, **who, **state})


def _same(found: dict[str, Any], expected: dict[str, Any]) -> None:
    """The same as JSON, where 1.0 is not 1."""
    assert json.dumps(found, sort_keys=True) == json.dumps(expected, sort_keys=True)


async def test_a_code_that_comes_again_takes_back_what_it_gave(town: Town) -> None:
    provider, client = town.core.provider, await _client(town)
    code = provider.give_code(_log_in(town), _asked())
    given = await provider.redeem(client, code, URI, None)
    assert await _active(town, given["access_token"])
    await _fails(provider.redeem(client, code, URI, None), "was used before")
    assert [await _active(town, given[name]) for name in ("access_token", "refresh_token")] == [False, False]


async def test_of_two_who_present_one_code_at_once_one_wins(town: Town) -> None:
    provider, client = town.core.provider, await _client(town)
    code = provider.give_code(_log_in(town), _asked())
    found = await asyncio.gather(*(provider.redeem(client, code, URI, None) for _ in range(5)), return_exceptions=True)
    assert sorted(isinstance(one, dict) for one in found) == [False] * 4 + [True]


async def test_a_code_lives_as_long_as_is_set(open_town: OpenTown) -> None:
    async with open_town(psc_code_seconds=10) as town:
        provider, client = town.core.provider, await _client(town)
        for wait, good in ((9, True), (10, False)):
            code = provider.give_code(_log_in(town), _asked())
            town.clock.advance(timedelta(seconds=wait))
            if good:
                await provider.redeem(client, code, URI, None)
            else:
                await _fails(provider.redeem(client, code, URI, None), "has expired")
                await _fails(provider.redeem(client, code, URI, None), "was used before")
        town.clock.advance(timedelta(seconds=600))
        await _fails(provider.redeem(client, code, URI, None), "is not known here")


@pytest.mark.parametrize(
    ("asked", "name", "uri", "verifier", "said"),
    [
        ({}, "other", URI, None, "given to another client"),
        ({}, "c", "https://a.fr/other", None, "redirect_uri is not the one"),
        ({}, "c", None, None, "redirect_uri is not the one"),
        ({"challenge": CHALLENGE}, "c", URI, None, "does not fit"),
        ({"challenge": CHALLENGE}, "c", URI, VERIFIER[::-1], "does not fit"),
        ({"challenge": CHALLENGE, "challenge_method": "plain"}, "c", URI, VERIFIER, "does not fit"),
        ({}, "c", URI, VERIFIER, "had no code_challenge"),
    ],
)
async def test_a_code_is_for_who_asked_for_it_and_as_he_asked(
    town: Town, asked: dict[str, Any], name: str, uri: str | None, verifier: str | None, said: str
) -> None:
    code = town.core.provider.give_code(_log_in(town), _asked(**asked))
    await _fails(town.core.provider.redeem(await _client(town, name), code, uri, verifier), said)


async def test_whoever_has_the_verifier_redeems_and_another_clients_try_spends_nothing(town: Town) -> None:
    provider = town.core.provider
    code = provider.give_code(_log_in(town), _asked(challenge=CHALLENGE))
    await _fails(provider.redeem(await _client(town, "other"), code, URI, VERIFIER), "another client")
    assert (await provider.redeem(await _client(town), code, URI, VERIFIER))["token_type"] == "Bearer"


async def test_a_code_of_a_session_that_ended_gives_nothing(town: Town) -> None:
    session = _log_in(town)
    code = town.core.provider.give_code(session, _asked())
    town.core.provider.end_session(session.sid)
    await _fails(town.core.provider.redeem(await _client(town), code, URI, None), "The session has ended")
    await _fails(town.core.provider.redeem(await _client(town), "nothing", URI, None), "is not known here")


# Refresh tokens


async def test_a_refresh_token_is_replaced_and_an_old_one_ends_the_family(town: Town) -> None:
    provider, client = town.core.provider, await _client(town)
    first = await _tokens(town)
    second = await provider.refresh(client, first["refresh_token"])
    assert second["refresh_token"] != first["refresh_token"]
    await _fails(provider.refresh(client, first["refresh_token"]), "was used before")
    await _fails(provider.refresh(client, second["refresh_token"]), "its tokens were revoked")
    assert not await _active(town, second["access_token"])


async def test_by_the_setting_a_refresh_token_stays_good(open_town: OpenTown) -> None:
    async with open_town(psc_refresh_rotation=False) as town:
        provider, client = town.core.provider, await _client(town)
        first = await _tokens(town)
        for _ in range(3):
            again = await provider.refresh(client, first["refresh_token"])
            assert again["refresh_token"] == first["refresh_token"]
            assert again["access_token"] != first["access_token"]
        key = first["refresh_token"].partition(".")[0]
        await _fails(provider.refresh(client, f"{key}.guessed.twice"), "was used before")


async def test_a_refresh_token_is_for_its_client_and_ends_after_its_time(open_town: OpenTown) -> None:
    async with open_town(psc_refresh_seconds=60) as town:
        provider, client = town.core.provider, await _client(town)
        given = await _tokens(town)
        await _fails(provider.refresh(await _client(town, "other"), given["refresh_token"]), "given to another client")
        town.clock.advance(timedelta(seconds=59))
        given = await provider.refresh(client, given["refresh_token"])
        town.clock.advance(timedelta(seconds=60))
        await _fails(provider.refresh(client, given["refresh_token"]), "is not known here")


async def test_no_refresh_token_outlives_its_session(open_town: OpenTown) -> None:
    async with open_town(psc_session_seconds_max=100, psc_session_idle_seconds=1_000) as town:
        session = _log_in(town)
        town.clock.advance(timedelta(seconds=40))
        given = await _tokens(town, session)
        assert given["refresh_expires_in"] == 60
        assert (await town.core.provider.introspect(given["refresh_token"]))["exp"] == town.clock.now() // SECOND + 60


async def test_who_may_not_log_in_any_more_gets_no_tokens_and_his_are_no_longer_told(town: Town) -> None:
    given = await _tokens(town)
    assert [await _active(town, given[name]) for name in ("access_token", "refresh_token")] == [True, True]
    await identities.change_identity(town.world, DOCTOR, {"enabled": False}, None, None)
    assert [await town.core.provider.introspect(given[name]) for name in ("access_token", "refresh_token")] == [{"active": False}] * 2
    await _fails(town.core.provider.refresh(await _client(town), given["refresh_token"]), "may not log in any more")
    await identities.change_identity(town.world, DOCTOR, {"enabled": True}, None, None)
    assert [await _active(town, given[name]) for name in ("access_token", "refresh_token")] == [False, False]


# Told and taken back


async def test_introspection_tells_the_name_in_access_tokens_alone(town: Town) -> None:
    given = await _tokens(town)
    access, refresh = [await town.core.provider.introspect(given[name]) for name in ("access_token", "refresh_token")]
    assert (access["SubjectNameID"], access["client_id"], access["username"]) == (DOCTOR, "c", DOCTOR)
    assert ("SubjectNameID" in refresh, refresh["client_id"], refresh["typ"]) == (False, "c", "Refresh")
    for odd in ("", "x", given["id_token"], given["refresh_token"] + "x", given["access_token"][:-5]):
        assert await town.core.provider.introspect(odd) == {"active": False}
    town.clock.advance(timedelta(seconds=120))
    assert not await _active(town, given["access_token"])


async def test_a_client_takes_back_its_own_and_nobody_elses(town: Town) -> None:
    provider, client, other = town.core.provider, await _client(town), await _client(town, "other")
    given = await _tokens(town)
    for name in ("access_token", "refresh_token"):
        provider.revoke(other, given[name])
        assert await _active(town, given[name])
    provider.revoke(client, given["access_token"])
    assert [await _active(town, given[name]) for name in ("access_token", "refresh_token")] == [False, True]
    again = await provider.refresh(client, given["refresh_token"])
    provider.revoke(client, again["refresh_token"])
    assert [await _active(town, again[name]) for name in ("access_token", "refresh_token")] == [False, False]
    provider.revoke(client, "nothing that is known")


async def test_a_token_that_was_minted_for_a_test_is_told_and_taken_back_by_its_client_alone(town: Town) -> None:
    token = town.world.tokens.mint(DOCTOR)
    assert await _active(town, token)
    town.core.provider.revoke(await _client(town), token)
    assert await _active(town, token)


async def test_an_assertion_is_used_once_by_each_client_until_it_is_over(town: Town) -> None:
    client, other = await _client(town), await _client(town, "other")
    until = town.clock.now() + 60 * SECOND
    used = [town.core.provider.use_assertion(one, "j", until) for one in (client, client, other)]
    assert used == [True, False, True]
    town.clock.advance(MINUTE)
    assert town.core.provider.use_assertion(client, "j", until)


async def test_a_world_that_is_emptied_knows_nobody_and_turns_its_switches_back(town: Town) -> None:
    provider = town.core.provider
    session = _log_in(town)
    cookie, given = provider.cookie_of(session), await _tokens(town, session)
    code = provider.give_code(session, _asked())
    provider.switches.auto_approve, provider.switches.outages = True, 5
    provider.forget()
    assert (provider.session_of(cookie), provider.switches.auto_approve, provider.switches.outages) == (None, False, 0)
    await _fails(provider.redeem(await _client(town), code, URI, None), "is not known here")
    await _fails(provider.refresh(await _client(town), given["refresh_token"]), "is not known here")


async def test_what_the_provider_signs_names_it_and_its_hints_are_its_own_id_tokens(town: Town) -> None:
    provider = town.core.provider
    given = await _tokens(town)
    assert town.world.tokens.signed(provider.sign({"iss": "x", "a": 1})) == {"iss": provider.issuer, "a": 1}
    town.clock.advance(timedelta(days=1))
    hint = provider.hint(given["id_token"])
    assert hint is not None
    assert (hint["preferred_username"], provider.hint(given["access_token"]), provider.hint(None), provider.hint("x")) == (
        DOCTOR,
        None,
        None,
        None,
    )
    assert len(provider.secret()) >= 40
