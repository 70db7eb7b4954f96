"""What happens to the recipients of sent letters, written down: on their timelines, and on the watch list of the mailbox that sent them.

Both are written here alone, in the transaction in which it happens, so that the list never tells another story than the timelines.
"""

from collections.abc import Collection, Sequence

from mss_sim.core.world.world import World
from mss_sim.policy.watch_list import Happened, is_watched, state_after
from mss_sim.store import submissions, watch_list
from mss_sim.store.engine import Connection
from mss_sim.store.submissions import Event, RecipientRow, SentLetter
from mss_sim.store.watch_list import WatchRow
from mss_sim.vocabulary.mail import TimelineKind

_TROUBLES = frozenset({TimelineKind.FAILED, TimelineKind.DELAYED})


def begin(
    world: World,
    conn: Connection,
    letters: Sequence[SentLetter],
    people: Sequence[RecipientRow],
    events: Sequence[Event],
    *,
    asking: Collection[int | None],
    waiting: Collection[int],
) -> None:
    """The first events of letters just accepted. `asking`: the submissions that ask for a receipt; `waiting`: recipients in the queue."""
    submissions.add_events(conn, events)
    senders = {letter.id: letter.mailbox_id for letter in letters}
    last = {event.recipient_id: event for event in events}
    rows = []
    for person in people:
        mailbox_id, event = senders[person.submission_id], last[person.id]
        state = TimelineKind.SUBMITTED if person.id in waiting else event.kind
        asked = person.submission_id in asking
        if mailbox_id is not None and is_watched(state, asked=asked or world.settings.watch_list.unasked):
            rows.append(WatchRow(person.id, mailbox_id, state, event.id, event.at, asked))
    watch_list.add(conn, rows)


def add(world: World, conn: Connection, events: Sequence[Event]) -> None:
    """Further events of recipients, in their order."""
    submissions.add_events(conn, events)
    happened: dict[int, list[Event]] = {}
    for event in events:
        happened.setdefault(event.recipient_id, []).append(event)
    known = watch_list.to_change(conn, happened.keys())
    moved = [row for row in (_moved(row, happened[row.recipient_id]) for row in known.values()) if row]
    off = [row.recipient_id for row in moved if not is_watched(row.state, asked=row.receipt_asked or world.settings.watch_list.unasked)]
    watch_list.move(conn, [row for row in moved if row.recipient_id not in off])
    watch_list.remove(conn, off)
    troubled = {event.recipient_id for event in events if event.failed or event.kind in _TROUBLES} - known.keys()
    if troubled:
        _add_troubled(conn, troubled)


def _add_troubled(conn: Connection, recipient_ids: Collection[int]) -> None:
    """Recipients of letters that asked for no receipt come onto the list with their first trouble; those who opened theirs do not."""
    people = {person.id: person for person in submissions.people_with_ids(conn, recipient_ids)}
    senders = {one.id: one.mailbox_id for one in submissions.with_ids(conn, {person.submission_id for person in people.values()})}
    rows = []
    for id_, events in submissions.events_of(conn, recipient_ids).items():
        mailbox_id = senders[people[id_].submission_id]
        if mailbox_id is not None:
            first = WatchRow(id_, mailbox_id, TimelineKind.SUBMITTED, events[0].id, events[0].at, receipt_asked=False)
            rows.append(_moved(first, events) or first)
    watch_list.add(conn, [row for row in rows if is_watched(row.state, asked=False)])


def _moved(row: WatchRow, events: Sequence[Event]) -> WatchRow | None:
    """The row once these events have happened; None when nothing changes."""
    after = row
    for event in events:
        state = state_after([Happened(event.kind, event.failed)], after.state)
        if state is not after.state:
            after = after._replace(state=state, event_id=event.id, since_at=event.at)
    return None if after is row else after
