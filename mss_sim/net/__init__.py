"""What the socket front ends share.

    sasl         PLAIN, LOGIN, XOAUTH2, OAUTHBEARER, EXTERNAL as pure exchanges: decoded bytes in, challenges or credentials out
    logins       from an exchange to an actor, and how a refused token is told
    asking       TLS that takes every client certificate, so that a reply can say what is wrong with it
    tls          the server's certificate, contexts for both sides, what was negotiated
    connections  how many are open, in all and per identity
    listening    sockets that listen, and what is said of a port that is taken
    traps        listeners behind the wrong TLS, and what clients did there

An exchange is a generator: it yields challenges, is sent responses and returns
credentials. It knows no socket and no account, so that SMTP and IMAP run the
same code over their own lines, and tests feed it one response at a time. What
credentials are worth is asked of `core/access/authentication`.

The authorities are made at first start by `core/world/authorities.py` and live in the data
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
and the loopback names; on submission and IMAP a client certificate that leads to
no authority of ours ends the handshake; refused tokens are told at once, or in
either of the ways seen at operators, by a setting.
"""
