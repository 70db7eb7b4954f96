"""The kinds of events that are handed on, as they are called over REST: acts of journals, what befell letters, and the world itself.

message.received    the words of `vocabulary.journal.Act`, all of them
timeline.delivered  `timeline.` and the words of `vocabulary.mail.TimelineKind`
world.reset         the world was emptied, or went back to a snapshot: what was known of it is void
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.mail import TimelineKind

RESET = "world.reset"


class Family(StrEnum):
    """What an event is about: the first word of its kind."""

    MESSAGE = "message"
    RECEIPT = "receipt"
    TIMELINE = "timeline"
    WATCH_LIST = "watch_list"
    CONVERSATION = "conversation"
    FOLDER = "folder"
    MAILBOX = "mailbox"
    GRANT = "grant"
    HOLDER = "holder"
    MASK = "mask"
    OUT_OF_OFFICE = "out_of_office"
    FORWARDING = "forwarding"
    RIGHT = "right"
    WORLD = "world"


KINDS: tuple[str, ...] = (*(act.value for act in Act), *(f"{Family.TIMELINE}.{kind.value}" for kind in TimelineKind), RESET)
"""Every kind."""


def family_of(kind: str) -> Family:
    """The family of a kind."""
    return Family(kind.partition(".")[0])


class Event(NamedTuple):
    """What a kind tells: one sentence, and the fields of its `detail`, each with what it is: a word of JSON Schema, with `?` it may be
    null, in brackets it is a list of those, `instant` is a string of RFC 3339.
    """

    sentence: str
    detail: Mapping[str, str] = {}


_GONE = {"message": "string", "subject": "string", "rfc_message_id": "string?"}
_PAPER = {"recipient": "string", "reason": "string", "of": "string"}

EVENTS: dict[str, Event] = {
    Act.SUBMITTED: Event(
        "A letter was accepted from a mailbox: to whom, and in what quality.",
        {"to": "[string]", "mode": "string?", "rfc_message_id": "string?"},
    ),
    Act.RECEIVED: Event("A letter came into the mailbox.", {"from": "string"}),
    Act.REFUSED: Event("A submitted letter was refused.", {"rule": "string", "detail": "string", "from": "string"}),
    Act.NOT_QUALIFIED: Event("A letter went to patients' addresses that no qualified identity backs.", {"recipients": "[object]"}),
    Act.READ: Event("Somebody read a letter for the first time.", {"message": "string"}),
    Act.FLAGGED: Event("Flags or keywords of a letter changed.", {"message": "string", "add": "[string]", "remove": "[string]"}),
    Act.MOVED: Event("A letter was moved.", {"message": "string", "from": "string", "to": "string"}),
    Act.COPIED: Event("A letter was copied, to a folder or to another mailbox.", {"message": "string", "to": "string"}),
    Act.APPENDED: Event("A letter was put into a folder.", {"message": "string", "to": "string"}),
    Act.DELETED: Event("A letter was deleted.", _GONE),
    Act.TAKEN: Event("Somebody took a letter in charge.", {"message": "string"}),
    Act.ASSIGNED: Event("A letter was given to a colleague.", {"message": "string", "to": "string", "from": "string?"}),
    Act.RELEASED: Event("A letter is no longer in anyone's charge.", {"message": "string", "from": "string?"}),
    Act.HANDLED: Event("Somebody has finished with a letter.", {"message": "string"}),
    Act.TAKEN_UP: Event("A letter that was finished with is open again.", {"message": "string", "from": "string?"}),
    Act.NOTED: Event("Somebody wrote a note about a letter for colleagues.", {"message": "string"}),
    Act.RECEIPT_SENT: Event("A read receipt was sent.", {"to": "string", "disposition": "string", "of": "string?"}),
    Act.RECEIPT_MATCHED: Event(
        "A receipt or a report came for a letter that was sent.", {"recipient": "string", "kind": "string", "of": "string"}
    ),
    Act.PAPER_DONE: Event("A recipient of the watch list was reached on paper.", {**_PAPER, "note": "string"}),
    Act.PAPER_UNDONE: Event("That was taken back.", _PAPER),
    Act.GRANTED: Event("Rights over the mailbox were granted.", {"rights": "[string]", "grantee": "string", "reason": "string?"}),
    Act.REVOKED: Event("A grant was revoked.", {"grantee": "string"}),
    Act.RENOUNCED: Event("A grant was renounced by who held it.", {"grantee": "string"}),
    Act.HANDED_OVER: Event("A grant passed from one person to another.", {"from": "string", "to": "string", "replaces": "string"}),
    Act.HOLDER_ADDED: Event("A practice's mailbox has one holder more.", {"idnat": "string"}),
    Act.HOLDER_REMOVED: Event("A practice's mailbox has one holder less.", {"idnat": "string"}),
    Act.RESPONSIBLE_CHANGED: Event("Another holder is responsible for a practice's mailbox.", {"idnat": "string", "stays": "boolean"}),
    Act.OWNER_CHANGED: Event("The mailbox has another owner.", {"from": "string?", "to": "string"}),
    Act.CLOSED: Event("A conversation with patients was closed.", {"conversation": "string", "patients": "[string]", "rights": "integer"}),
    Act.REOPENED: Event("A conversation was opened again.", {"conversation": "string", "patients": "[string]", "rights": "integer"}),
    Act.NOT_CLOSED: Event("A letter looked as if it should close a conversation, and did not.", {"why": "string", "patients": "[string]"}),
    Act.MAILBOX_CHANGED: Event("Properties of the mailbox changed.", {"before": "object", "after": "object"}),
    Act.FOLDER_CREATED: Event("A folder was created.", {"name": "string"}),
    Act.FOLDER_RENAMED: Event("A folder was renamed.", {"from": "string", "to": "string"}),
    Act.FOLDER_DELETED: Event("A folder was deleted.", {"name": "string"}),
    Act.UNUSED: Event("The mailbox has not been used for long.", {"since": "instant"}),
    Act.RED_LISTED: Event("The mailbox left the directory, since it was unused.", {"since": "instant"}),
    Act.PUBLISHED: Event("The mailbox is in the directory again."),
    Act.CLOSING_ASKED: Event("The mailbox is going to be closed.", {"closes_at": "instant"}),
    Act.CLOSING_CANCELLED: Event("The mailbox is not going to be closed any more.", {"closes_at": "instant"}),
    Act.MAILBOX_CLOSED: Event("The mailbox was closed, as had been asked.", {"asked_at": "instant"}),
    Act.LETTERS_EXPIRE: Event("Letters are about to reach the end of their time.", {"letters": "integer", "at": "instant"}),
    Act.EXPIRED: Event("A letter reached the end of its time, and is gone.", _GONE),
    Act.OUT_OF_OFFICE_SET: Event("The mailbox answers for an absence.", {"from": "instant", "until": "instant?"}),
    Act.OUT_OF_OFFICE_REMOVED: Event("The mailbox answers for no absence any more."),
    Act.FORWARDING_SET: Event("The mailbox passes its letters on.", {"to": "string", "keep": "boolean"}),
    Act.FORWARDING_REMOVED: Event("The mailbox passes nothing on any more."),
    Act.FORWARDED: Event("A letter was passed on.", {"to": "string", "kept": "boolean"}),
    Act.NOT_FORWARDED: Event("A letter could not be passed on.", {"to": "string", "why": "string"}),
    Act.AUTO_REPLIED: Event("The mailbox answered a letter by itself.", {"to": "string", "of": "string?"}),
    Act.DIAGNOSED: Event(
        "The documents of a letter were diagnosed, and that is kept with it.", {"worst": "string?", "findings": "integer"}
    ),
    Act.RIGHT_REFUSED: Event("Somebody tried what their rights do not allow.", {"right": "string"}),
    Act.MASKED: Event("A patient masked something from carers.", {"kind": "string", "what": "string"}),
    Act.UNMASKED: Event("A patient shows it to carers again.", {"kind": "string", "what": "string"}),
    Act.VISITED: Event("A carer looked into a patient's mailbox."),
    RESET: Event("The world was emptied, or went back to a snapshot: what was known of it is void."),
}
"""What each kind tells; those of timelines tell the same."""
_BEFELL = {
    TimelineKind.SUBMITTED: "The letter was accepted for this recipient.",
    TimelineKind.RELAYED: "The letter left for the operator of this recipient.",
    TimelineKind.DELIVERED: "The letter lies in the recipient's mailbox.",
    TimelineKind.DELAYED: "The letter still waits, and its sender was told.",
    TimelineKind.FAILED: "The letter will not reach this recipient.",
    TimelineKind.DISPLAYED: "The recipient, or somebody for them, says to have read it.",
    TimelineKind.PROCESSED: "The recipient's program says what became of it; `failed` tells whether that was a failure.",
}
EVENTS |= {
    f"{Family.TIMELINE}.{kind.value}": Event(sentence, {"recipient": "string", "failed": "boolean", "detail": "string"})
    for kind, sentence in _BEFELL.items()
}


def schema_of(kind: str) -> dict[str, Any]:
    """The `detail` of a kind as JSON Schema."""
    told = EVENTS[kind]
    properties = {name: _type(word) for name, word in told.detail.items()}
    return {"type": "object", "description": told.sentence, "properties": properties}


def _type(word: str) -> dict[str, Any]:
    if word.endswith("?"):
        return {"anyOf": [_type(word[:-1]), {"type": "null"}]}
    if word.startswith("["):
        return {"type": "array", "items": _type(word[1:-1])}
    return {"type": "string", "format": "date-time"} if word == "instant" else {"type": word}
