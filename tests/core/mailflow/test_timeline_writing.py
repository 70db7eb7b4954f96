"""The watch list follows the timelines, whatever happens in whatever order."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select

from mss_sim.clock import DAY
from mss_sim.core.mailbox import mailboxes as mailbox_verbs
from mss_sim.core.mailflow import timeline_writing
from mss_sim.core.mailflow.letter import Accepted
from mss_sim.core.mailflow.watch_list import WatchQuery, entries_in
from mss_sim.models.tables import messages as messages_table
from mss_sim.models.tables import watch_list as watch_table
from mss_sim.store import mailboxes, submissions, watch_list
from mss_sim.store.submissions import Event, RecipientRow
from mss_sim.store.watch_list import WatchRow
from mss_sim.vocabulary.mail import TimelineKind
from mss_sim.vocabulary.mailboxes import MailboxState
from tests.clients import DOCTOR, HOSPITAL, PATIENT, PATIENT2, PRACTICE
from tests.core.mailflow.carriers import LATER, NEVER, TAKEN, Carrier
from tests.core.towns import OpenTown, Town

_ASKING: dict[str, Any] = {"Disposition_Notification_To": PRACTICE}
_NOBODY = "personne@cabinet.sim.mssante.fr"


async def _people(town: Town, sent: Accepted) -> dict[str, RecipientRow]:
    found = await town.world.store.read(submissions.people_of, [sent.submission_id or 0])
    return {one.address: one for one in found}


async def _rows(town: Town, sent: Accepted) -> dict[str, WatchRow]:
    people = await _people(town, sent)
    found = await town.world.store.write(lambda conn: watch_list.to_change(conn, [one.id for one in people.values()]))
    return {address: found[one.id] for address, one in people.items() if one.id in found}


async def _happens(town: Town, sent: Accepted, *happened: TimelineKind, failed: bool = False, to: str | None = None) -> None:
    people = await _people(town, sent)
    number = people[to or next(iter(people))].id
    now = town.world.clock.now()
    events = [Event(town.world.ids.next(), number, kind, now, f"said: {kind}", failed=failed) for kind in happened]
    await town.world.store.write(lambda conn: timeline_writing.add(town.world, conn, events))


async def _state(town: Town, sent: Accepted) -> TimelineKind | None:
    rows = await _rows(town, sent)
    return next(iter(rows.values())).state if rows else None


async def test_only_a_letter_that_asks_or_that_has_failed_is_watched_from_the_beginning(town: Town) -> None:
    silent = await town.send("doctor", PRACTICE, [PATIENT, _NOBODY])
    asking = await town.send("doctor", PRACTICE, [PATIENT, _NOBODY], **_ASKING)
    assert {address: (row.state, row.receipt_asked) for address, row in (await _rows(town, silent)).items()} == {
        _NOBODY: (TimelineKind.FAILED, False)
    }
    assert {address: (row.state, row.receipt_asked) for address, row in (await _rows(town, asking)).items()} == {
        _NOBODY: (TimelineKind.FAILED, True),
        PATIENT: (TimelineKind.DELIVERED, True),
    }


async def test_a_report_that_asks_for_a_receipt_is_not_watched(town: Town) -> None:
    raw = (
        f"From: {PRACTICE}\r\nTo: {PATIENT}\r\nMessage-ID: <r@x>\r\nDisposition-Notification-To: {PRACTICE}\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n--b\r\n\r\nx\r\n--b\r\n'
        "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\nFinal-Recipient: rfc822; a@b.fr\r\nAction: failed\r\n"
        "Status: 5.1.1\r\n\r\n--b--\r\n"
    ).encode()
    assert await _rows(town, await town.send("doctor", PRACTICE, PATIENT, raw=raw)) == {}


async def test_each_event_moves_it_and_only_an_opening_ends_it(town: Town) -> None:
    sent = await town.send("doctor", PRACTICE, PATIENT, **_ASKING)
    steps = [
        (TimelineKind.DELAYED, TimelineKind.DELIVERED),
        (TimelineKind.FAILED, TimelineKind.FAILED),
        (TimelineKind.DELIVERED, TimelineKind.FAILED),
        (TimelineKind.DISPLAYED, None),
        (TimelineKind.FAILED, None),
        (TimelineKind.DELAYED, None),
    ]
    for happened, state in steps:
        await _happens(town, sent, happened)
        assert await _state(town, sent) is state, happened


async def test_trouble_brings_a_letter_onto_the_list_that_asked_for_nothing_and_its_delivery_takes_it_off(town: Town) -> None:
    sent = await town.send("doctor", PRACTICE, PATIENT)
    assert await _rows(town, sent) == {}
    other = await town.send("doctor", PRACTICE, PATIENT2)
    await _happens(town, sent, TimelineKind.FAILED)
    (row,) = (await _rows(town, sent)).values()
    newest = (await town.events(sent))[PATIENT][-1]
    assert (row.state, row.event_id, row.since_at, row.receipt_asked) == (TimelineKind.FAILED, newest.id, newest.at, False)
    await _happens(town, other, TimelineKind.DELAYED)
    assert await _rows(town, other) == {}, "it had been delivered: a delay that is told late undoes nothing"


async def test_a_receipt_that_tells_of_a_failure_is_trouble_too(town: Town) -> None:
    for headers in (dict[str, Any](), _ASKING):
        sent = await town.send("doctor", PRACTICE, PATIENT, **headers)
        await _happens(town, sent, TimelineKind.PROCESSED, failed=True)
        assert await _state(town, sent) is TimelineKind.FAILED
        await _happens(town, sent, TimelineKind.DISPLAYED)
        assert await _state(town, sent) is None


async def test_the_queue_tells_the_list_too(open_town: OpenTown) -> None:
    carrier = Carrier(answers={HOSPITAL: LATER, "personne@hopital-ormes.sim.mssante.fr": NEVER})
    async with open_town(transport=carrier, relay="smtp") as town:
        people = [HOSPITAL, "personne@hopital-ormes.sim.mssante.fr", PATIENT]
        sent = await town.send("doctor", PRACTICE, people)
        asking = await town.send("doctor", PRACTICE, people, **_ASKING)
        assert {row.state for row in (await _rows(town, asking)).values()} == {TimelineKind.SUBMITTED}
        assert await town.world.store.read(_listed, town) == [], "all of it is on its way"
        await town.core.queue.work()
        failed = {"personne@hopital-ormes.sim.mssante.fr": TimelineKind.FAILED}
        assert {address: row.state for address, row in (await _rows(town, sent)).items()} == failed
        on_their_way = {HOSPITAL: TimelineKind.SUBMITTED, PATIENT: TimelineKind.DELIVERED}
        assert {address: row.state for address, row in (await _rows(town, asking)).items()} == failed | on_their_way
        await town.core.agenda.advance(by=DAY // 4)
        assert (await _rows(town, sent))[HOSPITAL].state is TimelineKind.DELAYED
        carrier.answers[HOSPITAL] = TAKEN
        await town.core.agenda.advance(by=DAY // 4)
        assert HOSPITAL not in await _rows(town, sent)
        assert (await _rows(town, asking))[HOSPITAL].state is TimelineKind.DELIVERED


def _listed(conn: Connection, town: Town) -> list[str]:
    box = mailboxes.by_address(conn, PRACTICE)
    assert box is not None
    return [one.letter.address for one in entries_in(town.world, conn, box.id, WatchQuery(100, after_days=0))]


async def test_by_the_setting_letters_that_asked_for_nothing_are_watched_as_well(open_town: OpenTown) -> None:
    async with open_town(watch_list_unasked=True) as town:
        sent = await town.send("doctor", PRACTICE, PATIENT)
        assert await _state(town, sent) is TimelineKind.DELIVERED
        assert await town.world.store.read(_listed, town) == [PATIENT]
        await _happens(town, sent, TimelineKind.DISPLAYED)
        assert await _state(town, sent) is None


async def test_a_letter_deferred_where_mail_is_direct_is_on_its_way(town: Town) -> None:
    await town.change(HOSPITAL, state=MailboxState.SUSPENDED)
    sent = await town.send("doctor", DOCTOR, HOSPITAL, Disposition_Notification_To=DOCTOR)
    assert await _state(town, sent) is TimelineKind.SUBMITTED


@pytest.mark.parametrize("who", ["letter", "mailbox"])
async def test_a_row_goes_with_its_letter_and_with_its_mailbox(open_town: OpenTown, who: str) -> None:
    async with open_town(audited=who == "mailbox") as town:
        sent = await town.send("doctor", DOCTOR, PATIENT, Disposition_Notification_To=DOCTOR)
        if who == "mailbox":
            await mailbox_verbs.remove_mailbox(town.world, DOCTOR)
        else:
            await town.world.store.write(lambda conn: conn.execute(messages_table.delete().where(messages_table.c.id == sent.message_id)))
        assert await town.world.store.read(lambda conn: conn.execute(select(watch_table.c.recipient_id)).all()) == []


async def test_nothing_but_this_file_writes_timelines() -> None:
    """Whoever wrote one past it would leave the watch list behind."""
    core = Path(timeline_writing.__file__).parents[1]
    writers = [path.name for path in core.rglob("*.py") if "submissions.add_events(" in path.read_text(encoding="utf-8")]
    assert writers == ["timeline_writing.py"]
