"""Fictional patients added to a world: with mailboxes and log-ins, once."""

from mss_sim.core.access import authentication, identities, patient_identities
from mss_sim.core.control import adding_patients, fictional_patients
from mss_sim.core.mailbox import mailboxes
from mss_sim.errors import Rule
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.mailboxes import MailboxKind
from tests.clients import DOCTOR
from tests.core.towns import Town, refused


async def test_they_are_there_with_identity_mailbox_and_log_in(town: Town) -> None:
    people = await adding_patients.add_patients(town.world, 60, 7)
    assert people == fictional_patients.patients(60, 7)
    known = await patient_identities.by_person(town.world)
    for one in people:
        person = await identities.identity_named(town.world, one.address)
        assert (person.idnat, person.name) == (one.ins, f"{one.given_name} {one.birth_name}")
        assert [(row.ins, row.oid, row.state) for row in known[person.id]] == [(one.ins, *root) for root in one.roots]
        box = await town.mailbox(one.address)
        assert (box.kind, box.owner_id, box.label) == (MailboxKind.PATIENT, person.id, person.name)
    actor = await authentication.with_password(town.world, people[8].login, fictional_patients.PASSWORD, door=Door.REST)
    assert actor.identity.idnat == people[8].ins
    sent = await town.send("doctor", DOCTOR, [one.address for one in people if one.case != "provisional"])
    assert sent.warnings == ()


async def test_a_second_time_nobody_is_added_and_what_was_changed_stays(town: Town) -> None:
    people = await adding_patients.add_patients(town.world, 5, 7)
    await identities.change_identity(town.world, people[0].ins, {"family_name": "AUTRE"}, None, None)
    await mailboxes.remove_mailbox(town.world, people[1].address)
    before = len(await identities.list_identities(town.world))
    assert await adding_patients.add_patients(town.world, 8, 7) == fictional_patients.patients(8, 7)
    assert len(await identities.list_identities(town.world)) == before + 3
    assert (await identities.identity_named(town.world, people[0].ins)).family_name == "AUTRE"
    assert people[1].address not in await town.addresses()


async def test_a_login_of_somebody_else_is_not_taken_from_them(town: Town) -> None:
    await identities.change_identity(town.world, (await town.identity("doctor")).idnat, {}, "patient-7-3", "secret-2026")
    with refused(Rule.CONFLICT, "patient-7-3"):
        await adding_patients.add_patients(town.world, 5, 7)
    assert fictional_patients.patients(1, 7)[0].ins not in {one.idnat for one in await identities.list_identities(town.world)}


async def test_without_the_operator_of_mon_espace_sante_nobody_is_added(town: Town) -> None:
    await town.core.reset("none")
    with refused(Rule.DOMAIN_OUTSIDE, "patient.mssante.fr"):
        await adding_patients.add_patients(town.world, adding_patients.PATIENTS_MAX, 7)
    assert await identities.list_identities(town.world) == []
