"""Searches of the directory: how each condition finds, pages of one state, what is included, and which index does it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event

from mss_sim.clock import to_datetime
from mss_sim.core.access.identities import NewIdentity, add_identity, change_identity, remove_identity
from mss_sim.core.annuaire.fhir_searches import Annuaire, Page
from mss_sim.errors import Refusal, Rule
from mss_sim.fhir.entries import resource_id
from mss_sim.vocabulary.directory import ResourceType
from mss_sim.vocabulary.mailboxes import IdentityKind
from tests.clients import DOCTOR, PRACTICE
from tests.core.towns import IDNATS, OpenTown, Town, refused

PERSON, ROLE, PLACE = ResourceType.PRACTITIONER, ResourceType.PRACTITIONER_ROLE, ResourceType.ORGANIZATION
HOSPITAL_IDNAT = "1750990012"
G15 = "https://mos.esante.gouv.fr/NOS/TRE_G15-ProfessionSante/FHIR/TRE-G15-ProfessionSante"
RPPS, IDNST, FINESS = "https://rpps.esante.gouv.fr", "urn:oid:1.2.250.1.71.4.2.2", "https://finess.esante.gouv.fr"


async def page(town: Town, type_: ResourceType, *pairs: tuple[str, str]) -> Page:
    """The first page of a search."""
    annuaire = town.core.annuaire()
    return await annuaire.search(annuaire.read(type_, pairs))


async def names(town: Town, type_: ResourceType, *pairs: tuple[str, str]) -> list[str]:
    """Whom a search finds, by family name or name."""
    return sorted(one.entry.family for one in (await page(town, type_, *pairs)).shown)


FOUND: list[tuple[ResourceType, str, str, list[str] | str]] = [
    (PERSON, "family", "mar", ["MARTIN"]),
    (PERSON, "family", "le ", ["LE GALL"]),
    (PERSON, "family", "le", ["LE GALL", "LEROY"]),
    (PERSON, "family", "édit", ["ÉDITEUR"]),
    (PERSON, "family", "edit", ["ÉDITEUR"]),
    (PERSON, "family:exact", "EDITEUR", []),
    (PERSON, "family:exact", "ÉDITEUR", ["ÉDITEUR"]),
    (PERSON, "family:contains", "art", ["MARTIN"]),
    (PERSON, "family", "martin_", []),
    (PERSON, "family", "%", []),
    (PERSON, "name", "camille", ["MARTIN"]),
    (PERSON, "identifier", "99700420013", ["MARTIN"]),
    (PERSON, "identifier", f"{RPPS}|99700420013,899700420047", ["DURAND", "MARTIN"]),
    (PERSON, "identifier", "other|99700420013", []),
    (PERSON, "identifier", f"{IDNST}|", []),
    (PERSON, "identifier:not", "99700420013", "all but MARTIN"),
    (PERSON, "identifier-type", "RPPS", "all with an RPPS"),
    (PERSON, "identifier-type", "ADELI", []),
    (PERSON, "qualification-code", "SM04", ["DURAND"]),
    (PERSON, "qualification-code", "sm04", []),
    (PERSON, "qualification-code", "SM0", []),
    (PERSON, "qualification-code", f"{G15}|60", ["GARNIER"]),
    (PERSON, "qualification-code", f"{G15}|C", []),
    (PERSON, "qualification-code", "other|60", []),
    (PERSON, "active", "false", []),
    (PERSON, "active", "perhaps", []),
    (PERSON, "type-smartcard", "CPS", []),
    (PERSON, "data-information-system", "FINESS", []),
    (PERSON, "mailbox-mss", "camille", ["MARTIN"]),
    (PERSON, "mailbox-mss", "martin", []),
    (PERSON, "mailbox-mss", "TILLEULS@", ["MARTIN"]),
    (PERSON, "mailbox-mss:exact", PRACTICE, ["MARTIN"]),
    (PERSON, "mailbox-mss:exact", PRACTICE.upper(), []),
    (PERSON, "mailbox-mss:contains", f"{DOCTOR} {PRACTICE}", []),
    (PERSON, "mailbox-mss:contains", "cabinet.sim", ["MARTIN"]),
    (PERSON, "_lastUpdated", "lt2020", []),
    (PERSON, "_lastUpdated", "2020-01", []),
    (ROLE, "identifier", "9970042004", ["DURAND"]),
    (ROLE, "identifier", f"{RPPS}|9970042004", ["DURAND"]),
    (ROLE, "identifier", "997004200", []),
    (ROLE, "role", "GENR01", ["BERNARD", "DURAND", "GARNIER", "MARTIN"]),
    (ROLE, "role:not", "GENR01", ["LEROY", "MOREAU", "PETIT"]),
    (ROLE, "role", "L", ["BERNARD", "MARTIN"]),
    (ROLE, "organization.identifier", HOSPITAL_IDNAT, ["DURAND", "GARNIER"]),
    (ROLE, "organization.identifier", f"{FINESS}|750990012", ["DURAND", "GARNIER"]),
    (ROLE, "practitioner.family", "dur", ["DURAND"]),
    (ROLE, "organization.name", "laboratoire", []),
    (PLACE, "name", "hop", ["Hôpital des Ormes"]),
    (PLACE, "name:exact", "hôpital des Ormes", []),
    (PLACE, "type", "SA01", ["Hôpital des Ormes"]),
    (PLACE, "type", "GEOGRAPHICAL-ENTITY", ["Hôpital des Ormes", "Laboratoire du Parc"]),
    (PLACE, "identifier", f"{FINESS}|750990012", ["Hôpital des Ormes"]),
    (PLACE, "identifier", f"{FINESS}|", ["Hôpital des Ormes", "Laboratoire du Parc"]),
    (PLACE, "identifier", f"{IDNST}|", ["Hôpital des Ormes", "Laboratoire du Parc"]),
    (PLACE, "identifier", f"{RPPS}|", []),
    (PLACE, "identifier-type", "SIRET", []),
    (PLACE, "identifier-type", "FINEG", ["Hôpital des Ormes", "Laboratoire du Parc"]),
    (PLACE, "address-postalcode", "69", ["Laboratoire du Parc"]),
    (PLACE, "address-city", "PAR", ["Hôpital des Ormes"]),
    (PLACE, "address-line:contains", "allee", ["Laboratoire du Parc"]),
    (PLACE, "address", "par", ["Hôpital des Ormes"]),
    (PLACE, "address", "3 allée", ["Laboratoire du Parc"]),
    (PLACE, "partof", "Organization/001-1-000000001", []),
    (PLACE, "pharmacy-licence", "1", []),
]


async def test_each_condition_finds_what_it_says(open_town: OpenTown) -> None:
    async with open_town(directory_page_size=100) as town:
        everybody = await names(town, PERSON)
        told = {"all but MARTIN": [one for one in everybody if one != "MARTIN"]}
        told["all with an RPPS"] = [one for one in everybody if one not in ("ÉDITEUR", "MOREAU", "PETIT")]
        for type_, name, value, wanted in FOUND:
            expected = told[wanted] if isinstance(wanted, str) else wanted
            assert await names(town, type_, (name, value)) == expected, (type_, name, value)


async def test_an_id_and_a_reference_find_one(town: Town) -> None:
    doctor = await town.identity("hospital")
    hospital = await town.identity(HOSPITAL_IDNAT)
    assert await names(town, PERSON, ("_id", resource_id(PERSON, doctor.id))) == ["DURAND"]
    assert await names(town, PERSON, ("_id", resource_id(ROLE, doctor.id))) == []
    for form in (f"Practitioner/{resource_id(PERSON, doctor.id)}", resource_id(PERSON, doctor.id)):
        assert await names(town, ROLE, ("practitioner", form)) == ["DURAND"]
    place = resource_id(PLACE, hospital.id)
    assert await names(town, ROLE, ("organization", f"Organization/{place},{place}")) == ["DURAND", "GARNIER"]
    for form in (f"Practitioner/{place}", resource_id(PLACE, doctor.id), "x", "Organization/"):
        assert await names(town, ROLE, ("organization", form)) == []


async def test_a_date_is_compared_after_it_was_cut(town: Town) -> None:
    await page(town, PERSON)
    town.clock.advance(timedelta(days=40))
    await change_identity(town.world, IDNATS["doctor"], {"title": "Pr"}, None, None)
    (changed,) = (await page(town, PERSON, ("family", "martin"))).shown
    day = (await page(town, PERSON, ("_lastUpdated", "gt2020"))).shown
    assert len(day) > 5
    at = changed.entry.changed_at
    from mss_sim.fhir.resources import instant

    today = instant(at)[:10]
    assert await names(town, PERSON, ("_lastUpdated", f"ge{today}")) == ["MARTIN"]
    assert await names(town, PERSON, ("_lastUpdated", today)) == ["MARTIN"]
    assert await names(town, PERSON, ("_lastUpdated", f"gt{today}")) == []
    assert "MARTIN" not in await names(town, PERSON, ("_lastUpdated", f"lt{today}"))
    assert "MARTIN" not in await names(town, PERSON, ("_lastUpdated", f"ne{today}"))
    assert "MARTIN" in await names(town, PERSON, ("_lastUpdated", f"le{today}"))
    before = (to_datetime(at) - timedelta(days=1)).strftime("%Y-%m-%d")
    assert (
        await names(town, PERSON, ("_lastUpdated", f"sa{before}"))
        == await names(town, PERSON, ("_lastUpdated", f"ap{today}"))
        == ["MARTIN"]
    )
    assert await names(town, PERSON, ("_lastUpdated", f"sa{today}")) == []
    assert "MARTIN" not in await names(town, PERSON, ("_lastUpdated", f"eb{today}"))
    assert len(await names(town, PERSON, ("_lastUpdated", f"eb{today}"))) == len(day) - 1


async def walk(town: Town, *pairs: tuple[str, str], meanwhile: Callable[[], Any] | None = None) -> list[str]:
    """Whom all pages show; something happens after the first."""
    annuaire = town.core.annuaire()
    found = await page(town, PERSON, *pairs)
    shown = [one.entry.idnat for one in found.shown]
    if meanwhile:
        await meanwhile()
    while found.next:
        found = await annuaire.go_on(found.next)
        shown += [one.entry.idnat for one in found.shown]
    return shown


async def test_a_walk_sees_one_state_whatever_happens(town: Town) -> None:
    everybody = await walk(town)
    assert len(everybody) == len(set(everybody)) == 10

    async def meanwhile() -> None:
        await remove_identity(town.world, IDNATS["locum"])
        await change_identity(town.world, IDNATS["editor"], {"enabled": False}, None, None)
        await add_identity(town.world, NewIdentity("899700420096", IdentityKind.PROFESSIONAL, "NOUVEAU"))

    assert await walk(town, ("_count", "2"), meanwhile=meanwhile) == everybody
    assert await walk(town, ("_count", "3")) == [*everybody, "899700420096"]


async def test_the_sizes_of_pages_are_settings(open_town: OpenTown) -> None:
    async with open_town(directory_page_size=3, directory_page_size_max=4) as town:
        assert len((await page(town, PERSON)).shown) == 3
        assert len((await page(town, PERSON, ("_count", "50"))).shown) == 4


async def test_an_address_is_good_as_long_as_a_setting_says(open_town: OpenTown) -> None:
    async with open_town(directory_page_seconds=60) as town:
        found = await page(town, PERSON, ("_count", "1"))
        assert found.next is not None
        town.clock.advance(timedelta(seconds=60))
        await town.core.annuaire().go_on(found.next)
        town.clock.advance(timedelta(seconds=1))
        with refused(Rule.INVALID, "too old"):
            await town.core.annuaire().go_on(found.next)


async def test_what_is_included_comes_after_its_match_and_once(town: Town) -> None:
    found = await page(town, ROLE, ("organization.name", "hop"), ("_include", "*"))
    assert [(one.type, one.entry.family) for one in found.shown] == [
        (ROLE, "DURAND"),
        (PERSON, "DURAND"),
        (PLACE, "Hôpital des Ormes"),
        (ROLE, "GARNIER"),
        (PERSON, "GARNIER"),
    ]
    assert found.total == 2
    back = await page(town, PLACE, ("name", "hop"), ("_revinclude", "*"))
    assert [(one.type, one.entry.family) for one in back.shown] == [(PLACE, "Hôpital des Ormes"), (ROLE, "DURAND"), (ROLE, "GARNIER")]
    assert {one.structure_id for one in back.shown if one.type is ROLE} == {back.shown[0].entry.id}


async def test_a_page_that_would_include_too_much_is_refused(open_town: OpenTown) -> None:
    async with open_town(directory_included_max=2) as town:
        assert len((await page(town, PLACE, ("name", "hop"), ("_revinclude", "PractitionerRole:organization"))).shown) == 3
        await change_identity(town.world, IDNATS["locum"], {"structure": HOSPITAL_IDNAT}, None, None)
        with pytest.raises(Refusal, match="includes over 2 resources") as caught:
            await page(town, PLACE, ("name", "hop"), ("_revinclude", "PractitionerRole:organization"))
        told = (caught.value.rule, caught.value.subject, caught.value.reference)
        assert told == (Rule.INVALID, "_revinclude", "quirks#directory-includes")


async def test_where_a_person_works_comes_with_them(town: Town) -> None:
    back = await page(town, PERSON, ("family", "durand"), ("_revinclude", "PractitionerRole:practitioner"))
    assert [(one.type, one.entry.family) for one in back.shown] == [(PERSON, "DURAND"), (ROLE, "DURAND")]
    assert [one.type for one in (await page(town, PERSON, ("family", "durand"))).shown] == [PERSON]


async def test_a_chain_forgets_the_others_by_setting(open_town: OpenTown) -> None:
    async with open_town(directory_chained_ignores_others=True) as town:
        assert await names(town, ROLE, ("organization.name", "hop"), ("_count", "1")) == ["DURAND", "GARNIER"]
        assert len((await page(town, ROLE, ("_count", "1"))).shown) == 1


async def test_a_domain_is_missed_by_setting(open_town: OpenTown) -> None:
    asked = ("mailbox-mss:contains", "medecin.sim.mssante.fr")
    async with open_town(directory_contains_misses_domains=True) as town:
        assert await names(town, PERSON, asked) == []
        assert await names(town, PERSON, (asked[0], "sim.mssante.fr,martin")) == await names(town, PERSON, (asked[0], "martin")) != []
    async with open_town() as town:
        assert await names(town, PERSON, asked) != []


async def test_a_single_resource(town: Town) -> None:
    annuaire = town.core.annuaire()
    doctor, locum = await town.identity("hospital"), await town.identity("locum")
    assert (await annuaire.one(PERSON, resource_id(PERSON, doctor.id))).entry.family == "DURAND"
    assert (await annuaire.one(ROLE, resource_id(ROLE, doctor.id))).structure_id == (await town.identity(HOSPITAL_IDNAT)).id
    for type_, id_ in (
        (ROLE, resource_id(ROLE, locum.id)),
        (PLACE, resource_id(PLACE, doctor.id)),
        (ResourceType.DEVICE, "1"),
        (PERSON, "zzz"),
    ):
        with refused(Rule.NOT_FOUND, f"Resource {type_}/{id_} is not known"):
            await annuaire.one(type_, id_)


PLANS = [
    (PERSON, [("identifier", "99700420013")], "ix_directory_entries_idnat"),
    (PERSON, [("identifier", f"{RPPS}|99700420013,x")], "ix_directory_entries_idnat"),
    (ROLE, [("identifier", "9970042004")], "ix_directory_entries_idnat"),
    (PERSON, [("family", "mar"), ("active", "true")], "ix_directory_entries_family_search"),
    (PERSON, [("family:exact", "MARTIN")], "ix_directory_entries_family_search"),
    (PLACE, [("name", "hop")], "ix_directory_entries_family_search"),
    (ROLE, [("organization", "Organization/001-0-000000001")], "ix_directory_entries_structure"),
    (PLACE, [("address-postalcode", "78"), ("type", "SA05")], "ix_directory_entries_postal_code"),
    (PERSON, [("mailbox-mss", "camille")], "sqlite_autoindex_directory_entries_1"),
    (PERSON, [], "sqlite_autoindex_directory_entries_1"),
]
"""Which index finds, so that a country is not walked for one person."""


async def _asked(town: Town, type_: ResourceType, pairs: list[tuple[str, str]]) -> tuple[Engine, list[tuple[str, Any]]]:
    """The statements of a search with their parameters, and the engine that was asked."""
    annuaire: Annuaire = town.core.annuaire()
    await annuaire.loading.ensure()
    asked: list[tuple[str, Any]] = []

    def note(_conn: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        asked.append((statement, parameters))

    engine = town.world.store._engine  # noqa: SLF001 - what it is asked is nowhere else to be seen
    event.listen(engine, "before_cursor_execute", note)
    await annuaire.search(annuaire.read(type_, pairs))
    return engine, asked


@pytest.mark.parametrize(("type_", "pairs", "index"), PLANS)
async def test_a_search_is_made_by_its_index(town: Town, type_: ResourceType, pairs: list[tuple[str, str]], index: str) -> None:
    engine, asked = await _asked(town, type_, pairs)
    statement, parameters = next(one for one in asked if "ORDER BY" in one[0])
    with engine.connect() as conn:
        plan = [row[-1] for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
    assert any(f"SEARCH directory_entries USING INDEX {index} " in step for step in plan), plan


@pytest.mark.parametrize(
    ("type_", "include"),
    [
        (ROLE, ("_include", "PractitionerRole:organization")),
        (PERSON, ("_revinclude", "PractitionerRole:practitioner")),
        (PLACE, ("_revinclude", "PractitionerRole:organization")),
    ],
)
async def test_what_a_page_includes_is_found_by_its_number(town: Town, type_: ResourceType, include: tuple[str, str]) -> None:
    engine, asked = await _asked(town, type_, [include])
    included = [one for one in asked if "idnat IN" in one[0] or "structure IN" in one[0]]
    assert included
    with engine.connect() as conn:
        plans = [row[-1] for statement, values in included for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]
    assert not [step for step in plans if step.endswith("(person=?)") or "SCAN" in step], plans


async def test_a_search_for_no_match_tells_how_many_there_are(town: Town) -> None:
    found = await page(town, PERSON, ("_count", "0"))
    everybody = await page(town, PERSON)
    assert (found.shown, found.total, found.next) == ((), len(everybody.shown), None)


@pytest.mark.parametrize(("asked", "told"), [(None, False), ("accurate", True), ("none", False)])
async def test_how_many_match_is_counted_where_it_is_asked_for_or_all_are_there(town: Town, asked: str | None, told: bool) -> None:
    pairs = (("_total", asked),) if asked else ()
    everybody = len((await page(town, PERSON)).shown)
    assert (await page(town, PERSON, ("_count", "1"), *pairs)).total == (everybody if told else None)
    assert (await page(town, PERSON, *pairs)).total == (None if asked == "none" else everybody)


@pytest.mark.parametrize("type_", [ResourceType.HEALTHCARE_SERVICE, ResourceType.DEVICE])
async def test_of_what_no_world_has_nothing_is_found(town: Town, type_: ResourceType) -> None:
    found = await page(town, type_)
    assert (found.shown, found.total, found.next) == ((), 0, None)
