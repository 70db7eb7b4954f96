"""One request over HTTP with its answer, as it is kept: both heads without credentials, the bodies told by their size."""

from collections.abc import Iterable, Iterator

from mss_sim.clock import Micros
from mss_sim.evidence import masking

_HEAD_BYTES_MAX = 2_000
_FIELD_BYTES_MAX = 400
_EVERY_DAY = frozenset({b"content-length", b"date", b"server"})
"""What every answer has, and tells nothing."""

_COMMON: dict[tuple[tuple[bytes, bytes], ...], bytes] = {
    ((b"content-type", kind),): b"\r\ncontent-type: " + kind for kind in (b"application/json", b"application/problem+json", b"text/plain")
}
"""What most answers have, as it is shown."""
Fields = Iterable[tuple[bytes, bytes]]


class Exchange:
    """One request and its answer. `head` is the method and what is asked for, `fields` its header.

    `seconds` is None while it is being answered, `answered` the status, None where there was no answer; `event` is what happened besides.
    """

    __slots__ = ("answer", "answered", "at", "event", "fields", "head", "received", "refused", "seconds", "sent")

    def __init__(self, at: Micros) -> None:
        self.at = at
        self.head = self.fields = b""
        self.received = self.sent = 0
        self.answered: int | None = None
        self.answer = b""
        self.seconds: float | None = None
        self.event = self.refused = ""

    def lines(self) -> Iterator[tuple[str, bytes]]:
        """What was said, each with its side, as in any transcript: `C`, `S` and `-` for what happened."""
        yield "C", self.head + self.fields
        if self.received:
            yield "C", b"(a body of %d bytes)" % self.received
        if self.answered is not None:
            yield "S", b"HTTP/1.1 %d" % self.answered + self.answer
        if self.sent:
            yield "S", b"(a body of %d bytes)" % self.sent
        for told in filter(None, (self.event, self.refused)):
            yield "-", told.encode("utf-8", "replace")
        yield "-", self._outcome().encode("ascii")

    def _outcome(self) -> str:
        if self.seconds is None:
            return "still being answered"
        return f"{'answered' if self.answered is not None else 'ended without an answer'} after {self.seconds * 1_000:.1f} ms"


def request_line(method: str, path: bytes, query: bytes) -> bytes:
    """The first line of a request without its version and without credentials."""
    target = path + b"?" + masking.query(query) if query else path
    return masking.tokens(method.encode("latin-1", "replace") + b" " + target)


def fields(given: Fields) -> bytes:
    """Header fields, each on a line of its own, without credentials; of very many, or very long ones, the first."""
    shown: list[bytes] = [b""]
    size = more = 0
    for name, value in given:
        if size > _HEAD_BYTES_MAX:
            more += 1
        else:
            line = name + b": " + masking.field(name.lower(), value)
            shown.append(line[:_FIELD_BYTES_MAX])
            size += len(shown[-1])
    if more:
        shown.append(b"(%d fields more)" % more)
    return masking.tokens(b"\r\n".join(shown))


def answer_fields(given: Fields) -> bytes:
    """Those of an answer, but for what every answer has."""
    told = tuple([one for one in given if one[0] not in _EVERY_DAY])
    return _COMMON.get(told) or fields(told)
