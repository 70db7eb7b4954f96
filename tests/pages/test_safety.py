"""What strangers write does nothing in a browser, and what another site posts is not done."""

import httpx
import pytest
from playwright.async_api import Page, expect

from mss_sim.app.simulator import Simulator
from tests.clients import DOCTOR, HOSPITAL, Person, control, letter
from tests.conftest import StartSimulator
from tests.pages.people import be

_SCRIPT = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"


async def test_html_in_subjects_names_and_letters_does_nothing(page: Page, simulator: Simulator) -> None:
    hostile = letter(HOSPITAL, DOCTOR, f"Objet {_SCRIPT}", "texte")
    hostile.replace_header("From", f'"{_SCRIPT.replace(chr(34), "")}" <{HOSPITAL}>')
    hostile.add_alternative(
        f"<html><body><p>Bonjour <b>docteur</b></p>{_SCRIPT}<form action='http://evil.example'><button>x</button></form>"
        "<a href='javascript:document.title=1'>lien</a><img src='http://evil.example/pixel.gif'></body></html>",
        subtype="html",
    )
    assert (await Person(simulator, "hospital").smtp(HOSPITAL, DOCTOR, hostile)).code == 250
    await be(page, "Dr Camille MARTIN")
    await expect(page.get_by_role("link", name="Objet")).to_be_visible()
    await page.get_by_role("link", name="Objet").click()
    frame = page.frame_locator("iframe.html")
    await expect(frame.get_by_text("docteur")).to_be_visible()
    assert await frame.locator("script, form, img[src^=http], a[href^=javascript]").count() == 0
    await page.get_by_text("Tous les champs d'en-tête").click()
    assert await page.title() != "owned"


@pytest.mark.parametrize("path", ["/ui/log-in", "/ui/language", "/ui/theme", "/ui/key"])
async def test_a_post_without_the_token_of_its_page_is_not_done(simulator: Simulator, path: str) -> None:
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        await client.get("/")
        for data in ({}, {"token": ""}, {"token": "x" * 64}):
            answer = await client.post(path, data={"who": "x", "name": "doctor", "language": "en", **data})
            assert answer.status_code == 403
            assert "rechargez la page" in answer.text
        client.cookies.clear()
        assert (await client.post(path, data={"who": "x", "name": "doctor", "token": "x" * 64})).status_code == 403


async def test_a_page_of_another_site_opens_and_posts_nothing(simulator: Simulator) -> None:
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        page = await client.get("/")
        token = page.text.partition('name="token" value="')[2].partition('"')[0]
        data = {"token": token, "who": "899700420021", "name": "doctor"}
        refused = await client.post("/ui/log-in", data=data, headers={"Origin": "http://evil.example"})
        assert refused.status_code == 403
        assert "set-cookie" not in refused.headers or "persona" not in refused.headers["set-cookie"]
        assert (await client.get("/", headers={"Host": "evil.example"})).status_code == 421
        cookie = page.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie


async def test_a_session_opens_the_pages_of_its_persona_alone(simulator: Simulator) -> None:
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        token = (await client.get("/")).text.partition('name="token" value="')[2].partition('"')[0]
        who = (await control(simulator, "GET", "/personas")).json()[0]["idnat"]
        made = await client.post("/ui/log-in", data={"token": token, "who": who, "name": "doctor"})
        assert made.status_code == 303
        cookie = made.headers["set-cookie"]
        assert "Path=/ui/as/doctor" in cookie
        value = cookie.partition("=")[2].partition(";")[0]
        for path, status in (("/ui/as/doctor/", 303), ("/ui/as/secretary/", 401)):
            async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as other:
                assert (await other.get(path, headers={"Cookie": f"mss-sim-persona={value}"})).status_code == status


async def test_with_a_control_key_pages_ask_for_it(start: StartSimulator) -> None:
    async with start(control_key="clé-de-pilotage") as simulator, httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        shown = await client.get("/")
        assert (shown.status_code, "Devenir" in shown.text) == (403, False)
        token = shown.text.partition('name="token" value="')[2].partition('"')[0]
        assert (await client.post("/ui/key", data={"token": token, "key": "fausse"})).status_code == 403
        assert (await client.get("/")).status_code == 403
        assert (await client.post("/ui/key", data={"token": token, "key": "clé-de-pilotage"})).status_code == 303
        assert "Devenir" in (await client.get("/")).text


async def test_the_strict_profile_lets_nobody_in_by_name(start: StartSimulator) -> None:
    async with start(profile="strict") as simulator, httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        token = (await client.get("/")).text.partition('name="token" value="')[2].partition('"')[0]
        answer = await client.post("/ui/log-in", data={"token": token, "who": "899700420021", "name": "doctor"})
        assert answer.status_code == 401
        assert "Pro Santé Connect" in answer.text
