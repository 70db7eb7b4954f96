"""Where a webhook may point, when it is tried again, and how it is signed: tables."""

import base64

import pytest
from standardwebhooks import Webhook

from mss_sim.errors import Refusal, Rule
from mss_sim.policy.webhooks import check_target, next_try, read_secret, read_target, signature

_DEFAULT = ("127.0.0.0/8", "::1/128")


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("http://127.0.0.1:9/mss", ("127.0.0.1", 9)),
        ("http://localhost", ("localhost", 80)),
        (f"http://{'a' * 63}.fr./", (f"{'a' * 63}.fr.", 80)),
        ("https://[::1]/x?y=1", ("::1", 443)),
        ("HTTPS://Exemple.fr:8443/", ("exemple.fr", 8443)),
    ],
)
def test_a_url_leads_to_a_host_and_a_port(url: str, target: tuple[str, int]) -> None:
    assert read_target(url) == target


@pytest.mark.parametrize(
    "url",
    [
        *(
            "",
            "127.0.0.1:9",
            "ftp://127.0.0.1/",
            "file:///etc/passwd",
            "http://",
            "http:///path",
            "http://127.0.0.1:x/",
            "http://127.0.0.1:99999/",
            "http://127.0.0.1:0/",
        ),
        *(
            "http://u:p@127.0.0.1/",
            "http://u@127.0.0.1/",
            "http://127.0.0.1/#x",
            "http://127.0.0.1/a b",
            "http://127.0.0.1/\r\nx: y",
            "gopher://127.0.0.1/",
        ),
        *("http://a..b/", "http://.a/", "http://./", f"http://{'a' * 64}.fr/"),
        *("http://[::1/", "http://exémple.fr/", "http://127.0.0.1/\x00"),
    ],
)
def test_what_is_no_target_is_refused(url: str) -> None:
    with pytest.raises(Refusal) as caught:
        read_target(url)
    assert (caught.value.rule, caught.value.subject, caught.value.reference) == (Rule.INVALID, "url", "quirks#webhooks")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ftp://127.0.0.1/", "url is where events are posted to: http://host:port/path, or https."),
        ("http://u@127.0.0.1/", "Leave the user and the fragment out of url; events are signed with the secret."),
        ("http://127.0.0.1/#x", "Leave the user and the fragment out of url; events are signed with the secret."),
    ],
)
def test_a_target_that_is_none_is_told_what_one_is(url: str, said: str) -> None:
    with pytest.raises(Refusal) as caught:
        read_target(url)
    assert caught.value.detail == said


@pytest.mark.parametrize(
    ("host", "addresses", "allowed", "is_allowed"),
    [
        ("localhost", ["127.0.0.1", "::1"], _DEFAULT, True),
        ("127.9.9.9", ["127.9.9.9"], _DEFAULT, True),
        ("::ffff:127.0.0.1", ["::ffff:127.0.0.1"], _DEFAULT, True),
        ("::ffff:10.0.0.1", ["::ffff:10.0.0.1"], _DEFAULT, False),
        ("10.0.0.1", ["10.0.0.1"], _DEFAULT, False),
        ("169.254.169.254", ["169.254.169.254"], _DEFAULT, False),
        ("0.0.0.0", ["0.0.0.0"], _DEFAULT, False),  # noqa: S104 - a target, not listened on
        ("fe80::1", ["fe80::1%eth0"], _DEFAULT, False),
        ("two-faced.example", ["127.0.0.1", "10.0.0.1"], _DEFAULT, False),
        ("ci.example", ["10.0.0.1"], ("ci.example",), True),
        ("CI.example.", ["10.0.0.1"], ("ci.example",), True),
        ("evil-ci.example", ["10.0.0.1"], ("ci.example",), False),
        ("anything", ["10.0.0.1"], ("10.0.0.0/8",), True),
        ("anything", ["10.0.0.1"], ("10.9.9.9/8",), True),
        ("anything", ["10.0.0.1"], (), False),
    ],
)
def test_only_what_is_listed_is_posted_to(host: str, addresses: list[str], allowed: tuple[str, ...], is_allowed: bool) -> None:
    if is_allowed:
        check_target(host, addresses, allowed)
        return
    with pytest.raises(Refusal, match="MSS_SIM_WEBHOOKS_HOSTS") as caught:
        check_target(host, addresses, allowed)
    assert caught.value.detail.startswith(f"{host} leads to {addresses[-1]}, where events are not sent")


def test_a_library_that_does_not_know_us_verifies_the_signature() -> None:
    import time

    secret, now, body = "whsec_" + base64.b64encode(b"k" * 32).decode(), int(time.time()), '{"type": "message.received"}'
    headers = {"webhook-id": "msg_1", "webhook-timestamp": str(now), "webhook-signature": signature(secret, "msg_1", now, body)}
    assert Webhook(secret).verify(body, headers) == {"type": "message.received"}


def _secret(octets: int) -> str:
    return "whsec_" + base64.b64encode(b"k" * octets).decode()


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "whsec_!!!", "secret", _secret(23), _secret(65), _secret(32).removeprefix("whsec_"), _secret(30) + "!!!!"]
)
def test_a_secret_that_is_none_is_refused(secret: str) -> None:
    with pytest.raises(Refusal, match="secret is whsec_") as caught:
        read_secret(secret)
    source = "standard-webhooks#signature-scheme"
    assert (caught.value.rule, caught.value.subject, caught.value.reference) == (Rule.INVALID, "secret", source)


@pytest.mark.parametrize("octets", [24, 64])
def test_a_secret_has_24_to_64_octets(octets: int) -> None:
    assert read_secret(_secret(octets)) == b"k" * octets


def test_tries_wait_longer_each_time_and_end() -> None:
    assert [next_try(tries, 5, 5) for tries in range(1, 6)] == [5, 20, 80, 320, None]
