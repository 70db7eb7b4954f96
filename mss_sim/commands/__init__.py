"""The commands of `mss-sim`, by subject; `cli` gives each its name.

    running        run: one simulator until Ctrl-C
    configured     settings: what `run` would take, and where each value comes from
    people         seed, personas, patients, token
    written_seeds  what seed --write writes, and a seed of one's own that is brought in
    many_people    import, and what seed --generate has made
    letters        send
    documents      diagnose, document
    world_time     clock
    scenarios      play, record
    reports        report: indicators by month or day, domain and kind of mailbox
    agents         mcp: tools for agents
    readiness      health: whether a running simulator is ready
    certificates   cert issue, revoke, list, export
    database       db upgrade
    options        options that several commands share, with their meaning
    telling        what a command prints: tables, JSON, errors that a user can mend
    progress       how far something is that takes its time, on standard error

A command of a running simulator asks it over HTTP (`app.asking`), at the address and with the key that its
ready file tells, unless an option says otherwise: the ready file of the folder `MSS_SIM_DATA_DIR` (./data), or
the one that `MSS_SIM_READY_FILE` names.

Modules that take time to load are imported in the functions that need them, so that `--help` answers at once;
tests/house/test_start.py names them. Texts are English strings (ADR 0015). What goes wrong is one line on
standard error: status 2 for what was typed wrong, 1 for what was tried and failed.

No command opens the store, but `db upgrade`, and none but `run`, `play --memory` and `mcp` keeps a simulator in its process:
what is asked of one goes through the doors that its users have.

A new command is a function here and a line in `cli.py`; a new option of `run` is a setting, or has its line in
`config/variables.OF_RUN`.
"""
