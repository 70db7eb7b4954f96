"""Shared by the socket front ends.

    sasl         PLAIN, LOGIN, XOAUTH2, OAUTHBEARER, EXTERNAL as pure exchanges: decoded bytes in, challenges or credentials out
    logins       from an exchange to an actor, and how a token refusal is reported
    lenient_tls  TLS that accepts every client certificate, so that a reply can say what is wrong with it
    tls          the server's certificate, contexts for both sides, what was negotiated
    connections  how many are open, in total and per identity
    turns        how long the clients of a world are answered before the loop belongs to others
    patience     how many mistakes one may make
    listening    listening sockets, and the error for a port in use
    webhook_calls   events posted to the targets of webhooks
    traps, trap_report   listeners behind the wrong TLS, and what clients did there; what each trap shows of them

An exchange is a generator: it yields challenges, receives responses and returns
credentials. It is independent of sockets and accounts, so that SMTP and IMAP run the
same code over their own lines, and tests feed it one response at a time. Credentials
are checked by `core/access/authentication`.

The authorities are created at first start by `core/world/authorities.py` and live in the data
folder: `certificates/ca.pem`, the root, is what a client under test trusts. The
server's certificate is reissued when it expires, when the host names change or
when the HTTP port, to which its lookups point, does. Nothing is ever written to
the machine's trust store.

Server contexts accept TLS 1.2 and 1.3 only, and suites with forward secrecy and
authenticated encryption. The exact national table of suites is not public; this
one is what ANSSI advises and what was observed at operators, and a setting changes
it. The parameters negotiated with each client are in its transcript.

A trap is the same service of the same world behind one fault. It never decides by
itself: its transcript is read on request, and `policy/traps.py` judges.

Liberties taken: one certificate serves all ports, with the simulator's host name
and the loopback names; on submission and IMAP a client certificate that does not
lead to one of our authorities ends the handshake; refused tokens are reported at
once, or in either of the ways observed at operators, by a setting.
"""
