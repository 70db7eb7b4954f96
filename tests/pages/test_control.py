"""The page of control: the clock moved, faults set and met, letters tried again, worlds kept and gone back to, all by clicking."""

import asyncio
import re

import httpx
import pytest
from playwright.async_api import Page, Route, expect

from mss_sim.app.simulator import Simulator
from mss_sim.web import psc, steering
from tests.clients import DOCTOR, PATIENT, Person, control, letter
from tests.pages.people import form_token, write
from tests.relying_party import CIBA, RelyingParty


async def test_the_clock_is_stopped_and_moved_by_way_of_what_is_due(page: Page, simulator: Simulator) -> None:
    await control(simulator, "POST", "/faults/presets/mes-down")
    assert (await Person(simulator, "doctor").smtp(DOCTOR, PATIENT, letter(DOCTOR, PATIENT, "Pour la patiente"))).code == 250
    await page.goto("/ui/control")
    clock = page.get_by_role("region", name="Horloge du monde")
    await clock.get_by_text("À la main").click()
    await clock.get_by_label("Allure").select_option("frozen")
    await clock.get_by_role("button", name="Appliquer cette allure").click()
    await expect(clock.locator(".now")).to_contain_text("arrêtée")
    before = await clock.locator(".now time").get_attribute("datetime")
    await clock.get_by_role("button", name="un jour").click()
    await expect(clock.get_by_role("heading", name="Ce qui s’est passé en chemin")).to_be_visible()
    await expect(clock.locator(".fired")).to_contain_text("delivery.tried")
    after = await clock.locator(".now time").get_attribute("datetime")
    assert before
    assert after
    assert before[:10] < after[:10]


async def test_the_clock_runs_faster_by_hand(simulator: Simulator) -> None:
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        token = form_token((await client.get("/ui/control")).text)
        for mode, rate, told in (("real", "60", ("real", 1)), ("paced", "60", ("paced", 60)), ("frozen", "60", ("frozen", 0))):
            answer = await client.post("/ui/control/pace", data={"token": token, "mode": mode, "rate": rate})
            assert answer.status_code == 303, answer.text
            clock = (await control(simulator, "GET", "/clock")).json()
            assert (clock["mode"], clock["rate"]) == told


async def test_the_authority_is_given_as_a_file_with_a_name(simulator: Simulator) -> None:
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        answer = await client.get("/ui/control/ca.pem")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-pem-file")
    assert answer.headers["content-disposition"] == 'attachment; filename="mss-sim-ca.pem"'
    assert answer.text == (await control(simulator, "GET", "/ca.pem")).text


async def test_what_cannot_be_is_refused_in_words(page: Page) -> None:
    await page.goto("/ui/control")
    clock = page.get_by_role("region", name="Horloge du monde")
    await clock.get_by_text("À la main").click()
    await clock.get_by_label("Durée ISO 8601").fill("une semaine")
    await clock.get_by_role("button", name="Avancer", exact=True).click()
    await expect(page.get_by_text("L’horloge ne peut")).to_be_visible()


async def test_a_trouble_of_the_field_is_set_met_and_lifted(page: Page, simulator: Simulator) -> None:
    await page.goto("/ui/control")
    await page.get_by_role("button", name="Poser mes-down").click()
    faults = page.get_by_role("region", name="Pannes en place")
    await expect(faults.get_by_text("421")).to_be_visible()
    assert (await Person(simulator, "doctor").smtp(DOCTOR, PATIENT, letter(DOCTOR, PATIENT, "Pour la patiente"))).code == 250
    await expect(faults.get_by_role("row").filter(has_text="421")).to_contain_text("1, 1")
    queue = page.get_by_role("region", name="File d’attente")
    await expect(queue.get_by_role("row").filter(has_text=PATIENT)).to_contain_text("421")
    await faults.get_by_role("button", name="Tout lever").click()
    await expect(faults.get_by_text("Aucune.")).to_be_visible()
    await queue.get_by_role("button", name=f"Essayer maintenant : {PATIENT}").click()
    await expect(queue.get_by_text("Aucun message n’attend.")).to_be_visible()


async def test_a_preset_takes_its_parameters(page: Page, simulator: Simulator) -> None:
    await page.goto("/ui/control")
    card = page.get_by_role("listitem").filter(has=page.get_by_role("button", name="Poser psc-slow"))
    await card.get_by_text("Paramètres").click()
    await card.get_by_label("seconds").fill("2,5")
    await card.get_by_role("button").click()
    await expect(page.get_by_text("seconds=2.5")).to_be_visible()
    (kept,) = (await control(simulator, "GET", "/faults")).json()
    assert kept["action"]["seconds"] == 2.5


async def test_a_world_is_kept_gone_back_to_and_begun_anew(page: Page, simulator: Simulator) -> None:
    await write(simulator, DOCTOR, "Avant")
    await page.goto("/ui/control")
    await page.get_by_label("Nom", exact=True).fill("lecon")
    await page.get_by_role("button", name="Garder", exact=True).click()
    await expect(page.get_by_role("rowheader", name="lecon")).to_be_visible()
    await write(simulator, DOCTOR, "Après")
    kept = page.get_by_role("row").filter(has_text="lecon")
    await kept.get_by_label("ce qui est venu depuis est perdu").check()
    async with page.expect_navigation():
        await kept.get_by_role("button", name="Revenir à lecon").click()
    assert [one["subject"] for one in await Person(simulator, "doctor").inbox(DOCTOR)] == ["Avant"]
    await page.get_by_label("tous les messages").check()
    await page.get_by_role("button", name="Vider le monde et recommencer").click()
    await page.wait_for_url(re.compile("#reset"))
    assert await Person(simulator, "doctor").inbox(DOCTOR) == []


async def test_the_authority_certificates_and_magic_addresses_are_at_hand(page: Page, simulator: Simulator) -> None:
    await page.goto("/ui/control")
    async with page.expect_download() as coming:
        await page.get_by_role("link", name="Télécharger l’autorité").click()
    assert (await (await coming.value).path()).read_text().startswith("-----BEGIN CERTIFICATE-----")
    table = page.get_by_role("region", name="Adresses magiques")
    await expect(table.get_by_role("row").filter(has_text="read-receipt").first).to_contain_text("ouvre aussitôt")
    async with page.expect_download() as coming:
        await page.get_by_role("region", name="Certificats").get_by_role("row").nth(1).get_by_role("link").click()
    pem = (await (await coming.value).path()).read_text()
    assert "BEGIN CERTIFICATE" in pem
    assert "PRIVATE KEY" not in pem


@pytest.mark.parametrize("path", [path for method, path, _ in (*steering.ROUTES, *psc.ROUTES) if method == "POST"])
async def test_a_post_that_no_page_made_does_nothing(simulator: Simulator, path: str) -> None:
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        await client.get("/ui/control")
        answer = await client.post(path, data={"meant": "yes", "by": "P1D", "name": "x"})
        assert answer.status_code == 403


async def test_bad_input_is_refused_clearly(simulator: Simulator) -> None:
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        token = (await client.get("/ui/control")).text.partition('name="token" value="')[2].partition('"')[0]
        for path, data, status in (
            ("advance", {}, 422),
            ("advance", {"by": "P1D", "to": "2027-01-01"}, 422),
            ("advance", {"to": "demain"}, 422),
            ("advance", {"to": "0001-01-01T00:00"}, 422),
            ("advance", {"to": "1970-12-31T23:59"}, 422),
            ("advance", {"to": "1971-01-01T00:00"}, 409),
            ("advance", {"to": "9000-01-01T00:00"}, 422),
            ("advance", {"by": "P1000Y"}, 422),
            ("pace", {"mode": "slow"}, 422),
            ("pace", {"mode": "paced"}, 422),
            ("pace", {"mode": "paced", "rate": "nan"}, 422),
            ("pace", {"mode": "paced", "rate": "-1"}, 422),
            ("pace", {"mode": "real", "at": "2030-01-01T00:00"}, 422),
            ("presets/none", {}, 404),
            ("presets/psc-slow", {"seconds": "soon"}, 422),
            ("presets/uidvalidity-change", {}, 422),
            ("lift", {"rule": "nothing"}, 404),
            ("try", {"recipient": "nothing"}, 404),
            ("save", {"name": "../x"}, 422),
            ("restore", {"name": "x"}, 422),
            ("restore", {"name": "x", "meant": "yes"}, 404),
            ("delete", {"name": "../x", "meant": "yes"}, 422),
            ("delete", {"name": "x", "meant": "yes"}, 404),
            ("reset", {"seed": "none"}, 422),
            ("reset", {"seed": "nowhere", "meant": "yes"}, 422),
        ):
            answer = await client.post(f"/ui/control/{path}", data={"token": token, **data})
            assert answer.status_code == status, (path, data, answer.status_code)
        assert (await client.get("/ui/control/certificates/0")).status_code == 404


async def test_a_request_that_waits_for_a_phone_is_approved_on_the_page(page: Page, simulator: Simulator) -> None:
    await page.goto("/ui/control")
    await page.get_by_role("link", name="Pro Santé Connect").click()
    await expect(page.get_by_text("Aucune demande n’attend.")).to_be_visible()
    async with RelyingParty.of(simulator) as party:
        form = {"scope": "openid scope_all", "login_hint": Person(simulator, "doctor").idnat, "binding_message": "42", "channel": "MOBILE"}
        asked = (await party.post("ext/ciba/auth", **form)).json()["auth_req_id"]
        poll = {"grant_type": CIBA, "auth_req_id": asked}
        waits = page.get_by_role("region", name="Approbations").get_by_role("listitem").filter(has_text="42")
        await expect(waits).to_contain_text("téléphone")
        assert (await party.post("token", **poll)).json()["error"] == "authorization_pending"
        await waits.get_by_role("button", name="Approuver").click()
        await expect(page.get_by_text("Aucune demande n’attend.")).to_be_visible()
        assert (await party.post("token", **poll)).json()["access_token"]


async def test_a_client_is_registered_shown_its_secret_once_and_forgotten(page: Page, simulator: Simulator) -> None:
    await page.goto("/ui/psc")
    clients = page.get_by_role("region", name="Clients")
    await clients.get_by_text("Enregistrer un client").click()
    await clients.get_by_label("client_id").fill("<b>lgc</b>")
    await clients.get_by_label("Adresses de retour").fill("https://lgc.example/un\nhttps://lgc.example/deux")
    await clients.get_by_role("button", name="Enregistrer", exact=True).click()
    secret = await clients.get_by_role("status").locator("code").text_content()
    row = clients.get_by_role("row").filter(has_text="<b>lgc</b>")
    await expect(row).to_contain_text("https://lgc.example/deux")
    told = (await control(simulator, "GET", "/psc/clients")).json()
    assert next(one for one in told if one["client_id"] == "<b>lgc</b>")["redirect_uris"] == [
        "https://lgc.example/un",
        "https://lgc.example/deux",
    ]
    await page.goto("/ui/psc")
    assert secret
    assert secret not in await page.content()
    await row.get_by_label("définitivement").check()
    await row.get_by_role("button", name="Supprimer").click()
    await expect(row).to_have_count(0)
    await clients.get_by_text("Enregistrer un client").click()
    await clients.get_by_label("client_id").fill("sans:droit")
    await clients.get_by_role("button", name="Enregistrer", exact=True).click()
    await expect(page.get_by_text("client_id a de 1 à 200")).to_be_visible()


async def test_pro_sante_connect_fails_and_approves_by_itself_when_it_is_told_to(page: Page, simulator: Simulator) -> None:
    await page.goto("/ui/psc")
    behaves = page.get_by_role("region", name="Comment il se comporte")
    await behaves.get_by_label("approuver de lui-même").check()
    await behaves.get_by_label("Requêtes qui échouent ensuite").fill("2")
    await behaves.get_by_role("button", name="Appliquer").click()
    await expect(behaves.get_by_label("Requêtes qui échouent ensuite")).to_have_value("2")
    state = (await control(simulator, "GET", "/psc")).json()
    assert (state["auto_approve"], state["outages"]) == (True, 2)
    await behaves.get_by_label("Requêtes qui échouent ensuite").fill("-1")
    await behaves.get_by_role("button", name="Appliquer").click()
    await expect(page.get_by_text("est un nombre")).to_be_visible()


async def test_closed_traps_say_how_they_are_opened(page: Page) -> None:
    await page.goto("/ui/control")
    await expect(page.get_by_role("region", name="Pièges").get_by_text("mss-sim run --traps")).to_be_visible()


async def test_what_takes_long_says_that_it_is_worked_on(page: Page) -> None:
    """As moving the clock over thousands of things that are due does."""

    async def held(route: Route) -> None:
        await asyncio.sleep(3)
        await route.continue_()

    await page.route("**/ui/control/advance", held)
    await page.goto("/ui/control")
    await expect(page.locator("#busy")).to_be_empty()
    await page.locator("#busy").evaluate(
        "busy => new MutationObserver(() => { sessionStorage.told ??= busy.textContent; }).observe(busy, { childList: true })"
    )
    await page.get_by_role("region", name="Horloge du monde").get_by_role("button", name="un jour").click()
    await page.wait_for_url("**/ui/control#clock")
    assert await page.evaluate("sessionStorage.told") == "Travail en cours…"
    await expect(page.locator("#busy")).to_be_empty()
