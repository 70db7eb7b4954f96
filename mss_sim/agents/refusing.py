"""What an agent is told when a tool does not do what it was asked: in words, and by parts."""

from collections.abc import Collection, Mapping
from http import HTTPStatus
from http.client import HTTPException
from typing import Any

from mcp.types import CallToolResult, TextContent
from pydantic import ValidationError

from mss_sim.errors import Rule
from mss_sim.testing.asking import RestRefused

_INVALID, _MISSING = Rule.INVALID.value, Rule.NOT_FOUND.value
_NOBODY = "no-simulator"
_DEFECT = "defect"
_UNNAMED: dict[int, str] = {HTTPStatus.NOT_FOUND: _MISSING}
"""What no rule refuses, by its status: a path that a strange id makes."""
_NAME_MAX, _NAMES_MAX = 40, 5


def refused(error: BaseException | None) -> CallToolResult | None:
    """The tool error of something that an agent can mend or must know; None for a defect of ours."""
    if isinstance(error, RestRefused):
        return _result(_of_problem(error.status, error.problem))
    if isinstance(error, ValidationError):
        return _result(_of(_INVALID, "; ".join(_fault(one) for one in error.errors(include_url=False, include_input=False))))
    if isinstance(error, LookupError):
        return _result(_of(_MISSING, str(error.args[0]) if error.args else "there is no such thing"))
    if isinstance(error, OSError | HTTPException):
        detail = str(error) or type(error).__name__
        return _result(_of(_NOBODY, f"the simulator does not answer: {detail}. Is it running? mss-sim run starts one"))
    return _result(_of(_INVALID, str(error))) if isinstance(error, ValueError) else None


def unknown(tool: str, given: Mapping[str, Any], tools: Mapping[str, Collection[str]]) -> CallToolResult | None:
    """The tool error of a tool that there is not, or of arguments that it does not have: they would be passed over. None otherwise."""
    if tool not in tools:
        return _result(_of(_MISSING, f"there is no tool {tool[:_NAME_MAX]!r}; there are {', '.join(tools)}"))
    found = sorted(given.keys() - set(tools[tool]))
    if not found:
        return None
    names = ", ".join(repr(name[:_NAME_MAX]) for name in found[:_NAMES_MAX])
    return _result(_of(_INVALID, f"{tool} has no argument {names}; it takes {', '.join(tools[tool]) or 'none'}"))


def _of(rule: str, detail: str) -> dict[str, Any]:
    return {"rule": rule, "detail": detail, "reference": None}


def _of_problem(status: int, problem: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of a problem document: each refused recipient and each wrong field with its own."""
    rule = problem.get("code") or _UNNAMED.get(status, _INVALID if status < HTTPStatus.INTERNAL_SERVER_ERROR else _DEFECT)
    told = {"rule": rule, "detail": problem.get("detail", ""), "reference": problem.get("reference"), "status": status}
    recipients = [
        {"address": one["address"], "rule": one["code"], "detail": one["detail"], "reference": one["reference"]}
        for one in problem.get("recipients", ())
    ]
    more = {"subject": problem.get("subject"), "recipients": recipients, "errors": problem.get("errors")}
    return told | {name: value for name, value in more.items() if value}


def _fault(one: Mapping[str, Any]) -> str:
    where = ".".join(str(step) for step in one["loc"])
    return f"{where}: {one['msg'][:1].lower()}{one['msg'][1:]}" if where else str(one["msg"])


def _result(told: dict[str, Any]) -> CallToolResult:
    """A tool error: the sentence first, then the rule that refused and where it comes from; the same by parts for programs."""
    lines = [told["detail"], f"rule: {told['rule']}"]
    lines += [f"reference: {told['reference']}"] if told["reference"] else []
    lines += [f"{one['address']}: {one['detail']} (rule: {one['rule']})" for one in told.get("recipients", ())]
    return CallToolResult(content=[TextContent(type="text", text="\n".join(lines))], structured_content=told, is_error=True)
