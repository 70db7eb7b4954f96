"""The REST API under /api/v1, the control plane under /control, and health.

    app               the application put together; interactive documentation from files that ship
    examples          whole bodies that OpenAPI shows, which can be sent as they stand
    schemas           the shapes of requests and answers, as OpenAPI 3.1 shows them
    storable          what every request body keeps: texts that both databases take
    views             rows as the plain dictionaries that go out
    paging            cursors
    mailboxes         who you are, mailboxes, folders, holders
    messages          lists, messages, attachments, flags, moves
    sending           letters, read receipts, timelines
    grants            delegation
    conversations     threads and their closure; the journal
    admin             the control plane; admin_schemas its shapes
    sessions          transcripts of SMTP and IMAP connections
    certificates      issued, taken back, downloaded, in the control plane; certificate_schemas its shapes and those of traps
    traps             what the traps saw of clients
    trust_space       operators and the white list; autoconfig the file that mail programs look for
    igc               what the authority publishes: its certificates, CRL, OCSP
    health            /healthz, /readyz, /metrics

Ids are 13 characters. `id` names a copy in a mailbox and survives moves; `email_id` names the message itself
and is the same in every mailbox. Lists are newest first, summaries only, with a cursor that makes the
thousandth page cost what the first does.

Reading a message records who read it first; it is marked seen only by PATCH, so that a GET changes nothing that
the reader sees. The exception is the patients' own: a patient cannot refuse a read receipt, it leaves at his
first reading.

A letter sent here goes the same way as one sent by SMTP and is refused by the same rules; all recipients are
checked before anything is sent. Idempotency-Key makes a retry safe: the same key and request send once, and the
second answer says `replayed`.

The control plane is the world seen from outside: it asks for no rights, so it answers this machine only, unless
a key is set, and never a page of another site. Answers are written without a response model, which would cost
more than the query; the models document them.
"""
