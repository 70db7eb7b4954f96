"""What lies in mailboxes: read, listed, kept in order.

    stored      a message read once, with the row that lists show
    mailboxes   mailboxes themselves: made, changed, removed, for the control plane
    messages    lists, opened messages, flags, moves and deletions of one message
    copies      the same acts over ranges of a folder, and appends
    selected    a folder that a session keeps open: opening, polling for changes, reading
    folders     made, renamed, deleted
    tree        all folders that somebody may see, with figures and subscriptions

A *message* is the bytes, stored once. A *copy* is that message in one folder, with its UID, flags
and keywords. What an actor sees as read is their own where the mailbox's seen policy is personal,
everybody's where it is shared; who read a copy first is recorded either way.

Every verb asks for its right inside its transaction:

| verb                       | right, besides `see`                         |
|----------------------------|----------------------------------------------|
| list, open a folder        | none                                         |
| open, preview, search text | read                                         |
| flags and keywords         | mark; for \\Deleted, delete                  |
| move                       | file; to Trash, delete will do               |
| append, copy into          | file                                         |
| delete, expunge            | delete                                       |

Mailboxes whose room changes are locked first, then folders by id, as delivery does: two
processes never wait for one another in a circle. Counters of a folder change with its copies, in
the same statement group, and are never computed when a list is shown.

Specifications: RFC 9051 and RFC 3501 for what a folder is, RFC 4314 for the letters of rights,
RFC 8474 for ids that survive a move.

Liberties taken: reading is not seeing: a message that was opened over REST is marked seen only
when the client says so (docs/decisions/0006-reading-is-not-seeing.md).
"""
