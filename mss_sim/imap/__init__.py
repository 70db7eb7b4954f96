"""The IMAP server, which practice software uses every day to read its mailboxes.

    server                the connection: bytes, TLS, DEFLATE, timeouts
    session, view         the logged-in actor; the open folder as the client knows it
    grammar               commands and responses as octets: no socket, no store
    verbs                 the table of verbs, and what each does
    faults                what a rule may know of a command, and what becomes of its answer
    refusing              what the connection itself refuses, and what evidence keeps of refusals

| RFC                                    | status                                                                  |
|----------------------------------------|-------------------------------------------------------------------------|
| 3501 IMAP4rev1, 9051 IMAP4rev2         | yes; rev2 by ENABLE; \\Recent is for rev1 alone                          |
| 2177 IDLE, 2971 ID, 3691 UNSELECT, 5161 ENABLE, 4959 SASL-IR, 7888 LITERAL+ | yes, or LITERAL- |
| 2342 NAMESPACE, 4314 ACL, 9208 QUOTA   | yes; a grant is over a whole mailbox; SETQUOTA is the control plane's   |
| 4315 UIDPLUS, 6851 MOVE, 3516 BINARY   | yes; an appended message holds no NUL                                   |
| 5258 LIST-EXTENDED, 5819 LIST-STATUS, 3348 CHILDREN, 6154 SPECIAL-USE, 8438 STATUS=SIZE | yes; not CREATE-SPECIAL-USE: all are taken |
| 4731 ESEARCH, 5182 SEARCHRES, 5256 SORT and THREAD=REFERENCES | yes; charsets UTF-8 and US-ASCII                 |
| 7162 CONDSTORE, QRESYNC                | yes; VANISHED may name UIDs that were never there, as the RFC allows    |
| 7889 APPENDLIMIT, 8474 OBJECTID, 6855 UTF8=ACCEPT, 4978 COMPRESS | yes; EMAILID and THREADID are REST's ids      |
| 3502 MULTIAPPEND                       | yes: all or none, together as large as one message may be, 100 at most; no CATENATE |

A tagged OK means that it is on disk. Changes from other doors are reported in commit order, after NOOP, in IDLE, and after any verb whose
responses contain no sequence numbers. Every verb checks the rights again; a client that loses its mailbox gets BYE at once, even in IDLE.

Liberties taken: losing a folder in another user's mailbox ends in `OK [CLOSED]`, not in BYE; `see` without `read` opens folders and
shows envelopes; every folder is subscribed until it is unsubscribed; SEARCH ignores accents and case; a read receipt that a client
sent itself is recorded by its `$MDNSent`. The capability line can be masked (`imap_capabilities_masked`), to imitate an operator with
fewer capabilities.
"""
