"""The trust space: which operators are in it, and what their certificates are worth.

    operators               those served here, and external ones, to which mail is relayed
    operator_certificates   the certificate that each presents; the verdict on a peer's certificate
    certificates            issued, revoked, found; what the authorities publish about them
    discovery_records       how a client finds its servers from an address alone: DNS, and the configuration file

A peer operator is known by its certificate, which the white list (`world/white_list`) binds to
domains: it speaks only for mailboxes of those domains. Where its certificate comes from
another authority, that authority vouches only for its own operator's domains.

| question                                     | answered by                                  |
|----------------------------------------------|----------------------------------------------|
| does TLS lead to an authority that we know?  | `pki/paths`, in the handshake or after it    |
| is the certificate good now?                 | `certificates`: in its time, not taken back  |
| which domains may it speak for?              | `policy/peers`, over the white list          |

The authorities live in the data folder (`world/authorities`), so that clients trust one file for as
long as the folder exists. Certificates follow the system's clock, not the world's, because TLS
clients do.

Specifications: RFC 5280 for certificates and lists, RFC 6960 for OCSP, the ANS policy of IGC-Santé
for names and uses, the ANS reference document for the white list.

Liberties taken: one authority plays the national one; an external operator may bring its own.
"""
