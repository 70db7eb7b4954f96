"""The watch list on pages: what did not arrive, noted as gone on paper and taken back, as a table; the daily letter switched on and off."""

import csv
import io

import httpx
import pytest
from playwright.async_api import Page, expect

from mss_sim.app.simulator import Simulator
from tests.clients import HOSPITAL, PATIENT, PRACTICE, Person, control
from tests.pages.people import be, form_token, log_in, settled

_LOST = "personne@hopital-ormes.sim.mssante.fr"
_COLLEAGUE = "hugo.bernard@medecin.sim.mssante.fr"
_PLACE = f"/ui/as/doctor/mailboxes/{PRACTICE}/watch-list"
_SCRIPT = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"


async def _lose(simulator: Simulator, subject: str) -> str:
    """Write to nobody, and wait until that is known; the id of the recipient on the watch list."""
    await Person(simulator, "doctor").send(PRACTICE, to=[_LOST], subject=subject)
    await settled(simulator)
    [entry] = (await Person(simulator, "doctor").get(f"/mailboxes/{PRACTICE}/watch-list"))["items"]
    return str(entry["id"])


async def test_a_letter_that_did_not_arrive_goes_on_paper_and_comes_back(page: Page, simulator: Simulator) -> None:
    await be(page, "Dr Camille MARTIN")
    await page.get_by_role("link", name="Cabinet des Tilleuls").click()
    await page.get_by_role("link", name="Liste de surveillance").click()
    await expect(page.get_by_text("Chaque message est arrivé")).to_be_visible()
    await Person(simulator, "doctor").send(PRACTICE, to=[_LOST], subject="Compte rendu égaré")
    row = page.get_by_role("row").filter(has_text=_LOST)
    await expect(row.get_by_text("non remis")).to_be_visible()  # without loading the page anew
    await expect(row.get_by_text("550 5.1.1")).to_be_visible()
    await row.get_by_label(f"Note sur {_LOST}").fill("Courrier du 5 janvier")
    await row.get_by_role("button", name=f"Parti sur papier {_LOST}").click()
    await expect(page.get_by_text("Chaque message est arrivé")).to_be_visible()
    await page.get_by_role("link", name="partis sur papier").click()
    await expect(row.get_by_text("Dr Camille MARTIN · Courrier du 5 janvier")).to_be_visible()
    [done] = (await Person(simulator, "doctor").get(f"/mailboxes/{PRACTICE}/watch-list", done="true"))["items"]
    assert done["paper"]["note"] == "Courrier du 5 janvier"
    await row.get_by_role("button", name="Reprendre").click()
    await expect(row.get_by_role("button", name="Parti sur papier")).to_be_visible()
    await row.get_by_role("link", name="Compte rendu égaré").click()
    await expect(page.get_by_role("heading", name="Compte rendu égaré")).to_be_visible()


async def test_entries_are_told_apart_by_their_reason_and_taken_along_as_a_table(page: Page, simulator: Simulator) -> None:
    await control(simulator, "PUT", "/clock", {"mode": "frozen", "at": "2035-12-01T09:00:00Z"})
    doctor = Person(simulator, "doctor")
    await doctor.send(PRACTICE, to=[_LOST], subject="Perdu")
    await doctor.send(PRACTICE, to=[_COLLEAGUE], subject="Pas ouvert", request_read_receipt=True)
    await control(simulator, "POST", "/clock/advance", {"by": "P8D"})
    await be(page, "Dr Camille MARTIN")
    await page.goto(_PLACE)
    await expect(page.get_by_role("row")).to_have_count(3)
    await page.get_by_role("link", name="non ouvert", exact=True).click()
    await expect(page.get_by_role("row").nth(1)).to_contain_text("Pas ouvert")
    await expect(page.get_by_role("row")).to_have_count(2)
    await page.get_by_label("Non ouverts depuis").fill("30")
    await page.get_by_role("button", name="Filtrer").click()
    await expect(page.get_by_text("Rien ne correspond ici.")).to_be_visible()
    await page.goto(f"{_PLACE}?reason=not_delivered")
    async with page.expect_download() as coming:
        await page.get_by_role("link", name="En tableau (CSV)").click()
    text = (await (await coming.value).path()).read_text(encoding="utf-8")
    assert [one["recipient"] for one in csv.DictReader(io.StringIO(text, newline=""))] == [_LOST]


async def test_the_daily_letter_is_switched_on_at_an_hour_and_off(page: Page, simulator: Simulator) -> None:
    await control(simulator, "PUT", "/clock", {"mode": "frozen", "at": "2035-12-01T09:00:00Z"})
    await be(page, "Dr Camille MARTIN")
    await page.goto(_PLACE)
    digest = page.get_by_role("region", name="Message quotidien sur cette liste")
    await digest.get_by_label("Heure du jour").select_option("18")
    await digest.get_by_role("button", name="Activer").click()
    await expect(digest.get_by_text("01/12/2035 19:00")).to_be_visible()  # the hour is that of UTC
    told = await Person(simulator, "doctor").get(f"/mailboxes/{PRACTICE}/watch-list/digest")
    assert (told["enabled"], told["hour"]) == (True, 18)
    await digest.get_by_role("button", name="Désactiver").click()
    await expect(digest.get_by_text("Personne n’est prévenu par message.")).to_be_visible()
    assert (await Person(simulator, "doctor").get(f"/mailboxes/{PRACTICE}/watch-list/digest"))["enabled"] is False


async def test_who_only_reads_a_mailbox_sees_its_list_and_changes_nothing(simulator: Simulator) -> None:
    entry = await _lose(simulator, "Perdu")
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        place = f"/ui/as/assistant/mailboxes/{PRACTICE}/watch-list"
        token = await log_in(simulator, client, "assistant", "/ui/as/assistant/")
        shown = (await client.get(place)).text
        assert ("Perdu" in shown, "Parti sur papier" in shown, "Activer" in shown) == (True, False, False)
        assert (await client.post(f"{place}/paper", data={"token": token, "recipient": entry})).status_code == 403
        assert (await client.post(f"{place}/digest", data={"token": token, "do": "on"})).status_code == 403
        assert (await client.get(f"/ui/as/assistant/mailboxes/{HOSPITAL}/watch-list")).status_code == 404
        assert (await client.get(f"/ui/as/assistant/mailboxes/{HOSPITAL}/watch-list.csv")).status_code == 404


@pytest.mark.parametrize(
    ("path", "data", "status"),
    [
        ("?reason=lost", None, 422),
        ("?after_days=-1", None, 422),
        ("?after_days=soon", None, 422),
        ("?after_days=9999999999999999999999", None, 422),
        ("?cursor=j0am6c38w5xc01", None, 422),
        ("/paper", {}, 404),
        ("/paper", {"recipient": "nothing"}, 404),
        ("/paper", {"recipient": "0am6c38w5xc01"}, 404),
        ("/paper", {"recipient": "0am6c38w5xc01", "note": "x" * 301}, 422),
        ("/paper", {"recipient": "0am6c38w5xc01", "note": "a\x00b"}, 422),
        ("/paper", {"recipient": "0am6c38w5xc01", "do": "back"}, 404),
        ("/digest", {"do": "on", "hour": "24"}, 422),
        ("/digest", {"do": "on", "hour": "noon"}, 422),
    ],
)
async def test_bad_input_is_refused_clearly(simulator: Simulator, path: str, data: dict[str, str] | None, status: int) -> None:
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        token = await log_in(simulator, client, "doctor", "/ui/as/doctor/")
        answer = await client.get(_PLACE + path) if data is None else await client.post(_PLACE + path, data={"token": token, **data})
        assert answer.status_code == status, answer.text


async def test_hostile_texts_do_nothing_and_other_sites_change_nothing(page: Page, simulator: Simulator) -> None:
    entry = await _lose(simulator, _SCRIPT)
    await be(page, "Dr Camille MARTIN")
    await page.goto(_PLACE)
    await expect(page.get_by_role("link", name=_SCRIPT)).to_be_visible()
    await page.get_by_label(f"Note sur {_LOST}").fill(_SCRIPT)
    await page.get_by_role("button", name="Parti sur papier").click()
    await page.goto(f"{_PLACE}?done=yes")
    await expect(page.get_by_text(_SCRIPT).first).to_be_visible()
    assert await page.title() != "owned"
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        await log_in(simulator, client, "doctor", _PLACE)
        for path in ("/paper", "/digest"):
            answer = await client.post(_PLACE + path, data={"recipient": entry, "do": "back", "token": form_token("")})
            assert answer.status_code == 403
    assert (await Person(simulator, "doctor").get(f"/mailboxes/{PRACTICE}/watch-list"))["items"] == []
    assert PATIENT not in await page.content()
