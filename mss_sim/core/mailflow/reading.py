"""Reading, with all that follows from it, whatever the door: who read is written down, \\Seen is set, a patient's read receipt leaves.

| act                                          | first reading is noted | \\Seen                      | a patient's receipt          |
|----------------------------------------------|------------------------|----------------------------|------------------------------|
| a letter is opened (REST, pages)             | yes                    | as it was                  | if requested, once           |
| it is fetched                                | yes                    | if the actor may mark      | if requested, once           |
| it is fetched with PEEK, or after EXAMINE    | a carer's alone        | as it was                  | no                           |
| \\Seen is set                                 | yes                    | yes                        | if requested, once           |
| another flag is set or cleared               | no                     | as it was                  | no                           |

A patient cannot refuse a receipt that was requested: it leaves by itself (ref: cnam#receipt), if `patient_receipt_automatic` is on.
Most programs fetch with PEEK and mark as seen afterwards, so that the mark counts as the reading.
"""

from collections.abc import Sequence
from contextlib import suppress

from mss_sim.core.access.authentication import Actor
from mss_sim.core.mailbox import copies, messages
from mss_sim.core.mailbox.copies import Copies, FlagsChanged, InFolder
from mss_sim.core.mailbox.flag_rules import FlagChange
from mss_sim.core.mailbox.messages import ChangedMessage, OpenedMessage
from mss_sim.core.mailbox.selected_folder import FolderRef, SelectedFolder
from mss_sim.core.mailflow.read_receipts import Receipts, ReceiptWish, awaited
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal
from mss_sim.ranges import ranges_of
from mss_sim.store.folder_view import CopyState
from mss_sim.store.mailboxes import Mailbox
from mss_sim.vocabulary.mailboxes import FLAG_SEEN, MailboxKind, Right

_SEEN = FlagChange(frozenset({FLAG_SEEN}))


class LetterReading:
    """The verbs by which letters are read."""

    def __init__(self, world: World, receipts: Receipts) -> None:
        self._world = world
        self._receipts = receipts

    async def open_message(self, actor: Actor, address: str, copy_id: int) -> OpenedMessage:
        """Open a letter; its flags stay. Refusal as `messages.open_message`."""
        opened = await messages.open_message(self._world, actor, address, copy_id)
        await self._tell(actor, opened.mailbox, [copy_id])
        return opened

    async def fetch(
        self, actor: Actor, here: SelectedFolder, rows: Sequence[CopyState], *, shows_text: bool, peeks: bool, may_mark: bool
    ) -> FlagsChanged | None:
        """Copies of an open folder are about to be shown; the marks that were set, None when there are none.

        `shows_text`: it is more than their header; `peeks`: the client does not want them read; `may_mark`: the folder is open for changes.
        """
        by_carer = here.held.carer_of is not None
        if by_carer and shows_text:
            await copies.note_reading(self._world, actor, _among(here, rows))
        if peeks:
            return None
        unseen, marked = [row for row in rows if not row.seen], None
        if unseen and not by_carer:  # all that a carer reads was written down already
            if may_mark and Right.MARK in here.held.access.rights:
                marked = await copies.change_flags(self._world, actor, _among(here, unseen), _SEEN)
            else:
                await copies.note_reading(self._world, actor, _among(here, unseen))
        await self._tell(actor, here.held.mailbox, [row.copy_id for row in rows])
        return marked

    async def change_flags(self, actor: Actor, which: Copies, change: FlagChange) -> FlagsChanged:
        """Set and clear flags and keywords of copies; Refusal as `copies.change_flags`."""
        marked = await copies.change_flags(self._world, actor, which, change)
        if FLAG_SEEN in change.add:
            await self._tell(actor, marked.mailbox, [row.copy_id for row in marked.rows if row.seen])
        return marked

    async def change_flags_of(self, actor: Actor, address: str, copy_id: int, change: FlagChange) -> ChangedMessage:
        """The same of one copy, by its id, which is shown as it is then; Refusal as `messages.change_flags`."""
        changed = await messages.change_flags(self._world, actor, address, copy_id, change)
        if FLAG_SEEN in change.add:
            await self._tell(actor, changed.mailbox, [copy_id])
        return changed

    async def _tell(self, actor: Actor, mailbox: Mailbox, copy_ids: Sequence[int]) -> None:
        """Send a patient's receipts that were requested for these copies and are still to be sent."""
        if mailbox.kind is not MailboxKind.PATIENT or not self._world.settings.patient.receipt_automatic:
            return
        for copy_id in await self._world.store.read(awaited, mailbox.id, copy_ids):
            with suppress(Refusal):  # not requested for the return path, or already sent: no receipt is due
                await self._receipts.send(actor, mailbox.address, copy_id, ReceiptWish(automatic=True))


def _among(here: SelectedFolder, rows: Sequence[CopyState]) -> InFolder:
    return InFolder(FolderRef(here.address, here.folder.name, here.folder.id), ranges_of(row.uid for row in rows))
