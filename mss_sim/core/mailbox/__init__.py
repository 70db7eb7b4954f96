"""The content of mailboxes: read, listed, kept in order.

    message_to_store       a message parsed once, with the row that lists show
    mailboxes              mailboxes themselves: created, changed, removed, for the control plane
    behaviours             what the holder of a mailbox does unasked, and the steps that it plans
    closing                a mailbox closed in two steps, for the agenda too
    handing_over           whose a mailbox is: handed over
    retention              letters removed after so many days, for the agenda
    forced_removals        copies taken out for good past every right: by time, by the control plane
    visible_certificates   the certificates that open a mailbox, for who may see it
    messages               lists, opened messages, flags, moves and deletions of one message
    mailbox_attachments    the files that all letters carry, the newest first
    flag_rules             which flags may be set, and what comes of a change to those of a copy
    copies                 changes to copies, flags, moves, deletions: one implementation for every door
    charge_deeds, charge_verbs  who has a letter in charge, by keywords too; the verb, and notes for colleagues
    room                   whether a mailbox has room for what is put into it
    diagnosis, kept_diagnoses  what is wrong with the documents of a letter, told when asked; kept where a mailbox says so
    appending              a message that a client files itself
    selected_folder        a folder that a session keeps open: opening, polling for changes, reading
    recent                 which messages no IMAP session was told of yet
    folders                created, renamed, deleted
    mailboxes_as_tree      all folders that an actor may see, with figures and subscriptions

A *message* is the bytes, stored once. A *copy* is that message in one folder, with its UID, flags
and keywords. Whether a copy is read depends on the actor where the mailbox's seen policy is personal,
and is common to all where it is shared; the first reader of a copy is recorded either way.

Every verb checks its right inside its transaction:

| verb                       | right, besides `see`                         |
|----------------------------|----------------------------------------------|
| list, open a folder        | none                                         |
| open, preview, search text, list attachments | read                       |
| flags and keywords         | mark; for \\Deleted, delete                  |
| move                       | file; to Trash, delete will do               |
| append, copy into          | file                                         |
| take in charge, write a note | mark; a note, read too                     |
| delete, expunge            | delete                                       |
| delete a folder            | file; with messages in it, delete too        |

Mailboxes whose usage changes are locked first, then folders by id, as in delivery: two processes
never deadlock. Counters of a folder change with its copies, in the same statement group, and are
never computed when a list is shown.

Specifications: RFC 9051 and RFC 3501 for what a folder is, RFC 4314 for the letters of rights,
RFC 8474 for ids that survive a move.

Liberties taken: reading is not seeing: a message opened over REST is marked seen only
when the client says so (docs/decisions/0006-reading-is-not-seeing.md).
"""
