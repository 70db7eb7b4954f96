"""Retries: the same key and request send once (the Idempotency-Key of the REST door).

The key is looked for in the transaction that delivers, so that two retries at the same moment cannot both send.
"""

from collections.abc import Sequence

from mss_sim.clock import SECOND
from mss_sim.core.letters import Accepted, Letter, Outcome
from mss_sim.core.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.store import messages, submissions
from mss_sim.store.engine import Connection
from mss_sim.vocabulary import TimelineKind


def apart(letters: Sequence[Letter]) -> tuple[list[Letter], list[Letter]]:
    """The letters of a group, and those that must wait because another of the group bears the same key."""
    seen: set[tuple[int, str]] = set()
    now: list[Letter] = []
    later: list[Letter] = []
    for letter in letters:
        origin = letter.origin
        key = (origin.actor_id, origin.idempotency[0]) if origin and origin.idempotency else None
        (later if key in seen else now).append(letter)
        if key:
            seen.add(key)
    return now, later


def replay(world: World, conn: Connection, letter: Letter) -> Accepted | None:
    """What was answered to the same key before, None when it is new; Refusal when it was used for another request."""
    origin = letter.origin
    if origin is None or origin.idempotency is None:
        return None
    key, request_hash = origin.idempotency
    not_before = letter.at - world.settings.idempotency_seconds * SECOND
    known = submissions.recall_key(conn, origin.actor_id, key, not_before)
    if known is None:
        return None
    if known[0] != request_hash:
        raise Refusal(Rule.IDEMPOTENCY_MISMATCH, "This Idempotency-Key was used for another request; take a new one.")
    return _accepted_before(conn, known[1])


def _accepted_before(conn: Connection, submission_id: int) -> Accepted:
    row = submissions.by_id(conn, submission_id)
    if row is None:
        raise Refusal(Rule.NOT_FOUND, "The letter of this Idempotency-Key is gone.")
    people = submissions.people_of(conn, [submission_id])
    events = submissions.events_of(conn, [person.id for person in people])
    outcomes = tuple(
        Outcome(person.address, events[person.id][-1].kind if person.id in events else TimelineKind.SUBMITTED) for person in people
    )
    message = messages.by_id(conn, row.message_id)
    copies = messages.copies_of(conn, row.mailbox_id, row.message_id) if row.mailbox_id is not None else []
    return Accepted(
        row.message_id,
        row.id,
        outcomes,
        row.mode,
        sent_copy_id=copies[-1] if copies else None,  # the copy in Sent is made last
        rfc_message_id=message.rfc_message_id if message else None,
        replayed=True,
    )
