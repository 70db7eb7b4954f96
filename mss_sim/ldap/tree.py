"""What there is: the authorities of IGC-Santé in the national tree, the root DSE and the subschema, and mailboxes by choice.

    c=FR                                                      not held here
    └── o=ASIP-SANTE
        └── ou=0002 187512751
            └── ou=IGC-SANTE TEST
                └── ou=TEST AC RACINE IGC-SANTE ELEMENTAIRE
                    ├── cn=TEST AC RACINE IGC-SANTE ELEMENTAIRE
                    └── cn=TEST AC IGC-SANTE ELEMENTAIRE ORGANISATIONS, and the other ranges that exist
    o=mss-sim
    └── mail=…                                                one for each published mailbox

The names of the authority of organisations and of all above it are those of its distribution point (ref: quirks#ldap-tree). Certificates
and lists are made when they are shown: what lies here says that they are there.
"""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version

from mss_sim.core.annuaire.published_mailboxes import ListedMailbox
from mss_sim.core.assembly import Core
from mss_sim.ldap import names, schema
from mss_sim.ldap.names import Name
from mss_sim.pki.authority import CONTEXT, ROOT, TREE, directory_name
from mss_sim.vocabulary.ldap import Scope
from mss_sim.vocabulary.mailboxes import MailboxKind

MAILBOXES = "o=mss-sim"
SUBSCHEMA = "cn=Subschema"
LATE = b""
"""The value of what is made when it is shown."""
_NOT_NATIONAL = "A choice of mss-sim: there is no national LDAP directory of mailboxes."
_SPECIAL = str.maketrans({letter: f"\\{letter}" for letter in '"+,;<>\\'})


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry: its name as it is shown and as it is compared, what it has, and of an authority its label."""

    dn: str
    name: Name
    values: Mapping[str, Sequence[bytes]]
    label: str = ""

    @classmethod
    def of(cls, dn: str, classes: Sequence[str], values: Mapping[str, str | Sequence[bytes]], label: str = "") -> "Entry":
        """An entry of these classes; empty texts are left out."""
        told = {name: (value.encode(),) if isinstance(value, str) else value for name, value in values.items() if value}
        every = {"objectClass": [one.encode() for one in ("top", *classes)], **told, "subschemaSubentry": [SUBSCHEMA.encode()]}
        return cls(dn, names.read(dn), every, label)


class Tree:
    """The entries of one world."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._mailboxes = core.world.settings.ldap.mailboxes
        self._described = Entry.of(
            SUBSCHEMA,
            ["subschema", "extensibleObject"],
            {
                "cn": "Subschema",
                "attributeTypes": [one.described().encode() for one in schema.ATTRIBUTES.values()],
                "objectClasses": [one.encode() for one in schema.CLASSES],
            },
        )
        self._above = list(_structure())
        self._mailbox_root = Entry.of(MAILBOXES, ["organization"], {"o": "mss-sim", "description": _NOT_NATIONAL})
        self._contexts = [self._above[0].name, *([self._mailbox_root.name] if self._mailboxes else [])]

    async def base(self, name: Name) -> Entry | None:
        """The entry of that name; None when there is none."""
        if not name:
            return self._root_dse()
        for one in (self._described, *self._fixed()):
            if one.name == name:
                return one
        if self._mailboxes and len(name) == 2 and name[1:] == self._mailbox_root.name and len(name[0]) == 1 and name[0][0][0] == "mail":
            found = await self._core.annuaire().listing.one(name[0][0][1])
            return None if found is None else mailbox_entry(found)
        return None

    def nearest(self, name: Name) -> str:
        """The entry next above a name that is not there; empty when there is none (ref: rfc4511#4.1.9)."""
        above = [one for one in self._fixed() if names.is_below(name, one.name)]
        return max(above, key=lambda one: len(one.name)).dn if above else ""

    async def below(self, base: Entry, scope: Scope) -> AsyncIterator[Sequence[Entry]]:
        """What a search looks at, the base first, some at a time. Of the root DSE: what is below the naming contexts."""
        if scope is Scope.BASE:
            yield [base]
            return
        deep = scope is Scope.SUBTREE
        yield [one for one in self._fixed() if self._is_in(one, base, deep=deep)]
        mailboxes = names.is_below(self._mailbox_root.name, base.name) if deep else base.name == self._mailbox_root.name
        if self._mailboxes and mailboxes:
            async for found in self._core.annuaire().listing.every():
                yield [mailbox_entry(one) for one in found]
        elif deep and base.name and base.name not in {one.name for one in self._fixed()}:
            yield [base]  # a leaf that is made when it is asked for

    def _is_in(self, one: Entry, base: Entry, *, deep: bool) -> bool:
        if deep:
            return names.is_below(one.name, base.name)
        return one.name in self._contexts if not base.name else len(one.name) == len(base.name) + 1 and one.name[1:] == base.name

    def _fixed(self) -> Iterator[Entry]:
        yield from self._above
        for one in self._core.authorities.existing():
            dn = directory_name(one.label)
            if dn is not None:
                yield _authority(dn, one.label)
        if self._mailboxes:
            yield self._mailbox_root

    def _root_dse(self) -> Entry:
        """What the server is (ref: rfc4512#5.1)."""
        contexts = [",".join(CONTEXT).encode(), *([MAILBOXES.encode()] if self._mailboxes else [])]
        about: dict[str, str | Sequence[bytes]] = {
            "namingContexts": contexts,
            "supportedLDAPVersion": "3",
            "vendorName": "mss-sim",
            "vendorVersion": version("mss-sim"),
        }
        return Entry.of("", ["extensibleObject"], about)


def _structure() -> Iterator[Entry]:
    """What stands above the authorities, from the top."""
    for at in range(len(TREE) - len(CONTEXT), -1, -1):
        kind, _, value = TREE[at].partition("=")
        yield Entry.of(",".join(TREE[at:]), ["organization" if kind == "o" else "organizationalUnit"], {kind: value})


def _authority(dn: str, label: str) -> Entry:
    """An authority: the list of a root is one of authorities too."""
    lists = ["certificateRevocationList", *(["authorityRevocationList"] if label == ROOT else [])]
    common = dn.partition(",")[0].removeprefix("cn=")
    late = {name: [LATE] for name in ("cACertificate", *lists)}
    return Entry.of(dn, ["cRLDistributionPoint", "pkiCA"], {"cn": common, **late}, label)


def mailbox_entry(found: ListedMailbox) -> Entry:
    """A published mailbox; its description says that no national tree has it."""
    dn = f"mail={found.address.translate(_SPECIAL)},{MAILBOXES}"
    about = {"mail": found.address, "businessCategory": found.kind, "description": _NOT_NATIONAL, "uid": found.idnat}
    if found.kind in (MailboxKind.ORG, MailboxKind.APP) or not found.given:
        return Entry.of(dn, ["organization", "extensibleObject"], {**about, "o": found.family, "cn": found.label or found.family})
    named = {
        "cn": f"{found.given} {found.family}",
        "sn": found.family,
        "givenName": found.given,
        "title": found.title,
        "o": found.structure,
    }
    return Entry.of(dn, ["person", "organizationalPerson", "inetOrgPerson"], {**about, **named})
