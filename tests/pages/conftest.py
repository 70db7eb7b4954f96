"""Pages in a real browser: Debian's chromium, driven as people do. No console error, no request to another host, on any page."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, async_playwright
from playwright.async_api import Response as Answer

from mss_sim.app.simulator import Simulator

_PROGRAMS = ("chromium", "google-chrome")
OpenBrowser = Callable[..., Awaitable[BrowserContext]]


def browser_program() -> str:
    """Where the browser is; AssertionError, with what installs it, where there is none."""
    program = next((path for name in _PROGRAMS if (path := shutil.which(name))), None)
    assert program, f"no browser is installed: apt-get install chromium ({', '.join(_PROGRAMS)} were looked for)"
    return program


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    """A browser without a window."""
    async with async_playwright() as playing:
        browser = await playing.chromium.launch(executable_path=browser_program(), args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield browser
        await browser.close()


@pytest.fixture
async def open_browser(chromium: Browser, simulator: Simulator) -> AsyncIterator[OpenBrowser]:
    """A browser of somebody's own on the simulator, with cookies of its own; what went wrong in any of its pages fails the test."""
    wrong: list[str] = []
    base = simulator.ready()["http"]

    def watch(page: Page) -> None:
        page.on("console", lambda told: wrong.append(f"console: {told.text}") if _is_wrong(told) else None)
        page.on("response", lambda answer: wrong.append(f"{answer.status}: {answer.url}") if _is_missing(answer) else None)
        page.on("pageerror", lambda error: wrong.append(f"script: {error}"))
        page.on("request", lambda asked: wrong.append(f"another host: {asked.url}") if _elsewhere(asked.url, base) else None)

    async def opened(**options: Any) -> BrowserContext:
        context = await chromium.new_context(base_url=base, **{"locale": "fr-FR", "viewport": {"width": 1280, "height": 900}, **options})
        context.set_default_timeout(20_000)
        context.on("page", watch)
        return context

    yield opened
    assert wrong == []


def _is_wrong(told: ConsoleMessage) -> bool:
    """A page that is itself a refusal is told too, by its status: those are looked at one by one."""
    return told.type in ("error", "warning") and not told.text.startswith("Failed to load resource")


def _is_missing(answer: Answer) -> bool:
    return answer.status >= 400 and not answer.request.is_navigation_request()


def _elsewhere(url: str, base: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != urlsplit(base).netloc


@pytest.fixture
async def page(open_browser: OpenBrowser) -> Page:
    """One page of one browser."""
    return await (await open_browser()).new_page()
