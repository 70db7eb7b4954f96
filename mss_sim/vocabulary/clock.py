"""How the time of a world runs."""

from enum import StrEnum


class ClockMode(StrEnum):
    """The pace of a world's clock, beside the machine's."""

    REAL = "real"  # the machine's time
    OFFSET = "offset"  # the machine's pace, at another time
    FROZEN = "frozen"  # it stands still
    PACED = "paced"  # so many seconds of the world in one of the machine


class LocalTime(StrEnum):
    """Whose hours and midnights count."""

    UTC = "UTC"
    PARIS = "Europe/Paris"


class FiredKind(StrEnum):
    """What can happen because its instant has come."""

    TRIED = "delivery.tried"  # a waiting recipient was tried again
    GRANT_BEGAN = "grant.began"
    GRANT_ENDED = "grant.ended"
    AWAY_BEGAN = "out_of_office.began"  # a mailbox answers while nobody is there
    AWAY_ENDED = "out_of_office.ended"
    OPENED = "letter.opened"  # by a patient's behaviour, as those below
    RECEIPT_SENT = "receipt.sent"
    ANSWERED = "letter.answered"
    FORWARDED = "letter.forwarded"
    REFUSED = "letter.refused"  # an answer, or what was forwarded
    DELETED = "letter.deleted"
    MAILBOX_CLOSED = "mailbox.closed"
    MAILBOX_REOPENED = "mailbox.reopened"
    RETURNED = "letter.returned"  # by the operator that had accepted it
    VOID = "step.void"  # the letter is gone, or its reader may not act
    DIGEST_SENT = "watch_list.digest"  # the daily letter about a watch list
    UNUSED = "mailbox.unused"  # it was warned
    RED_LISTED = "mailbox.red_listed"
    LETTERS_EXPIRE = "mailbox.letters_expire"  # letters of it will be removed
    EXPIRED = "message.expired"
    WEBHOOK_TRIED = "webhook.tried"
