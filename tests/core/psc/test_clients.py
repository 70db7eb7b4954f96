"""Clients of the OpenID provider: what can be registered, under which address it is answered, and the ones that every world has."""

import json
from pathlib import Path
from typing import Any, cast

import pytest
from joserfc.jwk import ECKey
from sqlalchemy import Connection

from mss_sim.core.psc import clients
from mss_sim.core.psc.clients import (
    AUTH_METHODS,
    FIRST_CLIENT,
    FIRST_REDIRECT_URI,
    GRANT_CIBA,
    GRANT_CODE,
    register,
    secret_is_right,
    uri_matches,
)
from mss_sim.errors import Refusal, Rule
from tests.core.towns import OpenTown, Town, refused

KEY = ECKey.generate_key("P-256")
JWKS = {"keys": [KEY.as_dict(private=False)]}
PRIVATE = {"keys": [KEY.as_dict(private=True)]}
BY_KEY = {"token_endpoint_auth_method": "private_key_jwt"}


@pytest.mark.parametrize(
    ("registered", "given", "same"),
    [
        ("https://a.fr/cb", "https://a.fr/cb", True),
        ("https://a.fr/cb", "https://a.fr/cb/", False),
        ("https://a.fr/cb", "https://a.fr:443/cb", False),
        ("http://127.0.0.1:1/cb", "http://127.0.0.1:2/cb", True),
        ("http://127.0.0.1/cb", "http://127.0.0.1:2/cb", True),
        ("http://[::1]:1/cb", "http://[::1]:9/cb", True),
        ("http://127.0.0.1:1/cb", "http://127.0.0.2:1/cb", False),
        ("http://127.0.0.1:1/cb", "https://127.0.0.1:1/cb", False),
        ("http://127.0.0.1:1/cb?a=1", "http://127.0.0.1:2/cb?a=2", False),
        ("http://127.0.0.1:1/cb", "http://x@127.0.0.1:2/cb", False),
        ("http://127.0.0.1:1/cb", "http://127.0.0.1:2/cb#x", False),
        ("http://127.0.0.1:1/cb", "http://127.0.0.1:2/c\tb", False),
        ("http://127.0.0.1:1/cb", "http://127.0.0.1:99999/cb", False),
        ("http://localhost:1/cb", "http://localhost:2/cb", False),
        ("https://127.0.0.1:1/cb", "https://127.0.0.1:2/cb", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1@evil.example/cb", False),
        ("http://127.0.0.1/cb", "http://evil@127.0.0.1/cb", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1\\@evil.example/cb", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1/other", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1\r\n/cb", False),
        ("http://127.0.0.1/cb", "http://[bad/cb", False),
    ],
)
def test_an_address_is_the_registered_one_letter_by_letter_but_for_a_port_of_this_machine(registered: str, given: str, same: bool) -> None:
    assert uri_matches(registered, given) == same


async def test_a_secret_is_made_up_where_one_is_needed_and_kept_as_its_hash(town: Town) -> None:
    made, secret = await register(town.world, "c", None, {})
    assert secret is not None
    assert len(secret) >= 40
    found = await clients.find(town.world, "c")
    assert found == made
    assert secret not in str(found)
    assert (secret_is_right(made, secret), secret_is_right(made, f"{secret}x")) == (True, False)
    assert (await register(town.world, "c", "chosen", {"client_name": "C"}))[1] == "chosen"
    again = await clients.find(town.world, "c")
    assert again is not None
    assert (again.metadata, secret_is_right(again, "chosen"), secret_is_right(again, secret)) == ({"client_name": "C"}, True, False)


@pytest.mark.parametrize(
    "metadata",
    [
        {"token_endpoint_auth_method": "none"},
        {**BY_KEY, "jwks": JWKS},
        {"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_subject_dn": "CN=a"},
    ],
)
async def test_who_has_another_way_has_no_secret(town: Town, metadata: dict[str, Any]) -> None:
    made, secret = await register(town.world, "c", None, metadata)
    assert (secret, made.secret_hash, secret_is_right(made, "")) == (None, None, False)
    with refused(Rule.INVALID, "has no secret"):
        await register(town.world, "c", "secret", metadata)


async def test_of_a_name_that_is_too_long_a_refusal_repeats_as_much_as_a_name_may_have(town: Town) -> None:
    with pytest.raises(Refusal) as caught:
        await register(town.world, "x" * 10_000, None, {})
    assert (caught.value.rule, caught.value.subject) == (Rule.INVALID, "x" * 200)


@pytest.mark.parametrize(
    ("client_id", "metadata"),
    [
        ("", {}),
        ("a:b", {}),
        ("a\nb", {}),
        ("x" * 201, {}),
        ("c", {"unknown": 1}),
        ("c", {"redirect_uris": "https://a.fr"}),
        ("c", {"redirect_uris": [1]}),
        ("c", {"redirect_uris": [""]}),
        ("c", {"redirect_uris": ["https://a.fr"] * 51}),
        ("c", {"redirect_uris": ["https://a.fr/#x"]}),
        ("c", {"redirect_uris": ["/relative"]}),
        ("c", {"redirect_uris": ["javascript:alert(1)"]}),
        ("c", {"redirect_uris": ["javascript://a.fr/%0aalert(1)"]}),
        ("c", {"redirect_uris": ["data://a.fr/x"]}),
        ("c", {"redirect_uris": ["file://a.fr/x"]}),
        ("c", {"redirect_uris": ["https://a b.fr"]}),
        ("c", {"post_logout_redirect_uris": ["/relative"]}),
        ("c", {"redirect_uris": ["http://[x"]}),
        ("c", {"client_name": ""}),
        ("c", {"client_name": "x" * 2_001}),
        ("c", {"grant_types": ["password"]}),
        ("c", {"userinfo_signed_response_alg": "none"}),
        ("c", {"token_endpoint_auth_method": "nothing"}),
        ("c", {"token_endpoint_auth_method": "tls_client_auth"}),
        ("c", {"jwks": JWKS}),
        ("c", BY_KEY),
        ("c", {**BY_KEY, "jwks": {"keys": []}}),
        ("c", {**BY_KEY, "jwks": PRIVATE}),
        ("c", {**BY_KEY, "jwks": {"keys": [{"kty": "oct", "k": "eA"}]}}),
        ("c", {**BY_KEY, "jwks": {"keys": [{"kty": "EC"}]}}),
    ],
)
async def test_what_cannot_work_is_not_registered(town: Town, client_id: str, metadata: dict[str, Any]) -> None:
    before = await clients.registered(town.world)
    with refused(Rule.INVALID):
        await register(town.world, client_id, None, metadata)
    assert await clients.registered(town.world) == before


@pytest.mark.parametrize("uri", ["https://a.fr/cb?x=1", "http://127.0.0.1:1/cb", "fr.exemple.application:/cb"])
async def test_an_application_on_a_phone_has_an_address_too(town: Town, uri: str) -> None:
    made, _ = await register(town.world, "x" * 200, None, {"redirect_uris": [uri]})
    assert made.many("redirect_uris") == [uri]


async def test_a_client_is_forgotten_once_and_what_is_no_id_is_nobodys(town: Town) -> None:
    await register(town.world, "c", None, {})
    await clients.remove(town.world, "c")
    assert await clients.find(town.world, "c") is None
    with refused(Rule.NOT_FOUND, "There is no client c."):
        await clients.remove(town.world, "c")
    longest = "x" * 200
    await register(town.world, longest, None, {})
    assert await clients.find(town.world, longest) is not None
    assert [await clients.find(town.world, name) for name in ("\x00", "x" * 201, "")] == [None] * 3


async def test_every_world_has_a_client_whose_secret_is_its_own(town: Town) -> None:
    found = await clients.find(town.world, FIRST_CLIENT)
    assert found is not None
    assert found.many("redirect_uris") == [FIRST_REDIRECT_URI, clients.first_redirect_uri(town.world)]
    assert secret_is_right(found, town.world.tokens.keys.secret(FIRST_CLIENT))
    await register(town.world, FIRST_CLIENT, None, {"client_name": "Le mien"})
    await clients.register_first(town.world)
    again = await clients.find(town.world, FIRST_CLIENT)
    assert again is not None
    assert (again.metadata, again.secret_hash) == (found.metadata, found.secret_hash)


async def test_what_was_changed_of_the_first_client_stays_while_its_secret_does(town: Town) -> None:
    secret = town.world.tokens.keys.secret(FIRST_CLIENT)
    await register(town.world, FIRST_CLIENT, secret, {"client_name": "Le mien"})
    await clients.register_first(town.world)
    found = await clients.find(town.world, FIRST_CLIENT)
    assert found is not None
    assert found.metadata == {"client_name": "Le mien"}


async def test_a_file_without_clients_registers_none(open_town: OpenTown, tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text("# nobody yet\n")
    async with open_town(psc_clients_file=tmp_path / "c.toml") as town:
        await clients.register_first(town.world)
        assert [one.client_id for one in await clients.registered(town.world)] == [FIRST_CLIENT]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("c.json", json.dumps([{"client_id": "filed", "client_secret": "s", "redirect_uris": ["https://a.fr"]}])),
        ("c.toml", '[[clients]]\nclient_id = "filed"\nclient_secret = "s"\nredirect_uris = ["https://a.fr"]\n'),
    ],
)
async def test_clients_of_a_file_are_registered_at_every_start(open_town: OpenTown, tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    async with open_town(psc_clients_file=tmp_path / name) as town:
        for _ in range(2):
            await clients.register_first(town.world)
            found = await clients.find(town.world, "filed")
            assert found is not None
            assert (secret_is_right(found, "s"), found.metadata) == (True, {"redirect_uris": ["https://a.fr"]})
            await register(town.world, "filed", "other", {})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": 1}', "a list of clients is expected"),
        ("[1]", "a list of clients is expected"),
        ('[{"client_id": "a:b"}]', "a:b"),
        ('[{"client_secret": "s"}]', "c.json: : A client_id has 1 to 200 printable characters"),
        ('[{"client_id": "c", "grant_types": ["x"]}]', "grant_types are"),
    ],
)
async def test_a_file_that_cannot_work_registers_nobody(open_town: OpenTown, tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "c.json").write_text(text)
    async with open_town(psc_clients_file=tmp_path / "c.json") as town:
        before = await clients.registered(town.world)
        with pytest.raises(ValueError, match=said):
            await clients.register_first(town.world)
        assert await clients.registered(town.world) == before


@pytest.mark.parametrize(
    ("metadata", "secret", "said"),
    [
        ({"token_endpoint_auth_method": "none"}, "s", "none has no secret: leave client_secret out"),
        ({"token_endpoint_auth_method": "x"}, None, f"token_endpoint_auth_method is one of {', '.join(AUTH_METHODS)}"),
        ({"redirect_uris": 1}, None, "redirect_uris is a list of at most 50 texts"),
        ({"client_name": 1}, None, "client_name is a text"),
        ({"redirect_uris": ["/" + "x" * 200]}, None, f"/{'x' * 99} is not an absolute URI without fragment (rfc6749#3.1.2)"),
        ({"grant_types": ["x"]}, None, f"grant_types are {GRANT_CODE}, refresh_token, {GRANT_CIBA}"),
        ({"x": 1}, None, "x is not known here; known are redirect_uris, post_logout_redirect_uris, grant_types, client_name,"),
        ({**BY_KEY, "jwks": {"keys": [{**JWKS["keys"][0], "exp": 2**70}]}}, None, "private_key_jwt needs jwks with the public keys"),
    ],
)
async def test_it_is_said_what_is_wrong_with_a_client(town: Town, metadata: dict[str, Any], secret: str | None, said: str) -> None:
    with refused(Rule.INVALID, f"The client cannot be registered: {said}"):
        await register(town.world, "c", secret, metadata)


def test_what_no_database_takes_is_not_looked_up() -> None:
    nowhere = cast("Connection", None)
    assert [clients.by_id(nowhere, name) for name in ("\x00", "x" * 201)] == [None, None]


async def test_the_page_of_ours_is_beside_the_provider(town: Town) -> None:
    assert clients.first_redirect_uri(town.world) == f"{town.world.tokens.issuer.partition('/auth/')[0]}/callback"


async def test_a_client_is_told_of_any_token_or_by_the_setting_of_its_own(open_town: OpenTown) -> None:
    for own_only in (False, True):
        async with open_town(psc_introspection_own_only=own_only) as town:
            client = (await register(town.world, "c", None, {}))[0]
            told = [clients.may_be_told(town.world, client, {"active": True, "client_id": name}) for name in ("c", "other")]
            assert told == [True, not own_only]
