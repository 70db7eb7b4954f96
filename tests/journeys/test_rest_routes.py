"""The routes of HTTP beside one another: none hides another, and a method that a path does not know is told which it does."""

import re
from itertools import groupby
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from starlette.routing import Match

from mss_sim.app.simulator import Simulator
from tests.clients import PRACTICE, Person, control
from tests.documented import built, operations

_METHODS = ["DELETE", "GET", "PATCH", "POST", "PUT"]
_PATHS = [
    (path, sorted(method.upper() for method, _, _ in group))
    for path, group in groupby(sorted(operations(), key=lambda one: one[1]), lambda one: one[1])
]


def filled(path: str) -> str:
    """A path with a value for each of its parameters, which is no fixed step."""
    return re.sub(r"\{(\w+)\}", lambda name: PRACTICE if name[1] == "address" else "0am6c38w5xc01", path)


_ALSO = {
    "/control/certificates/{serial}/revoke": ["GET"],
    "/control/faults/presets": ["DELETE"],
    "/control/people/like": ["GET"],
    "/control/scenarios/recording": ["DELETE"],
    "/control/scenarios/stories": ["DELETE"],
    "/control/white-list/variant": ["DELETE"],
}
"""Fixed steps where another method has a parameter: that method is answered, as for any value that is none of the parameter's."""


async def test_405_named_the_methods_of_the_first_route_of_a_path(simulator: Simulator) -> None:
    async with httpx.AsyncClient(base_url=simulator.ready()["http"], auth=("camille.martin", "cabinet-2026")) as client:
        asked = [(path, method, sorted([*known, *_ALSO.get(path, [])])) for path, known in _PATHS for method in _METHODS]
        for path, method, known in (one for one in asked if one[1] not in one[2]):
            answer = await client.request(method, filled(path))
            plain = path.startswith("/mailpit/")  # whose answers are Mailpit's
            kind = "text/plain; charset=utf-8" if plain else "application/problem+json"
            assert (answer.status_code, answer.headers["content-type"]) == (405, kind), (method, path)
            told = answer.headers["allow"].split(", ")
            assert sorted(set(told) - {"HEAD"}) == known
            assert plain or f"what is: {answer.headers['allow']}" in answer.json()["detail"]


async def test_what_is_no_address_names_no_mailbox(simulator: Simulator) -> None:
    answer = await Person(simulator, "doctor").rest("GET", "/mailboxes/tilleuls")
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2].rpartition(":")[2]) == (404, "not-found"), answer.text


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PUT", "/healthz", "GET, HEAD"),
        ("POST", "/docs-files/swagger-ui.css", "GET, HEAD"),
        ("PUT", "/auth", "GET, HEAD, POST"),
        ("DELETE", "/control/psc/personas", "GET, POST"),
        ("POST", "/docs", "GET"),
    ],
)
async def test_405_outside_the_document_names_all_methods_too(simulator: Simulator, method: str, path: str, allow: str) -> None:
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        answer = await client.request(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allow)


def _routes(router: Any) -> list[Any]:
    """The routes in the order in which they are tried; a router that is part of another one is opened."""
    found: list[Any] = []
    for one in router.routes:
        inner = getattr(one, "effective_candidates", None)
        found += inner() if inner else [one]
    return found


def _answering(method: str, path: str) -> str:
    """The path, as the document writes it, of the route that a request goes to."""
    scope = {"type": "http", "path": path, "root_path": "", "method": method.upper(), "headers": []}
    found: str = next(route.path_format for route in _routes(built()) if route.matches(scope)[0] is Match.FULL)
    return found


def test_no_route_hides_another() -> None:
    assert [(method, path) for method, path, _ in operations() if _answering(method, filled(path)) != path] == []


def test_a_fixed_step_takes_no_value_of_a_parameter_away() -> None:
    """Where a fixed path and one with a parameter meet, the fixed step is no value that the parameter could have."""
    fixed = {(method, path) for method, path, _ in operations() if not path.endswith("}")}
    meeting = set()
    for method, path, _ in operations():
        if path.endswith("}"):
            before = path[: path.rindex("{")]
            meeting |= {other for known, other in fixed if known == method and other.startswith(before) and "/" not in other[len(before) :]}
    serials_are_hexadecimal = {"/control/certificates/behaviour", "/control/certificates/fetches"}
    ids_begin_with_a_digit = {
        *("/control/faults/presets", "/control/evidence/clients", "/control/evidence/clients.csv"),
        *("/control/scenarios/recording", "/control/scenarios/stories"),
    }
    assert meeting - {"/api/v1/mailboxes/{address}/"} == serials_are_hexadecimal | ids_begin_with_a_digit


async def test_a_name_with_a_slash_was_swallowed_by_the_path(simulator: Simulator) -> None:
    name = "Clinique 1/2"
    new = {"name": name, "domains": ["clinique-lac.sim.mssante.fr"]}
    assert (await control(simulator, "POST", "/operators", json=new)).status_code == 201
    answer = await control(simulator, "PATCH", f"/operators/{quote(name, safe='')}", json={"message_size_bytes_max": 1_000_000})
    assert (answer.status_code, answer.json()["message_size_bytes_max"]) == (200, 1_000_000)


async def test_a_path_that_does_not_exist_says_where_to_look(simulator: Simulator) -> None:
    answer = await Person(simulator, "doctor").rest("GET", "/nowhere")
    assert (answer.status_code, answer.json()["detail"]) == (404, "There is nothing at /api/v1/nowhere; /docs shows what there is.")
