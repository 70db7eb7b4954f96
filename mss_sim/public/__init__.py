"""What anybody may fetch over HTTP, without a key: certificates, revocation, configuration.

    trust        the root of the authority, which clients trust, as PEM and for Java
    igc          what the authority publishes: its certificates, CRL, OCSP
    autoconfig   the configuration file that mail programs look for, at both of its places

These addresses stand in certificates and are built by mail programs from a domain, so they are
asked for under names that are not the simulator's own, by clients that follow no redirect and
send no credentials.

Each service of the authority answers as `/control/certificates/behaviour` says: well, slowly, with
a page instead of a file, with a refusal, with an old list, not at all. That is how one sees what a
client does when a lookup fails; it must neither fall open nor lock itself out.

Who asked what is kept, and read by the verdicts of the traps: a client that never looked for
revocation is told so.

| path                                    | media type                      | specification |
|-----------------------------------------|---------------------------------|---------------|
| the root that clients trust             | application/x-pem-file, application/x-pkcs12 | RFC 7468, RFC 7292 |
| certificates of authorities             | application/pkix-cert           | RFC 2585      |
| chains                                  | application/x-pkcs7-certificates| RFC 2315      |
| revocation lists                        | application/pkix-crl            | RFC 5280      |
| OCSP, by GET and POST                   | application/ocsp-response       | RFC 6960      |
| configuration of mail programs          | application/xml                 | ANS reference document 2, ECO.1.1.9 |

Liberties taken: both places of the configuration file are served, and say the same.
"""
