"""Patients, and the operator that they have, Mon espace santé, when nobody plays them by hand.

What a patient does is data (`policy/behaviours.py`): a list of reactions to letters. Delivery plans the steps in its own transaction
(`core/mailbox/behaviours.py`, `core/mailflow/planned_reactions.py`), so that nothing is forgotten by a process that dies; this room does
them when their instant comes, and does each once.

    due_steps.py          does what is due, tells the agenda what happened
    doing_steps.py        one act each: opens, sends the receipt, answers, forwards, deletes, closes, returns
    answer.py             what a patient writes, and the photo or the PDF that comes with it
    hospital_gateway.py   what the gateway of a hospital says of documents: taken in, or why not

Every act is the verb that the doors use, by the holder of the mailbox, through the door `mes`: the same rights, refusals, journal lines and
receipts. A patient who answers after the exchange was closed is refused here as at the submission port.

An act and the end of its step are one transaction where the verb is a unit of work (open, receipt, return). The others come first and are
safe to come twice: an answer has an idempotency key, the id of its step.

Sources: the note of the CNAM on the messaging of Mon espace santé for who may answer, receipts and causes of bounces (ref: cnam#answer,
cnam#receipt, cnam#6); RFC 3834 for what must set nothing off (ref: rfc3834#2).

Liberties: how a patient behaves is nobody's rule, so that all of it is data or a setting (docs/quirks.md); a behaviour may be given to any
mailbox, not to patients' alone; what was planned is forgotten when the behaviour changes.

What the agenda hears of each step is a `FiredKind`: what was done, `letter.refused` where a rule forbade it, `step.void` where there was
nothing left to do it with. Nothing that was planned goes away in silence.

There is no door of the patients' own: their portal is played, by REST, by IMAP or by a behaviour.
"""
