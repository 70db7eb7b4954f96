"""National identities of patients: recorded with the person who has the number, and asked for when somebody writes to its address.

| act                                         | what it does besides                                                       |
|---------------------------------------------|----------------------------------------------------------------------------|
| the first identity becomes `mes-closed`     | the mailbox of the number is closed                                        |
| none is `mes-closed` any more               | it is open again                                                           |
| an identity becomes `without-mes`           | refused while there is a mailbox; none can be made until it says otherwise |

One number in two roots is two identities of one person, with one mailbox, since the address has no root (ref: ans-ins#oid).
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

from mss_sim.core.access import journal
from mss_sim.core.access.journal import Entry
from mss_sim.core.access.rights_in_force import Requester
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.mail.addresses import POSTMASTER, domain_of
from mss_sim.policy.identifiers import warnings
from mss_sim.policy.ins import parse_ins
from mss_sim.policy.qualification import Traits, decide_addressee, decide_identity, decide_key, disagreements
from mss_sim.store import mailboxes, patients
from mss_sim.store.engine import Connection
from mss_sim.store.identities import Identity
from mss_sim.store.patients import PatientIdentity, Representative
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.mailboxes import PATIENT_DOMAIN, IdentityKind, MailboxState
from mss_sim.vocabulary.patients import InsOid, PatientState, RepresentativeKind, Sex
from mss_sim.words.sentence import Sentence, say

_NO_TRAITS = Traits()


@dataclass(frozen=True, slots=True)
class NewPatientIdentity:
    """A national identity to record; its number is the idNat of the person."""

    oid: InsOid = InsOid.NIR
    state: PatientState = PatientState.QUALIFIED
    traits: Traits = _NO_TRAITS
    representatives: tuple[Representative, ...] = ()

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Self:
        """Out of plain values, as a seed or a request has them."""
        born, sex = values.get("birth_date"), values.get("sex")
        return cls(
            InsOid(values.get("oid", InsOid.NIR)),
            PatientState(values.get("state", PatientState.QUALIFIED)),
            Traits(
                values.get("birth_name", ""),
                values.get("given_names", ""),
                date.fromisoformat(born) if isinstance(born, str) else born,
                Sex(sex) if sex else None,
                values.get("birth_place", "").upper(),
            ),
            tuple(Representative(one["idnat"], RepresentativeKind(one["kind"])) for one in values.get("representatives", ())),
        )


def traits_of(row: PatientIdentity) -> Traits:
    """The traits of an identity."""
    return Traits(row.birth_name, row.given_names, row.birth_date, row.sex, row.birth_place)


def record(world: World, conn: Connection, person: Identity, wanted: Sequence[NewPatientIdentity]) -> None:
    """Put these national identities in the place of all that a person had, inside a unit of work."""
    rows = rows_of(world, person, wanted, lambda ins: patients.with_number(conn, ins))
    before = patients.of_person(conn, person.id) if person.kind is IdentityKind.PATIENT else []
    if before or rows:
        patients.replace_all(conn, person.id, rows)
        follow(world, conn, person, {row.state for row in before}, {row.state for row in rows})


def rows_of(
    world: World, person: Identity, wanted: Sequence[NewPatientIdentity], having: Callable[[str], Sequence[PatientIdentity]]
) -> list[PatientIdentity]:
    """National identities of a person as they are stored; `having` tells who has a number already. Refusal for what cannot be."""
    if person.kind is not IdentityKind.PATIENT:
        if wanted:
            raise Refusal(Rule.INVALID, say("Only a patient has a national identity."), subject=person.idnat, reference="ans-ins")
        return []
    decide_key(person.idnat, world.settings.patient.ins_key)
    rows = [_row(world, person, one, having) for one in wanted]
    if len({row.oid for row in rows}) < len(rows):
        raise Refusal(
            Rule.INVALID, say("Each root (oid) once, with its state and traits."), subject=person.idnat, reference="quirks#ins-roots"
        )
    return rows


def _row(world: World, person: Identity, new: NewPatientIdentity, having: Callable[[str], Sequence[PatientIdentity]]) -> PatientIdentity:
    ins = str(decide_identity(person.idnat, new.state, new.traits, world.settings.patient.ins_key))
    if any(row.identity_id != person.id and row.oid is new.oid for row in having(ins)):
        raise Refusal(Rule.CONFLICT, say("Somebody else has the number {ins} in that root.", ins=ins), subject=ins, reference="ans-ins#oid")
    return PatientIdentity(world.ids.next(), person.id, ins, new.oid, new.state, *new.traits, new.representatives)


def follow(world: World, conn: Connection, person: Identity, before: set[PatientState], after: set[PatientState]) -> None:
    """Have the mailbox of the number follow the states of its identities."""
    mailbox = mailboxes.by_address(conn, f"{person.idnat.lower()}@{PATIENT_DOMAIN}")
    if mailbox is None:
        return
    check_without_mes(mailbox.address, after)
    was, closed = PatientState.MES_CLOSED in before, PatientState.MES_CLOSED in after
    state = MailboxState.CLOSED if closed else MailboxState.ACTIVE
    if was is not closed and mailbox.state is not state:
        mailboxes.change(conn, mailbox.id, {"state": state})
        changed = {"before": {"state": mailbox.state}, "after": {"state": state}}
        journal.write(world, conn, Requester(None, Door.CONTROL), [Entry(Act.MAILBOX_CHANGED, mailbox.id, changed)])


def check_without_mes(address: str, states: Collection[PatientState]) -> None:
    """Refuse that the owner of a mailbox opposed Mon espace santé."""
    if PatientState.WITHOUT_MES in states:
        detail = say("There is a mailbox {address}: delete it first, or say mes-closed.", address=address)
        raise Refusal(Rule.CONFLICT, detail, subject=address, reference="quirks#mes-states")


def state_of_new_mailbox(world: World, address: str, states_of: Callable[[str], Collection[PatientState]]) -> MailboxState:
    """What a new mailbox of a patient begins as, by the identities that have its number; Refusal where there can be none."""
    local = address.rpartition("@")[0]
    decide_key(local, world.settings.patient.ins_key)
    states = states_of(local.upper())
    if PatientState.WITHOUT_MES in states:
        detail = say("The patient of {address} opposed Mon espace santé: change the state of the identity first.", address=address)
        raise Refusal(Rule.CONFLICT, detail, subject=address, reference="quirks#mes-states")
    return MailboxState.CLOSED if PatientState.MES_CLOSED in states else MailboxState.ACTIVE


async def of_person(world: World, person: Identity) -> list[PatientIdentity]:
    """The national identities of a person."""
    return await world.store.read(patients.of_person, person.id)


async def of_people(world: World, ids: Iterable[int]) -> dict[int, list[PatientIdentity]]:
    """The national identities of these people, by their ids."""
    wanted = sorted(ids)
    return await world.store.read(lambda conn: {id_: patients.of_person(conn, id_) for id_ in wanted})


async def by_person(world: World) -> dict[int, list[PatientIdentity]]:
    """All national identities, by the ids of the persons."""
    found: dict[int, list[PatientIdentity]] = {}
    for row in await world.store.read(patients.list_all):
        found.setdefault(row.identity_id, []).append(row)
    return found


def odd(person: Identity, rows: Sequence[PatientIdentity]) -> list[Sentence]:
    """What is unusual about a person's number, or said differently by number and records; each thing once."""
    found = warnings(person.idnat, person.kind)
    for row in rows:
        found += disagreements(parse_ins(row.ins), row.state, traits_of(row))
    return list(dict.fromkeys(found))


def check_addressee(world: World, conn: Connection, address: str) -> Sentence | None:
    """What the sender of a letter to that address is warned of, if it is a patient's; Refusal when it may not be sent."""
    chosen, local = world.settings.patient, address.rpartition("@")[0]
    if domain_of(address) != PATIENT_DOMAIN or local == POSTMASTER:
        return None
    return decide_addressee(address, patients.states(conn, local.upper()), chosen.unqualified, chosen.ins_key)
