"""DNS of the simulated domains, for clients that look for their servers.

    server   answers over UDP and TCP for the domains of the world's operators

A practice program that knows an address alone looks for SRV records, or for the configuration file at
a name below the domain. Both lead to this machine; the responder exists so that this can be tested
without a zone in anybody's real DNS.

It answers what it knows and REFUSED for the rest of the world. It asks nobody, and follows nothing:
one question in, one answer out, and never an answer to an answer. What was asked is kept, so that a
test can tell whether a client looked at all.

| question                                  | answer                                       |
|-------------------------------------------|----------------------------------------------|
| MX of a domain of the world               | the MX port's host                           |
| SRV of _imap._tcp, _submission._tcp       | host and port of those doors                 |
| A, AAAA of the names used above           | this machine                                 |
| another type of a name that exists        | NOERROR without records                      |
| a name of the world that does not exist   | NXDOMAIN                                     |
| anything else                             | REFUSED                                      |

The zone itself is `core/trust/discovery_records`; here are sockets and octets alone.

Specifications: RFC 1035, RFC 2782 (SRV), RFC 6186 (mail services), RFC 7766 (TCP).

Liberties taken: no EDNS, no DNSSEC, no zone transfer; a truncated answer comes again over TCP.
"""
