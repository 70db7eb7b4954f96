"""Every letter of the world, past every right: listed, opened with where its copies lie and what became of it, read octet for octet.

Looking changes nothing: no reading is recorded, nothing is marked, no read receipt leaves.
"""

from dataclasses import dataclass, replace

from mss_sim.core.mailflow.sent_letters import Sent, sent_by_id
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.policy.searching import check_texts
from mss_sim.store import letters, mailboxes, messages
from mss_sim.store.engine import Connection
from mss_sim.store.letters import LetterQuery, PlacedCopy
from mss_sim.store.messages import MessageRow
from mss_sim.words.sentence import say


@dataclass(frozen=True, slots=True)
class ListedLetter:
    """A letter as lists show it: without its body, and with how many copies of it lie in folders."""

    message: MessageRow
    copies: int


@dataclass(frozen=True, slots=True)
class OpenedLetter:
    """A letter with where each copy lies, oldest first, what became of it where it was sent from here, and what is called as it is.

    `called_alike`: the ids of other letters with the same Message-ID, which is how a letter that went to another operator is there twice.
    """

    message: MessageRow
    places: tuple[PlacedCopy, ...]
    sent: tuple[Sent, ...]
    called_alike: tuple[int, ...]


async def list_letters(world: World, query: LetterQuery, mailbox: str | None = None) -> list[ListedLetter]:
    """The letters of the world that a query selects, newest first; `mailbox`: only those with a copy there (a canonical address).

    Refusal(NOT_FOUND) when there is no such mailbox, Refusal(LIMIT_REACHED) for a text that is too long to look for.
    """
    check_letters(world, query)

    def run(conn: Connection) -> list[ListedLetter]:
        asked = replace(query, mailbox_id=id_of_mailbox(conn, mailbox)) if mailbox is not None else query
        rows = letters.page(conn, asked)
        counts = letters.copy_counts(conn, [row.id for row in rows])
        return [ListedLetter(row, counts.get(row.id, 0)) for row in rows]

    return await world.store.read(run)


def check_letters(world: World, query: LetterQuery) -> None:
    """Refusal(LIMIT_REACHED) for a text that is too long to look for, Refusal(INVALID) for one that no letter can hold."""
    header = query.header or ("", "")
    texts = (query.from_, query.to, query.subject, query.text, query.ins, query.message_id, *header)
    check_texts(texts, world.settings.search.query_chars_max)
    if "\x00" in (query.message_id or ""):
        raise Refusal(Rule.INVALID, say("A text holds a NUL character; leave it out."))


def id_of_mailbox(conn: Connection, address: str) -> int:
    """The mailbox of a canonical address, past every right; Refusal(NOT_FOUND) when there is none."""
    found = mailboxes.by_address(conn, address)
    if found is None:
        raise Refusal(Rule.NOT_FOUND, say("There is no mailbox {address}.", address=address), subject=address)
    return found.id


async def open_letter(world: World, message_id: int) -> OpenedLetter:
    """One letter; Refusal(NOT_FOUND) when there is none with that id, or its bytes are gone with its last copy."""

    def run(conn: Connection) -> OpenedLetter:
        row = _letter(conn, message_id)
        sent = tuple(sent_by_id(conn, letters.submitted_as(conn, row.id)))
        return OpenedLetter(row, tuple(letters.places(conn, [row.id])), sent, tuple(letters.called_alike(conn, row)))

    return await world.store.read(run)


async def read_raw(world: World, message_id: int) -> bytes:
    """The octets of a letter; Refusal(NOT_FOUND) as above."""

    def run(conn: Connection) -> bytes:
        return messages.raw(conn, _letter(conn, message_id).id)

    return await world.store.read(run)


def _letter(conn: Connection, message_id: int) -> MessageRow:
    row = letters.one(conn, message_id)
    if row is None:
        detail = say("There is no letter of that id; GET /control/messages lists those that there are.")
        raise Refusal(Rule.NOT_FOUND, detail, reference="quirks#letters")
    return row
