"""A letter on its way: taken, decided, delivered, carried, told about.

    submission           from somebody who is logged in, through any door
    reception            from a peer operator, at the MX port
    letter               the letter with its envelope; what is answered once it is stored
    delivery             locked rows, the last decision, copies: one transaction for a group of letters
    records              what a delivery leaves besides copies: submissions, timelines, journal
    threads              which conversation a letter joins
    idempotency          the same key and request send once
    notifications        delivery notifications that are owed; reports that come in, matched
    receipts             read receipts that leave, timelines
    submitted_receipts   read receipts that a reader's own program sends
    queue                recipients at another operator, or whose mailbox takes no mail for now
    attempts             what follows from a try
    transport            who carries letters out (a Protocol that `smtp/outbound` fills)

MAIL and RCPT are answered for the client's comfort; what counts is decided once more inside the
transaction that writes, on locked rows. Between the two a mailbox may have been closed or a grant
revoked: then the letter is refused, or comes back.

    smtp/submission, api/sending ─▶ submission ─┐
    smtp/mx ─────────────────────▶ reception ───┼─▶ delivery ─▶ store
    queue ───────────────────────▶ attempts ────┘        └────▶ queue ─▶ transport

250 and 201 are said after the commit. What was accepted and cannot be delivered comes back as a
notification, written in the same transaction: nothing is lost between two.

Specifications: RFC 5321 (envelope, trace, retries), RFC 3461 and 3464 (delivery notifications),
RFC 8098 (read receipts), the ANS reference documents for what MSSanté adds.

Liberties taken: the operators of one world share one store, yet mail between them leaves over
the wire and comes in by the MX port like a stranger's; a setting delivers it at once instead.
"""
