"""Every page, whoever wrote it: without a fault for those who see, hear or move otherwise, on a phone, in the dark, in both languages."""

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page

from mss_sim.app.simulator import Simulator
from tests.pages.conftest import OpenBrowser
from tests.pages.everywhere import Everywhere
from tests.pages.screens import name_of

AXE = Path(__file__).parents[1] / "strangers" / "node" / "node_modules" / "axe-core" / "axe.min.js"
DESKTOP, PHONE, SMALLEST = {"width": 1280, "height": 900}, {"width": 390, "height": 844}, {"width": 320, "height": 640}
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


async def _judged(page: Page) -> list[str]:
    """What axe has to say of a page and of each frame in it, one at a time: that two of them have a head is no fault."""
    told = []
    for frame in page.frames:
        if await frame.evaluate("typeof axe") == "object":
            found: dict[str, Any] = await frame.evaluate("asked => axe.run(document, asked)", _ASKED)
            told += [f"{rule['impact']} {rule['id']} {[node['html'][:160] for node in rule['nodes'][:3]]}" for rule in found["violations"]]
    return told
