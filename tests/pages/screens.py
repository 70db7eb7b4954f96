"""Pictures of every page, at three widths, in both themes and both languages, for whoever wants to look: `make screens`.

They lie in `build/screens/PAGE/`; `--only WORD` takes the pages whose names have it, and `--quick` one theme and one language. `--guide`
makes those of the guide for trainers instead (`pictures`).
"""

import argparse
import asyncio
import re
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.async_api import Browser, async_playwright

from tests.conftest import starter
from tests.pages import pictures
from tests.pages.conftest import browser_program
from tests.pages.everywhere import Address, Everywhere

FOLDER = Path("build/screens")
WIDTHS = {"phone": 390, "desk": 1280, "projector": 1920}
_OPTIONS = ["--no-sandbox", "--disable-dev-shm-usage", "--hide-scrollbars"]
SCHEMES, LANGUAGES = ("light", "dark"), ("fr", "en")
_HEIGHTS = {"phone": 844, "desk": 800, "projector": 1080}


def name_of(page: Address) -> str:
    """The folder of a page."""
    return (
        re.sub(r"[^a-z0-9]+", "-", re.sub(r"^/ui/(as/\{who\}/)?", lambda whose: "persona-" if whose[1] else "", page.name.lower())).strip(
            "-"
        )
        or "home"
    )


async def take(folder: Path, *, only: str, quick: bool) -> int:
    """Take the pictures; how many there are."""
    program, taken = browser_program(), 0
    async with (
        starter(Path(tempfile.mkdtemp(prefix="mss-sim-screens-")) / "data")(language="fr") as simulator,
        async_playwright() as playing,
    ):
        everywhere = await Everywhere.of(simulator)
        browser = await playing.chromium.launch(executable_path=program, args=_OPTIONS)
        for width in WIDTHS:
            for language in LANGUAGES[:1] if quick else LANGUAGES:
                taken += await _at(browser, everywhere, folder, width, language, only, SCHEMES[:1] if quick else SCHEMES)
    return taken


async def _at(
    browser: Browser, everywhere: Everywhere, folder: Path, width: str, language: str, only: str, schemes: tuple[str, ...]
) -> int:
    base, taken = str(everywhere.http.base_url), 0
    context = await browser.new_context(base_url=base, viewport={"width": WIDTHS[width], "height": _HEIGHTS[width]}, locale=language)
    await everywhere.enter(context)
    await context.add_cookies([{"name": "mss-sim-language", "value": language, "url": base}])
    page = await context.new_page()
    for one in everywhere.pages:
        if only not in name_of(one):
            continue
        await page.goto(one.path, wait_until="load")
        for scheme in schemes:
            await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            file = folder / name_of(one) / f"{width}-{scheme}-{language}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            await page.screenshot(path=file, full_page=True)
            taken += 1
    await context.close()
    return taken


async def _for_the_guide() -> int:
    program = browser_program()
    async with (
        starter(Path(tempfile.mkdtemp(prefix="mss-sim-screens-")) / "data")(language="fr") as simulator,
        async_playwright() as playing,
    ):
        browser = await playing.chromium.launch(executable_path=program, args=_OPTIONS)
        return len(await pictures.make(browser, simulator, pictures.FOLDER))


def main() -> None:
    """Take the pictures and say where they are."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--only", default="", help="a word of the name of pages")
    asked.add_argument("--quick", action="store_true", help="light and French alone")
    asked.add_argument("--guide", action="store_true", help="the pictures of the guide for trainers")
    given = asked.parse_args()
    if given.guide:
        sys.stdout.write(f"{asyncio.run(_for_the_guide())} pictures in {pictures.FOLDER}/\n")
        return
    if not given.only:
        shutil.rmtree(FOLDER, ignore_errors=True)
    taken = asyncio.run(take(FOLDER, only=given.only, quick=given.quick))
    sys.stdout.write(f"{taken} pictures in {FOLDER}/\n")


if __name__ == "__main__":
    main()
