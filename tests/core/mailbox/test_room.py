"""Whether a mailbox takes messages that are put into it: its state, their sizes, all of them together."""

import pytest

from mss_sim.core.mailbox.room import require_room
from mss_sim.core.mailbox.selected_folder import FolderRef, select
from mss_sim.errors import Refusal, Rule
from mss_sim.vocabulary.mailboxes import MailboxState
from tests.clients import PRACTICE
from tests.core.towns import Town, refused


@pytest.mark.parametrize(
    ("changes", "sizes", "rule"),
    [
        ({"quota_bytes": 10**9}, [10, 20], None),
        ({"quota_bytes": 30}, [10, 20], None),
        ({"quota_bytes": 29}, [10, 20], Rule.MAILBOX_FULL),
        ({"message_size_bytes_max": 20}, [10, 20], None),
        ({"message_size_bytes_max": 19}, [10, 20], Rule.TOO_LARGE),
        ({"state": MailboxState.SUSPENDED}, [], Rule.MAILBOX_SUSPENDED),
    ],
)
async def test_a_mailbox_has_room_or_says_why_not(town: Town, changes: dict[str, object], sizes: list[int], rule: Rule | None) -> None:
    await town.change(PRACTICE, **changes)
    there = await select(town.world, await town.actor("doctor"), FolderRef(PRACTICE, "INBOX"))
    if rule is None:
        require_room(town.world, there, sizes)
        return
    with refused(rule) if rule is not Rule.TOO_LARGE else pytest.raises(Refusal, match="at most 19"):
        require_room(town.world, there, sizes)
