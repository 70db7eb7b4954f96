"""The tables of the store, for SQLAlchemy Core.

One file for the mail, because a schema is read as a whole; a service beside it has a file of its own. There are no mapped classes:
the store speaks Core statements and hands on frozen dataclasses, which costs less than an object-relational session and keeps SQL in
one place.

    operators, domains                         the trust space
    identities, accounts                       who exists, who can log in
    mailboxes, co_holders, grants              what is held, and what was delegated
    folders, messages, message_bodies, copies  the mail: bytes once, copies per folder
    diagnoses                                  what was wrong with the documents of a letter, where that is kept
    readings                                   who read a copy first, and what they said of \\Seen
    submissions, recipients, timeline, queue   what was sent, to whom, what became of it, who waits
    charges, charge_notes                      who has a copy in charge, and the notes of colleagues (charges.py)
    receipts, answer_rights                    read receipts that left; patients' rights to answer
    journal, idempotency                       who did what; which keys were used
    patient_identities, planned_steps          patients (patients.py): who they are by number, what they are about to do,
    masks, masked_messages, carer_copies       what they mask from carers, and what those see instead,
    dispensations                              and when a pharmacy last gave them medicines
    watch_list, watch_digests                  recipients to look after, and the daily letters about them
    clock                                      how the time of the world runs
    mailbox_uses, closings, forwardings        the life of a mailbox (mailbox_life.py): when it was used last, when it closes, where
    out_of_office, out_of_office_answers       it forwards; what it answers while nobody is there, and to whom it has
    retentions, retention_rounds               how long it keeps letters, and until when that was warned of
    certificates                               what was issued, to whom, what was taken back
    feed, webhooks, webhook_deliveries         what happened in the order of the commits, and who is told over HTTP (feed.py)
    inspected_letters                          what somebody who inspects letters (inspection.py) has read and removed
    directory_entries, directory_loads         what the national directory shows (directory.py), and showed before
    directory_cards, directory_words           the words under which people find it
    psc_clients, psc_profiles                  Pro Santé Connect (psc.py): its clients, and what it tells of people

Ids are integers that grow with time and are made by `ids`, so that a row's place in its index is its
place in time, and rows can be made in bulk without asking the database first. Instants are integers,
microseconds since the epoch in UTC: the same on both databases and cheap to compare. Lists never touch
bodies, so bodies have a table of their own.

A folder row holds its counters (how many copies, how many unseen, the next UID, the highest modification
sequence): who adds a copy locks that row, takes numbers from it and writes it back once.

alembic/versions holds the way from one release's schema to the next; a test compares it with this file on
both databases.
"""
