"""A simulator of the MSSanté trust space, in one process.

In France, health professionals exchange patient data by a closed e-mail network: operators, mailboxes (BAL) of
several kinds, and the patients' mailboxes on Mon espace santé. This package plays the whole network for people
who test mail integration: publishers of practice software, trainers, automated tests. Everybody in it is
fictional, and nothing leaves the machine.

One mailbox store stands in the middle. SMTP, IMAP and REST are doors to it and always tell the same story; a rule is
decided once and each door shows it in its own form.

    cli, commands, agents, testing    how a person, an agent or a test suite starts it
    worlds, app                       several worlds in one process; one Simulator = one world: store, clock, ports
    smtp, imap, dns, ldap             the doors, strangers to one another: of sockets,
    api, control, psc, public, mailpit, annuaire, web    and of HTTP
    http, net                         what HTTP doors share; what socket doors share
    core                              the verbs; owns every transaction
    store, policy, scenarios          the only SQL; the only decisions; stories as files
    models, evidence, documents       tables; what clients did; archives, CDA and PDF in letters
    mail, pki, fhir                   formats
    config, faults, ids, log          settings, rules by which a seam fails, identifiers, logging
    clock, errors, words, vocabulary

A row imports rows below it, never above, never beside; import-linter checks it. No module holds state: several
worlds can live in one process, each with its own clock and ports.

Where to begin reading: one message goes from `smtp/submission.py` through `core/mailflow/submission.py` and
`core/mailflow/delivery.py` to `store/messages.py`. The rules are in `policy/`, one table and one function each.
ARCHITECTURE.md is the map; docs/quirks.md tells every liberty taken, because the national texts are only partly
public.
"""
