"""Certificates in the shape of IGC-Santé: X.509 made and read, no file, no socket, no clock, no database.

    names       distinguished names and serials: how they are built, written as text, read back and compared
    authority   the root, the intermediate authorities below it, where they publish
    issuing     keys and leaf certificates: SERV SSL for hosts, ORG AUTH_CLI for mailboxes and operators
    revocation  CRLs and OCSP responses
    bundles     PEM, PKCS #12, PKCS #7

Two levels, as the national authority has: a root that signs authorities only, and one authority for each
range below it, which signs leaves. A leaf of a server has its hosts as DNS names and addresses; a leaf of
an application mailbox has the mailbox's address as an rfc822Name. Every certificate but the root says
where its issuer's certificate, CRL and OCSP responder are.

Profiles differ by what they are for: server authentication, client authentication, never both in one.

All names begin with TEST, so that nobody takes them for those of the national authority; file names of
authorities are the published ones, so that a client that builds paths from them works here too.

The caller gives the time and keeps the keys: `core/world/authorities.py` for the authorities, the store for leaves.
The order of attributes in a name is that of the standard, country first; written as text it is reversed
(ref: rfc4514#2.1), so that a name reads `CN=…,OU=…,O=…,ST=…,C=FR` as in the list of trusted domains. Two names
are the same when they have the same attributes in the same order, value for value.

Liberties taken: keys are P-256 unless RSA is asked for, because a first start must be short; the authority
answers OCSP requests with its own key, where the national one has a responder certificate; policies and
qualified statements are left out.
"""
