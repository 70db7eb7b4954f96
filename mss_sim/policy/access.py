"""The rights of an identity over a mailbox at one instant, and the acts that they allow.

| act                                           | needs                                        |
|-----------------------------------------------|----------------------------------------------|
| see that it is there, its lists               | see                                          |
| read, mark, file, delete, close, manage       | that right, and see                          |
| send on behalf, send as                       | that right alone                             |
| renounce a grant of one's own                 | nothing                                      |

Nothing is done in a mailbox that one may not see: it does not exist for them, and every door says of it what it says of an address that
nobody has. Writing in its name is another matter: a secretary may send for a doctor whose letters she does not see
(ref: quirks#see-first).
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import NoReturn

from mss_sim.clock import Micros
from mss_sim.errors import Refusal, Rule
from mss_sim.vocabulary.mailboxes import HolderRole, Right
from mss_sim.words.sentence import say

ALL_RIGHTS = frozenset(Right)
SEND_RIGHTS = frozenset({Right.SEND_ON_BEHALF, Right.SEND_AS})

HOLDER_RIGHTS: dict[HolderRole, frozenset[Right]] = {
    HolderRole.OWNER: ALL_RIGHTS,
    HolderRole.RESPONSIBLE: ALL_RIGHTS,
    HolderRole.CO_HOLDER: ALL_RIGHTS,
}
"""The rights of a holder without any grant; co-holders equal the responsible for mail (ref: ans-ig-mss#cab)."""


@dataclass(frozen=True, slots=True)
class Grant:
    """The part of a delegation that a decision needs; `id` names it in the journal."""

    id: int
    rights: frozenset[Right]
    valid_from: Micros | None = None
    valid_until: Micros | None = None
    revoked_at: Micros | None = None

    def holds_at(self, now: Micros) -> bool:
        """Whether it gives rights at that instant; `valid_until` is the first instant at which it no longer does."""
        if self.revoked_at is not None and self.revoked_at <= now:
            return False
        started = self.valid_from is None or self.valid_from <= now
        return started and (self.valid_until is None or now < self.valid_until)


@dataclass(frozen=True, slots=True)
class Access:
    """What one identity may do with one mailbox now. `grants` are those in force; `role` is set for holders."""

    role: HolderRole | None = None
    grants: tuple[Grant, ...] = ()

    @property
    def rights(self) -> frozenset[Right]:
        """Every right, by role or by any grant in force."""
        held = HOLDER_RIGHTS[self.role] if self.role else frozenset()
        return held if not self.grants else held.union(*(grant.rights for grant in self.grants))

    def grant_for(self, right: Right) -> Grant | None:
        """The grant that gives a right which the role does not; the oldest when several do."""
        if self.role and right in HOLDER_RIGHTS[self.role]:
            return None
        return next((grant for grant in self.grants if right in grant.rights), None)

    def lacks(self, right: Right) -> Right | None:
        """The right missing for an act that needs `right`: `see`, or the right itself; None when none is missing."""
        needed, rights = (right,) if right in SEND_RIGHTS else (Right.SEE, right), self.rights
        return next((one for one in needed if one not in rights), None)

    def may(self, right: Right) -> bool:
        """Whether an act that needs a right would be allowed."""
        return self.lacks(right) is None

    def require(self, right: Right, address: str) -> None:
        """Refuse an act that needs a right, when it is not allowed: a mailbox that may not be seen does not exist."""
        lacking = self.lacks(right)
        if lacking is Right.SEE or (lacking and not self.rights):
            raise unseen(address)
        if lacking:
            right_missing(lacking, address)


def unseen(address: str) -> Refusal:
    """The refusal for a mailbox that may not be seen, and for one that does not exist: they cannot be told apart."""
    return Refusal(Rule.NOT_FOUND, say("There is no mailbox {address} that you may see.", address=address), subject=address)


def flag_rights(words: Collection[str], *, replace: bool = False) -> tuple[Right, ...]:
    """The rights needed to set and clear these flags and keywords: `\\Deleted` needs the right to delete (ref: rfc4314#4)."""
    deletes = "\\Deleted" in words
    marks = replace or not deletes or len(words) > 1
    return (*((Right.MARK,) if marks else ()), *((Right.DELETE,) if deletes else ()))


def right_missing(right: Right, address: str) -> NoReturn:
    """Raise the refusal for a missing right over a mailbox that the requester may see."""
    raise Refusal(
        Rule.RIGHT_MISSING,
        say(
            "The right {right} over {address} is missing; ask a holder of the mailbox for a grant that has it.",
            right=right,
            address=address,
        ),
        subject=address,
        reference="quirks#rights",
    )


def access_at(now: Micros, role: HolderRole | None, grants: Iterable[Grant]) -> Access:
    """The access that a role and a set of grants give at one instant: grants out of force are left out."""
    return Access(role, tuple(grant for grant in grants if grant.holds_at(now)))
