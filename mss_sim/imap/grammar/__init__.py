"""The IMAP grammar: octets in, values out, and back. No socket, no store, no loop.

    wire          commands cut out of a stream, arguments read from left to right
    commands      what the verbs ask for
    listings      LIST, LSUB, STATUS
    items         FETCH
    search_keys   SEARCH, SORT, THREAD, and dates
    sections      pieces of messages: BODY[...], BINARY[...]
    threads       THREAD=REFERENCES and base subjects
    names         folder names: modified UTF-7, UTF-8, patterns
    responses     what is said: flags, dates, sets, response codes, refusals

A reader takes what is fed to it and gives events: a whole command, a go-ahead that is wanted, a
refusal. It is fed octet by octet in tests, and gives the same events however the network cut them.
Arguments raise `Bad` where something else stands than the grammar of RFC 9051 section 9 says, with
the place where it stands.

Every reader is linear in what it is given and bounded: a line, the literals of a command, the items
of a FETCH, the depth of a search. What is over a bound is refused with words, after it was read to
its end, so that what follows is not taken for commands.

Refusals of the core are shown by one table, `responses`: a rule, its response code (RFC 5530), its
words. `smtp/replies.py` and `http/problems.py` are the same table for the other doors.

Specifications: RFC 9051 and 3501; 2971, 3516, 4314, 4731, 5256, 5258, 5819, 6154, 6855, 7162, 7888,
8474, 9208 for what they add.

Liberties taken: commands may hold CRLF only; a bare LF ends a line and is refused.
"""
