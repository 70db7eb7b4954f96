"""What the socket front ends share.

    sasl         PLAIN, LOGIN and XOAUTH2 as pure exchanges: decoded bytes in, challenges or credentials out
    logins       from an exchange to an actor, and how a refused token is told
    tls          the server's certificate, contexts for both sides, what was negotiated
    connections  how many are open, in all and per identity
    transcripts  what was said on each, credentials masked
    asking       TLS that takes any client certificate, to refuse a wrong one with a reply
    listening    sockets that listen, and what is said of a port that is taken
    dns          the records of the simulated domains
    traps        listeners behind the wrong TLS, and what clients did there

An exchange is a generator: it yields challenges, is sent responses and returns
credentials. It knows no socket and no account, so that SMTP and IMAP run the
same code over their own lines, and tests feed it one response at a time. What
credentials are worth is asked of `core/accounts`.

The authorities are made at first start by `core/igc.py` and live in the data
folder: `certificates/ca.pem`, the root, is what a client under test trusts. The
server's certificate is made anew when it runs out, when the host names change or
when the HTTP port, to which its lookups point, does. Nothing is ever written to
the machine's trust store.

Server contexts take TLS 1.2 and 1.3 only, and suites with forward secrecy and
authenticated encryption. The exact national table of suites is not public; this
one is what ANSSI advises and what was seen at operators, and a setting changes
it. What was negotiated with each client stands in its transcript.

A trap is the same service of the same world behind one fault. It never decides by
itself: its transcript is read when somebody asks, and `policy/traps.py` judges.

Liberties taken: one certificate serves all ports, with the simulator's host name
and the loopback names; a client certificate that leads to no authority of ours
ends the handshake at all ports but MX, because Python cannot go on and tell; a
refused token is told by the reply 535 alone, unless a setting says otherwise.
"""
