"""Scenarios played in a world, step by step, and recorded from what was done by hand.

    plays                 plays: begun, played, listed, removed
    cast                  whom the actors are in this world, and which mailboxes the names stand for
    stage                 what steps have at hand: verbs, cast, what earlier steps made
    services              the verbs that plays act by
    acts                  what persons do, with their rights
    world_changes         what is done to the world: clock, faults, behaviours
    waits                 what is waited for
    outcomes              what came, compared with what was expected
    journal_as_scenario   what was done since an instant as a scenario
    recorded_steps        a line of the journal as a step

A play does nothing that no person could do at a door: a professional acts with a token of their own over the REST door's verbs, a
patient as in Mon espace santé. So the same is refused, by the same rule, with the same line in the journal; the journal cannot
tell a play from hands. Clock, faults and behaviours are changed as /control changes them.

What a play waits for is looked for after each commit (`core/feed`), from the place on at which the play began: a story that is
played twice in one world does not find its earlier letters. New people are made for actors who are `like` somebody; the others
are those of the world, and what a story leaves behind stays.

| ends a play                              | what stays                                    |
|------------------------------------------|-----------------------------------------------|
| its last step, or the first that fails   | the play with its outcomes, and what it did   |
| it is deleted                            | what it did                                   |
| a reset, a world that goes back          | nothing                                       |

A play lives in the memory of one process.

Liberties taken: a letter that an actor names is looked for among the newest 200 of the mailbox; a read of a story that failed is
not undone.
"""
