"""The IMAP grammar: octets in, values out, and back. No socket, no store, no loop.

    wire          commands cut out of a stream, arguments read from left to right
    commands      the arguments of the verbs
    listings      LIST, LSUB, STATUS
    items         FETCH
    search_keys   SEARCH, SORT, THREAD, and dates
    sections      parts of messages: BODY[...], BINARY[...]
    threads       THREAD=REFERENCES and base subjects
    names         folder names: modified UTF-7, UTF-8, patterns
    responses     what the server sends: flags, dates, sets, response codes, refusals

A reader is fed octets and produces events: a whole command, a go-ahead that is needed, a
refusal. Tests feed it octet by octet; the events do not depend on how the network splits them.
Arguments raise `Bad` where the input deviates from the grammar of RFC 9051 section 9, with
the position.

Every reader is linear in its input and bounded: a line, the literals of a command, the items
of a FETCH, the depth of a search. Input over a bound is refused with an explanation, after it was read
to its end, so that what follows is not mistaken for commands.

Refusals of the core are mapped by one table, `responses`: a rule, its response code (RFC 5530), its
text. `smtp/replies.py` and `http/problems.py` are the same table for the other doors.

Specifications: RFC 9051 and 3501; 2971, 3516, 4314, 4731, 5256, 5258, 5819, 6154, 6855, 7162, 7888,
8474, 9208 for what they add.

Liberties taken: commands may hold CRLF only; a bare LF ends a line and is refused.
"""
