"""What a pharmacy dispensed: recorded by day, one for each patient and pharmacy, and what it lets the patient do."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from mss_sim.core.conversations import pharmacy_dispensings
from mss_sim.core.conversations.answer_rights import judge
from mss_sim.core.world.store_types import Dispensation
from mss_sim.errors import Rule
from mss_sim.store import identities
from mss_sim.vocabulary.mail import Ground
from tests.clients import LABORATORY, PATIENT, PATIENT2, WARD
from tests.core.towns import OpenTown, Town, refused

HOSPITAL_IDNAT, LABORATORY_IDNAT, PATIENT_IDNAT = "1750990012", "1690990023", "285037511300167"


async def _verdict(town: Town, address: str = WARD, patient: str = PATIENT) -> Rule | Ground:
    own, mailbox = await town.mailbox(patient), await town.mailbox(address)
    return (await town.world.store.read(lambda conn: judge(town.world, conn, own, address, mailbox, None))).verdict.code


async def _pharmacy(town: Town, idnat: str = HOSPITAL_IDNAT) -> None:
    identity = replace(await town.identity(idnat), sector="SA33")
    await town.world.store.write(lambda conn: identities.change(conn, identity))


@pytest.mark.parametrize("patient", [PATIENT_IDNAT, PATIENT, "claire.fontaine"])
async def test_a_patient_is_named_by_idnat_address_or_login_and_the_day_is_today(town: Town, patient: str) -> None:
    today = date(1970, 1, 1) + timedelta(microseconds=town.clock.now())
    row = await pharmacy_dispensings.record(town.world, patient, HOSPITAL_IDNAT, None)
    assert (row.patient_idnat, row.organisation_idnat) == (PATIENT_IDNAT, HOSPITAL_IDNAT)
    assert date(1970, 1, 1) + timedelta(microseconds=row.at) == today
    assert await pharmacy_dispensings.list_all(town.world) == [row]


@pytest.mark.parametrize(
    ("patient", "organisation", "rule", "said"),
    [
        ("nobody", HOSPITAL_IDNAT, Rule.NOT_FOUND, "There is no identity nobody"),
        (PATIENT, "1", Rule.NOT_FOUND, "There is no identity 1"),
        ("camille.martin", HOSPITAL_IDNAT, Rule.INVALID, "899700420013 is neither"),
        (PATIENT, "899700420013", Rule.INVALID, "899700420013 is neither"),
        (PATIENT, PATIENT2, Rule.INVALID, "is neither here"),
    ],
)
async def test_a_dispensation_is_of_a_patient_by_an_organisation(
    town: Town, patient: str, organisation: str, rule: Rule, said: str
) -> None:
    with refused(rule, said):
        await pharmacy_dispensings.record(town.world, patient, organisation, None)
    assert await pharmacy_dispensings.list_all(town.world) == []


async def test_a_day_that_has_not_come_or_lies_before_1970_is_refused(town: Town) -> None:
    today = date(1970, 1, 1) + timedelta(microseconds=town.clock.now())
    for day in (today + timedelta(days=1), date(1969, 12, 31)):
        with refused(Rule.INVALID, f"Name a day that has come: it is {today.isoformat()}"):
            await pharmacy_dispensings.record(town.world, PATIENT, HOSPITAL_IDNAT, day)


async def test_what_is_recorded_last_counts_for_each_pair(town: Town) -> None:
    today = date(1970, 1, 1) + timedelta(microseconds=town.clock.now())
    await pharmacy_dispensings.record(town.world, PATIENT, HOSPITAL_IDNAT, None)
    old = await pharmacy_dispensings.record(town.world, PATIENT, HOSPITAL_IDNAT, today - timedelta(days=400))
    other = await pharmacy_dispensings.record(town.world, PATIENT2, HOSPITAL_IDNAT, None)
    found = await pharmacy_dispensings.list_all(town.world)
    assert sorted(found, key=lambda row: row.patient_idnat) == sorted([old, other], key=lambda row: row.patient_idnat)
    assert all(isinstance(row, Dispensation) for row in found)


async def test_the_conditions_of_a_pharmacy_one_after_the_other(town: Town) -> None:
    assert await _verdict(town) is Rule.NOT_INVITED
    await pharmacy_dispensings.record(town.world, PATIENT, HOSPITAL_IDNAT, None)
    assert await _verdict(town) is Rule.NOT_A_PHARMACY
    await _pharmacy(town)
    assert await _verdict(town) is Ground.PHARMACY_VISITED
    assert await _verdict(town, patient=PATIENT2) is Rule.PHARMACY_NEVER_VISITED
    await town.change(WARD, red_listed=True)
    assert await _verdict(town) is Rule.NO_PUBLISHED_ORG_MAILBOX
    await _pharmacy(town, LABORATORY_IDNAT)
    assert await _verdict(town, LABORATORY) is Rule.PHARMACY_NEVER_VISITED
    await pharmacy_dispensings.record(town.world, PATIENT, LABORATORY_IDNAT, None)
    assert await _verdict(town, LABORATORY) is Rule.NO_PUBLISHED_ORG_MAILBOX


@pytest.mark.parametrize("most", [365, 0, 30])
async def test_the_last_day_is_the_settings_and_counts_to_its_end(open_town: OpenTown, most: int) -> None:
    async with open_town(patient_pharmacy_days_max=most) as town:
        await _pharmacy(town)
        await pharmacy_dispensings.record(town.world, PATIENT, HOSPITAL_IDNAT, None)
        day = timedelta(days=1)
        into_it = timedelta(microseconds=town.clock.now()) % day
        town.clock.advance(day * (most + 1) - into_it - timedelta(microseconds=1))
        assert await _verdict(town) is Ground.PHARMACY_VISITED
        town.clock.advance(timedelta(microseconds=1))
        assert await _verdict(town) is Rule.PHARMACY_VISIT_TOO_OLD


@pytest.mark.parametrize(("after", "accepted"), [(True, True), (False, False)])
async def test_after_a_closure_a_new_letter_is_taken_or_by_the_setting_is_not(open_town: OpenTown, *, after: bool, accepted: bool) -> None:
    async with open_town(patient_first_letter_after_closure=after) as town:
        await _pharmacy(town)
        await pharmacy_dispensings.record(town.world, PATIENT, HOSPITAL_IDNAT, None)
        await town.send("patient", PATIENT, WARD)
        fin = await town.send("hospital_ward", WARD, PATIENT, "[FIN]")
        with refused(Rule.CONVERSATION_CLOSED):
            await town.send("patient", PATIENT, WARD, In_Reply_To=fin.rfc_message_id or "")
        assert ((await _verdict(town)) is Ground.PHARMACY_VISITED) is accepted
        if not accepted:
            with refused(Rule.CONVERSATION_CLOSED):
                await town.send("patient", PATIENT, WARD)
            return
        await town.send("patient", PATIENT, WARD)
        assert len(await town.lying(WARD)) == 2
