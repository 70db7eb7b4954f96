"""The world changed from outside, without any check of rights: seeds, and what the world holds.

    named_seeds            a seed found by its name, planted into an empty world
    personas               the people of seeds who can be played, as the ready file names them
    planting, seed_letters  all that a seed says, in one unit of work
    seed_formats, seed_fields, toml_text  a seed as a folder: read, judged by its lines, written
    uploaded_seeds, world_as_seed, values_as_seed  seeds that were brought in; a world told as one
    fictional_patients, adding_patients  patients out of a number, and added to a world
    adding_people_like     people like one of a seed, as many as a test wants
    fictional_trust_space, generate, fictional_letters  the same of a whole network, with letters among its people
    importing              people and mailboxes out of a file: all or none, or in part
    many                   people and mailboxes judged and added by hundreds (batches, names_seen, bulk_work)
    start                  what a world begins with, at its start and when it is reset
    setting_faults         rules by which a seam fails
    snapshots, snapshot_file, snapshot_extras  a whole world kept as one file, and what is kept beside the store
    every_letter, documents_on_demand  every letter of the world, past every right; documents made on demand
    people_and_mailboxes   people and mailboxes found by words, shown with all that is theirs
    mail_catcher           the same letters, each once, for who inspects them: found, read, removed
    counts                 counts of what the world holds, for health and metrics
    indicators             what a world did, by period, domain and kind of mailbox
    seeds/                 the seeds that ship, as TOML

The control plane acts for no identity: it creates people, mailboxes and grants, and changes what no
person may change. The verbs themselves live with their nouns (`access/identities`,
`mailbox/mailboxes`, `trust/operators`), and are the same that a seed uses; this room holds what
is about the world as a whole.

A seed is planted once, into an empty world, and never repaired: what a test changes
afterwards stays. Starting a world and resetting it are one sequence, so that a
reset world cannot differ from a fresh one.

| act                | what it touches                                             |
|--------------------|-------------------------------------------------------------|
| plant a seed       | operators, identities, accounts, mailboxes, holders, grants |
| reset              | all that is stored and remembered, then the seed again      |
| go back            | all that is stored and remembered, by what a snapshot holds |
| read the state     | nothing                                                     |

The journal attributes these acts to the control plane (door
`control`, no actor).

Liberties taken: the passwords of the seeds are public, and the same for all people of one place.
"""
