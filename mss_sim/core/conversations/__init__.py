"""Threads as one mailbox sees them, and who may answer in them.

    conversations          listed and opened; closed and reopened towards patients by an explicit act
    answer_rights          what a letter gives and withdraws; whether a patient may write to a mailbox now
    withdrawn_rights       what an act that closes withdraws: rights, and what is still on its way
    explanations           why somebody may or may not write to somebody now
    pharmacy_dispensings   what pharmacies dispensed, which lets patients write to them first

A professional may write to anyone in the trust space. A patient may write only to a mailbox
that gave them the right to answer, and only in the conversation that it was given for; first only
to mailboxes that were opened to patients, and to pharmacies. A letter
to a patient gives that right; `[FIN]` in the subject, `X-MSS-MES: FIN` in the header and an
explicit act withdraw it.

| what happens                             | rights of that patient towards that mailbox   |
|------------------------------------------|-----------------------------------------------|
| a letter arrives                         | one more, for its conversation                |
| a letter with `[FIN]` is accepted        | all are withdrawn, also of letters on their way |
| a letter with `X-MSS-MES: FIN`           | those of its conversation, or its own alone, by a setting |
| the conversation is closed               | those of the conversation                     |
| it is reopened                           | given back                                    |

The table of effects is `policy/closure.py`; here it is applied to locked rows. A closing takes
effect when the letter is accepted, because the professional has decided; an opening takes
effect when the letter arrives, because a patient cannot answer what they did not receive.

Specifications: the CNAM notes on Mon espace santé (docs/references); what they leave open is a
setting with a line in docs/quirks.md.

Liberties taken: a Reply-To mailbox takes the sender's place, and may close what it receives answers to.
"""
