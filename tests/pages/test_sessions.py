"""Sessions and letters as whoever drives the simulator sees them: why something was refused, what was said, the file to report."""

import io
import json
import re
import zipfile
from pathlib import Path

import httpx
from playwright.async_api import Page, expect

from mss_sim.app.simulator import Simulator
from tests.clients import DOCTOR, HOSPITAL, PRACTICE, ImapClient, Person, letter
from tests.pages.people import write
from tests.scene import PASSWORD

_UNKNOWN = "personne@cabinet.sim.mssante.fr"


async def _refused(simulator: Simulator) -> None:
    """A doctor writes to nobody, and is told so."""
    assert (await Person(simulator, "doctor").smtp(DOCTOR, _UNKNOWN, letter(DOCTOR, _UNKNOWN))).code == 550


async def test_a_refusal_is_found_with_its_rule_and_where_it_comes_from(page: Page, simulator: Simulator) -> None:
    await page.goto("/ui/sessions")
    await expect(page.get_by_text("Aucun client n’est encore venu")).to_be_visible()
    await _refused(simulator)
    row = page.get_by_role("row").filter(has_text=_UNKNOWN)
    await expect(row.get_by_text("refusé", exact=True)).to_be_visible()
    await row.get_by_role("link", name="unknown-mailbox").click()
    await expect(page).to_have_url(re.compile("rule=unknown-mailbox"))
    await page.get_by_role("link", name=_UNKNOWN).click()
    await expect(page.get_by_role("heading", name="Ce qui a été refusé, et pourquoi")).to_be_visible()
    refusal = page.locator(".refusals li")
    await expect(refusal).to_contain_text("550 5.1.1")
    await expect(refusal).to_contain_text("Enhanced Mail System Status Codes")
    said = page.get_by_role("region", name="Ce qui a été dit, ligne par ligne")
    await expect(said).to_contain_text("AUTH PLAIN ********")
    await expect(said).to_contain_text("550 5.1.1")
    assert PASSWORD not in await page.content()
    await expect(page.get_by_role("definition").filter(has_text="TLSv1.3")).to_be_visible()
    await expect(page.get_by_role("link", name="Dr Camille MARTIN")).to_be_visible()


async def test_filters_are_in_the_address_and_tell_doors_apart(page: Page, simulator: Simulator) -> None:
    await _refused(simulator)
    await (await ImapClient.open(simulator, DOCTOR, PASSWORD)).close()
    await page.goto("/ui/sessions")
    await expect(page.locator("#rows tbody tr")).to_have_count(2)
    await page.get_by_label("Porte").select_option("imap")
    await page.get_by_role("button", name="Filtrer").click()
    await expect(page).to_have_url(re.compile("door=imap"))
    await expect(page.locator("#rows tbody tr")).to_have_count(1)
    await page.get_by_label("Verdict").select_option("failed")
    await page.get_by_role("button", name="Filtrer").click()
    await expect(page.get_by_text("Aucune session ne correspond")).to_be_visible()
    await page.get_by_role("link", name="Tout montrer").first.click()
    await expect(page.locator("#rows tbody tr")).to_have_count(2)


async def test_pages_leave_no_session_of_their_own(page: Page, simulator: Simulator) -> None:
    for path in ("/", "/ui/letters", "/ui/sessions"):
        await page.goto(path)
    await expect(page.get_by_text("Aucun client n’est encore venu")).to_be_visible()
    assert simulator.transcripts.as_json() == []


async def _report(page: Page, name: str, folder: Path) -> zipfile.ZipFile:
    async with page.expect_download() as coming:
        await page.get_by_role("link", name=name).click()
    file = folder / "report.zip"
    await (await coming.value).save_as(file)
    return zipfile.ZipFile(io.BytesIO(file.read_bytes()))


async def test_the_report_holds_what_was_said_the_letter_its_receipts_versions_and_settings(
    page: Page, simulator: Simulator, tmp_path: Path
) -> None:
    await write(simulator, DOCTOR, "Résultats de Mme Durand", "Texte de la lettre.")
    await page.goto("/ui/sessions?door=smtp")
    await page.locator("#rows tbody a").first.click()
    await expect(page.get_by_role("link", name="Résultats de Mme Durand").first).to_be_visible()
    report = await _report(page, "Signalement avec noms et messages", tmp_path)
    names = set(report.namelist())
    assert {"README.txt", "session.json", "session.txt", "world.json", "letters/1.json", "letters/1.eml"} <= names
    assert "RCPT TO:<" in report.read("session.txt").decode()
    assert b"Texte de la lettre." in report.read("letters/1.eml")
    assert any(one["sent"] for one in (json.loads(report.read(name)) for name in names if re.match(r"letters/\d+\.json", name)))
    assert {"mss-sim", "python"} <= json.loads(report.read("world.json"))["versions"].keys()
    assert json.loads(report.read("session.json"))["verdict"] == "clean"


async def test_an_anonymous_report_tells_nobody_s_name_and_the_same_story(page: Page, simulator: Simulator, tmp_path: Path) -> None:
    await write(simulator, DOCTOR, "Résultats de Mme Durand", "Camille, ci-joint.")
    await page.goto("/ui/sessions?door=smtp")
    await page.locator("#rows tbody a").first.click()
    report = await _report(page, "Signalement anonyme", tmp_path)
    assert not [name for name in report.namelist() if name.endswith(".eml")]
    whole = "\n".join(report.read(name).decode() for name in report.namelist())
    told = whole.casefold()
    for secret in ("durand", "camille", "martin", "ci-joint", "hopital-ormes", "résultats", Person(simulator, "hospital").idnat):
        assert secret not in told, secret
    said, fields = report.read("session.txt").decode(), report.read("letters/1.txt").decode()
    sender = re.search(r"MAIL FROM:<([^>]+)>", said)
    assert sender
    assert sender[1].endswith(".example")
    assert f"From: {sender[1]}" in fields


async def test_a_letter_of_the_world_shows_its_parts_copies_timeline_and_the_session_that_brought_it(
    page: Page, simulator: Simulator
) -> None:
    sent = letter(DOCTOR, HOSPITAL, "Avis demandé", "Bonjour, qu'en pensez-vous ?")
    sent.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="avis.pdf")
    assert (await Person(simulator, "doctor").smtp(DOCTOR, HOSPITAL, sent)).code == 250
    await page.goto("/")
    await page.get_by_role("link", name="Avis demandé").first.click()
    await expect(page.get_by_role("heading", name="Avis demandé")).to_be_visible()
    await expect(page.get_by_text("qu'en pensez-vous")).to_be_visible()
    await expect(page.locator(".tree")).to_contain_text("avis.pdf")
    await page.goto("/ui/letters?from=camille&document=yes")
    await page.get_by_role("link", name="Avis demandé").last.click()
    await expect(page.locator(".fates")).to_contain_text(HOSPITAL)
    await page.get_by_role("link", name=re.compile("^SMTP")).click()
    await expect(page.get_by_role("heading", name="Session SMTP")).to_be_visible()


async def test_no_session_is_told_to_have_brought_a_letter_that_has_no_message_id(page: Page, simulator: Simulator) -> None:
    await write(simulator, DOCTOR, "Avec un nom")
    client = await ImapClient.open(simulator, DOCTOR, PASSWORD)
    assert (await client.append("INBOX", b"From: a@b.fr\r\nSubject: Sans nom\r\n\r\nBonjour.\r\n"))[-1].startswith("OK")
    await client.close()
    brought = page.get_by_role("region", name="Sessions qui l’ont apporté")
    for subject, said in (("Avec un nom", "SMTP"), ("Sans nom", "Aucune")):
        await page.goto("/ui/letters")
        await page.get_by_role("link", name=subject).first.click()
        await expect(brought).to_contain_text(said)
        await expect(brought.get_by_role("link", name=re.compile("^SMTP"))).to_have_count(int(said == "SMTP"))


async def test_looking_at_letters_of_the_world_marks_nothing(page: Page, simulator: Simulator) -> None:
    await write(simulator, DOCTOR, "Pas encore lu")
    await page.goto("/ui/letters")
    await page.get_by_role("link", name="Pas encore lu").first.click()
    await expect(page.get_by_role("heading", name="Pas encore lu")).to_be_visible()
    (item,) = await Person(simulator, "doctor").inbox(DOCTOR)
    assert "\\Seen" not in item["flags"]


async def test_what_clients_say_does_nothing_in_the_page(page: Page, simulator: Simulator) -> None:
    script = "<script>document.title='owned'</script>"
    async with httpx.AsyncClient(base_url=simulator.ready()["http"], headers={"User-Agent": script}) as client:
        await client.get(f"/api/v1/me?x={script}")
    await write(simulator, PRACTICE, f"Objet {script}", script)
    await page.goto("/ui/sessions")
    await page.get_by_role("link", name="GET /api/v1/me").click()
    await expect(page.get_by_role("link", name=script)).to_be_visible()
    await page.goto("/ui/letters")
    await page.get_by_role("link", name=f"Objet {script}").first.click()
    await expect(page.get_by_role("heading", name="Objet")).to_be_visible()
    assert await page.title() != "owned"


async def test_what_cannot_be_is_refused_on_a_page(simulator: Simulator) -> None:
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        for path, status in {
            "/ui/sessions/nothing": 404,
            "/ui/letters/nothing": 404,
            "/ui/letters?mailbox=nowhere": 422,
            "/ui/letters?since=yesterday": 422,
            "/ui/letters?since=0001-01-01": 200,
            "/ui/sessions?cursor=x": 422,
            "/ui/sessions?door=window&verdict=fine": 200,
            "/ui/letters?text=%00": 200,
            "/ui/letters?message_id=%00": 422,
        }.items():
            assert (await client.get(path)).status_code == status, path
