"""Which client is asking: each way to say it, and each way to say it wrong with the words of its refusal."""

import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jwt
from joserfc.jwk import ECKey
from starlette.requests import Request

from mss_sim.app.simulator import Simulator
from mss_sim.clock import SECOND, ManualClock
from mss_sim.core.psc import clients
from mss_sim.core.psc.oauth_errors import OAuthError
from mss_sim.core.trust.certificates import NewCertificate, issue, revoke
from mss_sim.http.parameters import Parameters
from mss_sim.psc import certificates
from mss_sim.psc.authentication import ASSERTION_TYPE, ClientRefused, authenticate
from mss_sim.psc.urls import Urls
from mss_sim.store.certificates import Certificate
from mss_sim.vocabulary.trust import RevocationReason
from tests.conftest import StartSimulator

_KEY = ECKey.generate_key("P-256")
_SECRET, _PUBLIC, _SIGNS, _SHOWS = "with secret", "public", "signs", "shows"


@dataclass(frozen=True)
class Refused:
    """A refusal, by default of somebody who is not who they say."""

    words: str
    code: str = "invalid_client"
    status: int = 401
    challenge: bool | None = False


def _invalid(words: str) -> Refused:
    """Of a request that cannot be read as one thing, which is no matter of who asks (ref: rfc6749#5.2)."""
    return Refused(words, "invalid_request", 400, None)


NOT_BASIC = Refused("The Basic credentials are not base64 of client_id:client_secret.", challenge=True)


@dataclass
class Door:
    """The token endpoint as its client authentication sees it; `path` is that of the address that was asked for."""

    simulator: Simulator
    certificate: Certificate
    path: str = "/auth/token"
    jti: int = 0

    @property
    def now(self) -> int:
        """The second."""
        return self.simulator.world.clock.now() // SECOND

    async def asked(self, form: dict[str, str], header: str | None = None, tls: dict[str, Any] | None = None) -> str | Refused:
        """Who asks, or how they are refused."""
        headers = [] if header is None else [(b"authorization", header.encode("latin-1"))]
        extensions = {} if tls is None else {"tls": tls}
        scope = {"type": "http", "headers": headers, "path": self.path, "query_string": b"", "extensions": extensions}
        scope |= {"scheme": "http", "server": ("127.0.0.1", 80), "root_path": ""}
        request = Request(scope)
        try:
            client = await authenticate(request, Parameters(form, frozenset()), self.simulator.core)
        except ClientRefused as error:
            return Refused(error.description, error.code, error.status, error.challenge)
        except OAuthError as error:
            return Refused(error.description, error.code, error.status, None)
        assert request.state.client_id == client.client_id, "evidence tells who it was"
        return client.client_id

    def assertion(self, key: Any = _KEY, algorithm: str = "ES256", **changed: Any) -> dict[str, str]:
        """The form with a signed assertion; what is changed to None is left out."""
        self.jti += 1
        claims = {"iss": _SIGNS, "sub": _SIGNS, "aud": Urls.of(self.simulator.core).issuer, "jti": str(self.jti), "exp": self.now + 60}
        claims = {name: value for name, value in (claims | changed).items() if value is not None}
        return {"client_assertion": jwt.encode({"alg": algorithm}, claims, key), "client_assertion_type": ASSERTION_TYPE}


@pytest.fixture
async def door(start: StartSimulator, clock: ManualClock) -> AsyncIterator[Door]:
    async with start(clock=clock) as simulator:
        world = simulator.world
        await clients.register(world, _SECRET, "a % b", {})
        await clients.register(world, "posts", "x", {"token_endpoint_auth_method": "client_secret_post"})
        await clients.register(world, _PUBLIC, None, {"token_endpoint_auth_method": "none"})
        jwks = {"keys": [_KEY.as_dict(private=False)]}
        await clients.register(world, _SIGNS, None, {"token_endpoint_auth_method": "private_key_jwt", "jwks": jwks})
        shown = await issue(world, NewCertificate(operator="Laboratoire du Parc", common="lgc"))
        by_certificate = {"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_subject_dn": shown.subject}
        await clients.register(world, _SHOWS, None, by_certificate)
        yield Door(simulator, shown)


def _basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (_basic("with+secret:a+%25+b"), _SECRET),
        (_basic("posts:x"), "posts"),
        (_basic("with%20secret:a%20%25%20b").replace("Basic ", "bASIC   ") + " ", _SECRET),
        (_basic("with secret:a % b"), _SECRET),
        (_basic("with+secret:a % c"), Refused("The client_secret is wrong.", challenge=True)),
        (_basic("with+secret:"), Refused("The client_secret is wrong.", challenge=True)),
        (_basic(":a"), Refused("Say which client you are: client_id is missing.", challenge=True)),
        (_basic("nobody:a"), Refused("No client has this client_id: register it at /control/psc/clients.", challenge=True)),
        (_basic("public:a"), Refused("This client is registered for none, not for a secret.", challenge=True)),
        (_basic("signs:a"), Refused("This client is registered for private_key_jwt, not for a secret.", challenge=True)),
        (_basic("with+secret"), NOT_BASIC),
        (_basic("with+secret:a+%25+b").replace("Basic ", "Basic .."), NOT_BASIC),
        (_basic("with+secret:a+%25+b").rstrip("=") + "=A", NOT_BASIC),
        (_basic("with+secret:%ff"), NOT_BASIC),
        (_basic("%ff:a"), NOT_BASIC),
        ("Basic " + base64.b64encode(b"with+secret:\xff").decode(), NOT_BASIC),
        ("Basic \xe9", NOT_BASIC),
        ("Basic", NOT_BASIC),
        ("Bearer x", Refused("The Authorization header of a client is Basic.", challenge=True)),
    ],
)
async def test_by_the_authorization_header(door: Door, header: str, said: str | Refused) -> None:
    assert await door.asked({}, header) == said


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"client_id": _SECRET, "client_secret": "a % b"}, _SECRET),
        ({"client_id": "posts", "client_secret": "x"}, "posts"),
        ({"client_id": "posts", "client_secret": "y"}, Refused("The client_secret is wrong.")),
        ({"client_id": _PUBLIC}, _PUBLIC),
        ({}, Refused("Say which client you are: client_id is missing.")),
        ({"client_secret": "x"}, Refused("Say which client you are: client_id is missing.")),
        ({"client_id": "nobody"}, Refused("No client has this client_id: register it at /control/psc/clients.")),
        ({"client_id": "posts"}, Refused("This client says who it is by client_secret_post.")),
        ({"client_id": _SIGNS}, Refused("This client says who it is by private_key_jwt.")),
        ({"client_id": _SHOWS, "client_secret": "x"}, Refused("This client is registered for tls_client_auth, not for a secret.")),
        (
            {"client_id": _SHOWS},
            Refused("No client certificate came with the connection: use the mtls_endpoint_aliases."),
        ),
    ],
)
async def test_by_the_form(door: Door, form: dict[str, str], said: str | Refused) -> None:
    assert await door.asked(form) == said


async def test_it_is_said_once(door: Door) -> None:
    """One way in a request, and all names of the client alike (ref: rfc6749#2.3)."""
    basic, twice = _basic("posts:x"), _invalid("Say once who you are: Authorization, client_secret or client_assertion.")
    secret, signed = {"client_secret": "x"}, {"client_assertion": "x"}
    assert await door.asked({"client_id": "posts"}, basic) == "posts"
    assert await door.asked({"client_id": "public"}, basic) == _invalid("client_id is not the one of the Authorization header.")
    assert [await door.asked(secret, basic), await door.asked(signed, basic), await door.asked(secret | signed)] == [twice] * 3


# By what the client signs


async def test_by_an_assertion_with_or_without_the_name(door: Door) -> None:
    assert await door.asked(door.assertion()) == _SIGNS
    assert await door.asked(door.assertion() | {"client_id": _SIGNS}) == _SIGNS
    assert await door.asked(door.assertion() | {"client_id": _PUBLIC}) == Refused("client_id is not the sub of the client_assertion.")


@pytest.mark.parametrize("kind", [None, "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"])
async def test_an_assertion_says_its_type(door: Door, kind: str | None) -> None:
    form = {"client_assertion": door.assertion()["client_assertion"]} | ({"client_assertion_type": kind} if kind else {})
    assert await door.asked(form) == _invalid(f"client_assertion_type is {ASSERTION_TYPE}.")


@pytest.mark.parametrize(
    "assertion", ["x", "a.b.c", "..", "e30.e30.", "e30.W10.e30", "e30.eyJzdWIiOjF9.e30", "\x7f.\x7f.\x7f", "é.é.é", "A" * 20_000]
)
async def test_an_assertion_that_is_no_jwt(door: Door, assertion: str) -> None:
    form = {"client_assertion": assertion, "client_assertion_type": ASSERTION_TYPE}
    assert await door.asked(form) == Refused("client_assertion is not a JWT with a sub.")


async def test_two_parts_or_four_are_no_jwt(door: Door) -> None:
    whole = door.assertion()["client_assertion"]
    for assertion in (whole.rsplit(".", 1)[0], f"{whole}.e30"):
        form = {"client_assertion": assertion, "client_assertion_type": ASSERTION_TYPE}
        assert await door.asked(form) == Refused("client_assertion is not a JWT with a sub.")


async def test_an_assertion_is_signed_by_a_key_of_a_client_that_signs(door: Door) -> None:
    unsigned = Refused("No registered key of the client signed this client_assertion.")
    assert await door.asked(door.assertion(ECKey.generate_key("P-256"))) == unsigned
    cut = {name: value[:-4] if name == "client_assertion" else value for name, value in door.assertion().items()}
    assert await door.asked(cut) == unsigned
    assert await door.asked(door.assertion(sub="nobody")) == Refused("No client has this client_id: register it at /control/psc/clients.")
    assert await door.asked(door.assertion(sub=_PUBLIC)) == Refused("This client says who it is by none.")


_ONE_SELF = Refused("iss and sub of a client_assertion are both the client_id.")
_OVER = Refused("The client_assertion has expired, or has no exp.")
_LONG = Refused("A client_assertion lives for 3600 seconds at most.")
_FUTURE = Refused("The client_assertion comes from the future.")
_UNNAMED = Refused("A client_assertion has a jti of its own, of 200 characters at most.")


@pytest.mark.parametrize(
    ("claim", "value", "said"),
    [
        ("iss", "other", _ONE_SELF),
        ("iss", None, _ONE_SELF),
        ("jti", None, _UNNAMED),
        ("jti", 7, _UNNAMED),
        ("jti", "", _UNNAMED),
        ("jti", "j" * 201, _UNNAMED),
        ("jti", "j" * 200, _SIGNS),
        ("exp", None, _OVER),
        ("exp", "soon", _OVER),
        ("nbf", "0", _FUTURE),
        ("nbf", 0, _SIGNS),
    ],
)
async def test_what_an_assertion_claims(door: Door, claim: str, value: Any, said: str | Refused) -> None:
    assert await door.asked(door.assertion(**{claim: value})) == said


@pytest.mark.parametrize(
    ("claim", "seconds", "said"),
    [
        ("exp", 0, _OVER),
        ("exp", 1, _SIGNS),
        ("exp", 3_600, _SIGNS),
        ("exp", 3_601, _LONG),
        ("nbf", 60, _SIGNS),
        ("nbf", 61, _FUTURE),
    ],
)
async def test_when_an_assertion_holds(door: Door, claim: str, seconds: int, said: str | Refused) -> None:
    ends: dict[str, Any] = {claim: door.now + seconds}
    assert await door.asked(door.assertion(**ends)) == said


async def test_an_assertion_is_made_for_the_issuer_or_the_endpoint(door: Door) -> None:
    """That of the token, or the one that is asked (ref: rfc7523#3)."""
    urls = Urls.of(door.simulator.core)
    wrong = Refused(f"aud of a client_assertion is {urls.issuer} or the token endpoint.")
    own: list[Any] = [urls.issuer, urls.endpoint("token"), f"{urls.base}/auth/token", ["x", urls.issuer]]
    for audience in own:
        assert await door.asked(door.assertion(aud=audience)) == _SIGNS, audience
    others: list[Any] = [
        "x",
        urls.base,
        f"{urls.base}/auth",
        "None/auth/token",
        [],
        ["x"],
        [[urls.issuer]],
        [urls.issuer, 7],
        None,
        {"a": 1},
    ]
    for audience in others:
        assert await door.asked(door.assertion(aud=audience)) == wrong, audience


async def test_an_assertion_may_be_made_for_the_address_where_certificates_are_shown(door: Door) -> None:
    """Where there is one (ref: rfc8705#5)."""
    door.simulator.core.provider.mtls_url = "https://mtls.example"
    assert await door.asked(door.assertion(aud="https://mtls.example/auth/token")) == _SIGNS
    assert isinstance(await door.asked(door.assertion(aud="https://mtls.example")), Refused)


async def test_an_assertion_is_good_once_while_it_lives_and_for_its_client(door: Door, clock: ManualClock) -> None:
    again = Refused("This client_assertion was used before: each request needs a new jti.")
    first = door.assertion(jti="one", exp=door.now + 3_600)
    assert [await door.asked(first), await door.asked(first)] == [_SIGNS, again]
    clock.advance(timedelta(seconds=3_599))
    assert await door.asked(first) == again
    clock.advance(timedelta(seconds=1))
    assert await door.asked(first) == _OVER
    other = ECKey.generate_key("P-256")
    jwks = {"keys": [other.as_dict(private=False)]}
    await clients.register(door.simulator.world, "other", None, {"token_endpoint_auth_method": "private_key_jwt", "jwks": jwks})
    assert await door.asked(door.assertion(other, iss="other", sub="other", jti="one")) == "other"


# By what the client shows


def _self_signed(name: x509.Name) -> str:
    """A certificate of that name that no authority knows."""
    key, begins = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), begins, begins + timedelta(days=30))
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


_NONE_CAME = Refused("No client certificate came with the connection: use the mtls_endpoint_aliases.")
_UNTRUSTED = Refused("The client certificate is not of the authority of organisations, or out of its time.")
_OF_ANOTHER = Refused("The subject of the client certificate is not the registered tls_client_auth_subject_dn.")


async def test_by_a_certificate(door: Door) -> None:
    """What a listener may hand on; tests/journeys/test_https.py goes over the wire."""
    other = await issue(door.simulator.world, NewCertificate(operator="Laboratoire du Parc", common="other"))
    good, stranger = (
        door.certificate.certificate,
        _self_signed(x509.load_pem_x509_certificate(door.certificate.certificate.encode()).subject),
    )
    for tls, said in (
        ({"client_cert_chain": [good]}, _SHOWS),
        ({"client_cert_chain": [good, stranger]}, _SHOWS),
        (None, _NONE_CAME),
        ({}, _NONE_CAME),
        ({"client_cert_chain": []}, _NONE_CAME),
        ({"client_cert_chain": ["no certificate"]}, _NONE_CAME),
        ({"client_cert_chain": [good], "client_cert_error": "unknown authority"}, _NONE_CAME),
        ({"client_cert_chain": [stranger]}, _UNTRUSTED),
        ({"client_cert_chain": [other.certificate]}, _OF_ANOTHER),
    ):
        assert await door.asked({"client_id": _SHOWS}, tls=tls) == said, tls
    assert await door.asked({"client_id": "posts"}, tls={"client_cert_chain": [good]}) == Refused(
        "This client says who it is by client_secret_post."
    )
    await revoke(door.simulator.world, door.certificate.serial, RevocationReason.KEY_COMPROMISE)
    assert await door.asked({"client_id": _SHOWS}, tls={"client_cert_chain": [good]}) == Refused("The client certificate is revoked.")


def test_a_name_that_cannot_be_read_is_nobodys() -> None:
    name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "lgc")])
    assert certificates.is_named(name, "CN=lgc")
    assert not certificates.is_named(name, "no name at all")
