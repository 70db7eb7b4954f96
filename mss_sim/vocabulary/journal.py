"""What is done, and how."""

from enum import Enum, StrEnum


class Change(StrEnum):
    """What a list of rights or flags does to those that are there (ref: rfc4314#3.1, rfc9051#6.4.6)."""

    REPLACE = ""
    ADD = "+"
    REMOVE = "-"


class Act(StrEnum):
    """What a journal line tells of."""

    SUBMITTED = "message.submitted"
    RECEIVED = "message.received"
    REFUSED = "message.refused"
    NOT_QUALIFIED = "message.not_qualified"
    READ = "message.read"
    FLAGGED = "message.flagged"
    MOVED = "message.moved"
    COPIED = "message.copied"
    APPENDED = "message.appended"
    DELETED = "message.deleted"
    TAKEN = "message.taken"
    ASSIGNED = "message.assigned"
    RELEASED = "message.released"
    HANDLED = "message.handled"
    TAKEN_UP = "message.taken_up"
    NOTED = "message.noted"
    RECEIPT_SENT = "receipt.sent"
    RECEIPT_MATCHED = "receipt.matched"
    PAPER_DONE = "watch_list.paper_done"
    PAPER_UNDONE = "watch_list.paper_undone"
    GRANTED = "grant.created"
    REVOKED = "grant.revoked"
    RENOUNCED = "grant.renounced"
    HANDED_OVER = "grant.handed_over"
    HOLDER_ADDED = "holder.added"
    HOLDER_REMOVED = "holder.removed"
    RESPONSIBLE_CHANGED = "holder.responsible_changed"
    OWNER_CHANGED = "holder.owner_changed"
    CLOSED = "conversation.closed"
    REOPENED = "conversation.reopened"
    NOT_CLOSED = "conversation.not_closed"
    MAILBOX_CHANGED = "mailbox.changed"
    FOLDER_CREATED = "folder.created"
    FOLDER_RENAMED = "folder.renamed"
    FOLDER_DELETED = "folder.deleted"
    UNUSED = "mailbox.unused"
    RED_LISTED = "mailbox.red_listed"
    PUBLISHED = "mailbox.published"
    CLOSING_ASKED = "mailbox.closing_asked"
    CLOSING_CANCELLED = "mailbox.closing_cancelled"
    MAILBOX_CLOSED = "mailbox.closed"
    LETTERS_EXPIRE = "mailbox.letters_expire"
    EXPIRED = "message.expired"
    OUT_OF_OFFICE_SET = "out_of_office.set"
    OUT_OF_OFFICE_REMOVED = "out_of_office.removed"
    FORWARDING_SET = "forwarding.set"
    FORWARDING_REMOVED = "forwarding.removed"
    FORWARDED = "message.forwarded"
    NOT_FORWARDED = "message.not_forwarded"
    AUTO_REPLIED = "message.auto_replied"
    DIAGNOSED = "message.diagnosed"
    RIGHT_REFUSED = "right.refused"
    MASKED = "mask.added"
    UNMASKED = "mask.removed"
    VISITED = "mailbox.visited"


class Unset(Enum):
    """Marks a value that a partial change leaves as it is."""

    UNSET = 0


UNSET = Unset.UNSET
