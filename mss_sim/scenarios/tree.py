"""YAML as a tree of texts, lists and fields that know their lines: what a scenario file is read from.

Only the shape of a file is YAML's. What a plain word means is said by the field that it stands in (`reading`), so that `no`, `08:00` and
`1e3` stay what somebody wrote. Refused are tags, which make other things than data, aliases, by which a file of a few lines can be
endless, a name that stands twice, and what no store or document can hold. The library's parser hands on one event after another and
is stopped as soon as something is wrong.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mss_sim.words.sentence import Sentence, SpokenError, Template, borrowed, say

if TYPE_CHECKING:
    from yaml.events import Event

_DEPTH_MAX = 12
_NODES_MAX = 10_000
_FORBIDDEN = frozenset(chr(number) for number in (0, *range(0xD800, 0xE000)))


class NotAScenario(SpokenError, ValueError):
    """A file is no scenario: in which line, in which step if it is in one, and what is to be done."""

    def __init__(self, line: int, what: Sentence, step: int | None = None) -> None:
        place = say("Line {line}", line=line) if step is None else say("Line {line}, step {step}", line=line, step=step)
        super().__init__(say("{place}: {what}", place=place, what=what))
        self.line = line
        self.what = what
        self.step = step


@dataclass(frozen=True, slots=True)
class Text:
    """A scalar as it was written; `plain`: without quotes."""

    line: int
    text: str
    plain: bool


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    line: int
    items: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Fields:
    """A mapping: by its name, each value and the line of the name."""

    line: int
    values: "dict[str, Node]"
    lines: dict[str, int]


Node = Text | Items | Fields


def read_tree(octets: bytes, size_bytes_max: int) -> Node:
    """The one document of a file; NotAScenario for what is no such document, or larger than that."""
    if len(octets) > size_bytes_max:
        raise NotAScenario(1, say("The file is over {most} bytes: make several scenarios of it.", most=size_bytes_max))
    try:
        text = octets.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = octets.count(b"\n", 0, error.start) + 1
        raise NotAScenario(line, say("The file is not in UTF-8: save it in that encoding.")) from error
    return _Builder(text).document()


class _Builder:
    """A tree out of the events of the parser."""

    def __init__(self, text: str) -> None:
        self._events = _events(text)
        self._count = 0

    def document(self) -> Node:
        """The tree of the only document."""
        next(self._events)  # the stream begins
        event = next(self._events)
        if _kind(event) != "DocumentStartEvent":
            raise NotAScenario(1, say("The file is empty: write a title and steps."))
        found = self._node(next(self._events), 1)
        next(self._events)  # the document ends
        event = next(self._events)
        if _kind(event) != "StreamEndEvent":
            raise NotAScenario(_line(event), say("A second document begins here: write each scenario into a file of its own."))
        return found

    def _node(self, event: "Event", depth: int) -> Node:
        self._count += 1
        line = _line(event)
        if depth > _DEPTH_MAX or self._count > _NODES_MAX:
            raise _too_large(line)
        if _kind(event) == "AliasEvent" or getattr(event, "anchor", None) is not None:
            raise NotAScenario(line, say("Anchors and aliases (& and *) are not read: write the value out where it is needed."))
        if getattr(event, "tag", None) is not None:
            raise NotAScenario(line, say("Tags (!) are not read: leave it out, or put the text in quotes."))
        match _kind(event):
            case "SequenceStartEvent":
                return Items(line, tuple(self._items(depth)))
            case "MappingStartEvent":
                return self._fields(line, depth)
        return self._text(event)

    def _text(self, event: Any) -> Text:
        if not _FORBIDDEN.isdisjoint(event.value):
            raise NotAScenario(_line(event), say("The text holds a NUL or half a character: write it without."))
        return Text(_line(event), event.value, event.style is None)

    def _items(self, depth: int) -> Iterator[Node]:
        while _kind(event := next(self._events)) != "SequenceEndEvent":
            yield self._node(event, depth + 1)

    def _fields(self, line: int, depth: int) -> Fields:
        values: dict[str, Node] = {}
        lines: dict[str, int] = {}
        while _kind(event := next(self._events)) != "MappingEndEvent":
            name = self._node(event, depth + 1)
            if not isinstance(name, Text):
                raise NotAScenario(name.line, say("A name is expected before the colon, not a list or further fields."))
            if name.text in values:
                raise NotAScenario(name.line, say("{name} stands here twice: keep one.", name=name.text[:40]))
            lines[name.text] = name.line
            values[name.text] = self._node(next(self._events), depth + 1)
        return Fields(line, values, lines)


def _events(text: str) -> Iterator["Event"]:
    import yaml  # noqa: PLC0415 - a start without a scenario does not load it

    class Loader(yaml.SafeLoader):  # type: ignore[misc]  # the library has no types
        """At each bracket the scanner goes through all that are open, far ahead of the tree: too deep is told here."""

        def fetch_flow_collection_start(self, token: Any) -> None:
            if self.flow_level >= _DEPTH_MAX:
                raise _too_large(self.line + 1)
            super().fetch_flow_collection_start(token)

    try:
        yield from yaml.parse(text, Loader=Loader)
    except NotAScenario:
        raise
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = borrowed(
            f"This is not YAML: {error.problem or error.context}.", Template("This is not YAML: look at the signs just before.")
        )
        raise NotAScenario(mark.line + 1 if mark else 1, what) from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise NotAScenario(line, say("A character here is not allowed in YAML: remove it, or write it as an escape in quotes.")) from error
    except (ValueError, OverflowError) as error:  # an escape beyond the last character
        raise NotAScenario(1, say("An escape in quotes stands for no character: correct it.")) from error


def _too_large(line: int) -> NotAScenario:
    return NotAScenario(line, say("The file is too deep or too long for a scenario: make several of it."))


def _kind(event: "Event") -> str:
    return type(event).__name__


def _line(event: "Event") -> int:
    return int(event.start_mark.line) + 1 if event.start_mark is not None else 0
