"""The words of the specifications, spelled once.

    mailboxes   kinds and states of mailboxes, holders, rights, folders, flags
    patients    the national identity of patients, and how far it is proven
    mail        headers with a meaning, receipts, closure
    documents   archives, CDA and PDF in letters, and what is found wrong with them
    behaviours  what patients do by themselves, and what is wrong on purpose
    clock       how the time of a world runs, and what happens because its instant has come
    bulk        work that takes its time, and how far it has come
    faults      what can be made to fail, and how
    doors       front ends, and the readings that a setting chooses for them
    evidence    how sessions of clients went, and ended
    journal     what is done, and how a set is changed
    events      the kinds of what is handed on as it happens, and what each tells
    indicators  figures about what a world did, what each says and where it comes from
    language    the languages in which people are told something
    trust       certificates, services of the IGC-Santé, traps
    charge      who has a letter in charge, what is done about that, and its keywords
    scenarios   what a step does and of what type it is; levels; how far a play has come
    psc         Pro Santé Connect
    directory   the national directory: resources, code systems, profiles
    ldap        operations, results, scopes
    imap        capabilities
    professions professions and specialties, by words and by codes

ANS terms (kinds of mailbox, closure) and RFC terms (flags, special uses) are enums here; no
other module spells them as strings, and a house test looks for those that would be easy to
spell again. Each member's comment gives the French term that users know.

| words                      | come from                                                     |
|----------------------------|---------------------------------------------------------------|
| kinds, states, holders     | the ANS implementation guide and the contract of operators    |
| rights of a grant          | the simulator's own (docs/quirks.md), shown over IMAP as ACL  |
| flags, special uses, IMAP  | RFC 9051, RFC 6154, RFC 5788                                  |
| receipts                   | RFC 3464, RFC 8098                                            |
| closure                    | the CNAM notes on Mon espace santé                            |
| schemes, roots, templates  | IHE and the national framework CI-SIS                         |
| certificate profiles       | the policies of the IGC-Santé                                 |
| levels, types of steps     | the test space of the ANS                                     |

The value of a member is what users meet: in JSON, in a variable of the environment, in a line
of the journal. A value that was published stays; a member may be renamed. What is
worded for people (refusals, texts of notifications) stands where it is said, not here.
"""
