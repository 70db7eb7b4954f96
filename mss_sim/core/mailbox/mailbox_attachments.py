"""The attachments of all letters of a mailbox, whatever folder a letter lies in: what somebody who looks for a document reads.

Names of files are content: the right to read is needed. A carer finds those of the letters that they may see, as in every list.
"""

from typing import NamedTuple

from mss_sim.clock import Micros
from mss_sim.core.access import gate
from mss_sim.core.access.authentication import Actor
from mss_sim.core.world.world import World
from mss_sim.mail.summary import Leaf, Person, read_summary
from mss_sim.store import pages
from mss_sim.store.engine import Connection
from mss_sim.store.pages import ListQuery
from mss_sim.vocabulary.mailboxes import Right


class LetterWithFiles(NamedTuple):
    """A copy of a letter that carries attachments: who wrote it, when it came, and the attachments in their order."""

    copy_id: int
    message_id: int
    subject: str
    from_: list[Person]
    at: Micros
    files: list[Leaf]


async def list_attachments(world: World, actor: Actor, address: str, *, before: int | None, limit: int) -> list[LetterWithFiles]:
    """The letters of a mailbox that carry attachments, the newest first, at most `limit`, with ids of copies under `before`.

    Each copy is one: a letter that lies in two folders is there twice. Refusal(RIGHT_MISSING) without the right to read.
    """

    def query(conn: Connection) -> list[LetterWithFiles]:
        held = gate.require(world, conn, actor, address, Right.READ)
        found = []
        for item in pages.page(conn, ListQuery(held.mailbox.id, limit, before=before, has_attachment=True)):
            stored = read_summary(item.message.summary)
            files = [leaf for leaf in stored.leaves if leaf["attachment"]]
            found.append(LetterWithFiles(item.copy.id, item.message.id, item.message.subject, stored.from_, item.copy.internal_at, files))
        return found

    return await world.store.read(query)
