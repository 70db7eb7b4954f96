"""What the journal tells of a stretch of time, counted by period, domain and kind of mailbox.

Each line of the journal is looked at once, with the columns of its letter beside it, never with a body. What a line is worth is written
down before lines are put together (a materialised table): SQLite would carry whole summaries through its sorter otherwise, which takes
three times as long.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Connection, Select, and_, case, func, literal_column, select
from sqlalchemy.sql.selectable import CTE, Subquery

from mss_sim.clock import HOUR, Micros
from mss_sim.errors import Rule
from mss_sim.ids import ID_MAX, last_id_at
from mss_sim.models.tables import journal, mailboxes, messages
from mss_sim.store.engine import is_postgresql
from mss_sim.vocabulary.indicators import Indicator
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.mail import TimelineKind
from mss_sim.vocabulary.mailboxes import PATIENT_DOMAIN, MailboxKind

_RULE_CHARS = max(map(len, Rule)) + 1
_TOLD = {
    TimelineKind.DELIVERED: Indicator.TOLD_DELIVERED,
    TimelineKind.RELAYED: Indicator.TOLD_RELAYED,
    TimelineKind.DELAYED: Indicator.TOLD_DELAYED,
    TimelineKind.FAILED: Indicator.TOLD_FAILED,
    TimelineKind.DISPLAYED: Indicator.TOLD_DISPLAYED,
    TimelineKind.PROCESSED: Indicator.TOLD_PROCESSED,
}
_CAME = (Indicator.LETTERS_RECEIVED, Indicator.RECEIVED_FROM_PATIENTS, Indicator.REPORTS_RECEIVED, Indicator.RECEIPTS_SENT, *_TOLD.values())
"""What a line can be worth, by its place; a number takes less room than a word while lines are put together."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Periods one after the other: where each begins, and where the last one ends; `domain`, `kind`: of such mailboxes alone."""

    starts: tuple[Micros, ...]
    end: Micros
    domain: str | None = None
    kind: MailboxKind | None = None


class Place(NamedTuple):
    """Where something is counted: the number of the period, from 0; domain and kind of the mailbox, None where it is there no longer."""

    period: int
    domain: str | None
    kind: MailboxKind | None


class Counted(NamedTuple):
    """How much of something there is in a place."""

    place: Place
    what: Indicator
    number: int


def _period(column: str, starts: Sequence[Micros]) -> ColumnElement[int]:
    """How many of these instants are not after that of a column: a tree of comparisons, nine for a year of days.

    No text of users is in it: a name of ours, and numbers.
    """

    def tree(low: int, high: int) -> str:
        if low == high:
            return str(low)
        middle = (low + high) // 2
        return f"CASE WHEN {column} < {int(starts[middle])} THEN {tree(low, middle)} ELSE {tree(middle + 1, high)} END"

    return literal_column(f"({tree(0, len(starts))})", BigInteger)


def _within(stretch: Stretch, *acts: Act) -> ColumnElement[bool]:
    """Lines of these acts. An id is not older than what its line tells of, so that those of long before are passed over unseen."""
    start, named = stretch.starts[0], [act.value for act in acts]
    return and_(
        journal.c.id > min(last_id_at(start - HOUR), ID_MAX), journal.c.act.in_(named), journal.c.at >= start, journal.c.at < stretch.end
    )


def _flag(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return case((condition, 1), else_=0)


def _written_down(lines: Select[Any]) -> CTE:
    return lines.cte("lines").prefix_with("MATERIALIZED")


def _domain(conn: Connection) -> ColumnElement[str]:
    address = mailboxes.c.address
    return func.split_part(address, "@", 2) if is_postgresql(conn) else func.substr(address, func.instr(address, "@") + 1)


def _by_place(conn: Connection, inner: Subquery, stretch: Stretch, *columns: ColumnElement[Any]) -> Select[Any]:
    """These columns of what is counted mailbox by mailbox, for each domain and kind."""
    place = (inner.c.period, _domain(conn).label("domain"), mailboxes.c.kind)
    query = select(*place, *columns).select_from(inner.outerjoin(mailboxes, mailboxes.c.id == inner.c.mailbox_id))
    if stretch.domain is not None:
        query = query.where(_domain(conn) == stretch.domain)
    if stretch.kind is not None:
        query = query.where(mailboxes.c.kind == stretch.kind.value)
    return query.group_by(*place, *(one for one in columns if one is inner.c.get("what")))


def _place(period: int, domain: str | None, kind: str | None) -> Place:
    return Place(int(period), domain, MailboxKind(kind) if kind is not None else None)


_OF_SENT = (
    Indicator.LETTERS_SENT,
    Indicator.SENT_TO_PATIENTS,
    Indicator.SENT_BY_DELEGATES,
    Indicator.SENT_WITH_DOCUMENTS,
    Indicator.SENT_WITH_XDM,
    Indicator.SENT_OCTETS,
    Indicator.MAILBOXES_SENDING,
    Indicator.AUTHORS,
)


def sent(conn: Connection, stretch: Stretch) -> list[Counted]:
    """Letters that were accepted from mailboxes."""
    detail, files = journal.c.detail, messages.c.has_attachments
    xdm = and_(files, messages.c.summary.like('%"xdm":true%'))  # a quotation mark in what people write has a backslash before it
    lines = _written_down(
        select(
            _period("journal.at", stretch.starts[1:]).label("period"),
            journal.c.mailbox_id,
            journal.c.actor_id,
            _flag(detail.like(f'%@{PATIENT_DOMAIN}"%"mode":%')).label("patients"),
            _flag(journal.c.grant_id.is_not(None)).label("delegate"),
            _flag(files).label("files"),
            _flag(xdm).label("xdm"),
            func.coalesce(messages.c.size_bytes, 0).label("octets"),
        )
        .select_from(journal.outerjoin(messages, messages.c.id == journal.c.message_id))
        .where(_within(stretch, Act.SUBMITTED))
    )
    sums = [func.sum(lines.c[name]).label(name) for name in ("patients", "delegate", "files", "xdm", "octets")]
    keys = (lines.c.period, lines.c.mailbox_id, lines.c.actor_id)
    inner = select(*keys, func.count().label("letters"), *sums).group_by(*keys).subquery()
    whole = [func.sum(inner.c[name]) for name in ("letters", "patients", "delegate", "files", "xdm", "octets")]
    people = [func.count(inner.c.mailbox_id.distinct()), func.count(inner.c.actor_id.distinct())]
    return [
        Counted(_place(*row[:3]), what, int(number or 0))
        for row in conn.execute(_by_place(conn, inner, stretch, *whole, *people))
        for what, number in zip(_OF_SENT, row[3:], strict=True)
    ]


def received(conn: Connection, stretch: Stretch) -> list[Counted]:
    """Letters and reports that came into mailboxes, what the reports said, and receipts that left."""
    detail, act = journal.c.detail, journal.c.act
    came = case((detail == '{"from":""}', 2), (detail.like(f'%@{PATIENT_DOMAIN}"%'), 1), else_=0)
    told = case(*((detail.like(f'%,"kind":"{kind}",%'), _CAME.index(what)) for kind, what in _TOLD.items()), else_=-1)
    worth = case((act == Act.RECEIVED.value, came), (act == Act.RECEIPT_SENT.value, 3), else_=told)
    lines = _written_down(
        select(_period("journal.at", stretch.starts[1:]).label("period"), journal.c.mailbox_id, worth.label("what")).where(
            _within(stretch, Act.RECEIVED, Act.RECEIPT_SENT, Act.RECEIPT_MATCHED)
        )
    )
    each = [func.sum(_flag(lines.c.what == number)).label(what) for number, what in enumerate(_CAME)]
    reached = func.max(_flag(lines.c.what.in_((0, 1, 2)))).label("reached")
    keys = (lines.c.period, lines.c.mailbox_id)
    inner = select(*keys, *each, reached).group_by(*keys).subquery()
    sums = [func.sum(inner.c[name]) for name in (*_CAME, "reached")]
    counted = []
    for row in conn.execute(_by_place(conn, inner, stretch, *sums)):
        place, numbers = _place(*row[:3]), [int(number or 0) for number in row[3:]]
        numbers[0] += numbers[1]  # letters of patients are letters too
        counted += [Counted(place, *one) for one in zip((*_CAME, Indicator.MAILBOXES_RECEIVING), numbers, strict=True) if one[1]]
    return counted


class Refused(NamedTuple):
    """How many letters a rule refused in a place; a stranger's is of no mailbox."""

    place: Place
    rule: str
    number: int


def refused(conn: Connection, stretch: Stretch) -> list[Refused]:
    """Letters that were handed over and refused, by rule. The rule stands first in the detail of the line."""
    rule = func.substr(journal.c.detail, len('{"rule":"') + 1, _RULE_CHARS)
    period = _period("journal.at", stretch.starts[1:])
    lines = _written_down(
        select(period.label("period"), journal.c.mailbox_id, rule.label("what")).where(_within(stretch, Act.REFUSED)),
    )
    keys = (lines.c.period, lines.c.mailbox_id, lines.c.what)
    inner = select(*keys, func.count().label("number")).group_by(*keys).subquery()
    rows = conn.execute(_by_place(conn, inner, stretch, inner.c.what, func.sum(inner.c.number)))
    return [Refused(_place(*row[:3]), row[3].partition('"')[0], int(row[4])) for row in rows]


def population(conn: Connection, stretch: Stretch) -> list[Counted]:
    """How many of the mailboxes that exist were opened in each period; in period -1 those that were there before."""
    opened = select(_period("mailboxes.created_at", stretch.starts).label("period"), mailboxes.c.id.label("mailbox_id")).where(
        mailboxes.c.created_at < stretch.end, mailboxes.c.carer_view_of.is_(None)
    )
    inner = opened.subquery()
    rows = conn.execute(_by_place(conn, inner, stretch, func.count()))
    return [Counted(_place(row[0] - 1, *row[1:3]), Indicator.MAILBOXES_OPENED, int(row[3])) for row in rows]
