"""People like one of a seed: as many as a test wants, each with identity, mailboxes, log-in, profile and token of their own.

A test that runs beside others takes a doctor of its own, and other tests' letters are not in its way. What is new is drawn, and drawn again
where somebody has it, so that no two calls conflict; what is like the model is taken from the model as it is now:

| of the model                                   | the new one has                                                                  |
|------------------------------------------------|----------------------------------------------------------------------------------|
| kind, title, profession, structure, sector     | the same                                                                         |
| a number of that shape                         | a fictional one with the right key                                               |
| a mailbox that is the model's own              | one of that kind on that domain, with its policies; an INS's own for a patient   |
| a mailbox of an organisation, lent to the model| another one of the organisation, lent with the same rights                       |
| a mailbox that another person lent or shares   | nothing: it would be no test's own                                               |
| the profile of Pro Santé Connect               | the same, under the new name                                                     |
| the password                                   | the same, hashed once for all                                                    |

All of one call are made in one transaction.
"""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, NamedTuple

from mss_sim.clock import SECOND
from mss_sim.core.access import journal, rights_in_force
from mss_sim.core.access.identities import require_identity
from mss_sim.core.access.journal import Entry
from mss_sim.core.access.patient_identities import NewPatientIdentity
from mss_sim.core.access.practice_holders import CONTROL
from mss_sim.core.access.rights_in_force import MailboxAccess
from mss_sim.core.control import fictional_patients, personas
from mss_sim.core.control.personas import Persona, PersonaMailbox
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.ids import encode
from mss_sim.mail.addresses import domain_of
from mss_sim.policy.identifiers import with_luhn
from mss_sim.store import bulk, grants, identities, mailboxes, psc
from mss_sim.store.bulk import Gathered
from mss_sim.store.engine import Connection
from mss_sim.store.grants import GrantRow
from mss_sim.store.identities import Identity
from mss_sim.store.mailboxes import Mailbox
from mss_sim.store.patients import PatientIdentity
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.mailboxes import FOLDERS_AT_BIRTH, PATIENT_DOMAIN, IdentityKind, MailboxKind, MailboxState
from mss_sim.vocabulary.patients import Sex
from mss_sim.words.sentence import say

COUNT_MAX = 1_000
_NUMBERS = 10**8
_RPPS = "99"
"""What fictional numbers of professionals begin with: none was given to anybody."""
_SUFFIX_CHARS = 6
_ROUNDS_MAX = 100
_ADULT_NAMES = tuple((sex, given) for sex in Sex if sex in fictional_patients.GIVEN_NAMES for given in fictional_patients.GIVEN_NAMES[sex])


class _Model(NamedTuple):
    """Whom the new ones are like, and what they get of each mailbox."""

    identity: Identity
    profile: dict[str, Any]
    own: tuple[MailboxAccess, ...]
    lent: tuple[MailboxAccess, ...]


class _Drawn(NamedTuple):
    """What is a new one's own: number, name, login; `patient`: who they are by their INS."""

    idnat: str
    given_name: str
    family_name: str
    login: str
    patient: tuple[NewPatientIdentity, ...] = ()


@dataclass(slots=True)
class _Made:
    """The rows of one call."""

    people: list[Identity]
    logins: list[str]
    national: list[PatientIdentity]
    boxes: list[tuple[Mailbox, MailboxAccess, Identity]]


async def add_like(world: World, role: str, count: int) -> list[Persona]:
    """Add so many people like the one who has a role of a seed; Refusal(NOT_FOUND) when it is vacant in this world."""
    played = await personas.played(world)
    row = played.get(role)
    if row is None:
        roles = ", ".join(sorted(played)) or say("nobody")
        detail = say("Nobody here has the role {role}; those who are here: {roles}.", role=role[:100], roles=roles)
        raise Refusal(Rule.NOT_FOUND, detail, subject=role[:100], reference="quirks#people-like")
    password_hash = world.passwords.hash(row["password"])

    def unit(conn: Connection) -> list[Persona]:
        model = _model(world, conn, row["idnat"])
        made = _made(world, model, list(_draw(world, conn, model.identity, count)))
        _store(world, conn, model, made, password_hash)
        return _shown(made, role, row["password"])

    return await world.store.write(unit, changes_directory=True)


def _model(world: World, conn: Connection, idnat: str) -> _Model:
    identity = require_identity(conn, idnat)
    held = [one for one in rights_in_force.all_held(conn, identity.id, world.clock.now()) if one.carer_of is None]
    owners = identities.names(conn, {one.mailbox.owner_id for one in held})
    own = tuple(one for one in held if one.mailbox.owner_id == identity.id)
    lent = tuple(one for one in held if owners[one.mailbox.owner_id].kind is IdentityKind.ORGANISATION and one not in own)
    return _Model(identity, psc.profile(conn, identity.id), own, lent)


def _draw(world: World, conn: Connection, model: Identity, count: int) -> Iterator[_Drawn]:
    """So many new people, the password of all being the model's: what is taken is drawn again."""
    patient, known, left = model.kind is IdentityKind.PATIENT, set[str](), count
    for _ in range(_ROUNDS_MAX):
        drawn = list(_patients(world, left) if patient else _others(world, model.idnat, left))
        numbers = {one.idnat for one in drawn}
        taken = identities.taken(conn, numbers, {one.login for one in drawn})
        taken |= {address.partition("@")[0].upper() for address in mailboxes.taken(conn, {_patient_address(one) for one in numbers})}
        for one in drawn:
            if not {one.idnat, one.login} & (taken | known):
                known |= {one.idnat, one.login}
                left -= 1
                yield one
        if not left:
            return
    detail = say("Nearly all fictional numbers are taken in this world; empty it, or begin another.")
    raise Refusal(Rule.LIMIT_REACHED, detail, reference="quirks#people-like")


def _patient_address(ins: str) -> str:
    return f"{ins.lower()}@{PATIENT_DOMAIN}"


def _number(world: World) -> int:
    return int.from_bytes(sha256(str(world.ids.next()).encode()).digest()[:8], "big") % _NUMBERS


def _others(world: World, idnat: str, count: int) -> Iterator[_Drawn]:
    structure, slash, _ = idnat.partition("/")
    for _ in range(count):
        number = _number(world)
        _, given = _ADULT_NAMES[number % len(_ADULT_NAMES)]
        family = fictional_patients.FAMILY_NAMES[number // 1_000 % len(fictional_patients.FAMILY_NAMES)]
        own = f"{structure}/L{number:08d}" if slash else _professional(number)
        yield _Drawn(own, given, family, _login(given, family, number))


def _professional(number: int) -> str:
    """The idNat of a professional: 8, and an RPPS with its key (ref: ans-idnps)."""
    return "8" + with_luhn(f"{_RPPS}{number:08d}")


def _patients(world: World, count: int) -> Iterator[_Drawn]:
    for one in fictional_patients.ordinary(count, world.ids.next()):
        ins = tuple(map(NewPatientIdentity.read, one.identities()))
        yield _Drawn(one.ins, one.given_name, one.birth_name, _login(one.given_name, one.birth_name, _number(world)), ins)


def _login(given: str, family: str, number: int) -> str:
    """A login that is the local part of an address too: letters without accents, and a number in six characters."""
    words = (unicodedata.normalize("NFKD", word).encode("ascii", "ignore").decode().lower() for word in (given, family))
    plain = (word.replace("'", "-").replace(" ", "-") for word in words)
    return ".".join([*plain, encode(number)[-_SUFFIX_CHARS:]])


def _made(world: World, model: _Model, drawn: Sequence[_Drawn]) -> _Made:
    now, made = world.clock.now(), _Made([], [], [], [])
    for one in drawn:
        person = replace(
            model.identity,
            id=world.ids.next(),
            idnat=one.idnat,
            family_name=one.family_name,
            given_name=one.given_name,
            enabled=True,
            created_at=now,
        )
        made.people.append(person)
        made.logins.append(one.login)
        made.national += [
            PatientIdentity(world.ids.next(), person.id, one.idnat, new.oid, new.state, *new.traits, new.representatives)
            for new in one.patient
        ]
        made.boxes += [(_box(world, model.identity, held.mailbox, person, one.login), held, person) for held in (*model.own, *model.lent)]
    return made


def _box(world: World, model: Identity, like: Mailbox, person: Identity, login: str) -> Mailbox:
    """A mailbox like one of the model, empty: a person's is called by the login, another's by its own name and the end of the login."""
    local = login if like.kind is MailboxKind.PER else f"{like.address.partition('@')[0]}.{login[-_SUFFIX_CHARS:]}"
    address = _patient_address(person.idnat) if like.kind is MailboxKind.PATIENT else f"{local}@{domain_of(like.address)}"
    mine = like.kind in (MailboxKind.PER, MailboxKind.PATIENT)
    return replace(
        like,
        id=world.ids.next(),
        address=address,
        owner_id=person.id if like.owner_id == model.id else like.owner_id,
        state=MailboxState.ACTIVE,
        label=person.name if mine else like.label,
        used_bytes=0,
        uid_validity_last=world.clock.now() // SECOND,
        created_at=world.clock.now(),
        carer_view_id=None,
        carer_view_bytes=0,
    )


def _store(world: World, conn: Connection, model: _Model, made: _Made, password_hash: str) -> None:
    now = world.clock.now()
    accounts = [(world.ids.next(), one.id, login, password_hash) for one, login in zip(made.people, made.logins, strict=True)]
    boxes = [(box, world.ids.many(len(FOLDERS_AT_BIRTH))) for box, _, _ in made.boxes]
    bulk.add(conn, Gathered(made.people, accounts, made.national, boxes), now)
    if model.profile:
        psc.add_profiles(conn, {one.id: _renamed(model.profile, _names(model.identity, one)) for one in made.people}, now)
    lent = [
        (GrantRow(world.ids.next(), box.id, person.id, held.access.rights, None, None, "", None, now), person)
        for box, held, person in made.boxes
        if box.owner_id != person.id
    ]
    if lent:
        grants.add(conn, [row for row, _ in lent])
        told = [
            Entry(Act.GRANTED, row.mailbox_id, {"rights": sorted(row.rights), "grantee": person.idnat, "reason": ""}, grant_id=row.id)
            for row, person in lent
        ]
        journal.write(world, conn, CONTROL, told)


def _names(model: Identity, person: Identity) -> dict[str, str]:
    pairs = ((model.idnat, person.idnat), (model.family_name, person.family_name), (model.given_name, person.given_name))
    return {before: after for before, after in pairs if before}


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    """A profile in which each text that is a name of the model is the new one's."""
    if isinstance(value, dict):
        return {key: _renamed(one, names) for key, one in value.items()}
    if isinstance(value, list):
        return [_renamed(one, names) for one in value]
    return names.get(value, value) if isinstance(value, str) else value


def _shown(made: _Made, role: str, password: str) -> list[Persona]:
    boxes: dict[int, list[PersonaMailbox]] = {}
    for box, held, person in made.boxes:
        boxes.setdefault(person.id, []).append(PersonaMailbox(box.address, box.kind, tuple(sorted(held.access.rights))))
    return [
        Persona(role, person.idnat, person.name, login, password, tuple(boxes.get(person.id, ())))
        for person, login in zip(made.people, made.logins, strict=True)
    ]
