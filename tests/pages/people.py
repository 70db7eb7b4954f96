"""What people do on pages, in the words that they read there."""

from playwright.async_api import Page

from mss_sim.app.simulator import Simulator
from tests.clients import HOSPITAL, Person, letter


async def be(page: Page, name: str) -> None:
    """Log in as somebody, with one click on the first page."""
    await page.goto("/")
    await page.get_by_role("button", name=f"Devenir {name}").click()
    await page.wait_for_url("**/ui/as/**")


async def write(simulator: Simulator, to: str, subject: str, text: str = "Bonjour.") -> None:
    """A colleague at the hospital writes."""
    assert (await Person(simulator, "hospital").smtp(HOSPITAL, to, letter(HOSPITAL, to, subject, text))).code == 250
