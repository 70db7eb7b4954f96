"""Credentials are taken out of what comes over HTTP, however they are written, and nothing else is."""

import pytest

from mss_sim.evidence import exchanges, masking
from mss_sim.evidence.exchanges import Exchange

_TOKEN = b"eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiI4OTk3MDA0MjAwNjIifQ.c2lnbmF0dXJl"

_FIELDS = [
    (b"authorization", b"Basic Y2FtaWxsZQ==", b"Basic ********"),
    (b"authorization", b"bearer abc", b"bearer ********"),
    (b"authorization", b"  DPoP  abc", b"DPoP ********"),
    (b"authorization", b"abc", b"********"),
    (b"authorization", b"Baerer abc", b"********"),
    (b"authorization", b"", b"********"),
    (b"proxy-authorization", b"Basic abc", b"Basic ********"),
    (b"cookie", b"a=b; c=d", b"********"),
    (b"set-cookie", b"mss_sim_session=abc.def; Path=/auth", b"********"),
    (b"esante-api-key", b"abc", b"********"),
    (b"x-control-key", b"abc", b"********"),
    (b"x-api-key", b"abc", b"********"),
    (b"x-csrf-token", b"abc", b"********"),
    (b"x-password", b"abc", b"********"),
    (b"n" * 201, b"abc", b"********"),
    (
        b"referer",
        b"http://localhost/cb?state=st&code=abc#access_token=def",
        b"http://localhost/cb?state=st&code=********#access_token=********",
    ),
    (b"location", b"http://localhost/cb?code=abc&iss=x", b"http://localhost/cb?code=********&iss=x"),
    (b"location", b"http://localhost/cb?c%6Fde=abc", b"http://localhost/cb?c%6Fde=********"),
    (b"via", b"http://user:word@proxy.example/", b"http://********@proxy.example/"),
    (b"x-note", b'client_secret="a b", other=c', b"client_secret=********, other=c"),
    (b"x-note", b"a=b=c; token=d", b"a=b=c; token=********"),
    (b"accept", b"text/html;q=0.9, */*;q=0.8", b"text/html;q=0.9, */*;q=0.8"),
    (b"idempotency-key", b"compte-rendu-1", b"compte-rendu-1"),
    (b"user-agent", b"Thunderbird/1 (x@example.org)", b"Thunderbird/1 (x@example.org)"),
    (b"content-type", b"text/plain; charset=utf-8", b"text/plain; charset=utf-8"),
]


@pytest.mark.parametrize(("name", "value", "shown"), _FIELDS)
def test_a_field_is_shown_without_credentials(name: bytes, value: bytes, shown: bytes) -> None:
    assert masking.field(name, value) == shown


_QUERIES = [
    (b"access_token=abc", b"access_token=********"),
    (b"state=st&code=abc&iss=x", b"state=st&code=********&iss=x"),
    (b"%63lient%5Fsecret=abc", b"%63lient%5Fsecret=********"),
    (b"CODE=abc", b"CODE=********"),
    (b"+code=abc", b"+code=********"),
    (b"id_token_hint=a=b", b"id_token_hint=********"),
    (b"client_assertion=abc&client_assertion_type=x", b"client_assertion=********&client_assertion_type=********"),
    (b"auth_req_id=abc", b"auth_req_id=********"),
    (b"password=", b"password=********"),
    (b"code_challenge=abc&postcode=75001", b"code_challenge=abc&postcode=75001"),
    (b"limit=5&folder=INBOX", b"limit=5&folder=INBOX"),
    (b"code", b"code"),
    (b"", b""),
]


@pytest.mark.parametrize(("query", "shown"), _QUERIES)
def test_a_query_is_shown_without_credentials(query: bytes, shown: bytes) -> None:
    assert masking.query(query) == shown


@pytest.mark.parametrize("text", [b"?%b", b"/api/%b/x", b"my token is %b.", b"%b"])
def test_a_token_is_known_by_its_looks(text: bytes) -> None:
    assert _TOKEN[:10] not in masking.tokens(text % _TOKEN)


def test_a_head_is_bounded() -> None:
    many = [(b"x-%d" % at, b"y" * 30) for at in range(10_000)]
    assert len(exchanges.fields(many)) < 3_000
    assert b" fields more)" in exchanges.fields(many)
    assert len(exchanges.fields([(b"x", b"y" * 60_000)])) < 500


def test_an_exchange_tells_what_is_known_of_it_so_far() -> None:
    exchange = Exchange(0)
    exchange.head = b"GET /"
    assert list(exchange.lines()) == [("C", b"GET /"), ("-", b"still being answered")]
    exchange.seconds = 0.0125
    assert list(exchange.lines())[-1] == ("-", b"ended without an answer after 12.5 ms")
    exchange.answered, exchange.received, exchange.sent = 200, 3, 5
    assert [text for _, text in exchange.lines()] == [
        b"GET /",
        b"(a body of 3 bytes)",
        b"HTTP/1.1 200",
        b"(a body of 5 bytes)",
        b"answered after 12.5 ms",
    ]
