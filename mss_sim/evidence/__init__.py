"""What is known of clients: bounded, typed records of what they did, whichever door.

    transcripts   one session: what was said, what was refused, what it cost, how it ended
    exchanges     one request over HTTP with its answer, as a transcript keeps it
    runs          which requests over HTTP are one session
    sessions      sessions of all doors as they are looked for
    refusals      why something was refused
    costs         what is counted; clients adds it up for each client
    masking       credentials taken out of what comes over HTTP
    tls_facts     what is known of a TLS connection

The journal is the record of what people did with mailboxes; it is stored, and lasts as long as
the world. Evidence is what clients did on the wire; it is kept in memory, the newest of each kind,
and goes with the process. Neither stands in for the other.

A transcript holds lines as they went over the wire, with times, plus events that no line tells (a
handshake, a response that was cut short) and facts about the connection: TLS version and suite, the
host that was asked for, the client's certificate, the client's name, the identity once somebody logged in.

| rule                                            | why                                          |
|-------------------------------------------------|----------------------------------------------|
| responses to AUTH are masked, mistyped ones too | a transcript is shown to a room              |
| header fields and parameters by their names     | an invented one is named after what it is    |
| letters and bodies are told by their size       | letters are read in their mailbox            |
| the number of lines and of sessions is bound    | a client that loops must not fill the memory |

Each refusal is noted where its answer leaves: `Wire._say` of SMTP, the tagged answer of IMAP, the
start of the answer over HTTP (`http/recording.py`), which is why no door can refuse unseen.

Evidence is read through the control plane (`/control/evidence`), by a test that wants to know
why its client was refused, and by a trainer who shows a dialogue.

Verdicts about traps are not here: `policy/traps` judges what a transcript of a trap tells, when somebody asks.

Liberties taken: what a client sent in an encoding that nobody can read is shown with replacement
characters; the octets themselves are not kept.
"""
