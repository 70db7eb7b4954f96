"""The IMAP verbs: what each does once its arguments are read.

    table      when a verb is legal, which capability it needs, what reads it, what does it
    login      capabilities, STARTTLS, LOGIN, AUTHENTICATE, ENABLE, ID, IDLE, COMPRESS
    tree       NAMESPACE, LIST, LSUB
    folders    SELECT, STATUS, CREATE, DELETE, RENAME, SUBSCRIBE
    fetch      FETCH
    search     SEARCH, SORT, THREAD
    changes    STORE, EXPUNGE, COPY, MOVE, APPEND
    rights     ACL over grants, QUOTA

A verb is a function over a session: it sends untagged lines and returns the tagged one. It has no
state of its own; the actor, the open folder and the enabled capabilities belong to the session.

Changes in the open folder are reported before the tagged response, except after verbs whose responses
contain sequence numbers (RFC 9051 section 7.5.1). Every verb checks the rights again, inside the
transaction that acts: a client that lost a mailbox is notified at the next command, or at once in IDLE.

| the answer | when                                                           |
|------------|----------------------------------------------------------------|
| OK         | it is done, and what it changed is on disk                     |
| NO         | a rule refuses; the text says which, the code is of RFC 5530   |
| BAD        | the grammar, the state or a masked capability refuses          |
| BYE        | the session is over: log-in lost, too many mistakes, a stop    |

The acts on messages are those of `core/mailbox`, which REST uses too: a flag set here is
the same flag, the same journal line and the same receipt.

Liberties taken: see `imap/__init__.py`.
"""
