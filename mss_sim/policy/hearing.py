"""Who hears of what happens in a mailbox, and how much of it.

| it happened                                        | may see | may read | manages, or did it | whom it names |
|----------------------------------------------------|---------|----------|--------------------|---------------|
| to a letter, a receipt, a conversation             | -       | outline  | whole              | -             |
| to the mailbox, or to a folder                     | outline | outline  | whole              | -             |
| to a grant or a holder                             | -       | -        | whole              | whole         |
| to masks, automatic mail, or: refused, looked into | -       | -        | whole              | -             |
| to the whole world                                 | whole, to everybody                                        |

The outline says what happened, when, where and to which letter; the whole tells also who did it, by which grant, by which door, and the
detail, as the journal does, which managers read. Whom a grant or a change of holders names hears of it even when it takes the mailbox out
of sight. Who did it hears of it as long as they may see the mailbox, and of the end of their own grant.

A carer hears of letters that lie where carers look, and of no receipt; a letter that is masked makes no sound
(ref: quirks#events).
"""

from enum import IntEnum

from mss_sim.policy.access import Access
from mss_sim.vocabulary.events import Family, family_of
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.mailboxes import Right


class Hearing(IntEnum):
    """How much somebody hears of an event."""

    NOTHING = 0
    OUTLINE = 1
    WHOLE = 2


_NEEDS: dict[Family, Right] = {
    Family.MESSAGE: Right.READ,
    Family.RECEIPT: Right.READ,
    Family.TIMELINE: Right.READ,
    Family.WATCH_LIST: Right.READ,
    Family.CONVERSATION: Right.READ,
    Family.FOLDER: Right.SEE,
    Family.MAILBOX: Right.SEE,
}
"""The right that the outline needs; what is missing has none: it is for those who manage the mailbox."""
_MANAGERS = frozenset({Act.REFUSED, Act.NOT_QUALIFIED, Act.VISITED})
"""For those who manage the mailbox, whatever their family."""
NAMING = frozenset({Family.GRANT, Family.HOLDER})
"""Families whose events name people."""
_OF_LETTERS = frozenset({Family.MESSAGE, Family.CONVERSATION})


def hearing(kind: str, access: Access, *, own: bool = False, named: bool = False) -> Hearing:
    """How much of an event is heard by who holds that access; `own`: they did it; `named`: it names them."""
    family = family_of(kind)
    if family is Family.WORLD or (family in NAMING and (named or own)):
        return Hearing.WHOLE
    if not access.may(Right.SEE):
        return Hearing.NOTHING
    if own or access.may(Right.MANAGE):
        return Hearing.WHOLE
    needed = None if kind in _MANAGERS else _NEEDS.get(family)
    return Hearing.OUTLINE if needed is not None and access.may(needed) else Hearing.NOTHING


def is_for_carers(kind: str, *, letter: bool, shown: bool) -> bool:
    """Whether an event in a patient's mailbox is told to carers at all: `letter`: it is about one; `shown`: that lies where carers look."""
    family = family_of(kind)
    if family in NAMING or family is Family.WORLD:
        return True
    return shown if letter else family in (Family.MAILBOX, Family.FOLDER) and kind != Act.VISITED
