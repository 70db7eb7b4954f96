"""The control plane under /control: what a test suite or a trainer does to the world, past every right.

    people         identities and mailboxes found, made, changed and removed; the world emptied
    journal        the journals of all mailboxes in one list
    bulk           many of both made by numbers, or read out of a file (import_rows: its rows)
    mailbox_life   mailboxes closed and handed over, as their holders would
    worlds         further worlds of the same process, made in a moment, and ended
    seeds          worlds in readable form: brought in, written down, carried away
    snapshots      whole worlds kept under names: gone back to, compared, carried away
    scenarios      stories played step by step or at once, and recorded (scenario_views: as they go out)
    wait           answered when something has happened
    events         everything that happens, as it happens
    webhooks       the same, posted to subscribed URLs
    trust_space    operators and the white list
    behaviours     what patients do by themselves, and are about to do
    clock          how the time of the world runs; moved by way of all that is due
    faults         rules by which a seam fails, with their counts; troubles of the field by name
    directory      why an address is not found
    writing        who may write to whom, and why; what pharmacies dispensed
    letters        every letter of the world: where its copies lie, what became of it, its octets and parts
    documents      documents made for people of the world: right ones, and broken in one way
    queue          which letters wait, why, and until when; tried at once
    certificates   issued, taken back, downloaded; how AIA, CRL and OCSP answer
    psc            clients, personas, keys and switches of Pro Santé Connect
    evidence       sessions of clients at every door: what was said, what was refused, what it cost (evidence_schemas)
    indicators     what the world did, by day or month, domain and kind of mailbox; what doors refused (indicator_schemas)
    sockets        the socket doors, as these routes tell of them
    traps          what the traps saw of clients
    health, metrics   /healthz, /readyz, /metrics; the text of the last
    schemas, bulk_schemas, certificate_schemas, psc_schemas, scenario_schemas   the shapes, as OpenAPI shows them

It asks for no rights, so it (`http/control`) answers this machine only, unless `MSS_SIM_CONTROL_KEY` is set: then it
answers requests with that key in `X-Control-Key`. A request that a browser makes for a page of
another site is refused, whatever the machine.

Everything that a person can do is not here but under /api/v1, with that person's rights; what is
here has no counterpart in a real operator. The acts are verbs of `core`, the same that seeds use,
and their lines in the journal say that the control plane wrote them.

Resetting a world and starting one are the same sequence (`core/control/named_seeds`), so that a test
that resets finds what a test that starts would find.

Answers are written without a response model, which would cost more than the query; the models
document them.

Liberties taken: national identifiers with a wrong key are taken with a warning, since published
samples break their own keys.
"""
