"""The verbs of the simulated network, in rooms with a direction. The core owns every transaction.

    assembly        all verbs of one world, as the front ends are given them
    control         seeds; what the world holds
    mailflow        a letter on its way: taken, decided, delivered, carried, told about
    conversations   threads, and who may answer in them
    mailbox         what lies in mailboxes: read, listed, kept in order
    psc             the OpenID provider of the professionals
    access          who somebody is, and what they may do with a mailbox now
    trust           operators, and what their certificates are worth
    world           what every verb needs, and knows of no verb

A room stands on the rooms below it and imports none above; `mailbox` and `psc` are strangers to one
another. import-linter checks it.

A verb asks `policy` for the decision, the store for the deed, and writes the journal line in the same
transaction. Checks made early (at MAIL, at RCPT) are for the client's comfort; what counts is asked again
inside the transaction that writes, on locked rows. Between the two, a mailbox may have been closed or a grant
revoked, and then the letter is refused or comes back.

Everything that delivery does for a group of letters is done together: that is what makes a durable acceptance
as cheap as it is.

Liberties taken: the operators of one world share one store, yet mail between them leaves over the wire and
comes in by the MX port like a stranger's; a setting delivers it in the same transaction instead.
"""
