"""The IMAP verbs: what each does once its arguments are read.

    table      when a verb is legal, which capability it needs, what reads it, what does it
    login      capabilities, STARTTLS, LOGIN, AUTHENTICATE, ENABLE, ID, IDLE, COMPRESS
    tree       NAMESPACE, LIST, LSUB
    folders    SELECT, STATUS, CREATE, DELETE, RENAME, SUBSCRIBE
    fetch      FETCH
    search     SEARCH, SORT, THREAD
    changes    STORE, EXPUNGE, COPY, MOVE, APPEND
    rights     ACL over grants, QUOTA

A verb is a function over a session: it says untagged lines and returns the tagged one. It holds no
state of its own; who is there, what is open and what was enabled is the session's.

What happened in the open folder is told before the tagged answer, except after verbs whose answers
name sequence numbers (RFC 9051 section 7.5.1). Rights are asked for again by every verb, inside the
transaction that acts: whoever lost a mailbox hears so at the next command, or at once in IDLE.

| the answer | when                                                           |
|------------|----------------------------------------------------------------|
| OK         | it is done, and what it changed is on disk                     |
| NO         | a rule refuses; the text says which, the code is of RFC 5530   |
| BAD        | the grammar, the state or a masked capability refuses          |
| BYE        | the session is over: log-in lost, too many mistakes, a stop    |

The acts on messages are those of `core/mailbox`, which REST uses too: a flag that is set here is
the same flag, the same journal line and the same receipt.

Liberties taken: see `imap/__init__.py`.
"""
