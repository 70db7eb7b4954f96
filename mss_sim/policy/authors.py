"""The author of a letter: exactly one From field, which names a mailbox (ref: rfc5322#3.6, rfc5322#3.6.2).

| From                          | Sender  | submission, REST            | MX                          |
|-------------------------------|---------|-----------------------------|-----------------------------|
| none, empty, an empty group   |         | REFUSE malformed-message    | REFUSE malformed-message    |
| several fields                |         | REFUSE malformed-message    | REFUSE malformed-message    |
| one mailbox                   |         | taken                       | taken                       |
| several mailboxes             | none    | taken: we write Sender      | REFUSE malformed-message    |
| several mailboxes             | one     | taken: we write Sender      | taken                       |

A letter filed over IMAP (APPEND) is often a draft: its author is not checked.
"""

from collections.abc import Sequence

from mss_sim.errors import Refusal, Rule


def decide_authors(field_count: int, authors: Sequence[str], *, has_sender: bool) -> None:
    """Refuse a letter without an author, or with several and no Sender; `field_count` is how many From fields it has."""
    if field_count > 1:
        raise Refusal(Rule.MALFORMED_MESSAGE, "The message has more than one From field; keep one.", reference="rfc5322#3.6")
    if not authors:
        raise Refusal(
            Rule.MALFORMED_MESSAGE,
            "The message has no From field with a mailbox address; write the mailbox that sends there.",
            reference="rfc5322#3.6.2",
        )
    if len(authors) > 1 and not has_sender:
        raise Refusal(
            Rule.MALFORMED_MESSAGE, "From names several mailboxes; say in Sender which of them sent the letter.", reference="rfc5322#3.6.2"
        )
