"""Letters written on pages: as whom, what is refused beside the form, drafts, files, and what becomes of each recipient."""

import re
from pathlib import Path
from typing import Any

import httpx
from playwright.async_api import Locator, Page, expect

from mss_sim.app.simulator import Simulator
from mss_sim.vocabulary.mailboxes import Right
from tests.clients import DOCTOR, DOCTOR2, HOSPITAL, PATIENT, PRACTICE, Person, base64_of, letter
from tests.pages.people import be, settled, write

_DOCTOR, _SECRETARY = "Dr Camille MARTIN", "Sophie PETIT"


async def _begin(page: Page, mailbox: str) -> None:
    await page.get_by_role("navigation").get_by_role("link", name=mailbox).click()
    await page.get_by_role("link", name="Écrire un message").click()


def _field(page: Page, label: str) -> Locator:
    return page.get_by_role("textbox", name=label, exact=True)


async def _fill(page: Page, **fields: str) -> None:
    for label, text in fields.items():
        await _field(page, label).fill(text)


async def _send(page: Page) -> None:
    await page.get_by_role("button", name="Envoyer").click()


async def test_a_secretary_sees_whose_name_a_letter_bears_and_then_who_has_read_it(page: Page, simulator: Simulator) -> None:
    await be(page, _SECRETARY)
    await _begin(page, "Cabinet des Tilleuls")
    chosen = page.get_by_role("radio", checked=True).locator("xpath=..")
    await expect(chosen).to_contain_text(f"Cabinet des Tilleuls <{PRACTICE}>")
    await expect(chosen).to_contain_text(f"{_SECRETARY} <{PRACTICE}>")
    await _fill(page, À=HOSPITAL, Objet="Rendez-vous", Texte="Bonjour,\n\nà quelle heure ?")
    await page.get_by_label("Demander un accusé de lecture").check()
    await _send(page)
    await expect(page.get_by_role("heading", name="Rendez-vous")).to_be_visible()
    await expect(page.get_by_text("remis", exact=True)).to_be_visible()
    hospital = Person(simulator, "hospital")
    (came,) = await hospital.inbox(HOSPITAL)
    opened = await hospital.open(HOSPITAL, came["id"])
    assert (opened["from"][0]["address"], opened["sender"]) == (PRACTICE, [{"name": _SECRETARY, "address": PRACTICE}])
    assert (await hospital.rest("POST", f"/mailboxes/{HOSPITAL}/messages/{came['id']}/receipt")).status_code == 201
    await expect(page.locator(".line").get_by_text("lu", exact=True)).to_be_visible()
    await page.get_by_role("link", name="Retour à la liste").click()
    await page.get_by_role("link", name="Envoyés", exact=True).click()
    await page.get_by_role("link", name="Rendez-vous").click()
    await expect(page.get_by_role("definition").filter(has_text=f"{_SECRETARY} <{PRACTICE}>")).to_be_visible()


async def test_who_is_refused_stands_beside_the_form_and_nothing_is_lost(page: Page, simulator: Simulator, tmp_path: Path) -> None:
    file = tmp_path / "compte rendu <1>.txt"
    file.write_text("Tension normale.")
    await be(page, _DOCTOR)
    await _begin(page, "Dr_Camille_MARTIN")
    nobody = "personne@medecin.sim.mssante.fr"
    await _fill(page, À=f"{HOSPITAL}, sans-arobase; Inconnu <{nobody}>", Objet="Suivi", Texte="Voir ci-joint.")
    await page.get_by_label("Ajouter des fichiers").set_input_files(file)
    await _send(page)
    faults = page.get_by_role("alert")
    await expect(faults).to_contain_text("sans-arobase")
    await expect(_field(page, "Texte")).to_have_value("Voir ci-joint.")
    await _fill(page, À=f"{HOSPITAL}, {nobody}")
    await _send(page)
    await expect(faults).to_contain_text(nobody)
    assert await Person(simulator, "hospital").inbox(HOSPITAL) == []
    await _fill(page, À=HOSPITAL)
    await expect(page.get_by_label("compte rendu <1>.txt")).to_be_checked()
    await _send(page)
    await expect(page.get_by_role("heading", name="Suivi")).to_be_visible()
    hospital = Person(simulator, "hospital")
    (came,) = await hospital.inbox(HOSPITAL)
    (attached,) = (await hospital.open(HOSPITAL, came["id"]))["attachments"]
    assert (attached["filename"], attached["size_bytes"]) == (file.name, 16)
    drafts = await Person(simulator, "doctor").get(f"/mailboxes/{DOCTOR}/messages", folder="Drafts")
    assert drafts["items"] == [], "the draft that kept the file went when it was sent"


async def test_a_form_that_is_posted_twice_sends_once(page: Page, simulator: Simulator) -> None:
    await be(page, _DOCTOR)
    await _begin(page, "Dr_Camille_MARTIN")
    form = page.url
    await _fill(page, À=HOSPITAL, Objet="Une fois", Texte="Bonjour.")
    fields: dict[str, Any] = await page.evaluate("Object.fromEntries(new FormData(document.querySelector('form.writing')))")
    fields = {name: value for name, value in fields.items() if isinstance(value, str)}
    fields["do"] = "send"
    first = await page.request.post(form, multipart=fields)
    again = await page.request.post(form, multipart=fields)
    assert (first.status, again.url) == (200, first.url)
    assert len(await Person(simulator, "hospital").inbox(HOSPITAL)) == 1
    other = await page.request.post(form, multipart={**fields, "text": "Autre chose."})
    assert other.status == 422
    assert "Idempotency-Key" in await other.text()
    assert len(await Person(simulator, "hospital").inbox(HOSPITAL)) == 1


async def test_a_draft_is_kept_with_all_that_it_says_and_gone_once_it_is_sent(page: Page, simulator: Simulator) -> None:
    await be(page, _DOCTOR)
    await _begin(page, "Dr_Camille_MARTIN")
    await _fill(page, **{"À": f'"Durand, Paul" <{HOSPITAL}>', "Copie cachée à": DOCTOR2, "Objet": "Plus tard", "Texte": "à finir"})
    await page.get_by_label("Demander une notification de remise").check()
    await page.get_by_label("Clore l’échange").check()
    await page.get_by_role("button", name="Garder en brouillon").click()
    await expect(page.get_by_role("status")).to_contain_text("brouillons")
    await page.get_by_role("button", name="Garder en brouillon").click()
    await page.get_by_role("link", name="Retour à la liste").click()
    await page.get_by_role("link", name="Brouillons").click()
    await page.get_by_role("link", name="Plus tard").click()
    await page.get_by_role("link", name="Continuer la rédaction").click()
    await expect(_field(page, "À")).to_have_value(f'"Durand, Paul" <{HOSPITAL}>')
    await expect(_field(page, "Copie cachée à")).to_have_value(DOCTOR2)
    await expect(page.get_by_label("Demander une notification de remise")).to_be_checked()
    await expect(page.get_by_label("Clore l’échange")).to_be_checked()
    await expect(page.get_by_label("Demander un accusé de lecture")).not_to_be_checked()
    await _send(page)
    await expect(page.get_by_text(DOCTOR2)).to_be_visible()
    doctor = Person(simulator, "doctor")
    assert (await doctor.get(f"/mailboxes/{DOCTOR}/messages", folder="Drafts"))["items"] == []
    (came,) = await Person(simulator, "doctor2").inbox(DOCTOR2)
    headers = dict((await Person(simulator, "doctor2").open(DOCTOR2, came["id"]))["headers"])
    assert ("Bcc" in headers, headers["X-MSS-MES"]) == (False, "FIN")


async def test_an_answer_goes_to_all_under_what_it_answers_and_marks_it(page: Page, simulator: Simulator) -> None:
    hospital = Person(simulator, "hospital")
    asked = letter(HOSPITAL, [DOCTOR, DOCTOR2], "Avis", "Qu'en pensez-vous ?")
    assert (await hospital.smtp(HOSPITAL, [DOCTOR, DOCTOR2], asked)).code == 250
    await be(page, _DOCTOR)
    await page.get_by_role("link", name="Avis").click()
    await page.get_by_role("link", name="Répondre à tous").click()
    await expect(_field(page, "À")).to_have_value(HOSPITAL)
    await expect(_field(page, "Copie à")).to_have_value(DOCTOR2)
    assert "> Qu'en pensez-vous ?" in await _field(page, "Texte").input_value()
    await _send(page)
    await expect(page.get_by_role("heading", name="Re: Avis")).to_be_visible()
    (came,) = await hospital.inbox(HOSPITAL)
    assert (await hospital.open(HOSPITAL, came["id"]))["in_reply_to"] == [asked["Message-ID"]]
    (answered,) = await Person(simulator, "doctor").inbox(DOCTOR)
    assert "\\Answered" in answered["flags"]


async def test_a_letter_is_passed_on_with_the_files_that_are_left_in(page: Page, simulator: Simulator) -> None:
    brought = letter(HOSPITAL, DOCTOR, "Documents")
    for name in ("un.txt", "deux.txt"):
        brought.add_attachment(name.encode(), maintype="text", subtype="plain", filename=name)
    assert (await Person(simulator, "hospital").smtp(HOSPITAL, DOCTOR, brought)).code == 250
    await be(page, _DOCTOR)
    await page.get_by_role("link", name="Documents").click()
    await page.get_by_role("link", name="Transférer").click()
    await page.get_by_label("deux.txt").uncheck()
    await _fill(page, À=DOCTOR2)
    await _send(page)
    await expect(page.get_by_role("heading", name="Fwd: Documents")).to_be_visible()
    (came,) = await Person(simulator, "doctor2").inbox(DOCTOR2)
    files = (await Person(simulator, "doctor2").open(DOCTOR2, came["id"]))["attachments"]
    assert [one["filename"] for one in files] == ["un.txt"]


async def test_who_may_only_send_hears_what_happened_and_sees_no_more(page: Page, simulator: Simulator) -> None:
    doctor, newcomer = Person(simulator, "doctor"), Person(simulator, "newcomer")
    rights = [Right.SEE, Right.READ]
    other = await doctor.rest("POST", f"/mailboxes/{DOCTOR}/grants", json={"grantee": newcomer.idnat, "rights": rights})
    only = {"grantee": newcomer.idnat, "rights": [Right.SEND_ON_BEHALF]}
    assert (await doctor.rest("POST", f"/mailboxes/{PRACTICE}/grants", json=only)).status_code == 201
    assert other.status_code == 201
    await be(page, "Louise MOREAU")
    await page.get_by_role("link", name="Écrire un message").click()
    assert await page.get_by_role("radio").count() == 1
    await _fill(page, À=HOSPITAL, Objet="De la part du cabinet")
    await _send(page)
    await expect(page.get_by_role("heading", name="Envoyé")).to_be_visible()
    assert len(await Person(simulator, "hospital").inbox(HOSPITAL, wait=10)) == 1


async def test_what_is_posted_as_somebody_else_is_refused(page: Page, simulator: Simulator) -> None:
    await be(page, _SECRETARY)
    await _begin(page, "Cabinet des Tilleuls")
    token = await page.locator("form.writing [name=token]").get_attribute("value")
    for author, status in ((f"{HOSPITAL} owner", 403), (f"{PRACTICE} owner", 403), (f"{PRACTICE} emperor", 422), ("", 422)):
        fields: dict[str, Any] = {"token": token or "", "author": author, "to": DOCTOR, "subject": "x", "text": "x", "do": "send"}
        assert (await page.request.post(page.url, multipart=fields)).status == status
    nothing: dict[str, Any] = {"token": token or "", "author": f"{PRACTICE} send_on_behalf", "do": "send"}
    assert (await page.request.post(page.url, multipart=nothing)).status == 422
    assert await Person(simulator, "doctor").inbox(DOCTOR) == []


async def test_a_file_may_be_as_large_as_a_letter_and_no_larger(page: Page, simulator: Simulator) -> None:
    await be(page, _DOCTOR)
    await _begin(page, "Dr_Camille_MARTIN")
    token = await page.locator("form.writing [name=token]").get_attribute("value")
    cookies = "; ".join(f"{one.get('name')}={one.get('value')}" for one in await page.context.cookies(page.url))
    fields = {"token": token or "", "author": f"{DOCTOR} owner", "to": HOSPITAL, "do": "send"}
    most = await simulator.world.directory.ceiling()
    async with httpx.AsyncClient(headers={"Cookie": cookies}, timeout=60) as client:
        for octets, status in ((most // 2, 303), (most, 413)):
            file = ("image.dcm", b"x" * octets, "application/dicom")
            assert (await client.post(page.url, data=fields, files={"files": file})).status_code == status
    assert len(await Person(simulator, "hospital").inbox(HOSPITAL)) == 1


async def test_hostile_text_in_a_form_and_its_refusal_stays_text(page: Page, simulator: Simulator) -> None:
    script = "<script>document.title='owned'</script>"
    await write(simulator, DOCTOR, script, f"{script}\n</textarea>{script}")
    await be(page, _DOCTOR)
    await page.get_by_role("link", name=script).click()
    await page.get_by_role("link", name="Répondre", exact=True).click()
    await _fill(page, À=f'"{script}" <x{script}@y>')
    await _send(page)
    await expect(page.get_by_role("alert")).to_be_visible()
    assert script in await _field(page, "Texte").input_value()
    assert await page.title() != "owned"
    assert PATIENT not in await page.content()


async def test_a_letter_that_is_being_written_keeps_itself_and_one_draft_alone(page: Page, simulator: Simulator, tmp_path: Path) -> None:
    doctor = Person(simulator, "doctor")
    file = tmp_path / "bilan.txt"
    file.write_text("Tension normale.")
    await be(page, _DOCTOR)
    await page.goto(f"/ui/as/doctor/mailboxes/{PRACTICE}/write")
    await _fill(page, À=f"{HOSPITAL}, pas encore", Objet="En cours", Texte="Première phrase.")
    await expect(page.get_by_text("Gardé dans les brouillons")).to_be_visible()
    await _field(page, "Texte").press_sequentially(" Deuxième.")
    await page.wait_for_function("was => location.search !== was", arg=await page.evaluate("location.search"))
    [kept] = (await doctor.get(f"/mailboxes/{PRACTICE}/messages", folder="Drafts"))["items"]
    opened = await doctor.open(PRACTICE, kept["id"])
    assert (opened["subject"], opened["text"].strip()) == ("En cours", "Première phrase. Deuxième.")
    assert [one["address"] for one in opened["to"]] == [HOSPITAL]  # what is no address yet is still being typed
    await page.reload()
    await expect(_field(page, "Texte")).to_have_value(re.compile("^Première phrase. Deuxième.\n?$"))
    await page.get_by_label("Ajouter des fichiers").set_input_files(file)
    await page.get_by_role("button", name="Garder en brouillon").click()
    await expect(page.get_by_label("bilan.txt")).to_be_checked()
    await _fill(page, Objet="Fini")
    await page.wait_for_function("was => location.search !== was", arg=await page.evaluate("location.search"))
    await _send(page)
    await expect(page.get_by_role("heading", name="Fini")).to_be_visible()
    assert (await doctor.get(f"/mailboxes/{PRACTICE}/messages", folder="Drafts"))["items"] == []
    [came] = await Person(simulator, "hospital").inbox(HOSPITAL, wait=10)
    assert [one["filename"] for one in (await Person(simulator, "hospital").open(HOSPITAL, came["id"]))["attachments"]] == ["bilan.txt"]


async def test_who_may_put_no_draft_into_a_mailbox_is_told_that_none_is_kept(page: Page, simulator: Simulator) -> None:
    given = {"grantee": "louise.moreau", "rights": ["see", "send_on_behalf"]}
    assert (await Person(simulator, "doctor").rest("POST", f"/mailboxes/{PRACTICE}/grants", json=given)).status_code == 201
    await be(page, "Louise MOREAU")
    await _begin(page, "Cabinet des Tilleuls")
    await _fill(page, À=HOSPITAL, Objet="Sans brouillon", Texte="Bonjour.")
    async with page.expect_response(lambda answer: answer.request.method == "POST") as refused:
        await _field(page, "Texte").press_sequentially(" ")
    assert (await refused.value).status == 204
    await expect(page.get_by_text("Pas encore gardé.")).to_be_visible()


async def test_a_letter_that_was_sent_is_cancelled_and_replaced(page: Page, simulator: Simulator) -> None:
    doctor = Person(simulator, "doctor")
    file = {"filename": "a.pdf", "content_type": "application/pdf", "content_base64": base64_of(b"%PDF-1.7")}
    for subject in ("Résultats", "XDM/1.0/DDM+Compte rendu"):
        sent = (
            await doctor.send(
                PRACTICE, to=[HOSPITAL], bcc=[DOCTOR2], subject=subject, text="Avant.", attachments=[file], request_read_receipt=True
            )
        ).json()
    await be(page, _DOCTOR)
    await page.goto(f"/ui/as/doctor/mailboxes/{PRACTICE}/letters/{sent['id']}")
    await page.get_by_role("link", name="Annuler et remplacer").click()
    await expect(page.get_by_role("heading", name="Annuler et remplacer un message")).to_be_visible()
    await expect(_field(page, "Objet")).to_have_value("XDM/1.0/DDM+[Annule et remplace] Compte rendu")
    await expect(_field(page, "À")).to_have_value(re.compile(HOSPITAL))
    await expect(_field(page, "Copie cachée à")).to_have_value("")
    await expect(_field(page, "Texte")).to_have_value(
        re.compile("Ce message annule et remplace celui du .*, « XDM/1.0/DDM\\+Compte rendu »")
    )
    await expect(page.get_by_label("a.pdf")).to_be_checked()
    await expect(page.get_by_label("Demander un accusé de lecture")).to_be_checked()
    await _send(page)
    await expect(page.get_by_role("heading", name="Annule et remplace")).to_be_visible()
    hospital = Person(simulator, "hospital")
    [came] = await hospital.inbox(HOSPITAL, wait=10, subject="Annule et remplace")
    opened = await hospital.open(HOSPITAL, came["id"])
    assert (opened["in_reply_to"], len(opened["attachments"])) == ([sent["message_id"]], 1)
    await write(simulator, PRACTICE, "D’un autre")
    await page.goto(f"/ui/as/doctor/mailboxes/{PRACTICE}")
    await page.get_by_role("link", name="D’un autre").click()
    await expect(page.get_by_role("link", name="Annuler et remplacer")).to_have_count(0)


async def test_the_list_tells_patients_from_professionals_and_how_far_each_letter_came(page: Page, simulator: Simulator) -> None:
    doctor, patient = Person(simulator, "doctor"), Person(simulator, "patient")
    await doctor.send(DOCTOR, to=[PATIENT, HOSPITAL], subject="Deux à la fois")
    await doctor.send(DOCTOR, to=[HOSPITAL], subject="Accusé voulu", request_read_receipt=True)
    await settled(simulator)
    await patient.send(PATIENT, to=[DOCTOR], subject="Une question")
    await settled(simulator)
    await be(page, _DOCTOR)
    came = page.get_by_role("row").filter(has_text="Une question")
    await expect(came.get_by_text("un usager", exact=True)).to_be_visible()
    await expect(came.get_by_text("un professionnel", exact=True)).to_have_count(0)
    await page.goto(f"/ui/as/doctor/mailboxes/{DOCTOR}?folder=Sent")
    both, one = (page.get_by_role("row").filter(has_text=subject) for subject in ("Deux à la fois", "Accusé voulu"))
    await expect(both.get_by_role("cell").nth(1)).to_contain_text("+ 1")
    for who in ("un usager", "un professionnel"):
        await expect(both.get_by_text(who, exact=True)).to_be_visible()
    await expect(both.locator(".state")).to_have_text(["2 × remis"])
    await expect(one.get_by_role("cell").nth(1)).to_contain_text("à ")
    await expect(one.locator(".state")).to_have_text(["remis"])
    hospital = Person(simulator, "hospital")
    asked = next(letter for letter in await hospital.inbox(HOSPITAL) if letter["subject"] == "Accusé voulu")
    await hospital.open(HOSPITAL, asked["id"])
    assert (await hospital.rest("POST", f"/mailboxes/{HOSPITAL}/messages/{asked['id']}/receipt")).status_code == 201
    await expect(one.locator(".state")).to_have_text(["lu"])
