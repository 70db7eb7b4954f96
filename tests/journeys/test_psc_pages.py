"""The pages of Pro Santé Connect keep what was typed, and show what was given."""

import shlex
from html import unescape
from re import findall, search
from urllib.parse import urlsplit

import httpx
import pytest

from mss_sim.app.simulator import Simulator
from tests.conftest import StartSimulator
from tests.relying_party import DOCTOR2, RelyingParty, told

_TYPED = {
    "idnat": "899700420104",
    "family_name": 'DUPRÉ "<b>',
    "given_name": "Léa",
    "title": "Dr",
    "profession": "Médecin & cie",
    "structure": "318751275100020",
    "kind": "employee",
    "profile": '\n{"codeCivilite": "M",',
}


@pytest.mark.parametrize("wrong", [{}, {"profile": "[1]"}, {"idnat": "x" * 200}, {"profile": "{}", "colour": "red"}, {"kind": "patient"}])
async def test_a_refused_persona_form_came_back_empty(simulator: Simulator, wrong: dict[str, str]) -> None:
    typed = {**_TYPED, **wrong}
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as browser:
        page = await browser.post("/control/psc/personas/new", data=typed)
        assert (page.status_code, 'role="alert"' in page.text, "<b>" in page.text) == (400, True, False)
        for name in ("idnat", "family_name", "given_name", "title", "profession", "structure"):
            found = search(rf'name="{name}" value="([^"]*)"', page.text)
            assert unescape(found[1] if found else "") == typed[name]
        area = search(r"<textarea[^>]*>\n([^<]*)</textarea>", page.text)
        assert unescape(area[1] if area else "") == typed["profile"]
        assert (f'value="{typed["kind"]}" selected' in page.text) is (typed["kind"] != "patient")
        assert " selected" not in (await browser.get("/control/psc/personas/new")).text


async def test_a_refused_log_in_form_forgot_who_was_chosen_and_with_what(simulator: Simulator) -> None:
    async with RelyingParty.of(simulator) as party:
        page = await party.submit(await party.authorize(), DOCTOR2, mode="MOBILE", other='89970042 "0021')
        assert page.status_code == 400
        assert f'value="{DOCTOR2}" selected' in page.text
        assert 'value="MOBILE" checked' in page.text
        assert 'name="other" value="89970042 &quot;0021"' in page.text


async def test_who_had_no_page_of_his_own_never_saw_the_code(simulator: Simulator) -> None:
    """By the default redirect URI the browser comes to a page that shows what was given; its command is good as printed."""
    async with RelyingParty.of(simulator) as party:
        assert party.redirect_uri == f"{party.base}/callback"
        back = await party.submit(await party.authorize(state="st <b>"))
        page = await party.http.get(back.headers["location"])
        assert page.status_code == 200
        given = told(back)
        for name in ("code", "state", "iss"):
            assert f"<code>{name}</code>" in page.text
            assert given[name] in unescape(page.text)
        assert "<b>" not in page.text
        shown = search(r"<pre><code>(.*?)</code></pre>", page.text)
        words = shlex.split(unescape(shown[1] if shown else ""))
        form = dict(word.split("=", 1) for word in words if "=" in word and not word.startswith("http"))
        answer = await party.http.post(next(word for word in words if word.startswith("http")), data=form, auth=party.basic)
        assert answer.json()["token_type"] == "Bearer", answer.text


async def test_the_callback_page_shows_a_refusal_and_nothing_at_all(simulator: Simulator) -> None:
    async with RelyingParty.of(simulator) as party:
        back = await party.submit(await party.authorize(), decision="refuse")
        page = await party.http.get(back.headers["location"])
        assert (page.status_code, "access_denied" in page.text, "<pre>" in page.text) == (200, True, False)
        assert "Rien n’a été donné" in (await party.http.get(party.redirect_uri)).text
        assert (await party.http.get(f"{party.redirect_uri}?code=a&code=b")).status_code == 400
        assert (await party.http.get(party.redirect_uri, headers={"Host": "evil.example"})).status_code == 421


async def test_the_callback_page_has_the_name_that_the_provider_is_seen_under(start: StartSimulator) -> None:
    async with start(psc_base_url="http://psc.example:8080") as simulator:
        uri = simulator.ready()["psc"]["redirect_uri"]
        assert uri == "http://psc.example:8080/callback"
        async with RelyingParty.of(simulator) as party:
            assert urlsplit((await party.submit(await party.authorize())).headers["location"]).netloc == "psc.example:8080"


@pytest.mark.parametrize(
    ("asked", "chosen", "language"),
    [
        (None, None, "fr"),
        (None, "en", "en"),
        (None, "de", "fr"),
        ("en-GB fr", None, "en"),
        ("de EN", "fr", "en"),
        ("fr", "en", "fr"),
        ("de <b>", "en", "en"),
    ],
)
async def test_a_page_is_in_the_language_that_the_client_asks_for_then_in_the_one_that_its_reader_chose(
    simulator: Simulator, asked: str | None, chosen: str | None, language: str
) -> None:
    async with RelyingParty.of(simulator) as party:
        if chosen:
            party.http.cookies.set("mss-sim-language", chosen)
        page = await party.authorize(ui_locales=asked)
        assert f'<html lang="{language}"' in page.text
        assert ("Means of identification" in page.text) is (language == "en")
        assert ("Moyen d’identification" in page.text) is (language == "fr")


async def test_a_page_leads_to_itself_in_the_other_language_and_its_form_goes_on_in_that(simulator: Simulator) -> None:
    async with RelyingParty.of(simulator) as party:
        french = await party.authorize(state='a "b" é&c')
        to = search(r'<a href="([^"]+)" hreflang="en"', french.text)
        page = await party.http.get(f"{party.base}{unescape(to[1] if to else '')}")
        assert '<html lang="en"' in page.text
        action = search(r'<form method="post" action="([^"]+)"', page.text)
        form = {"key": search(r'name="key" value="([^"]*)"', page.text)[1], "identity": "nobody", "decision": "approve"}  # type: ignore[index]
        unfit = await party.http.post(f"{party.base}{action[1] if action else ''}", data=form)
        assert (unfit.status_code, "Choose a professional" in unfit.text, "hreflang" in unfit.text) == (400, True, False)
        back = await party.http.post(f"{party.base}{action[1] if action else ''}", data={**form, "identity": DOCTOR2})
        assert told(back)["state"] == 'a "b" é&c'


async def test_pages_follow_the_theme_that_was_chosen_for_all(simulator: Simulator) -> None:
    async with RelyingParty.of(simulator) as party:
        assert "data-theme" not in (await party.authorize()).text
        party.http.cookies.set("mss-sim-theme", "dark")
        assert 'data-theme="dark"' in (await party.authorize()).text
        party.http.cookies.set("mss-sim-theme", '"><script>')
        assert "data-theme" not in (await party.authorize()).text


async def test_pages_have_the_look_of_all_pages_and_no_script(simulator: Simulator) -> None:
    async with RelyingParty.of(simulator) as party:
        page = await party.authorize()
        assert "<script" not in page.text
        assert "<style" not in page.text
        assert "style-src 'self'" in page.headers["content-security-policy"]
        (stylesheet,) = findall(r'<link rel="stylesheet" href="([^"]+)"', page.text)
        answer = await party.http.get(f"{party.base}{stylesheet}")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/css; charset=utf-8")
        assert "immutable" in answer.headers["cache-control"]
        assert f'href="{stylesheet}"' in (await party.http.get(f"{party.base}/")).text
