"""How many tokens the provider of Pro Santé Connect gives: by refresh, and for codes."""

import base64
import http.client
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from statistics import median
from urllib.parse import parse_qs, urlencode, urlsplit

from figures import BenchmarkError, Row, Setting
from servers import Simulator, simulator

_PER_SECOND_MIN = 150
_CONNECTIONS = 8
_ROUNDS = 3
_DOCTOR = "899700420013"


@dataclass(slots=True)
class Client:
    """One session on one connection, which stays open."""

    running: Simulator
    connection: http.client.HTTPConnection = field(init=False)
    refresh_token: str = ""
    codes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        place = urlsplit(self.running.ready["http"])
        self.connection = http.client.HTTPConnection(place.hostname or "127.0.0.1", place.port, timeout=60)
        self.connection.connect()

    def gather(self, count: int) -> None:
        """Log in without a page, and keep the codes."""
        ours = self.running.ready["psc"]
        asked = {"client_id": ours["client_id"], "redirect_uri": ours["redirect_uri"], "response_type": "code", "acr_values": "eidas1"}
        query = urlencode({**asked, "scope": "openid scope_all", "login_hint": _DOCTOR, "nonce": "n"})
        for _ in range(count):
            self.connection.request("GET", f"/auth?{query}")
            answer = self.connection.getresponse()
            answer.read()
            self.codes += parse_qs(urlsplit(answer.headers["location"]).query)["code"]

    def exchange(self) -> None:
        """Exchange one code."""
        redirect_uri = self.running.ready["psc"]["redirect_uri"]
        self._ask({"grant_type": "authorization_code", "code": self.codes.pop(), "redirect_uri": redirect_uri})

    def refresh(self) -> None:
        """Use the refresh token."""
        self._ask({"grant_type": "refresh_token", "refresh_token": self.refresh_token})

    def _ask(self, form: dict[str, str]) -> None:
        ours = self.running.ready["psc"]
        basic = base64.b64encode(f"{ours['client_id']}:{ours['client_secret']}".encode()).decode()
        headers = {"Authorization": f"Basic {basic}", "Content-Type": "application/x-www-form-urlencoded"}
        path = urlsplit(ours["issuer"]).path
        self.connection.request("POST", f"{path}/protocol/openid-connect/token", urlencode(form), headers)
        answer = self.connection.getresponse()
        given = json.loads(answer.read())
        if answer.status != 200:
            raise BenchmarkError(f"the token endpoint answered {answer.status}: {given}")
        self.refresh_token = given["refresh_token"]


def tokens(setting: Setting) -> list[Row]:
    """Token requests a second on eight connections; the slower of the two grants decides. Codes live for a minute, hence the rounds."""
    count = setting.count(200, 10)
    found: dict[str, list[float]] = {"code": [], "refresh": []}
    with simulator(setting.folder) as running:
        _approve_all(running)
        clients = [Client(running) for _ in range(_CONNECTIONS)]
        for _ in range(setting.count(_ROUNDS, 1)):
            _each(clients, lambda client: client.gather(count))
            found["code"].append(_rate(clients, count, Client.exchange))
            found["refresh"].append(_rate(clients, count, Client.refresh))
    name, figure = min(((name, median(rates)) for name, rates in found.items()), key=lambda one: one[1])
    return [
        Row(
            "PSC token endpoint",
            f"{figure:,.0f} /s",
            f">= {_PER_SECOND_MIN} /s",
            figure / _PER_SECOND_MIN,
            figure >= _PER_SECOND_MIN,
            {**found, "slower": name, "connections": _CONNECTIONS, "requests": count * _CONNECTIONS},
        )
    ]


def _approve_all(running: Simulator) -> None:
    place = urlsplit(running.ready["http"])
    connection = http.client.HTTPConnection(place.hostname or "127.0.0.1", place.port, timeout=60)
    connection.request("PATCH", "/control/psc", json.dumps({"auto_approve": True}), {"Content-Type": "application/json"})
    if connection.getresponse().status != 200:
        raise BenchmarkError("auto_approve was refused")
    connection.close()


def _each(clients: list[Client], work: Callable[[Client], None]) -> None:
    with ThreadPoolExecutor(len(clients)) as pool:
        list(pool.map(work, clients))


def _rate(clients: list[Client], count: int, step: Callable[[Client], None]) -> float:
    def repeat(client: Client) -> None:
        for _ in range(count):
            step(client)

    began = time.perf_counter()
    _each(clients, repeat)
    return len(clients) * count / (time.perf_counter() - began)
