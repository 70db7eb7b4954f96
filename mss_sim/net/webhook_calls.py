"""Posts events to the targets of webhooks: to the address that was looked up and allowed, within a time, and nowhere else.

No redirect is followed, no proxy of the environment is used, and of an answer no more is read than is kept, as it came:
nothing is unpacked.
"""

import asyncio
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from mss_sim.config.settings import Settings
from mss_sim.core.feed.webhooks import WebhookAnswer
from mss_sim.errors import Refusal
from mss_sim.policy.webhooks import check_target, read_target

if TYPE_CHECKING:
    import httpx

_ANSWER_BYTES = 2_000


class WebhookCalls:
    """The targets of one world's webhooks; https is trusted by our authority and those of certifi."""

    def __init__(self, settings: Settings, ca_file: Path) -> None:
        self._settings = settings.webhooks
        self._ca_file = ca_file
        self._client: httpx.AsyncClient | None = None

    async def close(self) -> None:
        """Hang up."""
        if self._client is not None:
            await self._client.aclose()

    async def check(self, url: str) -> None:
        """Refusal(INVALID) when the setting does not allow the target; a name that leads nowhere now may lead somewhere later."""
        try:
            async with asyncio.timeout(self._settings.timeout_seconds):
                await self._address(*read_target(url))
        except (OSError, TimeoutError):
            return

    async def post(self, url: str, headers: dict[str, str], body: bytes) -> WebhookAnswer:
        """Try once; every failure is an answer, none is raised."""
        try:
            async with asyncio.timeout(self._settings.timeout_seconds):
                return await self._posted(url, headers, body)
        except TimeoutError:
            return WebhookAnswer(None, f"no answer within {self._settings.timeout_seconds:g} seconds")
        except Refusal as refusal:
            return WebhookAnswer(None, str(refusal.detail))
        except Exception as error:  # noqa: BLE001 - whatever a target does ends as an answer; the library has errors of many families
            return WebhookAnswer(None, f"{type(error).__name__}: {error}")

    async def _posted(self, url: str, headers: dict[str, str], body: bytes) -> WebhookAnswer:
        import httpx  # noqa: PLC0415 - most worlds have no webhook, and it takes memory

        if self._client is None:
            import ssl  # noqa: PLC0415

            trusted = ssl.create_default_context()
            trusted.load_verify_locations(self._ca_file)
            limits = httpx.Limits(max_keepalive_connections=0)
            self._client = httpx.AsyncClient(verify=trusted, trust_env=False, follow_redirects=False, timeout=None, limits=limits)  # noqa: S113 - the whole try has its time
        host, port = read_target(url)
        address = await self._address(host, port)
        asked = httpx.URL(url)
        headers = headers | {"host": asked.netloc.decode("ascii"), "user-agent": "mss-sim", "accept-encoding": "identity"}
        target, names = asked.copy_with(host=address), {"sni_hostname": host}
        async with self._client.stream("POST", target, content=body, headers=headers, extensions=names) as answer:
            kept = b""
            async for piece in answer.aiter_raw():
                kept += piece[: _ANSWER_BYTES - len(kept)]
                if len(kept) >= _ANSWER_BYTES:
                    break
            moved = f"redirects are not followed: {answer.headers.get('location', '')}" if answer.is_redirect else ""
            return WebhookAnswer(answer.status_code, moved or kept.decode("utf-8", "replace"))

    async def _address(self, host: str, port: int) -> str:
        """The address to connect to; OSError when the name leads nowhere, Refusal when it leads where nothing is sent."""
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = [str(one[4][0]) for one in found]
        check_target(host, addresses, self._settings.hosts)
        return addresses[0]
