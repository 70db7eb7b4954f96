"""A folder that a session keeps open: what is told of it, to whom, and until when."""

import asyncio
from datetime import timedelta

import pytest

from mss_sim.clock import HOUR, SECOND
from mss_sim.core.access import delegation, identities
from mss_sim.core.access.authentication import Actor
from mss_sim.core.access.delegation import GrantRequest, grant
from mss_sim.core.access.practice_holders import CONTROL
from mss_sim.core.mailbox import appending, copies, selected_folder
from mss_sim.core.mailbox.appending import NewCopy
from mss_sim.core.mailbox.copies import InFolder
from mss_sim.core.mailbox.flag_rules import FlagChange
from mss_sim.core.mailbox.selected_folder import FolderPoll, FolderRef, FolderState, Wish
from mss_sim.core.world.store_types import Mark
from mss_sim.errors import Refusal, Rule
from mss_sim.mail.criteria import Key
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.mailboxes import Flag, MailboxState, Right
from tests.clients import DOCTOR, HOSPITAL, PRACTICE
from tests.core.towns import IDNATS, OpenTown, Town, refused

_INBOX = FolderRef(PRACTICE, "INBOX")
_EVERY = [(1, 10**9)]
_SEEN = FlagChange(frozenset({"\\Seen"}))


async def _actor(town: Town, who: str) -> Actor:
    return await town.actor(who, Door.IMAP)


async def _fill(town: Town, *subjects: str, address: str = PRACTICE) -> None:
    for subject in subjects:
        await town.send("hospital", HOSPITAL, address, subject)


async def _seer(town: Town, valid_until: int | None = None) -> Actor:
    await grant(town.world, CONTROL, GrantRequest(PRACTICE, IDNATS["newcomer"], frozenset({Right.SEE}), valid_until=valid_until))
    return await _actor(town, "newcomer")


# Whether a session goes on


async def test_a_session_goes_on_while_its_person_is_known_and_sees_what_he_chose(town: Town) -> None:
    doctor = await _actor(town, "doctor")
    assert [await selected_folder.check(town.world, doctor, address) for address in (None, PRACTICE)] == [None, None]
    with refused(Rule.NOT_FOUND):
        await selected_folder.check(town.world, await _actor(town, "newcomer"), PRACTICE)
    await town.change(PRACTICE, state=MailboxState.CLOSED)
    with refused(Rule.MAILBOX_CLOSED):
        await selected_folder.check(town.world, doctor, PRACTICE)
    await identities.change_identity(town.world, IDNATS["doctor"], {"enabled": False}, None, None)
    for address in (None, PRACTICE):
        with refused(Rule.AUTHENTICATION_FAILED):
            await selected_folder.check(town.world, doctor, address)


async def test_it_is_looked_at_again_when_the_first_grant_runs_out_or_the_token(town: Town) -> None:
    now = town.clock.now()
    seer = await _seer(town, valid_until=now + 2 * HOUR)
    await _seer(town, valid_until=now + HOUR)
    tied = Actor(seer.identity, Door.IMAP, until=now + 30 * SECOND)
    assert await selected_folder.check(town.world, seer, PRACTICE) == now + HOUR
    assert await selected_folder.check(town.world, seer, None) is None
    assert [await selected_folder.check(town.world, tied, address) for address in (None, PRACTICE)] == [now + 30 * SECOND] * 2
    assert (await selected_folder.select(town.world, seer, _INBOX)).until == now + HOUR
    town.clock.advance(timedelta(seconds=30))
    for address in (None, PRACTICE):
        with refused(Rule.AUTHENTICATION_FAILED, "token"):
            await selected_folder.check(town.world, tied, address)


# Opened


async def test_a_folder_is_opened_by_name_or_id_within_its_mailbox_alone(town: Town) -> None:
    await _fill(town, "Un", "Deux")
    doctor = await _actor(town, "doctor")
    opened = await selected_folder.open_folder(town.world, doctor, _INBOX)
    assert (list(opened.uids), opened.first_unseen, opened.selected.address) == ([1, 2], 1, PRACTICE)
    id_ = opened.selected.folder.id
    assert (await selected_folder.select(town.world, doctor, FolderRef(PRACTICE, "whatever", id_))).folder.id == id_
    for place in (FolderRef(PRACTICE, "Nulle part"), FolderRef(DOCTOR, "INBOX", id_), FolderRef(PRACTICE, "INBOX", 1)):
        with refused(Rule.NOT_FOUND, f"There is no folder {place.name} in {place.address}."):
            await selected_folder.select(town.world, doctor, place)
        with refused(Rule.NOT_FOUND, "There is no folder"):
            await appending.append(town.world, doctor, place, NewCopy(b"From: a@b.fr\r\n\r\nx\r\n"))
    assert len(await town.lying(PRACTICE)) == 2


@pytest.mark.parametrize(("address", "theirs"), [(PRACTICE, 2), (DOCTOR, 1)])
async def test_the_first_unseen_is_the_readers_own_where_reading_is_personal(town: Town, address: str, theirs: int) -> None:
    await _fill(town, "Un", "Deux", address=address)
    doctor, secretary, place = await _actor(town, "doctor"), await _actor(town, "secretary"), FolderRef(address, "INBOX")
    await copies.change_flags(town.world, doctor, InFolder(place, [(1, 1)]), _SEEN)
    found = [(await selected_folder.open_folder(town.world, actor, place)).first_unseen for actor in (doctor, secretary)]
    assert found == [2, theirs]
    await copies.change_flags(town.world, doctor, InFolder(place, _EVERY), _SEEN)
    assert (await selected_folder.open_folder(town.world, doctor, place)).first_unseen == 0


# Watched


async def test_everybody_who_asks_at_once_is_answered_for_himself(town: Town) -> None:
    await _fill(town, "Un")
    seer, doctor, stranger = await _seer(town), await _actor(town, "doctor"), await _actor(town, "hospital")
    folder = (await selected_folder.select(town.world, doctor, _INBOX)).folder
    now, before = FolderState(1, folder.uid_next, folder.modseq), FolderState(0, 1, 1)
    polls = [FolderPoll(actor, _INBOX, known) for actor in (doctor, seer) for known in (now, before)]
    found = await asyncio.gather(
        *(town.core.folder_watch.poll(poll) for poll in (*polls, FolderPoll(stranger, _INBOX, now))), return_exceptions=True
    )
    assert isinstance(found[-1], Refusal)
    assert [[row.uid for row in one.changed] for one in found[:-1] if not isinstance(one, BaseException)] == [[], [1], [], [1]]


async def test_what_stops_the_look_reaches_everybody_who_asked(open_town: OpenTown) -> None:
    async with open_town(audited=False) as town:
        doctor = await _actor(town, "doctor")
        await town.world.store.write(lambda conn: conn.exec_driver_sql("ALTER TABLE folders RENAME TO gone"))
        poll = FolderPoll(doctor, _INBOX, FolderState(0, 1, 1))
        found = await asyncio.wait_for(asyncio.gather(*(town.core.folder_watch.poll(poll) for _ in range(2)), return_exceptions=True), 5)
        assert [isinstance(one, Exception) for one in found] == [True, True], found


async def test_who_asks_no_more_holds_up_nobody(town: Town) -> None:
    doctor = await _actor(town, "doctor")
    folder = (await selected_folder.select(town.world, doctor, _INBOX)).folder
    poll = FolderPoll(doctor, _INBOX, FolderState(0, folder.uid_next, folder.modseq))
    first, second = [asyncio.create_task(town.core.folder_watch.poll(poll)) for _ in range(2)]
    await asyncio.sleep(0)
    first.cancel()
    assert list((await asyncio.wait_for(second, 5)).changed) == []


@pytest.mark.parametrize(("arrived", "asking"), [(60, 1), (3, 20)], ids=["much has changed", "many ask"])
async def test_much_to_read_is_read_beside_the_loop_and_answered_alike(town: Town, arrived: int, asking: int) -> None:
    doctor = await _actor(town, "doctor")
    empty = (await selected_folder.select(town.world, doctor, _INBOX)).folder
    await _fill(town, *map(str, range(arrived)))
    poll = FolderPoll(doctor, _INBOX, FolderState(0, empty.uid_next, empty.modseq))
    found = await asyncio.gather(*(town.core.folder_watch.poll(poll) for _ in range(asking)))
    assert [[row.uid for row in one.changed] for one in found] == [list(range(1, arrived + 1))] * asking


async def test_what_came_and_what_went_at_once_is_told_together(town: Town) -> None:
    await _fill(town, "Un", "Deux")
    doctor = await _actor(town, "doctor")
    folder = (await selected_folder.select(town.world, doctor, _INBOX)).folder
    known = FolderState(2, folder.uid_next, folder.modseq)
    await copies.delete(town.world, doctor, InFolder(_INBOX, [(1, 1)]))
    await _fill(town, "Trois")
    found = await town.core.folder_watch.poll(FolderPoll(doctor, _INBOX, known))
    assert (list(found.uids or ()), [row.uid for row in found.changed]) == ([2, 3], [3])


async def test_a_grant_that_ends_is_seen_at_the_next_look(town: Town) -> None:
    seer = await _seer(town)
    folder = (await selected_folder.select(town.world, seer, _INBOX)).folder
    poll = FolderPoll(seer, _INBOX, FolderState(0, folder.uid_next, folder.modseq))
    assert (await town.core.folder_watch.poll(poll)).changed == ()
    rows = await delegation.grants_of(town.world, seer.identity.id)
    await delegation.revoke(town.world, CONTROL, PRACTICE, rows[0][0].id)
    with refused(Rule.NOT_FOUND):
        await town.core.folder_watch.poll(poll)


# Read


async def test_who_sees_is_told_flags_and_envelopes_and_who_reads_what_is_inside(town: Town) -> None:
    await _fill(town, "Un")
    seer = await _seer(town)
    assert [row.uid for row in await selected_folder.states(town.world, seer, _INBOX, _EVERY)] == [1]
    marks = await selected_folder.marks(town.world, seer, _INBOX, _EVERY)
    assert (list(marks.uids), marks.kinds, list(marks.of), list(marks.modseqs)) == ([1], (Mark(Flag(0), "", False),), [0], [2])
    assert [row.uid for row in await selected_folder.changed_since(town.world, seer, _INBOX, 1)] == [1]
    assert await selected_folder.changed_since(town.world, seer, _INBOX, 2) == []
    ((_, (envelope, _, raw)),), _ = await selected_folder.contents(town.world, seer, _INBOX, _EVERY, Wish(raw=False))
    assert (b'"Un"' in envelope, raw) == (True, b"")
    for wish in (Wish(raw=True), Wish(raw=False, inside=True)):
        with refused(Rule.RIGHT_MISSING, "The right read"):
            await selected_folder.contents(town.world, seer, _INBOX, _EVERY, wish)
    assistant = await _actor(town, "assistant")
    ((_, (_, structure, raw)),), _ = await selected_folder.contents(town.world, assistant, _INBOX, _EVERY, Wish(raw=True, inside=True))
    assert (structure.startswith(b'("text"'), raw.endswith(b"Bonjour.\r\n")) == (True, True)


async def test_bytes_come_as_many_as_were_asked_for_but_one_message_at_least(town: Town) -> None:
    await _fill(town, "Un", "Deux", "Trois", "Quatre")
    doctor = await _actor(town, "doctor")
    sizes = [row.size_bytes for row in await selected_folder.states(town.world, doctor, _INBOX, _EVERY)]

    async def asked(octets_max: int, *, raw: bool = True) -> tuple[list[int], list[tuple[int, int]]]:
        wish = Wish(raw=raw, octets_max=octets_max)
        found, left = await selected_folder.contents(town.world, doctor, _INBOX, [(1, 2), (4, 9)], wish)
        return [row.uid for row, _ in found], left

    assert await asked(1) == ([1], [(2, 2), (4, 9)])
    assert await asked(sizes[0] + sizes[1] - 1) == ([1], [(2, 2), (4, 9)])
    assert await asked(sizes[0] + sizes[1]) == ([1, 2], [(4, 9)])
    assert await asked(sum(sizes)) == ([1, 2, 4], [])
    assert await asked(1, raw=False) == ([1, 2, 4], [])


@pytest.mark.parametrize(
    ("key", "may"), [(Key("SUBJECT", "un"), True), (Key("TEXT", "un"), False), (Key("NOT", keys=(Key("BODY", "x"),)), False)]
)
async def test_a_search_that_looks_inside_needs_the_right_to_read(town: Town, key: Key, may: bool) -> None:
    await _fill(town, "Un")
    seer = await _seer(town)
    if may:
        assert await selected_folder.search(town.world, seer, _INBOX, [1], key) == ([1], 0)
        return
    with refused(Rule.RIGHT_MISSING, "The right read"):
        await selected_folder.search(town.world, seer, _INBOX, [1], key)


@pytest.mark.parametrize("octets", [100, 8_100, 8_192, 20_000])
async def test_a_field_is_found_however_far_down_in_the_header_it_stands(town: Town, octets: int) -> None:
    doctor = await _actor(town, "doctor")
    above = f"X-Above: {'x' * octets}\r\n"
    for field, text in (("X-Here: agenda", "un"), ("X-Other: a", "agenda")):
        await appending.append(town.world, doctor, _INBOX, NewCopy(f"{above}{field}\r\n\r\n{text}\r\n".encode()))
    searched = {key: (await selected_folder.search(town.world, doctor, _INBOX, [1, 2], key))[0] for key in _AGENDAS}
    assert list(searched.values()) == [[1, 2], [1], [2], [1]]


_AGENDAS = (Key("TEXT", "agenda"), Key("TEXT", "X-Here: AGENDA"), Key("BODY", "agenda"), Key("HEADER", ("x-here", "agenda")))


async def test_a_search_tells_the_highest_modification_where_it_is_asked_for_of_what_the_client_knows(open_town: OpenTown) -> None:
    async with open_town(search_query_chars_max=100) as town:
        await _fill(town, "Un", "Deux")
        doctor = await _actor(town, "doctor")
        since = Key("MODSEQ", 1)
        assert await selected_folder.search(town.world, doctor, _INBOX, [1, 2], since) == ([1, 2], 3)
        assert await selected_folder.search(town.world, doctor, _INBOX, [1, 2], since, lambda uids: uids[:1]) == ([1, 2], 2)
        assert await selected_folder.search(town.world, doctor, _INBOX, [2], Key("ALL")) == ([2], 0)
        with refused(Rule.LIMIT_REACHED):
            await selected_folder.search(town.world, doctor, _INBOX, [1], Key("SUBJECT", "x" * 101))


async def test_what_sort_and_thread_compare_is_shown_to_who_sees(town: Town) -> None:
    await _fill(town, "Un", "Deux")
    assert [row.uid for row in await selected_folder.sortables(town.world, await _seer(town), _INBOX, [1, 2, 9])] == [1, 2]
    stranger = await _actor(town, "hospital")
    for verb in (
        selected_folder.sortables(town.world, stranger, _INBOX, [1]),
        selected_folder.states(town.world, stranger, _INBOX, _EVERY),
        selected_folder.marks(town.world, stranger, _INBOX, _EVERY),
        selected_folder.changed_since(town.world, stranger, _INBOX, 1),
        selected_folder.contents(town.world, stranger, _INBOX, _EVERY, Wish(raw=False)),
        selected_folder.search(town.world, stranger, _INBOX, [1], Key("ALL")),
    ):
        with refused(Rule.NOT_FOUND):
            await verb
