"""Requests of LDAP read, and answers written: BER by pyasn1, types by its module of LDAP where that has them right.

That module knows filters of three levels, and takes the names of what is deleted and abandoned for results; those are read here. A filter
is read level by level, each of which looks no deeper than itself.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any as Anything

from pyasn1.codec.ber import decoder, encoder
from pyasn1.error import PyAsn1Error
from pyasn1.type import namedtype, tag, univ
from pyasn1_modules import rfc2251

from mss_sim.ldap import filters, framing
from mss_sim.ldap.filters import Filter
from mss_sim.ldap.framing import TooComplex, Unreadable
from mss_sim.vocabulary.ldap import Operation, ResultCode, Scope

NOTICE_OF_DISCONNECTION = b"1.3.6.1.4.1.1466.20036"  # ref: rfc4511#4.4.1
_ID_MAX = 2**31 - 1
_VERSION_MAX = 127  # ref: rfc4511#4.2
_CONTEXT = 0x80
_ALIASES_MAX = 3  # ref: rfc4511#4.5.1.3
_SCOPES = {Scope.BASE: "base", Scope.ONE_LEVEL: "one", Scope.SUBTREE: "sub"}


class BadRequest(Exception):
    """A request of a known kind that cannot be read; it is answered (ref: rfc4511#4.1.1)."""


@dataclass(frozen=True, slots=True)
class Bind:
    """Who the client is. `password` of a simple bind; None for SASL, by the mechanism."""

    version: int
    name: str
    password: bytes | None
    mechanism: str = ""

    def text(self) -> str:
        """For people, without the password."""
        named = f'"{self.name}"' if self.name else "without a name"
        how = f"by SASL {self.mechanism}" if self.password is None else "with a password" if self.password else ""
        return f"version {self.version} {named} {how}".rstrip()


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for; limits are 0 where there are none."""

    base: str
    scope: Scope
    size_limit: int
    time_limit: int
    types_only: bool
    filter: Filter
    attributes: tuple[str, ...]

    def text(self) -> str:
        """For people, in the words of a URL (ref: rfc4516#2)."""
        limits = [f"(size {self.size_limit})"] * bool(self.size_limit) + [f"(time {self.time_limit})"] * bool(self.time_limit)
        types = ["(types only)"] * self.types_only
        return " ".join((f'"{self.base}"', _SCOPES[self.scope], self.filter.text(), *self.attributes, *limits, *types))


@dataclass(frozen=True, slots=True)
class Compare:
    """Whether an entry has a value."""

    entry: str
    wanted: filters.Equal

    def text(self) -> str:
        """For people."""
        return f'"{self.entry}" {self.wanted.text()}'


@dataclass(frozen=True, slots=True)
class Write:
    """What would change an entry."""

    entry: str

    def text(self) -> str:
        """For people."""
        return f'"{self.entry}"'


@dataclass(frozen=True, slots=True)
class Abandon:
    """The request of that number is asked for no longer."""

    id: int

    def text(self) -> str:
        """For people."""
        return str(self.id)


@dataclass(frozen=True, slots=True)
class Extended:
    """An operation that an OID names."""

    oid: str

    def text(self) -> str:
        """For people."""
        return self.oid


@dataclass(frozen=True, slots=True)
class Unbind:
    """The client takes its leave."""

    def text(self) -> str:
        """For people: there is nothing to say."""
        return ""


Request = Bind | Search | Compare | Write | Abandon | Extended | Unbind


@dataclass(frozen=True, slots=True)
class Message:
    """A message: its number, of which kind it is, its operation unread; OIDs of controls that it does not go without.

    `complex`: it is made of so much that nobody reads it.
    """

    id: int
    operation: Operation
    octets: bytes = field(repr=False)
    critical: tuple[str, ...] = ()
    complex: bool = False


def _tag(number: int, *, constructed: bool = True, application: bool = False) -> tag.Tag:
    form = tag.tagFormatConstructed if constructed else tag.tagFormatSimple
    return tag.Tag(tag.tagClassApplication if application else tag.tagClassContext, form, number)


def _sequence(*parts: tuple[str, Anything], tagged: tag.Tag | None = None, controls: bool = False) -> univ.Sequence:
    named = [namedtype.NamedType(name, type_) for name, type_ in parts]
    if controls:
        named.append(namedtype.OptionalNamedType("controls", rfc2251.Controls().subtype(implicitTag=_tag(0))))
    made = univ.Sequence(componentType=namedtype.NamedTypes(*named))
    return made.subtype(implicitTag=tagged) if tagged else made


_MESSAGE = _sequence(("id", univ.Integer()), ("operation", univ.Any()), controls=True)
_BIND = _sequence(
    ("version", univ.Integer()), ("name", univ.OctetString()), ("authentication", univ.Any()), tagged=_tag(0, application=True)
)
_SIMPLE = univ.OctetString().subtype(implicitTag=_tag(0, constructed=False))
_SASL = rfc2251.SaslCredentials().subtype(implicitTag=_tag(3))
_SEARCH = _sequence(
    ("base", univ.OctetString()),
    ("scope", univ.Enumerated()),
    ("aliases", univ.Enumerated()),
    ("size", univ.Integer()),
    ("time", univ.Integer()),
    ("types", univ.Boolean()),
    ("filter", univ.Any()),
    ("attributes", univ.SequenceOf(componentType=univ.OctetString())),
    tagged=_tag(3, application=True),
)
_SEVERAL = {number: univ.SetOf(componentType=univ.Any()).subtype(implicitTag=_tag(number)) for number in (0, 1)}
_NOT = univ.Any().subtype(explicitTag=_tag(2))
_CONDITION = rfc2251.Filter3()
_DELETE = univ.OctetString().subtype(implicitTag=_tag(10, constructed=False, application=True))
_ABANDON = univ.Integer().subtype(implicitTag=_tag(16, constructed=False, application=True))
_UNBIND = univ.Null().subtype(implicitTag=_tag(2, constructed=False, application=True))


def read(octets: bytes) -> Message:
    """The message in these octets; Unreadable when they are none."""
    complex_ = False
    try:
        framing.look_through(octets)
    except TooComplex:
        complex_ = True
    try:
        found = _decoded(octets, _MESSAGE)
        number, operation = int(found["id"]), bytes(found["operation"])
        controls = [] if complex_ else [(_text(one["controlType"]), bool(one["criticality"])) for one in found["controls"]]
    except BadRequest as error:
        raise Unreadable("no message") from error
    kind = next((one for one in Operation if one.value == operation[0]), None)
    if kind is None or not 0 < number <= _ID_MAX:
        raise Unreadable("no request")
    return Message(number, kind, operation, tuple(oid for oid, critical in controls if critical), complex_)


def read_request(message: Message, filter_items_max: int) -> Request:
    """The operation of a message; BadRequest when it cannot be read, TooComplex when it, or a filter in it, is made of too much."""
    if message.complex:
        raise TooComplex
    if message.operation is Operation.SEARCH:
        return _search(message.octets, filter_items_max)
    return _REQUESTS[message.operation](message.octets)


def _unbind(octets: bytes) -> Unbind:
    _decoded(octets, _UNBIND)
    return Unbind()


def _compare(octets: bytes) -> Compare:
    found = _decoded(octets, rfc2251.CompareRequest())
    return Compare(_text(found["entry"]), filters.Equal(*_assertion(found["ava"])))


def _write(type_: Anything, name: str) -> Callable[[bytes], Write]:
    return lambda octets: Write(_text(_decoded(octets, type_)[name]))


def _decoded(octets: bytes, type_: Anything) -> Anything:
    """A value of that type, and nothing behind it."""
    try:
        found, rest = decoder.decode(octets, asn1Spec=type_)
    except (PyAsn1Error, ValueError, IndexError, OverflowError) as error:
        raise BadRequest from error
    if rest:
        raise BadRequest
    return found


def _text(octets: Anything) -> str:
    """A text as LDAP has it, UTF-8; names that are none are read as far as they can be."""
    return bytes(octets).decode("utf-8", "replace")


def _number(found: Anything, most: int) -> int:
    number = int(found)
    if not 0 <= number <= most:
        raise BadRequest
    return number


def _bind(octets: bytes) -> Bind:
    found = _decoded(octets, _BIND)
    version, name, authentication = _number(found["version"], _VERSION_MAX), _text(found["name"]), bytes(found["authentication"])
    if authentication[:1] == bytes([_CONTEXT]):
        return Bind(version, name, bytes(_decoded(authentication, _SIMPLE)))
    return Bind(version, name, None, _text(_decoded(authentication, _SASL)["mechanism"]))


def _search(octets: bytes, filter_items_max: int) -> Search:
    found = _decoded(octets, _SEARCH)
    scope, size, time = _number(found["scope"], Scope.SUBTREE), _number(found["size"], _ID_MAX), _number(found["time"], _ID_MAX)
    _number(found["aliases"], _ALIASES_MAX)
    wanted = _Conditions(filter_items_max).read(bytes(found["filter"]))
    attributes = tuple(map(_text, found["attributes"]))
    return Search(_text(found["base"]), Scope(scope), size, time, bool(found["types"]), wanted, attributes)


_REQUESTS: dict[Operation, Callable[[bytes], Request]] = {
    Operation.BIND: _bind,
    Operation.UNBIND: _unbind,
    Operation.COMPARE: _compare,
    Operation.ABANDON: lambda octets: Abandon(_number(_decoded(octets, _ABANDON), _ID_MAX)),
    Operation.EXTENDED: lambda octets: Extended(_text(_decoded(octets, rfc2251.ExtendedRequest())["requestName"])),
    Operation.DELETE: lambda octets: Write(_text(_decoded(octets, _DELETE))),
    Operation.MODIFY: _write(rfc2251.ModifyRequest(), "object"),
    Operation.ADD: _write(rfc2251.AddRequest(), "entry"),
    Operation.RENAME: _write(rfc2251.ModifyDNRequest(), "entry"),
}


def _assertion(found: Anything) -> tuple[str, bytes]:
    return _text(found["attributeDesc"]), bytes(found["assertionValue"])


class _Conditions:
    """Reads one filter, of at most so many conditions."""

    def __init__(self, most: int) -> None:
        self._left = most

    def read(self, octets: bytes) -> Filter:
        """The filter in these octets."""
        self._left -= 1
        if self._left < 0:
            raise TooComplex
        if not octets:
            raise BadRequest
        number = octets[0] & 0x1F
        if number in _SEVERAL:
            of = tuple(self.read(bytes(one)) for one in _decoded(octets, _SEVERAL[number]))
            return filters.Any(of) if number else filters.All(of)
        if number == 2:
            return filters.Not(self.read(bytes(_decoded(octets, _NOT))))
        found = _decoded(octets, _CONDITION)
        return _READ[found.getName()](found.getComponent())


def _like(found: Anything) -> Filter:
    """Pieces of a text: the first may begin it, the last may end it (ref: rfc4511#4.5.1.7.2)."""
    pieces = [(one.getName(), bytes(one.getComponent())) for one in found["substrings"]]
    places = [name for name, _ in pieces]
    if not pieces or "initial" in places[1:] or "final" in places[:-1]:
        raise BadRequest
    of = {name: piece for name, piece in pieces if name != "any"}
    between = tuple(piece for name, piece in pieces if name == "any")
    return filters.Like(_text(found["type"]), of.get("initial", b""), between, of.get("final", b""))


def _extensible(found: Anything) -> Filter:
    described = _text(found["type"]) if found["type"].hasValue() else ""
    rule = f":{_text(found['matchingRule'])}" if found["matchingRule"].hasValue() else ""
    return filters.Untold(described, rule + ":=", bytes(found["matchValue"]))


_READ: dict[str, Callable[[Anything], Filter]] = {
    "equalityMatch": lambda found: filters.Equal(*_assertion(found)),
    "approxMatch": lambda found: filters.Equal(*_assertion(found)),  # ref: rfc4511#4.5.1.7.6
    "substrings": _like,
    "present": lambda found: filters.Present(_text(found)),
    "greaterOrEqual": lambda found: filters.Untold(_assertion(found)[0], ">=", _assertion(found)[1]),
    "lessOrEqual": lambda found: filters.Untold(_assertion(found)[0], "<=", _assertion(found)[1]),
    "extensibleMatch": _extensible,
}


# Answers


def result(number: int, operation: Operation, code: ResultCode, told: str = "", matched: str = "") -> bytes:
    """The result of an operation that has one."""
    made = _RESULTS[operation]()
    made["resultCode"], made["matchedDN"], made["errorMessage"] = int(code), matched.encode(), told.encode()
    return _written(number, operation.answer, made)


def entry(number: int, name: str, attributes: Iterable[tuple[str, Sequence[bytes]]]) -> bytes:
    """An entry that a search found; without values where types alone are asked for."""
    made = rfc2251.SearchResultEntry()
    made["objectName"] = name.encode()
    made["attributes"].clear()
    for at, (type_, values) in enumerate(attributes):
        made["attributes"][at]["type"] = type_.encode()
        made["attributes"][at]["vals"].clear()
        made["attributes"][at]["vals"].extend(values)
    return _written(number, "searchResEntry", made)


def notice(code: ResultCode, told: str) -> bytes:
    """What a server says of itself before it ends a connection (ref: rfc4511#4.4.1)."""
    made = rfc2251.ExtendedResponse()
    made["resultCode"], made["matchedDN"], made["errorMessage"] = int(code), b"", told.encode()
    made["responseName"] = NOTICE_OF_DISCONNECTION
    return _written(0, "extendedResp", made)


_RESULTS: dict[Operation, Callable[[], Anything]] = {
    Operation.BIND: rfc2251.BindResponse,
    Operation.SEARCH: rfc2251.SearchResultDone,
    Operation.MODIFY: rfc2251.ModifyResponse,
    Operation.ADD: rfc2251.AddResponse,
    Operation.DELETE: rfc2251.DelResponse,
    Operation.RENAME: rfc2251.ModifyDNResponse,
    Operation.COMPARE: rfc2251.CompareResponse,
    Operation.EXTENDED: rfc2251.ExtendedResponse,
}


def _written(number: int, name: str, operation: Anything) -> bytes:
    made = rfc2251.LDAPMessage()
    made["messageID"] = number
    made["protocolOp"][name] = operation
    return bytes(encoder.encode(made))
