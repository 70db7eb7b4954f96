"""What waits in the queue, as the control plane shows it: for whom, from where, why, and when it is tried next."""

from typing import NamedTuple

from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.store import mailboxes, messages, queue, submissions
from mss_sim.store.engine import Connection
from mss_sim.store.queue import Due
from mss_sim.store.submissions import Event
from mss_sim.words.sentence import say


class WaitingLetter(NamedTuple):
    """A recipient in the queue with the letter; `mailbox` is where it was sent from, None for a notice of the server itself."""

    due: Due
    mailbox: str | None
    rfc_message_id: str | None
    subject: str


class Tried(NamedTuple):
    """What came of an attempt: the newest event of the recipient's timeline, and what still waits."""

    event: Event
    waiting: WaitingLetter | None


async def waiting_letters(world: World, *, limit: int) -> list[WaitingLetter]:
    """Who waits, the next to be tried first."""

    def query(conn: Connection) -> list[WaitingLetter]:
        return _shown(conn, queue.page(conn, limit))

    return await world.store.read(query)


async def outcome(world: World, recipient_id: int) -> Tried:
    """What became of a recipient who was in the queue; Refusal(NOT_FOUND) when there never was one."""

    def query(conn: Connection) -> Tried:
        events = submissions.events_of(conn, [recipient_id]).get(recipient_id)
        if not events:
            raise Refusal(Rule.NOT_FOUND, say("Nobody of that id waits; GET /control/queue lists who does."))
        due = queue.of_recipient(conn, recipient_id)
        return Tried(events[-1], _shown(conn, [due])[0] if due else None)

    return await world.store.read(query)


def _shown(conn: Connection, waiting: list[Due]) -> list[WaitingLetter]:
    addresses = mailboxes.addresses(conn, {due.submission.mailbox_id for due in waiting if due.submission.mailbox_id is not None})
    found = []
    for due in waiting:
        message = messages.by_id(conn, due.submission.message_id)
        assert message is not None  # noqa: S101 - a letter stays as long as its submission
        found.append(WaitingLetter(due, addresses.get(due.submission.mailbox_id or 0), message.rfc_message_id, message.subject))
    return found
