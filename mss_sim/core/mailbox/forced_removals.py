"""Copies taken out for good past every right: because their time is over, or because the control plane says so.

Their room is free, open sessions see them go, what carers see follows, and the journal of each mailbox says what each of them was. A letter
goes with its last copy.
"""

from collections.abc import Sequence

from mss_sim.core.access import journal
from mss_sim.core.access.journal import Entry
from mss_sim.core.access.rights_in_force import Requester
from mss_sim.core.world.world import World
from mss_sim.ids import encode
from mss_sim.store import folders, mailboxes, messages
from mss_sim.store.engine import Connection
from mss_sim.store.messages import LeavingCopy
from mss_sim.vocabulary.journal import Act


def remove(world: World, conn: Connection, gone: Sequence[LeavingCopy], act: Act, who: Requester) -> None:
    """Take these copies out, of whatever folders, inside a unit of work; `act` and `who` are what the journals say."""
    if not gone:
        return
    mailboxes.lock_for_delivery(conn, set(mailboxes.addresses(conn, {row.mailbox_id for row in gone}).values()))
    names = messages.names_of(conn, {row.message_id for row in gone})
    locked = folders.lock(conn, {row.folder_id for row in gone})
    for row in gone:
        locked[row.folder_id].leave(seen=row.seen)
    messages.remove_copies(conn, [(row.id, row.message_id) for row in gone])
    folders.save_counters(conn, list(locked.values()))
    lines = []
    for row in gone:
        mailboxes.add_usage(conn, row.mailbox_id, -row.size_bytes)
        subject, rfc_message_id = names[row.message_id]
        detail = {"message": encode(row.id), "subject": subject, "rfc_message_id": rfc_message_id}
        lines.append(Entry(act, row.mailbox_id, detail, row.message_id))
    journal.write(world, conn, who, lines)
