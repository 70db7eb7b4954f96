"""Queries and forms, read strictly: repeated, NUL-containing or huge values are refused, empty ones count as absent."""

from dataclasses import dataclass
from urllib.parse import parse_qsl

from starlette.requests import Request

from mss_sim.core.psc.oauth_errors import OAuthError
from mss_sim.words.sentence import say

_BYTES_MAX = 65_536
_FIELDS_MAX = 100
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Parameters:
    """Parameters by name; `repeated` are those that occurred more than once (ref: rfc6749#3.1)."""

    values: dict[str, str]
    repeated: frozenset[str]

    def get(self, name: str) -> str | None:
        """The value of a parameter; None when it was not given."""
        if name in self.repeated:
            raise OAuthError("invalid_request", say("{name} was given more than once.", name=name))
        return self.values.get(name)

    def need(self, name: str) -> str:
        """The value of a required parameter."""
        value = self.get(name)
        if value is None:
            raise OAuthError("invalid_request", say("{name} is missing.", name=name))
        return value

    def check(self) -> None:
        """Refuse repeated parameters."""
        for name in sorted(self.repeated):
            self.get(name)


def of_query(request: Request) -> Parameters:
    """The parameters of the query."""
    return _parsed(request.scope["query_string"])


async def of_form(request: Request) -> Parameters:
    """The parameters of a form in the body."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != _FORM:
        raise OAuthError("invalid_request", say("The body is {form}.", form=_FORM))
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > _BYTES_MAX:
            raise OAuthError("invalid_request", say("The body is over {most} bytes.", most=_BYTES_MAX), status=413)
    return _parsed(bytes(body))


def _parsed(octets: bytes) -> Parameters:
    if len(octets) > _BYTES_MAX:
        raise OAuthError("invalid_request", say("The parameters are over {most} bytes.", most=_BYTES_MAX))
    try:
        pairs = parse_qsl(octets.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_FIELDS_MAX)
    except ValueError as error:
        raise OAuthError("invalid_request", say("The parameters are not form-encoded UTF-8, or too many.")) from error
    values: dict[str, str] = {}
    repeated = set()
    for name, value in pairs:
        if "\x00" in name or "\x00" in value:
            raise OAuthError("invalid_request", say("A parameter holds a NUL character; leave it out."))
        if name in values:
            repeated.add(name[:100])
        values[name] = value
    return Parameters({name: value for name, value in values.items() if value}, frozenset(repeated))
