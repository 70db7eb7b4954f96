"""The only SQL. One writer with group commit, a few readers, queries by noun.

    engine          SQLite (WAL, FULL) or PostgreSQL
    writer          one thread: all waiting units, one transaction, one sync, then the waiters wake
    store           write, write_briefly, write_in_bulk, read, read_briefly, read_unchanged
    notify          LISTEN and NOTIFY between processes over one PostgreSQL
    compiled        statements of the hot path, compiled once
    schema          the database created whole, or migrated
    snapshots       the whole database copied to a file, and back
    folder_view, search   one folder from top to bottom; the results of a search in it
    folder_index    UIDs and marks of folders kept in memory, used while the rows say that they are current
    finding         people and mailboxes looked for by words
    bulk            people and mailboxes by hundreds, one statement for each table
    directory, directory_search   what the national directory shows, in versions; searches in it
    directory_restricted, directory_pruning   what operators alone see of it; old versions, removed
    correspondents  the words under which people find what it shows, and searches by them
    carer_views     what carers see of a patient's mailbox: copies of what is not masked
    indicators      what the journal tells of a stretch of time, counted by period, domain and kind of mailbox
    seeds           what a seed tells of a world, past every right
    letters, inspection   the letters of the whole world, in whatever mailbox; each once, for who inspects them
    operators, white_list, identities, patients, mailboxes, grants, masks, folders, subscriptions, messages,
    message_ids, pages, submissions, queue, watch_list, watch_digests, conversations, dispensations, certificates,
    charges, diagnoses, journal, timelines, feed, webhooks, clock, planned_steps, psc, out_of_office, forwardings, mailbox_uses, closings,
    retention
                    functions on a connection: rows in, frozen dataclasses out

A commit costs a sync to disk, a few hundred microseconds here and milliseconds elsewhere. One commit per
message through sessions stored a few hundred messages a second; collecting waiting units into one
transaction stores thousands, as durably. The price is a rule for all callers: no answer is sent
before the commit, and a unit of work is a plain function without side effects, because it may be run
twice (in a group first, alone when the group failed).

Inside a transaction locks are always taken in the same order: mailboxes by id, then folders by id. SQLite
has one writer and needs none of it; PostgreSQL may have several processes.

Functions here decide nothing. They read, write, and keep counters correct. The core gets decisions from
`policy`, and only the core may import this package; front ends get their rows through
`core/world/store_types.py`.

Liberties taken: the bodies of messages that are in no folder are deleted, their rows stay because
timelines and conversations refer to them; the worlds that vanish at exit (`--memory`) are SQLite files in
a temporary folder, without syncing.
"""
