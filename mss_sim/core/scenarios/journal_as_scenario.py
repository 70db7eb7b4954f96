"""A recording: what was done in a world since an instant, by hand and at whatever door, as a scenario that can be played again.

It is read from the journal and the letters, so that nothing has to be switched on before. What the journal does not tell, as lists that
were only looked at, is not in it; a letter whose last copy was deleted comes without its text.
"""

import asyncio
import base64
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

from mss_sim.clock import SECOND, Micros
from mss_sim.core.feed.wait_conditions import lines_after
from mss_sim.core.scenarios.recorded_steps import LetterSeen, Line, Recorder, in_order, one_line
from mss_sim.core.world.store_types import JournalRow
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.ids import decode
from mss_sim.mail.mime import content
from mss_sim.mail.summary import Leaf, read_summary, shown_text
from mss_sim.scenarios.enclosures import Enclosed
from mss_sim.scenarios.model import Scenario, Telling
from mss_sim.scenarios.writing import write_scenario
from mss_sim.store import grants, identities, letters, mailboxes, messages
from mss_sim.store.engine import Connection
from mss_sim.store.messages import MessageRow
from mss_sim.vocabulary.clock import ClockMode
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.language import Language
from mss_sim.vocabulary.mail import HEADER_MES_FIN
from mss_sim.words.sentence import say

_PAUSE: Micros = 60 * SECOND
_PAUSES: dict[ClockMode, Micros | None] = {ClockMode.REAL: None, ClockMode.FROZEN: 1}
"""From how much time between two lines on somebody moved the clock: never, where it is the machine's."""
_NAME_CHARS_MAX = 200


@dataclass(slots=True)
class _Room:
    """How many octets of files a scenario has room for yet: in base64 they take two thirds of what a file may have."""

    left: int


async def record(world: World, after: int) -> bytes:
    """The file of a recording of all that has a higher id; Refusal: LIMIT_REACHED for more than a scenario has, NOT_FOUND for nothing."""
    most = world.settings.scenarios.steps_max
    lines = await world.store.read(lambda conn: _lines(conn, after, most, _Room(world.settings.scenarios.file_size_bytes_max // 2)))
    if not lines:
        detail = say("Nothing was done since: nothing can be recorded.")
        raise Refusal(Rule.NOT_FOUND, detail, reference="quirks#scenarios")
    recorder = Recorder(_PAUSES.get(world.clock.pace.mode, _PAUSE))
    steps = [step for line in in_order(lines) for step in recorder.steps(line)]
    if len(lines) > most or len(steps) > most:
        detail = say("More than {most} steps were done: record from a later cursor on.", most=most)
        raise Refusal(Rule.LIMIT_REACHED, detail, reference="quirks#scenarios")
    title = say("Recorded by hand")
    scenario = Scenario(
        title=Telling(title.in_language(Language.EN), title.in_language(Language.FR)), steps=tuple(steps), actors=recorder.roles
    )
    return (await asyncio.to_thread(write_scenario, scenario)).encode()


def _lines(conn: Connection, after: int, most: int, room: _Room) -> list[Line]:
    rows = _rows(conn, after, most)
    given = {id_: row for id_ in {row.line.grant_id for row in rows} - {None} if (row := grants.by_id(conn, id_ or 0))}
    people = identities.names(
        conn, {row.line.actor_id for row in rows if row.line.actor_id is not None} | {one.grantee_id for one in given.values()}
    )
    boxes = mailboxes.addresses(conn, {row.line.mailbox_id for row in rows if row.line.mailbox_id is not None})
    known = letters.with_ids(conn, {row.line.message_id for row in rows if row.line.message_id is not None})

    def line(row: JournalRow) -> Line:
        entry = row.line
        grant = given.get(entry.grant_id) if entry.grant_id is not None else None
        return Line(
            at=entry.at,
            act=entry.act,
            door=entry.door,
            detail=entry.detail or {},
            actor=people.get(entry.actor_id) if entry.actor_id is not None else None,
            mailbox=boxes.get(entry.mailbox_id) if entry.mailbox_id is not None else None,
            letter=_letter(conn, row, known, room),
            grant=grant,
            grantee=people.get(grant.grantee_id) if grant else None,
            thread_id=_thread(entry.detail or {}),
        )

    return [line(row) for row in rows]


def _rows(conn: Connection, after: int, most: int) -> list[JournalRow]:
    """The lines since then but for those of the seed, which is there before a play begins; one more than a scenario has, at most."""
    return list(islice((row for row in lines_after(conn, after) if row.line.door is not Door.SEED), most + 1))


def _letter(conn: Connection, row: JournalRow, known: Mapping[int, MessageRow], room: _Room) -> LetterSeen | None:
    """The letter of a line; of one that is gone what the line tells."""
    entry = row.line
    message = known.get(entry.message_id) if entry.message_id is not None else None
    if message is None:
        detail = entry.detail or {}
        about = str(detail.get("rfc_message_id") or ""), str(detail.get("subject") or "")
        return LetterSeen(entry.message_id or 0, None, about[0] or None, about[1]) if any(about) or entry.message_id else None
    summary = read_summary(message.summary)
    raw = messages.raw(conn, message.id)
    files, left_out = _files(raw, summary.leaves, room) if entry.act is Act.SUBMITTED else ((), 0)
    return LetterSeen(
        id=message.id,
        thread_id=message.thread_id,
        message_id=message.rfc_message_id,
        subject=message.subject,
        text=shown_text(raw, summary.leaves, "text/plain") or "",
        receipt=bool(summary.receipt_to),
        closes=summary.mes == HEADER_MES_FIN,
        answers=next(iter(summary.in_reply_to), None),
        files=files,
        left_out=left_out,
    )


def _files(raw: bytes, leaves: Sequence[Leaf], room: _Room) -> tuple[tuple[Enclosed, ...], int]:
    """The files of a letter as a scenario holds them, and how many it has no room for."""
    kept, left_out = [], 0
    for number, leaf in enumerate((leaf for leaf in leaves if leaf["attachment"]), 1):
        octets = content(raw, leaf["start"], leaf["end"], leaf["encoding"])
        if len(octets) > room.left:
            left_out += 1
            continue
        room.left -= len(octets)
        name = one_line(leaf["filename"] or "")[:_NAME_CHARS_MAX].strip() or f"file-{number}"
        kept.append(Enclosed(name, base64=base64.b64encode(octets).decode("ascii"), type=leaf["type"]))
    return tuple(kept), left_out


def _thread(detail: Mapping[str, object]) -> int | None:
    with suppress(ValueError):
        return decode(str(detail["conversation"])) if "conversation" in detail else None
    return None
