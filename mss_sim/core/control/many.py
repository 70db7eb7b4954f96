"""People and mailboxes added many at once, by the rules of `access/identities` and `mailbox/mailboxes`, some hundreds in one transaction.

What those ask of the store for each person is asked here once for all rows of a batch, and what the rows before have added is kept beside
it; then each row is judged by the same functions. A batch can be judged without being stored, so that a file is known to be right as a
whole before its first row is there; `NamesSeen` remembers then what the rows before would have added.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from mss_sim.core.access import identities as people
from mss_sim.core.access import patient_identities
from mss_sim.core.access.identities import NewIdentity
from mss_sim.core.control.names_seen import NamesSeen
from mss_sim.core.mailbox import mailboxes as boxes
from mss_sim.core.mailbox.mailboxes import NewMailbox
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal
from mss_sim.mail.addresses import domain_of
from mss_sim.store import bulk, identities, mailboxes, operators
from mss_sim.store import patients as patients_kept
from mss_sim.store.bulk import Gathered
from mss_sim.store.engine import Connection
from mss_sim.store.identities import Identity, canonical_login
from mss_sim.store.mailboxes import Mailbox
from mss_sim.store.patients import PatientIdentity
from mss_sim.vocabulary.mailboxes import FOLDERS_AT_BIRTH, PATIENT_DOMAIN, IdentityKind
from mss_sim.vocabulary.patients import InsOid, PatientState

_KINDS, _ROOTS = tuple(IdentityKind), tuple(InsOid)
_TEXTS = (
    "idnat",
    "family_name",
    "given_name",
    "title",
    "profession",
    "structure",
    "sector",
    "address_line",
    "postal_code",
    "city",
    "login",
)
_ANONYMOUS = 1 << 7
_STATES = {PatientState.WITHOUT_MES: 1 << 6, PatientState.MES_CLOSED: 1 << 7}
"""Bits of the small numbers that `NamesSeen` keeps of people, and of patients' numbers beside their roots."""


@dataclass(frozen=True, slots=True)
class NewRow:
    """Somebody to add, mailboxes, or both; `line` says where that is written. The addresses are canonical."""

    person: NewIdentity | None
    mailboxes: tuple[NewMailbox, ...] = ()
    line: int = 0


class RowRefused(Exception):
    """A row that cannot be added."""

    def __init__(self, line: int, refusal: Refusal) -> None:
        super().__init__(line, refusal)
        self.line = line
        self.refusal = refusal


@dataclass(slots=True)
class Added:
    """What became of rows: how many people and mailboxes were added, how many rows were there already, and which were refused."""

    identities: int = 0
    mailboxes: int = 0
    present: int = 0
    refused: list[RowRefused] = field(default_factory=list)


@dataclass(slots=True)
class _Around:
    """What the rows of a batch meet: who and what of their names is there, by idNat, login, address, number and domain."""

    people: dict[str, Identity]
    logins: set[str]
    addresses: set[str]
    numbers: dict[str, list[PatientIdentity]]
    operators: dict[str, int]

    def states(self, number: str) -> set[PatientState]:
        """The states of a patient's number."""
        return {row.state for row in self.numbers.get(number, ())}

    def having(self, number: str) -> list[PatientIdentity]:
        """Who has a number."""
        return self.numbers.get(number, [])


@dataclass(slots=True)
class _Judged:
    """A row as it is stored; `states` are those of the patient's number where the mailbox is there already."""

    person: Identity | None = None
    numbers: list[PatientIdentity] = field(default_factory=list)
    mailboxes: list[tuple[Mailbox, list[Identity]]] = field(default_factory=list)
    follows: bool = False


def check(world: World, conn: Connection, rows: Sequence[NewRow], seen: NamesSeen) -> list[RowRefused]:
    """Which of these rows would be refused, after those that are `seen`; the others are seen from now on."""
    around = _look_around(conn, rows)
    _recall(around, rows, seen)
    refused = []
    for row in rows:
        try:
            judged = _judge(world, around, row)
        except Refusal as refusal:
            refused.append(RowRefused(row.line, refusal))
            continue
        _take_in(around, row, judged)
        _remember(seen, row, around)
    return refused


def add(world: World, conn: Connection, rows: Sequence[NewRow], hashes: dict[str, str], *, keep: bool, partial: bool) -> Added:
    """Add rows inside a unit of work; `hashes` are those of their passwords.

    `keep`: people who are there already stay as they are, with their mailboxes. `partial`: rows that are refused are left out; else
    RowRefused is raised for the first.
    """
    around, gathered, added = _look_around(conn, rows), Gathered(), Added()
    following: list[_Judged] = []
    for row in rows:
        if keep and row.person is not None and row.person.idnat in around.people:
            added.present += 1
            continue
        try:
            judged = _judge(world, around, row)
        except Refusal as refusal:
            if not partial:
                raise RowRefused(row.line, refusal) from refusal
            added.refused.append(RowRefused(row.line, refusal))
            continue
        _take_in(around, row, judged)
        _gather(world, gathered, row, judged, hashes)
        if judged.follows:
            following.append(judged)
    bulk.add(conn, gathered, world.clock.now())
    for one in following:
        if one.person is not None:
            patient_identities.follow(world, conn, one.person, set(), {row.state for row in one.numbers})
    added.identities, added.mailboxes = len(gathered.identities), len(gathered.mailboxes)
    return added


def _names(rows: Iterable[NewRow]) -> tuple[set[str], set[str], set[str]]:
    """The idNats, logins and addresses that rows name."""
    idnats, logins, addresses = set(), set(), set()
    for row in rows:
        if row.person is not None:
            idnats.add(row.person.idnat)
            if row.person.login:
                logins.add(canonical_login(row.person.login))
            if row.person.kind is IdentityKind.PATIENT:
                addresses.add(_own_address(row.person.idnat))
        for new in row.mailboxes:
            addresses.add(new.address)
            idnats.update((new.owner_idnat, *new.co_holders))
    return idnats, logins, addresses


def _own_address(idnat: str) -> str:
    return f"{idnat.lower()}@{PATIENT_DOMAIN}"


def _number(address: str) -> str:
    return address.rpartition("@")[0].upper()


def _look_around(conn: Connection, rows: Sequence[NewRow]) -> _Around:
    idnats, logins, addresses = _names(rows)
    numbers: dict[str, list[PatientIdentity]] = {}
    asked = {_number(address) for address in addresses if domain_of(address) == PATIENT_DOMAIN}
    for known in patients_kept.with_numbers(conn, sorted(asked)):
        numbers.setdefault(known.ins, []).append(known)
    return _Around(
        identities.with_idnats(conn, idnats),
        identities.logins_taken(conn, logins),
        mailboxes.taken(conn, addresses),
        numbers,
        operators.ids_of_domains(conn, sorted({domain_of(address) for address in addresses})),
    )


def _judge(world: World, around: _Around, row: NewRow) -> _Judged:
    """A row as it would be stored; Refusal for what cannot be."""
    judged, states = _Judged(), around.states
    if row.person is not None:
        judged.person = _judge_person(world, around, row.person, judged)
        if judged.numbers:
            states = _with(judged.numbers, around)
    for new in row.mailboxes:
        own = judged.person if judged.person is not None and judged.person.idnat == new.owner_idnat else None
        owner = own or people.found_identity(around.people.get(new.owner_idnat), new.owner_idnat)
        if new.address in around.addresses or any(box.address == new.address for box, _ in judged.mailboxes):
            raise boxes.address_taken(new.address)
        box = boxes.row_of(world, new.address, new, owner, around.operators.get(domain_of(new.address)), states)
        holders = [boxes.co_holder(new.kind, people.found_identity(around.people.get(one), one)) for one in boxes.co_holders_of(new)]
        judged.mailboxes.append((box, holders))
    return judged


def _judge_person(world: World, around: _Around, new: NewIdentity, judged: _Judged) -> Identity:
    people.check_account(new.login, new.password)
    if new.idnat in around.people:
        raise people.idnat_taken(new.idnat)
    if new.login is not None and canonical_login(new.login) in around.logins:
        raise people.login_taken(new.login)
    person = people.row_of(world, new)
    judged.numbers = patient_identities.rows_of(world, person, new.ins, around.having)
    if judged.numbers and _own_address(new.idnat) in around.addresses:
        patient_identities.check_without_mes(_own_address(new.idnat), {row.state for row in judged.numbers})
        judged.follows = True
    return person


def _with(numbers: list[PatientIdentity], around: _Around) -> "_States":
    return _States(around, numbers[0].ins, {row.state for row in numbers})


@dataclass(frozen=True, slots=True)
class _States:
    """The states of numbers, those of the row that is judged among them."""

    around: _Around
    number: str
    states: set[PatientState]

    def __call__(self, number: str) -> set[PatientState]:
        """The states of a number."""
        return self.around.states(number) | (self.states if number == self.number else set())


def _take_in(around: _Around, row: NewRow, judged: _Judged) -> None:
    """Have the rows that follow meet this one."""
    if judged.person is not None:
        around.people[judged.person.idnat] = judged.person
    if row.person is not None and row.person.login is not None:
        around.logins.add(canonical_login(row.person.login))
    for known in judged.numbers:
        around.numbers.setdefault(known.ins, []).append(known)
    around.addresses.update(box.address for box, _ in judged.mailboxes)


def _gather(world: World, gathered: Gathered, row: NewRow, judged: _Judged, hashes: dict[str, str]) -> None:
    ids, new, person = world.ids, row.person, judged.person
    if person is not None:
        gathered.identities.append(person)
        if new is not None and new.login is not None and new.password is not None:
            gathered.accounts.append((ids.next(), person.id, canonical_login(new.login), hashes[new.password]))
    gathered.patients += judged.numbers
    for box, holders in judged.mailboxes:
        gathered.mailboxes.append((box, ids.many(len(FOLDERS_AT_BIRTH))))
        gathered.co_holders += ((box.id, holder.id) for holder in holders)


def _remember(seen: NamesSeen, row: NewRow, around: _Around) -> None:
    """Keep of an accepted row what the rows of later batches could meet."""
    if row.person is not None:
        person = around.people[row.person.idnat]
        seen.put(f"i{person.idnat}", _KINDS.index(person.kind) | (_ANONYMOUS if person.anonymous_card else 0))
        if row.person.login is not None:
            seen.put(f"l{canonical_login(row.person.login)}")
        if row.person.ins:
            number = row.person.idnat.upper()
            bits = sum({1 << _ROOTS.index(known.oid) for known in around.having(number)})
            seen.put(f"n{number}", bits | sum(_STATES.get(state, 0) for state in around.states(number)))
    for new in row.mailboxes:
        seen.put(f"a{new.address}")


def _recall(around: _Around, rows: Sequence[NewRow], seen: NamesSeen) -> None:
    """Put what was seen beside what is stored; of people and numbers, as much as a row is judged by."""
    idnats, logins, addresses = _names(rows)
    for idnat in idnats - around.people.keys():
        number = seen.get(f"i{idnat}")
        if number is not None:
            anonymous, kind = bool(number & _ANONYMOUS), _KINDS[number & ~_ANONYMOUS]
            around.people[idnat] = Identity(0, idnat, kind, "", "", "", "", "", anonymous, True, 0)
    around.logins.update(login for login in logins if seen.get(f"l{login}") is not None)
    around.addresses.update(address for address in addresses if seen.get(f"a{address}") is not None)
    for ins in {_number(address) for address in addresses if domain_of(address) == PATIENT_DOMAIN}:
        bits = seen.get(f"n{ins}") or 0
        states = [state for state, bit in _STATES.items() if bits & bit] or [PatientState.QUALIFIED]
        roots = [root for place, root in enumerate(_ROOTS) if bits & 1 << place]
        found = [PatientIdentity(0, 0, ins, root, state, "", "", None, None, "", ()) for root in roots for state in states]
        around.numbers.setdefault(ins, []).extend(found)


def written_row(line: int, person: NewIdentity | None, mailbox: NewMailbox | None) -> NewRow:
    """A row as somebody wrote it; Refusal for texts that no header can hold, and for what is no address."""
    if person is not None and not "".join(_texts(person)).isprintable():
        people.refuse_controls(dict(zip(_TEXTS, _texts(person), strict=True)))
    if mailbox is None:
        return NewRow(person, (), line)
    address = boxes.address_of(mailbox)
    return NewRow(person, (mailbox if mailbox.address == address else replace(mailbox, address=address),), line)


def _texts(new: NewIdentity) -> tuple[str, ...]:
    named = new.idnat, new.family_name, new.given_name, new.title, new.profession, new.structure
    return (*named, new.sector, new.address_line, new.postal_code, new.city, new.login or "")
