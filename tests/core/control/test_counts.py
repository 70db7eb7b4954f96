"""What the world holds, counted."""

from mss_sim.core.control.counts import State, state
from mss_sim.core.control.named_seeds import load
from mss_sim.vocabulary.mail import TimelineKind
from mss_sim.vocabulary.mailboxes import MailboxState
from tests.clients import DOCTOR, HOSPITAL, PRACTICE
from tests.core.towns import Town


async def test_each_count_counts_what_it_says(town: Town) -> None:
    said = load("cabinet")
    empty = State(len(said["operators"]), len(said["identities"]), len(said["mailboxes"]), 0, 0, 0, None, {})
    assert await state(town.world) == empty
    await town.change(PRACTICE, state=MailboxState.SUSPENDED)
    await town.send("hospital", HOSPITAL, [PRACTICE, DOCTOR])
    found = await state(town.world)
    assert (found.messages, found.copies, found.waiting) == (1, 2, 1)
    assert found.oldest == town.clock.now()
    assert found.events == {TimelineKind.SUBMITTED: 2, TimelineKind.RELAYED: 2, TimelineKind.DELIVERED: 1}
    assert (found.operators, found.identities, found.mailboxes) == (empty.operators, empty.identities, empty.mailboxes)
