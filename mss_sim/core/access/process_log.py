"""The log tells each act: one line for each line of the journal, and for each letter that has to wait, once it is committed.

What no transaction writes is told at once: log-ins, and what a door refuses.

Nothing is told of what was rolled back: the store hands over what was noted after the commit (`store.engine.note`). Ids are told as
names, which are remembered until the directory changes; what is not known is read together, after the commit, while no caller waits.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from mss_sim.clock import iso
from mss_sim.core.world.tally import LoggedIn, Refused
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal
from mss_sim.ids import encode
from mss_sim.log import Told
from mss_sim.store import identities, mailboxes, messages
from mss_sim.store.engine import Connection, note
from mss_sim.store.journal import JournalEntry
from mss_sim.store.queue import Waiting
from mss_sim.store.submissions import SentLetter
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.language import Language

_NAMES_MAX = 10_000
_FEW = 20
_LISTED_MAX = 9
_DETAILS = frozenset({"from", "to", "rule", "right", "grantee", "rights", "idnat", "name", "disposition", "recipient", "kind"})
"""What is told of the detail of a line; the journal has the rest."""
Letters = Mapping[int, tuple[str, str | None]]
"""Subject and Message-ID of letters by id."""


class Deferral(NamedTuple):
    """A recipient has to wait."""

    waiting: Waiting
    to: str
    submission: SentLetter


Noted = JournalEntry | Deferral | LoggedIn | Refused


def note_deferral(conn: Connection, waiting: Waiting, to: str, submission: SentLetter) -> None:
    """Have the log tell that a recipient waits."""
    note(conn, [Deferral(waiting, to, submission)])


class ProcessLog:
    """Tells the acts of one world, in the order of their commits."""

    def __init__(self, world: World, tell: Callable[[Sequence[Told]], None]) -> None:
        self._world = world
        self._tell = tell
        self._version = -1
        self._called: dict[int, str] = {}
        self._addresses: dict[int, str] = {}
        self._pending: list[Noted] = []
        self._looking: asyncio.Task[None] | None = None
        self._closed = False
        world.store.tell_noted(self.noted)
        world.tally.tell(lambda told: self.noted([told]))

    async def close(self) -> None:
        """Tell what is still to be told; what comes afterwards is told by id where its names are not known."""
        self._closed = True
        if self._looking:
            await self._looking

    def noted(self, rows: list[Noted]) -> None:
        """Tell what was just committed, at once where all names are known; what a seed plants is not told."""
        if self._version != self._world.store.directory_version or len(self._addresses) + len(self._called) > _NAMES_MAX:
            self._version = self._world.store.directory_version
            self._called, self._addresses = {}, {}
        self._pending += [row for row in rows if not isinstance(row, JournalEntry) or row.door is not Door.SEED]
        if self._looking or not self._pending:
            return
        if self._closed or not any(self._unknown(self._pending)):
            self._print({})
        else:
            self._looking = asyncio.create_task(self._look_up())

    def _unknown(self, rows: Sequence[Noted]) -> tuple[set[int], set[int], set[int]]:
        """The people, mailboxes and letters whose names have to be read."""
        people, boxes, letters = set(), set(), set()
        mailbox_id: int | None
        message_id: int | None
        for row in rows:
            mailbox_id, message_id = None, None
            if isinstance(row, LoggedIn):
                if isinstance(row.who, int) and row.who not in self._called:
                    people.add(row.who)
            elif isinstance(row, Deferral):
                mailbox_id, message_id = row.submission.mailbox_id, row.submission.message_id
            elif isinstance(row, JournalEntry):
                mailbox_id, message_id = row.mailbox_id, None if row.about or "subject" in (row.detail or ()) else row.message_id
                if row.actor_id is not None and row.actor_id not in self._called:
                    people.add(row.actor_id)
            if mailbox_id is not None and mailbox_id not in self._addresses:
                boxes.add(mailbox_id)
            if message_id is not None:
                letters.add(message_id)
        return people, boxes, letters

    async def _look_up(self) -> None:
        while self._pending:
            people, boxes, letters = self._unknown(self._pending)

            def query(conn: Connection, of: tuple[set[int], set[int], set[int]] = (people, boxes, letters)) -> tuple[Any, Any, Any]:
                return identities.called(conn, of[0]), mailboxes.addresses(conn, of[1]), messages.names_of(conn, of[2])

            found: tuple[Any, Any, Letters] = {}, {}, {}
            count = len(self._pending)
            with suppress(Refusal):  # the store went away meanwhile: ids tell the rest
                few = len(people) + len(boxes) + len(letters) <= _FEW
                found = await (self._world.store.read_briefly(query) if few else self._world.store.read(query))
            self._called |= {id_: found[0].get(id_) or encode(id_) for id_ in people}
            self._addresses |= {id_: found[1].get(id_) or encode(id_) for id_ in boxes}
            self._print(found[2], count)
        self._looking = None

    def _print(self, letters: Letters, count: int | None = None) -> None:
        """Tell what is pending, or the first `count` of it."""
        rows, self._pending = self._pending[:count], self._pending[len(self._pending) if count is None else count :]
        self._tell([self._told(row, letters) for row in rows])

    def _told(self, row: Noted, letters: Letters) -> Told:
        match row:
            case Deferral():
                return self._deferral(row, letters)
            case LoggedIn():
                return self._login(row)
            case Refused():
                return _refusal(row)
            case _:
                return self._act(row, letters)

    def _login(self, row: LoggedIn) -> Told:
        who = self._called.get(row.who) or encode(row.who) if isinstance(row.who, int) else row.who
        return "login", {"who": who, **({"mailbox": row.mailbox} if row.mailbox else {}), "door": row.door, "by": row.by}

    def _act(self, row: JournalEntry, letters: Letters) -> Told:
        fields: dict[str, str] = {}
        detail = row.detail or {}
        if row.actor_id is not None:
            fields["who"] = self._called.get(row.actor_id) or encode(row.actor_id)
        if row.mailbox_id is not None:
            fields["mailbox"] = self._addresses.get(row.mailbox_id) or encode(row.mailbox_id)
        fields["door"] = row.door.value
        if row.grant_id is not None:
            fields["grant"] = encode(row.grant_id)
        for name, value in detail.items():
            if name in _DETAILS and value is not None:
                fields[name] = value if isinstance(value, str) else _text(value)
        known = row.about or letters.get(row.message_id or 0) or (detail.get("subject"), detail.get("rfc_message_id"))
        _add_letter(fields, *known)
        return row.act.value, fields

    def _deferral(self, row: Deferral, letters: Letters) -> Told:
        waiting, submission = row.waiting, row.submission
        fields = {"to": row.to}
        if submission.mailbox_id is not None:
            fields["mailbox"] = self._addresses.get(submission.mailbox_id) or encode(submission.mailbox_id)
        fields |= {"tries": str(waiting.attempts), "next_try_at": iso(waiting.next_at) or "", "reply": waiting.last_reply}
        _add_letter(fields, *letters.get(submission.message_id, (None, None)))
        return "message.waits", fields


def _refusal(row: Refused) -> Told:
    refusal = row.refusal
    about = {"subject": refusal.subject} if refusal.subject else {}
    return "refused", {"door": row.door.value, "rule": refusal.rule.value, **about, "detail": refusal.detail.in_language(Language.EN)}


def _add_letter(fields: dict[str, str], subject: str | None, message_id: str | None) -> None:
    if message_id:
        fields["message_id"] = message_id
    if subject is not None:
        fields["subject"] = subject


def _text(value: Any) -> str:
    """A detail on one line; of a long list its beginning."""
    if not isinstance(value, list | tuple):
        return str(value)
    more = len(value) - _LISTED_MAX
    return ",".join(map(str, value[:_LISTED_MAX])) + (f",+{more}" if more > 0 else "")
