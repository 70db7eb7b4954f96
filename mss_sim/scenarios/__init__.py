"""Scenarios: stories of a few people and their mailboxes, as files that people write and read. Pure: no socket, no store, no clock.

    tree      YAML as texts, lists and fields that know their lines; what is refused of it
    fields    how each sort of value is read, and what is said where it is something else
    deeds     what a step does, with its fields; enclosures: what a letter carries
    model     a scenario: actors, mailboxes, steps, expectations
    reading   a file read into a scenario
    writing   a scenario written as a file, which reads the same
    shelf     the stories that ship
    stories/  their files

A file has a head (`title`, `actors`, `mailboxes`) and `steps`. A step tells what happens in English, in French or in both,
does one thing (`vocabulary.scenarios.Verb`), and may say what is to come of it (`expect`). It is played from the first step to
the last: a step names letters, grants and faults that steps before it made (`as`), so that no file runs in circles.

| word           | where it comes from                                                               |
|----------------|-----------------------------------------------------------------------------------|
| levels N1 to N3 | the test space of the ANS: alone, with a partner, chained (ref: ans-test-space)   |
| types of steps | the same: TRANSACTION, PREUVE, INFORMATION, VALIDATION, INSTRUCTION               |
| verbs          | ours (docs/guide/scenarios.md)                                                    |

Who reads a file is told the line, the step and what to do. Of YAML the shape alone is taken: what a plain word means is said by
the field in which it stands, tags and aliases are refused, and the parser is stopped at the first thing that is wrong.

How a scenario is played is not said here (`core/scenarios`): the player acts by the verbs that every door uses.

Liberties taken: `count` of a fault is once where nothing is said, as over /control/faults; a text that stands in one
language is told in both.
"""
