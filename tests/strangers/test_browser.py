"""The pages in a browser that people use: that it shows them, and not only that they are served."""

import re

import httpx

from mss_sim.app.simulator import Simulator
from tests.browser import rendered
from tests.documented import document, operations


async def test_the_documentation_was_blank_because_its_files_read_no_openapi_3_1(simulator: Simulator) -> None:
    assert document()["openapi"].startswith("3.1")
    html = await rendered(f"{simulator.ready()['http']}/docs")
    text = re.sub(r"<(script|style)\b.*?</\1>", "", html, flags=re.DOTALL)
    assert "Unable to render" not in text
    assert text.count('class="opblock-summary-method"') == len(operations())
    for told in ("A simulator of the MSSanté trust space", "OAS 3.1", "/control/reset", 'id="operations-tag-messages"'):
        assert told in text, told


async def test_the_documentation_asks_no_other_machine(simulator: Simulator) -> None:
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        page = await client.get("/docs")
        assert page.headers["content-security-policy"].startswith("default-src 'self'")
        named = re.findall(r'(?:href|src)="([^"]+)"', page.text)
        assert len(named) == 3
        assert [url for url in named if not url.startswith("/docs-files/")] == []
        assert [url for url in named if (await client.get(url)).status_code != 200] == []
