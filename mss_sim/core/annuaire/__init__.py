"""The national directory of a world: what it shows of people and mailboxes, searched.

    publication               it is loaded when somebody asks, and follows every commit from then on
    pruning_turns             old versions that can no longer be asked for are removed
    fhir_searches             pages of one state of the world, and single resources
    correspondents            whom people write to, found by words; while they type; why an address is not found
    page_addresses            addresses of next pages, sealed
    extraction                the daily files, for those who keep a copy: mailboxes
    extracted_professionals   the same: professionals
    published_mailboxes       the mailboxes one after the other, for LDAP
    operator_keys             by which key an operator is known
    operator_patches          a PATCH of an operator, all of it or nothing
    mailbox_patching          what one operation of it does to a mailbox

What is published:

| of the world                                  | in the directory                                                       |
|-----------------------------------------------|------------------------------------------------------------------------|
| professionals and employees                   | Practitioner, and PractitionerRole where they work at a structure      |
| organisations                                 | Organization                                                           |
| mailboxes of kind PER, CAB                    | on the person, or on the role if the mailbox says so                   |
| mailboxes of kind ORG, APP                    | on the organisation                                                    |
| on the red list, closed                       | not there; to operators, what is on the red list is shown as it is now |
| disabled, deleted                             | a skeleton, for a month                                                |
| patients, carers, programs, nameless cards    | never                                                                  |

It lies in a table of its own (`store/directory.py`) with the columns that searches need, for a search by any of them over hundreds of
thousands of people must not walk them all. Each change is a new version of an entry, numbered like everything else by `ids`: a walk
over pages looks at one number, a publication that is late at an earlier one, and what was deleted has a last version.

Nothing is kept until the directory is asked for the first time, so that a world without it pays nothing; loading takes a while then, in
transactions of some hundreds, between which mail goes on.

Sources: ANS, guide "Annuaire Santé" (docs/references, `ans-annuaire`).

Liberties taken: what was deleted before the first question leaves no skeleton; instants of the last change are those of creation then.
"""
