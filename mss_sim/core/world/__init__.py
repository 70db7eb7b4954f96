"""What every verb needs, and knows of no verb: the store, time, ids, keys, and what is remembered.

    world                 all of it together, handed to every verb
    recipients            domains and mailboxes as last seen, so that RCPT need not ask the store each time
    white_list            the list of operators and domains: read at the MX port, published as XML
    tokens, signing_keys  access tokens signed and verified; the keys behind them
    authorities           certificate authorities on disk; certificates that our own listeners show
    revocation_services   how AIA, CRL and OCSP answer, and who asked them what
    passwords             hashed and checked, in the same time whether the login exists or not
    events                wakes waiting sessions after a commit
    expiring              values in memory that end by themselves
    xml                   what the XML documents of the trust space have in common
    rows                  types of the store, for front ends that may not open it

A `World` is one simulated trust space. Several can live in one process; they share nothing, because
no module holds state. Nothing here decides: decisions are `policy/`'s, and verbs in the rooms above
ask for them.

What is remembered is never the last word. Only good news is taken from memory (a recipient that was
there a moment ago); whatever would refuse is asked again of the store, and delivery looks at locked
rows anyway.

What happens is announced after its commit and in commit order: a watcher names the folders that it
cares for, is woken, and looks for itself, so that nothing is told that is not stored.

Liberties taken: certificates follow the system's clock, everything else the world's.
"""
