"""Decisions. Each file is a table and the function that reads it; no socket, no clock, no database, no
framework.

    access        what a role and the grants in force give over a mailbox
    acl           the rights of a grant as the letters of RFC 4314
    authors       whether a letter names its author
    delegation    in what quality an actor sends; who may grant what to whom; who may revoke it
    closure       what a letter to a patient opens or closes; what a patient may write
    receipts      which delivery notifications are due; when a read receipt may be sent
    charge        who may take a letter in charge, and what becomes of it in whose hands
    watch_list    which recipients of sent letters have to be looked after, from when on
    routing       the outcome for a recipient, by the state of their mailbox and by its operator
    automatic_mail   when a mailbox answers a letter by itself, or passes it on
    logins        which log-in method opens which kind of mailbox
    assurance     which level of a log-in is at least another one
    peers         which peer operator may bring mail, and for which domain
    traps         what a trap makes observable, and the verdict about one connection
    hearing       who hears of what happens in a mailbox, and how much of it
    webhooks      where events may be posted to, when one is tried again, and how it is signed
    masks         what of a patient's mailbox a carer sees
    clock         where the time of a world may be moved to
    local_time    hours and midnights of a place, from instants of UTC
    searching, word_forms   how long a search text may be, of how many words; words for one trade, one searched as the other
    findability   why the directory does not show an address, and who is told
    behaviours    what the holder of a mailbox does unasked about a letter
    integration   what a gateway says of the patient of a document
    bounces       what Mon espace santé writes when it returns a letter
    magic_addresses   local parts that do one thing each
    identifiers   shapes and keys of national numbers, as warnings
    ins           what the number of a patient holds, and what is no number
    qualification what a qualified identity is; what becomes of a letter to an address that none backs

A decision takes values and returns a value, or raises a `Refusal` that names its
rule, says in one sentence what to do, and where the rule comes from. The doors show refusals
from three tables, `smtp/replies.py`, `imap/grammar/responses.py`, `http/problems.py`; codes are defined nowhere else.

The time is an argument. Whether a grant is in force depends on an instant, so a test checks
the instant before and the instant itself, and a simulated world can be driven by a manual
clock.

Where the national text is public, the table follows it and says so. Where it is not, the rule is
our choice: its reference begins with `quirks#`, docs/quirks.md tells why, and a setting changes it
where two readings are plausible (which send right speaks first, what `X-MSS-MES: FIN` closes,
whether an unknown mailbox of another operator bounces).

Liberties taken: co-holders of a practice's mailbox equal the responsible for everything but who
holds it; a grant outlives the departure of its grantor; a patient gives carers some rights, and masks letters from them.
"""
