"""Every setting of a simulated world.

    subjects    what can be set, by subject: type, default, limits, unit, and what it is for
    patients, mailbox_life, directory, ldap, documents, bench   the same, of patients, of what happens to mailboxes, of the
                directory, of LDAP, of documents in letters, of what test suites ask for
    settings    `Settings`, which holds them all; where values come from
    variables   environment variables: listed for users, and checked for their spelling

A setting has one name everywhere: its subject and its field, joined by `_`. Read in code, it is
`settings.imap.port`; given by a caller, `Settings(imap_port=0)`; in the environment,
`MSS_SIM_IMAP_PORT`; in docs/quirks.md, `imap_port`. What concerns the whole world (where its
data lies, its profile, how letters travel) has no subject.

Values come from, in this order:

1. what the caller gives;
2. variables of the environment, collections as JSON;
3. the defaults, which are what users run and what the contract tests run.

A flag of `mss-sim run` is a value that the caller gives.

A world's settings never change while it runs. Units stand in names (`_seconds`, `_bytes`,
`_max`); a limit that protects the simulator says so in its description, and one that a text
gives has its reference there. A default that is our own choice has a line in docs/quirks.md.

A setting that was renamed is listed in `settings.EARLIER`: its earlier variable is understood,
and `mss-sim run` says what it is called now. A variable of our prefix that is no setting stops
`mss-sim run`: it would be passed over in silence.
"""
