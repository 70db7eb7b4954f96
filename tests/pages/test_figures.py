"""Figures as whoever drives the simulator sees them: charts with their tables, filters in the address, files for spreadsheets."""

import csv
import re
from datetime import date, timedelta
from pathlib import Path

import httpx
from playwright.async_api import Page, expect

from mss_sim.app.simulator import Simulator
from mss_sim.clock import ManualClock
from mss_sim.core.control.indicators import IndicatorRow, Indicators
from mss_sim.vocabulary.clock import LocalTime
from mss_sim.vocabulary.indicators import LABEL, Indicator, Span
from mss_sim.vocabulary.mailboxes import MailboxKind
from mss_sim.web.figures import _places
from tests.clients import DOCTOR, HOSPITAL, PATIENT, PRACTICE, Person, letter
from tests.conftest import StartSimulator
from tests.pages.conftest import OpenBrowser
from tests.pages.people import write

_UNKNOWN = "personne@cabinet.sim.mssante.fr"


async def _life(simulator: Simulator) -> None:
    """The hospital writes to the practice and to a patient, the practice to the hospital; the doctor to nobody."""
    await write(simulator, PRACTICE, "Compte rendu")
    await Person(simulator, "hospital").send(HOSPITAL, to=[PATIENT])
    await Person(simulator, "doctor").send(PRACTICE, to=[HOSPITAL])
    assert (await Person(simulator, "doctor").smtp(DOCTOR, _UNKNOWN, letter(DOCTOR, _UNKNOWN))).code == 550


async def test_an_empty_world_teaches_the_first_command(page: Page, simulator: Simulator) -> None:
    await page.goto("/")
    await page.get_by_role("link", name="Chiffres").click()
    await expect(page.get_by_role("heading", name="Chiffres", exact=True)).to_be_visible()
    await expect(page.locator(".empty")).to_contain_text("mss-sim play delegation")
    assert await page.locator("figure svg").count() == 0
    await expect(page.get_by_text("Rien n’a été refusé")).to_be_visible()


async def test_each_chart_says_what_it_shows_and_has_its_table(page: Page, simulator: Simulator) -> None:
    await _life(simulator)
    await page.goto("/ui/figures")
    sent = page.get_by_role("img", name="Messages envoyés, par type de BAL")
    await expect(sent).to_be_visible()
    assert "3 en tout" in (await sent.locator("desc").text_content() or "")
    assert await sent.locator("rect.bar-PER").count() == 1
    assert await sent.locator("rect.bar-CAB").get_attribute("fill") == "url(#fill-CAB)"
    card = page.get_by_role("region", name="Messages envoyés, par type de BAL").first
    await card.get_by_text("En tableau").click()
    await expect(card.locator("tbody tr")).to_have_count(1)
    await expect(card.locator("tbody tr td")).to_have_text(["2", "1", "3"])
    for figure in await page.locator("figure.chart").all():
        drawing = figure.get_by_role("img")
        named = (await drawing.get_attribute("aria-labelledby") or "").split()
        assert len(named) == 2
        assert [bool(await page.locator(f"#{one}").text_content()) for one in named] == [True, True]
    shares = page.get_by_role("img", name="La part des usagers")
    await expect(shares.locator("text.amount")).to_have_text(["33,3 %", "0 %"])
    await expect(page.get_by_role("img", name="Ce que les portes ont refusé, par règle")).to_contain_text("unknown-mailbox")


async def test_the_costs_of_a_client_lead_to_its_sessions(page: Page, simulator: Simulator) -> None:
    await _life(simulator)
    async with httpx.AsyncClient(base_url=simulator.ready()["http"], headers={"User-Agent": "Logiciel/1"}) as client:
        for _ in range(5):
            await client.get("/api/v1/me")
    await page.goto("/ui/figures")
    row = page.locator(".costs tbody tr").filter(has_text="Logiciel/1")
    await expect(row.locator("td").nth(1)).to_have_text("5")
    await row.get_by_role("link", name="Logiciel/1").click()
    await expect(page).to_have_url(re.compile("client=Logiciel"))
    await expect(page.locator("#rows tbody tr")).to_have_count(1)


async def test_filters_stand_in_the_address(start: StartSimulator, clock: ManualClock) -> None:
    async with start(clock=clock, relay="direct", peers_proof="domain") as simulator:
        await write(simulator, PRACTICE, "Le premier")
        clock.advance(timedelta(days=40))
        await write(simulator, DOCTOR, "Le second")
        async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
            for query, totals in {
                "": ["1", "1"],
                "?from=2026-01-01&to=2026-12-31": ["2", "2"],
                "?from=2026-01-05&to=2026-01-05": ["1", "1"],
                "?from=2026-01-01&to=2026-12-31&kind=CAB": ["0", "1"],
                "?from=2026-01-01&to=2026-12-31&domain=hopital-ormes.sim.mssante.fr": ["2", "0"],
            }.items():
                shown = (await client.get(f"/ui/figures{query}")).text
                told = dict(re.findall(r"<dt>(Messages \w+)</dt><dd>(\d+)</dd>", shown))
                assert [told["Messages envoyés"], told["Messages reçus"]] == totals, query


async def test_the_form_asks_for_a_kind_and_shows_all_again(page: Page, simulator: Simulator) -> None:
    await _life(simulator)
    await page.goto("/ui/figures")
    await page.get_by_role("combobox", name="Type de BAL").select_option("CAB")
    await page.get_by_role("combobox", name="Périodes").select_option("month")
    await page.get_by_role("button", name="Compter").click()
    await expect(page).to_have_url(re.compile("group=month.*kind=CAB"))
    await expect(page.locator(".tiles dd").first).to_have_text("1")
    await expect(page.locator(".places tbody tr")).to_have_count(1)
    await page.get_by_role("link", name="Les 30 derniers jours").click()
    await expect(page.locator(".tiles dd").first).to_have_text("3")
    await page.get_by_role("combobox", name="Domaine").fill("nulle-part.mssante.fr")
    await page.get_by_role("button", name="Compter").click()
    await expect(page.locator(".empty")).to_contain_text("Rien n’y a été envoyé")


async def test_every_table_is_a_file(page: Page, simulator: Simulator, tmp_path: Path) -> None:
    await _life(simulator)
    await page.goto("/ui/figures")
    found = {}
    for name in ("Tous les indicateurs", "Refus (.csv)", "Clients (.csv)"):
        async with page.expect_download() as coming:
            await page.get_by_role("link", name=name).click()
        await (await coming.value).save_as(tmp_path / "table.csv")
        with (tmp_path / "table.csv").open(encoding="utf-8", newline="") as file:
            found[name] = list(csv.DictReader(file))
    assert {row["label"] for row in found["Tous les indicateurs"]} == {LABEL}
    assert sum(int(row["letters_sent"]) for row in found["Tous les indicateurs"]) == 3
    assert found["Refus (.csv)"][0]["rule"] == "unknown-mailbox"
    assert {row["door"] for row in found["Clients (.csv)"]} >= {"smtp", "rest"}


async def test_the_name_of_a_client_does_nothing_in_the_page(page: Page, simulator: Simulator) -> None:
    script = "</text></svg><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
    async with httpx.AsyncClient(base_url=simulator.ready()["http"], headers={"User-Agent": script}) as client:
        await client.get("/api/v1/me")
    await page.goto("/ui/figures")
    await expect(page.get_by_role("link", name=script)).to_be_visible()
    await expect(page.get_by_role("img", name="Commandes de chaque client").locator("text.name")).to_contain_text("</text></svg>")
    assert await page.locator("figure script, figure img, .costs img").count() == 0
    assert await page.title() != "owned"


async def test_in_english_dark_and_on_a_phone_nothing_leaves_its_place(open_browser: OpenBrowser, simulator: Simulator) -> None:
    await _life(simulator)
    base = simulator.ready()["http"]
    for width in (390, 768, 1280):
        browser = await open_browser(viewport={"width": width, "height": 844}, color_scheme="dark")
        await browser.add_cookies([{"name": "mss-sim-language", "value": "en", "url": base}])
        page = await browser.new_page()
        await page.goto("/ui/figures")
        await expect(page.get_by_role("img", name="Letters sent, by kind of mailbox")).to_be_visible()
        assert await page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        ink = await page.locator(".chart text.name").first.evaluate("one => getComputedStyle(one).fill")
        assert ink == await page.evaluate("getComputedStyle(document.body).color")
        await browser.close()


async def test_what_cannot_be_is_refused_on_the_page(simulator: Simulator) -> None:
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        for query, status in {
            "from=yesterday": 422,
            "from=2026-02-01&to=2026-01-01": 422,
            "group=day&from=2020-01-01&to=2026-01-01": 422,
            "to=9999-12-31": 422,
            "kind=BAL&group=week": 200,
            "domain=%00": 200,
            f"domain={'x' * 3_000}": 200,
            "from=2024-01-01&to=2026-01-01": 200,
        }.items():
            for path in ("/ui/figures", "/ui/figures/indicators.csv", "/ui/figures/clients.csv"):
                assert (await client.get(f"{path}?{query}")).status_code == status, (path, query)


def test_by_domain_letters_of_all_periods_are_counted_and_mailboxes_of_the_last() -> None:
    numbers = dict.fromkeys(Indicator, 0)
    rows = tuple(
        IndicatorRow(month, "a.fr", MailboxKind.PER, {**numbers, Indicator.MAILBOXES: boxes, Indicator.LETTERS_SENT: sent}, {})
        for month, boxes, sent in (("2026-01", 3, 10), ("2026-02", 5, 7))
    )
    found = Indicators(date(2026, 1, 1), date(2026, 2, 28), 0, 0, Span.MONTH, LocalTime.PARIS, ("2026-01", "2026-02"), rows)
    [((domain, kind), sums)] = _places(found)["rows"]
    assert (domain, kind, sums[Indicator.MAILBOXES], sums[Indicator.LETTERS_SENT]) == ("a.fr", MailboxKind.PER, 5, 17)
