"""What came instead: the nearest first, each with the marks that it lacks."""

from dataclasses import replace
from typing import Any

from mss_sim.core.feed import wait_conditions
from mss_sim.core.feed.near_misses import NearEvent, near_acts, near_misses, near_sessions, near_timelines
from mss_sim.core.feed.wait_conditions import SessionQuery
from mss_sim.core.world.store_types import ActQuery, EventQuery, LetterQuery
from mss_sim.errors import Rule
from mss_sim.evidence.transcripts import Transcripts
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.mail import TimelineKind
from tests.clients import DOCTOR, HOSPITAL, PRACTICE
from tests.core.feed.test_wait_conditions import with_sessions
from tests.core.towns import IDNATS, Town, refused


async def test_each_letter_is_told_with_what_it_lacks(town: Town) -> None:
    await town.send("hospital", HOSPITAL, DOCTOR, subject="Bonjour")
    await town.send("hospital", HOSPITAL, PRACTICE, subject="Rendez-vous")
    wanted = LetterQuery(1, subject="rendez-vous", from_="labo")
    found = [(one.message.subject, one.lacks) for one in await near_misses(town.world, wanted, PRACTICE)]
    assert found[0] == ("Rendez-vous", ("from",))
    assert ("Bonjour", ("from", "subject", "mailbox")) in found


async def test_what_has_all_marks_is_no_near_miss_and_five_are_enough(town: Town) -> None:
    for number in range(20):
        await town.send("hospital", HOSPITAL, PRACTICE, subject=f"Lettre {number}")
    found = await near_misses(town.world, LetterQuery(1, subject="lettre 6"), PRACTICE)
    assert [one.lacks for one in found] == [("subject",)] * 5
    assert await near_misses(town.world, LetterQuery(1, subject="lettre"), None) == []


async def test_an_old_letter_is_still_known_to_lie_in_its_mailbox(town: Town) -> None:
    await town.send("hospital", HOSPITAL, PRACTICE, subject="Rendez-vous")
    for number in range(15):
        await town.send("hospital", HOSPITAL, PRACTICE, subject=f"Lettre {number}")
    first = (await near_misses(town.world, LetterQuery(1, subject="rendez-vous", from_="labo"), PRACTICE))[0]
    assert (first.message.subject, first.lacks) == ("Rendez-vous", ("from",))


async def test_a_mailbox_that_is_gone_has_no_say(town: Town) -> None:
    await town.send("hospital", HOSPITAL, PRACTICE)
    assert await near_misses(town.world, LetterQuery(1), "nobody@cabinet.sim.mssante.fr") == []


async def test_only_letters_among_those_that_came_are_compared(town: Town) -> None:
    """An older letter with the mark that lacks is none of those that came while somebody waited."""
    await town.send("hospital", HOSPITAL, PRACTICE, subject="Rendez-vous")
    place = await wait_conditions.place(town.world)
    search = wait_conditions.LetterSearch(town.world, LetterQuery(1, subject="rendez-vous"), PRACTICE, place)
    assert await search.look() == []
    await town.send("hospital", HOSPITAL, PRACTICE, subject="Bonjour")
    assert await search.look() == []
    [one] = await near_misses(town.world, search.near, PRACTICE)
    assert (one.message.subject, one.lacks) == ("Bonjour", ("subject",))


def _told(found: list[NearEvent]) -> list[tuple[str, str | None, tuple[str, ...]]]:
    return [(one.event.kind, one.event.mailbox, one.lacks) for one in found]


async def test_each_line_of_a_journal_is_told_with_what_it_lacks(town: Town) -> None:
    await town.send("hospital", HOSPITAL, PRACTICE)
    wanted = ActQuery(1, acts=(Act.SUBMITTED,))
    found = _told(await near_acts(town.world, wanted, DOCTOR, IDNATS["hospital"], None))
    assert found[0] == ("message.submitted", HOSPITAL, ("mailbox",))
    assert ("message.received", PRACTICE, ("acts", "mailbox", "who")) in found
    assert _told(await near_acts(town.world, wanted, HOSPITAL, IDNATS["doctor"], None))[0][2] == ("who",)
    whatever = _told(await near_acts(town.world, ActQuery(1, acts=(Act.CLOSED,)), None, None, None))
    assert len(whatever) == 5, "five are enough"
    assert {kind.partition(".")[0] for kind, _, _ in whatever} <= {"message", "grant"}, "what happens to recipients is no line of a journal"
    assert await near_acts(town.world, ActQuery(1), None, None, None) == [], "what has all marks is no near miss"


async def test_each_event_of_a_letter_is_told_with_what_it_lacks(town: Town) -> None:
    await town.send("hospital", HOSPITAL, PRACTICE)
    wanted = EventQuery(1, kinds=(TimelineKind.DELIVERED,), recipient=DOCTOR, message_id="<x@y.fr>")
    found = _told(await near_timelines(town.world, wanted, None))
    assert found[0] == ("timeline.delivered", HOSPITAL, ("recipient", "message_id"))
    late = await wait_conditions.place(town.world)
    assert await near_timelines(town.world, wanted, late) == [], "what came before does not count"
    displayed = EventQuery(1, kinds=(TimelineKind.DISPLAYED,), recipient=PRACTICE)
    assert _told(await near_timelines(town.world, displayed, None))[0] == ("timeline.delivered", HOSPITAL, ("events",))


async def test_each_session_is_told_with_what_it_lacks(town: Town) -> None:
    world, ids = with_sessions(town)

    async def near(**marks: Any) -> list[tuple[int, tuple[str, ...]]]:
        return [(ids.index(one.session.id), one.lacks) for one in await near_sessions(world, SessionQuery(**marks))]

    for marks, expected in (
        ({"door": Door.IMAP}, [(3, ("door",)), (1, ("door",))]),
        ({"logged_in": True}, [(3, ("log_in",)), (2, ("log_in",))]),
        ({"logged_in": True, "who": "sophie.petit", "door": Door.IMAP}, [(1, ("door",)), (0, ("who",)), (2, ("log_in", "who"))]),
        ({"client": "swaks", "rule": Rule.AUTHENTICATION_FAILED}, [(2, ("client",)), (1, ("rule",))]),
        ({"door": Door.REST, "after": ids[1]}, [(3, ("door",)), (2, ("door",))]),
        ({}, []),
    ):
        assert (await near(**marks))[: len(expected)] == expected, marks
    assert len(await near(who="sophie.petit", door=Door.SMTP)) == 3, "what has all marks is no near miss"
    with refused(Rule.NOT_FOUND, "There is no identity nobody"):
        await near(who="nobody")
    assert await near_sessions(town.world, SessionQuery(door=Door.IMAP)) == [], "a world without doors"


async def test_five_of_the_newest_two_hundred_sessions_are_enough(town: Town) -> None:
    said = Transcripts(town.clock, town.world.ids, sessions_max=300, lines_max=10)
    said.open(Door.IMAP, "127.0.0.1").facts["client"] = "swaks"
    for _ in range(199):
        said.open(Door.SMTP, "127.0.0.1")
    world, wanted = replace(town.world, transcripts=said), SessionQuery(Door.IMAP, client="swaks", rule=Rule.INVALID)
    found = await near_sessions(world, wanted)
    assert [one.lacks for one in found] == [("rule",), *4 * [("door", "client", "rule")]]
    said.open(Door.SMTP, "127.0.0.1")
    assert (await near_sessions(world, wanted))[0].lacks == ("door", "client", "rule"), "the oldest is not looked at any more"
