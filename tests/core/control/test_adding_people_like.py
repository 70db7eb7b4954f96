"""People like one of a seed: complete, unlike one another, in nobody's way."""

import pytest

from mss_sim.core.access import authentication, delegation, identities
from mss_sim.core.control import adding_people_like, personas
from mss_sim.core.control.personas import Persona
from mss_sim.core.psc import professionals
from mss_sim.errors import Rule
from mss_sim.mail.addresses import domain_of
from mss_sim.policy.identifiers import address_warnings, warnings
from mss_sim.store import patients
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.mailboxes import MailboxKind, Right
from tests.clients import LABORATORY, WARD
from tests.core.towns import IDNATS, Town, refused

_DOMAINS = {
    "doctor": ["medecin.sim.mssante.fr", "cabinet.sim.mssante.fr"],
    "secretary": [],
    "assistant": [],
    "hospital": ["hopital-ormes.sim.mssante.fr"],
    "hospital_ward": ["hopital-ormes.sim.mssante.fr"],
    "application": ["labo-parc.sim.mssante.fr"],
    "patient": ["patient.mssante.fr"],
    "pharmacist": [],
    "editor": [],
}


async def _one(town: Town, role: str) -> Persona:
    [person] = await adding_people_like.add_like(town.world, role, 1)
    return person


@pytest.mark.parametrize("role", sorted(_DOMAINS))
async def test_one_is_complete(town: Town, role: str) -> None:
    model, person = await town.identity(role), await _one(town, role)
    identity = await town.identity(person.idnat)
    for name in ("kind", "title", "profession", "structure", "sector", "anonymous_card"):
        assert getattr(identity, name) == getattr(model, name)
    assert (identity.idnat != model.idnat, identity.name, person.name, person.role) == (True, person.name, identity.name, role)
    assert warnings(identity.idnat, identity.kind) == []
    assert [domain_of(box.address) for box in person.mailboxes] == _DOMAINS[role]
    assert [address_warnings(box.address, box.kind) for box in person.mailboxes] == [[] for _ in person.mailboxes]
    actor = await authentication.with_password(town.world, person.login, person.password, door=Door.REST)
    assert actor.identity == identity
    assert (await authentication.with_token(town.world, authentication.mint_token(town.world, person.idnat), door=Door.REST)) is not None


async def test_a_person_gets_what_is_the_models_own_with_its_policies(town: Town) -> None:
    person = await _one(town, "doctor")
    own, practice = [await town.mailbox(box.address) for box in person.mailboxes]
    model = await town.mailbox("tilleuls@cabinet.sim.mssante.fr")
    assert (own.kind, own.address.partition("@")[0], own.label) == (MailboxKind.PER, person.login, person.name)
    assert (practice.kind, practice.owner_id, practice.label) == (MailboxKind.CAB, own.owner_id, model.label)
    assert (practice.seen_policy, practice.sent_policy, practice.description) == (model.seen_policy, model.sent_policy, model.description)
    sent = await town.send(await town.actor(person.idnat), own.address, [practice.address])
    assert await town.kinds(sent) == ["submitted", "delivered"]
    assert await town.subjects(model.address) == []


@pytest.mark.parametrize(("role", "like"), [("hospital_ward", WARD), ("application", LABORATORY)])
async def test_what_an_organisation_lends_is_lent_anew(town: Town, role: str, like: str) -> None:
    person, model = await _one(town, role), await town.mailbox(like)
    [lent] = person.mailboxes
    box = await town.mailbox(lent.address)
    assert (box.owner_id, box.kind, box.address != like) == (model.owner_id, model.kind, True)
    rights = next(one for one in await personas.of_seed(town.world, "cabinet") if one.role == role).mailboxes[0].rights
    assert lent.rights == rights
    [line] = [one for one in await town.told(lent.address) if one.act is Act.GRANTED]
    assert (line.door, line.detail["grantee"]) == (Door.CONTROL, person.idnat)  # type: ignore[index]  # a grant has details
    [(given, address)] = await delegation.grants_of(town.world, (await town.identity(person.idnat)).id)
    assert (address, line.grant_id) == (lent.address, given.id)
    sent = await town.send(await town.actor(person.idnat), lent.address, [like])
    assert await town.subjects(like) == ["Bonjour"]
    assert sent.left_from == lent.address


async def test_a_patient_is_qualified_and_written_to(town: Town) -> None:
    person = await _one(town, "patient")
    identity = await town.identity(person.idnat)
    [national] = await town.world.store.read(patients.of_person, identity.id)
    assert (national.ins, national.birth_name) == (person.idnat, identity.family_name)
    assert person.mailboxes[0].address == f"{person.idnat.lower()}@patient.mssante.fr"
    sent = await town.send("doctor", "camille.martin@medecin.sim.mssante.fr", person.mailboxes[0].address)
    assert sent.warnings == ()


async def test_of_several_patients_each_is_qualified(town: Town) -> None:
    for person in await adding_people_like.add_like(town.world, "patient", 3):
        identity = await town.identity(person.idnat)
        assert [one.ins for one in await town.world.store.read(patients.of_person, identity.id)] == [person.idnat]


async def test_the_profile_of_pro_sante_connect_bears_the_new_name(town: Town) -> None:
    person = await _one(town, "pharmacist")
    found, model = await professionals.find(town.world, person.idnat), await professionals.find(town.world, IDNATS["pharmacist"])
    assert found is not None
    assert model is not None
    practice = found.profile["SubjectRefPro"]["exercices"][0]
    assert (practice["nomDexercice"], practice["prenomDexercice"]) == (found.identity.family_name, found.identity.given_name)
    assert found.profile["SubjectOrganization"] == model.profile["SubjectOrganization"]
    assert practice["activities"] == model.profile["SubjectRefPro"]["exercices"][0]["activities"]
    assert (await professionals.find(town.world, (await _one(town, "doctor")).idnat)).profile == {}  # type: ignore[union-attr]  # just made


@pytest.mark.parametrize("role", ["doctor", "secretary", "patient"])
async def test_many_are_unlike_one_another_call_after_call(town: Town, role: str) -> None:
    people = [*await adding_people_like.add_like(town.world, role, 400), *await adding_people_like.add_like(town.world, role, 400)]
    assert len({one.idnat for one in people}) == len({one.login for one in people}) == 800
    boxes = [box.address for one in people for box in one.mailboxes]
    assert len(set(boxes)) == len(boxes)
    known = {one.idnat for one in await identities.list_identities(town.world)}
    assert {one.idnat for one in people} <= known
    assert set(boxes) <= set(await town.addresses())


async def test_what_somebody_has_is_drawn_again(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adding_people_like, "_NUMBERS", 12)
    people = [one for _ in range(3) for one in await adding_people_like.add_like(town.world, "secretary", 4)]
    assert len({one.idnat for one in people}) == 12
    with refused(Rule.LIMIT_REACHED, "begin another"):
        await adding_people_like.add_like(town.world, "secretary", 1)


async def test_the_model_is_as_it_is_now(town: Town) -> None:
    await identities.change_identity(town.world, IDNATS["secretary"], {"profession": "Assistante médicale", "enabled": False}, None, None)
    person = await town.identity((await _one(town, "secretary")).idnat)
    assert (person.profession, person.enabled) == ("Assistante médicale", True)
    await town.change("camille.martin@medecin.sim.mssante.fr", quota_bytes=4_711)
    assert (await town.mailbox((await _one(town, "doctor")).mailboxes[0].address)).quota_bytes == 4_711


async def test_a_role_that_nobody_has_is_refused(town: Town) -> None:
    with refused(Rule.NOT_FOUND, "doctor2"):
        await adding_people_like.add_like(town.world, "surgeon", 1)
    await town.core.reset("none")
    with refused(Rule.NOT_FOUND, "nobody"):
        await adding_people_like.add_like(town.world, "doctor", 1)


async def test_an_owner_has_every_right_over_his_own(town: Town) -> None:
    assert set((await _one(town, "doctor")).mailboxes[0].rights) == set(Right)
