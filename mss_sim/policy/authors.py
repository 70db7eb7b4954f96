"""The author of a letter: exactly one From field, which names a mailbox (ref: rfc5322#3.6, rfc5322#3.6.2).

| From                          | Sender  | submission, REST            | MX                          |
|-------------------------------|---------|-----------------------------|-----------------------------|
| none, empty, an empty group   |         | REFUSE malformed-message    | REFUSE malformed-message    |
| several fields                |         | REFUSE malformed-message    | REFUSE malformed-message    |
| one mailbox                   |         | taken                       | taken                       |
| several mailboxes             | none    | taken: we write Sender      | REFUSE malformed-message    |
| several mailboxes             | one     | taken: we write Sender      | taken                       |

All mailboxes in From, and the return path, are of one operator: the peers that it is carried to believe their peer for its own domains
only (ref: ans-trust-space), so that another letter would be accepted here and come back.

Who sends a letter again says so in Resent-From and Resent-Sender: each of these must be a mailbox that they may send from, as each
author in From must (ref: rfc5322#3.6.6). So a letter of somebody else goes on as an attachment, or with one's own From.

A letter filed over IMAP (APPEND) is often a draft: its author is not checked.
"""

from collections.abc import Mapping, Sequence

from mss_sim.errors import Refusal, Rule
from mss_sim.words.sentence import say


def decide_authors(field_count: int, authors: Sequence[str], *, has_sender: bool) -> None:
    """Refuse a letter without an author, or with several and no Sender; `field_count` is how many From fields it has."""
    if field_count > 1:
        raise Refusal(Rule.MALFORMED_MESSAGE, say("The message has more than one From field; keep one."), reference="rfc5322#3.6")
    if not authors:
        raise Refusal(
            Rule.MALFORMED_MESSAGE,
            say("The message has no From field with a mailbox address; write the mailbox that sends there."),
            reference="rfc5322#3.6.2",
        )
    if len(authors) > 1 and not has_sender:
        raise Refusal(
            Rule.MALFORMED_MESSAGE,
            say("From names several mailboxes; say in Sender which of them sent the letter."),
            reference="rfc5322#3.6.2",
        )


def decide_one_operator(operators: Mapping[str, int]) -> None:
    """Refuse a letter whose authors and return path are of several operators; `operators` tells that of each address."""
    first, *others = operators
    foreign = next((one for one in others if operators[one] != operators[first]), None)
    if foreign:
        raise Refusal(
            Rule.SEND_NOT_ALLOWED,
            say(
                "{first} and {foreign} are mailboxes of two operators, and no operator takes such a letter from another: "
                "use one of them both in From and as the return path.",
                first=first,
                foreign=foreign,
            ),
            subject=foreign,
            reference="ans-trust-space",
        )
