"""Two people at one mailbox: each sees at once what the other takes in charge, gives, finishes with and notes."""

import pytest
from playwright.async_api import Page, expect

from mss_sim.app.simulator import Simulator
from tests.clients import DOCTOR2, PRACTICE, Person
from tests.pages.conftest import OpenBrowser
from tests.pages.people import be, write

_DOCTOR, _SECRETARY, _COLLEAGUE = "Dr Camille MARTIN", "Sophie PETIT", "Dr Hugo BERNARD"
_HOSTILE = "<script>document.title='owned'</script>{{ 7*7 }} <img src=x onerror=\"document.title='owned'\"> \u202etxt.exe"


async def _list_of(open_browser: OpenBrowser, name: str) -> Page:
    """The practice's list, as somebody has it open in a browser of their own."""
    page = await (await open_browser()).new_page()
    await be(page, name)
    await page.goto(f"{page.url.partition('/mailboxes')[0].rstrip('/')}/mailboxes/{PRACTICE}")
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    return page


async def _letter_of(page: Page, subject: str) -> None:
    await page.get_by_role("link", name=subject).click()
    await expect(page.get_by_role("heading", name=subject)).to_be_visible()


async def _unfold(page: Page) -> None:
    """Show what is offered beside the usual buttons."""
    await page.get_by_text("Confier à un collègue, laisser une note").click()


async def test_two_people_share_the_letters_of_the_practice_and_each_sees_what_the_other_does(
    open_browser: OpenBrowser, simulator: Simulator
) -> None:
    for subject in ("Bilan", "Ordonnance"):
        await write(simulator, PRACTICE, subject)
    doctor, secretary = await _list_of(open_browser, _DOCTOR), await _list_of(open_browser, _SECRETARY)
    row = doctor.get_by_role("row").filter(has_text="Bilan")
    await _letter_of(secretary, "Bilan")
    await expect(secretary.get_by_text("Personne n’a pris ce message en charge.")).to_be_visible()
    await secretary.get_by_role("button", name="Prendre en charge").click()
    await expect(secretary.get_by_text("Vous avez pris ce message en charge")).to_be_visible()
    await expect(row.get_by_text(f"pris en charge : {_SECRETARY}")).to_be_visible()  # without a reload
    await _unfold(secretary)
    await secretary.get_by_label("Note aux collègues").fill("Le laboratoire rappelle à 14 h.\nÀ revoir ensemble.")
    await secretary.get_by_role("button", name="Laisser la note").click()
    await expect(secretary.get_by_text("Le laboratoire rappelle à 14 h.")).to_be_visible()
    await expect(row.get_by_text("notes : 1")).to_be_visible()
    await _letter_of(doctor, "Bilan")
    await expect(doctor.get_by_text(f"{_SECRETARY} a pris ce message en charge")).to_be_visible()
    await _unfold(doctor)
    await doctor.get_by_label("Note aux collègues").fill("Je suis en train d'écrire")
    await _unfold(secretary)
    await secretary.get_by_role("combobox", name="Confier à").select_option(_DOCTOR)
    await secretary.get_by_role("button", name="Confier", exact=True).click()
    await expect(doctor.get_by_text("Vous avez pris ce message en charge")).to_be_visible()
    await expect(doctor.get_by_label("Note aux collègues")).to_have_value("Je suis en train d'écrire")  # nothing is lost meanwhile
    await doctor.get_by_role("button", name="C’est traité").click()
    await expect(secretary.get_by_text(f"{_DOCTOR} a traité ce message")).to_be_visible()
    await secretary.get_by_role("button", name="Rouvrir").click()
    await expect(doctor.get_by_text("Personne n’a pris ce message en charge.")).to_be_visible()


async def test_of_two_who_click_one_has_it_and_the_other_reads_who(open_browser: OpenBrowser, simulator: Simulator) -> None:
    """The second page is one that hears of nothing: it still offers the letter."""
    await write(simulator, PRACTICE, "Urgent")
    doctor, deaf = await _list_of(open_browser, _DOCTOR), await (await open_browser(java_script_enabled=False)).new_page()
    await be(deaf, _SECRETARY)
    await deaf.goto(f"{deaf.url.partition('/mailboxes')[0]}/mailboxes/{PRACTICE}")
    await _letter_of(deaf, "Urgent")
    await _letter_of(doctor, "Urgent")
    await doctor.get_by_role("button", name="Prendre en charge").click()
    await expect(doctor.get_by_text("Vous avez pris ce message en charge")).to_be_visible()
    await deaf.get_by_role("button", name="Prendre en charge").click()
    await expect(deaf.get_by_text(f"{_DOCTOR} a pris ce message en charge : cette personne")).to_be_visible()
    await expect(deaf.get_by_text("quirks#in-charge")).to_be_visible()
    charge = (await Person(simulator, "doctor").inbox(PRACTICE))[0]["charge"]
    assert charge["who"]["name"] == _DOCTOR


async def test_chosen_letters_are_taken_together_but_those_of_a_colleague_and_filters_stand_in_the_address(
    open_browser: OpenBrowser, simulator: Simulator
) -> None:
    for subject in ("Un", "Deux", "Trois"):
        await write(simulator, PRACTICE, subject)
        assert await Person(simulator, "doctor").inbox(PRACTICE, subject=subject, wait=10)
    taken = next(one for one in await Person(simulator, "doctor").inbox(PRACTICE) if one["subject"] == "Deux")
    path = f"/mailboxes/{PRACTICE}/messages/{taken['id']}/charge"
    assert (await Person(simulator, "doctor").rest("POST", path, json={"deed": "take"})).status_code == 200
    page = await _list_of(open_browser, _SECRETARY)
    for subject in ("Un", "Deux"):
        await page.get_by_label(f"Choisir {subject}").check()
    await page.get_by_role("button", name="Prendre en charge").click()
    await expect(page.get_by_role("status")).to_contain_text("car des collègues les ont : 1")
    await page.get_by_role("link", name="les miens").click()
    assert page.url.endswith("charge=mine")
    await expect(page.get_by_role("link", name="Un", exact=True)).to_be_visible()
    await expect(page.get_by_role("link", name="Deux", exact=True)).to_have_count(0)
    await page.get_by_label("Choisir Un").check()
    await page.get_by_role("button", name="C’est traité").click()
    await expect(page.get_by_text("Aucun message ne correspond.")).to_be_visible()
    assert "charge=mine" in page.url  # the list that it was done from
    for label, subjects in (("à prendre", ["Trois"]), ("pris en charge", ["Deux"]), ("traités", ["Un"]), ("tous", ["Trois", "Deux", "Un"])):
        await page.get_by_role("link", name=label, exact=True).click()
        await expect(page.locator(".letters tbody a")).to_have_text(subjects)
    await page.get_by_role("link", name="à prendre", exact=True).click()
    await page.get_by_label("Choisir Trois").check()
    await page.get_by_label("Confier à").select_option(_COLLEAGUE)
    await page.get_by_role("button", name="Confier", exact=True).click()
    await expect(page.get_by_text("Aucun message ne correspond.")).to_be_visible()
    stands = {one["subject"]: one["charge"]["who"]["name"] for one in await Person(simulator, "doctor").inbox(PRACTICE)}
    assert stands == {"Un": _SECRETARY, "Deux": _DOCTOR, "Trois": _COLLEAGUE}


async def test_a_filtered_list_follows_what_colleagues_do(open_browser: OpenBrowser, simulator: Simulator) -> None:
    await write(simulator, PRACTICE, "Bilan")
    page = await _list_of(open_browser, _DOCTOR)
    await page.get_by_role("link", name="à prendre", exact=True).click()
    await expect(page.get_by_role("link", name="Bilan")).to_be_visible()
    (item,) = await Person(simulator, "secretary").inbox(PRACTICE)
    keywords = {"add": ["InCharge"]}
    assert (await Person(simulator, "secretary").rest("PATCH", f"/mailboxes/{PRACTICE}/messages/{item['id']}", json=keywords)).is_success
    await expect(page.get_by_role("link", name="Bilan")).to_have_count(0)


async def test_what_colleagues_note_does_nothing_in_a_browser(open_browser: OpenBrowser, simulator: Simulator) -> None:
    await write(simulator, PRACTICE, "Note")
    secretary = await _list_of(open_browser, _SECRETARY)
    await _letter_of(secretary, "Note")
    await _unfold(secretary)
    await secretary.get_by_label("Note aux collègues").fill(_HOSTILE)
    await secretary.get_by_role("button", name="Laisser la note").click()
    doctor = await _list_of(open_browser, _DOCTOR)
    await _letter_of(doctor, "Note")
    for page in (secretary, doctor):
        await expect(page.locator(".charge-notes p")).to_have_text(_HOSTILE)
        assert await page.locator(".charge-notes img, .charge-notes script").count() == 0
        assert await page.title() != "owned"


async def test_who_may_only_read_sees_who_is_about_it_and_is_offered_nothing(page: Page, simulator: Simulator) -> None:
    await write(simulator, PRACTICE, "Vu")
    secretary, newcomer = Person(simulator, "secretary"), Person(simulator, "newcomer")
    (item,) = await secretary.inbox(PRACTICE, wait=10)
    wish = {"deed": "take", "note": "Je m'en occupe."}
    assert (await secretary.rest("POST", f"/mailboxes/{PRACTICE}/messages/{item['id']}/charge", json=wish)).is_success
    given = {"grantee": newcomer.idnat, "rights": ["see", "read"]}
    assert (await Person(simulator, "doctor").rest("POST", f"/mailboxes/{PRACTICE}/grants", json=given)).status_code == 201
    await be(page, "Louise MOREAU")
    await expect(page.get_by_text(f"pris en charge : {_SECRETARY}")).to_be_visible()
    await expect(page.get_by_role("button", name="Prendre en charge")).to_have_count(0)
    token = await page.locator("[name=token]").first.get_attribute("value")
    place = page.url.partition("?")[0]
    await _letter_of(page, "Vu")
    await expect(page.get_by_text("Je m'en occupe.")).to_be_visible()
    for name in ("Prendre en charge", "C’est traité", "Laisser la note", "Confier"):
        await expect(page.get_by_role("button", name=name)).to_have_count(0)
    for deed in ("take", "done", "release", "reopen", "assign", "note"):
        fields = {"token": token or "", "deed": deed, "letter": item["id"], "colleague": secretary.idnat, "note": "x"}
        assert (await page.request.post(f"{place}/charge", form=fields)).status == 403, deed


async def test_where_somebody_works_alone_nothing_of_it_is_shown_until_a_colleague_comes(page: Page, simulator: Simulator) -> None:
    await write(simulator, DOCTOR2, "Seul")
    await be(page, _COLLEAGUE)
    await page.goto(f"{page.url.partition('/mailboxes')[0]}/mailboxes/{DOCTOR2}")
    await expect(page.get_by_role("link", name="Seul")).to_be_visible()
    await expect(page.get_by_role("link", name="à prendre")).to_have_count(0)
    await expect(page.get_by_role("button", name="Prendre en charge")).to_have_count(0)
    given = {"grantee": Person(simulator, "secretary").idnat, "rights": ["see", "mark"]}
    assert (await Person(simulator, "doctor2").rest("POST", f"/mailboxes/{DOCTOR2}/grants", json=given)).status_code == 201
    await page.reload()
    await expect(page.get_by_role("link", name="à prendre")).to_be_visible()
    await expect(page.get_by_label("Confier à").get_by_role("option")).to_have_text([_SECRETARY])


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"deed": "explode"}, 422),
        ({"deed": "take", "letter": "../../x"}, 404),
        ({"deed": "assign", "colleague": "personne"}, 422),
        ({"deed": "assign"}, 422),
        ({"deed": "note", "note": "  "}, 422),
        ({"deed": "note", "note": "é" * 1_001}, 422),
        ({"deed": "take", "letter": ""}, 422),
    ],
    ids=["no deed", "no letter", "nobody", "to nobody", "no text", "too long", "none chosen"],
)
async def test_nonsense_is_a_clear_refusal(page: Page, simulator: Simulator, fields: dict[str, str], status: int) -> None:
    await write(simulator, PRACTICE, "Bilan")
    await be(page, _SECRETARY)
    (item,) = await Person(simulator, "secretary").inbox(PRACTICE, wait=10)
    token = await page.locator("[name=token]").first.get_attribute("value")
    place = f"{page.url.partition('/mailboxes')[0]}/mailboxes/{PRACTICE}"
    form = {"token": token or "", "letter": item["id"], "back": "letter", **fields}
    if not form["letter"]:
        del form["letter"]
    assert (await page.request.post(f"{place}/charge", form=form)).status == status
    assert (await page.request.get(f"{place}?charge=explode")).status == 422
