"""National identities of patients: recorded with a person, followed by the mailbox, and asked for before somebody writes."""

from datetime import date, timedelta
from typing import Any

import pytest

from mss_sim.core.access import identities, patient_identities
from mss_sim.core.access.identities import NewIdentity
from mss_sim.core.access.patient_identities import NewPatientIdentity
from mss_sim.core.mailbox import mailboxes
from mss_sim.core.mailbox.mailboxes import NewMailbox
from mss_sim.core.trust import operators
from mss_sim.core.world.store_types import Identity
from mss_sim.errors import Rule
from mss_sim.policy.qualification import Traits
from mss_sim.store.patients import Representative
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.mailboxes import IdentityKind, MailboxKind, MailboxState
from mss_sim.vocabulary.patients import InsOid, PatientState, RepresentativeKind, Sex
from tests.clients import DOCTOR, PATIENT, PATIENT2, WARD
from tests.core.mailflow.carriers import Carrier
from tests.core.towns import IDNATS, OpenTown, Town, refused

_NEW, _ADDRESS = "190017510299945", "190017510299945@patient.mssante.fr"
_PLAIN = {"birth_name": "NOUVEAU", "given_names": "Jean Marie", "birth_date": "1990-01-05", "sex": "M", "birth_place": "75102"}


def _wanted(**values: Any) -> NewPatientIdentity:
    return NewPatientIdentity.read({**_PLAIN, **values})


async def _add(town: Town, *wanted: NewPatientIdentity, idnat: str = _NEW, kind: IdentityKind = IdentityKind.PATIENT) -> Identity:
    return await identities.add_identity(town.world, NewIdentity(idnat=idnat, kind=kind, family_name="NOUVEAU", ins=wanted))


async def _set(town: Town, idnat: str, *wanted: NewPatientIdentity) -> Identity:
    return await identities.change_identity(town.world, idnat, {"ins": wanted}, None, None)


async def _add_mailbox(town: Town, address: str = _ADDRESS, owner: str = _NEW) -> MailboxState:
    return (await mailboxes.add_mailbox(town.world, NewMailbox(address, MailboxKind.PATIENT, owner))).state


async def _warning(town: Town, address: str) -> str | None:
    return await town.world.store.read(lambda conn: patient_identities.check_addressee(town.world, conn, address))


async def test_an_identity_is_kept_as_it_was_given(town: Town) -> None:
    minor = {"idnat": IDNATS["patient"], "kind": "parent"}
    person = await _add(town, _wanted(representatives=[minor], birth_place="2a004"), _wanted(oid=InsOid.NIA, state="opposed"))
    first, second = await patient_identities.of_person(town.world, person)
    assert (first.ins, first.oid, first.state) == (_NEW, InsOid.NIR, PatientState.QUALIFIED)
    assert patient_identities.traits_of(first) == Traits("NOUVEAU", "Jean Marie", date(1990, 1, 5), Sex.MALE, "2A004")
    assert first.representatives == (Representative(IDNATS["patient"], RepresentativeKind.PARENT),)
    assert (second.oid, second.state, second.representatives) == (InsOid.NIA, PatientState.OPPOSED, ())
    assert (await patient_identities.by_person(town.world))[person.id] == [first, second]


def test_what_is_not_given_is_not_known_of_a_qualified_identity_of_the_usual_root() -> None:
    assert NewPatientIdentity.read({}) == NewPatientIdentity(InsOid.NIR, PatientState.QUALIFIED, Traits(), ())


async def test_what_is_given_takes_the_place_of_what_was(town: Town) -> None:
    person = await _add(town, _wanted(), _wanted(oid=InsOid.NIA))
    await _set(town, _NEW, _wanted(birth_name="AUTRE"))
    assert [row.birth_name for row in await patient_identities.of_person(town.world, person)] == ["AUTRE"]
    await identities.change_identity(town.world, _NEW, {"family_name": "X"}, None, None)
    assert len(await patient_identities.of_person(town.world, person)) == 1, "what is not named stays"
    await _set(town, _NEW)
    assert await patient_identities.of_person(town.world, person) == []


@pytest.mark.parametrize(
    ("idnat", "kind", "wanted", "rule", "said"),
    [
        ("19001751029994", IdentityKind.PATIENT, [{}], Rule.INVALID, "this one has 14"),
        ("19001751029994X", IdentityKind.PATIENT, [{}], Rule.INVALID, "Character 15"),
        (_NEW, IdentityKind.PATIENT, [{"birth_name": ""}], Rule.INVALID, "birth_name is missing"),
        (_NEW, IdentityKind.PATIENT, [{}, {}], Rule.INVALID, "Each root (oid) once"),
        (_NEW, IdentityKind.EMPLOYEE, [{}], Rule.INVALID, "Only a patient has a national identity."),
        ("125062a00401714", IdentityKind.PATIENT, [{}], Rule.CONFLICT, "Somebody else has the number 125062A00401714"),
    ],
)
async def test_what_cannot_be_is_refused_and_nothing_kept(
    town: Town, idnat: str, kind: IdentityKind, wanted: list[dict[str, Any]], rule: Rule, said: str
) -> None:
    with refused(rule, said):
        await _add(town, *(_wanted(**one) for one in wanted), idnat=idnat, kind=kind)
    with refused(Rule.NOT_FOUND):
        await identities.identity_named(town.world, idnat)


async def test_a_wrong_key_is_refused_where_keys_are_checked_strictly(open_town: OpenTown) -> None:
    wrong = "190017510299946"
    async with open_town(patient_ins_key="strict") as town:
        for wanted in ((), (_wanted(),)):
            with refused(Rule.INVALID, "The key of this INS should be 45."):
                await _add(town, *wanted, idnat=wrong)
        await _add(town, _wanted())
        with refused(Rule.INVALID, "The key of this INS should be 45."):
            await _add_mailbox(town, f"{wrong}@patient.mssante.fr")
        await _add_mailbox(town, "jean@patient.mssante.fr")
        with refused(Rule.BAD_ADDRESS, "The key of this INS should be 45."):
            await _warning(town, f"{wrong}@patient.mssante.fr")
    async with open_town() as town:
        person = await _add(town, _wanted(), idnat=wrong)
        assert patient_identities.odd(person, await patient_identities.of_person(town.world, person)) == [
            "The key of this INS should be 45."
        ]


async def test_number_and_record_that_disagree_are_told_once(town: Town) -> None:
    person = await _add(town, _wanted(sex="F"), _wanted(oid=InsOid.NIA, sex="F"))
    told = patient_identities.odd(person, await patient_identities.of_person(town.world, person))
    assert told == ["The number tells the sex M, the record F."]


# The mailbox follows


async def test_who_closed_has_a_closed_mailbox_until_it_is_open_again(town: Town) -> None:
    await _set(town, IDNATS["patient"], _wanted(state="mes-closed"), _wanted(oid=InsOid.NIA, state="mes-closed"))
    assert (await town.mailbox(PATIENT)).state is MailboxState.CLOSED
    line = (await town.told(PATIENT))[0]
    assert (line.act, line.door, line.actor_id) == (Act.MAILBOX_CHANGED, Door.CONTROL, None)
    assert line.detail == {"before": {"state": "active"}, "after": {"state": "closed"}}
    await _set(town, IDNATS["patient"], _wanted(), _wanted(oid=InsOid.NIA, state="mes-closed"))
    assert (await town.mailbox(PATIENT)).state is MailboxState.CLOSED, "one root is still closed"
    await _set(town, IDNATS["patient"], _wanted(), _wanted(oid=InsOid.NIA))
    assert (await town.mailbox(PATIENT)).state is MailboxState.ACTIVE


async def test_the_mailbox_of_corsica_is_found_in_lower_case(town: Town) -> None:
    await _set(town, IDNATS["patient2"], _wanted(state="mes-closed"))
    assert (await town.mailbox(PATIENT2)).state is MailboxState.CLOSED


async def test_a_mailbox_that_was_closed_by_itself_stays_closed(town: Town) -> None:
    await town.change(PATIENT, state=MailboxState.CLOSED)
    await _set(town, IDNATS["patient"], _wanted(state="opposed"))
    assert (await town.mailbox(PATIENT)).state is MailboxState.CLOSED


async def test_who_opposed_at_creation_has_no_mailbox(town: Town) -> None:
    with refused(Rule.CONFLICT, f"There is a mailbox {PATIENT}"):
        await _set(town, IDNATS["patient"], _wanted(state="without-mes"))
    await _add(town, _wanted(state="without-mes"))
    with refused(Rule.CONFLICT, "opposed Mon espace santé"):
        await _add_mailbox(town)
    await _set(town, _NEW, _wanted(state="mes-closed"))
    assert await _add_mailbox(town) is MailboxState.CLOSED
    await _set(town, _NEW, _wanted())
    assert (await town.mailbox(_ADDRESS)).state is MailboxState.ACTIVE


# Who is written to


@pytest.mark.parametrize("unqualified", ["accepted", "warned", "refused"])
async def test_addresses_that_are_not_a_patients_are_not_asked_about(open_town: OpenTown, unqualified: str) -> None:
    async with open_town(patient_unqualified=unqualified) as town:
        for address in (WARD, "postmaster@patient.mssante.fr", PATIENT, PATIENT2):
            assert await _warning(town, address) is None, address


async def test_one_qualified_root_backs_the_address(town: Town) -> None:
    provisional = _wanted(oid=InsOid.NIA, state="provisional")
    await _add(town, provisional)
    assert "The identity is provisional." in str(await _warning(town, _ADDRESS))
    await _set(town, _NEW, provisional, _wanted(oid=InsOid.NIR_TEST))
    assert await _warning(town, _ADDRESS) is None


async def test_a_warning_is_told_to_the_sender_and_in_the_senders_journal(town: Town) -> None:
    await _add(town)
    await _add_mailbox(town)
    sent = await town.send("doctor", DOCTOR, [PATIENT, _ADDRESS, WARD])
    why = f"No qualified identity backs the address {_ADDRESS}. No identity with this number is known here."
    assert sent.warnings == ((_ADDRESS, why),)
    lines = [line for line in await town.told(DOCTOR) if line.act is Act.NOT_QUALIFIED]
    assert [(line.detail, line.message_id) for line in lines] == [({"recipients": [{"address": _ADDRESS, "why": why}]}, sent.message_id)]
    assert (await town.subjects(_ADDRESS), await town.subjects(PATIENT)) == (["Bonjour"], ["Bonjour"])
    await town.send("doctor", DOCTOR, [PATIENT, WARD])
    assert [line.act for line in await town.told(DOCTOR)].count(Act.NOT_QUALIFIED) == 1


async def test_a_refused_patient_does_not_keep_the_others_from_their_letter(open_town: OpenTown) -> None:
    async with open_town(patient_unqualified="refused") as town:
        await _add(town)
        await _add_mailbox(town)
        sent = await town.send("doctor", DOCTOR, [PATIENT, _ADDRESS])
        assert (await town.kinds(sent, _ADDRESS))[-1] == "failed"
        assert await town.subjects(_ADDRESS) == []
        assert "Bonjour" in await town.subjects(PATIENT)
        with refused(Rule.PATIENT_NOT_QUALIFIED, _ADDRESS):
            await town.send("doctor", DOCTOR, _ADDRESS)


async def test_what_is_on_its_way_arrives_although_the_identity_is_proven_no_more(open_town: OpenTown) -> None:
    async with open_town(patient_unqualified="refused") as town:
        await town.change(PATIENT, state=MailboxState.SUSPENDED)
        sent = await town.send("doctor", DOCTOR, PATIENT)
        await _set(town, IDNATS["patient"])
        await town.change(PATIENT, state=MailboxState.ACTIVE)
        town.clock.advance(timedelta(minutes=2))
        await town.core.queue.work()
        assert (await town.kinds(sent))[-1] == "delivered"
        assert sent.warnings == ()


async def test_an_operator_outside_knows_its_patients_itself(open_town: OpenTown) -> None:
    async with open_town(patient_unqualified="refused", transport=Carrier()) as town:
        await operators.change(town.world, "Mon espace santé", mx="127.0.0.1:2025")
        sent = await town.send("doctor", DOCTOR, _ADDRESS)
        assert (await town.kinds(sent), sent.warnings) == (["submitted"], ())


async def test_what_the_patient_answers_and_what_a_peer_brings_is_not_judged(open_town: OpenTown) -> None:
    async with open_town(patient_unqualified="refused") as town:
        await _set(town, IDNATS["patient"], _wanted(state="provisional", oid=InsOid.NIA))
        await town.bring("contact@clinique-pins.sim.mssante.fr", PATIENT)
        assert await town.subjects(PATIENT) == ["Bonjour"]
        with refused(Rule.NOT_INVITED):
            await town.send("patient", PATIENT, PATIENT2)
