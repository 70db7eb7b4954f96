"""What the routes of this door have in common: who is admitted, what they may refuse, the plain `ok`."""

from typing import Any

from fastapi import APIRouter, Depends
from starlette.responses import PlainTextResponse, Response

from mss_sim.errors import Rule
from mss_sim.http.answers import Answers, refusing_plainly
from mss_sim.http.control import require_inspector
from mss_sim.http.problems import PLAIN
from mss_sim.http.routes import strict_router

RULES = (
    *(Rule.HOST_UNKNOWN, Rule.TOO_LARGE, Rule.AUTHENTICATION_REQUIRED, Rule.AUTHENTICATION_FAILED, Rule.CONTROL_FORBIDDEN),
    *(Rule.INVALID, Rule.LIMIT_REACHED, Rule.STORE_UNAVAILABLE),
)
OK: dict[str, Any] = {"content": {"text/plain": {"schema": {"type": "string"}, "example": "ok"}}}


def router() -> APIRouter:
    """A router of this door."""
    return strict_router(
        prefix=f"{PLAIN}api/v1",
        tags=["Mailpit"],
        dependencies=[Depends(require_inspector)],
        responses=refusing_plainly(*RULES),
    )


def may_be_missing() -> Answers:
    """The refusals of a route about one letter."""
    return refusing_plainly(Rule.NOT_FOUND)


def ok() -> Response:
    """What Mailpit says of a change that was made."""
    return PlainTextResponse("ok")
