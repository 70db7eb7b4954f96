"""The pages as personas use them, each in a session of their own, without a browser's engine: forms are sent as browsers send them."""

from dataclasses import dataclass, field

import httpx

from mss_sim.app.simulator import Simulator
from mss_sim.errors import Rule
from mss_sim.http.problems import PROBLEMS
from tests.clients import Person


@dataclass
class Browsers:
    """One for each persona, who logs in with the first thing that they do; `close` ends them all."""

    simulator: Simulator
    _sessions: dict[str, tuple[httpx.AsyncClient, str]] = field(default_factory=dict)

    async def _session(self, role: str) -> tuple[httpx.AsyncClient, str]:
        if role not in self._sessions:
            client = httpx.AsyncClient(base_url=self.simulator.ready()["http"], timeout=30)
            data = {"token": _token((await client.get("/")).text), "who": Person(self.simulator, role).idnat, "name": role}
            assert (await client.post("/ui/log-in", data=data)).status_code == 303
            shown = await client.get(f"/ui/as/{role}/", follow_redirects=True)
            self._sessions[role] = client, _token(shown.text)
        return self._sessions[role]

    async def open(self, role: str, path: str) -> httpx.Response:
        """A page of a persona."""
        client, _ = await self._session(role)
        return await client.get(f"/ui/as/{role}{path}")

    async def send(self, role: str, path: str, **fields: str) -> httpx.Response:
        """The answer to a form of a persona, which leads elsewhere (303) when it was done."""
        client, token = await self._session(role)
        return await client.post(f"/ui/as/{role}{path}", data={"token": token, **fields})

    async def close(self) -> None:
        """Close them."""
        for client, _ in self._sessions.values():
            await client.aclose()


@dataclass
class ByPages:
    """A door of a contract suite that acts by forms; a refusal is known by the status of the page that says it."""

    simulator: Simulator
    name: str = "web"
    browsers: Browsers = field(init=False)

    def __post_init__(self) -> None:
        self.browsers = Browsers(self.simulator)

    def shows(self, rule: Rule) -> str:
        return str(PROBLEMS[rule][0])


def _token(page: str) -> str:
    return page.partition('name="token" value="')[2].partition('"')[0]
