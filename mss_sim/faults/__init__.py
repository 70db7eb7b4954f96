"""Faults: rules by which a seam of the simulator fails, counted, never by chance. Pure: no socket, no store, no door.

    actions    what a fault does, and its bounds
    rules      where and when: points, matches, what each point can do and knows
    faults     the rules of one world, with their counters
    presets    troubles of the field as rules that are ready

Who tests a client against failures must be able to say afterwards which one it met. So a rule fires from its `nth` matching occurrence on,
`count` times, and until its lifetime is over; the same requests in the same order fail in the same way. What fired is counted, named
in the answer (`(fault 01J…)`, over HTTP in `X-Fault` too, over DNS in a TXT record beside it), and noted in the transcript of the
connection.

| point        | reply | delay | throttle | drop | duplicate | truncate | malformed | other  |
|--------------|-------|-------|----------|------|-----------|----------|-----------|--------|
| submission   | yes   | yes   | yes      | yes  | yes       | -        | yes       | mask   |
| mx           | yes   | yes   | yes      | yes  | yes       | -        | yes       | mask   |
| imap         | yes   | yes   | yes      | yes  | -         | -        | yes       | mask, renew |
| imap-data    | -     | -     | -        | yes  | yes       | yes      | yes       | -      |
| rest         | yes   | yes   | yes      | yes  | -         | yes      | yes       | -      |
| psc          | yes   | yes   | yes      | yes  | -         | yes      | yes       | -      |
| white-list   | yes   | yes   | yes      | yes  | -         | yes      | yes       | -      |
| directory    | yes   | yes   | yes      | yes  | -         | yes      | yes       | -      |
| directory-index | -  | -     | -        | -    | -         | -        | -         | hold   |
| clock        | -     | -     | -        | -    | -         | -        | -         | skew   |
| aia          | -     | -     | -        | -    | -         | -        | -         | behave |
| crl          | -     | -     | -        | -    | -         | -        | -         | behave |
| ocsp         | -     | -     | -        | -    | -         | -        | -         | behave |
| ldap         | -     | -     | -        | -    | -         | -        | -         | behave |
| dns          | yes   | yes   | -        | yes  | -         | yes      | yes       | -      |
| delivery     | yes   | yes   | -        | -    | -         | -        | -         | -      |
| queue        | yes   | yes   | -        | yes  | yes       | -        | -         | -      |
| read-receipt | -     | yes   | -        | yes  | yes       | -        | -         | -      |
| patient      | -     | -     | -        | -    | -         | -        | -         | hold   |
| bounce       | -     | -     | -        | -    | -         | -        | yes       | -      |

`/control` and health are no point: a rule can always be lifted.

On a wire a delay runs on the machine's clock, as the patience of clients does. At `delivery` and `read-receipt` it is the letter that
waits, in the queue, on the clock of the world. A rule's lifetime is of the world's clock as well.

A busy door asks `Faults.at(point)` first, one look into a dictionary, so that a world without rules pays nothing.
"""
