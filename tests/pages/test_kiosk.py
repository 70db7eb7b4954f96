"""The kiosk: large, the patient's letters and nothing else, warned before the time is up, and nothing left behind for who comes next."""

import shutil
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
from playwright.async_api import Page, async_playwright, expect

from mss_sim.app.simulator import Simulator
from mss_sim.clock import ManualClock
from tests.carers import let_in, make_carer
from tests.clients import DOCTOR, PATIENT, Person, base64_of
from tests.conftest import StartSimulator
from tests.pages.conftest import OpenBrowser

_PATIENT = "Claire FONTAINE"
_WELCOME = "Bienvenue. Qui êtes-vous ?"
_HOSTILE = "<script>document.title='owned'</script>"
_PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8cfc000000301010018dd8db00000000049454e44ae426082"
)


@pytest.fixture
async def simulator(start: StartSimulator, clock: ManualClock) -> AsyncIterator[Simulator]:
    """A world whose time, and whose machine's time, the test moves."""
    async with start(clock=clock) as running:
        yield running


async def _came(simulator: Simulator, subject: str = "Vos résultats", **fields: object) -> str:
    """The doctor writes; the id of the letter as the patient has it."""
    sent = {"to": [PATIENT], "subject": subject, "text": "Tout va bien.", **fields}
    assert (await Person(simulator, "doctor").send(DOCTOR, **sent)).status_code == 201
    return str((await Person(simulator, "patient").inbox(PATIENT, wait=10))[0]["id"])


async def _sit_down(page: Page) -> None:
    await page.goto("/ui/kiosk")
    await page.get_by_role("button", name=f"Je suis {_PATIENT}").click()
    await page.wait_for_url("**/ui/kiosk/*/")


async def _welcomed(page: Page) -> None:
    await expect(page.get_by_role("heading", name=_WELCOME)).to_be_visible()
    assert "Vos résultats" not in await page.content()
    assert _PATIENT not in await page.locator("header").inner_text()


async def test_a_patient_reads_and_answers_in_large_type_and_goes(page: Page, simulator: Simulator) -> None:
    file = {"filename": "radio.png", "content_type": "image/png", "content_base64": base64_of(_PIXEL)}
    zipped = {"filename": "IHE_XDM.zip", "content_type": "application/zip", "content_base64": base64_of(b"PK")}
    note = {"filename": "note.txt", "content_type": "text/plain", "content_base64": base64_of(f"À jeun {_HOSTILE}".encode())}
    await _came(simulator, request_read_receipt=True, attachments=[file, zipped, note])
    await _sit_down(page)
    assert await page.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)") >= 20
    for target in await page.locator("main a, button:visible").all():
        box = await target.bounding_box()
        assert box is not None
        assert box["height"] >= 44, await target.inner_text()
    await expect(page.get_by_text("Cet écran vous déconnecte 2 min après le dernier toucher.")).to_be_visible()
    await page.get_by_role("link", name="Vos résultats").click()
    await expect(page.get_by_text("Tout va bien.")).to_be_visible()
    assert await page.get_by_role("img", name="radio.png").evaluate("image => image.naturalWidth") == 1
    await expect(page.get_by_text("Ce document ne peut pas être montré ici.", exact=False)).to_be_visible()
    await expect(page.get_by_text(f"À jeun {_HOSTILE}")).to_be_visible()
    await page.get_by_label("Votre réponse").fill("Merci docteur.")
    await page.get_by_role("button", name="Envoyer ma réponse").click()
    await expect(page.get_by_text("Votre réponse est envoyée.")).to_be_visible()
    (got,) = await Person(simulator, "doctor").inbox(DOCTOR, subject="re: vos", wait=10)
    assert got["from"][0]["address"] == PATIENT
    assert await page.title() != "owned"
    await page.get_by_role("button", name="J’ai terminé").click()
    await _welcomed(page)


async def test_nothing_of_a_patient_stands_in_addresses_and_no_page_leads_elsewhere(page: Page, simulator: Simulator) -> None:
    id_ = await _came(simulator)
    await _sit_down(page)
    base = page.url
    for url in (base, f"{base}letters/{id_}", f"{base}letters/0am6c38w5xc01", "/ui/kiosk"):
        await page.goto(url)
        links = await page.locator("a, form").evaluate_all("all => all.map((one) => one.href ?? one.action)")
        away = [one for one in links if "/ui/kiosk" not in one and not one.endswith(("#main", "/ui/language"))]
        assert (away, PATIENT.partition("@")[0] in page.url, "patient" in page.url) == ([], False, False)


async def test_after_a_closure_the_field_is_gone_and_the_reason_is_told(page: Page, simulator: Simulator) -> None:
    await _came(simulator, close_conversation=True)
    await _sit_down(page)
    await page.get_by_role("link", name="Vos résultats").click()
    await expect(page.get_by_role("heading", name="Vous ne pouvez pas répondre à ce message")).to_be_visible()
    await expect(page.get_by_text("Dr_Camille_MARTIN a clos cet échange.")).to_be_visible()
    await expect(page.get_by_label("Votre réponse")).to_have_count(0)
    await expect(page.locator("main code")).to_have_count(0)


async def test_the_page_warns_before_the_time_is_up_and_a_touch_prolongs(page: Page, simulator: Simulator, clock: ManualClock) -> None:
    await _came(simulator)
    await page.clock.install()
    await _sit_down(page)
    warning = page.get_by_role("alertdialog", name="Êtes-vous encore là ?")
    await page.clock.fast_forward(85_000)
    await expect(warning).to_be_hidden()
    await page.clock.fast_forward(10_000)
    clock.advance(timedelta(seconds=95))
    await expect(warning).to_be_visible()
    assert 20 <= int(await page.locator("#left").inner_text()) <= 25
    await expect(page.get_by_role("button", name="Je suis encore là")).to_be_focused()
    async with page.expect_response("**/touch") as told:
        await page.get_by_role("button", name="Je suis encore là").click()
        await page.clock.fast_forward(1_000)
    assert (await told.value).status == 204
    await expect(warning).to_be_hidden()
    clock.advance(timedelta(seconds=95))  # 190 since the log-in, 95 since the touch
    await page.get_by_role("link", name="Vos résultats").click()
    await expect(page.get_by_text("Tout va bien.")).to_be_visible()


async def test_two_minutes_after_the_last_touch_the_page_leaves_and_the_back_button_shows_no_letter(
    page: Page, simulator: Simulator
) -> None:
    await _came(simulator)
    await page.clock.install()
    await _sit_down(page)
    await page.get_by_role("link", name="Vos résultats").click()
    await page.get_by_label("Votre réponse").fill("Un brouillon secret")
    await page.clock.fast_forward(121_000)
    await page.wait_for_url("**/ui/kiosk?left=yes")
    await _welcomed(page)
    await expect(page.get_by_text("Vous êtes déconnecté.", exact=False)).to_be_visible()
    for _ in range(2):
        await page.go_back()
        await _welcomed(page)
        assert "Un brouillon secret" not in await page.content()
    assert await page.context.cookies() == [one for one in await page.context.cookies() if one["name"] != "mss-sim-persona"]
    assert (await Person(simulator, "patient").get(f"/mailboxes/{PATIENT}/messages", folder="Drafts"))["items"] == []


@pytest.mark.parametrize("seconds", [120, 7])
async def test_the_server_ends_the_session_whatever_the_page_does(start: StartSimulator, clock: ManualClock, seconds: int) -> None:
    async with start(clock=clock, kiosk_seconds=seconds) as simulator, httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        id_ = await _came(simulator)
        token = (await client.get("/ui/kiosk")).text.partition('name="token" value="')[2].partition('"')[0]
        made = await client.post("/ui/kiosk", data={"token": token, "who": "claire.fontaine"})
        place = made.headers["location"]
        cookie = {"Cookie": f"mss-sim-persona={made.cookies['mss-sim-persona']}"}
        clock.advance(timedelta(seconds=seconds - 1))
        shown = await client.get(place)
        assert (shown.status_code, shown.headers["cache-control"]) == (200, "no-store")
        own = shown.text.partition('name="token" value="')[2].partition('"')[0]
        clock.advance(timedelta(seconds=seconds - 1))  # the page that was asked for was a touch
        assert (await client.post(f"{place}touch", data={"token": own})).status_code == 204
        clock.advance(timedelta(seconds=seconds - 1))
        assert "Êtes-vous encore là" in (await client.get(f"{place}still-there")).text  # the page asks by itself: no touch
        clock.advance(timedelta(seconds=1))
        asked = [await client.get(path, headers=cookie) for path in (place, f"{place}letters/{id_}", f"{place}still-there")]
        asked.append(await client.post(f"{place}letters/{id_}", data={"token": own, "text": "Trop tard"}, headers=cookie))
        asked.append(await client.post(f"{place}touch", data={"token": own}, headers=cookie))
        for answer in asked:
            assert (answer.status_code, answer.headers["location"]) == (303, "/ui/kiosk?left=yes")
            assert (answer.headers["clear-site-data"], answer.headers["cache-control"]) == ('"cache", "storage"', "no-store")
            assert "Vos résultats" not in answer.text
        assert await Person(simulator, "doctor").inbox(DOCTOR, subject="re: vos") == []


@pytest.mark.parametrize("warning", [30, 20])
async def test_without_scripts_the_page_asks_whether_somebody_is_there(start: StartSimulator, warning: int) -> None:
    async with start(kiosk_warning_seconds=warning) as simulator, httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        token = (await client.get("/ui/kiosk")).text.partition('name="token" value="')[2].partition('"')[0]
        place = (await client.post("/ui/kiosk", data={"token": token, "who": "claire.fontaine"})).headers["location"]
        assert f'content="{120 - warning};url={place}still-there"' in (await client.get(place)).text
        assert f'content="{warning + 1}"' in (await client.get(f"{place}still-there")).text


async def test_a_page_that_the_browser_keeps_whole_shows_no_letter_again(simulator: Simulator) -> None:
    """With the cache of whole pages, which browsers under test switch off otherwise: it is at work as long as the session lasts."""
    await _came(simulator)
    program = shutil.which("chromium") or shutil.which("google-chrome")
    async with async_playwright() as playing:
        browser = await playing.chromium.launch(
            executable_path=program,
            args=["--no-sandbox", "--disable-dev-shm-usage"],
            ignore_default_args=["--disable-back-forward-cache"],
        )
        page = await (await browser.new_context(base_url=simulator.ready()["http"], locale="fr-FR")).new_page()
        await page.add_init_script("addEventListener('pageshow', (shown) => sessionStorage.setItem(`kept ${shown.persisted}`, 'yes'))")
        # A page that has asked for anything by itself is not kept: the server is told of no touch here.
        await page.add_init_script("fetch = async () => new Response(null, {status: 204})")
        await _sit_down(page)
        await page.get_by_role("link", name="Vos résultats").click()
        await expect(page.get_by_text("Tout va bien.")).to_be_visible()
        await page.wait_for_load_state()  # a page that is left while it loads is not kept
        await page.get_by_role("link", name="Tous mes messages").click()
        await expect(page.get_by_role("heading", name="Mes messages")).to_be_visible()
        await page.wait_for_load_state()
        await page.go_back(wait_until="commit")
        await expect(page.get_by_text("Tout va bien.")).to_be_visible()
        assert await page.evaluate("sessionStorage.getItem('kept true')") == "yes", (
            "the browser keeps no page whole: the test shows nothing"
        )
        await page.get_by_role("button", name="J’ai terminé").click()
        await _welcomed(page)
        for _ in range(2):
            await page.go_back(wait_until="commit")
            await _welcomed(page)
        await browser.close()


async def test_a_page_is_empty_once_it_is_left_and_loads_itself_anew_when_it_is_shown_again(page: Page, simulator: Simulator) -> None:
    await _came(simulator)
    await _sit_down(page)
    await page.get_by_role("link", name="Vos résultats").click()
    await expect(page.get_by_text("Tout va bien.")).to_be_visible()
    await page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide', {persisted: true}))")
    await expect(page.locator("body")).to_be_empty()
    await page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    await expect(page.get_by_text("Tout va bien.")).to_be_visible()


async def test_the_kiosk_opens_no_other_page_of_the_patient_and_no_other_session_opens_the_kiosk(
    open_browser: OpenBrowser, simulator: Simulator
) -> None:
    page = await (await open_browser()).new_page()
    await _came(simulator)
    await _sit_down(page)
    name = page.url.rstrip("/").rpartition("/")[2]
    token = next(one["value"] for one in await page.context.cookies() if one["name"] == "mss-sim-persona")
    cookie = {"Cookie": f"mss-sim-persona={token}"}
    async with httpx.AsyncClient(base_url=simulator.ready()["http"], headers=cookie) as client:
        for path in ("", f"patients/{PATIENT}", f"patients/{PATIENT}/carers", f"mailboxes/{PATIENT}", "delegations"):
            assert (await client.get(f"/ui/as/{name}/{path}")).status_code == 401, path
        assert (await client.get(f"/ui/kiosk/{name}/delegations")).status_code == 404
        assert (await client.get(f"/ui/kiosk/{name}/")).status_code == 200
    await page.goto("/")
    await page.get_by_role("button", name=f"Devenir {_PATIENT}").click()
    await page.wait_for_url("**/ui/as/patient/**")
    own = next(one for one in await page.context.cookies() if one.get("path") == "/ui/as/patient")["value"]
    async with httpx.AsyncClient(base_url=simulator.ready()["http"], headers={"Cookie": f"mss-sim-persona={own}"}) as client:
        assert (await client.get("/ui/kiosk/patient/")).status_code == 303


async def test_a_carer_reads_at_the_kiosk_and_who_has_no_letters_there_is_told(page: Page, simulator: Simulator) -> None:
    await _came(simulator)
    carer = await make_carer(simulator)
    await let_in(Person(simulator, "patient"), carer, rights=["see", "read"])
    await page.goto("/ui/kiosk")
    await page.get_by_text("Je suis une autre personne").click()
    await page.get_by_label("Mon identifiant").fill(carer.role)
    await page.get_by_role("button", name="Commencer").click()
    await expect(page.get_by_text(f"Vous lisez les messages de {_PATIENT}, avec son accord.")).to_be_visible()
    await page.get_by_role("link", name="Vos résultats").click()
    await expect(page.get_by_text("ne vous a pas donné le droit de répondre", exact=False)).to_be_visible()
    await page.get_by_role("button", name="J’ai terminé").click()
    for login, told in (
        ("louise.moreau", "La borne montre les messages des usagers"),
        ("personne", "L’identifiant ou le mot de passe est faux"),
    ):
        await page.goto("/ui/kiosk")
        await page.get_by_text("Je suis une autre personne").click()
        await page.get_by_label("Mon identifiant").fill(login)
        await page.get_by_role("button", name="Commencer").click()
        await expect(page.get_by_text(told, exact=False)).to_be_visible()
        await expect(page.locator("header a")).to_have_count(0)


async def test_english_is_one_touch_away(page: Page) -> None:
    await page.goto("/ui/kiosk")
    await page.get_by_role("button", name="English").click()
    await expect(page.get_by_role("heading", name="Welcome. Who are you?")).to_be_visible()


@pytest.mark.parametrize("text", ["", " \n"])
async def test_of_a_letter_that_is_html_alone_its_text_is_shown_line_by_line(page: Page, simulator: Simulator, text: str) -> None:
    html = "<style>p { color: red }</style><p>Bonjour <b>Madame</b>,</p><div>Tout va bien.<br>À bientôt &amp; merci</div><script>x</script>"
    await _came(simulator, text=text, html=html)
    await _sit_down(page)
    await page.get_by_role("link", name="Vos résultats").click()
    lines = [line.strip() for line in (await page.locator(".patient-text").inner_text()).splitlines() if line.strip()]
    assert lines == ["Bonjour Madame,", "Tout va bien.", "À bientôt & merci"]
    await expect(page.locator("iframe")).to_have_count(0)


async def test_files_are_shown_as_what_they_may_be_and_others_are_not_given(simulator: Simulator) -> None:
    files = [
        {"filename": "a.svg", "content_type": "image/svg+xml", "content_base64": base64_of(b"<svg onload='alert(1)'/>")},
        {"filename": "b.html", "content_type": "text/html", "content_base64": base64_of(_HOSTILE.encode())},
        {"filename": "c.pdf", "content_type": "application/pdf", "content_base64": base64_of(_HOSTILE.encode())},
    ]
    id_ = await _came(simulator, attachments=files)
    opened = await Person(simulator, "patient").open(PATIENT, id_)
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        token = (await client.get("/ui/kiosk")).text.partition('name="token" value="')[2].partition('"')[0]
        place = (await client.post("/ui/kiosk", data={"token": token, "who": "claire.fontaine"})).headers["location"]
        statuses = []
        for part in (*(one["part"] for one in opened["attachments"]), "x"):
            answer = await client.get(f"{place}letters/{id_}/parts/{part}")
            statuses.append(answer.status_code)
            if answer.status_code == 200:
                assert answer.headers["content-type"] == "application/pdf"
                assert answer.headers["x-content-type-options"] == "nosniff"
                assert answer.headers["content-disposition"] == "inline"
        assert statuses == [404, 404, 200, 404]
