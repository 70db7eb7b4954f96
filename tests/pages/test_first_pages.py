"""The first page, a mailbox that is open while a letter comes, and the letter: what a trainer shows first."""

import pytest
from playwright.async_api import Page, expect

from mss_sim.app.simulator import Simulator
from mss_sim.vocabulary.language import Language
from mss_sim.web.showing import _size
from tests.clients import DOCTOR, HOSPITAL, PRACTICE, Person
from tests.pages.conftest import OpenBrowser
from tests.pages.people import be, write

_DOCTOR, _SECRETARY = "Dr Camille MARTIN", "Sophie PETIT"


async def test_the_first_page_shows_people_and_what_came_last_as_it_comes(page: Page, simulator: Simulator) -> None:
    await page.goto("/")
    await expect(page.get_by_role("heading", name="Un espace de confiance MSSanté, sur cette machine")).to_be_visible()
    await expect(page.get_by_role("button", name=f"Devenir {_DOCTOR}")).to_be_visible()
    await write(simulator, DOCTOR, "Compte rendu de consultation")
    await expect(page.get_by_text("Compte rendu de consultation").first).to_be_visible()


async def test_a_letter_stands_in_an_open_list_when_it_comes(page: Page, simulator: Simulator) -> None:
    await be(page, _DOCTOR)
    await write(simulator, DOCTOR, "Arrivé pendant que la page est ouverte")
    row = page.get_by_role("row").filter(has_text="Arrivé pendant que la page est ouverte")
    await expect(row.get_by_text("non lu")).to_be_visible()
    await row.get_by_role("link").click()
    await expect(page.get_by_role("heading", name="Arrivé pendant que la page est ouverte")).to_be_visible()
    await expect(page.get_by_role("definition").filter(has_text=HOSPITAL)).to_be_visible()


async def test_two_personas_stand_side_by_side_in_one_browser(open_browser: OpenBrowser, simulator: Simulator) -> None:
    browser = await open_browser()
    doctor, secretary = await browser.new_page(), await browser.new_page()
    await be(doctor, _DOCTOR)
    await be(secretary, _SECRETARY)
    await doctor.reload()
    await expect(doctor.locator(".who")).to_contain_text(_DOCTOR)
    await expect(secretary.locator(".who")).to_contain_text(_SECRETARY)
    await write(simulator, PRACTICE, "Pour le cabinet")
    await secretary.get_by_role("link", name="Cabinet des Tilleuls").click()
    await secretary.get_by_role("link", name="Pour le cabinet").click()
    await doctor.get_by_role("link", name="Cabinet des Tilleuls").click()
    await expect(doctor.get_by_text(f"lu d'abord par {_SECRETARY}")).to_be_visible()


async def test_a_mailbox_appears_when_it_is_granted_and_goes_when_it_is_revoked(page: Page, simulator: Simulator) -> None:
    await be(page, "Louise MOREAU")
    await expect(page.get_by_role("heading", name="Aucune boîte pour le moment")).to_be_visible()
    doctor, newcomer = Person(simulator, "doctor"), Person(simulator, "newcomer")
    made = await doctor.rest("POST", f"/mailboxes/{DOCTOR}/grants", json={"grantee": newcomer.idnat, "rights": ["see", "read"]})
    await expect(page.get_by_role("heading", name="Dr_Camille_MARTIN")).to_be_visible()
    await doctor.rest("DELETE", f"/mailboxes/{DOCTOR}/grants/{made.json()['id']}")
    await expect(page.get_by_role("heading", name="Introuvable")).to_be_visible()


async def test_english_and_the_dark_theme_are_one_click_away(page: Page) -> None:
    await page.goto("/")
    await page.get_by_role("button", name="English").click()
    await expect(page.get_by_role("heading", name="A trust space of MSSanté, on this machine")).to_be_visible()
    await page.get_by_role("button", name="Dark").click()
    assert await page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(15, 23, 20)"
    await page.get_by_role("button", name="Light").click()
    assert await page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(246, 248, 246)"


async def test_language_and_theme_are_chosen_on_a_persona_s_page_too(page: Page) -> None:
    await be(page, _DOCTOR)
    await page.get_by_role("link", name="Délégations").click()
    await page.get_by_role("button", name="English").click()
    await expect(page.get_by_role("heading", name="Delegations")).to_be_visible()
    await page.get_by_role("button", name="Dark").click()
    await expect(page.get_by_role("heading", name="Delegations")).to_be_visible()
    assert await page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(15, 23, 20)"
    await page.get_by_role("link", name="Dr_Camille_MARTIN").first.click()
    await expect(page.get_by_role("link", name="Inbox")).to_be_visible()
    await expect(page.get_by_role("link", name="Trash")).to_be_visible()


async def test_who_logs_out_is_out(page: Page) -> None:
    await be(page, _DOCTOR)
    place = page.url
    await page.get_by_role("button", name="Se déconnecter").click()
    await page.goto(place)
    await expect(page.get_by_text("Personne n'est connecté ici")).to_be_visible()


@pytest.mark.parametrize(
    ("octets", "in_french", "in_english"),
    [
        (0, "0 o", "0 B"),
        (999, "999 o", "999 B"),
        (1_000, "1,0 ko", "1.0 kB"),
        (9_949, "9,9 ko", "9.9 kB"),
        (9_950, "10 ko", "10 kB"),
        (999_499, "999 ko", "999 kB"),
        (999_500, "1,0 Mo", "1.0 MB"),
        (1_500_000, "1,5 Mo", "1.5 MB"),
        (999_400_000, "999 Mo", "999 MB"),
        (1_000_000_000, "1,0 Go", "1.0 GB"),
        (1_500_000_000_000, "1500 Go", "1500 GB"),
    ],
)
def test_a_size_is_told_in_thousands(octets: int, in_french: str, in_english: str) -> None:
    assert [_size(octets, language) for language in (Language.FR, Language.EN)] == [in_french, in_english]
