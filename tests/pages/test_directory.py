"""The directory on pages: a colleague found by place and written to, addresses while somebody types, and why one is not found."""

import re
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Locator, Page, expect

import mss_sim.web
from mss_sim.app.simulator import Simulator
from tests.annuaire import add
from tests.clients import DOCTOR, DOCTOR2, HOSPITAL, PATIENT, PRACTICE, Person, control
from tests.pages.people import be, log_in

_DOCTOR, _SECRETARY = "Dr Camille MARTIN", "Sophie PETIT"
_LINES_MAX = 900


def _row(page: Page, name: str) -> Locator:
    return page.get_by_role("row").filter(has_text=name)


async def _search(page: Page, **fields: str) -> None:
    form = page.get_by_role("search")
    for label, text in fields.items():
        await form.get_by_label(label).fill(text)
    await form.get_by_role("button", name="Rechercher").click()


async def _arrive(simulator: Simulator) -> None:
    """Letters that travel have come."""
    assert (await control(simulator, "POST", "/wait", {"kind": "settled", "timeout": 20})).json()["met"]


async def test_a_secretary_finds_a_colleague_by_place_and_writes_to_the_preferred_address(page: Page, simulator: Simulator) -> None:
    other = "p.durand@hopital-ormes.sim.mssante.fr"
    new = {"address": other, "kind": "PER", "owner_idnat": Person(simulator, "hospital").idnat, "label": "Consultation"}
    await add(simulator, "/mailboxes", new)
    assert (await control(simulator, "PATCH", f"/mailboxes/{other}", {"preferred_rank": 1, "with_structure": True})).status_code == 200
    await be(page, _SECRETARY)
    await page.get_by_role("link", name="Annuaire").click()
    await expect(page.get_by_role("heading", name="Annuaire", exact=True)).to_be_visible()
    await _search(page, Lieu="paris", Profession="médecin")
    assert "place=paris" in page.url
    found = _row(page, "Dr Paul DURAND")
    await expect(found).to_contain_text("Cardiologie et Maladies vasculaires")
    await expect(found).to_contain_text("Hôpital des Ormes")
    await expect(found).to_contain_text("12 rue des Ormes 75012 Paris")
    first, second = await found.get_by_role("listitem").all()
    await expect(first).to_contain_text(other)
    await expect(first).to_contain_text("préférée")
    await expect(second).to_contain_text(HOSPITAL)
    await expect(page.get_by_role("row")).to_have_count(2)
    await first.get_by_role("link", name="Écrire à Consultation").click()
    await expect(page.get_by_role("textbox", name="À", exact=True)).to_have_value(other)
    await page.get_by_role("textbox", name="Objet", exact=True).fill("Rendez-vous")
    await page.get_by_role("button", name="Envoyer").click()
    await expect(page.get_by_role("heading", name="Rendez-vous")).to_be_visible()
    await _arrive(simulator)
    assert len(await Person(simulator, "hospital").inbox(other)) == 1


async def test_somebody_is_found_by_specialty_structure_and_kind(page: Page) -> None:
    await be(page, _SECRETARY)
    await page.get_by_role("link", name="Annuaire").click()
    await _search(page, Spécialité="cardiologue", Structure="ormes")
    await expect(_row(page, "Dr Paul DURAND")).to_be_visible()
    await expect(page.get_by_role("row")).to_have_count(2)
    await page.get_by_role("link", name="Nouvelle recherche").click()
    await page.get_by_role("search").get_by_label("Type").select_option("ORG")
    await _search(page, Structure="ormes")
    await expect(_row(page, "Hôpital des Ormes")).to_be_visible()
    await expect(page.get_by_role("row")).to_have_count(2)


async def test_who_answers_for_a_mailbox_is_told_to_who_may_see_it(page: Page, simulator: Simulator) -> None:
    await page.goto(f"/ui/mailboxes/{PRACTICE}")
    await page.get_by_label("Responsable, que seul").fill("Mme LEROY")
    await page.get_by_role("button", name="Enregistrer").click()
    await expect(page.get_by_label("Responsable, que seul")).to_have_value("Mme LEROY")
    assert (await control(simulator, "GET", f"/mailboxes/{PRACTICE}")).json()["responsible_name"] == "Mme LEROY"
    for who, told in ((_SECRETARY, True), (_DOCTOR, True), ("Dr Paul DURAND", False)):
        await be(page, who)
        await page.get_by_role("link", name="Annuaire").click()
        await _search(page, Rechercher="tilleuls")
        await expect(_row(page, _DOCTOR)).to_contain_text(PRACTICE)
        if told:
            await expect(_row(page, _DOCTOR).get_by_role("listitem").filter(has_text=PRACTICE)).to_contain_text("Responsable : Mme LEROY")
        else:
            await expect(page.get_by_text("LEROY")).to_have_count(0)


async def test_addresses_are_suggested_while_somebody_types_and_taken_by_keys(page: Page, simulator: Simulator) -> None:
    await be(page, _SECRETARY)
    await page.get_by_role("navigation").get_by_role("link", name="Cabinet des Tilleuls").click()
    await page.get_by_role("link", name="Écrire un message").click()
    to = page.get_by_role("textbox", name="À", exact=True)
    options = page.get_by_role("listbox", name="Adresses de l’annuaire").get_by_role("option")
    await expect(to).to_have_attribute("aria-autocomplete", "list")
    await to.press_sequentially("m")
    await expect(options).to_have_count(0)
    await expect(to).to_have_attribute("aria-autocomplete", "list")
    await to.press_sequentially("art")
    await expect(options).to_have_count(2)
    await expect(options.first).to_contain_text(f"{DOCTOR} préférée")
    await expect(options.last).to_contain_text("Cabinet des Tilleuls · Médecin généraliste")
    await to.press("ArrowDown")
    await expect(options.first).to_have_attribute("aria-selected", "true")
    assert await to.get_attribute("aria-activedescendant") == await options.first.get_attribute("id")
    await to.press("Enter")
    await expect(to).to_have_value(f"{_DOCTOR} <{DOCTOR}>, ")
    await expect(options).to_have_count(0)
    await expect(to).to_have_attribute("aria-autocomplete", "list")
    await to.press_sequentially("durand par")
    await expect(options).to_have_count(1)
    await to.press("Escape")
    await expect(options).to_have_count(0)
    await expect(to).to_have_attribute("aria-autocomplete", "list")
    await to.press_sequentially("i")
    await options.get_by_text(HOSPITAL).click()
    await expect(to).to_have_value(f"{_DOCTOR} <{DOCTOR}>, Dr Paul DURAND <{HOSPITAL}>, ")
    await page.get_by_role("textbox", name="Objet", exact=True).fill("À deux")
    await page.get_by_role("button", name="Envoyer").click()
    await expect(page.get_by_role("heading", name="À deux")).to_be_visible()
    await _arrive(simulator)
    assert (len(await Person(simulator, "hospital").inbox(HOSPITAL)), len(await Person(simulator, "doctor").inbox(DOCTOR))) == (1, 1)


async def test_enter_is_a_line_of_its_own_where_nothing_is_chosen(page: Page) -> None:
    await be(page, _DOCTOR)
    await page.get_by_role("navigation").get_by_role("link", name="Dr_Camille_MARTIN").click()
    await page.get_by_role("link", name="Écrire un message").click()
    copy = page.get_by_role("textbox", name="Copie à", exact=True)
    await expect(copy).to_have_attribute("aria-autocomplete", "list")
    await copy.press_sequentially("bern")
    await expect(page.get_by_role("option")).to_have_count(1)
    await copy.press("Enter")
    await expect(copy).to_have_value("bern\n")


async def test_why_an_address_is_not_found_stands_on_the_page(page: Page, simulator: Simulator) -> None:
    assert (await control(simulator, "PATCH", f"/mailboxes/{DOCTOR}", {"red_listed": True})).status_code == 200
    await be(page, _DOCTOR)
    await page.get_by_role("link", name="Annuaire").click()
    for address, told in (
        (DOCTOR, "liste rouge"),
        (DOCTOR2, "On la trouve sous Dr Hugo BERNARD"),
        ("personne@medecin.sim.mssante.fr", "n’existe pas, ou elle n’est pas publiée"),
        (PATIENT, "Les patients ne sont jamais dans l’annuaire"),
    ):
        await page.get_by_label("Adresse", exact=True).fill(address)
        await page.get_by_role("button", name="Demander pourquoi").click()
        await expect(page.get_by_role("status")).to_contain_text(told)
        await expect(page.get_by_role("status")).to_contain_text(address)


async def test_a_hostile_name_is_text(page: Page, simulator: Simulator) -> None:
    hostile = '<img src=x onerror=alert(1)>"'
    person = {"idnat": "899700429901", "kind": "professional", "family_name": hostile, "given_name": "Zora"}
    await add(simulator, "/identities", person)
    await add(simulator, "/mailboxes", {"address": "zora@medecin.sim.mssante.fr", "kind": "PER", "owner_idnat": "899700429901"})
    await be(page, _SECRETARY)
    await page.get_by_role("link", name="Annuaire").click()
    await _search(page, Rechercher="zora")
    await expect(_row(page, hostile)).to_be_visible()
    await page.get_by_role("navigation").get_by_role("link", name="Cabinet des Tilleuls").click()
    await page.get_by_role("link", name="Écrire un message").click()
    to = page.get_by_role("textbox", name="À", exact=True)
    await expect(to).to_have_attribute("aria-autocomplete", "list")
    await to.press_sequentially("zora")
    await expect(page.get_by_role("option")).to_contain_text(hostile)
    await to.press("ArrowUp")
    await to.press("Enter")
    await expect(to).to_have_value("zora@medecin.sim.mssante.fr, ")


@pytest.mark.parametrize(
    ("asked", "status"), [("q=%25", 422), ("q=" + "x" * 1_001, 422), ("kind=XXX", 422), ("address=rien", 422), ("", 200)]
)
async def test_a_search_that_is_none_is_told_so(simulator: Simulator, asked: str, status: int) -> None:
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        await log_in(simulator, client, "secretary", "/ui/as/secretary/")
        answer = await client.get(f"/ui/as/secretary/directory?{asked}")
        assert (answer.status_code, "<main" in answer.text) == (status, True)


async def test_a_patient_has_no_directory_in_the_menu(simulator: Simulator) -> None:
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        for role, there in (("secretary", True), ("patient", False)):
            await log_in(simulator, client, role, f"/ui/as/{role}/")
            html = (await client.get(f"/ui/as/{role}/", follow_redirects=True)).text
            assert (f'href="/ui/as/{role}/directory"' in html) is there


def test_scripts_of_our_own_stay_few() -> None:
    folder = Path(mss_sim.web.__file__).parent / "static"
    lines = sum(len(re.findall(r"\n", path.read_text(encoding="utf-8"))) for path in folder.glob("*.js"))
    assert 0 < lines < _LINES_MAX
