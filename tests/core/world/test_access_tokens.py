"""Tokens as every door verifies them: what is refused, and in which words; keys that come and go."""

import base64
import hmac
import json
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from mss_sim.clock import SECOND, ManualClock
from mss_sim.config.settings import Settings
from mss_sim.core.world.access_tokens import Tokens, other_ids, subject_of
from mss_sim.errors import Refusal
from mss_sim.ids import IdSource

DOCTOR = "899700420013"


@pytest.fixture
def make(planted: Path, tmp_path: Path, clock: ManualClock) -> Callable[..., Tokens]:
    """The tokens of one world, which has a key already; made twice, they are those of two processes over one folder."""
    file = tmp_path / "keys" / "tokens.pem"
    file.parent.mkdir()
    file.touch(mode=0o600)
    file.write_bytes((planted / "keys" / "tokens.pem").read_bytes())
    return lambda **settings: Tokens(Settings(**settings), clock, IdSource(clock), file)


@pytest.fixture
def tokens(make: Callable[..., Tokens]) -> Tokens:
    return make()


def refusal(tokens: Tokens, token: str) -> str:
    """Why a token is refused."""
    with pytest.raises(Refusal) as caught:
        tokens.verify(token)
    assert caught.value.reference == "psc#access-token"
    return caught.value.detail


def part(content: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


def claims_of(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


def test_the_claims_have_the_names_of_pro_sante_connect(tokens: Tokens) -> None:
    token = tokens.mint(DOCTOR)
    header = json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))
    assert header == {"alg": "RS256", "kid": tokens.keys.signing().kid, "typ": "JWT"}
    claims = claims_of(token)
    assert tokens.verify(token) == DOCTOR
    assert claims["sub"].startswith("f:")
    assert claims["sub"].endswith(f":{DOCTOR}")
    assert claims["sub"] == claims_of(tokens.mint(DOCTOR))["sub"]
    assert claims["jti"].startswith("onrtac:")
    assert claims["exp"] - claims["iat"] == 120
    assert claims["auth_time"] == claims["iat"]
    expected = {
        "iss": tokens.issuer,
        "typ": "Bearer",
        "acr": "eidas1",
        "scope": "openid scope_all",
        "authMode": "CARD",
        "auth_level": "1",
        "SubjectNameID": DOCTOR,
        "PSISubjectNameID": "",
        "preferred_username": DOCTOR,
        "otherIds": [{"identifiant": DOCTOR, "origine": "RPPS", "qualite": 1}],
    }
    assert {name: claims[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        pytest.param({"iss": "https://other.example/auth/realms/esante-wallet"}, "its issuer is not", id="wrong issuer"),
        pytest.param({"exp": 1}, "it has expired", id="expired"),
        pytest.param({"exp": "tomorrow"}, "it has expired", id="exp is no number"),
        pytest.param({"iat": 4_000_000_000, "exp": 4_000_000_100}, "comes from the future", id="issued in the future"),
        pytest.param({"nbf": 4_000_000_000}, "comes from the future", id="not yet valid"),
        pytest.param({"typ": "ID"}, "it is an ID token", id="ID token"),
        pytest.param({"typ": "Refresh"}, "it is a refresh token", id="refresh token"),
        pytest.param({"typ": None}, "its typ is not Bearer", id="no typ"),
        pytest.param({"typ": ["Bearer"]}, "its typ is not Bearer", id="typ is a list"),
        pytest.param({"scope": "openid"}, "its scope is not openid scope_all", id="missing scope"),
        pytest.param({"acr": "eidas0"}, "its acr is not eidas1", id="wrong acr"),
        pytest.param({"SubjectNameID": ""}, "it names nobody", id="no subject"),
        pytest.param({"SubjectNameID": ["x"]}, "it names nobody", id="subject is a list"),
    ],
)
def test_a_signed_token_is_refused_for_what_it_says(tokens: Tokens, claims: dict[str, Any], said: str) -> None:
    assert said in refusal(tokens, tokens.mint(DOCTOR, claims=claims))


def test_alg_none_is_refused(tokens: Tokens) -> None:
    for name in ("none", "None", "NONE"):
        token = f"{part({'alg': name, 'typ': 'JWT'})}.{part(claims_of(tokens.mint(DOCTOR)))}."
        assert "it is not signed (alg none)" in refusal(tokens, token)


def test_hs256_with_the_public_key_as_secret_is_refused(tokens: Tokens) -> None:
    public = tokens.keys.signing().as_pem(private=False)
    signed = f"{part({'alg': 'HS256', 'kid': tokens.keys.signing().kid})}.{part(claims_of(tokens.mint(DOCTOR)))}"
    signature = base64.urlsafe_b64encode(hmac.digest(public, signed.encode(), "sha256")).rstrip(b"=").decode()
    assert "'HS256'; RS256 is asked for" in refusal(tokens, f"{signed}.{signature}")


def test_unknown_kid_is_refused(tokens: Tokens) -> None:
    stranger = RSAKey.generate_key(2048)
    stranger.ensure_kid()
    claims = claims_of(tokens.mint(DOCTOR))
    for header in ({"alg": "RS256", "kid": stranger.kid}, {"alg": "RS256"}, {"alg": "RS256", "kid": 7}):
        signed = jwt.encode({"alg": "RS256"}, claims, stranger).split(".")
        assert "no key has this kid" in refusal(tokens, ".".join([part(header), *signed[1:]]))


def test_a_stranger_who_claims_our_kid_is_refused(tokens: Tokens) -> None:
    token = jwt.encode({"alg": "RS256", "kid": tokens.keys.signing().kid}, claims_of(tokens.mint(DOCTOR)), RSAKey.generate_key(2048))
    assert "changed since" in refusal(tokens, token)


def test_a_changed_claim_is_refused(tokens: Tokens) -> None:
    header, _, signature = tokens.mint(DOCTOR).split(".")
    claims = {**claims_of(tokens.mint(DOCTOR)), "SubjectNameID": "899700420021"}
    assert "changed since" in refusal(tokens, f"{header}.{part(claims)}.{signature}")


@pytest.mark.parametrize("token", ["", "abc", "a.b.c", "..", "é.é.é", "e30.e30.e30", "bnVsbA.e30.e30", "\x00.\x00.\x00", "a.b.c.d.e"])
def test_what_is_no_jwt_is_refused(tokens: Tokens, token: str) -> None:
    assert refusal(tokens, token).startswith("The token is refused: it is")


def test_a_huge_token_is_not_looked_at(tokens: Tokens) -> None:
    assert "over 8192 bytes" in refusal(tokens, "a" * 8_193)


def test_a_token_may_be_as_long_as_the_setting_says(make: Callable[..., Tokens]) -> None:
    token = make().mint(DOCTOR)
    assert make(token_bytes_max=len(token)).claims(token)["SubjectNameID"] == DOCTOR
    assert f"over {len(token) - 1} bytes" in refusal(make(token_bytes_max=len(token) - 1), token)


def test_a_higher_level_than_asked_for_is_taken(make: Callable[..., Tokens]) -> None:
    tokens = make()
    assert tokens.verify(tokens.mint(DOCTOR, claims={"acr": "eidas3"})) == DOCTOR


def test_another_acr_is_taken_where_none_is_required(make: Callable[..., Tokens]) -> None:
    tokens = make(psc_acr_required=False)
    assert tokens.verify(tokens.mint(DOCTOR, claims={"acr": "eidas0"})) == DOCTOR


def test_a_retired_key_verifies_until_its_tokens_have_expired(tokens: Tokens, clock: ManualClock) -> None:
    old = tokens.mint(DOCTOR, lifetime_seconds=7_200)
    kid = tokens.keys.rotate(3_600)
    assert next(key["kid"] for key in tokens.keys.jwks()["keys"]) == kid
    assert len(tokens.keys.jwks()["keys"]) == 2
    assert all("d" not in key for key in tokens.keys.jwks()["keys"])
    assert tokens.verify(old) == DOCTOR
    assert tokens.verify(tokens.mint(DOCTOR)) == DOCTOR
    clock.advance(timedelta(seconds=3_601))
    assert "its key is too old" in refusal(tokens, old)
    assert [key["kid"] for key in tokens.keys.jwks()["keys"]] == [kid]


def test_another_process_of_the_world_learns_a_new_key(make: Callable[..., Tokens], clock: ManualClock) -> None:
    here, there = make(), make()
    before = here.mint(DOCTOR)
    assert there.verify(before) == DOCTOR
    here.keys.rotate(3_600)
    clock.advance(timedelta(seconds=2))
    assert there.verify(here.mint(DOCTOR)) == DOCTOR
    assert there.verify(before) == DOCTOR
    assert make().verify(before) == DOCTOR, "a restart forgets no key"


def test_the_private_key_is_for_its_owner_alone(tokens: Tokens, tmp_path: Path) -> None:
    tokens.keys.signing()
    tokens.keys.rotate(60)
    assert (tmp_path / "keys" / "tokens.pem").stat().st_mode & 0o077 == 0
    retired = list((tmp_path / "keys" / "retired").glob("*.pem"))
    assert [b"PRIVATE" in path.read_bytes() for path in retired] == [False]


def test_unknown_kids_do_not_make_the_disk_busy(tokens: Tokens, clock: ManualClock) -> None:
    tokens.keys.signing()
    looked = tokens.keys.looks
    for number in range(50):
        assert tokens.keys.verifying(f"kid-{number}") is None
    assert tokens.keys.looks - looked <= 1
    clock.advance(timedelta(microseconds=2 * SECOND))
    assert tokens.keys.verifying("kid") is None
    assert tokens.keys.looks - looked <= 2


@pytest.mark.parametrize(
    ("idnat", "origin"),
    [(DOCTOR, "RPPS"), ("ANS20260105093000", "EDIT"), ("590000010000017/SEC0001", None), ("8997/X", None), ("285037511300167", None)],
)
def test_a_number_is_told_with_the_register_that_gave_it(idnat: str, origin: str | None) -> None:
    assert other_ids(idnat) == ([{"identifiant": idnat, "origine": origin, "qualite": 1}] if origin else [])


def test_somebody_has_one_subject_in_every_world() -> None:
    assert subject_of(DOCTOR) == subject_of(DOCTOR) != subject_of("899700420021")
    assert subject_of(DOCTOR) == f"f:{uuid.uuid5(uuid.UUID('6c1f43a3-6bd7-4d0e-9d62-6d73732d7369'), DOCTOR)}:{DOCTOR}"


def test_an_id_token_of_ours_is_a_hint_though_it_has_expired_and_no_other_token_is(tokens: Tokens, clock: ManualClock) -> None:
    given = {"typ": "ID", "iss": tokens.issuer, "exp": clock.now() // SECOND + 1, "sid": "s"}
    mine = tokens.sign(given)
    others = [tokens.sign({**given, "iss": "https://other"}), tokens.mint(DOCTOR), "x", "", None, f"{mine[:-4]}AAAA"]
    clock.advance(timedelta(days=1))
    assert tokens.id_token(mine) == given
    assert [tokens.id_token(one) for one in others] == [None] * len(others)


@pytest.mark.parametrize(
    ("claim", "ahead", "holds"),
    [("iat", 60, True), ("iat", 61, False), ("nbf", 60, True), ("nbf", 61, False), ("exp", 1, True), ("exp", 0, False)],
)
def test_clocks_may_differ_by_a_minute_and_an_end_is_an_end(
    tokens: Tokens, clock: ManualClock, claim: str, ahead: int, holds: bool
) -> None:
    token = tokens.mint(DOCTOR, claims={claim: clock.now() // SECOND + ahead})
    if holds:
        assert tokens.verify(token) == DOCTOR
    else:
        assert refusal(tokens, token)


def test_how_long_a_token_lives_is_a_setting_or_asked_for(make: Callable[..., Tokens]) -> None:
    tokens = make(token_lifetime_seconds=7)
    lives = [claims_of(token)["exp"] - claims_of(token)["iat"] for token in (tokens.mint(DOCTOR), tokens.mint(DOCTOR, lifetime_seconds=90))]
    assert lives == [7, 90]
