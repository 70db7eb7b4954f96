"""What the holders of the mailboxes that a letter reached will do about it; planned in the transaction of its delivery."""

from collections.abc import Mapping

from mss_sim.core.mailbox import behaviours
from mss_sim.core.mailflow.letter import Letter, RoutedLetter
from mss_sim.core.world.world import World
from mss_sim.mail.addresses import addresses_of
from mss_sim.mail.structured import word
from mss_sim.policy.behaviours import Event
from mss_sim.policy.closure import Effect, effect_of
from mss_sim.store.engine import Connection
from mss_sim.store.mailboxes import DeliveryMailbox
from mss_sim.vocabulary.behaviours import Occasion
from mss_sim.vocabulary.mailboxes import MailboxKind


def plan(world: World, conn: Connection, sorted_: RoutedLetter, receiving: Mapping[str, DeliveryMailbox]) -> bool:
    """Plan what follows a letter that arrived; whether anything does."""
    acting = [one.mailbox for one in sorted_.delivered if behaviours.of_mailbox(world, one.mailbox)]
    letter = sorted_.letter
    if not acting or _is_automatic(letter):
        return False
    sender = receiving.get(letter.left_from)
    if sender is not None and behaviours.of_mailbox(world, sender):
        return False
    event = _event(letter, sender)
    planned = [behaviours.plan(world, conn, mailbox, letter.id, event) for mailbox in acting]
    return any(planned)


def _is_automatic(letter: Letter) -> bool:
    """A report, or a letter that no person wrote (ref: rfc3834#2)."""
    return letter.parsed.is_report or word(letter.parsed.headers.text("Auto-Submitted") or "no") != "no"


def _event(letter: Letter, sender: DeliveryMailbox | None) -> Event:
    parsed = letter.parsed
    closes = sender is not None and effect_of(sender.kind, MailboxKind.PATIENT, *parsed.marks) in (Effect.CLOSE, Effect.WITHDRAW)
    author = next(iter(addresses_of(parsed.from_)), letter.left_from)
    occasion = Occasion.CLOSED if closes else Occasion.DELIVERED
    return Event(occasion, author, parsed.subject, bool(parsed.receipt_to), bool(parsed.attachments))
