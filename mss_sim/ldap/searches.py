"""What a search finds, and in which form: which attributes of an entry are shown, and what is made only then.

A search asks the service of the authority once, when it finds certificates or lists that it shows: what fails then is what the HTTP door
would show likewise, a list out of date, a page in its place, a refusal, a silence.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

from mss_sim.core.assembly import Core
from mss_sim.core.trust import certificates
from mss_sim.ldap import names, schema
from mss_sim.ldap.messages import Search
from mss_sim.ldap.names import NoName
from mss_sim.ldap.schema import Kind
from mss_sim.ldap.tree import LATE, Entry, Tree
from mss_sim.pki import bundles
from mss_sim.vocabulary.ldap import ResultCode
from mss_sim.words.sentence import Sentence, say

_ALL_USER, _ALL_OPERATIONAL = "*", "+"  # ref: rfc4511#4.5.1.8, rfc3673#2; "1.1", which wants none, is the number of none
NO_LIST = b"<!DOCTYPE html><html><head><title>mss-sim</title></head><body><p>Maintenance en cours</p></body></html>"
"""What stands where a certificate or a list is expected, when the service was told to answer with a page."""
Shown = tuple[str, Sequence[bytes]]
"""An attribute as it is sent: its name with its option, and its values."""


class Refused(Exception):
    """An operation does not succeed: with which result, why, and which entry is the nearest to one that is not there."""

    def __init__(self, code: ResultCode, told: Sentence, matched: str = "") -> None:
        super().__init__(code.word)
        self.code = code
        self.told = told
        self.matched = matched


@dataclass(frozen=True, slots=True)
class Selection:
    """Which attributes a search wants (ref: rfc4511#4.5.1.8)."""

    names: frozenset[str]
    user: bool
    operational: bool

    @classmethod
    def of(cls, asked: Sequence[str]) -> "Selection":
        """That of a list of descriptions; an empty one wants all that are for users."""
        known = (schema.attribute(one) for one in asked)
        wanted = frozenset(one.name for one in known if one is not None)
        return cls(wanted, not asked or _ALL_USER in asked, _ALL_OPERATIONAL in asked)

    def takes(self, one: schema.Attribute) -> bool:
        """Whether it wants an attribute."""
        return one.name in self.names or (self.operational if one.operational else self.user)


async def base_of(tree: Tree, written: str) -> Entry:
    """The entry that a request names; Refused when it is not there, or the name is none."""
    try:
        name = names.read(written)
    except NoName as error:
        raise Refused(ResultCode.INVALID_DN_SYNTAX, say("{text} is no distinguished name (rfc4514#3).", text=written[:200])) from error
    found = await tree.base(name)
    if found is None:
        raise Refused(ResultCode.NO_SUCH_OBJECT, say("There is no entry {name}.", name=written[:200]), tree.nearest(name))
    return found


async def found(tree: Tree, wanted: Search) -> AsyncIterator[Entry]:
    """The entries that a search finds, as they come; Refused when its base is not there."""
    base = await base_of(tree, wanted.base)
    async for some in tree.below(base, wanted.scope):
        for one in some:
            if wanted.filter.holds(one.values):
                yield one


def entry_shown(entry: Entry, wanted: Search, late: Mapping[str, bytes]) -> list[Shown]:
    """The attributes of an entry that a search shows; `late`: what was made of those that are made when they are shown."""
    selection = Selection.of(wanted.attributes)
    taken = [(schema.ATTRIBUTES[name], values) for name, values in entry.values.items()]
    return [
        (one.shown, [] if wanted.types_only else [late[one.name]] if list(values) == [LATE] else values)
        for one, values in taken
        if selection.takes(one)
    ]


def late_names(entry: Entry, wanted: Search) -> list[str]:
    """What must be made for an entry before it is shown."""
    selection = Selection.of(wanted.attributes)
    late = [name for name, values in entry.values.items() if list(values) == [LATE]]
    return [name for name in late if not wanted.types_only and selection.takes(schema.ATTRIBUTES[name])]


async def made(core: Core, label: str, name: str, *, expired: bool) -> bytes:
    """A certificate or a list of an authority, DER."""
    if schema.ATTRIBUTES[name].kind is Kind.CERTIFICATE:
        return bundles.der(core.authorities.authority(label).certificate)
    return await certificates.crl(core.world, label, expired=expired)
