"""The words of LDAP: kinds of operations, results, scopes (ref: rfc4511)."""

from enum import Enum, IntEnum


class Operation(Enum):
    """A request, by its tag; how it is called, and what its answer is called, stand in `NAMES` (ref: rfc4511#4.1.1)."""

    BIND = 0x60
    UNBIND = 0x42
    SEARCH = 0x63
    MODIFY = 0x66
    ADD = 0x68
    DELETE = 0x4A
    RENAME = 0x6C
    COMPARE = 0x6E
    ABANDON = 0x50
    EXTENDED = 0x77

    @property
    def request(self) -> str:
        """Its name."""
        return NAMES[self][0]

    @property
    def answer(self) -> str:
        """The name of its answer; empty where there is none."""
        return NAMES[self][1]


NAMES = {
    Operation.BIND: ("bindRequest", "bindResponse"),
    Operation.UNBIND: ("unbindRequest", ""),
    Operation.SEARCH: ("searchRequest", "searchResDone"),
    Operation.MODIFY: ("modifyRequest", "modifyResponse"),
    Operation.ADD: ("addRequest", "addResponse"),
    Operation.DELETE: ("delRequest", "delResponse"),
    Operation.RENAME: ("modDNRequest", "modDNResponse"),
    Operation.COMPARE: ("compareRequest", "compareResponse"),
    Operation.ABANDON: ("abandonRequest", ""),
    Operation.EXTENDED: ("extendedReq", "extendedResp"),
}
"""The names of the standard."""


class Scope(IntEnum):
    """How far a search goes (ref: rfc4511#4.5.1.2)."""

    BASE = 0
    ONE_LEVEL = 1
    SUBTREE = 2


class ResultCode(IntEnum):
    """What became of an operation (ref: rfc4511#A.1)."""

    SUCCESS = 0
    PROTOCOL_ERROR = 2
    TIME_LIMIT_EXCEEDED = 3
    SIZE_LIMIT_EXCEEDED = 4
    COMPARE_FALSE = 5
    COMPARE_TRUE = 6
    AUTH_METHOD_NOT_SUPPORTED = 7
    ADMIN_LIMIT_EXCEEDED = 11
    UNAVAILABLE_CRITICAL_EXTENSION = 12
    NO_SUCH_ATTRIBUTE = 16
    UNDEFINED_ATTRIBUTE_TYPE = 17
    NO_SUCH_OBJECT = 32
    INVALID_DN_SYNTAX = 34
    INVALID_CREDENTIALS = 49
    INSUFFICIENT_ACCESS_RIGHTS = 50
    UNAVAILABLE = 52
    UNWILLING_TO_PERFORM = 53
    OTHER = 80

    @property
    def word(self) -> str:
        """Its name in the standard, `noSuchObject`."""
        first, *rest = self.name.lower().split("_")
        return first + "".join(part.upper() if part == "dn" else part.title() for part in rest)
