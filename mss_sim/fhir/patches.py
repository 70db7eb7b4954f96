"""A PATCH, read: FHIR Parameters into operations on mailboxes, and what of it the drafts contradict each other about (ref: ans-ig-mss).

| part of an operation | holds                                                                                  |
|----------------------|----------------------------------------------------------------------------------------|
| `type`               | valueCode: insert, replace, delete                                                     |
| `path`               | valueString: one of the five shapes (`patch_paths`)                                    |
| `index`              | valueInteger, with insert; mailboxes have no order but their rank, so it is not kept   |
| `value`              | what the path takes: valueContactPoint, valueBoolean, valueString, valueInteger        |

What the drafts write in several ways is taken in each of them, and reported; what no draft has is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from mss_sim.errors import Rule
from mss_sim.fhir.patch_paths import REFERENCE, Target, Unreadable, read_path
from mss_sim.vocabulary.directory import Canonical, MailboxField, PatchType, ResourceType, System
from mss_sim.words.sentence import Sentence, say

TEXT_CHARS_MAX, RANK_MAX = 300, 1_000_000
_EXTENSIONS_MAX = 50
_VALUES = {
    MailboxField.RED_LIST: "valueBoolean",
    MailboxField.DESCRIPTION: "valueString",
    MailboxField.SERVICE: "valueString",
    MailboxField.RESPONSIBLE: "valueString",
    MailboxField.RANK: "valueInteger",
}
_PARTS = {"type": "valueCode", "path": "valueString", "index": "valueInteger"}
_TEXTS = (MailboxField.DESCRIPTION, MailboxField.SERVICE, MailboxField.RESPONSIBLE)
_CODED = ("valueCodeableConcept", "valueCoding", "valueCode")


@dataclass(frozen=True, slots=True)
class ContactPoint:
    """A mailbox as it is written. None is what was left out: of `red_listed` it says nothing, of the others that there is none."""

    address: str
    kind: str | None = None
    rank: int | None = None
    red_listed: bool | None = None
    texts: Mapping[MailboxField, str] = field(default_factory=dict)


Value = ContactPoint | bool | str | int


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: `number` is its place, from 1 on; `value` None: there is none, as with delete."""

    number: int
    type: PatchType
    target: Target
    value: Value | None


@dataclass(frozen=True, slots=True)
class Patch:
    """Operations in their order, and what is to be reported of how they are written."""

    operations: tuple[Operation, ...]
    notes: tuple[Sentence, ...]


def read_patch(type_: ResourceType, body: bytes, most: int) -> Patch:
    """The operations of a body for a resource of that type, at most so many; Unreadable, which names the operation, where there is one."""
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise _unreadable(say("The body is not JSON; send a FHIR Parameters resource.")) from error
    if not isinstance(given, dict) or given.get("resourceType") != "Parameters":
        raise _unreadable(say("The body is not a FHIR Parameters resource; begin it with resourceType Parameters."))
    wanted = given.get("parameter")
    if not isinstance(wanted, list) or not wanted:
        raise _unreadable(say("The Parameters hold no operation: parameter is a list, each with the name operation and its parts."))
    if len(wanted) > most:
        raise _unreadable(say("A PATCH has at most {most} operations, and this one {count}; send several.", most=most, count=len(wanted)))
    reader = _Reader(type_)
    operations = tuple(reader.operation(number, one) for number, one in enumerate(wanted, 1))
    return Patch(operations, tuple(reader.notes))


class _Reader:
    """Reads operations one after another, and notes what is odd, each oddity once for an operation."""

    def __init__(self, type_: ResourceType) -> None:
        self._type = type_
        self._number = 0
        self.notes: list[Sentence] = []

    def operation(self, number: int, given: Any) -> Operation:
        self._number = number
        parts = self._parts(given)
        word = self._part(parts, "type", str)
        if word not in frozenset(PatchType):
            raise self._wrong(say("its type is insert, replace or delete, not {word!r}", word=word[:40]))
        kind, target = PatchType(word), read_path(self._type, self._part(parts, "path", str))
        value = self._value(kind, target, parts.get("value"))
        self._check_index(kind, parts)
        return Operation(number, kind, target, value)

    def _parts(self, given: Any) -> dict[str, dict[str, Any]]:
        if not isinstance(given, dict) or given.get("name") != "operation" or not isinstance(given.get("part"), list):
            raise self._wrong(say("each parameter has the name operation, and its parts in a list"))
        found: dict[str, dict[str, Any]] = {}
        for one in given["part"][:10]:
            name = one.get("name") if isinstance(one, dict) else None
            if name not in (*_PARTS, "value") or name in found:
                raise self._wrong(say("its parts are type, path, index and value, each once"))
            found[name] = one
        if len(given["part"]) > len(found):
            raise self._wrong(say("its parts are type, path, index and value, each once"))
        return found

    def _part(self, parts: Mapping[str, dict[str, Any]], name: str, type_: type[str]) -> str:
        found = parts.get(name, {}).get(_PARTS[name])
        if not isinstance(found, type_):
            raise self._wrong(say("its part {name} is missing, or has no {value}", name=name, value=_PARTS[name]))
        return found

    def _check_index(self, kind: PatchType, parts: Mapping[str, dict[str, Any]]) -> None:
        if "index" not in parts:
            return
        index = parts["index"].get(_PARTS["index"])
        if kind is not PatchType.INSERT or type(index) is not int or index < 0:
            raise self._wrong(say("index is a valueInteger from 0 on, and stands with insert alone"))

    def _value(self, kind: PatchType, target: Target, part: dict[str, Any] | None) -> Value | None:
        allowed = _allowed(target)
        if kind not in allowed:
            words = ", ".join(sorted(allowed))
            raise self._wrong(say("{type} is not for this path, which takes: {words}", type=kind, words=words))
        if kind is PatchType.DELETE:
            if part is not None:
                raise self._wrong(say("delete takes no value"))
            return None
        name = _VALUES[target.field] if target.field else "valueContactPoint"
        given = (part or {}).get(name)
        if given is None or len(part or {}) != 2:
            raise self._wrong(say("its part value has {name}, and nothing else", name=name))
        return self._contact_point(given) if target.field is None else self._plain(target.field.value, name, given)

    def _plain(self, what: str, name: str, given: Any) -> bool | str | int:
        """A value of a type of FHIR, within its bounds."""
        if name == "valueBoolean" and isinstance(given, bool):
            return given
        if name == "valueString" and isinstance(given, str) and len(given) <= TEXT_CHARS_MAX:
            return given
        if name == "valueInteger" and type(given) is int and 1 <= given <= RANK_MAX:
            return given
        wanted = {
            "valueBoolean": say("true or false"),
            "valueString": say("a text of at most {most} characters", most=TEXT_CHARS_MAX),
            "valueInteger": say("a whole number from 1 to {most}", most=RANK_MAX),
        }[name]
        raise self._wrong(say("{what} is {wanted}", what=what, wanted=wanted))

    def _contact_point(self, given: Any) -> ContactPoint:
        if not isinstance(given, dict) or given.get("system") != "email" or not isinstance(given.get("value"), str):
            raise self._wrong(say("a mailbox is a ContactPoint with system email and an address in value"))
        address: str = given["value"]
        rank = self._plain("rank", "valueInteger", given["rank"]) if "rank" in given else None
        self._not_kept(given, ("system", "value", "rank", "extension"))
        extensions = self._extensions(given.get("extension", []))
        self._check_email_type(extensions.pop(Canonical.EMAIL_TYPE, None))
        metadata = extensions.pop(Canonical.MAILBOX_METADATA, {})
        self._not_kept(extensions, ())
        self._not_kept(metadata, ("url", "extension"))
        held = self._extensions(metadata.get("extension", []))
        made = ContactPoint(address, rank=None if rank is None else int(rank), kind=self._kind(held.pop("type", None)))
        if MailboxField.RED_LIST in held:
            made = replace(made, red_listed=bool(self._held(held, MailboxField.RED_LIST)))
        texts = {name: str(self._held(held, name)) for name in _TEXTS if name in held}
        self._not_kept(held, ())
        return replace(made, texts=texts)

    def _extensions(self, given: Any) -> dict[str, dict[str, Any]]:
        """Extensions by their urls, each once."""
        listed = given if isinstance(given, list) and len(given) <= _EXTENSIONS_MAX else [None]
        found = {one["url"]: one for one in listed if isinstance(one, dict) and isinstance(one.get("url"), str)}
        if len(found) != len(listed):
            raise self._wrong(say("extension is a list of at most {most}, each with a url of its own", most=_EXTENSIONS_MAX))
        return found

    def _held(self, held: dict[str, dict[str, Any]], name: MailboxField) -> bool | str | int:
        value = _VALUES[name]
        return self._plain(name.value, value, held.pop(name).get(value))

    def _check_email_type(self, given: dict[str, Any] | None) -> None:
        if given is None:
            self._note(
                say("the extension that says MSSANTE is missing, which the profile requires and the examples of the guide leave out")
            )
        elif self._code(given, _CODED)[0] != "MSSANTE":
            raise self._wrong(say("the extension of the e-mail type has the code MSSANTE"))

    def _kind(self, given: dict[str, Any] | None) -> str | None:
        """The kind of a mailbox, in the three ways in which the drafts write it."""
        if given is None:
            return None
        code, system, name = self._code(given, _CODED)
        if code is None:
            raise self._wrong(say("type is a valueCodeableConcept with PER, ORG, APP or CAB"))
        if name == "valueCode":
            self._note(
                say("type is a valueCode, as in the guide; the profile has a valueCodeableConcept of {system}", system=System.MAILBOX_KIND)
            )
        elif system == System.MESSAGING:
            self._note(
                say("type is of TRE_R256, as in the OpenAPI description; the profile binds it to {system}", system=System.MAILBOX_KIND)
            )
        elif system != System.MAILBOX_KIND:
            self._note(say("type is of no known system; the profile binds it to {system}", system=System.MAILBOX_KIND))
        return code

    def _code(self, given: dict[str, Any], names: tuple[str, ...]) -> tuple[str | None, str | None, str]:
        """(code, system, the name of the value) of an extension that holds a code."""
        for name in names:
            value = given.get(name)
            if name == "valueCodeableConcept" and isinstance(value, dict) and isinstance(value.get("coding"), list):
                value = next(iter(value["coding"]), None)
            if isinstance(value, str):
                return value[:40], None, name
            if isinstance(value, dict) and isinstance(value.get("code"), str):
                system = value.get("system")
                return value["code"][:40], system if isinstance(system, str) else None, name
        return None, None, ""

    def _not_kept(self, given: Mapping[str, Any], kept: tuple[str, ...]) -> None:
        odd = sorted(one for one in given if one not in kept)
        if odd:
            self._note(say("not kept: {names}", names=", ".join(odd)[:200]))

    def _note(self, what: Sentence) -> None:
        self.notes.append(numbered(self._number, what))

    def _wrong(self, what: Sentence) -> Unreadable:
        return _unreadable(numbered(self._number, what))


def _allowed(target: Target) -> frozenset[PatchType]:
    if target.address is None:
        return frozenset({PatchType.INSERT})
    if target.field is MailboxField.RED_LIST:
        return frozenset({PatchType.REPLACE})
    return frozenset({PatchType.REPLACE, PatchType.DELETE})


def numbered(number: int, what: Sentence) -> Sentence:
    """What is to be said of one operation."""
    return say("Operation {number}: {what}.", number=number, what=what)


def _unreadable(detail: Sentence) -> Unreadable:
    return Unreadable(Rule.INVALID, detail, reference=REFERENCE)
