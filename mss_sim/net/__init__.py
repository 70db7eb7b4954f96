"""What the socket front ends share.

    sasl         PLAIN, LOGIN and XOAUTH2 as pure exchanges: decoded bytes in, challenges or credentials out
    logins       from an exchange to an actor
    tls          the simulator's own certification authority and server certificate
    connections  how many are open, in all and per identity
    transcripts  what was said on each, credentials masked

An exchange is a generator: it yields challenges, is sent responses and returns
credentials. It knows no socket and no account, so that SMTP and IMAP run the
same code over their own lines, and tests feed it one response at a time. What
credentials are worth is asked of `core/accounts`.

The authority is made at first start and lives in the data folder:
`certificates/ca.pem` is what a client under test trusts, `ca.key` signs the
server's certificate when it runs out or when the host names change. Nothing is
ever written to the machine's trust store, and the names in the certificates say
TEST, so that nobody takes them for those of the national authority.

Server contexts take TLS 1.2 and 1.3 only, and suites with forward secrecy and
authenticated encryption. The exact national table of suites is not public; this
one is what ANSSI advises and what was seen at operators.

Liberties taken: one certificate serves all ports, with the simulator's host name
and the loopback names; certificates that look like those of IGC-Santé, client
certificates, revocation lists and traps are not simulated yet; XOAUTH2 refusals
are the polite kind (the reply 535), not the cut connection that was seen at one
operator.
"""
