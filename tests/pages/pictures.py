"""The six pictures of the guide for trainers, made anew by playing what it says: `make screens ARGS=--guide`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, Page, ViewportSize

from mss_sim.app.simulator import Simulator
from tests.pages.small_png import smaller

FOLDER = Path("docs/guide/pictures")
BYTES_MAX = 60_000
_ROOM = ViewportSize(width=1200, height=750)
_SCALE = 0.8
_SETTLED_MILLISECONDS = 1_500
_STEPS = ((1, "before"), (2, "granted"), (4, "answered"), (1, "revoked"))
"""How many more steps are played, and what is seen then."""


async def make(browser: Browser, simulator: Simulator, folder: Path) -> list[Path]:
    """Play the story of the guide, and keep what is seen."""
    made: list[Path] = []

    async def keep(page: Page, name: str) -> None:
        await page.wait_for_timeout(_SETTLED_MILLISECONDS)  # frames follow what happens, each by its own stream
        await page.evaluate("document.activeElement?.blur?.()")
        made.append(folder / f"{name}.png")
        made[-1].write_bytes(smaller(await page.screenshot()))

    async with _shown(browser, simulator) as page:
        await page.goto("/")
        await keep(page, "people")
        await page.goto("/ui/duo?story=delegation")
        await page.get_by_role("button", name="Connecter tout le monde et commencer").click()
        for steps, name in _STEPS:
            for _ in range(steps):
                guide = page.frame_locator("iframe.guide")
                before = await guide.locator(".step-passed").count()
                await guide.get_by_role("button", name="Étape suivante").click()
                await guide.locator(".step-passed").nth(before).wait_for()
            await keep(page, name)
        await page.goto("/")
        await page.get_by_role("button", name="Devenir Dr Camille MARTIN").click()
        await page.wait_for_url("**/ui/as/doctor/mailboxes/**")
        await page.goto("/ui/as/doctor/mailboxes/tilleuls@cabinet.sim.mssante.fr/delegations")
        await page.evaluate("scrollTo(0, document.querySelector('#history-title').getBoundingClientRect().top - 24)")
        await keep(page, "history")
    return made


@asynccontextmanager
async def _shown(browser: Browser, simulator: Simulator) -> AsyncIterator[Page]:
    base = simulator.ready()["http"]
    context = await browser.new_context(base_url=base, viewport=_ROOM, device_scale_factor=_SCALE, locale="fr-FR")
    yield await context.new_page()
    await context.close()
