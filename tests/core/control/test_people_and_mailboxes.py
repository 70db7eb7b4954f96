"""People and mailboxes found by words as people type them, page after page, and shown with all that is theirs."""

import pytest

from mss_sim.core.access import delegation
from mss_sim.core.access.delegation import GrantRequest
from mss_sim.core.access.rights_in_force import Requester
from mss_sim.core.control import people_and_mailboxes
from mss_sim.core.mailbox import closing, retention
from mss_sim.errors import Rule
from mss_sim.store import mailboxes as boxes_kept
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.mailboxes import HolderRole, IdentityKind, MailboxKind, MailboxState, Right
from tests.clients import DOCTOR, HOSPITAL, LABORATORY, PATIENT, PRACTICE, WARD
from tests.core.towns import IDNATS, Town, refused


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("hugo", ["Dr Hugo BERNARD"]),
        ("EDITEUR", ["Test ÉDITEUR"]),
        ("éditeur", ["Test ÉDITEUR"]),
        ("leroy nadia", ["Nadia LEROY"]),
        ("camille.martin", ["Dr Camille MARTIN"]),
        ("SEC0001", ["Sophie PETIT"]),
        ("cardiologie", ["Dr Paul DURAND"]),
        ("hugo petit", []),
        ("personne", []),
        ("%", []),
    ],
)
async def test_a_person_is_found_by_words_without_case_and_accents(town: Town, text: str, names: list[str]) -> None:
    assert [one.identity.name for one in await people_and_mailboxes.find_people(town.world, text, limit=50)] == names


async def test_people_come_in_the_order_of_their_creation_page_after_page(town: Town) -> None:
    whole = await people_and_mailboxes.find_people(town.world, limit=1_000)
    pages, after = [], None
    while page := await people_and_mailboxes.find_people(town.world, after=after, limit=3):
        pages += page
        after = page[-1].identity.id
    assert pages == whole
    assert [one.identity.id for one in whole] == sorted(one.identity.id for one in whole)
    assert {one.identity.idnat for one in whole} >= set(IDNATS.values())


async def test_people_of_one_kind_alone_are_found_and_logins_are_told(town: Town) -> None:
    patients = await people_and_mailboxes.find_people(town.world, kind=IdentityKind.PATIENT, limit=50)
    assert {one.identity.kind for one in patients} == {IdentityKind.PATIENT}
    assert "claire.fontaine" in {one.login for one in patients}
    organisations = await people_and_mailboxes.find_people(town.world, kind=IdentityKind.ORGANISATION, limit=50)
    assert {one.login for one in organisations} == {None}


@pytest.mark.parametrize(
    ("text", "kind", "state", "addresses"),
    [
        ("tilleuls", None, None, [PRACTICE]),
        ("bernard", None, None, ["hugo.bernard@medecin.sim.mssante.fr"]),
        ("hopital", MailboxKind.ORG, None, [WARD]),
        ("hopital", None, MailboxState.ACTIVE, [HOSPITAL, WARD]),
        ("", MailboxKind.APP, None, [LABORATORY]),
        ("", None, MailboxState.CLOSED, []),
    ],
)
async def test_a_mailbox_is_found_by_words_kind_and_state(
    town: Town, text: str, kind: MailboxKind | None, state: MailboxState | None, addresses: list[str]
) -> None:
    found = await people_and_mailboxes.find_mailboxes(town.world, text, kind=kind, state=state)
    assert [one.mailbox.address for one in found] == addresses


async def test_mailboxes_come_page_after_page_with_their_owners_and_without_the_views_of_carers(town: Town) -> None:
    patient = await town.actor("patient")
    wanted = GrantRequest(PATIENT, IDNATS["doctor"], frozenset({Right.SEE, Right.READ}))
    await delegation.grant(town.world, Requester(patient.identity.id, Door.REST), wanted)  # which makes such a view
    whole = await people_and_mailboxes.find_mailboxes(town.world)
    first = await people_and_mailboxes.find_mailboxes(town.world, limit=2)
    rest = await people_and_mailboxes.find_mailboxes(town.world, after=first[-1].mailbox.id, limit=1_000)
    assert [*first, *rest] == whole
    assert [one.mailbox for one in whole] == await town.world.store.read(boxes_kept.list_all)
    assert {one.mailbox.address: one.owner.idnat for one in whole}[PRACTICE] == IDNATS["doctor"]


async def test_a_text_that_is_too_long_is_not_looked_for(town: Town) -> None:
    most = town.world.settings.search.query_chars_max
    assert await people_and_mailboxes.find_people(town.world, "x" * most, limit=1) == []
    with refused(Rule.LIMIT_REACHED, str(most)):
        await people_and_mailboxes.find_people(town.world, "x" * (most + 1), limit=1)
    with refused(Rule.LIMIT_REACHED, str(most)):
        await people_and_mailboxes.find_mailboxes(town.world, "x" * (most + 1))


async def test_somebody_is_shown_with_what_they_hold_and_were_given_ended_grants_included(town: Town) -> None:
    doctor = await people_and_mailboxes.show_person(town.world, IDNATS["doctor"])
    assert (doctor.login, {(one.mailbox.address, one.role) for one in doctor.held}) == (
        "camille.martin",
        {(DOCTOR, HolderRole.OWNER), (PRACTICE, HolderRole.RESPONSIBLE)},
    )
    colleague = await people_and_mailboxes.show_person(town.world, IDNATS["doctor2"])
    assert (PRACTICE, HolderRole.CO_HOLDER) in {(one.mailbox.address, one.role) for one in colleague.held}
    secretary = await people_and_mailboxes.show_person(town.world, IDNATS["secretary"])
    row, address = secretary.grants[0]
    await delegation.revoke(town.world, Requester(None, Door.CONTROL), address, row.id)
    after = await people_and_mailboxes.show_person(town.world, IDNATS["secretary"])
    assert ([one.id for one, _ in after.grants], after.grants[0][0].revoked_at) == (
        [one.id for one, _ in secretary.grants],
        town.clock.now(),
    )
    patient = await people_and_mailboxes.show_person(town.world, IDNATS["patient"])
    assert [one.ins for one in patient.ins] == [IDNATS["patient"]]
    with refused(Rule.NOT_FOUND, "899700420999"):
        await people_and_mailboxes.show_person(town.world, "899700420999")


async def test_a_mailbox_is_shown_with_holders_grants_closing_and_days(town: Town) -> None:
    before = await people_and_mailboxes.show_mailbox(town.world, PRACTICE)
    assert [(one.identity.idnat, one.role) for one in before.holders] == [
        (IDNATS["doctor"], HolderRole.RESPONSIBLE),
        (IDNATS["doctor2"], HolderRole.CO_HOLDER),
    ]
    assert before.operator is not None
    assert "cabinet.sim.mssante.fr" in before.operator.domains
    assert {before.people[row.grantee_id].idnat for row in before.grants} == {IDNATS["secretary"], IDNATS["assistant"]}
    assert (before.closing, before.own_days) == (None, False)
    await closing.ask(town.world, None, PRACTICE)
    await retention.put_days(town.world, PRACTICE, 90)
    after = await people_and_mailboxes.show_mailbox(town.world, PRACTICE)
    assert (after.closing is not None, after.own_days) == (True, True)
    with refused(Rule.NOT_FOUND, "nobody@cabinet.sim.mssante.fr"):
        await people_and_mailboxes.show_mailbox(town.world, "nobody@cabinet.sim.mssante.fr")
