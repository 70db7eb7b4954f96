"""Clients of Pro Santé Connect: registered by the control plane, by a file, or at the first start.

The metadata have the names of RFC 7591. A secret is kept as its SHA-256: it is long and random, or it is a test's own.
"""

import hashlib
import hmac
import ipaddress
import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.store import psc
from mss_sim.store.engine import Connection
from mss_sim.store.psc import Client
from mss_sim.vocabulary.language import Language
from mss_sim.vocabulary.psc import PSC_CALLBACK, PSC_REALM
from mss_sim.words.sentence import Sentence, say

FIRST_CLIENT = "mss-sim-client"
"""Id of the confidential client that every world has."""
FIRST_REDIRECT_URI = "http://127.0.0.1:8765/callback"
GRANT_CODE, GRANT_REFRESH, GRANT_CIBA = "authorization_code", "refresh_token", "urn:openid:params:grant-type:ciba"
AUTH_METHODS = ("client_secret_basic", "client_secret_post", "private_key_jwt", "tls_client_auth", "none")
_SECRET_METHODS = frozenset({"client_secret_basic", "client_secret_post"})
_LISTS = ("redirect_uris", "post_logout_redirect_uris", "grant_types")
_TEXTS = ("client_name", "token_endpoint_auth_method", "tls_client_auth_subject_dn", "userinfo_signed_response_alg")
_GRANTS = frozenset({GRANT_CODE, GRANT_REFRESH, GRANT_CIBA})
_TEXT_CHARS_MAX = 2_000
_LIST_MAX = 50


def hash_of(secret: str) -> str:
    """The stored form of a secret."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def secret_is_right(client: Client, secret: str) -> bool:
    """Whether that is the client's secret; takes the same time for every wrong one."""
    return client.secret_hash is not None and hmac.compare_digest(hash_of(secret), client.secret_hash)


def uri_matches(registered: str, given: str) -> bool:
    """Whether a URI is the registered one, letter by letter; on a loopback address the port is free (ref: rfc8252#7.3)."""
    if registered == given:
        return True
    if not given.isprintable() or any(letter in given for letter in ' \\#"<>'):  # urlsplit drops some of them silently
        return False
    try:
        ours, theirs = urlsplit(registered), urlsplit(given)
        _ = theirs.port  # ValueError when it is not a port
    except ValueError:
        return False
    if ours.scheme != "http" or not _is_loopback(ours.hostname) or "@" in theirs.netloc:
        return False
    return (ours.scheme, ours.hostname, ours.path, ours.query) == (theirs.scheme, theirs.hostname, theirs.path, theirs.query)


def _is_loopback(host: str | None) -> bool:
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


async def find(world: World, client_id: str) -> Client | None:
    """The client with that id; None when there is none."""
    return await world.store.read(by_id, client_id)


async def register(world: World, client_id: str, secret: str | None, metadata: dict[str, Any]) -> tuple[Client, str | None]:
    """Register a client, or replace the one with that id; the client and its secret, which is generated when needed and not given."""
    made, secret = _built(world, client_id, secret, metadata)
    await world.store.write(lambda conn: psc.put_client(conn, made))
    return made, secret


def _built(world: World, client_id: str, secret: str | None, metadata: dict[str, Any]) -> tuple[Client, str | None]:
    if not client_id or len(client_id) > 200 or not client_id.isprintable() or ":" in client_id:
        raise Refusal(Rule.INVALID, say("A client_id has 1 to 200 printable characters, none of them a colon."), subject=client_id[:200])
    _check(metadata, client_id)
    method = metadata.get("token_endpoint_auth_method", "client_secret_basic")
    if method in _SECRET_METHODS:
        secret = secret or world.ids.secret()
    elif secret is not None:
        raise _invalid(say("{method} has no secret: leave client_secret out", method=method), client_id)
    hashed = hash_of(secret) if secret is not None else None
    return Client(client_id, hashed, metadata, world.clock.now()), secret


def _check(metadata: dict[str, Any], client_id: str) -> None:
    unknown = sorted(set(metadata) - {*_LISTS, *_TEXTS, "jwks"})
    if "jwks" in metadata and metadata.get("token_endpoint_auth_method") != "private_key_jwt":
        raise _invalid(say("jwks are for private_key_jwt"), client_id)
    if unknown:
        raise _invalid(
            say("{unknown} is not known here; known are {known}", unknown=unknown[0], known=", ".join((*_LISTS, *_TEXTS, "jwks"))),
            client_id,
        )
    for name in _LISTS:
        values = metadata.get(name, [])
        if not isinstance(values, list) or len(values) > _LIST_MAX or not all(_is_text(value) for value in values):
            raise _invalid(say("{name} is a list of at most {most} texts", name=name, most=_LIST_MAX), client_id)
    for name in _TEXTS:
        if name in metadata and not _is_text(metadata[name]):
            raise _invalid(say("{name} is a text", name=name), client_id)
    for uri in [*metadata.get("redirect_uris", []), *metadata.get("post_logout_redirect_uris", [])]:
        if not _is_redirectable(uri):
            raise _invalid(say("{uri} is not an absolute URI without fragment (rfc6749#3.1.2)", uri=uri[:100]), client_id)
    if not set(metadata.get("grant_types", [])) <= _GRANTS:
        raise _invalid(say("grant_types are {grants}", grants=", ".join(sorted(_GRANTS))), client_id)
    if metadata.get("userinfo_signed_response_alg", "RS256") != "RS256":
        raise _invalid(say("userinfo is signed with RS256 or not at all"), client_id)
    _check_method(metadata, client_id)


def _check_method(metadata: dict[str, Any], client_id: str) -> None:
    method = metadata.get("token_endpoint_auth_method", "client_secret_basic")
    if method not in AUTH_METHODS:
        raise _invalid(say("token_endpoint_auth_method is one of {known}", known=", ".join(AUTH_METHODS)), client_id)
    if method == "tls_client_auth" and not metadata.get("tls_client_auth_subject_dn"):
        raise _invalid(say("tls_client_auth needs tls_client_auth_subject_dn"), client_id)
    if method == "private_key_jwt" and not _are_public_keys(metadata.get("jwks")):
        raise _invalid(say("private_key_jwt needs jwks with the public keys of the client, RSA or EC"), client_id)


def _are_public_keys(jwks: Any) -> bool:
    rows = jwks.get("keys") if isinstance(jwks, dict) else None
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) and row.get("kty") in ("RSA", "EC") for row in rows):
        return False
    try:
        orjson.dumps(jwks)  # a value that cannot be serialised cannot be stored
        return not any(key.is_private for key in KeySet.import_key_set({"keys": rows}).keys)
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        return False


def _is_text(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _TEXT_CHARS_MAX and value.isprintable()


def _is_redirectable(uri: str) -> bool:
    try:
        parts = urlsplit(uri)
    except ValueError:
        return False
    dangerous = parts.scheme in ("javascript", "data", "vbscript", "file")
    return bool(parts.scheme) and not dangerous and (bool(parts.netloc) or "." in parts.scheme) and "#" not in uri and " " not in uri


def _invalid(why: Sentence, client_id: str) -> Refusal:
    return Refusal(Rule.INVALID, say("The client cannot be registered: {why}.", why=why), subject=client_id, reference="rfc7591#2")


async def registered(world: World) -> list[Client]:
    """All clients."""
    return await world.store.read(psc.clients)


async def remove(world: World, client_id: str) -> None:
    """Remove a client; what was issued to it still expires as planned."""
    if not await world.store.write(lambda conn: psc.remove_client(conn, client_id)):
        raise Refusal(Rule.NOT_FOUND, say("There is no client {client_id}.", client_id=client_id), subject=client_id)


def may_be_told(world: World, client: Client, told: Mapping[str, Any]) -> bool:
    """Whether introspection tells a client of a token: of any (ref: rfc7662#2.1), or by the setting of its own."""
    return not world.settings.psc.introspection_own_only or told.get("client_id") == client.client_id


def by_id(conn: Connection, client_id: str) -> Client | None:
    """The client with that id."""
    return None if "\x00" in client_id or len(client_id) > 200 else psc.client(conn, client_id)


def first_redirect_uri(world: World) -> str:
    """The page of ours that shows what the first client is given, for integrators without a page of their own yet."""
    return world.tokens.issuer.removesuffix(PSC_REALM) + PSC_CALLBACK


async def register_first(world: World) -> None:
    """Register the initial clients of a world: one of ours, whose secret is the world's own, and those of the file."""
    metadata = {
        "client_name": "Logiciel de démonstration",
        "token_endpoint_auth_method": "client_secret_basic",
        "redirect_uris": [FIRST_REDIRECT_URI, first_redirect_uri(world)],
        "post_logout_redirect_uris": ["http://127.0.0.1:8765/"],
        "grant_types": [GRANT_CODE, GRANT_REFRESH, GRANT_CIBA],
    }
    chosen = [_built(world, FIRST_CLIENT, world.tokens.keys.secret(FIRST_CLIENT), metadata)[0]]
    if world.settings.psc.clients_file is not None:
        chosen += _read(world, world.settings.psc.clients_file)

    def unit(conn: Connection) -> None:
        for client in chosen:
            kept = psc.client(conn, client.client_id)
            if client.client_id != FIRST_CLIENT or kept is None or kept.secret_hash != client.secret_hash:
                psc.put_client(conn, client)

    await world.store.write(unit)


def _read(world: World, path: Path) -> list[Client]:
    """The clients of a file: a JSON list, or TOML tables `[[clients]]`; ValueError when one of them is invalid."""
    text = path.read_text(encoding="utf-8")
    rows = tomllib.loads(text).get("clients", []) if path.suffix == ".toml" else json.loads(text)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError(f"{path}: a list of clients is expected, each with client_id and the metadata of RFC 7591")
    found = []
    for row in rows:
        fields = {key: value for key, value in row.items() if key not in ("client_id", "client_secret")}
        secret = row.get("client_secret")
        try:
            found.append(_built(world, str(row.get("client_id", "")), None if secret is None else str(secret), fields)[0])
        except Refusal as refusal:
            raise ValueError(f"{path}: {refusal.subject}: {refusal.detail.in_language(Language.EN)}") from refusal
    return found
