"""FHIR as the national directory speaks it: searches read, resources written. Values in, JSON out; no store, no socket.

    parameters   what can be searched for in each type, by one table
    query        a search, read into conditions; what cannot be read is refused
    dates        dates of searches, as stretches of time
    entries      what the directory knows of a person or an organisation, and its ids
    resources    the same as Practitioner, PractitionerRole, Organization
    patches      a PATCH, read into operations; how the drafts contradict each other is noted
    patch_paths  its five shapes of paths
    bundles      pages, outcomes, the statement of what the server can do

FHIR R4 (4.0.1), in the profiles of the public data of the guide "Annuaire Santé" (`as-dp-*`), for operators in
those of the restricted ones (`as-dr-*`). The tables are the national server's:

| in a search                        | is                                                                        |
|------------------------------------|---------------------------------------------------------------------------|
| a string                           | its beginning, without case and accents; `:contains`, `:exact`            |
| a token                            | `system|code`, `code`, `system|`; with case; `:not`                       |
| a date                             | compared after it was cut to the precision that is given                  |
| a reference                        | `Type/id` or the id                                                       |
| several values, a name twice       | or; and                                                                   |

A person is one entry and two resources: who they are (Practitioner), and what they are at the structure where they work
(PractitionerRole). A world knows one structure of a person, so there is at most one role.

Nothing of what comes from outside is compiled: there are no regular expressions in a search, paths of a PATCH are compared with five
shapes, and every limit is a number of characters or of values.

Sources: ANS, guide "Annuaire Santé" and the code of the national server (docs/references, `ans-annuaire`); HL7, FHIR R4.

Liberties taken: what no world has (diplomas, smart cards, parent organisations, registration authorities, healthcare services, heavy
equipment) can be searched for and is never found; professions are known by words (`vocabulary/professions.py`).
"""
