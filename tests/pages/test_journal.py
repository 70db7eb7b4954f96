"""The journal on pages: of what a persona manages, and of the world; filters in the address, page after page, live, as a table."""

import csv
import io

import httpx
import pytest
from playwright.async_api import Page, expect

from mss_sim.app.simulator import Simulator
from mss_sim.core.control.named_seeds import load
from mss_sim.core.world.store_types import JournalEntry, JournalRow
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.journal import Act
from mss_sim.web import journal_words
from tests.clients import DOCTOR, HOSPITAL, PRACTICE, WARD, Person, control
from tests.conftest import StartSimulator
from tests.pages.people import be, log_in, write

_SCRIPT = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"


async def _read_by_delegation(simulator: Simulator, subject: str) -> None:
    await write(simulator, PRACTICE, subject)
    secretary = Person(simulator, "secretary")
    [found] = await secretary.inbox(PRACTICE, wait=10, subject=subject)
    await secretary.open(PRACTICE, found["id"])


async def test_a_holder_sees_at_once_who_did_what_by_which_grant(page: Page, simulator: Simulator) -> None:
    await be(page, "Dr Camille MARTIN")
    await page.get_by_role("link", name="Journal").click()
    await _read_by_delegation(simulator, "Bilan sanguin")
    row = page.get_by_role("row").filter(has_text="Sophie PETIT lit « Bilan sanguin »")
    await expect(row).to_be_visible()  # without loading the page anew
    await expect(row).to_contain_text(PRACTICE)
    await expect(row).to_contain_text("REST")
    await row.get_by_role("link", name="une délégation").click()
    await expect(page.get_by_role("row").filter(has_text="lit « Bilan sanguin »")).to_be_visible()
    await expect(page.get_by_role("row").filter(has_text="délègue à Sophie PETIT")).to_be_visible()
    await expect(page.get_by_role("row").filter(has_text="arrive")).to_have_count(0)
    await page.get_by_role("link", name="Tout montrer").click()
    await expect(page.get_by_role("row").filter(has_text="arrive").first).to_be_visible()


async def test_filters_stand_in_the_address_and_are_taken_along_into_the_table(page: Page, simulator: Simulator) -> None:
    await _read_by_delegation(simulator, "Bilan sanguin")
    await be(page, "Dr Camille MARTIN")
    await page.goto("/ui/as/doctor/journal")
    search = page.get_by_role("search")
    await search.locator("select[name=mailbox]").select_option("Cabinet des Tilleuls")
    await search.get_by_label("À propos de").select_option("messages")
    await search.get_by_label("Personne").fill("sophie.petit")
    await page.get_by_text("Autres filtres").click()
    await page.get_by_label("À quel titre").select_option("une délégation")
    await page.get_by_role("button", name="Filtrer").click()
    await expect(page.get_by_role("row")).to_have_count(2)
    assert "kind=letters" in page.url
    assert "by=grant" in page.url
    async with page.expect_download() as coming:
        await page.get_by_role("link", name="En tableau (CSV)").click()
    text = (await (await coming.value).path()).read_text(encoding="utf-8")
    [line] = csv.DictReader(io.StringIO(text, newline=""))
    assert (line["act"], line["actor"], line["mailbox"]) == ("message.read", "Sophie PETIT", PRACTICE)
    await page.get_by_label("Depuis le").fill("2099-01-01")
    await page.get_by_role("button", name="Filtrer").click()
    await expect(page.get_by_text("Aucune ligne ne correspond.")).to_be_visible()


async def test_whoever_drives_the_simulator_sees_every_mailbox_page_after_page(page: Page, simulator: Simulator) -> None:
    hospital = Person(simulator, "hospital")
    for number in range(60):
        made = await hospital.rest("PATCH", f"/mailboxes/{HOSPITAL}", json={"description": f"Bureau {number}"})
        assert made.status_code == 200
    await page.goto("/ui/journal")
    await expect(page.get_by_role("row")).to_have_count(51)
    await expect(page.get_by_text("modifie la boîte : description = Bureau 59")).to_be_visible()
    await page.get_by_role("link", name="Lignes plus anciennes").click()
    await expect(page.get_by_text("modifie la boîte : description = Bureau 0")).to_be_visible()
    await expect(page.get_by_text("Le jeu de départ délègue à Sophie PETIT").first).to_be_visible()
    await page.goto(f"/ui/journal?mailbox={WARD}")
    await expect(page.get_by_role("row")).to_have_count(2)
    await page.get_by_role("link", name="Pilotage").click()
    await page.get_by_role("link", name="Journal").click()
    await write(simulator, DOCTOR, "À l’instant")
    await page.get_by_role("link", name="« À l’instant » arrive").first.click()
    await expect(page.get_by_role("heading", name="À l’instant")).to_be_visible()


async def test_both_languages_tell_the_same_line(page: Page, simulator: Simulator) -> None:
    await _read_by_delegation(simulator, "Bilan sanguin")
    await page.goto("/ui/journal")
    await expect(page.get_by_text("Sophie PETIT lit « Bilan sanguin »")).to_be_visible()
    await page.get_by_role("button", name="English").click()
    await expect(page.get_by_text("Sophie PETIT reads “Bilan sanguin”")).to_be_visible()


async def test_script_in_what_lines_name_does_nothing(page: Page, simulator: Simulator) -> None:
    doctor = Person(simulator, "doctor")
    await doctor.rest(
        "POST", f"/mailboxes/{PRACTICE}/grants", json={"grantee": "louise.moreau", "rights": ["read", "see"], "reason": _SCRIPT}
    )
    await doctor.rest("PATCH", f"/mailboxes/{PRACTICE}", json={"label": _SCRIPT})
    await write(simulator, PRACTICE, _SCRIPT)
    newcomer = Person(simulator, "newcomer")
    [found] = await newcomer.inbox(PRACTICE, wait=10)
    await newcomer.open(PRACTICE, found["id"])
    await be(page, "Dr Camille MARTIN")
    for path in ("/ui/journal", "/ui/as/doctor/journal"):
        await page.goto(path)
        await expect(page.get_by_text(f"donnée par Dr Camille MARTIN · {_SCRIPT}")).to_be_visible()
        assert await page.title() != "owned"


async def test_who_manages_nothing_sees_no_line_and_nobody_sees_others(simulator: Simulator) -> None:
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        await log_in(simulator, client, "secretary", "/ui/as/secretary/")
        shown = (await client.get("/ui/as/secretary/journal")).text
        assert ("Vous ne gérez aucune boîte" in shown, PRACTICE in shown.partition("<main")[2]) == (True, False)
        assert (await client.get(f"/ui/as/secretary/journal?mailbox={PRACTICE}")).status_code == 403
        assert (await client.get(f"/ui/as/secretary/journal?mailbox={WARD}")).status_code == 404
        assert (await client.get(f"/ui/as/secretary/journal.csv?mailbox={PRACTICE}")).status_code == 403


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("mailbox=nowhere", 422),
        ("mailbox=personne@cabinet.sim.mssante.fr", 404),
        ("door=window", 422),
        ("grant=nothing", 404),
        ("since=demain", 422),
        ("until=9999-12-31", 422),
        ("cursor=l0am6c38w5xc01", 422),
        ("kind=nothing&by=nobody&who=%00", 200),
    ],
)
async def test_what_is_no_filter_is_refused_clearly(simulator: Simulator, query: str, status: int) -> None:
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        for path in ("/ui/journal", "/ui/journal.csv")[: 1 if "cursor" in query else 2]:  # a table has no pages
            assert (await client.get(f"{path}?{query}")).status_code == status


async def test_with_a_control_key_the_journal_of_the_world_asks_for_it(start: StartSimulator) -> None:
    async with start(control_key="clé-de-pilotage") as simulator, httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        for path in ("/ui/journal", "/ui/journal.csv", "/ui/people", "/ui/mailboxes", "/ui/operators", f"/ui/mailboxes/{PRACTICE}"):
            answer = await client.get(path)
            assert (answer.status_code, "MARTIN" in answer.text) == (403, False)


def test_every_act_is_told_in_words() -> None:
    assert set(journal_words.DONE) == set(Act)


@pytest.mark.parametrize(
    ("act", "named"),
    [
        (Act.REFUSED, "detail"),
        (Act.REFUSED, "why"),
        (Act.REFUSED, "rule"),
        (Act.RECEIPT_MATCHED, "recipient"),
        (Act.FORWARDED, "to"),
        (Act.FOLDER_CREATED, "name"),
        (Act.MAILBOX_CHANGED, "after"),
    ],
)
def test_what_a_line_names_is_shown_as_far_as_120_characters(act: Act, named: str) -> None:
    begin = "x = " if named == "after" else ""
    for chars, shown in ((119, 119), (120, 120), (121, 120), (5_000, 120)):
        name = "é" * (chars - len(begin))
        detail = {named: {"x": name} if begin else name}
        text = journal_words.in_words(JournalRow(JournalEntry(1, 0, act, Door.REST, detail=detail), None, None), {}, {}).text
        assert text.count("é") == shown - len(begin)


async def test_the_seed_stands_in_the_journal(simulator: Simulator) -> None:
    assert load("cabinet")["grants"]
    lines = (await control(simulator, "GET", "/journal?act=grant.*&door=seed")).json()["items"]
    assert len(lines) == len(load("cabinet")["grants"])
