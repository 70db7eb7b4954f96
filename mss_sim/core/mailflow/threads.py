"""Conversations: which one a letter joins (docs/decisions/0012).

The references in a letter are the sender's claim, and a Message-ID can be guessed. So a letter joins the conversation of
another one only when its sender may know that one: it is in their mailbox, they sent it, or it was sent to them. Less is known of
external senders: they also join what every mailbox here that receives the letter has. To other senders the answered letter does not exist.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from mss_sim.core.mailflow.letter import Letter, RoutedLetter
from mss_sim.mail.returned import SAME, likeness
from mss_sim.store import conversations, masks, message_ids, messages, submissions
from mss_sim.store.engine import Connection
from mss_sim.store.mailboxes import DeliveryMailbox
from mss_sim.store.message_ids import Answer
from mss_sim.store.messages import MessageRef
from mss_sim.vocabulary.mailboxes import MailboxKind

Hidden = frozenset[int] | None
"""The letters that are masked from the carer who sends; None where no carer does."""


@dataclass(slots=True)
class KnownThreads:
    """The letters that may be answered: Message-IDs in the store, and letters of the same group, which are not in it yet."""

    stored: frozenset[str]
    fresh: dict[str, RoutedLetter] = field(default_factory=dict)

    def add(self, sorted_: RoutedLetter) -> None:
        """Add a letter of the group."""
        if sorted_.letter.row.rfc_message_id:
            self.fresh.setdefault(sorted_.letter.row.rfc_message_id, sorted_)

    def of_group(self, id_: str) -> tuple[MessageRef, frozenset[str]] | None:
        """The letter of the group with that Message-ID, and the addresses that know it."""
        one = self.fresh.get(id_)
        if one is None:
            return None
        return MessageRef(one.thread_id, one.letter.id), frozenset((one.letter.left_from, *_recipients(one.letter)))


def known_threads(conn: Connection, letters: Sequence[Letter]) -> KnownThreads:
    """The letters that any of these may answer, regardless of who has them."""
    named = {id_ for letter in letters for id_ in _references(letter)}
    return KnownThreads(frozenset(message_ids.existing(conn, named)) if named else frozenset())


def answered(
    conn: Connection,
    letter: Letter,
    sender: DeliveryMailbox | None,
    receiving: dict[str, DeliveryMailbox],
    among: KnownThreads,
    *,
    hidden: Hidden = None,
) -> list[MessageRef]:
    """The letters that a letter answers, as far as its sender may know them, the nearest first."""
    named = _references(letter)
    if not named:  # most letters: no query is built or run
        return []
    stored = [id_ for id_ in named if id_ in among.stored]
    readers = {mailbox.id: address for address in _recipients(letter) if (mailbox := receiving.get(address))}
    answer = Answer(letter.parsed.subject, letter.submitted.answers if letter.submitted else None)
    sender_id = sender.id if sender else None
    found = message_ids.had_by(conn, stored, sender_id, letter.left_from, answer, hidden=hidden or ()) if letter.left_from else {}
    if sender is None and readers:
        found = {**message_ids.had_by_all(conn, stored, readers, answer), **found}
    knowing = {letter.left_from} - {""}
    for id_ in named if hidden is None else ():  # no mask was asked yet about letters of this group
        fresh = among.of_group(id_)
        if fresh is None:
            continue
        place, people = fresh
        if people & knowing or (sender is None and readers and people.issuperset(readers.values())):
            found.setdefault(id_, place)
    return [found[id_] for id_ in named if id_ in found]


def hidden_from(conn: Connection, letter: Letter, sender: DeliveryMailbox | None) -> Hidden:
    """The letters that are masked from who submits a letter: nobody's but a carer's."""
    if sender is None or sender.kind is not MailboxKind.PATIENT or not letter.submitted or letter.submitted.actor_id == sender.owner_id:
        return None
    return masks.hidden(conn, sender.id)


def of_new(
    conn: Connection, letter: Letter, sender: DeliveryMailbox | None, receiving: dict[str, DeliveryMailbox], *, hidden: Hidden = None
) -> int:
    """The conversation of a letter that answers nothing: a new one, but a patient's joins the newest one open to them there."""
    if sender is None or sender.kind is not MailboxKind.PATIENT:
        return letter.id
    targets = [receiving[address] for address in _recipients(letter) if address in receiving]
    rights = [row for target in targets for row in conversations.rights_between(conn, sender.id, target.id) if row.withdrawn_at is None]
    rights = [row for row in rights if row.message_id not in (hidden or ())]
    return rights[-1].thread_id if rights else letter.id


def twin(conn: Connection, letter: Letter, sender: DeliveryMailbox | None) -> MessageRef | None:
    """The message as which a letter left the sender for its recipient; None when it did not leave here.

    It is known by its Message-ID; one without an id that can be read, by its octets among those that are being carried.
    """
    if sender is None:
        return None
    if letter.row.rfc_message_id is None:
        leaving = submissions.leaving_unnamed(conn, sender.id, _recipients(letter))
        return next((one for one in leaving if likeness(letter.raw, messages.raw(conn, one.message_id)) == SAME), None)
    left = submissions.left_as(conn, letter.row.rfc_message_id, sender.id, _recipients(letter))
    if len(left) < 2:
        return left[0] if left else None
    return max(left, key=lambda one: likeness(letter.raw, messages.raw(conn, one.message_id)))


def _recipients(letter: Letter) -> list[str]:
    return [addressee.address for addressee in letter.envelope.recipients]


def _references(letter: Letter) -> list[str]:
    """The Message-IDs that a letter answers, the nearest first (ref: rfc5322#3.6.4)."""
    parsed = letter.parsed
    if not parsed.in_reply_to and not parsed.references:
        return []
    return list(dict.fromkeys((*parsed.in_reply_to, *reversed(parsed.references))))
