"""Orders of messages as RFC 5256 defines them: base subjects, SORT, THREAD=REFERENCES. Values in, numbers out."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from mss_sim.clock import Micros

_BLOB = r"\[[^\[\]]*+\]\s*+"
_BLOBS = re.compile(rf"(?:{_BLOB})++")
_LEADERS = re.compile(rf"(?:(?:{_BLOB})*+(?:re|fwd?)\s*+(?:{_BLOB})?+:\s*+)++", re.IGNORECASE)
_TRAILER = "(fwd)"
_FORWARDED = "[fwd:"
_FORWARDED_MAX = 100
_REFERENCES_MAX = 100
_STEPS_PER_PLACE = 20
"""Total steps up the trees in search of a cycle, for each letter and reference; only hostile input exceeds it."""


class ThreadedMessage(NamedTuple):
    """The values of one message to compare. `people` are the first addresses' local parts: from, to, cc; `number` is the result, and stands
    first: messages sort by it."""

    number: int
    message_id: str | None
    references: tuple[str, ...]
    subject: str
    sent_at: Micros
    arrived_at: Micros
    size_bytes: int
    people: tuple[str, str, str] = ("", "", "")


def base_subject(subject: str) -> str:
    """The subject without the marks that replies and forwards add (ref: rfc5256#2.1)."""
    return _reduced(subject)[0]


def _reduced(subject: str) -> tuple[str, bool]:
    """(the base subject, whether a mark said that it is a reply or a forward). Each turn costs no more than the text's length.

    A subject forwarded more than a hundred times keeps the rest of its brackets.
    """
    text, answers = " ".join(subject.split()), False
    for turns_left in reversed(range(_FORWARDED_MAX)):
        text, trailed = _without_trailers(text)
        leaders = _LEADERS.match(text)
        text = text[leaders.end() :] if leaders else text
        answers = answers or trailed or leaders is not None
        blobs = _BLOBS.match(text)
        if blobs:  # the last one stays when nothing else would be left
            text = text[blobs.end() if blobs.end() < len(text) else text.rindex("[") :]
        if not (turns_left and text[: len(_FORWARDED)].lower() == _FORWARDED and text.endswith("]")):
            break
        text, answers = text[len(_FORWARDED) : -1].strip(), True
    return text.upper(), answers


def _without_trailers(text: str) -> tuple[str, bool]:
    end, found = len(text), False
    while True:
        while end and text[end - 1] == " ":
            end -= 1
        if end < len(_TRAILER) or text[end - len(_TRAILER) : end].lower() != _TRAILER:
            return text[:end], found
        end, found = end - len(_TRAILER), True


_VALUES: dict[str, Callable[[ThreadedMessage], Any]] = {
    "ARRIVAL": lambda letter: letter.arrived_at,
    "DATE": lambda letter: letter.sent_at,
    "SIZE": lambda letter: letter.size_bytes,
    "SUBJECT": lambda letter: base_subject(letter.subject),
    "FROM": lambda letter: letter.people[0].upper(),
    "TO": lambda letter: letter.people[1].upper(),
    "CC": lambda letter: letter.people[2].upper(),
}


def ordered(letters: Iterable[ThreadedMessage], criteria: Sequence[tuple[str, bool]]) -> list[int]:
    """The numbers in the order of the criteria, the first weighing most; equal ones stay in the folder's order."""
    found = sorted(letters)
    for name, reverse in reversed(criteria):
        found.sort(key=_VALUES[name], reverse=reverse)
    return [letter.number for letter in found]


@dataclass(slots=True, eq=False)
class _Node:
    """A place in a thread; without a letter where it is only mentioned in references."""

    letter: ThreadedMessage | None = None
    parent: "_Node | None" = None
    children: dict["_Node", None] = field(default_factory=dict)

    def adopt(self, child: "_Node") -> None:
        child.leave()
        child.parent = self
        self.children[child] = None

    def leave(self) -> None:
        if self.parent is not None:
            del self.parent.children[self]
            self.parent = None


class _Climber:
    """Looks for cycles, within a number of steps; beyond that, the answer is a cycle, and no link is made."""

    def __init__(self) -> None:
        self.steps_left = 0

    def is_below(self, below: _Node, other: _Node) -> bool:
        if not other.children:
            return below is other
        node: _Node | None = below
        while node is not None and node is not other and self.steps_left > 0:
            self.steps_left -= 1
            node = node.parent
        return node is not None


def by_references(letters: Iterable[ThreadedMessage]) -> bytes:
    """The THREAD response's lists: trees by Message-ID and References, roots with one base subject merged (ref: rfc5256#3)."""
    nodes = _linked(sorted(letters))
    tops = [node for node in nodes if node.parent is None]  # before pruning, which creates new top nodes
    roots = [kept for node in tops for kept in _pruned(node, root=True)]
    roots = _by_subject(sorted(roots, key=_age))
    for root in roots:
        _sort(root)
    return b"".join(b"(%b)" % _shown(root) for root in sorted(roots, key=_age))


def _linked(letters: Sequence[ThreadedMessage]) -> list[_Node]:
    known: dict[str, _Node] = {}
    nodes: list[_Node] = []
    climber = _Climber()
    for letter in letters:
        node = known.get(letter.message_id) if letter.message_id else None
        if node is None or node.letter is not None:
            node = _Node()
            nodes.append(node)
            if letter.message_id and letter.message_id not in known:
                known[letter.message_id] = node
        node.letter = letter
        parent: _Node | None = None
        climber.steps_left += _STEPS_PER_PLACE
        for reference in letter.references[-_REFERENCES_MAX:]:
            climber.steps_left += _STEPS_PER_PLACE
            place = known.get(reference)
            if place is None:
                place = known[reference] = _Node()
                nodes.append(place)
            if parent is not None and place.parent is None and not climber.is_below(parent, place):
                parent.adopt(place)
            parent = place
        if parent is None:  # a letter without references outweighs what others say about its place
            node.leave()
        elif not climber.is_below(parent, node):
            parent.adopt(node)
    return nodes


def _pruned(node: _Node, *, root: bool) -> list[_Node]:
    """Remove the places without a letter: their children rise, but at the root only when there is one (ref: rfc5256#3).

    No place has a parent afterwards: what is left is read downwards.
    """
    stack: list[tuple[_Node, bool]] = [(node, False)]
    kept: dict[int, list[_Node]] = {}
    while stack:
        place, visited = stack.pop()
        if not visited:
            stack.append((place, True))
            stack += [(child, False) for child in place.children]
            continue
        place.parent = None
        place.children = dict.fromkeys(survivor for child in place.children for survivor in kept.pop(id(child)))
        empty = place.letter is None
        stays = not empty or (root and place is node and len(place.children) > 1)
        kept[id(place)] = [place] if stays else list(place.children)
    return kept[id(node)]


def _age(node: _Node) -> tuple[Micros, int]:
    while node.letter is None:
        node = min(node.children, key=_age)
    return node.letter.sent_at, node.letter.number


def _first(node: _Node) -> ThreadedMessage:
    while node.letter is None:
        node = min(node.children, key=_age)
    return node.letter


def _by_subject(roots: list[_Node]) -> list[_Node]:
    """Roots with the same base subject become one thread: below an empty root, or below the one that is not a reply."""
    table: dict[str, _Node] = {}
    for root in roots:
        subject = base_subject(_first(root).subject)
        first = table.get(subject)
        if subject and (first is None or (root.letter is None and first.letter is not None) or (_is_reply(first) and not _is_reply(root))):
            table[subject] = root
    kept: list[_Node] = []
    for root in roots:
        first = table.get(base_subject(_first(root).subject))
        if first is None or first is root:
            kept.append(root)
        elif first.letter is None and root.letter is None:
            for child in root.children:
                first.adopt(child)
        elif first.letter is None or (_is_reply(root) and not _is_reply(first)):
            first.adopt(root)
        else:
            _pair(first, root)
    return kept


def _is_reply(node: _Node) -> bool:
    return node.letter is not None and _reduced(node.letter.subject)[1]


def _pair(first: _Node, root: _Node) -> None:
    """Two that are both replies, or both not, become siblings below an empty place that replaces the first one."""
    brother = _Node(first.letter, children=first.children)
    first.letter, first.children = None, {}
    first.adopt(brother)
    first.adopt(root)


def _sort(root: _Node) -> None:
    stack = [root]
    while stack:
        node = stack.pop()
        node.children = dict.fromkeys(sorted(node.children, key=_age))
        stack += node.children


def _shown(root: _Node) -> bytes:
    """One thread; written without recursion, since a thread may be thousands of answers deep."""
    out: list[bytes] = []
    stack: list[_Node | bytes] = [root]
    while stack:
        item = stack.pop()
        if isinstance(item, bytes):
            out.append(item)
            continue
        if item.letter is not None:
            out.append(b"%d" % item.letter.number)
        if len(item.children) == 1 and item.letter is not None:
            out.append(b" ")
            stack += item.children
        elif item.children:
            out.append(b" " if item.letter is not None else b"")
            for child in reversed(item.children):
                stack += [b")", child, b"("]
    return b"".join(out)
