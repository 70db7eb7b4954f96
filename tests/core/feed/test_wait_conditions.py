"""What can be waited for: found by its marks, from a place on, the oldest first."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from mss_sim.core.access.delegation import GrantRequest, grant
from mss_sim.core.access.practice_holders import CONTROL
from mss_sim.core.feed import wait_conditions
from mss_sim.core.feed.wait_conditions import LetterSearch, SessionQuery
from mss_sim.core.mailbox import copies
from mss_sim.core.mailbox.copies import InFolder
from mss_sim.core.mailbox.selected_folder import FolderRef
from mss_sim.core.world.store_types import ActQuery, EventQuery, LetterQuery
from mss_sim.core.world.world import World
from mss_sim.errors import Rule
from mss_sim.evidence.transcripts import Transcripts
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.mail import TimelineKind
from mss_sim.vocabulary.mailboxes import Right
from tests.clients import DOCTOR, HOSPITAL, PATIENT, PRACTICE
from tests.core.towns import IDNATS, Town, refused

_ANY = LetterQuery(limit=10)


async def test_letters_come_the_oldest_first_and_from_a_place_on(town: Town) -> None:
    for subject in ("Un", "Deux"):
        await town.send("hospital", HOSPITAL, PRACTICE, subject=subject)
    found = await wait_conditions.find_letters(town.world, _ANY, PRACTICE)
    assert [(one.message.subject, one.raw[:1] != b"") for one in found] == [("Un", True), ("Deux", True)]
    place = await wait_conditions.place(town.world)
    searches = [LetterSearch(town.world, _ANY, mailbox, place) for mailbox in (PRACTICE, DOCTOR, None)]
    assert [await search.look() for search in searches] == [[], [], []]
    await town.send("hospital", HOSPITAL, DOCTOR, subject="Trois")
    assert [[one.message.subject for one in await search.look()] for search in searches] == [[], ["Trois"], ["Trois"]]
    await town.send("hospital", HOSPITAL, DOCTOR, subject="Quatre")
    assert [[one.message.subject for one in await search.look()] for search in searches] == [[], ["Trois", "Quatre"], ["Trois", "Quatre"]]
    assert len({search.position for search in searches}) == 1


async def test_a_letter_that_is_committed_late_is_not_passed_over(town: Town) -> None:
    """Its id was drawn before the place, and is under those of letters that were there."""
    late = await town.written("hospital", HOSPITAL, [DOCTOR], "Ancien")
    await town.send("hospital", HOSPITAL, DOCTOR, subject="Nouveau")
    search = LetterSearch(town.world, _ANY, DOCTOR, await wait_conditions.place(town.world))
    assert await search.look() == []
    await town.deliver(late)
    assert [one.message.subject for one in await search.look()] == ["Ancien"]


async def test_a_letter_that_is_copied_away_has_not_come(town: Town) -> None:
    await town.send("hospital", HOSPITAL, PRACTICE)
    place = await wait_conditions.place(town.world)
    every = InFolder(FolderRef(PRACTICE, "INBOX"), [(1, 1)])
    await copies.copy(town.world, await town.actor("doctor"), every, FolderRef(DOCTOR, "INBOX"))
    assert len(await LetterSearch(town.world, _ANY, PRACTICE, place).look()) == 0
    assert len(await LetterSearch(town.world, _ANY, DOCTOR, place).look()) == 1


async def test_a_letter_that_a_carer_copies_away_has_not_come(town: Town) -> None:
    """The patient's journal tells of it, by where it went; a folder of that name would not be a mailbox."""
    await grant(town.world, CONTROL, GrantRequest(PATIENT, IDNATS["hospital"], frozenset({Right.SEE, Right.READ})))
    await town.send("doctor", DOCTOR, PATIENT)
    place = await wait_conditions.place(town.world)
    every = InFolder(FolderRef(PATIENT, "INBOX"), [(1, 1)])
    await copies.copy(town.world, await town.actor("hospital"), every, FolderRef(HOSPITAL, "INBOX"))
    assert Act.COPIED.value in await town.acts(PATIENT)
    assert [len(await LetterSearch(town.world, _ANY, mailbox, place).look()) for mailbox in (PATIENT, HOSPITAL)] == [0, 1]


async def test_lines_of_journals_are_found_by_act_mailbox_and_person(town: Town) -> None:
    await town.send("hospital", HOSPITAL, PRACTICE)

    async def found(acts: tuple[Act, ...] = (), mailbox: str | None = None, who: str | None = None, after: int | None = None) -> list[Act]:
        rows = await wait_conditions.find_acts(town.world, ActQuery(100, acts=acts), mailbox, who, after)
        return [row.line.act for row in rows.rows if row.line.act in (Act.SUBMITTED, Act.RECEIVED)]

    assert await found() == [Act.SUBMITTED, Act.RECEIVED]
    assert await found((Act.RECEIVED,)) == [Act.RECEIVED]
    assert await found(mailbox=HOSPITAL) == [Act.SUBMITTED]
    assert await found(who=IDNATS["hospital"]) == [Act.SUBMITTED]
    assert await found(who=IDNATS["doctor"]) == []
    assert await found(after=await wait_conditions.place(town.world)) == []
    with refused(Rule.NOT_FOUND, "There is no identity nobody"):
        await found(who="nobody")
    with refused(Rule.NOT_FOUND, "There is no mailbox"):
        await found(mailbox="nobody@cabinet.sim.mssante.fr")


async def test_events_of_timelines_are_found_by_kind_recipient_and_letter(town: Town) -> None:
    for to in (PRACTICE, DOCTOR):
        await town.send("hospital", HOSPITAL, to, subject=to)
    every = (await wait_conditions.find_events(town.world, EventQuery(100), None)).rows
    assert {(one.recipient, one.kind) for one in every} >= {(PRACTICE, TimelineKind.DELIVERED), (DOCTOR, TimelineKind.DELIVERED)}
    assert [one.id for one in every] == sorted(one.id for one in every)
    [one] = (await wait_conditions.find_events(town.world, EventQuery(100, kinds=(TimelineKind.DELIVERED,), recipient=DOCTOR), None)).rows
    assert (one.subject, one.failed) == (DOCTOR, False)
    of_letter = await wait_conditions.find_events(town.world, EventQuery(100, message_id=one.message_id), None)
    assert {event.recipient for event in of_letter.rows} == {DOCTOR}
    assert await wait_conditions.find_events(town.world, EventQuery(100), of_letter.position) == ([], of_letter.position)
    assert len((await wait_conditions.find_events(town.world, EventQuery(1), None)).rows) == 1


async def test_what_came_behind_a_place_is_found_whole(town: Town) -> None:
    place = await wait_conditions.place(town.world)
    for number in range(3):
        await town.send("hospital", HOSPITAL, PRACTICE, subject=str(number))
    seen: list[int] = []
    while (found := await wait_conditions.find_acts(town.world, ActQuery(2, acts=(Act.RECEIVED,)), PRACTICE, None, place)).rows:
        seen += [row.line.id for row in found.rows]
        place = found.position
    assert len(seen) == len(set(seen)) == 3


async def test_no_more_is_found_than_was_asked_for_on_however_many_pages(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wait_conditions, "_AT_ONCE", 5)
    place = await wait_conditions.place(town.world)
    for number in range(6):
        await town.send("hospital", HOSPITAL, PRACTICE, subject=str(number))
    found = await wait_conditions.find_acts(town.world, ActQuery(3, acts=(Act.RECEIVED,)), PRACTICE, None, place)
    assert [row.subject for row in found.rows] == ["0", "1", "2"]


async def test_a_mailbox_that_is_not_there_has_no_folders(town: Town) -> None:
    assert len(await wait_conditions.folders_of(town.world, PRACTICE)) >= 4
    with refused(Rule.NOT_FOUND, "There is no mailbox"):
        await wait_conditions.folders_of(town.world, "nobody@cabinet.sim.mssante.fr")


@pytest.mark.parametrize("text", ["x" * 2_000])
async def test_a_text_that_is_too_long_is_refused(town: Town, text: str) -> None:
    with refused(Rule.LIMIT_REACHED, "A search looks for texts"):
        await wait_conditions.find_letters(town.world, LetterQuery(1, subject=text), None)


async def test_a_search_that_goes_on_looks_only_when_it_may_find(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = []
    find = wait_conditions.find_letters

    async def counted(*args: Any) -> list[wait_conditions.FoundLetter]:
        looked.append(args)
        return await find(*args)

    monkeypatch.setattr(wait_conditions, "find_letters", counted)
    search = wait_conditions.LetterSearch(town.world, LetterQuery(10, subject="rendez-vous", from_="paul.durand"), PRACTICE, None)
    assert (await search.look(), len(looked)) == ([], 1)
    await town.send("hospital", HOSPITAL, PRACTICE, subject="Bonjour")
    await town.send("hospital", HOSPITAL, DOCTOR, subject="Rendez-vous")
    assert (await search.look(), len(looked)) == ([], 1)
    await town.send("hospital", HOSPITAL, PRACTICE, subject="Votre RENDEZ-VOUS")
    assert [[one.message.subject for one in await search.look()] for _ in range(2)] == [["Votre RENDEZ-VOUS"]] * 2
    assert len(looked) == 2
    everywhere = wait_conditions.LetterSearch(town.world, LetterQuery(10, subject="dernier"), None, None)
    assert await everywhere.look() == []
    await town.send("hospital", HOSPITAL, DOCTOR, subject="Dernier")
    assert len(await everywhere.look()) == 1
    with refused(Rule.NOT_FOUND, "There is no mailbox"):
        await wait_conditions.LetterSearch(town.world, _ANY, "nobody@cabinet.sim.mssante.fr", None).look()


async def test_events_behind_a_place_are_of_timelines_alone_and_no_more_than_asked_for(town: Town) -> None:
    place = await wait_conditions.place(town.world)
    for number in range(3):
        await town.send("hospital", HOSPITAL, PRACTICE, subject=str(number))
    query = EventQuery(2, kinds=(TimelineKind.DELIVERED,))
    first = await wait_conditions.find_events(town.world, query, place)
    rest = await wait_conditions.find_events(town.world, query, first.position)
    assert [one.subject for one in (*first.rows, *rest.rows)] == ["0", "1", "2"]
    assert [len(found.rows) for found in (first, rest)] == [2, 1]
    assert first.position < rest.position == await wait_conditions.place(town.world)


def with_sessions(town: Town) -> tuple[World, list[str]]:
    """The town, of which four sessions are kept; their ids, the oldest first."""
    said = Transcripts(town.clock, town.world.ids, sessions_max=10, lines_max=10)
    for door, facts, rules in (
        (Door.IMAP, {"identity": IDNATS["doctor"], "client": "Thunderbird 128"}, ()),
        (Door.SMTP, {"identity": IDNATS["secretary"], "client": "swaks"}, (Rule.RIGHT_MISSING,)),
        (Door.IMAP, {"client": "thunderbird 115"}, (Rule.AUTHENTICATION_FAILED,)),
        (Door.SMTP, {}, ()),
    ):
        one = said.open(door, "127.0.0.1")
        one.facts.update(facts)
        one.rules.update(Counter(rules))
    return replace(town.world, transcripts=said), [one.id for one in reversed(list(said.newest_first()))]


async def test_sessions_are_found_by_each_mark_the_oldest_first(town: Town) -> None:
    world, ids = with_sessions(town)

    async def found(**marks: Any) -> list[int]:
        return [ids.index(one.id) for one in await wait_conditions.find_sessions(world, SessionQuery(**marks))]

    for marks, expected in (
        ({}, [0, 1, 2, 3]),
        ({"door": Door.IMAP}, [0, 2]),
        ({"who": IDNATS["doctor"]}, [0]),
        ({"who": "sophie.petit"}, [1]),
        ({"who": IDNATS["hospital"]}, []),
        ({"client": "THUNDERBIRD"}, [0, 2]),
        ({"client": "thunderbird", "door": Door.SMTP}, []),
        ({"rule": Rule.RIGHT_MISSING}, [1]),
        ({"rule": Rule.RIGHT_MISSING, "client": "thunderbird"}, []),
        ({"logged_in": True}, [0, 1]),
        ({"logged_in": True, "client": "thunderbird"}, [0]),
        ({"client": "thunderbird", "who": "sophie.petit"}, []),
        ({"after": ids[1]}, [2, 3]),
        ({"after": ids[1], "door": Door.IMAP}, [2]),
    ):
        assert await found(**marks) == expected, marks
    with refused(Rule.NOT_FOUND, "There is no identity nobody"):
        await found(who="nobody")
    assert await wait_conditions.find_sessions(town.world, SessionQuery()) == [], "a world without doors"
