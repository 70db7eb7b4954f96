"""The trust space: which operators are in it, and what their certificates are worth.

    operators      those that are served here, and those outside, which mail is carried to
    peers          the certificate that each shows; what a certificate that a peer shows is worth
    certificates   issued, taken back, found again; what the authorities publish about them
    autoconfig     how a client finds its servers from an address alone: DNS, and the configuration file

A peer operator is known by its certificate, which the white list (`world/white_list`) binds to
domains: it speaks for mailboxes of those domains and for no others. Where its certificate comes from
another authority, that authority vouches for its own operator's domains alone.

| question                                     | answered by                                  |
|----------------------------------------------|----------------------------------------------|
| does TLS lead to an authority that we know?  | `pki/paths`, in the handshake or after it    |
| is the certificate good now?                 | `certificates`: in its time, not taken back  |
| which domains may it speak for?              | `policy/peers`, over the white list          |

The authorities live in the data folder (`world/authorities`), so that clients trust one file for as
long as the folder exists. Certificates follow the system's clock, not the world's: TLS clients look
at theirs.

Specifications: RFC 5280 for certificates and lists, RFC 6960 for OCSP, the ANS policy of IGC-Santé
for names and uses, the ANS reference document for the white list.

Liberties taken: one authority plays the national one; an operator outside may bring its own.
"""
