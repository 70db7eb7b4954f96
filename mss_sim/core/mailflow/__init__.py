"""A letter in transit: accepted, decided, delivered, relayed, reported.

    submission             from an authenticated actor, through any door
    senders                from which mailbox an actor may send now
    composing              a letter given in its parts, by REST or on a page, and drafts
    reception              from a peer operator, at the MX port
    mailboxes_on_demand    mailboxes made at their first letter: the postmaster's, magic ones
    planned_reactions      what the holders of the mailboxes that a letter reached will do about it
    mes_bounces            letters that Mon espace santé took and returns later
    letter                 the letter with its envelope; the response once it is stored
    delivery               locked rows, the last decision, copies: one transaction for a group of letters
    delivery_records       written with a delivery besides copies: submissions, timelines, journal
    timeline_writing       what happens to recipients, written on their timelines and on the watch list
    watch_list             whom letters did not reach, or who did not open them; what went on paper
    watch_digests          the daily letter about it, for the agenda
    threads                the conversation that a letter joins
    idempotency            the same key and request send once
    delivery_reports       notifications that are due
    report_reading, report_matching  reports that come in: what they say; matched with the letters that they are about
    forwarding             where a mailbox forwards
    forwarded_letters      the copies that it passes on
    out_of_office          what a mailbox answers while nobody is there
    absence_turns          when such answers begin and end, for the agenda
    unused_to_red_list     warned, taken from the directory, and back on use, for the agenda
    reading                opened, fetched, marked: all that follows from reading, at every door
    read_receipts          outgoing read receipts
    sent_letters           what a mailbox sent, with the timelines of the recipients
    submitted_receipts     read receipts sent by a reader's own mail program
    queue                  recipients at another operator, or whose mailbox accepts no mail for now
    due_tries              the tries that are due, for the agenda
    queue_view             what is in the queue, as the control plane shows it
    attempt_consequences   the consequences of a delivery attempt
    faults                 letters whose way fails on purpose
    outbound_interface     carries letters out (a Protocol that `smtp/outbound` implements)

MAIL and RCPT are answered for the client's comfort; the binding decision is made inside the
transaction that writes, on locked rows. Between the two a mailbox may have been closed or a grant
revoked: then the letter is refused, or returned.

    smtp/submission, api/sending ─▶ submission ─┐
    smtp/mx ─────────────────────▶ reception ───┼─▶ delivery ─▶ store
    queue ───────────────────────▶ attempts ────┘        └────▶ queue ─▶ smtp/outbound

250 and 201 are sent after the commit. What was accepted and cannot be delivered is returned as a
notification, written in the same transaction: nothing is lost in between.

Specifications: RFC 5321 (envelope, trace, retries), RFC 3461 and 3464 (delivery notifications),
RFC 8098 (read receipts), the ANS reference documents for what MSSanté adds.

Liberties taken: operators of one world share one store, yet mail between them leaves and enters by the MX port; a setting delivers at once.
"""
