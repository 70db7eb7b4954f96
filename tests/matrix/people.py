"""The people and the mailboxes of the matrix, as tables: who they are, what they hold, and nothing of what follows from it."""

from itertools import combinations
from typing import Any, NamedTuple

from mss_sim.policy.access import ALL_RIGHTS, Access, Grant, access_at
from mss_sim.vocabulary.mailboxes import HolderRole, IdentityKind, MailboxKind, MailboxState, Right

DOMAIN = "matrix.sim.mssante.fr"
PATIENTS = "patient.mssante.fr"
PASSWORD = "matrix-2026"
_NOW = 1_000


class Person(NamedTuple):
    """Somebody who asks.

    `rights`: the grant that he has over every professional mailbox; `cares`: the one over every patient's; `ended`: why it gives nothing.
    """

    name: str
    number: int
    kind: IdentityKind = IdentityKind.EMPLOYEE
    rights: frozenset[Right] = frozenset()
    cares: frozenset[Right] = frozenset()
    ended: str = ""
    enabled: bool = True
    anonymous: bool = False

    @property
    def idnat(self) -> str:
        """A number of the shape of his kind; its key is not looked at."""
        shapes = {
            IdentityKind.PROFESSIONAL: "8997009{:05}",
            IdentityKind.EMPLOYEE: "590000010000017/M{:05}",
            IdentityKind.ORGANISATION: "17509{:05}",
            IdentityKind.APPLICATION: "3690990023/M{:05}",
            IdentityKind.PATIENT: "2850375{:08}",
            IdentityKind.CARER: "AIDANT-{:05}",
        }
        return shapes[self.kind].format(self.number)

    @property
    def narrow(self) -> bool:
        """Whether he stands for one or two rights, of which there are many: he logs in in the plain way alone."""
        return len(self.rights) in (1, 2)

    def granted(self, box: "Box") -> frozenset[Right]:
        """The rights that a grant over a mailbox names, in force or not."""
        return self.cares if box.kind is MailboxKind.PATIENT else self.rights

    def meets(self, box: "Box") -> bool:
        """Whether he is asked about a mailbox: pairs of rights are not asked about each kind in each state, nor where they give nothing."""
        if self.cares and not self.rights:  # one who only cares is a stranger to every other mailbox, be it one or all
            return box.kind is MailboxKind.PATIENT or box == Box(MailboxKind.PER, MailboxState.ACTIVE)
        if len(self.rights) != 2:
            return True
        return box.kind is MailboxKind.CAB or (box.state is MailboxState.ACTIVE and box.kind is not MailboxKind.PATIENT)


class Box(NamedTuple):
    """A mailbox: each kind in each state."""

    kind: MailboxKind
    state: MailboxState

    @property
    def address(self) -> str:
        """Where it is written to; a patient's is his INS."""
        if self.kind is MailboxKind.PATIENT:
            return f"28503750000{list(MailboxState).index(self.state):04}@{PATIENTS}"
        return f"{self.kind.lower()}.{self.state}@{DOMAIN}"

    @property
    def twin(self) -> str:
        """An address of the same length that nobody has."""
        return self.address[0].translate(str.maketrans("pcaoi2", "xxxxx1")) + self.address[1:]

    @property
    def holder(self) -> str:
        """The name of who owns it, or is responsible for it."""
        return _OWNERS[self.kind]


_OWNERS = {
    MailboxKind.PER: "holder",
    MailboxKind.CAB: "holder",
    MailboxKind.ORG: "organisation",
    MailboxKind.APP: "organisation",
    MailboxKind.PATIENT: "patient",
}
_PRO, _CARER, _SEE = IdentityKind.PROFESSIONAL, IdentityKind.CARER, Right.SEE
_ANSWERS = frozenset({Right.SEE, Right.READ, Right.SEND_ON_BEHALF})


def _people() -> list[Person]:
    rows: list[tuple[str, dict[str, Any]]] = [
        ("holder", {"kind": _PRO}),
        ("co-holder", {"kind": _PRO}),
        ("organisation", {"kind": IdentityKind.ORGANISATION}),
        ("patient", {"kind": IdentityKind.PATIENT}),
        ("other patient", {"kind": IdentityKind.PATIENT}),
        ("stranger", {}),
        ("professional stranger", {"kind": _PRO}),
        ("anonymous card", {"anonymous": True}),
        ("application", {"kind": IdentityKind.APPLICATION, "rights": ALL_RIGHTS}),
        ("every right", {"rights": ALL_RIGHTS}),
        ("every right but see", {"rights": ALL_RIGHTS - {_SEE}}),
        *((state, {"rights": ALL_RIGHTS, "ended": state}) for state in ("expired", "not yet", "revoked", "renounced")),
        ("disabled", {"rights": ALL_RIGHTS, "enabled": False}),
        ("carer who sees", {"kind": _CARER, "cares": frozenset({_SEE})}),
        ("carer who reads", {"kind": _CARER, "cares": frozenset({_SEE, Right.READ})}),
        ("carer who answers", {"kind": _CARER, "cares": _ANSWERS}),
        ("carer who answers what he cannot read", {"kind": _CARER, "cares": frozenset({_SEE, Right.SEND_ON_BEHALF})}),
        ("carer who only writes", {"kind": _CARER, "cares": frozenset({Right.SEND_ON_BEHALF})}),
        ("carer who only reads", {"kind": _CARER, "cares": frozenset({Right.READ})}),
        ("professional who cares", {"kind": _PRO, "rights": ALL_RIGHTS, "cares": frozenset({_SEE, Right.READ})}),
        ("disabled carer", {"kind": _CARER, "cares": _ANSWERS, "enabled": False}),
        *(
            (f"carer {state}", {"kind": _CARER, "cares": _ANSWERS, "ended": state})
            for state in ("expired", "not yet", "revoked", "renounced")
        ),
        *((str(right), {"rights": frozenset({right})}) for right in Right),
        *((f"{one} and {other}", {"rights": frozenset({one, other})}) for one, other in combinations(Right, 2)),
    ]
    return [Person(name, number, **fields) for number, (name, fields) in enumerate(rows, 1)]


PEOPLE = _people()
BOXES = [Box(kind, state) for kind in MailboxKind for state in MailboxState]
# Who only helps: the sender of stock letters, two to whom grants are given, one who becomes a co-holder, a patient who is written to, and a
# sender whom patients mask from their carers.
STOCK, THIRD, FOURTH, EXTRA, POOR, HUSHED = (
    Person("stock", 901, _PRO),
    Person("third", 902),
    Person("fourth", 903),
    Person("extra", 904, _PRO),
    Person("poor", 905, IdentityKind.PATIENT),
    Person("hushed", 906, _PRO),
)
HELPERS = (STOCK, THIRD, FOURTH, EXTRA, POOR, HUSHED)
STOCK_BOX, POOR_BOX, HUSHED_BOX = f"stock@{DOMAIN}", f"185037500000905@{PATIENTS}", f"hushed@{DOMAIN}"


def role_of(person: Person, box: Box) -> HolderRole | None:
    """How somebody holds a mailbox by himself."""
    if person.name == box.holder:
        return HolderRole.RESPONSIBLE if box.kind is MailboxKind.CAB else HolderRole.OWNER
    return HolderRole.CO_HOLDER if (person.name, box.kind) == ("co-holder", MailboxKind.CAB) else None


def access_of(person: Person, box: Box) -> Access:
    """What somebody holds over a mailbox, as policy reads it."""
    windows = {
        "expired": (None, _NOW - 1, None),
        "not yet": (_NOW + 1, None, None),
        "revoked": (None, None, _NOW - 1),
        "renounced": (None, None, _NOW - 1),
    }
    given = person.granted(box)
    grants = [Grant(1, given, *windows.get(person.ended, (None, None, None)))] if given else []
    return access_at(_NOW, role_of(person, box), grants)
