"""Who somebody is, and what they may do with a mailbox now.

    authentication   from credentials (a password, a token, a certificate) to an actor
    wrong_passwords  slowed down over HTTP, then refused for a while
    access           what an identity may do with a mailbox at one instant; the refusal when it may not
    gate             the one gate before a mailbox: may this actor do that there now
    delegation       grants: given, revoked, renounced, handed over
    holders          who holds a practice's mailbox: the responsible and the co-holders
    identities       people, organisations and applications, with their accounts
    journal          who did what over a mailbox
    names            identities by id, for answers that name people

An *actor* is an authenticated identity, with the mailbox chosen at log-in when one was
chosen. An actor carries no rights: `gate.require` reads them from the store at every
request, inside the transaction that acts on them, so that a grant that was revoked or that
ran out a moment ago gives nothing at the very next request, on every open connection.

| question                                   | answered by                                    |
|--------------------------------------------|------------------------------------------------|
| may this identity do that here, now?       | `gate.require`, by the rule of `policy/access` |
| may this person give, or take, that right? | `delegation`, by the tables of `policy/delegation` |
| may this log-in open that mailbox?         | `authentication.check_way`, by `policy/logins`  |

A mailbox that one may not see does not exist for that identity: the refusal is the one that
an address without a mailbox gets, word for word.

The journal is a record of what people did, written in the transaction of the act, and read by
whoever manages the mailbox. What clients said on the wire is in `evidence/`; neither stands in
for the other.

Specifications: the grants are the simulator's own (docs/quirks.md), shown over IMAP as
RFC 4314; holders of a CAB follow the ANS implementation guide.

Liberties taken: a grant is over a whole mailbox; a grant whose giver leaves stays in force; a
patient's mailbox takes no grants.
"""
