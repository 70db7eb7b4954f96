"""What happens in a world handed on: to listeners, and to waits for one thing.

    reading_events    what happened, read once from the store for everybody
    listening         each event once, in the order of the commits, to clients that listen
    hearing           which of them an actor hears, as long as they have rights
    plain_events      an event as plain data
    webhooks          events posted to subscribed URLs, until each is taken
    waiting           ask again after each commit until something is there, or the time is over
    wait_conditions   what can be waited for: a letter, a line of a journal, an event of a timeline
    settling          whether nothing is under way and nothing is due
    near_misses       what came instead of a letter that did not, and in what it differs

Nothing is announced that is not stored. `store/feed` gives each line of a journal and of a timeline its
position, 1, 2, 3 …, in the transaction that writes it; who comes again with a position goes on behind it,
whatever was committed meanwhile, by whichever process. A world that is emptied, or goes back to a
snapshot, tells so in the feed, and positions go on.

There is no poll loop: without a commit, a move of the clock or the end of the wait nobody looks. Who waits
for a letter in a mailbox is woken by changes of its folders alone, so that two hundred who wait in two
hundred mailboxes cost a commit no more than one; events are read once a commit for all who listen.

    found = await core.waits.until(look, seconds=10, folders=await folders_of(world, address))

`look` is any question that answers None as long as there is nothing. What it raises ends the wait, and so
rights that are lost while one waits refuse the rest of it; listening ends likewise.

Liberties taken: no operator lets anybody wait or listen like this; what one hears is what the journal and the
lists would tell them (`policy/hearing`).
"""
