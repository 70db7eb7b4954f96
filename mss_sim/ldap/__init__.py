"""LDAP, to read only: certificates and revocation lists of the authorities in the national tree.

    server      connections: how much of a client is borne with, and whose turn it is
    session     the operations of one client; knows no socket
    tree        what there is: the authorities, mailboxes by choice, the root DSE and the subschema
    searches    what a search finds, and in which form its entries are shown
    filters     filters, which hold, do not hold, or tell nothing
    schema      the attributes that are known, by name and number
    names       distinguished names, read and compared
    messages    requests read and answers written, in BER by pyasn1
    framing     messages cut out of a stream, and looked through before they are read

A certificate of IGC-Santé says over LDAP too where its revocation list is. Programs have a branch for that, which nobody can try
without the national server; here it can be tried, and made to fail (`core/world/revocation_faults.py`).

| asked                                  | answered                                                          |
|----------------------------------------|-------------------------------------------------------------------|
| bind without a name                    | success: that is all there is (ref: rfc4513#5.1.1)                |
| bind with a name and no password       | unwillingToPerform (ref: rfc4513#5.1.2)                           |
| bind with a password; by SASL          | invalidCredentials; authMethodNotSupported                        |
| search, compare                        | what is there, within limits                                      |
| add, modify, delete, rename            | unwillingToPerform                                                |
| an extended operation                  | protocolError: none is known (ref: rfc4511#4.12)                  |
| a critical control                     | unavailableCriticalExtension: none is known (ref: rfc4511#4.1.11) |
| what is no message                     | a notice of disconnection (ref: rfc4511#4.4.1)                    |

Specifications: RFC 4510 to 4517, 4522 (`;binary`), 4523 (certificates), 4516 (URLs). A world has the port when its settings name it,
those that are hosted too; pyasn1 is loaded with this package, and this package with the port.

Liberties taken: no TLS, no referrals, no aliases, no ordering; of extensible matches nothing holds. The structure above the
entries and all that is told of mailboxes is ours (ref: quirks#ldap-tree, quirks#ldap-mailboxes).
"""
