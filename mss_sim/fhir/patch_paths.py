"""Paths of a PATCH: the five shapes of FHIRPath that the drafts of the writing API use, and no other (ref: ans-ig-mss).

| path                                                                                   | means                    |
|----------------------------------------------------------------------------------------|--------------------------|
| `X.telecom`                                                                            | the mailboxes            |
| `X.telecom.where(value='a@b')`                                                         | one of them              |
| `X.telecom.where(value='a@b').extension('<metadata>').extension('listeRouge').value`   | whether it is published  |
| the same with `description`, `service`, `responsible`                                  | one of its texts         |
| `X.telecom.where(value='a@b').rank`                                                    | its place among others   |

X is the type of the resource. Words are read one by one and compared with a shape: nothing of a path is evaluated.
"""

import re
from dataclasses import dataclass

from mss_sim.errors import Refusal, Rule
from mss_sim.vocabulary.directory import Canonical, MailboxField, ResourceType
from mss_sim.words.sentence import say

PATH_CHARS_MAX = 1_000
REFERENCE = "quirks#directory-writing"
_WORD = re.compile(r"[ \t\r\n]*+(?:([A-Za-z][A-Za-z0-9]*+)|'((?:[^'\\]|\\.)*+)'|([.()=]))[ \t\r\n]*+", re.DOTALL)
_ESCAPED = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|(.))", re.DOTALL)
_ESCAPES = {"'": "'", '"': '"', "`": "`", "\\": "\\", "/": "/", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_METADATA = [".", "extension", "(", f"'{Canonical.MAILBOX_METADATA}", ")", ".", "extension", "("]
_IN_EXTENSIONS = {f"'{field}": field for field in MailboxField if field is not MailboxField.RANK}


class Unreadable(Refusal):
    """A PATCH that cannot be read: nothing of it is looked at further."""


@dataclass(frozen=True, slots=True)
class Target:
    """What an operation is about: the list of mailboxes where `address` is None, a mailbox where `field` is."""

    address: str | None = None
    field: MailboxField | None = None


def read_path(type_: ResourceType, path: str) -> Target:
    """What a path means on a resource of that type; Unreadable for a path of another shape."""
    words = _words(path) if len(path) <= PATH_CHARS_MAX else []
    if words[:3] == [type_.value, ".", "telecom"]:
        rest = words[3:]
        if not rest:
            return Target()
        if rest[:5] == [".", "where", "(", "value", "="] and rest[5:6] and rest[5][0] == "'" and rest[6:7] == [")"]:
            found = _of_mailbox(rest[5][1:], rest[7:])
            if found is not None:
                return found
    detail = say(
        "The path {path!r} is none of these: {type}.telecom, {type}.telecom.where(value='a@b.mssante.fr'), and behind that .rank, "
        "or .extension('{metadata}').extension('listeRouge').value, with description, service or responsible likewise.",
        path=path[:200],
        type=type_,
        metadata=Canonical.MAILBOX_METADATA,
    )
    raise Unreadable(Rule.INVALID, detail, subject=path[:200], reference=REFERENCE)


def _of_mailbox(address: str, rest: list[str]) -> Target | None:
    if not rest:
        return Target(address)
    if rest == [".", "rank"]:
        return Target(address, MailboxField.RANK)
    field = _IN_EXTENSIONS.get(rest[8]) if len(rest) == 12 else None
    return Target(address, field) if field and rest[:8] == _METADATA and rest[9:] == [")", ".", "value"] else None


def _words(path: str) -> list[str]:
    """Names, signs, and texts, which begin with a quotation mark; none at all where something else stands."""
    found, at = list[str](), 0
    while at < len(path):
        word = _WORD.match(path, at)
        if word is None:
            return []
        name, text, sign = word.groups()
        plain = name or sign or _unescaped(text)
        if plain is None:
            return []
        found.append(plain)
        at = word.end()
    return found


def _unescaped(text: str) -> str | None:
    """A text behind its quotation mark; None for one with an escape that FHIRPath does not have."""
    wrong = False

    def character(escape: re.Match[str]) -> str:
        nonlocal wrong
        number, letter = escape.groups()
        plain = chr(int(number, 16)) if number else _ESCAPES.get(letter, "")
        wrong = wrong or not plain or "\ud7ff" < plain < "\ue000"
        return plain

    plain = _ESCAPED.sub(character, text)
    return None if wrong else f"'{plain}"
