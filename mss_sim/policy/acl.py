"""Rights of a grant as the letters of RFC 4314, in one table.

A grant covers a whole mailbox, so the letters of one of its folders are those of all. Letters grouped here are granted and
revoked together (ref: rfc4314#2.1.1): `sw` is the right to mark, `ikx` to file, `te` to delete. The digits are the rights that RFC 4314
does not define.
"""

from collections.abc import Iterable

from mss_sim.errors import Refusal, Rule
from mss_sim.vocabulary.mailboxes import Right
from mss_sim.words.sentence import say

LETTERS: dict[Right, str] = {
    Right.SEE: "l",
    Right.READ: "r",
    Right.MARK: "sw",
    Right.FILE: "ikx",
    Right.DELETE: "te",
    Right.SEND_ON_BEHALF: "p",
    Right.SEND_AS: "0",
    Right.CLOSE: "1",
    Right.MANAGE: "a",
}
_OLD = str.maketrans({"c": "k", "d": "te"})
"""The letters of RFC 2086, which an old client still sends: to create folders, to delete (ref: rfc4314#2.1.1)."""


def letters_of(rights: Iterable[Right]) -> str:
    """The letters of a set of rights, in the order of the table."""
    held = set(rights)
    return "".join(letters for right, letters in LETTERS.items() if right in held)


def rights_of(text: str) -> frozenset[Right]:
    """The rights for these letters; Refusal(INVALID) for an unknown letter. One letter of a group stands for all of it."""
    wanted = set(text.translate(_OLD))
    unknown = wanted - set("".join(LETTERS.values()))
    if unknown:
        raise Refusal(
            Rule.INVALID,
            say("There is no right {unknown!r}: {known} are.", unknown="".join(sorted(unknown)), known=" ".join(LETTERS.values())),
            reference="rfc4314#2.1",
        )
    found = {right for right, letters in LETTERS.items() if wanted & set(letters)}
    return frozenset(found)
