"""SASL exchanges as values: with and without initial response, broken base64, missing fields, NUL where none belongs."""

import base64

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mss_sim.net.sasl import (
    CERTIFICATE_MECHANISMS,
    MECHANISMS,
    PASSWORD_MECHANISMS,
    TOKEN_MECHANISMS,
    CertificateCredentials,
    Credentials,
    PasswordCredentials,
    SaslError,
    TokenCredentials,
    decode,
    encode,
)

PAIR = b"user=camille.durand@sim.mssante.fr\x01auth=Bearer abc.def.ghi\x01\x01"


def run(mechanism: str, initial: bytes | None, *responses: bytes) -> tuple[list[bytes], Credentials]:
    """The challenges of one whole exchange, and the credentials that it ends with."""
    exchange = MECHANISMS[mechanism](initial)
    challenges = []
    waiting = iter(responses)
    try:
        challenges.append(next(exchange))
        while True:
            challenges.append(exchange.send(next(waiting)))
    except StopIteration as end:
        assert next(waiting, None) is None, "the exchange ended before all responses were read"
        credentials: Credentials = end.value
        return challenges, credentials


_BROKEN_PLAIN = [
    pytest.param(b"", id="nothing"),
    pytest.param(b"camille", id="no NUL"),
    pytest.param(b"camille\x00secret", id="one NUL"),
    pytest.param(b"\x00camille\x00secret\x00", id="a NUL after the password"),
    pytest.param(b"\x00camille\x00sec\x00ret", id="a NUL in the password"),
    pytest.param(b"\x00\x00camille\x00secret", id="a NUL too many before the name"),
    pytest.param(b"\x00\x00secret", id="no name"),
    pytest.param(b"\x00\x00", id="only NULs"),
    pytest.param(b"camille\x00\x00secret", id="no name, but an authorisation identity"),
    pytest.param(b"\x00camille\x00\xe9t\xe9", id="a password in Latin-1"),
    pytest.param(b"\x00\xff\x00secret", id="a name that is not UTF-8"),
]


@pytest.mark.parametrize("response", _BROKEN_PLAIN)
def test_a_broken_plain_response_is_refused_early_or_late(response: bytes) -> None:
    with pytest.raises(SaslError):
        run("PLAIN", response)
    with pytest.raises(SaslError):
        run("PLAIN", None, response)


@pytest.mark.parametrize(
    ("response", "credentials"),
    [
        pytest.param(b"\x00camille\x00secret", PasswordCredentials("camille", "secret"), id="no authorisation identity"),
        pytest.param(b"bal\x00camille\x00secret", PasswordCredentials("camille", "secret", "bal"), id="an authorisation identity"),
        pytest.param("\x00camille\x00été".encode(), PasswordCredentials("camille", "été"), id="a password in UTF-8"),
        pytest.param(b"\x00camille\x00 s e ", PasswordCredentials("camille", " s e "), id="spaces belong to the password"),
    ],
)
def test_a_plain_response_gives_its_credentials_early_or_late(response: bytes, credentials: PasswordCredentials) -> None:
    assert run("PLAIN", response) == ([], credentials)
    assert run("PLAIN", None, response) == ([b""], credentials)


@pytest.mark.parametrize(
    ("name", "password"),
    [
        pytest.param(b"\xff", b"secret", id="a name that is not UTF-8"),
        pytest.param(b"camille", b"\xff", id="a password that is not UTF-8"),
        pytest.param(b"cami\x00lle", b"secret", id="a NUL in the name"),
        pytest.param(b"camille", b"sec\x00ret", id="a NUL in the password"),
    ],
)
def test_a_broken_login_exchange_is_refused_early_or_late(name: bytes, password: bytes) -> None:
    with pytest.raises(SaslError):
        run("LOGIN", name, password)
    with pytest.raises(SaslError):
        run("LOGIN", None, name, password)


def test_a_login_exchange_asks_for_what_it_has_not() -> None:
    credentials = PasswordCredentials("camille", "été")
    assert run("LOGIN", b"camille", "été".encode()) == ([b"Password:"], credentials)
    assert run("LOGIN", None, b"camille", "été".encode()) == ([b"Username:", b"Password:"], credentials)


@pytest.mark.parametrize(
    "response",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\x01\x01", id="only separators"),
        pytest.param(b"user=a@b.fr\x01\x01", id="no auth"),
        pytest.param(b"auth=Bearer abc\x01\x01", id="no user"),
        pytest.param(b"user=\x01auth=Bearer abc\x01\x01", id="an empty user"),
        pytest.param(b"user=a@b.fr\x01auth=\x01\x01", id="an empty auth"),
        pytest.param(b"user=a@b.fr\x01auth=Bearer\x01\x01", id="no token"),
        pytest.param(b"user=a@b.fr\x01auth=Bearer \x01\x01", id="an empty token"),
        pytest.param(b"user=a@b.fr\x01auth=Bearer   \x01\x01", id="a token of spaces"),
        pytest.param(b"user=a@b.fr\x01auth=Basic abc\x01\x01", id="another scheme"),
        pytest.param(b"user=a@b.fr\x01auth=abc\x01\x01", id="no scheme"),
        pytest.param(b"user=a@b.fr auth=Bearer abc", id="spaces for separators"),
        pytest.param(b"user a@b.fr\x01auth Bearer abc\x01\x01", id="no equals signs"),
        pytest.param(b"user=\xff\x01auth=Bearer abc\x01\x01", id="not UTF-8"),
        pytest.param(b"user=a\x00@b.fr\x01auth=Bearer abc\x01\x01", id="a NUL in the user"),
        pytest.param(b"user=a@b.fr\x01auth=Bearer a\x00bc\x01\x01", id="a NUL in the token"),
    ],
)
def test_a_broken_xoauth2_response_is_refused_early_or_late(response: bytes) -> None:
    with pytest.raises(SaslError):
        run("XOAUTH2", response)
    with pytest.raises(SaslError):
        run("XOAUTH2", None, response)


@pytest.mark.parametrize(
    "response",
    [
        pytest.param(PAIR, id="as written by the rule"),
        pytest.param(PAIR.replace(b"Bearer", b"bearer"), id="scheme in lower case"),
        pytest.param(PAIR.replace(b"Bearer ", b"Bearer  "), id="two spaces before the token"),
        pytest.param(PAIR + b"extra=1\x01", id="a field that we do not know"),
        pytest.param(b"auth=Bearer abc.def.ghi\x01user=camille.durand@sim.mssante.fr\x01\x01", id="fields turned around"),
    ],
)
def test_an_xoauth2_response_gives_its_credentials_early_or_late(response: bytes) -> None:
    credentials = TokenCredentials("camille.durand@sim.mssante.fr", "abc.def.ghi")
    assert run("XOAUTH2", response) == ([], credentials)
    assert run("XOAUTH2", None, response) == ([b""], credentials)


_OAUTHBEARER = b"n,a=camille.durand@sim.mssante.fr,\x01host=localhost\x01port=587\x01auth=Bearer abc.def.ghi\x01\x01"


@pytest.mark.parametrize(
    "response",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(PAIR, id="an XOAUTH2 response"),
        pytest.param(_OAUTHBEARER.replace(b"n,a=", b"p=tls-unique,a="), id="a channel binding"),
        pytest.param(_OAUTHBEARER.replace(b"a=camille.durand@sim.mssante.fr", b""), id="no mailbox"),
        pytest.param(_OAUTHBEARER.replace(b"a=camille.durand@sim.mssante.fr", b"a="), id="an empty mailbox"),
        pytest.param(_OAUTHBEARER.replace(b".fr,", b".fr"), id="no comma after the mailbox"),
        pytest.param(_OAUTHBEARER.replace(b"Bearer abc.def.ghi", b"Bearer "), id="no token"),
        pytest.param(_OAUTHBEARER.replace(b"Bearer", b"Basic"), id="another scheme"),
        pytest.param(_OAUTHBEARER.replace(b"camille", b"\xff"), id="not UTF-8"),
        pytest.param(_OAUTHBEARER.replace(b"camille", b"\x00"), id="a NUL"),
    ],
)
def test_a_broken_oauthbearer_response_is_refused_early_or_late(response: bytes) -> None:
    with pytest.raises(SaslError):
        run("OAUTHBEARER", response)
    with pytest.raises(SaslError):
        run("OAUTHBEARER", None, response)


def test_an_oauthbearer_response_gives_its_credentials_early_or_late() -> None:
    credentials = TokenCredentials("camille.durand@sim.mssante.fr", "abc.def.ghi")
    assert run("OAUTHBEARER", _OAUTHBEARER) == ([], credentials)
    assert run("OAUTHBEARER", None, _OAUTHBEARER) == ([b""], credentials)
    assert run("OAUTHBEARER", _OAUTHBEARER.replace(b"Bearer ", b"Bearer  ")) == ([], credentials)
    assert run("OAUTHBEARER", b"y,a=a=2Cb=3D@c.fr,\x01auth=Bearer x\x01\x01")[1] == TokenCredentials("a,b=@c.fr", "x")


def test_an_external_response_names_a_mailbox_or_none() -> None:
    assert run("EXTERNAL", b"") == ([], CertificateCredentials())
    assert run("EXTERNAL", None, b"app@sim.mssante.fr") == ([b""], CertificateCredentials("app@sim.mssante.fr"))
    with pytest.raises(SaslError):
        run("EXTERNAL", b"app\x00")


@pytest.mark.parametrize(
    ("mechanism", "response", "words"),
    [
        ("PLAIN", b"camille", "PLAIN expects authzid NUL authcid NUL password"),
        ("PLAIN", b"\x00camille\x00\xff", "the response is not UTF-8"),
        ("XOAUTH2", b"", "XOAUTH2 expects user=<mailbox>^Aauth=Bearer <token>^A^A"),
        ("OAUTHBEARER", b"", "OAUTHBEARER expects n,a=<mailbox>,^Aauth=Bearer <token>^A^A"),
        ("EXTERNAL", b"app\x00", "the response holds a NUL"),
    ],
)
def test_a_refusal_says_how_the_response_should_look(mechanism: str, response: bytes, words: str) -> None:
    with pytest.raises(SaslError) as refused:
        run(mechanism, response)
    assert str(refused.value) == words


def test_padding_at_the_end_of_a_token_is_kept() -> None:
    assert run("OAUTHBEARER", _OAUTHBEARER.replace(b"ghi", b"YWJj=="))[1] == TokenCredentials(
        "camille.durand@sim.mssante.fr", "abc.def.YWJj=="
    )
    assert run("XOAUTH2", b"user=a@b.fr\x01auth=Bearer YWJj==\x01\x01")[1] == TokenCredentials("a@b.fr", "YWJj==")


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("=", id="only padding"),
        pytest.param("YQ", id="no padding"),
        pytest.param("YQ=", id="half the padding"),
        pytest.param("YQ===", id="too much padding"),
        pytest.param("YWJj=", id="padding where none is due"),
        pytest.param("YQ==YQ==", id="two texts in one"),
        pytest.param("Y Q==", id="a space"),
        pytest.param("YWI=\n", id="a line break"),
        pytest.param("Y*Q==", id="a letter of no alphabet"),
        pytest.param("YQ-_", id="the URL alphabet"),
        pytest.param("é===", id="a letter outside ASCII"),
        pytest.param("\udce9", id="a byte that is no text"),
        pytest.param("A", id="one letter"),
    ],
)
def test_a_line_that_is_not_base64_is_refused(line: str) -> None:
    with pytest.raises(SaslError, match="is not base64"):
        decode(line)


@pytest.mark.parametrize(("line", "octets"), [("", b""), ("YQ==", b"a"), ("YWI=", b"ab"), ("YWJj", b"abc"), ("AHUAcA==", b"\0u\0p")])
def test_a_base64_line_gives_its_octets(line: str, octets: bytes) -> None:
    assert decode(line) == octets
    assert encode(octets) == line


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_any_challenge_reads_back(challenge: bytes) -> None:
    assert decode(encode(challenge)) == challenge


@settings(deadline=None)
@given(st.text(max_size=20) | st.text("AQ=+/ \n", max_size=12))
def test_a_line_is_either_refused_or_decoded(line: str) -> None:
    try:
        octets = decode(line)
    except SaslError:
        return
    assert len(base64.b64encode(octets)) == len(line)


def test_every_mechanism_takes_a_password_a_token_or_a_certificate() -> None:
    kinds = (PASSWORD_MECHANISMS, TOKEN_MECHANISMS, CERTIFICATE_MECHANISMS)
    assert sorted(name for kind in kinds for name in kind) == sorted(MECHANISMS)
    assert {"PLAIN", "LOGIN"} == PASSWORD_MECHANISMS


_OCTETS = st.binary(max_size=30) | st.lists(
    st.sampled_from([b"\x00", b"\x01", b"user=", b"auth=", b"Bearer ", b"a", b"\xc3\xa9", b"\xff"]), max_size=8
).map(b"".join)


@settings(deadline=None)
@given(st.sampled_from(sorted(MECHANISMS)), st.none() | _OCTETS, st.lists(_OCTETS, min_size=2, max_size=2))
@example("LOGIN", b"a\x00", [b"", b""])
@example("XOAUTH2", b"user=a\x00\x01auth=Bearer a\x01\x01", [b"", b""])
def test_no_response_makes_an_exchange_fail_otherwise_or_lets_a_nul_through(
    mechanism: str, initial: bytes | None, responses: list[bytes]
) -> None:
    exchange = MECHANISMS[mechanism](initial)
    try:
        next(exchange)
        for response in responses:
            exchange.send(response)
    except SaslError:
        return
    except StopIteration as end:
        match end.value:
            case PasswordCredentials(name, password, acts_for):
                assert "\x00" not in name + password + acts_for
            case TokenCredentials(user, token):
                assert user
                assert token
                assert "\x00" not in user + token
        return
    raise AssertionError("the exchange wants more than two responses")
