"""What the header of a letter says about machines: who wrote it, to how many, and which mailboxes it has passed."""

from typing import NamedTuple

from mss_sim.mail.addresses import AddressError, canonical
from mss_sim.mail.headers import Headers
from mss_sim.vocabulary.mail import AutoSubmitted, Precedence

_BULK = frozenset(one.value for one in Precedence)


class AutomaticMarks(NamedTuple):
    """`automatic`: a machine wrote it (ref: rfc3834#5); `bulk`: it went to a list (ref: rfc3834#2).

    `passed`: the mailboxes that forwarded it, the last one first; `hops`: how many servers wrote that they took it.
    """

    automatic: bool = False
    bulk: bool = False
    passed: tuple[str, ...] = ()
    hops: int = 0


def automatic_marks(headers: Headers) -> AutomaticMarks:
    """The marks of a header; what cannot be read is none."""
    written = (_word(value) for value in headers.all("Auto-Submitted"))
    lists = any(name[:5].lower() == "list-" for name, _ in headers.fields)
    return AutomaticMarks(
        automatic=any(word not in ("", AutoSubmitted.NO) for word in written),
        bulk=lists or any(_word(value) in _BULK for value in headers.all("Precedence")),
        passed=tuple(filter(None, map(_address, headers.all("Delivered-To")))),
        hops=len(headers.all("Received")),
    )


def _word(value: bytes) -> str:
    """The keyword of a value, without its parameters and comments."""
    return value.partition(b";")[0].partition(b"(")[0].strip().lower().decode("ascii", "replace")


def _address(value: bytes) -> str:
    try:
        return canonical(value.decode("utf-8").strip().strip("<>"))
    except (AddressError, UnicodeDecodeError):
        return ""
