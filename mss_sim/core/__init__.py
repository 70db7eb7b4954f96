"""The verbs of the simulated network, one file per noun. The core owns every transaction.

    world, core                      what a verb needs; what a front end is given
    accounts, passwords, tokens      from credentials (a password, a token, a certificate) to an actor
    attempts                         wrong passwords over HTTP: slowed down, then refused for a while
    gate                             before every mailbox: may this actor do that there now
    keys, claims, psc                what signs tokens; what userinfo tells; professionals with a card
    clients, oauth, provider, ciba   the OpenID provider: who may ask, in which words it refuses, its state, approvals
    kept                             values in memory that end by themselves
    directory                        domains and mailboxes as last seen
    submission, reception            a letter from a client; a letter from a peer operator
    letters, delivery, recorded      the letter on its way; into mailboxes; what is left behind besides copies
    threads, retries                 which conversation a letter joins; the same key sends once
    reports, receipts, readers       notifications owed and reports matched; read receipts and timelines; those that clients send
    queue, settling, transport       recipients that wait or are elsewhere; what follows from a try; who carries letters out
    operators, peers, white_list     the trust space: who is in it, what certificates are worth, its list
    autoconfig, documents            how clients find their servers from an address alone; what XML files have in common
    mailboxes, foldering             reading and keeping order, one message at a time
    shelves, handling, listing       a folder that is kept open: reading, changing; the tree of all folders
    events                           who waits for what, told after the commit
    delegation, holders              grants; who holds a practice's mailbox
    conversations, closing           threads, and their closure towards patients; what it withdraws, arrived or on its way
    journal, people, rows            who did what; names; types for front ends
    control, seed                    the world changed from outside
    igc, igc_services, certificates  the authorities; how they answer over HTTP; what is issued and taken back

A verb asks `policy` for the decision, the store for the deed, and writes the journal line in the same
transaction. Checks made early (at MAIL, at RCPT) are for the client's comfort; what counts is asked again
inside the transaction that writes, on locked rows. Between the two, a mailbox may have been closed or a grant
revoked, and then the letter is refused or comes back.

Everything that delivery does for a group of letters is done together: that is what makes a durable acceptance
as cheap as it is.

Liberties taken: the operators of one world share one store, yet mail between them leaves over the wire and
comes in by the MX port like a stranger's; a setting delivers it in the same transaction instead.
"""
