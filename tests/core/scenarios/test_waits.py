"""What a play waits for: letters, lines of the journal, events of timelines, rest; and what came instead."""

import asyncio

from mss_sim.errors import Rule
from tests.clients import HOSPITAL, PRACTICE
from tests.core.scenarios.playing import SENT, begun, failing, passing
from tests.core.towns import Town


async def test_letters_are_found_by_their_marks(town: Town) -> None:
    marks = "mailbox: practice, from: durand, to: tilleuls, subject: RAPPORT, text: voici, document: false"
    await passing(town, SENT, SENT.replace("report", "again"), f"wait: {{{marks}, count: 2, timeout: 0}}")
    await passing(town, SENT, "wait: {letter: report, timeout: 0}")
    assert await failing(town, SENT, "wait: {mailbox: practice, document: true, timeout: 0}") == (
        "letters within 0.0 s: 1",
        "letters: 0; nearest: “Rapport” lacks has_document",
    )


async def test_a_letter_that_comes_later_ends_the_wait(town: Town) -> None:
    play = await begun(
        town, "wait: {mailbox: practice, subject: plus tard}, as: late", "actor: doctor, open: {letter: late, mailbox: practice}"
    )
    playing = asyncio.create_task(town.core.plays().play_next(play, rest=True))
    while not town.core.waits.count:  # noqa: ASYNC110 - it tells nobody
        await asyncio.sleep(0)
    await town.send("hospital", HOSPITAL, PRACTICE, subject="Plus tard")
    await playing
    assert play.state == "passed"


async def test_what_was_there_before_the_play_does_not_count(town: Town) -> None:
    await town.send("hospital", HOSPITAL, PRACTICE, subject="Rapport")
    assert (await failing(town, "wait: {mailbox: practice, timeout: 0}"))[1] == "letters: 0"
    assert (await failing(town, "wait: {subject: Rapport, timeout: 0}"))[1] == "letters: 0"
    assert (await failing(town, "journal: {acts: message.received, timeout: 0}"))[1] == "lines: 0 ()"


async def test_that_nothing_comes_is_waited_for_too(town: Town) -> None:
    await passing(town, "wait: {mailbox: practice, none: true, timeout: 0}", "journal: {acts: grant.created, none: true, timeout: 0}")
    assert await failing(town, SENT, "wait: {mailbox: practice, none: true, timeout: 0}") == ("no letter within 0.0 s", "letters: 1")
    expected, came = await failing(town, SENT, "journal: {acts: [message.received, grant.created], none: true, timeout: 0}")
    assert (expected, came) == ("no line message.received, grant.created within 0.0 s", "lines: 1 (message.received)")


async def test_lines_of_the_journal_are_found_by_act_mailbox_and_person(town: Town) -> None:
    await passing(town, SENT, "journal: {acts: message.submitted, who: hospital, mailbox: hospital, timeout: 0}")
    expected, came = await failing(town, SENT, "journal: {acts: message.submitted, who: doctor, count: 2, timeout: 0}")
    assert (expected, came) == ("lines message.submitted within 0.0 s: 2", "lines: 0 ()")


async def test_all_events_of_a_timeline_have_to_be_there(town: Town) -> None:
    await passing(town, SENT, "timeline: {letter: report, events: [submitted, delivered], recipient: practice, timeout: 0}")
    expected, came = await failing(town, SENT, "timeline: {letter: report, events: [delivered, displayed], timeout: 0}")
    assert expected == "delivered, displayed within 0.0 s"
    assert came.startswith("the events submitted")
    assert (await failing(town, SENT, "timeline: {letter: report, events: delivered, recipient: doctor, timeout: 0}"))[
        1
    ] == "the events nothing"


async def test_rest_is_waited_for(town: Town) -> None:
    await passing(town, SENT, "settle: {timeout: 1}")
    await town.change(PRACTICE, state="suspended")
    waits = await begun(town, "clock: frozen", "actor: hospital, send: {to: practice, subject: x}", "settle: {timeout: 0}")
    await town.core.plays().play_next(waits, rest=True)
    assert waits.state == "passed", "what is tried later is not due"


async def test_a_wait_that_is_too_long_is_refused_when_it_is_played(town: Town) -> None:
    assert (await failing(town, "wait: {mailbox: practice, timeout: 500}"))[1].startswith("refused by limit-reached: Wait 300")


async def test_a_reset_ends_the_wait(town: Town) -> None:
    play = await begun(town, "wait: {mailbox: practice, timeout: 100}")
    playing = asyncio.create_task(town.core.plays().play_next(play))
    while not town.core.waits.count:  # noqa: ASYNC110 - it tells nobody
        await asyncio.sleep(0)
    await town.core.reset("cabinet")
    await playing
    assert play.outcomes[0].refused is Rule.CONFLICT
    assert town.core.plays().all() == []
