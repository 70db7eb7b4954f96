"""Delegations on pages: given, seen at once by who is given them, foreseen before they end, ended, and what was done by them."""

import asyncio
import contextlib

import httpx
import pytest
from playwright.async_api import Page, expect

from mss_sim.app.simulator import Simulator
from mss_sim.vocabulary.mailboxes import Right
from tests.clients import DOCTOR, PATIENT, PRACTICE, Person, control
from tests.conftest import StartSimulator
from tests.mail_logins import MailClient
from tests.pages.conftest import OpenBrowser
from tests.pages.people import be, log_in, write

_DOCTOR, _NEWCOMER = "Dr Camille MARTIN", "Louise MOREAU"
_SCRIPT = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"


async def _delegations(page: Page, mailbox: str = PRACTICE) -> None:
    await page.goto(f"/ui/as/doctor/mailboxes/{mailbox}/delegations")


async def _row(page: Page, name: str) -> list[str]:
    """The rights that the matrix shows for somebody, in its words."""
    heads = [word.strip() for word in await page.locator(".matrix thead th.right").all_inner_texts()]
    cells = await page.locator(".matrix tbody tr").filter(has_text=name).locator("td").evaluate_all("all => all.map(one => one.className)")
    return [head for head, cell in zip(heads, cells, strict=False) if cell == "yes"]


async def test_a_secretary_is_given_a_mailbox_works_in_it_and_loses_it_while_both_look_on(
    open_browser: OpenBrowser, simulator: Simulator
) -> None:
    browser = await open_browser()
    doctor, secretary = await browser.new_page(), await browser.new_page()
    await be(doctor, _DOCTOR)
    await be(secretary, _NEWCOMER)
    await _delegations(doctor)
    await doctor.get_by_label("À qui").fill("louise.moreau")
    await doctor.get_by_label("Motif").fill("Secrétariat")
    await doctor.get_by_role("button", name="Déléguer", exact=True).click()
    await expect(doctor.get_by_text(f"{_DOCTOR} délègue à {_NEWCOMER} : voir, lire, marquer, classer")).to_be_visible()
    assert await _row(doctor, _NEWCOMER) == ["voir", "lire", "marquer", "classer", "écrire de la part de"]
    await expect(secretary.get_by_role("navigation").get_by_role("link", name="Cabinet des Tilleuls")).to_be_visible()
    await write(simulator, PRACTICE, "Résultat à classer")
    await secretary.get_by_role("link", name="Résultat à classer").click()
    await expect(doctor.get_by_text(f"{_NEWCOMER} lit « Résultat à classer »")).to_be_visible()
    await doctor.get_by_role("link", name=f"Révoquer… {_NEWCOMER}").click()
    await expect(doctor.get_by_text("Perdus dès la requête suivante : voir, lire, marquer, classer, écrire de la part de.")).to_be_visible()
    await expect(doctor.get_by_text("d’où la boîte disparaît aussitôt : 1")).to_be_visible()
    await secretary.goto("/ui/as/newcomer/")
    await doctor.get_by_role("button", name="Révoquer").click()
    await expect(doctor.get_by_text(f"{_DOCTOR} révoque la délégation de {_NEWCOMER}")).to_be_visible()
    await expect(secretary.get_by_role("heading", name="Introuvable")).to_be_visible()


async def test_an_open_connection_is_told_of_before_the_grant_ends(page: Page, simulator: Simulator) -> None:
    await be(page, _DOCTOR)
    made = await Person(simulator, "doctor").rest(
        "POST", f"/mailboxes/{PRACTICE}/grants", json={"grantee": "louise.moreau", "rights": ["see"]}
    )
    with contextlib.ExitStack() as connections:
        client = await asyncio.to_thread(connections.enter_context, MailClient(simulator).imap())
        await asyncio.to_thread(client.login, "louise.moreau", "cabinet-2026")
        await page.goto(f"/ui/as/doctor/mailboxes/{PRACTICE}/delegations/{made.json()['id']}")
        await expect(page.get_by_text("qui restent ouvertes et ne montrent plus la boîte : 1")).to_be_visible()
        await expect(page.get_by_role("listitem").filter(has_text="IMAP").first).to_be_visible()
        await asyncio.to_thread(connections.close)


async def test_who_was_given_a_mailbox_renounces_it(page: Page, simulator: Simulator) -> None:
    await be(page, "Nadia LEROY")
    await page.get_by_role("link", name="Délégations").click()
    await page.get_by_role("link", name="Renoncer…").click()
    await expect(page.get_by_role("heading", name="Que se passe-t-il si vous renoncez ?")).to_be_visible()
    await page.get_by_role("button", name="Renoncer").click()
    await expect(page.get_by_text("Personne ne vous a délégué de boîte.")).to_be_visible()
    lines = (await Person(simulator, "doctor").get(f"/mailboxes/{PRACTICE}/journal"))["items"]
    assert (lines[0]["act"], lines[0]["door"]) == ("grant.renounced", "web")


async def test_presets_fill_in_rights_and_days_and_a_locum_begins_tomorrow(page: Page, simulator: Simulator) -> None:
    await control(simulator, "PUT", "/clock", {"mode": "frozen", "at": "2035-12-01T09:00:00Z"})
    await be(page, _DOCTOR)
    await _delegations(page, DOCTOR)
    await page.get_by_role("link", name="Remplaçant, pour une semaine").click()
    await expect(page.get_by_label("À partir du")).to_have_value("2035-12-02")
    await expect(page.get_by_label("Jusqu’au soir du")).to_have_value("2035-12-08")
    await page.get_by_label("À qui").fill("yann.legall")
    await page.get_by_role("button", name="Déléguer", exact=True).click()
    row = page.get_by_role("row").filter(has_text="Yann LE GALL")
    await expect(row.get_by_text("à partir du 02/12/2035 00:00 · jusqu’au 09/12/2035 00:00")).to_be_visible()
    assert "clore les échanges" in await _row(page, "Yann LE GALL")


async def test_a_grant_that_begins_and_ends_with_the_time_is_seen_at_once(page: Page, simulator: Simulator) -> None:
    await control(simulator, "PUT", "/clock", {"mode": "frozen", "at": "2035-12-01T09:00:00Z"})
    doctor = Person(simulator, "doctor")
    wanted = {"grantee": "louise.moreau", "rights": ["see"], "valid_from": "2035-12-02T09:00:00Z", "valid_until": "2035-12-04T09:00:00Z"}
    assert (await doctor.rest("POST", f"/mailboxes/{PRACTICE}/grants", json=wanted)).status_code == 201
    await be(page, _NEWCOMER)
    await expect(page.get_by_role("heading", name="Aucune boîte pour le moment")).to_be_visible()
    await control(simulator, "POST", "/clock/advance", {"by": "P2D"})
    await expect(page.get_by_role("heading", name="Cabinet des Tilleuls")).to_be_visible()
    await control(simulator, "POST", "/clock/advance", {"by": "P2D"})
    await expect(page.get_by_role("navigation").get_by_role("link", name="Cabinet des Tilleuls")).to_have_count(0)


@pytest.mark.parametrize(
    ("given", "status", "told"),
    [
        ({"grantee": "louise.moreau"}, 422, "au moins un droit"),
        ({"grantee": "nobody", "see": "yes"}, 422, "nobody"),
        ({"grantee": "louise.moreau", "see": "yes", "until": "demain"}, 422, "demain"),
        ({"grantee": "louise.moreau", "see": "yes", "until": "9999-12-31"}, 422, "9999-12-31"),
        ({"grantee": "louise.moreau", "see": "yes", "until": "2020-01-01"}, 422, "valid_until"),
        ({"grantee": "louise.moreau", "see": "yes", "reason": "x" * 1_001}, 422, "1000"),
        ({"grantee": "louise.moreau", "see": "yes", "reason": "x\0"}, 422, "1000"),
        ({"grantee": "\0", "see": "yes"}, 422, ""),
        ({"grantee": "camille.martin", "see": "yes"}, 403, ""),
    ],
)
async def test_what_cannot_be_given_is_refused_in_words(simulator: Simulator, given: dict[str, str], status: int, told: str) -> None:
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        place = f"/ui/as/doctor/mailboxes/{PRACTICE}/delegations"
        token = await log_in(simulator, client, "doctor", place)
        answer = await client.post(place, data={"token": token, **given})
        assert (answer.status_code, told in answer.text) == (status, True), answer.text


@pytest.mark.parametrize(("role", "name"), [("assistant", "Nadia LEROY"), ("newcomer", _NEWCOMER)])
async def test_who_does_not_manage_a_mailbox_sees_their_own_grant_and_gives_none(simulator: Simulator, role: str, name: str) -> None:
    """The assistant has a few rights, the newcomer is given all but that of managing."""
    wanted = {"grantee": "louise.moreau", "rights": [right for right in Right if right is not Right.MANAGE]}
    assert (await Person(simulator, "doctor").rest("POST", f"/mailboxes/{PRACTICE}/grants", json=wanted)).status_code == 201
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        place = f"/ui/as/{role}/mailboxes/{PRACTICE}/delegations"
        token = await log_in(simulator, client, role, place)
        answer = await client.get(place)
        shown = answer.text
        assert (answer.status_code, name in shown, "Sophie PETIT" in shown, "Ce qui s’est passé" in shown) == (200, True, False, False)
        assert "Déléguer cette boîte" not in shown
        assert (await client.post(place, data={"token": token, "grantee": "louise.moreau", "see": "yes"})).status_code == 403
        grants = await Person(simulator, "doctor").get(f"/mailboxes/{PRACTICE}/grants")
        others = next(one["id"] for one in grants if one["grantee"]["name"] == "Sophie PETIT")
        assert (await client.get(f"{place}/{others}")).status_code == 403
        assert (await client.post(f"{place}/{others}/end", data={"token": token})).status_code == 403
        assert (await client.get(f"{place}/0000000000000")).status_code == 403


_OFFERED = {
    "the hand-over of grants": (Right.MANAGE, "{here}/delegations", "/delegations/hand-over"),
    "the form of a grant": (Right.MANAGE, "{box}/delegations", 'name="grantee"'),
    "the settings of the mailbox": (Right.MANAGE, "{box}/settings", 'name="label"'),
    "the daily letter about the watch list": (Right.MANAGE, "{box}/watch-list", "/watch-list/digest"),
    "the journal of the mailbox": (Right.MANAGE, "{here}/journal", f'<option value="{PRACTICE}"'),
    "that somebody was reached on paper": (Right.MARK, "{box}/watch-list", "/watch-list/paper"),
    "to take a letter in charge": (Right.MARK, "{box}/letters/{letter}", 'value="take"'),
    "to leave a note": (Right.MARK, "{box}/letters/{letter}", 'value="note"'),
    "the end of a conversation": (Right.CLOSE, "{box}/conversations/{conversation}", '/{conversation}/close"><input'),
}


@pytest.mark.parametrize("act", _OFFERED)
async def test_a_page_offers_what_the_rights_of_who_looks_allow(simulator: Simulator, act: str) -> None:
    """All rights but the one that is needed do not; the one, with those to see and to read, does."""
    needed, place, offered = _OFFERED[act]
    doctor = Person(simulator, "doctor")
    sent = await doctor.send(PRACTICE, to=[PATIENT, "personne@hopital-ormes.sim.mssante.fr"], subject="Résultats")
    assert sent.status_code == 201
    await write(simulator, PRACTICE, "Bilan")
    [letter] = await doctor.inbox(PRACTICE, subject="Bilan")
    [conversation] = [one for one in (await doctor.get(f"/mailboxes/{PRACTICE}/conversations"))["items"] if one["patients"]]
    here = "/ui/as/newcomer"
    names = {"here": here, "box": f"{here}/mailboxes/{PRACTICE}", "letter": letter["id"], "conversation": conversation["id"]}
    for rights, there in ((set(Right) - {needed}, False), ({Right.SEE, Right.READ, needed}, True)):
        wanted = {"grantee": "louise.moreau", "rights": sorted(rights)}
        made = await doctor.rest("POST", f"/mailboxes/{PRACTICE}/grants", json=wanted)
        assert made.status_code == 201
        async with httpx.AsyncClient(base_url=simulator.ready()["http"], timeout=20) as client:
            await log_in(simulator, client, "newcomer", f"{here}/")
            page = await client.get(place.format(**names))
            assert (page.status_code, offered.format(**names) in page.text) == (200, there)
        assert (await doctor.rest("DELETE", f"/mailboxes/{PRACTICE}/grants/{made.json()['id']}")).status_code == 200


async def test_who_was_disabled_has_no_page_any_more(simulator: Simulator) -> None:
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        place = f"/ui/as/doctor/mailboxes/{PRACTICE}/delegations"
        token = await log_in(simulator, client, "doctor", place)
        idnat = Person(simulator, "doctor").idnat
        assert (await control(simulator, "PATCH", f"/identities/{idnat}", {"enabled": False})).status_code == 200
        assert (await client.get(place)).status_code == 401
        assert (await client.post(place, data={"token": token, "grantee": "louise.moreau", "see": "yes"})).status_code == 401


async def test_what_a_page_foresees_rest_tells_too(simulator: Simulator) -> None:
    doctor = Person(simulator, "doctor")
    made = (await doctor.rest("POST", f"/mailboxes/{PRACTICE}/grants", json={"grantee": "louise.moreau", "rights": ["see"]})).json()
    end = await doctor.get(f"/mailboxes/{PRACTICE}/grants/{made['id']}/end")
    assert (end["grant"], end["grantee"], end["rights_lost"], end["rights_kept"]) == (made["id"], made["grantee"], ["see"], [])
    assert (end["drafts"], end["connections"]) == (0, [])


async def test_script_in_a_reason_and_in_a_subject_does_nothing(page: Page, simulator: Simulator) -> None:
    doctor = Person(simulator, "doctor")
    wanted = {"grantee": "louise.moreau", "rights": ["see", "read"], "reason": _SCRIPT}
    made = await doctor.rest("POST", f"/mailboxes/{PRACTICE}/grants", json=wanted)
    await write(simulator, PRACTICE, _SCRIPT)
    secretary = Person(simulator, "newcomer")
    [found] = await secretary.inbox(PRACTICE, wait=10)
    await secretary.open(PRACTICE, found["id"])
    await be(page, _DOCTOR)
    await _delegations(page)
    await expect(page.get_by_text(_SCRIPT).first).to_be_visible()
    await page.goto(f"/ui/as/doctor/mailboxes/{PRACTICE}/delegations/{made.json()['id']}")
    await expect(page.get_by_text(_SCRIPT)).to_be_visible()
    assert await page.title() != "owned"


async def test_the_strict_profile_opens_no_page_of_delegations(start: StartSimulator) -> None:
    async with start(profile="strict") as simulator, httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        assert (await client.get("/ui/as/doctor/delegations")).status_code == 401


async def test_who_leaves_hands_all_grants_over_in_one_step(page: Page, simulator: Simulator) -> None:
    await be(page, _DOCTOR)
    await page.get_by_role("link", name="Délégations").click()
    await page.get_by_label("Qui part").fill("sophie.petit")
    await page.get_by_label("Qui prend la suite").fill("louise.moreau")
    await page.get_by_label("Motif").fill("Départ de Sophie")
    await page.get_by_role("button", name="Transmettre les délégations").click()
    await expect(page.get_by_text("Délégations transmises : 2")).to_be_visible()
    given = await Person(simulator, "newcomer").get("/grants")
    assert {(one["mailbox"], one["reason"], one["in_force"]) for one in given} == {
        (PRACTICE, "Départ de Sophie", True),
        (DOCTOR, "Départ de Sophie", True),
    }
    assert not any(one["in_force"] for one in await Person(simulator, "secretary").get("/grants"))
    await _delegations(page)
    await expect(page.get_by_text(f"{_DOCTOR} transmet la délégation de Sophie PETIT à {_NEWCOMER}")).to_be_visible()
    [line, *_] = (await Person(simulator, "doctor").get(f"/mailboxes/{PRACTICE}/journal", act="grant.handed_over"))["items"]
    assert line["door"] == "web"


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"from": "nobody", "to": "louise.moreau"}, 404),
        ({"from": "sophie.petit", "to": "sophie.petit"}, 422),
        ({"from": "sophie.petit", "to": "nobody"}, 422),
        ({"from": "sophie.petit", "to": "camille.martin"}, 403),
        ({"from": "sophie.petit", "to": "louise.moreau", "reason": "x" * 1_001}, 422),
        ({"from": "sophie.petit", "to": "louise.moreau", "mailbox": "personne@cabinet.sim.mssante.fr"}, 404),
        ({}, 422),
    ],
)
async def test_what_cannot_be_handed_over_is_refused(simulator: Simulator, given: dict[str, str], status: int) -> None:
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        token = await log_in(simulator, client, "doctor", "/ui/as/doctor/")
        answer = await client.post("/ui/as/doctor/delegations/hand-over", data={"token": token, **given})
        assert answer.status_code == status, answer.text
