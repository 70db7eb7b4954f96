"""A search, read: the parameters of a URL or of a form into conditions. Texts of refusals are those of the national server, in our words.

| written                         | read                                                                                     |
|---------------------------------|------------------------------------------------------------------------------------------|
| `family=martin,durand`          | one condition of which any value is enough; a comma cannot be escaped                     |
| `family=martin&given=jean`      | two conditions, both to hold; the same name twice likewise                                |
| `family:contains=art`           | a modifier; one that is not known counts as none for strings, and is refused for the rest |
| `identifier=system\\|value`      | a token; `system\\|` any value of it, a bare value in any system                           |
| `organization.name=ormes`       | a chain of one level, over `organization` and `practitioner`                              |

Patterns are never compiled: every value is a text that is compared.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mss_sim.errors import Refusal, Rule
from mss_sim.fhir.dates import NoDate, Stretch, read_date
from mss_sim.fhir.parameters import CHAINS, INCLUDES, PARAMETERS, REVINCLUDES, Kind
from mss_sim.vocabulary.directory import ResourceType
from mss_sim.words.sentence import Sentence, say

REFERENCE = "quirks#directory-errors"
PARAMETERS_MAX, VALUES_MAX, CHARS_MAX = 100, 200, 8_000
_MODIFIERS = {Kind.STRING: ("contains", "exact"), Kind.TOKEN: ("not",)}
_FORMATS = ("json", "application/json", "application/fhir+json", "application/json+fhir")
_TOTALS = ("none", "estimate", "accurate")
_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Token:
    """A code, and the system that it is of; None: any."""

    system: str | None
    code: str | None


@dataclass(frozen=True, slots=True)
class Reference:
    """What is referred to: an id, and its type where one is named."""

    type: str | None
    id: str


Value = str | Token | Stretch | Reference


@dataclass(frozen=True, slots=True)
class Condition:
    """Any of the values is enough. `modifier`: empty for none. `of`: whose parameter it is; `chained`: along which reference."""

    of: ResourceType
    name: str
    modifier: str
    values: tuple[Value, ...]
    chained: str = ""


@dataclass(frozen=True, slots=True)
class Query:
    """A search. `count` is None where none is asked for; `includes` and `revincludes` name parameters of references."""

    type: ResourceType
    conditions: tuple[Condition, ...] = ()
    count: int | None = None
    total: str = ""
    elements: tuple[str, ...] = ()
    includes: frozenset[str] = frozenset()
    revincludes: frozenset[str] = frozenset()
    pretty: bool = False
    pairs: tuple[tuple[str, str], ...] = field(default=(), compare=False)

    @property
    def is_chained(self) -> bool:
        """Whether a parameter is one of another resource."""
        return any(one.chained for one in self.conditions)


@dataclass(frozen=True, slots=True)
class Habits:
    """What the national server does otherwise than its guide says.

    `chained_alone`: a search with a chained parameter forgets all others. `misses_domains`: `mailbox-mss:contains` finds nothing by a
    domain below the national one (ref: quirks#directory-contains).
    """

    chained_alone: bool = False
    misses_domains: bool = False


_AS_WRITTEN = Habits()


def read_query(type_: ResourceType, pairs: Sequence[tuple[str, str]], habits: Habits = _AS_WRITTEN) -> Query:
    """A search for a type of resources; Refusal(INVALID) for what cannot be read."""
    if len(pairs) > PARAMETERS_MAX or sum(len(name) + len(value) for name, value in pairs) > CHARS_MAX:
        detail = say(
            "A search has at most {count} parameters of {chars} characters together; ask several times.",
            count=PARAMETERS_MAX,
            chars=CHARS_MAX,
        )
        raise _refused(detail)
    if habits.chained_alone and any("." in name for name, _ in pairs):
        pairs = [(name, value) for name, value in pairs if "." in name]
    controls = [(name, value) for name, value in pairs if name.partition(":")[0] in _CONTROLS]
    conditions = [_condition(type_, name, value) for name, value in pairs if name.partition(":")[0] not in _CONTROLS]
    asked = tuple(_seen_by(habits, one) for one in conditions if one)
    return Query(type_, asked, pairs=tuple(pairs), **_controls(type_, controls))


def _seen_by(habits: Habits, condition: Condition) -> Condition:
    """The condition with the values that the server looks for; one of which it looks for none finds nothing."""
    if not habits.misses_domains or (condition.name, condition.modifier) != ("mailbox-mss", "contains"):
        return condition
    return replace(condition, values=tuple(one for one in condition.values if not _DOMAIN_BELOW.fullmatch(str(one))))


_DOMAIN_BELOW = re.compile(r"[^@\s]{1,255}\.mssante\.fr", re.IGNORECASE)
_CONTROLS = frozenset({"_count", "_pretty", "_format", "_total", "_include", "_revinclude", "_elements"})


def _controls(type_: ResourceType, pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    given = dict(pairs)
    total = given.get("_total", "")
    if total and total not in _TOTALS:
        raise _bad_value("_total", total, say("none, estimate or accurate"))
    if given.get("_format", "json") not in _FORMATS:
        raise _bad_value("_format", given["_format"], say("json"))
    if given.get("_pretty", "true") not in ("true", "false"):
        raise _bad_value("_pretty", given["_pretty"], say("true or false"))
    names = [value for name, value in pairs if name == "_elements"]
    return {
        "count": _count(given["_count"]) if "_count" in given else None,
        "total": total,
        "elements": tuple(one.strip() for text in names for one in text.split(",") if one.strip()),
        "includes": _included(type_, [value for name, value in pairs if name.partition(":")[0] == "_include"]),
        "revincludes": _included_back(type_, [value for name, value in pairs if name.partition(":")[0] == "_revinclude"]),
        "pretty": given.get("_pretty") == "true",
    }


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise _bad_value("_count", text, say("a number from 0 on"))
    return int(text)


def _included(type_: ResourceType, texts: Sequence[str]) -> frozenset[str]:
    found: set[str] = set()
    for text in texts:
        own, _, name = text.partition(":")
        name = name.partition(":")[0]
        if text == "*" or (own == type_ and name == "*"):
            found.update(INCLUDES[type_])
        elif own == type_ and name in INCLUDES[type_]:
            found.add(name)
        else:
            raise _unknown_include("_include", type_, text, [f"{type_}:{name}" for name in INCLUDES[type_]])
    return frozenset(found)


def _included_back(type_: ResourceType, texts: Sequence[str]) -> frozenset[str]:
    known = REVINCLUDES[type_]
    for text in texts:
        if text not in (*known, "*"):
            raise _unknown_include("_revinclude", type_, text, known)
    return frozenset(known if "*" in texts else texts)


def _unknown_include(control: str, type_: ResourceType, text: str, known: Sequence[str]) -> Refusal:
    allowed = say("known here: {known}", known=", ".join(known)) if known else say("none is known here")
    detail = say(
        "Parameter {name} not found for resource {type}: {control} cannot follow it; {allowed}.",
        name=text[:_SHOWN],
        type=type_,
        control=control,
        allowed=allowed,
    )
    return _refused(detail, text)


def _condition(type_: ResourceType, written: str, text: str) -> Condition | None:
    """A condition; None for a value that is empty, which asks for nothing."""
    name, _, modifier = written.partition(":")
    of, chained = type_, ""
    if "." in name:
        chained, _, rest = name.partition(".")
        if chained not in CHAINS or PARAMETERS[type_].get(chained) is not Kind.REFERENCE or "." in rest:
            raise _unknown(type_, name)
        of, name = CHAINS[chained], rest
    kind = PARAMETERS[of].get(name)
    if kind is None:
        raise _unknown(of, name)
    known = _MODIFIERS.get(kind, ())
    if modifier and modifier not in known:
        if kind is not Kind.STRING:
            allowed = say("known here: {known}", known=", ".join(known)) if known else say("none is known here")
            detail = say("Parameter {name} has no modifier {modifier}; {allowed}.", name=name, modifier=modifier[:_SHOWN], allowed=allowed)
            raise _refused(detail, modifier)
        modifier = ""
    values = [one for one in text.split(",") if one]
    if len(values) > VALUES_MAX:
        raise _refused(say("Parameter {name} has over {most} values; ask several times.", name=name, most=VALUES_MAX), name)
    return Condition(of, name, modifier, tuple(_value(kind, name, one) for one in values), chained) if values else None


def _value(kind: Kind, name: str, text: str) -> Value:
    if "\x00" in text:
        raise _bad_value(name, text, say("a text without control characters"))
    match kind:
        case Kind.STRING:
            return text
        case Kind.TOKEN:
            system, bar, code = text.partition("|")
            return Token(system or None, code or None) if bar else Token(None, text)
        case Kind.REFERENCE:
            type_, _, id_ = text.rpartition("/")
            return Reference(type_.rpartition("/")[2] or None, id_)
        case Kind.DATE:
            try:
                return read_date(text)
            except NoDate as error:
                raise _bad_value(name, text, say("a date such as ge2026-01-05")) from error


def _unknown(type_: ResourceType, name: str) -> Refusal:
    known = ", ".join(sorted(PARAMETERS[type_]))
    detail = say("Parameter {name} not found for resource {type}; known are {known}.", name=name[:_SHOWN], type=type_, known=known)
    return _refused(detail, name)


def _bad_value(name: str, value: str, wanted: Sentence) -> Refusal:
    detail = say("Parameter {name} cannot be {value!r}: {wanted} is expected.", name=name, value=value[:_SHOWN], wanted=wanted)
    return _refused(detail, name)


def _refused(detail: Sentence, subject: str | None = None) -> Refusal:
    return Refusal(Rule.INVALID, detail, subject=subject[:_SHOWN] if subject else None, reference=REFERENCE)
