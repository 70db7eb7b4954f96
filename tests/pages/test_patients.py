"""The pages of a patient: letters are read and answered, refused after a closure with the reason, masked from a carer, who sees less."""

from email.policy import SMTP

import httpx
import pytest
from playwright.async_api import Page, expect

from mss_sim.app.simulator import Simulator
from tests.carers import Carer, let_in, make_carer, mask
from tests.clients import DOCTOR, HOSPITAL, PATIENT, PRACTICE, ImapClient, Person, base64_of, control, letter
from tests.pages.conftest import OpenBrowser
from tests.pages.people import be, write

_PATIENT = "Claire FONTAINE"
_HOSTILE = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"


async def _from_doctor(simulator: Simulator, subject: str, **fields: object) -> str:
    """The doctor writes to the patient; the id of the letter as the patient has it."""
    assert (await Person(simulator, "doctor").send(DOCTOR, to=[PATIENT], subject=subject, **fields)).status_code == 201
    (came,) = await Person(simulator, "patient").inbox(PATIENT, subject=subject.lower()[:20], wait=10)
    return str(came["id"])


async def _be_carer(page: Page, carer: Carer) -> None:
    """Log in as somebody whom the first page does not offer."""
    await page.goto("/")
    token = await page.locator("[name=token]").first.get_attribute("value")
    made = await page.request.post("/ui/log-in", form={"token": token or "", "who": carer.idnat, "name": "carer"})
    assert made.ok
    await page.goto("/ui/as/carer/")


async def test_a_patient_reads_a_letter_as_it_comes_and_answers(page: Page, simulator: Simulator) -> None:
    await be(page, _PATIENT)
    await expect(page.get_by_text("Aucun message pour le moment.", exact=False)).to_be_visible()
    await _from_doctor(simulator, "Vos résultats", request_read_receipt=True)
    row = page.locator("#rows li").filter(has_text="Vos résultats")
    await expect(row.get_by_text("non lu")).to_be_visible()
    await row.get_by_role("link").click()
    await expect(page.get_by_text("Votre réponse sera envoyée à : Dr_Camille_MARTIN")).to_be_visible()
    await page.get_by_text("Pourquoi puis-je répondre ?").click()
    await expect(page.get_by_text("conversation-open")).to_be_visible()
    await page.get_by_label("Votre réponse").fill("Merci docteur.")
    await page.get_by_role("button", name="Envoyer ma réponse").click()
    await expect(page.get_by_text("Votre réponse est envoyée.")).to_be_visible()
    (came,) = await Person(simulator, "doctor").inbox(DOCTOR, subject="re: vos", wait=10)
    opened = await Person(simulator, "doctor").open(DOCTOR, str(came["id"]))
    assert (opened["text"].strip(), opened["from"][0]["address"]) == ("Merci docteur.", PATIENT)
    await page.get_by_role("link", name="Retour à la liste").click()
    await expect(page.locator("#rows .unread")).to_have_count(0)


async def test_a_photo_goes_with_an_answer_and_an_empty_one_does_not_leave(page: Page, simulator: Simulator) -> None:
    id_ = await _from_doctor(simulator, "Votre plaie")
    await be(page, _PATIENT)
    await page.goto(f"{page.url}/letters/{id_}")
    await page.get_by_label("Votre réponse").fill(" ")
    await page.get_by_role("button", name="Envoyer ma réponse").click()
    await expect(page.get_by_role("alert")).to_contain_text("écrivez d’abord votre réponse")
    await page.get_by_label("Votre réponse").fill("Voici.")
    await page.locator("input[type=file]").set_input_files({"name": "IMG_1234.JPG", "mimeType": "image/jpeg", "buffer": b"\xff\xd8photo"})
    await page.get_by_role("button", name="Envoyer ma réponse").click()
    await expect(page.get_by_text("Votre réponse est envoyée.")).to_be_visible()
    doctor = Person(simulator, "doctor")
    (came,) = await doctor.inbox(DOCTOR, subject="re: votre", wait=10)
    (photo,) = (await doctor.open(DOCTOR, str(came["id"])))["attachments"]
    assert (photo["filename"], photo["content_type"]) == ("IMG_1234.JPG", "image/jpeg")


async def test_an_answer_that_meets_a_closure_is_refused_with_the_reason_and_what_was_written(page: Page, simulator: Simulator) -> None:
    id_ = await _from_doctor(simulator, "Vos résultats")
    await be(page, _PATIENT)
    await page.get_by_role("link", name="Vos résultats").click()
    await page.get_by_label("Votre réponse").fill("Encore une question.")
    doctor = Person(simulator, "doctor")
    (thread,) = (await doctor.get(f"/mailboxes/{DOCTOR}/conversations", limit=1))["items"]
    assert (await doctor.rest("POST", f"/mailboxes/{DOCTOR}/conversations/{thread['id']}/close")).status_code == 200
    await page.get_by_role("button", name="Envoyer ma réponse").click()
    await expect(page.get_by_role("alert")).to_contain_text("Rien n’a été envoyé")
    await expect(page.get_by_text("Encore une question.")).to_be_visible()
    await expect(page.get_by_text("Dr_Camille_MARTIN a clos cet échange.")).to_be_visible()
    await expect(page.get_by_label("Votre réponse")).to_have_count(0)
    await page.get_by_text("Pourquoi ne puis-je pas répondre ?").click()
    await expect(page.get_by_text("conversation-closed")).to_be_visible()
    await expect(page.get_by_text("par un professionnel, sans message")).to_be_visible()
    assert await doctor.inbox(DOCTOR, subject="re: vos") == []
    answered = await Person(simulator, "patient").send(PATIENT, to=[DOCTOR], subject="Re: Vos résultats", in_reply_to=id_)
    assert answered.json()["code"] == "conversation-closed"


async def test_a_letter_that_names_nobody_else_is_not_answered(page: Page, simulator: Simulator) -> None:
    patient = Person(simulator, "patient").account
    client = await ImapClient.open(simulator, patient["login"], patient["password"])
    await client.append("INBOX", letter(PATIENT, PATIENT, "Pour moi").as_bytes(policy=SMTP))
    await client.close()
    await be(page, _PATIENT)
    await page.get_by_role("link", name="Pour moi").click()
    await expect(page.locator(".why-not")).to_have_text("Ce message ne nomme personne à qui répondre.")
    await page.get_by_text("Pourquoi ne puis-je pas répondre ?").click()
    await expect(page.get_by_text("no-recipient")).to_be_visible()


@pytest.mark.parametrize(("reply_to", "reached"), [(PRACTICE, PRACTICE), ("dehors@clinique-pins.sim.mssante.fr", DOCTOR)])
async def test_an_answer_goes_where_it_may(page: Page, simulator: Simulator, reply_to: str, reached: str) -> None:
    """To the Reply-To, and to who wrote where that one takes no answer."""
    await _from_doctor(simulator, "Rendez-vous", reply_to=[reply_to])
    await be(page, _PATIENT)
    await page.get_by_role("link", name="Rendez-vous").click()
    await page.get_by_label("Votre réponse").fill("Entendu.")
    await page.get_by_role("button", name="Envoyer ma réponse").click()
    await expect(page.get_by_text("Votre réponse est envoyée.")).to_be_visible()
    (came,) = await Person(simulator, "doctor").inbox(reached, subject="re: rendez", wait=10)
    assert [one["address"] for one in came["to"]] == [reached]


async def test_documents_of_all_letters_stand_together_newest_first(page: Page, simulator: Simulator) -> None:
    await be(page, _PATIENT)
    await page.get_by_role("link", name="Documents").click()
    await expect(page.get_by_text("Aucun message ne porte encore de document.", exact=False)).to_be_visible()
    for name in ("ordonnance.pdf", "<b>été.pdf"):
        file = {"filename": name, "content_type": "application/pdf", "content_base64": base64_of(name.encode())}
        await _from_doctor(simulator, f"Avec {name}", attachments=[file])
    await page.reload()
    links = page.locator(".patient-files a")
    await expect(links).to_have_text(["<b>été.pdf", "ordonnance.pdf"])
    async with page.expect_download() as waiting:
        await links.last.click()
    assert (await waiting.value).suggested_filename == "ordonnance.pdf"
    await page.get_by_role("link", name="Avec ordonnance.pdf").click()
    await expect(page.get_by_role("heading", name="Avec ordonnance.pdf")).to_be_visible()


async def test_a_patient_lets_a_carer_in_masks_and_sees_who_looked(open_browser: OpenBrowser, simulator: Simulator) -> None:
    browser = await open_browser()
    patients, carers = await browser.new_page(), await browser.new_page()
    carer = await make_carer(simulator)
    await _from_doctor(simulator, "Rendez-vous")
    await write(simulator, PATIENT, "Secret")
    await be(patients, _PATIENT)
    await patients.get_by_role("link", name="Mes aidants").click()
    await expect(patients.get_by_text("Personne ne consulte vos messages.", exact=False)).to_be_visible()
    await patients.get_by_label("Qui", exact=True).fill(carer.idnat)
    await patients.get_by_label("Jusqu’au soir du").fill("2099-12-31")
    await patients.get_by_role("button", name="Ouvrir", exact=True).click()
    await expect(patients.get_by_role("paragraph").filter(has_text="Jeanne FONTAINE")).to_be_visible()
    await expect(patients.get_by_text("jusqu’au 01/01/2100 00:00", exact=False)).to_be_visible()

    await _be_carer(carers, carer)
    await expect(carers.get_by_text(f"Vous consultez la boîte de {_PATIENT}, avec son accord.")).to_be_visible()
    await expect(carers.locator("#rows li")).to_have_count(2)
    await expect(carers.get_by_role("link", name="Mes aidants")).to_have_count(0)

    await patients.get_by_role("link", name="Messages", exact=True).click()
    await patients.get_by_role("link", name="Secret").click()
    await patients.get_by_role("button", name="Masquer tous les messages avec", exact=False).click()
    await expect(patients.locator(".patient-letters")).to_contain_text(HOSPITAL)
    await carers.reload()
    await expect(carers.locator("#rows li")).to_have_count(1)
    await carers.get_by_role("link", name="Rendez-vous").click()
    await expect(carers.get_by_text("ne vous a pas donné le droit de répondre", exact=False).first).to_be_visible()

    await patients.get_by_role("link", name="Qui a consulté").click()
    await expect(patients.locator(".history").get_by_text("Jeanne FONTAINE consulte la boîte")).to_be_visible()
    await expect(patients.locator(".history").get_by_text("Jeanne FONTAINE lit « Rendez-vous »", exact=False)).to_be_visible()
    await patients.get_by_role("link", name="Ce que je masque").click()
    await patients.get_by_role("button", name="Montrer de nouveau").click()
    await carers.goto("/ui/as/carer/")
    await expect(carers.locator("#rows li")).to_have_count(2)

    await patients.get_by_role("link", name="Mes aidants").click()
    await patients.get_by_role("button", name="Mettre fin maintenant").click()
    await expect(patients.get_by_text("Anciens aidants : 1")).to_be_visible()
    await expect(carers.get_by_role("heading", name="Introuvable")).to_be_visible()


async def test_a_letter_and_a_document_are_masked_from_their_page(page: Page, simulator: Simulator) -> None:
    file = {"filename": "bilan.pdf", "content_type": "application/pdf", "content_base64": base64_of(b"bilan")}
    first = await _from_doctor(simulator, "Bilan", attachments=[file])
    await _from_doctor(simulator, "Autre")
    patient, carer = Person(simulator, "patient"), await make_carer(simulator)
    await let_in(patient, carer)
    await be(page, _PATIENT)
    await page.get_by_role("link", name="Bilan").click()
    await page.get_by_role("button", name="Masquer ce document").click()
    await expect(page.locator(".patient-letters")).to_contain_text("bilan.pdf")
    assert [row["subject"] for row in await carer.inbox(PATIENT)] == ["Autre"]
    await page.get_by_role("link", name="Messages", exact=True).click()
    await page.get_by_role("link", name="Autre").click()
    await page.get_by_role("button", name="Masquer ce message").click()
    await page.go_back()
    await page.reload()
    await expect(page.get_by_text("masqué aux aidants")).to_be_visible()
    assert await carer.inbox(PATIENT) == []
    assert {one["kind"] for one in await patient.get(f"/mailboxes/{PATIENT}/masks")} == {"document", "letter"}
    assert (await carer.rest("GET", f"/mailboxes/{PATIENT}/messages/{first}")).status_code == 404


async def test_a_carer_answers_in_the_name_of_the_patient_and_masks_nothing(page: Page, simulator: Simulator) -> None:
    await _from_doctor(simulator, "Rendez-vous")
    patient, carer = Person(simulator, "patient"), await make_carer(simulator)
    await let_in(patient, carer)
    await _be_carer(page, carer)
    await page.get_by_role("link", name="Rendez-vous").click()
    await expect(page.get_by_role("button", name="Masquer ce message")).to_have_count(0)
    await page.get_by_label("Votre réponse").fill("Elle viendra.")
    await page.get_by_role("button", name="Envoyer ma réponse").click()
    await expect(page.get_by_text("Votre réponse est envoyée.")).to_be_visible()
    (came,) = await Person(simulator, "doctor").inbox(DOCTOR, subject="re: rendez", wait=10)
    opened = await Person(simulator, "doctor").open(DOCTOR, str(came["id"]))
    assert (opened["from"][0]["address"], opened["sender"][0]["name"]) == (PATIENT, "Jeanne FONTAINE")
    place = f"/ui/as/carer/patients/{PATIENT}"
    token = await page.locator("[name=token]").first.get_attribute("value") or ""
    for path in ("masks", "carers"):
        asked: dict[str, str | float | bool] = {"token": token, "correspondent": DOCTOR, "grantee": carer.idnat, "see": "yes"}
        assert (await page.request.post(f"{place}/{path}", form=asked)).status == 403, path
    for path in ("masks", "accesses"):
        assert (await page.request.get(f"{place}/{path}")).status == 403, path
    acts = [line["act"] for line in (await patient.get(f"/mailboxes/{PATIENT}/journal", others=True))["items"]]
    assert "message.submitted" in acts


async def test_what_strangers_write_does_nothing_on_these_pages(page: Page, simulator: Simulator) -> None:
    file = {"filename": f"{_HOSTILE}.txt", "content_type": "text/plain", "content_base64": base64_of(_HOSTILE.encode())}
    await _from_doctor(simulator, f"Objet {_HOSTILE}", text=_HOSTILE, html=f"<p>{_HOSTILE}</p>", attachments=[file])
    await control(simulator, "PATCH", f"/mailboxes/{PATIENT}", {"label": _HOSTILE})
    patient, carer = Person(simulator, "patient"), await make_carer(simulator)
    await let_in(patient, carer)
    await mask(patient, f"correspondents/{HOSPITAL}")
    await be(page, _PATIENT)
    place = page.url
    await page.get_by_role("link", name="Objet").click()
    assert await page.title() != "owned"
    for path in ("", "/documents", "/carers", "/masks", "/accesses"):
        await page.goto(f"{place}{path}")
        assert await page.title() != "owned", path


async def test_mailboxes_of_others_and_what_is_nonsense_are_refused(simulator: Simulator) -> None:
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        token = (await client.get("/")).text.partition('name="token" value="')[2].partition('"')[0]
        for role in ("patient", "doctor"):
            who = Person(simulator, role).idnat
            assert (await client.post("/ui/log-in", data={"token": token, "who": who, "name": role})).status_code == 303
        place = f"/ui/as/patient/patients/{PATIENT}"
        own = (await client.get(place)).text.partition('name="token" value="')[2].partition('"')[0]
        for path, status in (
            (f"/ui/as/doctor/patients/{PATIENT}", 404),
            (f"/ui/as/doctor/patients/{DOCTOR}", 404),
            ("/ui/as/patient/patients/x", 404),
            (f"{place}?cursor=x", 422),
            (f"{place}/documents?cursor=x", 422),
            (f"{place}/accesses?cursor=x", 422),
            (f"{place}/letters/x", 404),
            (f"{place}/letters/0am6c38w5xc01", 404),
        ):
            assert (await client.get(path)).status_code == status, path
        for path, fields, status in (
            ("masks", {"correspondent": "nobody"}, 422),
            ("masks", {"letter": "x"}, 404),
            ("masks", {"letter": "0am6c38w5xc01", "part": "1"}, 404),
            ("masks/x/end", {}, 404),
            ("carers", {"grantee": "nobody", "see": "yes"}, 422),
            ("carers", {"grantee": "louise.moreau", "see": "yes", "until": "2026-99-99"}, 422),
            ("carers/x/end", {}, 404),
            ("letters/0am6c38w5xc01", {"text": "x"}, 404),
        ):
            answer = await client.post(f"{place}/{path}", data={"token": own, **fields})
            assert answer.status_code == status, (path, fields, answer.status_code, answer.text)
            assert (await client.post(f"{place}/{path}", data=fields)).status_code == 403, path
