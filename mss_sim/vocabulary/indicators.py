"""Indicators: figures about what a world did, by period, domain and kind of mailbox. They are ours: the national list is not public."""

from enum import StrEnum
from typing import NamedTuple

LABEL = "indicators of mss-sim, no national format"
"""Stands in every table and answer, so that nobody deposits it anywhere."""

_ASKED_FOR, _OURS = "sentinelle#f24", "quirks#indicators"


class Span(StrEnum):
    """How long each period is: a day, or a month of the calendar."""

    DAY = "day"
    MONTH = "month"


class Indicator(StrEnum):
    """What is counted, for the mailboxes of one domain and kind, in one period."""

    MAILBOXES = "mailboxes"
    MAILBOXES_OPENED = "mailboxes_opened"
    MAILBOXES_SENDING = "mailboxes_sending"
    MAILBOXES_RECEIVING = "mailboxes_receiving"
    AUTHORS = "authors"
    LETTERS_SENT = "letters_sent"
    SENT_BY_DELEGATES = "sent_by_delegates"
    SENT_TO_PATIENTS = "sent_to_patients"
    SENT_WITH_DOCUMENTS = "sent_with_documents"
    SENT_WITH_XDM = "sent_with_xdm"
    SENT_OCTETS = "sent_octets"
    LETTERS_REFUSED = "letters_refused"
    LETTERS_RECEIVED = "letters_received"
    RECEIVED_FROM_PATIENTS = "received_from_patients"
    REPORTS_RECEIVED = "reports_received"
    RECEIPTS_SENT = "receipts_sent"
    TOLD_DELIVERED = "told_delivered"
    TOLD_RELAYED = "told_relayed"
    TOLD_DELAYED = "told_delayed"
    TOLD_FAILED = "told_failed"
    TOLD_DISPLAYED = "told_displayed"
    TOLD_PROCESSED = "told_processed"


class Meaning(NamedTuple):
    """What an indicator says, in which unit, and where it comes from: a key of docs/references/index.toml with its place.

    `summed`: whether those of several periods may be added up; what counts somebody once in each period may not.
    """

    says: str
    unit: str
    source: str = _OURS
    summed: bool = True


INDICATORS: dict[Indicator, Meaning] = {
    Indicator.MAILBOXES: Meaning("Mailboxes that exist, and were opened before the period ended.", "mailboxes", _ASKED_FOR, summed=False),
    Indicator.MAILBOXES_OPENED: Meaning("Mailboxes opened in the period, of those that exist.", "mailboxes"),
    Indicator.MAILBOXES_SENDING: Meaning("Mailboxes that sent a letter.", "mailboxes", _ASKED_FOR, summed=False),
    Indicator.MAILBOXES_RECEIVING: Meaning("Mailboxes that received a letter or a report.", "mailboxes", _ASKED_FOR, summed=False),
    Indicator.AUTHORS: Meaning("People who sent a letter, by their own right or by a grant.", "people", _ASKED_FOR, summed=False),
    Indicator.LETTERS_SENT: Meaning("Letters that were accepted from a mailbox, each once.", "letters", _ASKED_FOR),
    Indicator.SENT_BY_DELEGATES: Meaning("Of these, those that a grant allowed.", "letters", "sentinelle#f2"),
    Indicator.SENT_TO_PATIENTS: Meaning("Of these, those with a patient among their recipients.", "letters"),
    Indicator.SENT_WITH_DOCUMENTS: Meaning("Of these, those with a file.", "letters", _ASKED_FOR),
    Indicator.SENT_WITH_XDM: Meaning("Of these, those with an archive called IHE_XDM.ZIP.", "letters", "ref2#ECO.2.1.1"),
    Indicator.SENT_OCTETS: Meaning("Their size in all.", "octets"),
    Indicator.LETTERS_REFUSED: Meaning("Letters handed over whole by who had logged in, and refused then.", "letters"),
    Indicator.LETTERS_RECEIVED: Meaning("Letters that came into a mailbox: of one to three mailboxes, three.", "letters", _ASKED_FOR),
    Indicator.RECEIVED_FROM_PATIENTS: Meaning("Of these, those that a patient sent.", "letters"),
    Indicator.REPORTS_RECEIVED: Meaning(
        "What came without a return path: notifications, receipts, automatic answers.", "letters", "rfc5321#4.5.5"
    ),
    Indicator.RECEIPTS_SENT: Meaning("Read receipts sent by the server for a reader.", "receipts"),
    Indicator.TOLD_DELIVERED: Meaning("Reports that said of a letter sent from here: delivered.", "reports", "rfc3464#2.3.3"),
    Indicator.TOLD_RELAYED: Meaning("Likewise: handed on to who tells nothing more.", "reports", "rfc3464#2.3.3"),
    Indicator.TOLD_DELAYED: Meaning("Likewise: delayed.", "reports", "rfc3464#2.3.3"),
    Indicator.TOLD_FAILED: Meaning("Likewise: not delivered.", "reports", "rfc3464#2.3.3"),
    Indicator.TOLD_DISPLAYED: Meaning("Likewise: opened.", "reports", "rfc8098#3.2.6.2"),
    Indicator.TOLD_PROCESSED: Meaning("Likewise: dealt with by a program, or not.", "reports", "rfc8098#3.2.6.2"),
}
"""Each in the order in which it is shown."""
