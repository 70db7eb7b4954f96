"""What people do on pages, in the words that they read there."""

import httpx
from playwright.async_api import Page

from mss_sim.app.simulator import Simulator
from tests.clients import HOSPITAL, Person, control, letter


async def be(page: Page, name: str) -> None:
    """Log in as somebody, with one click on the first page."""
    await page.goto("/")
    await page.get_by_role("button", name=f"Devenir {name}").click()
    await page.wait_for_url("**/ui/as/**")


async def write(simulator: Simulator, to: str, subject: str, text: str = "Bonjour.") -> None:
    """A colleague at the hospital writes, and what he wrote has come: two letters that travel at once may overtake each other."""
    assert (await Person(simulator, "hospital").smtp(HOSPITAL, to, letter(HOSPITAL, to, subject, text))).code == 250
    await settled(simulator)


async def settled(simulator: Simulator) -> None:
    """Wait until no letter is under way."""
    assert (await control(simulator, "POST", "/wait", {"kind": "settled", "timeout": 20})).json()["met"]


async def log_in(simulator: Simulator, client: httpx.AsyncClient, role: str, place: str) -> str:
    """Be somebody without a browser; the token of the forms of a page."""
    token = form_token((await client.get("/")).text)
    await client.post("/ui/log-in", data={"token": token, "who": Person(simulator, role).idnat, "name": role})
    return form_token((await client.get(place, follow_redirects=True)).text)


def form_token(html: str) -> str:
    """The token that the forms of a page bear; empty where it has none."""
    return html.partition('name="token" value="')[2].partition('"')[0]
