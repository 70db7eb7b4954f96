"""The daily file: which mailboxes, in which columns, of which instant."""

import io
import zipfile
from datetime import timedelta

from mss_sim.clock import to_datetime
from mss_sim.core.access.identities import NewIdentity, add_identity, change_identity
from mss_sim.core.annuaire.extraction import COLUMNS
from mss_sim.core.mailbox.mailboxes import NewMailbox, add_mailbox, change_mailbox
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.mailboxes import IdentityKind, MailboxKind
from tests.clients import DOCTOR, HOSPITAL, WARD
from tests.core.towns import IDNATS, OpenTown, Town


async def rows(town: Town) -> dict[str, dict[str, str]]:
    """The lines of the file by address."""
    file = await town.core.annuaire().extraction.file()
    with zipfile.ZipFile(io.BytesIO(file.octets)) as archive:
        assert archive.namelist() == [f"{file.name}.txt"]
        head, *lines = archive.read(archive.namelist()[0]).decode().splitlines()
    assert tuple(head.split("|")) == COLUMNS
    cells = [dict(zip(COLUMNS, line.split("|"), strict=True)) for line in lines]
    return {one["Adresse BAL"]: one for one in cells}


async def name(town: Town) -> str:
    """The end of the file's name."""
    return (await town.core.annuaire().extraction.file()).name.removeprefix("Extraction_Correspondance_MSSante_")


def test_there_are_31_columns() -> None:
    assert (len(COLUMNS), len(set(COLUMNS))) == (31, 31)


async def test_per_and_org_are_there_and_nothing_else(town: Town) -> None:
    found = await rows(town)
    assert {address: row["Type de BAL"] for address, row in found.items()} == {
        DOCTOR: "PER",
        "hugo.bernard@medecin.sim.mssante.fr": "PER",
        HOSPITAL: "PER",
        WARD: "ORG",
    }
    await change_mailbox(town.world, DOCTOR, {"red_listed": True}, actor_id=None, door=Door.CONTROL)
    assert DOCTOR not in await rows(town)


async def test_a_person_with_the_structure_and_one_without(town: Town) -> None:
    found = await rows(town)
    durand, martin = ({name: text for name, text in found[address].items() if text} for address in (HOSPITAL, DOCTOR))
    assert martin == {
        "Type de BAL": "PER",
        "Adresse BAL": DOCTOR,
        "Type Identifiant PP": "8",
        "Identifiant PP": "99700420013",
        "Identification nationale PP": "899700420013",
        "Civilité d'exercice": "DR",
        "Nom d'exercice": "MARTIN",
        "Prénom d'exercice": "Camille",
        "Catégorie profession": "C",
        "Libellé de catégorie profession": "Civil",
        "Code Profession": "10",
        "Libellé Profession": "Médecin",
        "Code savoir-faire": "SM54",
        "Libellé savoir-faire": "Médecine générale (SM)",
        "Dématérialisation": "O",
    }
    assert {name: text for name, text in durand.items() if "tructure" in name} == {
        "Type identifiant structure": "1",
        "Identification Structure": "750990012",
        "Raison Sociale structure BAL": "Hôpital des Ormes",
        "L4LIBELLEVOIE structure BAL": "12 rue des Ormes",
        "L6LIGNEACHEMINEMENT structure BAL": "75012 Paris",
        "Code postal structure BAL": "75012",
        "Département structure BAL": "75",
        "Pays structure BAL": "France",
    }
    assert {name: text for name, text in found[WARD].items() if text} == {
        "Type de BAL": "ORG",
        "Adresse BAL": WARD,
        "Service de rattachement": "Hôpital des Ormes - Service de cardiologie",
        "Dématérialisation": "O",
        **{name: text for name, text in durand.items() if "tructure" in name},
    }


async def test_a_title_without_its_dot_a_profession_without_specialty_and_a_place_overseas_or_unknown(town: Town) -> None:
    await change_identity(town.world, IDNATS["doctor"], {"title": "Dr.", "profession": "Infirmière"}, None, None)
    await change_identity(town.world, "1750990012", {"postal_code": "97400", "city": "Saint-Denis"}, None, None)
    found = await rows(town)
    doctor, ward = found[DOCTOR], found[WARD]
    assert (doctor["Civilité d'exercice"], doctor["Code Profession"], doctor["Code savoir-faire"]) == ("DR", "60", "")
    assert (ward["Département structure BAL"], ward["Pays structure BAL"]) == ("974", "France")
    await change_identity(town.world, "1750990012", {"postal_code": "", "city": ""}, None, None)
    ward = (await rows(town))[WARD]
    assert (ward["L6LIGNEACHEMINEMENT structure BAL"], ward["Pays structure BAL"]) == ("", "")


async def test_an_employee_has_no_profession_of_the_registers_and_a_structure_may_be_a_number_alone(town: Town) -> None:
    idnat, address = "3750990012/42", "karine.noir@hopital-ormes.sim.mssante.fr"
    employee = NewIdentity(idnat, IdentityKind.EMPLOYEE, "NOIR", "Karine", profession="Infirmière", structure="1750990099")
    await add_identity(town.world, employee)
    await add_mailbox(town.world, NewMailbox(address, MailboxKind.PER, idnat, with_structure=True))
    row = (await rows(town))[address]
    assert (row["Nom d'exercice"], row["Catégorie profession"], row["Code Profession"], row["Libellé Profession"]) == ("NOIR", "", "", "")
    assert (row["Type identifiant structure"], row["Identification Structure"]) == ("1", "750990099")
    assert row["Raison Sociale structure BAL"] == ""


async def test_a_bar_in_a_text_makes_no_column(town: Town) -> None:
    await change_identity(town.world, IDNATS["doctor"], {"family_name": "MAR|TIN"}, None, None)
    assert (await rows(town))[DOCTOR]["Nom d'exercice"] == "MAR TIN"


async def test_the_file_is_of_its_hour_and_made_anew_after_a_change(town: Town) -> None:
    began = to_datetime(town.clock.now())
    assert await name(town) == began.strftime("%Y%m%d%H%M")
    first = await town.core.annuaire().extraction.file()
    assert await town.core.annuaire().extraction.file() is first
    town.clock.advance(timedelta(days=1))
    assert await name(town) == (began + timedelta(days=1)).strftime("%Y%m%d0200")
    await change_identity(town.world, IDNATS["doctor"], {"title": "Pr"}, None, None)
    assert (await name(town), (await rows(town))[DOCTOR]["Civilité d'exercice"]) == (
        (began + timedelta(days=1)).strftime("%Y%m%d%H%M"),
        "PR",
    )


async def test_by_setting_it_tells_the_state_of_its_hour(open_town: OpenTown) -> None:
    async with open_town(directory_extraction_daily=True, directory_extraction_hour=5) as town:
        assert await rows(town) == {}  # the world began at eight
        town.clock.advance(timedelta(days=1))
        assert (len(await rows(town)), (await name(town))[-4:]) == (4, "0500")
        await change_mailbox(town.world, DOCTOR, {"red_listed": True}, actor_id=None, door=Door.CONTROL)
        assert DOCTOR in await rows(town)
        town.clock.advance(timedelta(days=1))
        assert DOCTOR not in await rows(town)


async def test_by_setting_it_was_not_made_for_days(open_town: OpenTown) -> None:
    async with open_town(directory_extraction_late_days=10) as town:
        town.clock.advance(timedelta(days=12))
        was = to_datetime(town.clock.now()) - timedelta(days=10)
        assert await name(town) == was.strftime("%Y%m%d0200")
        await change_mailbox(town.world, DOCTOR, {"red_listed": True}, actor_id=None, door=Door.CONTROL)
        assert DOCTOR in await rows(town)
