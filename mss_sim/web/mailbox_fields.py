"""What may be changed of a mailbox, as forms have it: its texts and policies, and for administrators its state and limits."""

from typing import Any

from mss_sim.core.world.store_types import Mailbox
from mss_sim.vocabulary.mailboxes import OPENED_TO_PATIENTS, MailboxState, SeenPolicy, SentPolicy
from mss_sim.web.fields import line, number, word
from mss_sim.web.visit import Visit
from mss_sim.words.sentence import Sentence, say

_RANK_MAX, _BYTES_MAX, _QUOTA_MAX = 1_000_000, 2**40, 2**62
_LETTER_BYTES_MIN = 1_000
STATES: dict[MailboxState, Sentence] = {
    MailboxState.ACTIVE: say("open"),
    MailboxState.SUSPENDED: say("suspended"),
    MailboxState.CLOSED: say("shut down"),
}
SEEN: dict[SeenPolicy, Sentence] = {
    SeenPolicy.SHARED: say("one for all who read it"),
    SeenPolicy.PERSONAL: say("each reader's own"),
}
SENT: dict[SentPolicy, Sentence] = {
    SentPolicy.OWNER: say("in the mailbox that sends"),
    SentPolicy.SENDER: say("in the delegate's own mailbox"),
    SentPolicy.BOTH: say("in both"),
    SentPolicy.NONE: say("nowhere"),
}


def wanted(visit: Visit, box: Mailbox) -> dict[str, Any]:
    """What a manager's form changes of a mailbox, by the names of REST."""
    read: dict[str, Any] = {
        "label": line(visit, "label"),
        "description": line(visit, "description"),
        "red_listed": visit.field("red_listed") == "yes",
        "preferred_rank": number(visit.field("preferred_rank"), "preferred_rank", 1, _RANK_MAX),
        "seen_policy": word(visit.field("seen_policy"), "seen_policy", SeenPolicy).value,
        "sent_policy": word(visit.field("sent_policy"), "sent_policy", SentPolicy).value,
        "keeps_diagnoses": visit.field("keeps_diagnoses") == "yes",
    }
    if box.kind in OPENED_TO_PATIENTS:
        read["patients_may_write"] = visit.field("patients_may_write") == "yes"
    return _changed(read, box)


def wanted_limits(visit: Visit, box: Mailbox) -> dict[str, Any]:
    """What the administrator's form changes of it besides."""
    quota = number(visit.field("quota_bytes"), "quota_bytes", 0, _QUOTA_MAX)
    read = {
        "state": word(visit.field("state"), "state", MailboxState).value,
        "responsible_name": line(visit, "responsible_name"),
        "quota_bytes": box.quota_bytes if quota is None else quota,
        "message_size_bytes_max": number(visit.field("message_size_bytes_max"), "message_size_bytes_max", _LETTER_BYTES_MIN, _BYTES_MAX),
    }
    return _changed(read, box)


def _changed(read: dict[str, Any], box: Mailbox) -> dict[str, Any]:
    """What is not so yet: the journal tells of nothing else."""
    return {name: value for name, value in read.items() if value != getattr(box, name)}
