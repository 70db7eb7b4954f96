"""The world changed from outside, past every right: seeds, and what the world holds.

    seed     a seed planted into an empty world; the personas that the ready file names
    start    what a world begins with, at its start and when it is reset
    state    counts of what the world holds, for health and metrics
    seeds/   the seeds that ship, as TOML

The control plane acts for nobody: it makes people, mailboxes and grants, and changes what no
person may change. The verbs themselves live with their nouns (`access/identities`,
`mailbox/mailboxes`, `trust/operators`), and are the same that a seed uses; this room holds what
is about the world as a whole.

A seed is planted once, into a world that holds nothing, and never repaired: what a test changed
afterwards is what the world is. Starting a world and resetting it are one sequence, so that a
reset world cannot differ from a fresh one.

| act                | what it touches                                             |
|--------------------|-------------------------------------------------------------|
| plant a seed       | operators, identities, accounts, mailboxes, holders, grants |
| reset              | all that is stored and remembered, then the seed again      |
| read the state     | nothing                                                     |

Lines that these acts leave in the journal say that the control plane wrote them (door
`control`, no actor).

Liberties taken: the passwords of the seeds are public, and the same for all people of one place.
"""
