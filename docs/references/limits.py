"""Write limits.md beside this file: how long, how many and how large what a client sends may be, and what a setting may be.

`make references` runs it; `tests/house/test_limits.py` holds the page against the code, so that no limit moves unseen.
"""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mss_sim.app import http_application
from mss_sim.config.settings import FIELDS, Settings, in_force

_HERE = Path(__file__).resolve().parent
_ANY_LENGTH = 100_000_000
"""The limit of a text that only the size of its body limits."""
_INSIDE = ("anyOf", "oneOf", "allOf", "items", "schema", "additionalProperties")
_HEAD = """# Limits

Written by `make references` from the code; do not edit it. What is sent beyond a limit is refused with 422, and the field is named. Limits
that are settings, of sizes of messages and the like, are in the last table; what a text may hold besides stands in `/openapi.json`.
"""


def page() -> str:
    """The page."""
    document = http_application.of_no_world().openapi()
    fields = sorted(set(_fields(document)))
    parts = [_HEAD, "## Fields of bodies\n", "| body | field | limit |\n|---|---|---|"]
    parts += [f"| `{body}` | `{field}` | {limit} |" for body, field, limit in fields]
    parts += ["\n## Parameters\n", "| parameter | limit | of |\n|---|---|---|"]
    by_limit: dict[tuple[str, str], set[str]] = defaultdict(set)
    for name, limit, route in _parameters(document):
        by_limit[name, limit].add(route)
    parts += [f"| `{name}` | {limit} | {', '.join(f'`{one}`' for one in sorted(of))} |" for (name, limit), of in sorted(by_limit.items())]
    parts += ["\n## Settings\n", "| setting | default | limit |\n|---|---|---|"]
    parts += [f"| `{name}` | `{default}` | {limit} |" for name, default, limit in _settings()]
    return "\n".join(parts) + "\n"


def _fields(document: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    for name, schema in document["components"]["schemas"].items():
        yield from ((name, field, limit) for field, limit in _limited(schema, ""))


def _limited(schema: Any, field: str) -> Iterator[tuple[str, str]]:
    """The fields of a schema that have limits, each with them; those of what lies in it too."""
    if isinstance(schema, list):
        for one in schema:
            yield from _limited(one, field)
    if not isinstance(schema, dict):
        return
    limit = _words(schema)
    if limit and field:
        yield field, limit
    for name, inner in schema.get("properties", {}).items():
        yield from _limited(inner, f"{field}.{name}" if field else name)
    for name in _INSIDE:
        yield from _limited(schema.get(name), field)


def _parameters(document: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for one in operation.get("parameters", ()):
                schema = one["schema"]
                limits = [_words(part) for part in (schema, *schema.get("anyOf", ())) if _words(part)]
                default = schema.get("default")
                told = [f"{default} unless given"] if isinstance(default, int) and not isinstance(default, bool) else []
                if limits or told:
                    yield one["name"], "; ".join([*limits, *told]), f"{method.upper()} {path}"


def _words(schema: dict[str, Any]) -> str:
    """The limits of a schema, itself, in words; empty where it has none."""
    found = []
    for what, least, most in (("characters", "minLength", "maxLength"), ("items", "minItems", "maxItems"), ("", "minimum", "maximum")):
        below, above = schema.get(least, schema.get("exclusiveMinimum") if not what else None), schema.get(most)
        if above == _ANY_LENGTH:
            above = None
        begins = "above" if not what and "exclusiveMinimum" in schema else "at least"
        if below is not None and above is not None:
            found.append(f"{'above ' if begins == 'above' else ''}{_number(below)} to {_number(above)} {what}".rstrip())
        elif above is not None:
            found.append(f"at most {_number(above)} {what}".rstrip())
        elif below is not None:
            found.append(f"{begins} {_number(below)} {what}".rstrip())
    return "; ".join(found)


def _number(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:g}"


def _settings() -> Iterator[tuple[str, str, str]]:
    usual = dict(in_force(Settings.model_construct()))
    for name, field in sorted(FIELDS.items()):
        limits = [f"{word} {_number(bound)}" for one in field.metadata for word, bound in _bounds(one)]
        if limits:
            yield name, str(usual[name]), ", ".join(limits)


def _bounds(one: object) -> Iterator[tuple[str, float]]:
    for name, word in (("ge", "at least"), ("gt", "above"), ("le", "at most"), ("lt", "below")):
        bound = getattr(one, name, None)
        if bound is not None:
            yield word, bound
    for name, word in (("min_length", "at least"), ("max_length", "at most")):
        length = getattr(one, name, None)
        if length is not None:
            yield f"length {word}", length


if __name__ == "__main__":
    (_HERE / "limits.md").write_text(page(), encoding="utf-8")
