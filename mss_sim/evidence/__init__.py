"""What is known of clients: bounded, typed records of what they did, whichever door.

    transcripts   what was said on each SMTP and IMAP connection, credentials masked

The journal is the record of what people did with mailboxes; it is stored, and lasts as long as
the world. Evidence is what clients did on the wire; it is kept in memory, the newest of each kind,
and goes with the process. Neither stands in for the other.

A transcript holds lines as they went over the wire, with times, plus events that no line tells (a
handshake, a response that was cut short) and facts about the connection: TLS version and suite, the
host that was asked for, the client's certificate, the identity once somebody logged in.

| rule                                            | why                                          |
|-------------------------------------------------|----------------------------------------------|
| responses to AUTH are masked, mistyped ones too | a transcript is shown to a room              |
| a message is told by its size                   | letters are read in their mailbox            |
| the number of lines and of connections is bound | a client that loops must not fill the memory |

A transcript is read through the control plane (`/control/sessions`), by a test that wants to know
why its client was refused, and by a trainer who shows a dialogue. It is found by the door, by the
port, or by who logged in, and the newest comes first.

Verdicts are not here: `policy/traps` judges what a transcript of a trap tells, when somebody asks.

Liberties taken: what a client sent in an encoding that nobody can read is shown with replacement
characters; the octets themselves are not kept.
"""
