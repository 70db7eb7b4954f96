"""The OpenAPI document beside the answers: what a route answers must be among what it declares, and of the shape that it declares."""

import re
from copy import deepcopy
from functools import cache
from typing import Any, Literal, get_args

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError

from mss_sim.app import http_application

_WITH_SLASHES = ("idnat", "client_id", "text", "name")
"""Parameters that take the rest of a path."""
_METHODS = ("get", "post", "put", "patch", "delete")


@cache
def built() -> FastAPI:
    """The application of no world: its routes, and what it says of itself."""
    return http_application.of_no_world()


@cache
def document() -> dict[str, Any]:
    """The document, with every answer in full where it is given; it is the same in every world."""
    told = deepcopy(built().openapi())
    for path in told["paths"].values():
        for operation in path.values():
            for status, answer in operation["responses"].items():
                if "$ref" in answer:
                    operation["responses"][status] = told["components"]["responses"][answer["$ref"].rpartition("/")[2]]
    return told


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    """(method, path, operation) of everything in the document."""
    return [(method, path, one) for path, item in document()["paths"].items() for method, one in item.items() if method in _METHODS]


def answers() -> list[Any]:
    """The model and the example of every answer in JSON that has a model, by its route and status."""
    found = []
    for route in (one for one in built().routes if isinstance(one, APIRoute)):
        for method in sorted(route.methods or ()):
            declared = document()["paths"].get(route.path_format, {}).get(method.lower(), {}).get("responses", {})
            for status, answer in route.responses.items():
                shown = declared.get(str(status), {}).get("content", {}).get("application/json", {})
                if "model" in answer and "example" in shown:
                    found.append(pytest.param(answer["model"], shown["example"], id=f"{method} {route.path_format} {status}"))
    return found


@cache
def _patterns() -> list[tuple[str, re.Pattern[str], dict[str, Any]]]:
    def pattern(path: str) -> str:
        return re.sub(r"\\{(\w+)\\}", lambda name: ".*" if name[1] in _WITH_SLASHES else "[^/]+", re.escape(path))

    return [(method.upper(), re.compile(pattern(path), re.DOTALL), one) for method, path, one in operations()]


@cache
def _models() -> dict[tuple[str, str], Any]:
    """The model of an answer, by the id of its operation and its status."""
    found: dict[tuple[str, str], Any] = {}
    for route in (one for one in built().routes if isinstance(one, APIRoute)):
        for method in route.methods or ():
            declared = document()["paths"].get(route.path_format, {}).get(method.lower(), {})
            found |= {
                (declared.get("operationId", ""), str(status)): one["model"] for status, one in route.responses.items() if "model" in one
            }
    return found


@cache
def _shape(operation_id: str, status: str) -> tuple[TypeAdapter[Any], Literal["forbid"] | None] | None:
    """What reads an answer, and whether fields that are not declared are forbidden: a model may say itself that it takes any."""
    model = _models().get((operation_id, status))
    if model is None:
        return None
    takes_any = any(getattr(one, "model_config", {}).get("extra") == "allow" for one in (model, *get_args(model)))
    return TypeAdapter(model), None if takes_any else "forbid"


def misshapen(answer: httpx.Response, operation: dict[str, Any]) -> str | None:
    """What of an answer in JSON is not of the shape that its operation declares; None where all is, with no field besides."""
    shape = _shape(operation["operationId"], str(answer.status_code))
    if shape is None or answer.headers.get("content-type") != "application/json":
        return None
    try:
        shape[0].validate_json(answer.content, extra=shape[1])
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}, not {str(first['input'])[:100]}"
    return None


def complaint(answer: httpx.Response) -> str | None:
    """Why an answer is not one that its route declares; None when it is, or when there is no such route."""
    method, path = answer.request.method, answer.request.url.path
    operation = next((one for known, pattern, one in _patterns() if known == method and pattern.fullmatch(path)), None)
    if operation is None:
        return None
    shown = operation["responses"].get(str(answer.status_code))
    if "x-fault" in answer.headers:  # whatever a rule has it answer
        return None
    if shown is None:
        return f"{method} {path} answers {answer.status_code}, which it does not declare"
    media_type = answer.headers.get("content-type", "").partition(";")[0]
    if (media_type or "content" in shown) and not {media_type, "*/*"} & shown.get("content", {}).keys():
        return f"{method} {path} answers {answer.status_code} as {media_type}, which it does not declare"
    codes = shown.get("content", {}).get("application/problem+json", {}).get("examples", {})
    if codes and answer.json().get("code", "media-type") not in codes:
        return f"{method} {path} answers {answer.json()['code']}, which it does not declare"
    wrong = misshapen(answer, operation)
    return None if wrong is None else f"{method} {path} answers {answer.status_code} in another shape than it declares: {wrong}"
