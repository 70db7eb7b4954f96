"""Every page, whoever wrote it: without a fault for those who see, hear or move otherwise, on a phone, in the dark, in both languages."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Page

from mss_sim import cli
from mss_sim.app.simulator import Simulator
from mss_sim.vocabulary.language import Language
from mss_sim.words.catalogue import translations
from tests.clients import control
from tests.pages.conftest import OpenBrowser
from tests.pages.everywhere import Everywhere
from tests.pages.reading import Reading
from tests.pages.screens import name_of

AXE = Path(__file__).parents[1] / "strangers" / "node" / "node_modules" / "axe-core" / "axe.min.js"
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
_TEMPLATES = sorted((Path(__file__).parents[2] / "mss_sim" / "web" / "templates").glob("*.html"))
_WIDER = """() => {
  const room = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= room) return null;
  const scrolls = (one) => one && one !== document.body && (getComputedStyle(one).overflowX !== "visible" || scrolls(one.parentElement));
  const beyond = (one) => one.getBoundingClientRect().right > room + 1 && !scrolls(one.parentElement);
  const wide = [...document.querySelectorAll("body *")].filter(beyond);
  return wide.slice(0, 3).map((one) => one.outerHTML.slice(0, 120));
}"""
_OURS = "typeof axe === 'object' && document.querySelector('link[href*=\"/look/\"]') !== null"
"""Not what the browser itself puts around a PDF."""
_PAPER = "getComputedStyle(document.body).backgroundColor"
_LIGHT, _DARK = "rgb(246, 248, 246)", "rgb(15, 23, 20)"
_ASKED = {
    "resultTypes": ["violations"],
    "iframes": False,
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}


@pytest.mark.timeout(400)
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_axe_finds_nothing_on_any_page(open_browser: OpenBrowser, simulator: Simulator, size: dict[str, int]) -> None:
    assert AXE.is_file(), "axe-core is missing: make strangers and make test install it"
    everywhere = await Everywhere.of(simulator)
    assert everywhere.missed() == set(), "no page leads to these"
    assert len({name_of(one) for one in everywhere.pages}) == len(everywhere.pages), "two pages would share their pictures"
    browser = await open_browser(viewport=size)
    await browser.add_init_script(path=AXE)
    await everywhere.enter(browser)
    page, wrong = await browser.new_page(), []
    for one in everywhere.pages:
        await page.goto(one.path)
        for scheme in ("light", "dark"):
            await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            wrong += [f"{one.name}, {scheme}: {told}" for told in await _judged(page)]
    assert wrong == []


@pytest.mark.timeout(400)
async def test_no_page_is_wider_than_a_phone_and_each_follows_the_machine_into_the_dark(
    open_browser: OpenBrowser, simulator: Simulator
) -> None:
    everywhere = await Everywhere.of(simulator)
    browser = await open_browser(viewport=PHONE, has_touch=True, is_mobile=True)
    await everywhere.enter(browser)
    page, wrong = await browser.new_page(), []
    for one in everywhere.pages:
        await page.goto(one.path)
        for width in (PHONE["width"], 320):  # what WCAG 2.2, 1.4.10 asks for
            await page.set_viewport_size({"width": width, "height": 844})
            if wide := await page.evaluate(_WIDER):
                wrong.append(f"{one.name}, {width}: {wide}")
        for dark, paper in ((False, _LIGHT), (True, _DARK)):
            await page.emulate_media(color_scheme="dark" if dark else "light")
            if (found := await page.evaluate(_PAPER)) != paper:
                wrong.append(f"{one.name}: {found} where the machine is {'dark' if dark else 'light'}")
    assert wrong == []


async def test_every_page_is_in_one_language_and_the_other_as_wholly(simulator: Simulator) -> None:
    everywhere = await Everywhere.of(simulator)
    french = translations(Language.FR)
    others = {
        Language.FR: {text for text, told in french.items() if text != told} - set(french.values()),
        Language.EN: {told for text, told in french.items() if text != told} - set(french),
    }
    letters = (await control(simulator, "GET", "/messages")).json()["items"]
    written = {one["subject"] for one in letters} | {who["name"] for one in letters for who in one["from"]}
    written |= set((await control(simulator, "GET", "/state")).json()["seeds"])
    wrong = []
    async with httpx.AsyncClient(base_url=everywhere.http.base_url, cookies=everywhere.http.cookies, timeout=20) as http:
        for language, other in others.items():
            http.cookies.set("mss-sim-language", language.value)
            for one in everywhere.pages:
                answer = await http.get(one.path, follow_redirects=True)
                assert f'<html lang="{language}"' in answer.text, one.name
                wrong += [f"{one.name}, {language}: {text}" for text in Reading(answer.text).texts if text in other - written]
    assert wrong == []


@pytest.mark.parametrize("template", _TEMPLATES, ids=lambda path: path.stem)
def test_a_command_that_a_page_teaches_is_one(template: Path) -> None:
    known = {one.name or getattr(one.callback, "__name__", "") for one in cli.app.registered_commands}
    assert set(re.findall(r"<code>mss-sim (\w+)", template.read_text(encoding="utf-8"))) <= known


async def _judged(page: Page) -> list[str]:
    """What axe has to say of a page and of each frame in it, one at a time: that two of them have a head is no fault."""
    told = []
    for frame in page.frames:
        if await frame.evaluate(_OURS):
            found: dict[str, Any] = await frame.evaluate("asked => axe.run(document, asked)", _ASKED)
            told += [f"{rule['impact']} {rule['id']} {[node['html'][:160] for node in rule['nodes'][:3]]}" for rule in found["violations"]]
    return told
