"""The pages, for people: served by the same process, from files that ship with the package, without a request to any other machine.

    application  the routes, and what happens before a handler is asked and after it answers
    visit        one request: who asks, and what was posted
    gate         who may open pages: this machine, a browser with the control key, a persona who is logged in
    personas     sessions of personas, each under a path of its own, so that two of them stand side by side
    showing      templates, and what all of them know; instants and sizes as people read them; python_calls: curl told in Python
    live         what a page asks again when something happens
    choices, home   language, theme, the control key; what runs, who can log in, what came last
    sessions     what clients said at every door, why it was refused (sources: by which text), the file to report
    control, steering, psc   clock, faults, queue, snapshots, a new beginning; the acts of that page; Pro Santé Connect
    figures, charts   letters, receipts, refusals, patients, costs of clients in figures; where the shapes of their charts stand
    documents    the documents of a letter as people read them, and what is wrong with them
    world_letters   every letter of the world, for administrators
    mailbox, letters   the mailboxes of a persona, the list of one; a letter with all that is in it
    boxes        the list of mailboxes beside a persona's pages, which follows their rights
    delegations  who may do what in a mailbox, given, foreseen, taken back; what was done by it, in the words of delegation_words
    duo, guided  two or three personas side by side, and the stories that are told beside them, in eight steps
    directory    whom one may write to, found by words and suggested while somebody types; why somebody is not found
    watch        the watch list of a mailbox: what went on paper, the daily letter about it
    settings  what a persona sets of a mailbox, who holds it, when it closes; mailbox_fields: what of it may be changed
    journal      who did what by which grant and door, of what a persona manages or of the world, in the words of journal_words
    people, mailboxes, operators   who and what is in the world, past every right: found, shown, made, changed
    fields, days, filters   fields of forms, read as REST reads bodies; days of French clocks; what a list is searched by
    writing, letter_forms   as whom a letter is written, answers, drafts, what replaces a letter, refusals beside it; the fields of the form
    sent, receipt_states   what became of sent letters, one line for each recipient; how far they came, in few words
    in_charge, keeping   who has a letter in charge, notes to colleagues; letters marked, moved, deleted, put back, many at once; folders
    conversations   threads with their receipts; who may answer and why; closed, opened again
    patients, carers   the pages of a patient's mailbox: letters, documents; whom the patient lets in, what is masked, who looked
    kiosk        a screen for patients without a computer, which leaves nothing behind; patient_letters: what is read there and above
    templates, static   HTML (Jinja2, escaped), a few small scripts; the stylesheet is `http/look`

The pages are one more door, a stranger to the others: they act through the core as the persona who is logged in, with the refusals
that everybody gets, and what they can do, REST can do. `Door.WEB` stands in the journal.

A persona's pages are below `/ui/as/NAME/`, and so is their cookie: one browser holds as many sessions as it has personas open,
side by side, in frames or in tabs. Every form bears a token of its session; a request that another site makes is refused
before anything is read. Nothing works only with scripts: these ask parts of a page again when the feed tells of
something (`core/feed`), and a page that is loaded anew shows the same.

Frames stand side by side: a page of a persona that is inside one shows no head of its own. A page has one stream of events for all
its live parts, and none while nobody sees it, since a browser keeps six connections to a host. Grants that begin and end with the
time make no event; the stream of a persona tells of them all the same (`live`). A session ends by the machine's clock, so that a
story may move the world's. Those of the kiosk are below `/ui/kiosk/`, under a name that tells of nobody, and end by the last touch.

Texts are English in the templates, and French in the catalogue that refusals have (`words`); French is shown first, a
switch at the top changes it.

Liberties taken: no portal of an operator looks like this; it shows what the simulator knows, and whose rights are at work.
"""
