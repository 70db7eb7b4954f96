"""The two SMTP servers: submission for clients (RFC 6409), MX for peer operators (RFC 5321).

    wire          the connection: a subclass of aiosmtpd's SMTP that reads and writes
    server        its verbs
    session       the state of one session: what is legal now, what each verb answers
    submission    TLS, then AUTH, then mail from a mailbox that the actor may send from
    mx            a certificate of the white list, domains of the trust space on both ends, nothing relayed
    outbound      letters to other operators, over mutual TLS
    commands      the arguments of MAIL and RCPT, read strictly
    replies       every reply: number, enhanced code, text
    faults        what a rule may know of a command, and what becomes of its reply
    client        a small sender, for the command line

| extension           | source   | submission     | MX             |
|---------------------|----------|----------------|----------------|
| PIPELINING          | RFC 2920 | yes            | yes            |
| SIZE                | RFC 1870 | yes            | yes            |
| 8BITMIME            | RFC 6152 | yes            | yes            |
| SMTPUTF8            | RFC 6531 | yes            | yes            |
| ENHANCEDSTATUSCODES | RFC 2034 | yes            | yes            |
| DSN                 | RFC 3461 | yes            | yes            |
| STARTTLS            | RFC 3207 | yes, demanded  | yes, demanded  |
| AUTH                | RFC 4954 | yes, after TLS | no             |
| CHUNKING            | RFC 3030 | no             | no             |

250 after DATA means that the message is on disk. The end of data is CRLF.CRLF and nothing else; a bare CR or LF
is refused, never repaired and never relayed, so nothing can be smuggled behind it. Bytes sent in clear behind
STARTTLS are discarded unexecuted.

Liberties taken: Return-Path and Received are written above the accepted message, which is kept byte for byte (a
setting turns them off); the server writes `Sender`; a Bcc field that a client left in its message stays
there for the test to see.
"""
