"""Shared by the HTTP front ends: authentication, and the form of refusals.

    dependencies    the core, the actor, addresses and ids in paths, typed for FastAPI
    hosted          the parameters of the application, as one value
    hosting         what is asked of the keeper of several worlds in one process
    control         who may drive the control plane; credentials reads what they show
    recording       what clients ask and are answered, kept as evidence
    front           checks before a body is read: the host, the sender, the size
    breakage        what a rule has fail on purpose
    leaving         work that ends when its client hangs up
    structure       how many values a JSON body holds
    server          uvicorn behind a listener in clear or in TLS, its limits, and the TLS facts passed to the application
    routes          routes that refuse unknown parameters and are planned when they are declared
    written         JSON that was written before, by all that it shows
    parameters      queries and forms, read strictly
    storable        common to every request body: texts that both databases accept
    docstrings      what the strings below the fields of a class say, for OpenAPI
    shapes, correspondents, diagnoses, grants, indicators, journal, letters, mailbox_life, sessions, timelines, writing   shapes and
                    views of JSON that several front ends share
    anomaly         a session with all that belongs to it, as one file to report
    paging          cursors
    events          what happens, as server-sent events or a page
    page, reader, look    one page of HTML, without a script; who reads it; the stylesheet and the icon of all pages (static)
    spreadsheet     tables as comma-separated values, in which nothing is a formula; watch_table: a watch list as one
    tables          rows of NDJSON and of comma-separated values, as somebody sends them
    examples        whole bodies shown in OpenAPI, which can be sent unchanged
    faults          what is wrong with a body or a parameter, as sentences
    problems, outcomes   the one table that maps refusals to HTTP, and problem documents (RFC 9457); the same in FHIR
    answers         what each route may refuse, and which files it returns, as OpenAPI shows it

A request is authenticated each time: Basic with a persona's password in the development
profile, Bearer with an access token always. Two things are remembered between two requests:
that a password was right, under a key that lives in this process only, and whose it is, until
anything about anybody changes (`core/world/known_people.py`).

Every refusal becomes a problem document: `code` is the rule, `detail` one sentence that
says what to do, `reference` where the rule comes from, `recipients` each refused
recipient of a letter. What FastAPI itself refuses (a body of the wrong shape, an
unknown path) looks the same. A defect of the simulator is a 500 without its trace; the
trace is in the log.

What may not be seen does not exist: a mailbox without the right to see it answers 404,
like a mailbox that does not exist. Once it may be seen, a missing right answers 403 and
names the right.

FastAPI is imported here, in the HTTP doors and nowhere below: the core knows no web
framework, and import-linter checks it.

Liberties taken: the SMTP table answers 530 for missing TLS, this one 401, although plain HTTP is served on the loopback address
unless an HTTPS port is configured; 422 is used for recipients, as an operator's API would, where one could argue for 409.
"""
