"""The routes of the HTTP front ends: unknown query parameters are refused, and what a route asks for is laid out when it is declared.

FastAPI walks the tree of dependencies and looks at the type of each parameter again for every request, which takes longer than most
verbs of the core. Here a route that reads (GET) becomes a list of steps, in FastAPI's order, each run once a request. Values are
validated by the fields that FastAPI made of the signature, which OpenAPI shows. A route that changes something is FastAPI's own.

Dependencies stand on a route or on its router; one given to `include_router` would not be seen here, so that no router is included.
"""

import inspect
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any
from urllib.parse import parse_qsl

from fastapi import Request
from fastapi._compat import ModelField, is_scalar_field
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import request_params_to_args
from fastapi.exceptions import RequestValidationError
from fastapi.params import Depends
from fastapi.routing import APIRoute, APIRouter
from starlette.responses import Response
from starlette.routing import Match, request_response
from starlette.types import Scope

from mss_sim.errors import Refusal, Rule
from mss_sim.http.answers import Answers
from mss_sim.words.sentence import say

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class StrictRoute(APIRoute):
    """A route that refuses a misspelt query parameter, which would silently select everything, and reads the others by a plan."""

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        self._begins, self._ends = self.path.partition("{")[0], self.path.rpartition("}")[2]
        self._steps = None if ":path}" in self.path else self.path.count("/")
        if self.methods == {"GET"}:
            self.app = request_response(self.get_route_handler())  # without FastAPI's stacks: nothing in a plan is to be closed

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """As FastAPI has it; most paths are told apart by how they begin and end, which takes less than an expression."""
        path = scope.get("path", "")
        if path.endswith(self._ends) and path.startswith(self._begins) and self._steps in (None, path.count("/")):
            return super().matches(scope)
        return super().matches(scope) if scope.get("root_path") else (Match.NONE, {})

    def get_route_handler(self) -> Handler:
        """What answers a request; TypeError for a route that reads and cannot be planned."""
        known = _query_names(self.dependant)
        if self.methods == {"GET"}:
            plan = _Plan(self.dependant)

            async def read(request: Request) -> Response:
                return await plan.answer(request, _query(request, known))

            return read
        change = super().get_route_handler()

        async def handle(request: Request) -> Response:
            _query(request, known)
            return await change(request)

        return handle


def strict_router(*, prefix: str, tags: Sequence[str | Enum], responses: Answers, dependencies: Sequence[Depends] = ()) -> APIRouter:
    """A router of such routes; `dependencies` are run before each of them."""
    return APIRouter(
        route_class=StrictRoute,
        default_response_class=Response,
        prefix=prefix,
        tags=list(tags),
        responses=responses,
        dependencies=list(dependencies),
    )


def _query_names(dependant: Dependant) -> frozenset[str]:
    below = (_query_names(one) for one in dependant.dependencies)
    return frozenset(field.alias for field in dependant.query_params).union(*below)


def _query(request: Request, known: frozenset[str]) -> dict[str, str]:
    """The parameters of a query, the last of each name, as the framework takes them; Refusal for one that is not known."""
    text = request.scope["query_string"]
    query = dict(parse_qsl(text.decode("latin-1"), keep_blank_values=True)) if text else {}
    if not query.keys() <= known:
        unknown = sorted(query.keys() - known)
        allowed = say("known here: {known}", known=", ".join(sorted(known))) if known else say("none is known here")
        text = say("Unknown query parameter {unknown!r}; {allowed}.", unknown=unknown[0][:40], allowed=allowed)
        raise Refusal(Rule.INVALID, text, subject=unknown[0][:40])
    return query


class _Parameter:
    """One value of a path or a query. `missing`: by its name, the value that stands for it where it is missing; else what is wrong then."""

    def __init__(self, field: ModelField) -> None:
        if not is_scalar_field(field):
            raise TypeError(f"The parameter {field.name} is not one plain value; only those are planned.")
        self.name = field.name
        self.missing, self._faults = request_params_to_args([field], {})
        self._field = field
        self._where = (str(field.field_info.in_.value), field.alias)  # type: ignore[attr-defined]  # a parameter says where it stands

    def read(self, text: str | None, values: dict[str, Any], faults: list[Any]) -> None:
        """Put the value among `values`, or what is wrong with it among `faults`."""
        value, wrong = (None, self._faults) if text is None else self._field.validate(text, {}, loc=self._where)
        if wrong:
            faults += wrong
        else:
            values[self.name] = value


@dataclass(frozen=True, slots=True)
class _Step:
    """One call: a dependency, or the route itself as the last one. `results`: which steps give which arguments.

    Parameters are named as clients name them. `missing`: the values of a query without any.
    """

    call: Callable[..., Awaitable[Any]]
    request: tuple[str, ...]
    path: tuple[tuple[str, _Parameter], ...]
    query: dict[str, _Parameter]
    missing: dict[str, Any]
    required: tuple[str, ...]
    results: tuple[tuple[str, int], ...]
    after: tuple[int, ...]


class _Plan:
    """The steps of one route that reads."""

    def __init__(self, dependant: Dependant) -> None:
        self._steps: list[_Step] = []
        self._places: dict[Any, int] = {}
        self._add(dependant)
        returned = inspect.signature(self._steps[-1].call, eval_str=True).return_annotation
        if not (inspect.isclass(returned) and issubclass(returned, Response)):
            raise TypeError(f"{dependant.call} does not say that it returns a Response; a planned route does.")

    def _add(self, dependant: Dependant) -> int:
        """Add a call with all that it depends on; its place. One that is there already is not called twice."""
        call: Any = dependant.call
        place: int | None = self._places.get(call)
        if place is not None:
            return place
        below = [(one.name, self._add(one)) for one in dependant.dependencies]
        coroutine = inspect.iscoroutinefunction(call) or inspect.iscoroutinefunction(getattr(call, "__call__", None))  # noqa: B004
        others = (dependant.header_params, dependant.cookie_params, dependant.body_params, dependant.background_tasks_param_name)
        if not coroutine or any(others) or dependant.response_param_name or dependant.security_scopes_param_name:
            raise TypeError(f"{call} is not planned: write a coroutine that takes path, query, request and other dependencies.")
        query = {field.alias: _Parameter(field) for field in dependant.query_params}
        missing = {name: value for one in query.values() for name, value in one.missing.items()}
        self._steps.append(
            _Step(
                call,
                tuple(name for name in (dependant.request_param_name, dependant.http_connection_param_name) if name),
                tuple((field.alias, _Parameter(field)) for field in dependant.path_params),
                query,
                missing,
                tuple(alias for alias, one in query.items() if one.name not in missing),
                tuple((name, at) for name, at in below if name),
                tuple(at for _, at in below),
            )
        )
        self._places[call] = len(self._steps) - 1
        return self._places[call]

    async def answer(self, request: Request, query: Mapping[str, str]) -> Response:
        """What the route returns; RequestValidationError with all that is wrong, each fault once, when all that could run has run."""
        path = request.path_params
        results: list[Any] = []
        faults: list[Any] = []
        faulty: set[int] = set()
        last = self._steps[-1]
        for step in self._steps:
            before = len(faults)
            values = step.missing.copy()
            for name, at in step.results:
                values[name] = results[at]
            for name in step.request:
                values[name] = request
            for alias, parameter in step.path:
                parameter.read(path[alias], values, faults)
            for alias, parameter in step.query.items():
                if alias in query or alias in step.required:
                    parameter.read(query.get(alias), values, faults)
            if faults and (step is last or len(faults) > before or not faulty.isdisjoint(step.after)):
                faulty.add(len(results))
                results.append(None)
            else:
                results.append(await step.call(**values))
        if faults:
            raise RequestValidationError(faults)
        response: Response = results[-1]
        return response
