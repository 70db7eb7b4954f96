"""Letters found by their Message-IDs, which are no keys: for the mailbox that has a letter, the best match of several."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, Table, bindparam, exists, or_, select

from mss_sim.models.tables import copies, messages, recipients, submissions
from mss_sim.store.compiled import HotSelect
from mss_sim.store.messages import MessageRef, by_message

_AT_ONCE = 500
_KNOWN = HotSelect(select(messages.c.rfc_message_id).where(messages.c.rfc_message_id.in_(bindparam("ids", expanding=True))).distinct())


def existing(conn: Connection, rfc_ids: Collection[str]) -> set[str]:
    """Which of these Message-IDs exist in the store, in any mailbox; never revealed to a client."""
    return {rfc_id for (rfc_id,) in _KNOWN.rows(conn, "ids", sorted(rfc_ids))}


class Answer(NamedTuple):
    """What an answer says of the letter that it answers, where several have its Message-ID: its subject and, over REST, which one."""

    subject: str
    meant: int | None = None

    def fitness(self, message_id: int, subject: str) -> tuple[bool, int]:
        """The meant letter goes before all others, then the longest subject that the answer's ends in, whatever `Re:` it begins with."""
        named = " ".join(subject.split()).lower()
        ends = bool(named) and " ".join(self.subject.split()).lower().endswith(named)
        return message_id == self.meant, len(named) * ends


def had_by(
    conn: Connection, rfc_ids: Sequence[str], mailbox_id: int | None, address: str, answer: Answer, *, hidden: Collection[int] = ()
) -> dict[str, MessageRef]:
    """Those in a mailbox, sent by it, or sent or got by its address, but `hidden` ones; the fittest of each."""
    if not rfc_ids:  # building the query costs more than storing a letter
        return {}
    to_address = select(recipients.c.id).join(submissions, submissions.c.id == recipients.c.submission_id)
    ways = [
        to_address.where(submissions.c.message_id == messages.c.id, recipients.c.address == address).exists(),
        messages.c.return_path == address,
    ]
    if mailbox_id is not None:
        ways.append(select(copies.c.id).where(copies.c.message_id == messages.c.id, by_message(mailbox_id)).exists())
        ways.append(exists().where(submissions.c.message_id == messages.c.id, submissions.c.mailbox_id == mailbox_id))
    query = select(messages.c.rfc_message_id, messages.c.thread_id, messages.c.id, messages.c.subject).where(or_(*ways))
    found: dict[str, MessageRef] = {}
    best: dict[str, tuple[bool, int]] = {}
    for piece in _pieces(rfc_ids):
        rows = conn.execute(query.where(messages.c.rfc_message_id.in_(piece)).order_by(messages.c.id))
        for rfc_id, thread_id, message_id, subject in rows:
            if message_id in hidden:
                continue
            fitness = answer.fitness(message_id, subject)
            if rfc_id not in found or fitness > best[rfc_id]:
                found[rfc_id], best[rfc_id] = MessageRef(thread_id, message_id), fitness
    return found


def had_by_all(conn: Connection, rfc_ids: Sequence[str], mailbox_ids: Collection[int], answer: Answer) -> dict[str, MessageRef]:
    """Those that each of these mailboxes has a copy of, or sent; the fittest of each."""
    if not rfc_ids:
        return {}
    having: dict[tuple[str, int], set[int]] = {}
    first: dict[tuple[str, int], tuple[int, str]] = {}
    for place in _PLACES:
        for rfc_id, thread_id, message_id, subject, mailbox_id in place.rows(conn, "ids", list(rfc_ids)):
            if mailbox_id in mailbox_ids:
                having.setdefault((rfc_id, thread_id), set()).add(mailbox_id)
                first[rfc_id, thread_id] = min((message_id, subject), first.get((rfc_id, thread_id), (message_id, subject)))
    whole = [(first[key], key) for key, who in having.items() if who.issuperset(mailbox_ids)]
    whole.sort(key=lambda one: (answer.fitness(*one[0]), -one[0][0]))
    return {rfc_id: MessageRef(thread_id, message_id) for (message_id, _), (rfc_id, thread_id) in whole}


def _lying(place: Table) -> HotSelect:
    query = select(messages.c.rfc_message_id, messages.c.thread_id, messages.c.id, messages.c.subject, place.c.mailbox_id)
    named = messages.c.rfc_message_id.in_(bindparam("ids", expanding=True))
    return HotSelect(query.join(place, place.c.message_id == messages.c.id).where(named))


_PLACES = (_lying(copies), _lying(submissions))


def _pieces(rfc_ids: Sequence[str]) -> list[list[str]]:
    """Batches within a database's limit of parameters: a header has room for many Message-IDs."""
    return [list(rfc_ids[start : start + _AT_ONCE]) for start in range(0, len(rfc_ids), _AT_ONCE)]
