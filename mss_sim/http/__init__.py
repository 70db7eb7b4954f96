"""What the HTTP front ends share: who is asking, and how a refusal looks.

    dependencies    the core, the actor, addresses and ids in paths, typed for FastAPI
    hosted          what the application was built for, as one value
    control         who may drive the control plane
    front           what is asked before a body is read: the host, who is there, the size
    structure       how many values a JSON body holds
    server          uvicorn behind a listener in clear or in TLS, its limits, and what the application is told of TLS
    parameters      queries and forms, read strictly
    storable        what every request body keeps: texts that both databases take
    shapes, grants  shapes and views of JSON that several front ends share
    page            one page of HTML
    examples        whole bodies that OpenAPI shows, which can be sent as they stand
    problems        the one table that shows refusals over HTTP, and problem documents (RFC 9457)
    answers         what each route may refuse, and which files it gives, as OpenAPI shows it

A request is authenticated each time: Basic with a persona's password in the development
profile, Bearer with an access token always. Nothing is remembered between two requests
but the fact that a password was right, under a key that lives in this process only.

Every refusal becomes a problem document: `code` is the rule, `detail` one sentence that
tells what to do, `reference` where the rule comes from, `recipients` each refused
recipient of a letter. What FastAPI itself refuses (a body of the wrong shape, an
unknown path) looks the same. A defect of the simulator is a 500 without its trace; the
trace is in the log.

What may not be seen does not exist: a mailbox without the right to see it answers 404,
like a mailbox that is not there. Once it may be seen, a missing right answers 403 and
names the right.

FastAPI is imported here, in the HTTP doors and nowhere below: the core knows no web
framework, and import-linter checks it.

Liberties taken: the sister table of SMTP says 530 for the absence of TLS, this one 401,
although plain HTTP on the loopback address is what the simulator serves unless an HTTPS port is asked for; 422 is used
for recipients, as an operator's API would, where one could argue for 409.
"""
