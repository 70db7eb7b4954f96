"""What happens in a world handed on to whoever waits for it.

    waiting      ask again after each commit until something is there, or the time is over
    happenings   what can be waited for: a letter, a line of a journal, an event of a timeline, rest
    near_misses  what came instead of a letter that did not, and in what it differs

Nothing is announced that is not stored: who waits is woken after the commit, looks for himself, and is
answered by what the store says. So what is waited for may have happened already; `after` tells from which
place on it counts. Places are ids, which grow with time: the id of a letter, or of its copy where it is
waited for in a mailbox, of a line of a journal, of an event.

There is no poll loop: without a commit, a move of the clock or the end of his time nobody looks. Who waits
for a letter in a mailbox is woken by changes of its folders alone, so that two hundred who wait in two
hundred mailboxes cost a commit no more than one.

    found = await core.waits.until(look, seconds=10, folders=await folders_of(world, address))

`look` is any question that answers None as long as there is nothing. What it raises ends the wait, and so
rights that are lost while one waits refuse the rest of it.

Over PostgreSQL another process wakes those who wait here by what it announces: folders that changed, and
rights. What it writes to journals alone is seen with the next commit.

Liberties taken: no operator lets anybody wait like this; it is for tests, under /control, and for a page of
messages with the rights of who asks.
"""
