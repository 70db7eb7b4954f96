"""The journal: lines say who did what, by which grant, through which door; only who manages a mailbox reads them."""

from datetime import timedelta
from functools import partial

import pytest

from mss_sim.core.access import gate, journal
from mss_sim.core.access.identities import change_identity
from mss_sim.core.access.journal import Entry
from mss_sim.core.access.rights_in_force import Requester
from mss_sim.core.mailbox.mailboxes import change_managed_mailbox
from mss_sim.core.world.store_types import ActQuery, LineQuery
from mss_sim.errors import Rule
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.mailboxes import MailboxState, Right
from tests.clients import DOCTOR, PRACTICE, WARD
from tests.core.towns import IDNATS, Town, refused


@pytest.mark.parametrize(("who", "address"), [("hospital_ward", WARD), ("doctor", DOCTOR)])
async def test_a_line_names_the_doer_the_door_and_the_grant_that_allowed_it(town: Town, who: str, address: str) -> None:
    actor = await town.actor(who, Door.IMAP)
    held = await town.world.store.read(lambda conn: gate.require(town.world, conn, actor, address, Right.MANAGE))
    entry = journal.entry(held, Right.MANAGE, Act.MAILBOX_CHANGED, {"why": "x"}, message_id=7)
    grants = [grant.id for grant in held.access.grants]
    assert len(grants) == (address == WARD)
    assert (entry.mailbox_id, entry.grant_id) == (held.mailbox.id, grants[0] if grants else None)
    (line,) = journal.lines(town.world, journal.by(actor), [entry])
    assert (line.act, line.door, line.actor_id, line.message_id) == (Act.MAILBOX_CHANGED, Door.IMAP, actor.identity.id, 7)
    assert (line.at, line.detail) == (town.clock.now(), {"why": "x"})


async def test_a_line_is_of_the_instant_that_is_given_or_of_now(town: Town) -> None:
    who, entry = Requester(None, Door.CONTROL), Entry(Act.REVOKED, None, {})
    assert [line.at for line in journal.lines(town.world, who, [entry], at=5)] == [5]
    assert [line.at for line in journal.lines(town.world, who, [entry])] == [town.clock.now()]
    first, second = journal.lines(town.world, who, [entry, entry])
    assert first.id < second.id


async def test_only_who_manages_a_mailbox_may_know_who_did_what(town: Town) -> None:
    ward, doctor = await town.actor("hospital_ward"), await town.actor("doctor")
    await change_managed_mailbox(town.world, ward, WARD, {"description": "x"})
    found = await journal.of_mailbox(town.world, ward, WARD, before=None, limit=10)
    assert [row.line.act for row in found] == [Act.MAILBOX_CHANGED, Act.GRANTED]
    with refused(Rule.RIGHT_MISSING, "manage"):
        await journal.of_mailbox(town.world, await town.actor("secretary"), PRACTICE, before=None, limit=10)
    with refused(Rule.NOT_FOUND):
        await journal.of_mailbox(town.world, doctor, WARD, before=None, limit=10)


async def test_who_asks_may_leave_out_what_they_did_themselves(town: Town) -> None:
    doctor, secretary, box = await town.actor("doctor"), await town.actor("secretary"), await town.mailbox(DOCTOR)
    entry = Entry(Act.MAILBOX_CHANGED, box.id, {})
    for who in (*map(journal.by, (doctor, secretary, doctor, secretary)), Requester(None, Door.CONTROL)):
        await town.world.store.write(partial(journal.write, town.world, who=who, entries=[entry]))
    found = await journal.of_mailbox(town.world, doctor, DOCTOR, before=None, limit=10, others=True)
    assert [row.line.actor_id for row in found] == [secretary.identity.id] * 2
    everything = await journal.of_mailbox(town.world, doctor, DOCTOR, before=None, limit=10)
    assert [row.line.act for row in everything].count(Act.MAILBOX_CHANGED) == 5


async def test_the_journal_is_read_by_pages_newest_first_and_while_the_mailbox_is_closed(town: Town) -> None:
    doctor = await town.actor("doctor")
    for number in range(3):
        town.clock.advance(timedelta(seconds=1))
        await change_managed_mailbox(town.world, doctor, DOCTOR, {"description": str(number)})
    await town.change(DOCTOR, state=MailboxState.CLOSED)
    newest = await journal.of_mailbox(town.world, doctor, DOCTOR, before=None, limit=2)
    rest = await journal.of_mailbox(town.world, doctor, DOCTOR, before=newest[-1].line.id, limit=2)
    assert len(newest) == 2
    said = [
        line.detail["after"]["description"] for line in (row.line for row in (*newest, *rest)) if line.detail and "after" in line.detail
    ]
    assert said == ["2", "1", "0"]


async def test_nothing_done_leaves_no_line(town: Town) -> None:
    before = await town.acts(DOCTOR)
    await town.world.store.write(lambda conn: journal.write(town.world, conn, Requester(None, Door.CONTROL), []))
    assert await town.acts(DOCTOR) == before


async def test_what_was_tried_in_vain_is_written_down_once_a_minute_for_each_right(town: Town) -> None:
    secretary = await town.actor("secretary")

    async def tried() -> list[object]:
        with refused(Rule.RIGHT_MISSING):
            await journal.of_mailbox(town.world, secretary, PRACTICE, before=None, limit=1)
        return [line.detail for line in await town.told(PRACTICE) if line.act is Act.RIGHT_REFUSED]

    once = {"right": "manage"}
    assert [await tried() for _ in range(2)] == [[once], [once]]
    town.clock.advance(timedelta(seconds=59))
    assert await tried() == [once]
    town.clock.advance(timedelta(seconds=1))
    assert await tried() == [once, once]


async def _acts(
    town: Town, who: str | None, query: LineQuery, address: str | None = None, doer: str | None = None
) -> list[tuple[str, str]]:
    """What a journal shows, newest first: the address of the mailbox, and the act."""
    actor = await town.actor(who) if who else None
    found = await journal.read(town.world, actor, query, address, doer)
    return [(found.addresses[row.line.mailbox_id or 0], row.line.act.value) for row in found.rows]


async def test_the_journals_of_all_that_one_manages_are_one_list(town: Town) -> None:
    doctor = await town.actor("doctor")
    for address in (DOCTOR, PRACTICE):
        await change_managed_mailbox(town.world, doctor, address, {"description": "x"})
    await change_managed_mailbox(town.world, await town.actor("hospital_ward"), WARD, {"description": "x"})
    changes = LineQuery(10, acts=(Act.MAILBOX_CHANGED,))
    assert await _acts(town, "doctor", changes) == [(PRACTICE, "mailbox.changed"), (DOCTOR, "mailbox.changed")]
    assert await _acts(town, "doctor", LineQuery(1, acts=(Act.MAILBOX_CHANGED,))) == [(PRACTICE, "mailbox.changed")]
    assert await _acts(town, "secretary", LineQuery(10)) == []  # who manages nothing
    assert await _acts(town, None, changes) == [(WARD, "mailbox.changed"), (PRACTICE, "mailbox.changed"), (DOCTOR, "mailbox.changed")]
    assert await _acts(town, None, changes, PRACTICE) == [(PRACTICE, "mailbox.changed")]
    chosen = await town.actor("doctor", mailbox=DOCTOR)
    assert {row.line.mailbox_id for row in (await journal.read(town.world, chosen, LineQuery(50))).rows} == {
        (await town.mailbox(DOCTOR)).id
    }
    with refused(Rule.NOT_FOUND):
        await _acts(town, None, changes, "nobody@cabinet.sim.mssante.fr")
    with refused(Rule.NOT_FOUND):
        await _acts(town, "doctor", changes, WARD)


async def test_who_may_act_no_more_reads_no_journal(town: Town) -> None:
    doctor = await town.actor("doctor")
    await change_identity(town.world, IDNATS["doctor"], {"enabled": False}, None, None)
    with refused(Rule.AUTHENTICATION_FAILED):
        await journal.read(town.world, doctor, LineQuery(10))


async def test_lines_are_told_apart_by_who_door_grant_and_time(town: Town) -> None:
    ward, begin = await town.actor("hospital_ward", Door.IMAP), town.clock.now()
    town.clock.advance(timedelta(hours=1))
    await change_managed_mailbox(town.world, ward, WARD, {"description": "x"})
    (grant,) = (await town.world.store.read(lambda conn: gate.require(town.world, conn, ward, WARD, Right.MANAGE))).access.grants
    mine = [(WARD, "mailbox.changed")]
    for wanted in (LineQuery(9, delegated=True), LineQuery(9, door=Door.IMAP), LineQuery(9, since=begin + 1)):
        assert await _acts(town, "hospital_ward", wanted) == mine, wanted
    assert await _acts(town, "hospital_ward", LineQuery(9, grant_id=grant.id)) == [*mine, (WARD, "grant.created")]
    given = await _acts(town, "hospital_ward", LineQuery(9, delegated=False))
    assert (WARD, "grant.created") in given  # that a grant was given is no act done by it
    assert mine[0] not in given
    assert mine[0] not in await _acts(town, "hospital_ward", LineQuery(9, until=town.clock.now()))
    for name in (IDNATS["hospital_ward"], "marc.garnier"):
        assert await _acts(town, "hospital_ward", LineQuery(9), doer=name) == mine
    assert await _acts(town, "hospital_ward", LineQuery(9), doer="nobody") == []


async def test_what_a_line_names_is_found_with_it(town: Town) -> None:
    ward = await town.actor("hospital_ward")
    await change_managed_mailbox(town.world, ward, WARD, {"description": "x"})
    found = await journal.read(town.world, ward, LineQuery(1))
    (row,) = found.rows
    grant = found.grants[row.line.grant_id or 0]
    assert (found.people[row.line.actor_id or 0].idnat, found.people[grant.grantee_id].idnat) == (IDNATS["hospital_ward"],) * 2
    assert found.addresses == {row.line.mailbox_id: WARD}


async def test_whoever_waits_and_whoever_listens_finds_lines_of_any_mailbox(town: Town) -> None:
    for who, address in (("doctor", DOCTOR), ("hospital_ward", WARD)):
        await change_managed_mailbox(town.world, await town.actor(who), address, {"description": "x"})
    changes = ActQuery(10, acts=(Act.MAILBOX_CHANGED,))
    found = await town.world.store.read(journal.matching, changes)
    boxes = [(await town.mailbox(address)).id for address in (DOCTOR, WARD)]
    assert [row.line.mailbox_id for row in found] == boxes, "the oldest first"
    ids = [row.line.id for row in found]
    assert await town.world.store.read(journal.with_ids, [*ids, 1]) == dict(zip(ids, found, strict=True))
