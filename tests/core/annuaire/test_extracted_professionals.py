"""Professionals as the register publishes them: which of them, in which columns."""

import io
import zipfile
from datetime import timedelta

import pytest

from mss_sim.clock import to_datetime
from mss_sim.core.access.identities import change_identity
from mss_sim.core.annuaire.extracted_professionals import ACTIVITY_COLUMNS, CARD_COLUMNS, DIPLOMA_COLUMNS, KNOW_HOW_COLUMNS
from mss_sim.vocabulary.directory import FileName
from tests.core.towns import IDNATS, OpenTown, Town

ACTIVITIES, KNOW_HOW, DIPLOMAS = "PS_LibreAcces_Personne_activite", "PS_LibreAcces_SavoirFaire", "PS_LibreAcces_Dipl_AutExerc"

DURAND = {
    "Type d'identifiant PP": "8",
    "Identifiant PP": "99700420047",
    "Identification nationale PP": "899700420047",
    "Nom d'exercice": "DURAND",
    "Prénom d'exercice": "Paul",
    "Code profession": "10",
    "Libellé profession": "Médecin",
    "Code catégorie professionnelle": "C",
    "Libellé catégorie professionnelle": "Civil",
}
"""What each text says of the cardiologist of the seed."""


async def texts(town: Town, name: FileName = FileName.PROFESSIONALS) -> dict[str, list[list[str]]]:
    """The cells of each text of the zip, without the empty one behind the last bar."""
    file = await town.core.annuaire().extraction.file(name)
    instant = file.name.removeprefix(f"{name}_")
    found: dict[str, list[list[str]]] = {}
    with zipfile.ZipFile(io.BytesIO(file.octets)) as archive:
        for text in archive.namelist():
            assert text.endswith(f"_{instant}.txt")
            lines = [line.split("|") for line in archive.read(text).decode().split("\n")]
            assert lines.pop() == [""]
            assert all(line.pop() == "" for line in lines)
            found[text.removesuffix(f"_{instant}.txt")] = lines
    return found


def filled(lines: list[list[str]]) -> dict[str, dict[str, str]]:
    """The cells that hold something by their columns, by the RPPS of the line."""
    head, *rows = lines
    return {row[1]: {name: cell for name, cell in zip(head, row, strict=True) if cell} for row in rows}


def test_there_are_as_many_columns_as_were_counted() -> None:
    assert (len(ACTIVITY_COLUMNS), len(KNOW_HOW_COLUMNS), len(DIPLOMA_COLUMNS)) == (56, 13, 13)
    assert (ACTIVITY_COLUMNS[47], ACTIVITY_COLUMNS[51]) == ("Autorité d'enregistrement", "Libellé section tableau pharmaciens")
    assert len(set(ACTIVITY_COLUMNS)) == 56


async def test_the_three_texts_and_who_is_in_them(town: Town) -> None:
    found = await texts(town)
    assert {name: tuple(lines[0]) for name, lines in found.items()} == {
        ACTIVITIES: ACTIVITY_COLUMNS,
        KNOW_HOW: KNOW_HOW_COLUMNS,
        DIPLOMAS: DIPLOMA_COLUMNS,
    }
    assert len(found[DIPLOMAS]) == 1
    people = filled(found[ACTIVITIES])
    assert IDNATS["doctor"][1:] in people
    assert IDNATS["hospital"][1:] in people
    assert not any("SEC" in rpps for rpps in people)
    assert "99700420039" not in people  # an assistant has an RPPS, and no profession of the register
    assert set(filled(found[KNOW_HOW])) <= set(people)


async def test_a_doctor_with_and_without_a_known_structure(town: Town) -> None:
    found = await texts(town)
    durand, martin = filled(found[ACTIVITIES])["99700420047"], filled(found[ACTIVITIES])["99700420013"]
    person = {
        **DURAND,
        "Code type savoir-faire": "S",
        "Libellé type savoir-faire": "Spécialité ordinale",
        "Code savoir-faire": "SM04",
        "Libellé savoir-faire": "Cardiologie et Maladies vasculaires (SM)",
    }
    assert durand == {
        **person,
        "Code civilité d'exercice": "DR",
        "Libellé civilité d'exercice": "Docteur",
        "Code mode exercice": "S",
        "Libellé mode exercice": "Salarié",
        "Numéro FINESS site": "750990012",
        "Identifiant technique de la structure": "F750990012",
        "Raison sociale site": "Hôpital des Ormes",
        "Libellé Voie (coord. structure)": "12 rue des Ormes",
        "Bureau cedex (coord. structure)": "75012 Paris",
        "Code postal (coord. structure)": "75012",
        "Libellé commune (coord. structure)": "Paris",
        "Libellé pays (coord. structure)": "France",
        "Code Département (structure)": "75",
        "Code secteur d'activité": "SA01",
        "Code genre activité": "GENR01",
    }
    assert filled(found[KNOW_HOW])["99700420047"] == person
    assert (martin["Code mode exercice"], "Raison sociale site" in martin, "Numéro SIRET site" in martin) == ("L", False, False)


async def test_who_is_disabled_is_not_there_and_a_civility_is_no_exercise_one(town: Town) -> None:
    await change_identity(town.world, IDNATS["doctor"], {"title": "Mme"}, None, None)
    await change_identity(town.world, IDNATS["hospital"], {"enabled": False}, None, None)
    people = filled((await texts(town))[ACTIVITIES])
    assert "99700420047" not in people
    martin = people["99700420013"]
    assert (martin["Code civilité"], martin["Libellé civilité"], "Code civilité d'exercice" in martin) == ("MME", "Madame", False)


def test_cards_stand_where_programs_that_read_the_file_look_for_them() -> None:
    assert (len(CARD_COLUMNS), len(set(CARD_COLUMNS))) == (17, 17)
    assert (CARD_COLUMNS.index("Identifiant PP"), CARD_COLUMNS.index("Numéro carte")) == (1, 11)


async def test_a_card_for_each_professional_of_the_register_valid_since_the_year_began(town: Town) -> None:
    found = await texts(town, FileName.CARDS)
    assert {name: tuple(lines[0]) for name, lines in found.items()} == {FileName.CARDS: CARD_COLUMNS}
    cards = filled(found[FileName.CARDS])
    assert set(cards) == set(filled((await texts(town))[ACTIVITIES]))
    year = to_datetime(town.clock.now()).year
    assert cards["99700420047"] == {
        **DURAND,
        "Code type de carte": "CPS",
        "Libellé type de carte": "Carte de Professionnel de Santé",
        "Numéro carte": "9700420047",
        "Identifiant national contenu dans la carte": "899700420047",
        "Date début validité": f"{year}0101",
        "Date fin validité": f"{year + 2}1231",
        "Date de mise à jour": f"{year}0101",
    }
    await change_identity(town.world, IDNATS["hospital"], {"enabled": False}, None, None)
    assert "99700420047" not in filled((await texts(town, FileName.CARDS))[FileName.CARDS])


@pytest.mark.parametrize("columns", [48, 52, 56])
async def test_as_many_columns_as_a_setting_says(open_town: OpenTown, columns: int) -> None:
    async with open_town(directory_activity_columns=columns) as town:
        head, first, *_ = (await texts(town))[ACTIVITIES]
        assert (tuple(head), len(first)) == (ACTIVITY_COLUMNS[:columns], columns)


async def test_it_is_late_and_made_anew_as_that_of_mailboxes(open_town: OpenTown) -> None:
    async with open_town(directory_extraction_late_days=4) as town:
        files = town.core.annuaire().extraction
        town.clock.advance(timedelta(days=9))
        one, other = await files.file(FileName.PROFESSIONALS), await files.file()
        assert (one.name[-12:], one.at) == (other.name[-12:], other.at)
        assert await files.file(FileName.PROFESSIONALS) is one
        await change_identity(town.world, IDNATS["doctor"], {"title": "Pr"}, None, None)
        assert filled((await texts(town))[ACTIVITIES])["99700420013"]["Code civilité d'exercice"] == "DR"
