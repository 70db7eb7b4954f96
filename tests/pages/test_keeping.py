"""Order in a mailbox: many letters at once, undone with one click, and folders; as far as the rights go."""

from playwright.async_api import Page, expect

from mss_sim.app.simulator import Simulator
from tests.clients import DOCTOR, Person
from tests.pages.people import be, write

_DOCTOR = "Dr Camille MARTIN"
_SUBJECTS = ("Premier", "Deuxième", "Troisième <b>")


async def _open(page: Page, simulator: Simulator) -> None:
    for subject in _SUBJECTS:
        await write(simulator, DOCTOR, subject)
    await be(page, _DOCTOR)


async def _choose(page: Page, *subjects: str) -> None:
    for subject in subjects:
        await page.get_by_label(f"Choisir {subject}").check()


async def test_chosen_letters_are_marked_and_the_others_are_not(page: Page, simulator: Simulator) -> None:
    await _open(page, simulator)
    await _choose(page, "Premier", "Deuxième")
    await page.get_by_role("button", name="Marquer lu", exact=True).click()
    await expect(page.get_by_text("non lu", exact=True)).to_have_count(1)
    await _choose(page, "Premier")
    await page.get_by_role("button", name="Marquer important").click()
    await expect(page.get_by_role("row").filter(has_text="Premier").get_by_text("marqué", exact=True)).to_be_visible()
    flags = {one["subject"]: one["flags"] for one in await Person(simulator, "doctor").inbox(DOCTOR)}
    assert flags == {"Premier": ["\\Seen", "\\Flagged"], "Deuxième": ["\\Seen"], "Troisième <b>": []}
    await _choose(page, "Premier")
    await page.get_by_role("button", name="Retirer la marque").click()
    await _choose(page, "Premier")
    await page.get_by_role("button", name="Marquer non lu").click()
    await expect(page.get_by_text("non lu", exact=True)).to_have_count(2)


async def test_what_was_chosen_stays_chosen_when_another_letter_comes(page: Page, simulator: Simulator) -> None:
    await _open(page, simulator)
    await _choose(page, "Deuxième")
    await write(simulator, DOCTOR, "Entre-temps")
    await expect(page.get_by_role("row").filter(has_text="Entre-temps")).to_be_visible()
    await expect(page.get_by_role("checkbox", checked=True)).to_have_count(1)
    await expect(page.get_by_label("Choisir Deuxième")).to_be_checked()


async def test_what_is_put_into_trash_is_put_back_with_one_click_and_there_deleted_for_good(page: Page, simulator: Simulator) -> None:
    await _open(page, simulator)
    await _choose(page, "Premier", "Troisième <b>")
    await page.get_by_role("button", name="Mettre à la corbeille").click()
    await expect(page.get_by_role("status")).to_contain_text("2 déplacé(s) vers Corbeille")
    await expect(page.get_by_role("link", name="Premier")).to_have_count(0)
    await page.get_by_role("button", name="Remettre en place").click()
    await expect(page.get_by_role("link", name="Premier")).to_be_visible()
    await expect(page.get_by_role("status")).to_have_count(0)
    await _choose(page, "Premier")
    await page.get_by_role("button", name="Mettre à la corbeille").click()
    await page.get_by_role("link", name="Corbeille").click()
    await _choose(page, "Premier")
    await page.get_by_role("button", name="Supprimer pour de bon", exact=True).click()
    await expect(page.get_by_role("link", name="Premier")).to_have_count(0)
    everything = (await Person(simulator, "doctor").get(f"/mailboxes/{DOCTOR}/messages"))["items"]
    assert sorted(one["subject"] for one in everything) == ["Deuxième", "Troisième <b>"]


async def test_folders_are_made_filled_renamed_emptied_and_deleted(page: Page, simulator: Simulator) -> None:
    await _open(page, simulator)
    details = page.get_by_text("Dossiers : créer, renommer, vider, supprimer")
    await details.click()
    await page.get_by_label("Nouveau dossier").fill("Analyses <2026>")
    await page.get_by_role("button", name="Créer").click()
    await expect(page.get_by_role("link", name="Analyses <2026>")).to_have_attribute("aria-current", "true")
    await page.get_by_role("link", name="Boîte de réception").click()
    await _choose(page, "Premier", "Deuxième")
    await page.get_by_label("Déplacer vers").select_option("Analyses <2026>")
    await page.get_by_role("button", name="Déplacer", exact=True).click()
    await page.get_by_role("link", name="Analyses <2026>").click()
    await expect(page.get_by_role("link", name="Premier")).to_be_visible()
    await details.click()
    await page.get_by_label("Nom de ce dossier").fill("Analyses/Sang")
    await page.get_by_role("button", name="Renommer").click()
    await expect(page.get_by_role("link", name="Analyses/Sang")).to_have_attribute("aria-current", "true")
    await details.click()
    await page.get_by_label("Je le veux vraiment").check()
    await page.get_by_role("button", name="Supprimer pour de bon les 2 messages de ce dossier").click()
    await expect(page.get_by_role("link", name="Premier")).to_have_count(0)
    await details.click()
    await page.get_by_role("button", name="Supprimer ce dossier").click()
    await expect(page.get_by_role("link", name="Analyses/Sang")).to_have_count(0)
    assert [one["subject"] for one in await Person(simulator, "doctor").inbox(DOCTOR)] == ["Troisième <b>"]


async def test_a_folder_with_letters_is_deleted_when_that_is_said(page: Page, simulator: Simulator) -> None:
    await _open(page, simulator)
    await Person(simulator, "doctor").rest("POST", f"/mailboxes/{DOCTOR}/folders", json={"name": "Vieux"})
    await page.reload()
    await _choose(page, "Premier")
    await page.get_by_label("Déplacer vers").select_option("Vieux")
    await page.get_by_role("button", name="Déplacer", exact=True).click()
    await page.get_by_role("link", name="Vieux").click()
    folder = page.url
    for told, ends in ((False, "Le dossier contient des messages"), (True, "Boîte de réception")):
        await page.goto(folder)
        await page.get_by_text("Dossiers : créer, renommer, vider, supprimer").click()
        await page.get_by_label("avec les messages qu’il contient").set_checked(told)
        await page.get_by_role("button", name="Supprimer ce dossier").click()
        await expect(page.get_by_text(ends).first).to_be_visible()
    assert len((await Person(simulator, "doctor").get(f"/mailboxes/{DOCTOR}/messages"))["items"]) == 2


async def test_who_may_only_read_is_offered_nothing_and_what_they_post_is_refused(page: Page, simulator: Simulator) -> None:
    doctor, newcomer = Person(simulator, "doctor"), Person(simulator, "newcomer")
    await write(simulator, DOCTOR, "À lire")
    given = {"grantee": newcomer.idnat, "rights": ["see", "read"]}
    assert (await doctor.rest("POST", f"/mailboxes/{DOCTOR}/grants", json=given)).status_code == 201
    await be(page, "Louise MOREAU")
    await expect(page.get_by_role("link", name="À lire")).to_be_visible()
    await expect(page.get_by_role("button", name="Mettre à la corbeille")).to_have_count(0)
    token = await page.locator("[name=token]").first.get_attribute("value")
    (came,) = await doctor.inbox(DOCTOR)
    place = page.url.partition("?")[0]
    for do in ("read", "flag", "trash", "delete", "move"):
        fields = {"token": token or "", "do": do, "letter": came["id"], "into": "Archive"}
        assert (await page.request.post(f"{place}/letters", form=fields)).status == 403
    for fields in ({"do": "create", "name": "x"}, {"do": "empty", "id": came["folder_id"]}):
        assert (await page.request.post(f"{place}/folders", form={"token": token or "", **fields})).status == 403
    assert [one["flags"] for one in await doctor.inbox(DOCTOR)] == [[]]


async def test_nonsense_is_a_clear_refusal(page: Page, simulator: Simulator) -> None:
    await _open(page, simulator)
    token = await page.locator("[name=token]").first.get_attribute("value")
    (first, *_) = await Person(simulator, "doctor").inbox(DOCTOR)
    place = page.url.partition("?")[0]
    asked = [
        ("letters", {"do": "read"}, 422),
        ("letters", {"do": "explode", "letter": first["id"]}, 422),
        ("letters", {"do": "read", "letter": "../../x"}, 404),
        ("folders", {"do": "rename", "id": "x", "name": "y"}, 404),
        ("folders", {"do": "explode", "id": first["folder_id"]}, 422),
        ("folders", {"do": "rename", "id": first["folder_id"], "name": "y"}, 409),
        ("folders", {"do": "create", "name": "*"}, 422),
    ]
    for path, fields, status in asked:
        answer = await page.request.post(f"{place}/{path}", form={"token": token or "", **fields})
        assert answer.status == status, (path, fields)


async def test_a_list_is_searched_by_what_its_address_says(page: Page, simulator: Simulator) -> None:
    await _open(page, simulator)
    await _choose(page, "Premier")
    await page.get_by_role("button", name="Marquer lu", exact=True).click()
    await expect(page.get_by_text("non lu", exact=True)).to_have_count(2)
    await page.get_by_text("Autres filtres").click()
    await page.get_by_label("Objet").fill("ième")
    await page.get_by_label("De", exact=True).fill("durand")
    await page.get_by_label("Depuis le").fill("2020-01-01")
    await page.get_by_label("Jusqu’au").fill("2120-01-01")
    await page.get_by_label("Réponse").select_option("sans réponse")
    await page.get_by_role("button", name="Rechercher").click()
    letters = page.locator("#rows").get_by_role("link")
    await expect(letters).to_have_text(["Troisième <b>", "Deuxième"])
    await write(simulator, DOCTOR, "Quatrième")
    await expect(letters).to_have_text(["Quatrième", "Troisième <b>", "Deuxième"])
    await _choose(page, "Deuxième")
    await page.get_by_role("button", name="Marquer lu", exact=True).click()
    await expect(page.get_by_text("non lu", exact=True)).to_have_count(2)
    await expect(letters).to_have_text(["Quatrième", "Troisième <b>", "Deuxième"])
    await expect(page.get_by_label("Objet")).to_have_value("ième")
    await page.get_by_label("Jusqu’au").fill("2020-01-02")
    await page.get_by_role("button", name="Rechercher").click()
    await expect(page.get_by_text("Aucun message ne correspond.")).to_be_visible()
    await page.get_by_role("search").get_by_role("link", name="Tout montrer").click()
    await expect(letters).to_have_count(4)
    assert (await page.goto(f"{page.url}&since=0001-01-01")).status == 422  # type: ignore[union-attr]
