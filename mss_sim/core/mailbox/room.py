"""Whether a mailbox has room for messages that are put into it, and its state allows that."""

from collections.abc import Sequence

from mss_sim.core.mailbox.selected_folder import SelectedFolder
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.policy.routing import MailboxFitness, Room, standing
from mss_sim.words.sentence import say


def require_room(world: World, there: SelectedFolder, sizes: Sequence[int]) -> None:
    """Refuse messages that a mailbox has no room for, of which one is too large for it, or that its state does not allow to be added."""
    mailbox = there.held.mailbox
    limit = world.directory.limit_of(mailbox.message_size_bytes_max, mailbox.operator_id)
    room, largest = Room(mailbox.used_bytes, mailbox.quota_bytes, limit), max(sizes, default=0)
    stands = standing(mailbox.state, room, largest)
    if stands is MailboxFitness.ACTIVE:
        stands = standing(mailbox.state, room._replace(message_bytes_max=None), sum(sizes))
    if stands is MailboxFitness.FULL:
        raise Refusal(
            Rule.MAILBOX_FULL,
            say("The mailbox {address} is full; delete messages first.", address=mailbox.address),
            subject=mailbox.address,
        )
    if stands is MailboxFitness.TOO_SMALL:
        raise Refusal(
            Rule.TOO_LARGE,
            say("The message has {size} bytes; at most {limit} are accepted here.", size=largest, limit=limit),
            reference="rfc1870#6.1",
        )
    if stands in (MailboxFitness.CLOSED, MailboxFitness.SUSPENDED):
        closed = Rule.MAILBOX_CLOSED, say("The mailbox {address} is closed.", address=mailbox.address), "quirks#closed-mailbox"
        suspended = Rule.MAILBOX_SUSPENDED, say("The mailbox {address} is suspended.", address=mailbox.address), "quirks#suspended-mailbox"
        rule, detail, source = closed if stands is MailboxFitness.CLOSED else suspended
        raise Refusal(rule, detail, subject=mailbox.address, reference=source)
