"""The settings of a mailbox on pages: texts and policies, holders, out of office, forwarding, closing in two steps, handing over."""

import httpx
import pytest
from playwright.async_api import Page, expect

from mss_sim.app.simulator import Simulator
from tests.clients import DOCTOR, HOSPITAL, PATIENT, PRACTICE, Person, control
from tests.pages.people import be, log_in, write

_COLLEAGUE = "hugo.bernard@medecin.sim.mssante.fr"
_SCRIPT = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"


def _place(mailbox: str = PRACTICE, who: str = "doctor") -> str:
    return f"/ui/as/{who}/mailboxes/{mailbox}/settings"


async def test_texts_and_policies_are_changed_and_the_journal_tells_of_what_changed_alone(page: Page, simulator: Simulator) -> None:
    await be(page, "Dr Camille MARTIN")
    await page.get_by_role("link", name="Cabinet des Tilleuls").click()
    await page.get_by_role("link", name="Réglages").click()
    await page.get_by_label("Description").fill("Secrétariat ouvert le matin")
    await page.get_by_label("Ordre de préférence").fill("2")
    await page.get_by_label("Sur liste rouge").check()
    await page.get_by_label("Les patients peuvent écrire en premier").check()
    await page.get_by_label("Le diagnostic des documents est conservé").check()
    await page.get_by_role("button", name="Enregistrer").click()
    await expect(page.get_by_label("Sur liste rouge")).to_be_checked()
    box = await Person(simulator, "doctor").get(f"/mailboxes/{PRACTICE}")
    assert (box["description"], box["preferred_rank"]) == ("Secrétariat ouvert le matin", 2)
    assert (box["red_listed"], box["patients_may_write"], box["keeps_diagnoses"]) == (True, True, True)
    await page.get_by_role("button", name="Enregistrer").click()
    await page.wait_for_load_state()
    lines = (await Person(simulator, "doctor").get(f"/mailboxes/{PRACTICE}/journal", act="mailbox.changed"))["items"]
    changed = ["description", "keeps_diagnoses", "patients_may_write", "preferred_rank", "red_listed"]
    assert [sorted(one["detail"]["after"]) for one in lines] == [changed]
    assert lines[0]["door"] == "web"


async def test_an_out_of_office_answer_is_given_and_ended(page: Page, simulator: Simulator) -> None:
    await control(simulator, "PUT", "/clock", {"mode": "frozen", "at": "2035-12-01T09:00:00Z"})
    await be(page, "Dr Camille MARTIN")
    await page.goto(_place(DOCTOR))
    answer = page.get_by_role("region", name="Réponse d’absence")
    await answer.get_by_label("Texte").fill("Le cabinet est fermé.")
    await answer.get_by_label("Jusqu’au soir du").fill("2035-12-10")
    await answer.get_by_role("button", name="Répondre ainsi").click()
    await expect(answer.get_by_text("répond en ce moment")).to_be_visible()
    await expect(answer.get_by_label("Jusqu’au soir du")).to_have_value("2035-12-10")
    told = await Person(simulator, "doctor").get(f"/mailboxes/{DOCTOR}/out-of-office")
    assert (told["text"], told["until"], told["active"]) == ("Le cabinet est fermé.", "2035-12-10T23:00:00Z", True)
    await write(simulator, DOCTOR, "Êtes-vous là ?")
    assert await Person(simulator, "hospital").inbox(HOSPITAL, wait=10, text="fermé")
    await answer.get_by_role("button", name="Ne plus répondre").click()
    await expect(answer.get_by_role("button", name="Répondre ainsi")).to_be_visible()
    assert await Person(simulator, "doctor").get(f"/mailboxes/{DOCTOR}/out-of-office") is None


async def test_letters_are_forwarded_to_a_colleague_and_no_more(page: Page, simulator: Simulator) -> None:
    await be(page, "Dr Camille MARTIN")
    await page.goto(_place(DOCTOR))
    forwarding = page.get_by_role("region", name="Redirection")
    await forwarding.get_by_label("Vers une boîte professionnelle").fill(_COLLEAGUE)
    await forwarding.get_by_role("button", name="Rediriger", exact=True).click()
    await expect(forwarding.get_by_text(f"Vers {_COLLEAGUE}, depuis le")).to_be_visible()
    await write(simulator, DOCTOR, "À voir")
    assert await Person(simulator, "doctor2").inbox(_COLLEAGUE, wait=10, subject="À voir")
    await forwarding.get_by_role("button", name="Ne plus rediriger").click()
    await expect(forwarding.get_by_text("depuis le")).to_have_count(0)


async def test_a_mailbox_is_closed_in_two_steps_and_may_live_on(page: Page, simulator: Simulator) -> None:
    await control(simulator, "PUT", "/clock", {"mode": "frozen", "at": "2035-12-01T09:00:00Z"})
    await be(page, "Dr Camille MARTIN")
    await page.goto(_place())
    closing = page.get_by_role("region", name="Fermeture et transmission")
    await closing.get_by_label("elle ferme dans 30 jours").check()
    await closing.get_by_role("button", name="Demander la fermeture").click()
    await expect(closing.get_by_text("La boîte ferme le 31/12/2035 10:00")).to_be_visible()
    await closing.get_by_role("button", name="Annuler la fermeture").click()
    await expect(closing.get_by_role("button", name="Demander la fermeture")).to_be_visible()
    acts = [one["act"] for one in (await Person(simulator, "doctor").get(f"/mailboxes/{PRACTICE}/journal", act="mailbox.*"))["items"]]
    assert acts == ["mailbox.closing_cancelled", "mailbox.closing_asked"]


async def test_holders_come_and_go_and_the_mailbox_is_handed_over(page: Page, simulator: Simulator) -> None:
    await be(page, "Dr Camille MARTIN")
    await page.goto(_place())
    holders = page.get_by_role("region", name="Titulaires")
    await holders.get_by_role("button", name="Retirer Dr Hugo BERNARD des titulaires").click()
    await expect(holders.get_by_text("Dr Hugo BERNARD")).to_have_count(0)
    await holders.get_by_label("Professionnel").fill("hugo.bernard")
    await holders.get_by_role("button", name="Ajouter comme cotitulaire").click()
    await expect(holders.get_by_text("Dr Hugo BERNARD")).to_be_visible()
    await holders.get_by_label("Professionnel").fill("hugo.bernard")
    await holders.get_by_role("button", name="Nommer responsable").click()
    await expect(holders.get_by_role("listitem").filter(has_text="Dr Camille MARTIN")).to_contain_text("cotitulaire")
    await expect(page.get_by_role("region", name="Fermeture et transmission")).to_have_count(0)
    await be(page, "Dr Hugo BERNARD")
    await page.goto(_place(who="doctor2"))
    closing = page.get_by_role("region", name="Fermeture et transmission")
    await closing.get_by_label("À qui la transmettre").fill("yann.legall")
    await closing.get_by_label("je n’en suis plus titulaire").check()
    await closing.get_by_role("button", name="Transmettre").click()
    await page.wait_for_url("**/ui/as/doctor2/mailboxes/hugo*")  # who may not see it any more is led to a mailbox of his own
    [line, *_] = (await Person(simulator, "doctor").get(f"/mailboxes/{PRACTICE}/journal", act="holder.owner_changed"))["items"]
    assert line["actor"]["name"] == "Dr Hugo BERNARD"


async def test_who_may_not_change_a_mailbox_sees_no_form_and_is_refused(simulator: Simulator) -> None:
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        place = _place(who="secretary")
        token = await log_in(simulator, client, "secretary", "/ui/as/secretary/")
        shown = (await client.get(place)).text
        assert ("Cabinet des Tilleuls" in shown, "Enregistrer" in shown, "Demander la fermeture" in shown) == (True, False, False)
        sent = {"token": token, "seen_policy": "shared", "sent_policy": "owner", "do": "add", "who": "x", "text": "x", "to": DOCTOR}
        for path in ("", "/holders", "/answer", "/forwarding", "/closing", "/owner"):
            answer = await client.post(place + path, data={**sent, "meant": "yes", "heir": "yann.legall"})
            assert answer.status_code == 403, (path, answer.status_code)
        assert (await client.get(_place(HOSPITAL, "secretary"))).status_code == 404


async def test_a_patient_neither_answers_nor_forwards_by_machine(simulator: Simulator) -> None:
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        token = await log_in(simulator, client, "patient", "/ui/as/patient/")
        place = _place(PATIENT, "patient")
        shown = (await client.get(place)).text
        assert ("Demander la fermeture" in shown, "Redirection" in shown, "Transmettre" in shown) == (True, False, False)
        for path in ("/answer", "/forwarding", "/owner"):
            answer = await client.post(
                place + path, data={"token": token, "text": "x", "to": DOCTOR, "heir": "yann.legall", "meant": "yes"}
            )
            assert answer.status_code == 422, (path, answer.text)


@pytest.mark.parametrize(
    ("path", "data", "status"),
    [
        ("", {}, 422),
        ("", {"seen_policy": "shared", "sent_policy": "nowhere"}, 422),
        ("", {"seen_policy": "shared", "sent_policy": "owner", "preferred_rank": "0"}, 422),
        ("", {"seen_policy": "shared", "sent_policy": "owner", "preferred_rank": "first"}, 422),
        ("", {"seen_policy": "shared", "sent_policy": "owner", "label": "x" * 301}, 422),
        ("", {"seen_policy": "shared", "sent_policy": "owner", "label": "a\r\nBcc: b"}, 422),
        ("/holders", {"do": "add", "who": "nobody"}, 422),
        ("/holders", {"do": "remove", "who": "nobody"}, 404),
        ("/holders", {"do": "responsible", "who": "camille.martin"}, 409),
        ("/answer", {"text": " "}, 422),
        ("/answer", {"text": "x" * 20_001}, 422),
        ("/answer", {"text": "x\x00"}, 422),
        ("/answer", {"text": "x", "days": "366"}, 422),
        ("/answer", {"text": "x", "from": "demain"}, 422),
        ("/answer", {"text": "x", "until": "2020-01-01"}, 422),
        ("/forwarding", {"to": "nowhere"}, 422),
        ("/forwarding", {"to": PATIENT}, 422),
        ("/forwarding", {"to": "someone@example.org"}, 422),
        ("/closing", {"do": "ask"}, 422),
        ("/closing", {"do": "cancel"}, 409),
        ("/owner", {"heir": "yann.legall"}, 422),
        ("/owner", {"heir": "nobody", "meant": "yes"}, 404),
    ],
)
async def test_bad_input_is_refused_clearly(simulator: Simulator, path: str, data: dict[str, str], status: int) -> None:
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        token = await log_in(simulator, client, "doctor", "/ui/as/doctor/")
        answer = await client.post(_place() + path, data={"token": token, **data})
        assert answer.status_code == status, answer.text
        assert (await client.post(_place() + path, data=data)).status_code == 403


async def test_script_in_texts_does_nothing(page: Page, simulator: Simulator) -> None:
    doctor = Person(simulator, "doctor")
    await doctor.rest("PATCH", f"/mailboxes/{PRACTICE}", json={"label": _SCRIPT, "description": _SCRIPT})
    await doctor.rest("PUT", f"/mailboxes/{PRACTICE}/out-of-office", json={"text": f"</textarea>{_SCRIPT}", "subject": _SCRIPT})
    await be(page, "Dr Camille MARTIN")
    await page.goto(_place())
    await expect(page.get_by_role("heading", name=_SCRIPT).first).to_be_visible()
    await expect(page.get_by_role("textbox", name="Texte")).to_have_value(f"</textarea>{_SCRIPT}")
    assert await page.title() != "owned"
