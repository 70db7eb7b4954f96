"""The verbs of the simulated network, in rooms that depend on each other in one direction. The core owns every transaction.

    assembly        all verbs of one world, as the front ends are given them
    scenarios       stories played, and recorded
    feed            what happens, handed on to clients that wait for it
    control         seeds; what the world holds
    annuaire        the national directory: what it shows of people and mailboxes, searched
    patients        what patients do by themselves; letters that come back later
    mailflow        a letter in transit: accepted, decided, delivered, relayed, reported
    conversations   threads, and who may answer in them
    mailbox         the content of mailboxes: read, listed, kept in order
    psc             the OpenID provider of the professionals
    access          who an actor is, and what they may do with a mailbox now
    trust           operators, and what their certificates are worth
    world           what every verb needs; independent of any verb

A room depends on the rooms below it and imports none above; `mailbox` and `psc` do not import each
other. import-linter checks it.

A verb takes the decision from `policy`, changes data through the store, and writes the journal line in the
same transaction. Checks made early (at MAIL, at RCPT) are for the client's comfort; the binding check is made
inside the transaction that writes, on locked rows. Between the two, a mailbox may have been closed or a grant
revoked, and then the letter is refused or returned.

Delivery does everything for a group of letters together: that is what makes a durable acceptance
this cheap.

Liberties taken: the operators of one world share one store, yet mail between them leaves over the wire and
enters by the MX port like mail from outside; a setting delivers it in the same transaction instead.
"""
