"""Where a webhook may point, when one is tried again, and how what it is told is signed.

| the target                                         | is                        |
|----------------------------------------------------|---------------------------|
| is no http or https URL, or holds a user           | refused                   |
| is a name that the setting lists                   | allowed, wherever it leads |
| leads to addresses that are all in listed networks | allowed                   |
| leads anywhere else                                | refused, at each try anew |

By default this machine alone is listed: nothing leaves it unasked. Names are looked up at each try and what was found is what is
connected to, so that a name which changes its mind opens nothing; redirects are not followed.

What is told is signed as Standard Webhooks says, so that its libraries verify it (ref: standard-webhooks#signature-scheme): the secret is
`whsec_` and base64, signed are the id, the time and the body. A target that answers 410 is not told any more.
"""

import base64
import hmac
import ipaddress
from collections.abc import Collection, Iterable
from hashlib import sha256
from urllib.parse import urlsplit

from mss_sim.errors import Refusal, Rule
from mss_sim.words.sentence import Sentence, say

SECRET_PREFIX = "whsec_"  # noqa: S105 - what secrets begin with
GONE = 410
_GROWTH = 4


def read_target(url: str) -> tuple[str, int]:
    """The host and the port that a URL leads to; Refusal(INVALID) for what is none, or holds more than it should."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    printable = url.isascii() and url.isprintable() and " " not in url
    if not host or port == 0 or not _can_be_looked_up(host) or parts.scheme not in ("http", "https") or not printable:
        raise _refused(say("url is where events are posted to: http://host:port/path, or https."))
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise _refused(say("Leave the user and the fragment out of url; events are signed with the secret."))
    return host, port or (443 if parts.scheme == "https" else 80)


def _can_be_looked_up(host: str) -> bool:
    """Whether each label has 1 to 63 characters (ref: rfc1035#2.3.4): others are no name, and their look-up fails."""
    return all(0 < len(label) < 64 for label in host.removesuffix(".").split("."))


def check_target(host: str, addresses: Iterable[str], allowed: Collection[str]) -> None:
    """Refuse a target that the setting does not allow; `addresses`: those that its name leads to now."""
    if host.lower().rstrip(".") in {one.lower() for one in allowed}:
        return
    networks = [network for network in map(_network, allowed) if network is not None]
    for address in addresses:
        found = ipaddress.ip_address(address.partition("%")[0])
        plain = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped else found
        if not any(plain.version == network.version and plain in network for network in networks):
            detail = say(
                "{host} leads to {address}, where events are not sent: MSS_SIM_WEBHOOKS_HOSTS lists where they may go.",
                host=host,
                address=address,
            )
            raise _refused(detail)


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _refused(detail: Sentence) -> Refusal:
    return Refusal(Rule.INVALID, detail, subject="url", reference="quirks#webhooks")


def read_secret(text: str) -> bytes:
    """The key in a secret; Refusal(INVALID) when it is none, or shorter than 24 bytes."""
    try:
        key = base64.b64decode(text.removeprefix(SECRET_PREFIX), validate=True) if text.startswith(SECRET_PREFIX) else b""
    except ValueError:
        key = b""
    if not 24 <= len(key) <= 64:
        detail = say("secret is whsec_ and 24 to 64 bytes in base64; leave it out, and one is drawn.")
        raise Refusal(Rule.INVALID, detail, subject="secret", reference="standard-webhooks#signature-scheme")
    return key


def signature(secret: str, message_id: str, seconds: int, body: str) -> str:
    """What stands in `webhook-signature`."""
    signed = f"{message_id}.{seconds}.{body}".encode()
    return "v1," + base64.b64encode(hmac.digest(read_secret(secret), signed, sha256)).decode()


def next_try(tries: int, first_seconds: float, tries_max: int) -> float | None:
    """Seconds until the next try, after so many that failed; None when that was the last one."""
    return None if tries >= tries_max else first_seconds * _GROWTH ** (tries - 1)
