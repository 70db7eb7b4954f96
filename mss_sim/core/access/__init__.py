"""Who an actor is, and what they may do with a mailbox now.

    authentication       from credentials (a password, a token, a certificate) to an actor
    wrong_passwords      slowed down over HTTP, then refused for a while
    rights_in_force      what an identity may do with a mailbox at one instant; the refusal when it may not
    gate                 the one gate before a mailbox: may this actor do this here now
    delegation           grants: given, revoked, renounced, handed over
    carer_view_upkeep    what carers see of a patient's mailbox, which follows it
    carer_masks          what a patient masks from carers
    practice_holders     who holds a practice's mailbox: the responsible and the co-holders
    grant_turns          grants that begin and end by themselves, for the agenda
    grant_end_preview    what would happen if a grant ended now
    identities           people, organisations and applications, with their accounts
    patient_identities   their national identities, and whether one backs an address
    journal              who did what in a mailbox
    process_log          the log tells each act once it is committed
    identity_names       identities by id, for responses that name people

An *actor* is an authenticated identity, with the mailbox chosen at log-in, if any. An actor
carries no rights: `gate.require` reads them from the store at every request, inside the
transaction that uses them, so that a grant that was just revoked or has just expired allows
nothing at the very next request, on any open connection.

| question                                   | answered by                                    |
|--------------------------------------------|------------------------------------------------|
| may this identity do that here, now?       | `gate.require`, by the rule of `policy/access` |
| may this person give, or take, that right? | `delegation`, by the tables of `policy/delegation` |
| may this carer see that letter?            | `carer_view_upkeep`, by the table of `policy/masks`  |
| may this log-in open that mailbox?         | `authentication.check_way`, by `policy/logins`  |

A mailbox that an identity may not see does not exist for that identity: the refusal is the one
that an address without a mailbox gets, word for word.

The journal records what people did. It is written in the transaction of the act, and readable by
the managers of the mailbox. What clients sent on the wire is in `evidence/`; neither replaces
the other.

Specifications: the grants are the simulator's own (docs/quirks.md), exposed over IMAP as
RFC 4314; holders of a CAB follow the ANS implementation guide.

Liberties taken: a grant covers a whole mailbox; a grant stays in force when its grantor leaves; a
patient has carers, of whom no national text speaks yet.
"""
