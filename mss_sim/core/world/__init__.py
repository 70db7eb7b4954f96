"""What every verb needs, independent of any verb: the store, time, ids, keys, and what is cached.

    world               all of it together, given to every verb
    address_cache       domains and mailboxes as last seen, so that RCPT need not query the store each time
    known_people        who people are and what they hold, kept until rights change
    white_list          the list of operators and domains: read at the MX port, published as XML
    access_tokens       signed and verified
    signing_keys        the keys behind them, and those retired
    authorities         certificate authorities on disk; certificates that our own listeners present
    revocation_faults   how AIA, CRL and OCSP respond, and a log of their requests
    passwords           hashed and checked, in the same time whether the login exists or not
    agenda              what waits for an instant, and the clock moved by way of all that is due
    uses                which mailboxes somebody uses
    commit_wakeups      wakes waiting sessions after a commit
    tally               what was refused, counted for /metrics; that and log-ins, told to the log
    expiring            values in memory that expire by themselves
    xml_writing         shared by the XML documents of the trust space
    store_types         types of the store, for front ends that may not open it

A `World` is one simulated trust space. Several can live in one process; they share nothing, because
no module holds state. Nothing here decides: decisions are in `policy/`, and verbs in the rooms above
request them.

The cache is never the last word. Only positive answers come from memory (a recipient that existed
a moment ago); any refusal is checked again in the store, and delivery reads locked
rows anyway.

Events are announced after their commit and in commit order: a watcher names the folders that it
needs, is woken, and reads for itself, so that only stored facts are reported.

Liberties taken: certificates follow the system's clock, everything else the world's.
"""
