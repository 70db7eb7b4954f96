"""The door of the national directory (Annuaire Santé): FHIR over HTTP, read below `/fhir/v2`, written below `/fhir/operators`.

    routes      which path is answered by what
    queries     types of resources, and parameters, as every path reads them
    changes     what operators write, below a base of its own
    gateway     who is let in: clients with the key of the directory, or an operator's
    answers     resources, bundles and outcomes as they leave
    files       the daily files, without a key

    curl -H "ESANTE-API-KEY: …" "http://localhost:8080/fhir/v2/Practitioner?family=martin&_revinclude=PractitionerRole:practitioner"

What a client of the national gateway is configured with is a base URL and a key; both stand in the ready file, under `directory`. Paths,
statuses and shapes are those of the national server, its habits included: a search that cannot be read is answered 500, unless a setting
says 400.

| asked                                              | answered                                              |
|----------------------------------------------------|-------------------------------------------------------|
| `GET [type]?…`, `POST [type]/_search`              | a page: Bundle of type searchset                      |
| `GET _page?id=…`                                   | the next page, of the same state of the world         |
| `GET [type]/[id]`                                  | a resource                                            |
| `GET metadata`                                     | CapabilityStatement                                   |
| `PATCH [type]/[id]`, `PATCH [type]?identifier=…` where operators write | the resource, behind the change   |
| without the key, with another                      | 401, 403 by the gateway, without FHIR                 |
| anything else                                      | OperationOutcome                                      |

It acts by `core/annuaire`, and asks for no rights of people: what the directory shows is public, and an operator writes what is at its own
domains. It is loaded at the first question, and follows each commit from then on.

These routes are not in the OpenAPI document, like those of Pro Santé Connect: the protocol has a description of its own.

Sources: ANS, documentation and code of the national server (docs/references, `ans-annuaire`).

Liberties taken: docs/quirks.md, section "The directory". It serves under every host name, since clients are often sent to the
simulator under the name of the national gateway.
"""
