"""How one field of a scenario file is read: a reader for each sort of value, which tells what is expected where it is something else."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, TypeVar

from mss_sim.clock import NoDuration, after, from_datetime, to_datetime
from mss_sim.mail.addresses import AddressError, canonical
from mss_sim.scenarios.tree import Fields, Items, Node, NotAScenario, Text
from mss_sim.words.sentence import Sentence, say, sentence_of

_LINE_CHARS_MAX = 500
_SHOWN_CHARS = 40
_ITEMS_MAX = 100
_COUNT_MAX = 1_000
_SECONDS_MAX = 86_400.0
_NUMBER_MAX = 2**40
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_UNSEEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_WHOLE = re.compile(r"[0-9]{1,12}", re.ASCII)
_NUMBER = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,9})?", re.ASCII)

Word = TypeVar("Word", bound=StrEnum)


@dataclass(slots=True)
class Scope:
    """The names that a file has given so far: actors and mailboxes at its head, the others in the steps before."""

    actors: set[str] = field(default_factory=set)
    mailboxes: set[str] = field(default_factory=set)
    letters: set[str] = field(default_factory=set)
    grants: set[str] = field(default_factory=set)
    faults: set[str] = field(default_factory=set)


Reader = Callable[[Scope, Node], Any]


def wrong(node: Node, what: Sentence) -> NotAScenario:
    """What is wrong with a value."""
    return NotAScenario(node.line, what)


def quoted_field(text: str) -> str:
    """As much of a text as an error shows."""
    return text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}…"


def near(name: str, known: Iterable[str]) -> Sentence:
    """What may have been meant, or all that there is."""
    names = sorted(known)
    found = get_close_matches(name[:_SHOWN_CHARS], names, 1)
    if found:
        return say("Did you mean {name}?", name=found[0])
    return say("Known here: {names}.", names=", ".join(names) or say("nothing"))


def scalar(node: Node) -> Text:
    """The node as a plain value."""
    if isinstance(node, Text):
        return node
    raise wrong(node, say("One value is expected here, not a list or further fields."))


def mapping(node: Node) -> Fields:
    """The node as fields."""
    if isinstance(node, Fields):
        return node
    raise wrong(node, say("Fields are expected here: a name, a colon, a value."))


def sequence(node: Node) -> Items:
    """The node as a list of a bearable length."""
    if not isinstance(node, Items):
        raise wrong(node, say("A list is expected here: a hyphen before each line, or [a, b]."))
    if len(node.items) > _ITEMS_MAX:
        raise wrong(node, say("At most {most} stand in such a list.", most=_ITEMS_MAX))
    return node


def text(_scope: Scope, node: Node) -> str:
    """A text of any number of lines."""
    found = scalar(node).text
    if _UNSEEN.search(found):
        raise wrong(node, say("The text holds a control character: write it without."))
    return found


def line(_scope: Scope, node: Node) -> str:
    """A text of one line that is not empty."""
    found = scalar(node).text
    if not found or len(found) > _LINE_CHARS_MAX or _CONTROLS.search(found):
        raise wrong(node, say("One line of text is expected here, of {most} characters at most.", most=_LINE_CHARS_MAX))
    return found


def line_or_nothing(scope: Scope, node: Node) -> str:
    """The same, or no text at all."""
    return line(scope, node) if scalar(node).text else ""


def check_names(node: Fields, known: frozenset[str]) -> None:
    """Refuse an unknown field, and say which may have been meant."""
    for name in node.values:
        if name not in known:
            raise NotAScenario(node.lines[name], say("Unknown key {name}. {known}", name=quoted_field(name), known=near(name, known)))


def read_all(scope: Scope, node: Fields, readers: Mapping[str, Reader], *, strict: bool = True) -> dict[str, Any]:
    """The values of those fields that are there; `strict`: there are no others."""
    if strict:
        check_names(node, frozenset(readers))
    return {name: readers[name](scope, value) for name, value in node.values.items() if name in readers}


def _several(scope: Scope, node: Node, one: Reader) -> tuple[Any, ...]:
    return tuple(one(scope, item) for item in ([node] if isinstance(node, Text) else sequence(node).items))


def one_or_several(node: Node) -> tuple[Node, ...]:
    """The nodes of a list of fields; one may stand without its list."""
    return (node,) if isinstance(node, Fields) else sequence(node).items


def lines(scope: Scope, node: Node) -> tuple[str, ...]:
    """Such lines; one may stand without its list."""
    return _several(scope, node, line)


def flag(_scope: Scope, node: Node) -> bool:
    """Yes or no."""
    found = scalar(node)
    if found.text not in ("true", "false"):
        raise wrong(node, say("Write true or false, not {text}.", text=quoted_field(found.text)))
    return found.text == "true"


def whole(_scope: Scope, node: Node) -> int:
    """A whole number that is not below nothing."""
    found = scalar(node).text
    if not _WHOLE.fullmatch(found) or int(found) > _NUMBER_MAX:
        raise wrong(node, say("A whole number is expected here, not {text}.", text=quoted_field(found)))
    return int(found)


def count(scope: Scope, node: Node) -> int:
    """How many of something there are to be."""
    found = whole(scope, node)
    if not 1 <= found <= _COUNT_MAX:
        raise wrong(node, say("A number from 1 to {most} is expected here.", most=_COUNT_MAX))
    return found


def count_or_any(scope: Scope, node: Node) -> int | None:
    """How many, or null: any number."""
    return None if isinstance(node, Text) and node.plain and node.text in ("null", "") else count(scope, node)


def number(_scope: Scope, node: Node) -> float:
    """A number."""
    found = scalar(node).text
    if not _NUMBER.fullmatch(found):
        raise wrong(node, say("A number is expected here, not {text}.", text=quoted_field(found)))
    return float(found)


def seconds(scope: Scope, node: Node) -> float:
    """Seconds, a day at most."""
    found = number(scope, node)
    if not 0 <= found <= _SECONDS_MAX:
        raise wrong(node, say("Seconds are expected here, {most} at most.", most=int(_SECONDS_MAX)))
    return found


def instant(_scope: Scope, node: Node) -> str:
    """An instant with its zone, as RFC 3339 writes it."""
    found = scalar(node).text
    try:
        wanted = datetime.fromisoformat(found)
        zoned = wanted.tzinfo is not None
        to_datetime(from_datetime(wanted))
    except (ValueError, OverflowError):
        zoned = False
    if not zoned:
        raise wrong(node, say("An instant such as 2030-01-05T08:00:00Z is expected here, not {text}.", text=quoted_field(found)))
    return found


def moment(scope: Scope, node: Node) -> str:
    """A duration of ISO 8601, or an instant."""
    found = scalar(node).text
    if not found.startswith("P"):
        return instant(scope, node)
    try:
        after(0, found)
    except NoDuration as error:
        raise wrong(node, say("{text} cannot be: {error}.", text=quoted_field(found), error=sentence_of(error))) from error
    return found


def one_of(words: type[Word]) -> Callable[[Scope, Node], Word]:
    """A reader of one of the words of an enumeration."""

    def read(_scope: Scope, node: Node) -> Word:
        found = scalar(node).text
        try:
            return words(found)
        except ValueError:
            known = near(found, (one.value for one in words))
            raise wrong(node, say("{text} is not a word of this field. {known}", text=quoted_field(found), known=known)) from None

    return read


def all_of(words: type[Word]) -> Callable[[Scope, Node], tuple[Word, ...]]:
    """A reader of a list of such words, one at least; one may stand without its list."""
    one = one_of(words)

    def read(scope: Scope, node: Node) -> tuple[Word, ...]:
        found = _several(scope, node, one)
        if not found:
            raise wrong(node, say("Name one at least."))
        return found

    return read


def name(node: Node, *, line: int | None = None) -> str:
    """A name that the file gives to something."""
    found = scalar(node).text
    if not _NAME.fullmatch(found):
        what = say("{text} is not a name: small letters, digits, - and _, a letter first.", text=quoted_field(found))
        raise NotAScenario(line or node.line, what)
    return found


def _address(node: Node) -> str:
    found = scalar(node).text
    try:
        return canonical(found)
    except AddressError as error:
        raise wrong(node, say("{text} is not an address: {error}.", text=quoted_field(found), error=sentence_of(error))) from error


def mailbox(scope: Scope, node: Node) -> str:
    """An address, the name of a mailbox, or that of an actor, for the mailbox that is the actor's own."""
    found = scalar(node).text
    if "@" in found:
        return _address(node)
    if found not in scope.mailboxes | scope.actors:
        known = near(found, scope.mailboxes | scope.actors)
        raise wrong(node, say("There is no mailbox or actor {text}. {known}", text=quoted_field(found), known=known))
    return found


def mailboxes(scope: Scope, node: Node) -> tuple[str, ...]:
    """Such mailboxes, one at least."""
    found = _several(scope, node, mailbox)
    if not found:
        raise wrong(node, say("Name one at least."))
    return found


def person(scope: Scope, node: Node) -> str:
    """The name of an actor."""
    found = scalar(node).text
    if found not in scope.actors:
        raise wrong(node, say("There is no actor {text}. {known}", text=quoted_field(found), known=near(found, scope.actors)))
    return found


def _given(node: Node, names: set[str], what: Sentence) -> str:
    found = scalar(node).text
    if found not in names:
        known = near(found, names)
        raise wrong(
            node, say("No step before this one calls {what} {text} (as:). {known}", what=what, text=quoted_field(found), known=known)
        )
    return found


def letter(scope: Scope, node: Node) -> str:
    """The name of a letter that a step before sent or waited for."""
    return _given(node, scope.letters, say("a letter"))


def grant(scope: Scope, node: Node) -> str:
    """The name of a grant that a step before gave."""
    return _given(node, scope.grants, say("a grant"))


def fault(scope: Scope, node: Node) -> str:
    """The name of a fault that a step before set."""
    return _given(node, scope.faults, say("a fault"))
