"""A recording of what was done in a world, played again in another one."""

import base64

import pytest

from mss_sim.core.feed import wait_conditions
from mss_sim.core.mailbox import messages
from mss_sim.core.scenarios import journal_as_scenario
from mss_sim.core.scenarios.outcomes import describe
from mss_sim.errors import Rule
from mss_sim.scenarios import deeds
from mss_sim.scenarios.model import Scenario
from mss_sim.vocabulary.clock import ClockMode
from tests.clients import DOCTOR, HOSPITAL, PATIENT, PRACTICE
from tests.core.scenarios.playing import SENT, passing
from tests.core.towns import OpenTown, Town, refused

_BY_HAND = (
    SENT,
    "actor: doctor, grant: {to: newcomer, mailbox: practice, rights: [see, read, mark, file, delete], until: P7D}, as: given",
    "actor: newcomer, open: {letter: report, mailbox: practice}",
    "actor: newcomer, receipt: {letter: report, mailbox: practice}",
    "actor: newcomer, mark: {letter: report, mailbox: practice, add: \\Flagged}",
    "actor: newcomer, move: {letter: report, mailbox: practice}",
    "actor: newcomer, delete: {letter: report, mailbox: practice}",
    "actor: doctor, revoke: given",
    "actor: doctor, send: {to: patient, subject: Ordonnance}, as: first",
    "actor: patient, send: {to: doctor, subject: 'Re: Ordonnance', answers: first}, as: answer",
    "actor: doctor, close: answer",
    "actor: patient, send: {to: doctor, subject: Encore}, expect: {refused: conversation-closed}",
    "actor: doctor, reopen: answer",
)


async def _recorded(town: Town, after: int = 0) -> Scenario:
    return await town.core.plays().read(await journal_as_scenario.record(town.world, after))


async def _played(town: Town, scenario: Scenario) -> None:
    play = await town.core.plays().begin(scenario)
    await town.core.plays().play_next(play, rest=True)
    assert play.state == "passed", describe(len(play.outcomes), scenario.steps[len(play.outcomes) - 1], play.outcomes[-1])


async def test_what_was_done_is_done_again_in_another_world(town: Town, open_town: OpenTown) -> None:
    place = await wait_conditions.place(town.world)
    await passing(town, *_BY_HAND)
    found = await _recorded(town, place)
    done = [type(step.deed) for step in found.steps if not isinstance(step.deed, deeds.Wait | deeds.Journal)]
    assert done == [
        *(deeds.Send, deeds.Grant, deeds.Open, deeds.Receipt, deeds.Mark, deeds.Move, deeds.Delete, deeds.Revoke),
        *(deeds.Send, deeds.Send, deeds.Close, deeds.Note, deeds.Reopen),
    ]
    assert (found.title.en, found.title.fr) == ("Recorded by hand", "Enregistré à la main")
    first, answer = [step for step in found.steps if isinstance(step.deed, deeds.Send)][1:3]
    assert (isinstance(answer.deed, deeds.Send) and answer.deed.answers) == first.called is not None
    async with open_town() as other:
        await _played(other, found)
        ours, theirs = [[one for one in await there.acts(PRACTICE) if one != "message.refused"] for there in (town, other)]
        assert ours == theirs


async def test_files_are_recorded_as_far_as_a_scenario_has_room(open_town: OpenTown) -> None:
    files = "[{name: note.txt, text: Voici.}, {name: courbe.png, base64: %s}, {name: fin.txt, text: ''}]"
    async with open_town(scenarios_file_size_bytes_max=4_000) as town:
        place = await wait_conditions.place(town.world)
        for size in (1_200, 2_000):
            octets = base64.b64encode(bytes(size)).decode()
            await passing(town, f"actor: doctor, send: {{to: practice, subject: Fichiers, files: {files % octets}}}")
        found = await _recorded(town, place)
        first, second = [step for step in found.steps if isinstance(step.deed, deeds.Send)]
        assert [[(one.name, one.type, len(one.octets)) for one in step.deed.files] for step in (first, second)] == [  # type: ignore[union-attr]
            [("note.txt", "text/plain", 6), ("courbe.png", "image/png", 1_200), ("fin.txt", "text/plain", 0)],
            [("note.txt", "text/plain", 6), ("fin.txt", "text/plain", 0)],
        ]
        assert second.tells.en.endswith("(files that are not recorded, for their size: 1)")
        assert "not recorded" not in first.tells.en
        async with open_town() as other:
            await _played(other, found)
            sent = [await other.raw(item) for item in await other.lying(PRACTICE)]
            assert [raw.count(b"Content-Disposition: attachment") for raw in sent] == [2, 3]


async def test_a_letter_that_is_gone_is_told_as_the_journal_has_it(town: Town) -> None:
    place = await wait_conditions.place(town.world)
    await town.bring("x@clinique.example", PRACTICE, subject="Perdu")
    (item,) = await town.lying(PRACTICE)
    doctor = await town.actor("doctor")
    await messages.open_message(town.world, doctor, PRACTICE, item.copy.id)
    await messages.delete(town.world, doctor, PRACTICE, item.copy.id)
    steps = (await _recorded(town, place)).steps
    assert [step.tells.en for step in steps] == [
        f"“Perdu” comes to {PRACTICE}",
        "Dr Camille MARTIN reads “Perdu”",
        "Dr Camille MARTIN deletes “Perdu”",
    ]
    assert steps[0].deed == deeds.Wait(mailbox=PRACTICE, subject="Perdu")


async def test_letters_of_the_wire_are_recorded_as_those_of_hands(town: Town, open_town: OpenTown) -> None:
    place = await wait_conditions.place(town.world)
    await town.send("hospital", HOSPITAL, [DOCTOR, PATIENT], subject="À tous")
    await town.bring("x@clinique.example", PRACTICE, subject="D'ailleurs")
    found = await _recorded(town, place)
    first = found.steps[0].deed
    assert isinstance(first, deeds.Send)
    assert (first.to, first.subject, first.from_) == ((DOCTOR, PATIENT), "À tous", HOSPITAL)
    assert [step.deed for step in found.steps][-1] == deeds.Wait(mailbox=PRACTICE, subject="D'ailleurs")
    async with open_town() as other:
        play = await other.core.plays().begin(found)
        while len(play.outcomes) < len(found.steps) - 1:
            await other.core.plays().play_next(play)
        await other.bring("x@clinique.example", PRACTICE, subject="D'ailleurs")
        await other.core.plays().play_next(play)
        assert play.state == "passed"


async def test_a_letter_that_is_gone_comes_without_its_text(town: Town) -> None:
    place = await wait_conditions.place(town.world)
    gone = "actor: %s, delete: {letter: first, mailbox: %s}"
    sent = "actor: doctor, send: {to: patient, subject: Ordonnance}, as: first"
    await passing(town, sent, gone % ("patient", "patient"), gone % ("doctor", "doctor"))
    found = await _recorded(town, place)
    assert found.steps[0].deed == deeds.Send((PATIENT,), "Ordonnance", from_=DOCTOR)
    assert isinstance(found.steps[-1].deed, deeds.Delete)


@pytest.mark.parametrize("mode", ["frozen", "offset"])
async def test_moves_of_the_clock_are_recorded(town: Town, mode: str) -> None:
    await passing(town, "clock: {mode: %s, at: '2035-01-05T08:00:00Z'}" % mode)  # noqa: UP031 - braces
    assert town.world.clock.pace.mode is ClockMode(mode)
    place = await wait_conditions.place(town.world)
    await passing(town, SENT, "advance: P7D", SENT.replace("as: report", "as: again"))
    advanced = [step.deed for step in (await _recorded(town, place)).steps if isinstance(step.deed, deeds.Advance)]
    assert [one.by for one in advanced] == ["PT604800S"]


@pytest.mark.parametrize(("mode", "recorded"), [("frozen", ["PT1S"]), ("offset", [])])
async def test_a_second_is_somebodys_move_where_the_clock_stands_still_alone(town: Town, mode: str, recorded: list[str]) -> None:
    await passing(town, "clock: {mode: %s, at: '2035-01-05T08:00:00Z'}" % mode)  # noqa: UP031 - braces
    place = await wait_conditions.place(town.world)
    await passing(town, SENT, "advance: PT1S", SENT.replace("as: report", "as: again"))
    assert [step.deed.by for step in (await _recorded(town, place)).steps if isinstance(step.deed, deeds.Advance)] == recorded


async def test_nothing_cannot_be_recorded(town: Town) -> None:
    with refused(Rule.NOT_FOUND, "Nothing was done since"):
        await journal_as_scenario.record(town.world, await wait_conditions.place(town.world))


async def test_a_recording_has_no_more_steps_than_a_scenario(open_town: OpenTown) -> None:
    async with open_town(scenarios_steps_max=2) as town:
        for _ in range(2):
            await town.send("hospital", HOSPITAL, PRACTICE)
        with refused(Rule.LIMIT_REACHED, "More than 2 steps were done"):
            await journal_as_scenario.record(town.world, 0)
