"""Conversations on pages: a patient answers, the doctor closes and opens again, and everybody sees why one may or may not answer."""

import re

import httpx
from playwright.async_api import Page, expect

from mss_sim.app.simulator import Simulator
from tests.clients import DOCTOR, DOCTOR2, PATIENT, Person
from tests.pages.conftest import OpenBrowser
from tests.pages.people import be, log_in, settled

_DOCTOR = "Dr Camille MARTIN"
_HOSTILE = "<script>document.title='owned'</script>"


async def _begun(simulator: Simulator, **options: object) -> dict[str, object]:
    """The doctor wrote to the patient; the letter as the patient has it."""
    sent = {"to": [PATIENT], "subject": "Vos résultats", "text": f"Tout va bien. {_HOSTILE}", "request_read_receipt": True, **options}
    assert (await Person(simulator, "doctor").send(DOCTOR, **sent)).status_code == 201
    (came,) = await Person(simulator, "patient").inbox(PATIENT, wait=10)
    return came


async def _answer(simulator: Simulator, came: dict[str, object]) -> int:
    patient = Person(simulator, "patient")
    return (await patient.send(PATIENT, to=[DOCTOR], subject="Re: Vos résultats", text="Merci.", in_reply_to=came["id"])).status_code


async def _open(page: Page) -> None:
    await be(page, _DOCTOR)
    await page.get_by_role("link", name="Échanges").click()
    await page.get_by_role("link", name="Vos résultats").click()


async def test_receipts_and_answers_stand_in_the_open_conversation_as_they_come(page: Page, simulator: Simulator) -> None:
    came = await _begun(simulator)
    await _open(page)
    await page.get_by_text("Pourquoi peut-il répondre ?").click()
    lines = page.locator(".thread .line")
    await expect(lines.get_by_text("remis", exact=True)).to_be_visible()
    await expect(lines.get_by_text("lu", exact=True)).to_have_count(0)
    await Person(simulator, "patient").open(PATIENT, str(came["id"]))
    await expect(lines.get_by_text("lu", exact=True)).to_be_visible()
    assert await _answer(simulator, came) == 201
    await expect(page.get_by_role("heading", name="Vos résultats", level=1)).to_be_visible()
    await expect(page.locator(".thread").get_by_role("link", name="Re: Vos résultats")).to_be_visible()
    await expect(page.locator(".thread").get_by_text("d’un usager", exact=True).first).to_be_visible()
    await expect(page.get_by_text("conversation-open")).to_be_visible()
    assert await page.title() != "owned"


async def test_a_doctor_closes_and_opens_again_and_the_page_says_why(page: Page, simulator: Simulator) -> None:
    came = await _begun(simulator)
    await _open(page)
    await expect(page.get_by_text("peut répondre", exact=True)).to_be_visible()
    await page.get_by_text("Pourquoi peut-il répondre ?").click()
    await expect(page.get_by_text("conversation-open")).to_be_visible()
    await page.get_by_role("button", name="Clore l’échange").click()
    await expect(page.get_by_text("ne peut pas répondre", exact=True)).to_be_visible()
    await expect(page.get_by_text("par un professionnel, sans message")).to_be_visible()
    await page.get_by_text("Pourquoi ne peut-il pas répondre ?").click()
    await expect(page.get_by_text("conversation-closed")).to_be_visible()
    assert await _answer(simulator, came) == 403
    await page.get_by_role("button", name="Rouvrir l’échange").click()
    await expect(page.get_by_text("peut répondre", exact=True)).to_be_visible()
    assert await _answer(simulator, came) == 201


async def test_a_letter_with_fin_says_by_what_it_closed(page: Page, simulator: Simulator) -> None:
    came = await _begun(simulator, close_conversation=True)
    await _open(page)
    await expect(page.get_by_text("par un message avec X-MSS-MES: FIN")).to_be_visible()
    await page.get_by_text("Pourquoi ne peut-il pas répondre ?").click()
    await expect(page.locator(".standing code", has_text="X-MSS-MES: FIN")).to_be_visible()
    assert await _answer(simulator, came) == 403


async def test_a_patient_sees_the_state_and_cannot_close(open_browser: OpenBrowser, simulator: Simulator) -> None:
    await _begun(simulator)
    page = await (await open_browser()).new_page()
    name = Person(simulator, "patient").account["name"]
    await be(page, name)
    await page.get_by_role("link", name="Échanges").click()
    await page.get_by_role("link", name="Vos résultats").click()
    await expect(page.get_by_text("peut répondre", exact=True)).to_be_visible()
    await expect(page.get_by_role("button", name="Clore l’échange")).to_have_count(0)
    token = await page.locator("[name=token]").first.get_attribute("value")
    assert (await page.request.post(f"{page.url}/close", form={"token": token or ""})).status == 403


async def test_a_letter_leads_to_its_conversation_and_what_is_not_there_is_refused(page: Page, simulator: Simulator) -> None:
    came = await _begun(simulator)
    assert await _answer(simulator, came) == 201
    await be(page, _DOCTOR)
    await page.get_by_role("link", name="Re: Vos résultats").click()
    await page.get_by_role("link", name="Échange", exact=True).click()
    await expect(page.get_by_role("heading", name="Qui peut répondre")).to_be_visible()
    await page.get_by_role("link", name="Tous les échanges").click()
    answer = await page.goto(f"{page.url}/x")
    assert answer is not None
    assert answer.status == 404


async def test_beyond_thirty_conversations_a_page_leads_to_the_older_ones(simulator: Simulator) -> None:
    place, doctor = f"/ui/as/doctor/mailboxes/{DOCTOR}/conversations", Person(simulator, "doctor")
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        await log_in(simulator, client, "doctor", place)
        for number in range(31):
            assert (await doctor.send(DOCTOR, to=[PATIENT], subject=f"Sujet {number:02}", text="Bonjour.")).status_code == 201
            if number == 29:
                assert 'href="?cursor=' not in (await client.get(place)).text
        newest = (await client.get(place)).text
        assert (newest.count("Sujet "), "Sujet 00" in newest) == (30, False)
        (older,) = re.findall(r'href="(\?cursor=[^"]+)"', newest)
        rest = (await client.get(f"{place}{older}")).text
        assert (rest.count("Sujet "), "Sujet 00" in rest, 'href="?cursor=' in rest) == (1, True, False)


async def test_who_holds_one_mailbox_and_looks_into_another_closes_in_the_first_alone(simulator: Simulator) -> None:
    wanted = {"grantee": Person(simulator, "doctor2").idnat, "rights": ["see", "read"]}
    assert (await Person(simulator, "doctor").rest("POST", f"/mailboxes/{DOCTOR}/grants", json=wanted)).status_code == 201
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        await log_in(simulator, client, "doctor2", "/ui/as/doctor2/")
        for role, address, closes in (("doctor", DOCTOR, False), ("doctor2", DOCTOR2, True)):
            assert (await Person(simulator, role).send(address, to=[PATIENT], subject="Vos résultats", text="Bonjour.")).status_code == 201
            await settled(simulator)
            listed = (await client.get(f"/ui/as/doctor2/mailboxes/{address}/conversations")).text
            (place,) = re.findall(r'href="([^"]+/conversations/[0-9a-z]{13})"', listed)
            assert ('/close"' in (await client.get(place)).text) is closes, address
