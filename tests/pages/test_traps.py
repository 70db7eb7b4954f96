"""What traps saw of clients, on the page of control."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page, expect

from mss_sim.app.simulator import Simulator
from tests.conftest import StartSimulator


@pytest.fixture
async def simulator(start: StartSimulator) -> AsyncIterator[Simulator]:
    """A simulator with its traps open."""
    async with start(traps_open=True) as running:
        yield running


async def _careless(simulator: Simulator) -> None:
    """A client that was not offered STARTTLS and logs in all the same."""
    port = simulator.ready()["traps"]["starttls_stripped"]["submission"]["port"]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await reader.readline()
    writer.write(b"EHLO lgc\r\nAUTH PLAIN AAAA\r\nQUIT\r\n")
    await reader.read()
    writer.close()


async def test_a_careless_client_is_told_of_as_it_comes_with_its_session(page: Page, simulator: Simulator) -> None:
    await page.goto("/ui/control")
    trap = page.get_by_role("region", name="Pièges").get_by_role("row").filter(has_text="starttls_stripped").first
    await expect(trap).to_contain_text("NOT-OBSERVED")
    await expect(trap).to_contain_text("personne n’est venu")
    await _careless(simulator)
    await expect(trap).to_contain_text("FAIL")
    await trap.get_by_role("link").click()
    await expect(page.get_by_text("AUTH PLAIN").first).to_be_visible()
