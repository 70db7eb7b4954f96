"""The REST API under /api/v1: mailboxes, letters, receipts, delegation, conversations.

    mailboxes         who you are, mailboxes, folders, holders
    messages          lists, messages, attachments, flags, moves
    attachments       the files that all letters of a mailbox carry
    sending           letters, read receipts, timelines
    watch_list        whom letters did not reach, and who did not open them; watch_schemas its shapes
    grants            delegation
    charges           who has a message in charge, and what colleagues note about it; charge_schemas its shapes
    masks             what a patient hides from carers
    directory         whom one may write to, and why somebody is not found
    certificates      what opens one's APP mailboxes
    conversations     threads and their closure
    journal           who did what with a mailbox, or with all that one manages
    events            what happens in one's mailboxes, as it happens
    mailbox_life      what a mailbox does by itself, whose it is, and how it ends
    schemas, mailbox_life_schemas   the shapes of requests and answers, as OpenAPI 3.1 shows them
    views             rows as the plain dictionaries that go out

Ids are 13 characters. `id` names a copy in a mailbox and survives moves; `email_id` names the message itself
and is the same in every mailbox. Lists are newest first, summaries only, with a cursor that makes the
thousandth page cost what the first does.

Reading a message records who read it first; it is marked seen only by PATCH, so that a GET changes nothing that
the reader sees. The exception is the patients' own: a patient cannot refuse a read receipt, it leaves at the
first reading.

A letter sent here goes the same way as one sent by SMTP and is refused by the same rules; all recipients are
checked before anything is sent. Idempotency-Key makes a retry safe: the same key and request send once, and the
second answer says `replayed`.

Answers are written without a response model, which would cost more than the query; the models document them.

Liberties taken: the whole API is the simulator's own, for MSSanté specifies none between a client and its operator.
"""
