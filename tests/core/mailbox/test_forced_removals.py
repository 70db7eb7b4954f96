"""Copies taken out past every right: what is left of them, and what is told."""

from mss_sim.core.access.practice_holders import CONTROL
from mss_sim.core.mailbox import forced_removals
from mss_sim.ids import encode
from mss_sim.store.messages import LeavingCopy
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.mailboxes import Flag
from tests.clients import DOCTOR, DOCTOR2, HOSPITAL
from tests.core.towns import Town


async def _leaving(town: Town, address: str) -> list[LeavingCopy]:
    lying = await town.lying(address)
    return [
        LeavingCopy(
            one.copy.id, one.copy.mailbox_id, one.copy.folder_id, one.message.id, Flag.SEEN in one.copy.flags, one.message.size_bytes
        )
        for one in lying
    ]


async def test_copies_go_from_several_mailboxes_at_once_with_their_room_and_their_line(town: Town) -> None:
    await town.bring(HOSPITAL, [DOCTOR, DOCTOR2], "Part")
    await town.bring(HOSPITAL, DOCTOR, "Reste")
    kept, first = await _leaving(town, DOCTOR)
    [second] = await _leaving(town, DOCTOR2)
    await town.world.store.write(lambda conn: forced_removals.remove(town.world, conn, [first, second], Act.DELETED, CONTROL))
    assert [await town.subjects(one) for one in (DOCTOR, DOCTOR2)] == [["Reste"], []]
    assert (await town.mailbox(DOCTOR)).used_bytes == kept.size_bytes
    assert (await town.mailbox(DOCTOR2)).used_bytes == 0
    [line] = [one for one in await town.told(DOCTOR2) if one.act is Act.DELETED]
    assert line.detail is not None
    assert (line.door, line.actor_id, line.detail["message"], line.detail["subject"]) == (Door.CONTROL, None, encode(second.id), "Part")


async def test_without_copies_nothing_is_written(town: Town) -> None:
    before = await town.acts(DOCTOR)
    await town.world.store.write(lambda conn: forced_removals.remove(town.world, conn, [], Act.DELETED, CONTROL))
    assert await town.acts(DOCTOR) == before
