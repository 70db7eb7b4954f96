"""The outcome for one recipient.

`local` is a mailbox of the sender's own operator, or any mailbox when a peer operator connects: its state is known at once. `remote` is a
mailbox of another operator of the same simulator: the sender's operator accepts, the other one answers afterwards. `notice` is the mailbox
for a notification or read receipt of the server itself: no client is connected to get a refusal, and no notification is sent for it.
`later` is a mailbox of an operator that takes from its peers what it cannot deliver and returns it afterwards, as Mon espace santé may.

| mailbox   | local                       | remote                              | notice | later  |
|-----------|-----------------------------|-------------------------------------|--------|--------|
| active    | DELIVER                     | DELIVER (relayed, then delivered)   | DELIVER | DELIVER |
| active, message over its limit | REFUSE message-too-large | BOUNCE message-too-large | REFUSE | BOUNCE |
| full      | REFUSE mailbox-full         | DEFER mailbox-full                  | DEFER  | REFUSE |
| suspended | REFUSE mailbox-suspended    | DEFER mailbox-suspended             | DEFER  | REFUSE |
| closed    | REFUSE mailbox-closed       | BOUNCE mailbox-closed               | REFUSE | BOUNCE |
| unknown   | REFUSE unknown-mailbox      | BOUNCE unknown-mailbox              | REFUSE | BOUNCE |
| malformed | REFUSE bad-address          | BOUNCE bad-address                  | REFUSE | BOUNCE |
| outside   | REFUSE domain-outside       | REFUSE domain-outside               | REFUSE | REFUSE |

An unknown mailbox of a patient is malformed when its local part is no INS at all.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from mss_sim.errors import Refusal, Rule
from mss_sim.mail.addresses import POSTMASTER
from mss_sim.policy.ins import is_ins
from mss_sim.vocabulary.mailboxes import PATIENT_DOMAIN, MailboxState
from mss_sim.words.sentence import Template, say


class Disposal(StrEnum):
    """What to do with one recipient."""

    DELIVER = "deliver"
    REFUSE = "refuse"
    DEFER = "defer"
    BOUNCE = "bounce"


class Scope(StrEnum):
    """Whose mailbox it is, seen from the sender: the columns of the table."""

    LOCAL = "local"
    REMOTE = "remote"
    NOTICE = "notice"
    LATER = "later"


class MailboxFitness(StrEnum):
    """The state of the recipient's mailbox, seen from outside."""

    ACTIVE = "active"
    TOO_SMALL = "too_small"
    FULL = "full"
    SUSPENDED = "suspended"
    CLOSED = "closed"
    UNKNOWN = "unknown"
    MALFORMED = "malformed"
    OUTSIDE = "outside"


_TEXTS: dict[MailboxFitness, tuple[Rule, Template, str]] = {
    MailboxFitness.TOO_SMALL: (
        Rule.TOO_LARGE,
        Template("The message is larger than the mailbox {address} accepts; send less at once."),
        "rfc1870#6.1",
    ),
    MailboxFitness.FULL: (Rule.MAILBOX_FULL, Template("The mailbox {address} is full; try again later."), "rfc3463#3.3"),
    MailboxFitness.SUSPENDED: (Rule.MAILBOX_SUSPENDED, Template("The mailbox {address} is suspended; try again later."), "rfc3463#3.3"),
    MailboxFitness.CLOSED: (
        Rule.MAILBOX_CLOSED,
        Template("The mailbox {address} is closed; look for another address of this correspondent."),
        "rfc3463#3.3",
    ),
    MailboxFitness.UNKNOWN: (
        Rule.UNKNOWN_MAILBOX,
        Template("There is no mailbox {address}; check the address in the directory."),
        "rfc3463#3.2",
    ),
    MailboxFitness.MALFORMED: (
        Rule.BAD_ADDRESS,
        Template("{address} is no patient's address: 13 characters of an INS and its key of two digits are expected before the @."),
        "ref2#ECO.2.2.6",
    ),
    MailboxFitness.OUTSIDE: (
        Rule.DOMAIN_OUTSIDE,
        Template("The domain of {address} is not in the trust space; health mail never leaves it."),
        "ans-trust-space",
    ),
}
_COLUMNS = (Scope.LOCAL, Scope.REMOTE, Scope.NOTICE, Scope.LATER)
_WAYS: dict[tuple[MailboxFitness, Scope], Disposal] = {
    (stands, reach): way
    for stands, ways in {
        MailboxFitness.ACTIVE: (Disposal.DELIVER, Disposal.DELIVER, Disposal.DELIVER, Disposal.DELIVER),
        MailboxFitness.TOO_SMALL: (Disposal.REFUSE, Disposal.BOUNCE, Disposal.REFUSE, Disposal.BOUNCE),
        MailboxFitness.FULL: (Disposal.REFUSE, Disposal.DEFER, Disposal.DEFER, Disposal.REFUSE),
        MailboxFitness.SUSPENDED: (Disposal.REFUSE, Disposal.DEFER, Disposal.DEFER, Disposal.REFUSE),
        MailboxFitness.CLOSED: (Disposal.REFUSE, Disposal.BOUNCE, Disposal.REFUSE, Disposal.BOUNCE),
        MailboxFitness.UNKNOWN: (Disposal.REFUSE, Disposal.BOUNCE, Disposal.REFUSE, Disposal.BOUNCE),
        MailboxFitness.MALFORMED: (Disposal.REFUSE, Disposal.BOUNCE, Disposal.REFUSE, Disposal.BOUNCE),
        MailboxFitness.OUTSIDE: (Disposal.REFUSE, Disposal.REFUSE, Disposal.REFUSE, Disposal.REFUSE),
    }.items()
    for reach, way in zip(_COLUMNS, ways, strict=True)
}


@dataclass(frozen=True, slots=True)
class Route:
    """The route of one recipient; `refusal` gives the reason when it is not DELIVER."""

    way: Disposal
    refusal: Refusal | None = None


_DELIVER = Route(Disposal.DELIVER)


class Room(NamedTuple):
    """What a mailbox can accept, in bytes; `message_bytes_max` None: any message."""

    used_bytes: int
    quota_bytes: int
    message_bytes_max: int | None = None


def standing(state: MailboxState, room: Room, size_bytes: int, trace_bytes: int = 0) -> MailboxFitness:
    """The fitness of an existing mailbox for a message of `size_bytes`; the trace on top uses room, but no message limit counts it."""
    if state is not MailboxState.ACTIVE:
        return MailboxFitness.CLOSED if state is MailboxState.CLOSED else MailboxFitness.SUSPENDED
    if room.message_bytes_max is not None and size_bytes > room.message_bytes_max:
        return MailboxFitness.TOO_SMALL
    return MailboxFitness.FULL if room.used_bytes + max(size_bytes + trace_bytes, 1) > room.quota_bytes else MailboxFitness.ACTIVE


def way_of(stands: MailboxFitness, reach: Scope) -> Disposal:
    """The cell of the table above, for what fails as such a mailbox would."""
    return _WAYS[stands, reach]


def decide_route(address: str, stands: MailboxFitness, reach: Scope) -> Route:
    """The row of the table above for one recipient."""
    if stands is MailboxFitness.UNKNOWN and _is_malformed(address):
        stands = MailboxFitness.MALFORMED
    way = _WAYS[stands, reach]
    if way is Disposal.DELIVER:
        return _DELIVER
    rule, text, reference = _TEXTS[stands]
    return Route(way, Refusal(rule, text.say(address=address), subject=address, reference=reference))


def _is_malformed(address: str) -> bool:
    local, _, domain = address.rpartition("@")
    return domain == PATIENT_DOMAIN and local != POSTMASTER and not is_ins(local)


def size_refusal(size_bytes: int, max_bytes: int) -> Refusal | None:
    """The refusal of a message over the limit, or None (ref: rfc1870#6)."""
    if size_bytes <= max_bytes:
        return None
    return Refusal(
        Rule.TOO_LARGE,
        say("The message has {size} bytes; at most {limit} are accepted here.", size=size_bytes, limit=max_bytes),
        reference="rfc1870#6.1",
    )
