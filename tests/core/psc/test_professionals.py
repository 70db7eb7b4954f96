"""Who may log in at Pro Santé Connect, by what name, and what is kept to be told of each."""

from typing import Any

import pytest

from mss_sim.core.access import identities
from mss_sim.core.access.identities import NewIdentity
from mss_sim.core.psc import professionals
from mss_sim.errors import Rule
from mss_sim.vocabulary.mailboxes import IdentityKind
from tests.core.towns import IDNATS, Town, refused

NEW = "899700425551"


@pytest.mark.parametrize(
    ("who", "may"),
    [
        ("doctor", True),
        ("secretary", True),
        ("patient", False),
        ("application", False),
        ("1750990012", False),
        ("nobody", False),
        ("\x00", False),
    ],
)
async def test_professionals_and_employees_have_a_card_and_nobody_else(town: Town, who: str, may: bool) -> None:
    found = await professionals.find(town.world, IDNATS.get(who, who))
    assert (found is not None) == may


async def test_who_is_disabled_may_not_log_in_by_any_name(town: Town) -> None:
    for hint in (IDNATS["doctor"], "camille.martin"):
        found = await professionals.hinted(town.world, hint)
        assert found is not None
        assert found.idnat == IDNATS["doctor"]
    everybody = {one.idnat for one in await professionals.list_all(town.world)}
    await identities.change_identity(town.world, IDNATS["doctor"], {"enabled": False}, None, None)
    assert await professionals.find(town.world, IDNATS["doctor"]) is None
    assert [await professionals.hinted(town.world, hint) for hint in (IDNATS["doctor"], "camille.martin")] == [None, None]
    assert everybody - {one.idnat for one in await professionals.list_all(town.world)} == {IDNATS["doctor"]}


@pytest.mark.parametrize("hint", ["claire.fontaine", "automate.labo", "nobody", "", "\x00"])
async def test_a_hint_that_means_no_professional_means_nobody(town: Town, hint: str) -> None:
    assert await professionals.hinted(town.world, hint) is None


async def test_where_somebody_works_is_told_when_it_is_known_here(town: Town) -> None:
    hospital, doctor = [await professionals.find(town.world, IDNATS[who]) for who in ("hospital", "doctor")]
    assert hospital is not None
    assert doctor is not None
    assert hospital.structure is not None
    assert (hospital.structure.family_name, doctor.structure) == ("Hôpital des Ormes", None)
    listed = {one.identity.idnat: one for one in await professionals.list_profiles(town.world)}
    assert listed[IDNATS["hospital"]] == hospital
    assert listed[IDNATS["pharmacist"]].profile["codeCivilite"] == "MME"


async def test_a_profile_is_replaced_whole(town: Town) -> None:
    for profile in ({"a": 1}, {"b": [2]}, {}):
        await professionals.set_profile(town.world, IDNATS["doctor"], profile)
        found = await professionals.find(town.world, IDNATS["doctor"])
        assert found is not None
        assert found.profile == profile
    with refused(Rule.NOT_FOUND):
        await professionals.set_profile(town.world, "nobody", {})


@pytest.mark.parametrize(
    ("profile", "said"),
    [({"a": "x" * 65_536}, "at most 65536 bytes"), ({"a": "\ud800"}, "cannot be written"), ({"a": 2**70}, "cannot be written")],
)
async def test_a_profile_that_cannot_be_kept_is_refused(town: Town, profile: dict[str, Any], said: str) -> None:
    with refused(Rule.INVALID, said):
        await professionals.set_profile(town.world, IDNATS["doctor"], profile)
    await professionals.set_profile(town.world, IDNATS["doctor"], {"a": "x" * (65_536 - len('{"a":""}'))})


async def test_a_persona_is_made_or_gets_another_profile_and_may_log_in(town: Town) -> None:
    new = NewIdentity(NEW, IdentityKind.PROFESSIONAL, "NOUVELLE")
    made = await professionals.put_persona(town.world, new, {"a": 1})
    again = await professionals.put_persona(town.world, NewIdentity(NEW, IdentityKind.PROFESSIONAL, "AUTRE"), {"b": 2})
    assert (made.identity.family_name, made.profile) == ("NOUVELLE", {"a": 1})
    assert (again.identity, again.profile) == (made.identity, {"b": 2})
    with refused(Rule.INVALID, "is a professional or an employee"):
        await professionals.put_persona(town.world, NewIdentity("x", IdentityKind.PATIENT, "X"), {})
    with refused(Rule.CONFLICT, "may not log in"):
        await professionals.put_persona(town.world, NewIdentity(IDNATS["patient"], IdentityKind.PROFESSIONAL, "X"), {})
