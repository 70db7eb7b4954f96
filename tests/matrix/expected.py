"""What every cell must answer: a pure function of the tables of policy, with nothing of core in it.

The rule that nothing is done without `see` is not asked of policy: it stands in the needs of each act, so that policy is tested too.
"""

from enum import StrEnum
from typing import NamedTuple

from mss_sim.errors import Rule
from mss_sim.policy.access import SEND_RIGHTS
from mss_sim.policy.logins import WAYS
from mss_sim.policy.masks import Viewer, viewer_of
from mss_sim.vocabulary.doors import LogInBy
from mss_sim.vocabulary.mailboxes import HolderRole, MailboxKind, MailboxState, Right
from tests.matrix.acts import Act, Where
from tests.matrix.people import Box, Person, access_of, role_of


class Way(StrEnum):
    """How somebody logs in."""

    PASSWORD = "password"
    TOKEN = "token"
    STAR = "mailbox*login"
    ELSEWHERE = "mailbox*login of another mailbox"
    CERTIFICATE = "certificate"


class Cell(NamedTuple):
    """One question: may he do that there, at that door, when he logged in so."""

    person: Person
    box: Box
    act: Act
    door: str
    way: Way

    @property
    def name(self) -> str:
        """The same in all runs and processes."""
        return f"{self.person.name} | {self.box.address} | {self.act.name} | {self.door} | {self.way}"


Rules = frozenset[Rule]
ALLOWED: Rules = frozenset()
_BY = {Way.TOKEN: LogInBy.PSC, Way.CERTIFICATE: LogInBy.CERTIFICATE}


def expected(cell: Cell) -> Rules:
    """The rules of which one refuses; none when it is allowed. Where several are broken, either may speak first."""
    broken = _by_rights(cell)
    if cell.act.masked is None or not looks_as_carer(cell) or (broken and cell.act.shown):
        return broken
    return broken | {cell.act.masked}


def only_masked(cell: Cell) -> bool:
    """Whether an act is allowed, and what it is about is not there for who asks."""
    return cell.act.masked is not None and looks_as_carer(cell) and not _by_rights(cell)


def looks_as_carer(cell: Cell) -> bool:
    """Whether masks are there for who asks: by a grant over a patient's mailbox."""
    access = access_of(cell.person, cell.box)
    return bool(access.grants) and viewer_of(cell.box.kind, access) is Viewer.CARER


def _by_rights(cell: Cell) -> Rules:
    """The same, when nothing is masked."""
    person, box, act, door, way = cell
    if act.keyed or not person.enabled:
        return frozenset({Rule.AUTHENTICATION_REQUIRED if act.keyed else Rule.AUTHENTICATION_FAILED})
    opens = door == "rest" or _BY.get(way, LogInBy.PASSWORD) in WAYS[box.kind]
    rights = access_of(person, box).rights
    if way is Way.STAR:
        refused = _log_in(rights, box, door, opens=opens)
        if refused:
            return refused
    if way is Way.ELSEWHERE and act.where is not Where.NOWHERE and (door == "rest" or act.where is not Where.OUT):
        return frozenset({Rule.RIGHT_MISSING})
    if act.where is Where.OUT:
        return _leaving(cell, rights, opens=opens and way is not Way.ELSEWHERE)
    if act.own or act.where is Where.NOWHERE:
        return ALLOWED
    return _here(cell, rights, opens=opens) if Right.SEE in rights else frozenset({Rule.NOT_FOUND})


def _here(cell: Cell, rights: frozenset[Right], *, opens: bool) -> Rules:
    """What becomes of an act on a mailbox that the person sees."""
    person, box, act, _, _ = cell
    broken: set[Rule] = set()
    if act.responsible:
        broken |= {Rule.INVALID} if box.kind is not MailboxKind.CAB else set()
        broken |= {Rule.GRANT_NOT_ALLOWED} if role_of(person, box) is not HolderRole.RESPONSIBLE else set()
    if not all(rights & need for need in act.needs):
        broken.add(act.lack)
    if act.patient and box.kind is MailboxKind.PATIENT:
        broken.add(act.patient)
    if act.where is Where.INSIDE:
        broken |= {Rule.MAILBOX_CLOSED} if box.state is MailboxState.CLOSED else set()
        broken |= {Rule.RIGHT_MISSING} if not opens else set()
        if (act.adds or act.leaves) and box.state is MailboxState.SUSPENDED:
            broken.add(Rule.MAILBOX_SUSPENDED)
    return frozenset(broken)


def is_stranger(cell: Cell) -> bool:
    """Whether who asks may not learn that there is such a mailbox: he neither sees it nor sends from it."""
    rights = access_of(cell.person, cell.box).rights
    if cell.act.where is Where.NOWHERE and not cell.act.secret:
        return False
    if cell.way in (Way.STAR, Way.CERTIFICATE, Way.ELSEWHERE) or cell.act.own or not cell.person.enabled:
        return False
    return Right.SEE not in rights and not (cell.act.where is Where.OUT and rights & SEND_RIGHTS)


def _log_in(rights: frozenset[Right], box: Box, door: str, *, opens: bool) -> Rules:
    """What becomes of a log-in for one mailbox."""
    if not rights:
        return frozenset({Rule.AUTHORIZATION_FAILED})
    if not opens:
        return frozenset({Rule.AUTHENTICATION_FAILED})
    if door == "imap" and Right.SEE not in rights:
        return frozenset({Rule.NOT_FOUND})
    return frozenset({Rule.MAILBOX_CLOSED}) if door == "imap" and box.state is MailboxState.CLOSED else ALLOWED


def _leaving(cell: Cell, rights: frozenset[Right], *, opens: bool) -> Rules:
    """What becomes of a letter: the send rights need no `see`, a letter that closes does."""
    role = role_of(cell.person, cell.box)
    modes = {"owner": role is not None, "send_as": Right.SEND_AS in rights, "send_on_behalf": Right.SEND_ON_BEHALF in rights}
    may = modes[cell.act.mode] if cell.act.mode else bool(role or rights & SEND_RIGHTS)
    silent = {MailboxState.CLOSED: {Rule.MAILBOX_CLOSED}, MailboxState.SUSPENDED: {Rule.MAILBOX_SUSPENDED}}.get(cell.box.state, set())
    if not may or not opens:
        known = opens and bool(role or rights & SEND_RIGHTS)  # in another quality: the state may speak first
        return frozenset({Rule.SEND_NOT_ALLOWED} | (silent if known else set()))
    broken = set() if all(rights & need for need in cell.act.needs) else {Rule.RIGHT_MISSING}
    return frozenset(broken | silent)
