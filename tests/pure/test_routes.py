"""A planned route answers as FastAPI's own would, to requests of every kind; and what cannot be planned is told at once."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, Header, Query, Request
from fastapi.exceptions import RequestValidationError
from starlette.responses import JSONResponse, Response

import mss_sim
from mss_sim.errors import Refusal, Rule
from mss_sim.http.routes import StrictRoute, strict_router
from mss_sim.words.sentence import quoted


async def _page(limit: Annotated[int, Query(ge=1, le=200)] = 50, cursor: str | None = None) -> tuple[int, str | None]:
    return limit, cursor


async def _who(request: Request, page: Annotated[Any, Depends(_page)]) -> list[Any]:
    if "anonymous" in request.headers:
        raise Refusal(Rule.AUTHENTICATION_REQUIRED, quoted("who?"))
    return [request.url.path, page]


async def _count(request: Request) -> int:
    request.state.counted = getattr(request.state, "counted", 0) + 1
    return int(request.state.counted)


async def _show(
    count: Annotated[int, Depends(_count)],
    again: Annotated[int, Depends(_count)],
    who: Annotated[list[Any], Depends(_who)],
    page: Annotated[Any, Depends(_page)],
    address: str,
    number: int,
    from_: Annotated[str | None, Query(alias="from")] = None,
    since: datetime | None = None,
    unread: bool | None = None,
) -> Response:
    return JSONResponse([count, again, who, page, address, number, from_, str(since), unread])


async def _needs(wanted: Annotated[int, Query()], other: int = 3) -> Response:
    return JSONResponse([wanted, other])


def _app(router: APIRouter) -> httpx.AsyncClient:
    router.add_api_route("/boxes/{address}/items/{number}", _show, methods=["GET"])
    router.add_api_route("/boxes/{address:path}/last", _needs, methods=["GET"])
    router.add_api_route("/needs", _needs, methods=["GET"])
    app = FastAPI()
    app.router.routes.extend(router.routes)

    async def invalid(_request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        told = [[one["type"], list(one["loc"]), one["msg"]] for one in error.errors()]  # FastAPI repeats those of a dependency used twice
        return JSONResponse([one for at, one in enumerate(told) if one not in told[:at]], status_code=422)

    async def refused(_request: Request, error: Exception) -> Response:
        assert isinstance(error, Refusal)
        return JSONResponse(error.detail, status_code=401)

    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(Refusal, refused)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost")


_REQUESTS = [
    "/boxes/a@b.fr/items/5",
    "/boxes/a%20b/items/5?limit=7&cursor=x&from=z",
    "/boxes/a/items/5?limit=7&limit=8",
    "/boxes/a/items/5?limit=",
    "/boxes/a/items/5?limit=0",
    "/boxes/a/items/x?limit=999&unread=perhaps&since=never",
    "/boxes/a/items/5?since=2026-01-05T08:00:00Z&unread=true&from=",
    "/needs",
    "/needs?wanted=1",
    "/needs?other=1",
    "/needs?wanted=x&other=y",
    "/boxes/a/b/c/last?wanted=2",
    "/boxes/a/items",
    "/boxes/a/items/5/more",
    "/boxes//items/5",
]


@pytest.mark.parametrize("path", _REQUESTS)
@pytest.mark.parametrize("headers", [{}, {"anonymous": "yes"}])
async def test_a_planned_route_answers_as_the_framework_does(path: str, headers: dict[str, str]) -> None:
    routers = APIRouter(), strict_router(prefix="", tags=["x"], responses={})
    answers = []
    for router in routers:
        async with _app(router) as client:
            answer = await client.get(path, headers=headers)
            answers.append((answer.status_code, answer.json()))
    assert answers[0] == answers[1]


@pytest.mark.parametrize("method", ["POST", "DELETE"])
async def test_a_path_is_known_to_another_method_as_the_framework_has_it(method: str) -> None:
    answers = []
    for router in (APIRouter(), strict_router(prefix="", tags=["x"], responses={})):
        async with _app(router) as client:
            answers.append([(await client.request(method, path)).status_code for path in _REQUESTS])
    assert answers[0] == answers[1]


async def test_a_misspelt_parameter_is_refused_with_those_that_are_known() -> None:
    async with _app(strict_router(prefix="", tags=["x"], responses={})) as client:
        answer = await client.get("/needs?wanted=1&othr=2")
        assert answer.json() == "Unknown query parameter 'othr'; known here: other, wanted."


async def test_the_dependencies_of_a_router_are_run_before_each_of_its_routes() -> None:
    async def closed() -> None:
        raise Refusal(Rule.AUTHENTICATION_REQUIRED, quoted("closed"))

    async with _app(strict_router(prefix="", tags=["x"], responses={}, dependencies=[Depends(closed)])) as client:
        assert [(await client.get(path)).json() for path in _REQUESTS[:2]] == ["closed", "closed"]


def _plain() -> Response:
    return Response()


async def _headed(x: Annotated[str, Header()] = "") -> Response:
    return Response(x)


async def _listed(of: Annotated[list[str] | None, Query()] = None) -> Response:
    return Response(str(of))


async def _shapeless() -> dict[str, str]:
    return {}


@pytest.mark.parametrize("endpoint", [_plain, _headed, _listed, _shapeless])
def test_what_cannot_be_planned_is_told_when_it_is_declared(endpoint: Callable[..., Response | Awaitable[object]]) -> None:
    with pytest.raises(TypeError):
        StrictRoute("/x", endpoint, methods=["GET"])
    StrictRoute("/x", endpoint, methods=["DELETE"])


def test_no_router_is_included_for_its_dependencies_would_not_be_run() -> None:
    files = Path(mss_sim.__file__).parent.rglob("*.py")
    assert [file.name for file in files if ".include_router(" in file.read_text("utf-8")] == []
