"""What is done to the world in a play: its clock, its faults, what patients do by themselves."""

from mss_sim.vocabulary.clock import ClockMode
from tests.clients import PATIENT
from tests.core.scenarios.playing import begun, failing, passing
from tests.core.towns import Town

_MATCH, _ACTION = "match: {recipient: '*@cabinet.sim.mssante.fr'}", "action: {kind: reply, code: '451'}"
_FAULT = f"fault: {{point: delivery, {_MATCH}, {_ACTION}, nth: 2, count: 3, seconds: 60}}"


async def test_the_clock_is_set_and_moved(town: Town) -> None:
    before = town.world.clock.now()
    await passing(town, "clock: frozen", "advance: PT1H")
    assert (town.world.clock.pace.mode, town.world.clock.now() - before) == (ClockMode.FROZEN, 3_600_000_000)
    await passing(town, "clock: {mode: paced, rate: 60}", "advance: '2030-01-05T08:00:00Z'")
    assert town.world.clock.pace.rate == 60
    await passing(town, "clock: {mode: offset, at: '2031-01-05T08:00:00Z'}")
    assert town.world.clock.pace.mode is ClockMode.OFFSET


async def test_time_that_cannot_be_is_refused_and_told(town: Town) -> None:
    assert (await failing(town, "advance: '2020-01-05T08:00:00Z'"))[1].startswith("refused by conflict: The world is at")
    assert (await failing(town, "advance: P8000Y"))[1].startswith("refused by invalid-request: P8000Y cannot be")


async def test_what_happened_meanwhile_is_compared(town: Town) -> None:
    grant = "actor: doctor, grant: {to: newcomer, rights: see, until: P1D}"
    await passing(town, grant, "advance: P2D, expect: {happened: [grant.ended]}")
    expected, came = await failing(town, grant, "advance: P2D, expect: {happened: [grant.ended, letter.opened]}")
    assert (expected, came) == ("happened grant.ended, letter.opened", "happened grant.ended")


async def test_a_fault_is_set_as_it_says_and_lifted(town: Town) -> None:
    play = await begun(town, f"{_FAULT}, as: slow", "fault: {preset: mes-down}", "lift: slow", "lift: {}")
    await town.core.plays().play_next(play)
    [kept] = town.world.faults.all()
    assert (kept.rule.nth, kept.rule.count, kept.rule.match.recipient) == (2, 3, "*@cabinet.sim.mssante.fr")
    assert kept.rule.ends_at - kept.rule.made_at == 60_000_000
    for left in (True, True, False):
        await town.core.plays().play_next(play)
        assert bool(list(town.world.faults.all())) is left
    assert kept.rule.id not in {one.rule.id for one in town.world.faults.all()}


async def test_a_fault_that_cannot_be_is_refused(town: Town) -> None:
    assert (await failing(town, "fault: {preset: mes-down, letters: 3}"))[1].startswith("refused by invalid-request")


async def test_a_fault_that_ended_by_itself_is_lifted_too(town: Town) -> None:
    play = await begun(town, f"{_FAULT}, as: slow", "lift: slow")
    await town.core.plays().play_next(play)
    town.world.faults.forget()
    await town.core.plays().play_next(play)
    assert play.state == "passed"


async def test_a_patient_gets_a_behaviour(town: Town) -> None:
    await passing(town, "behave: {mailbox: patient, behaviour: answers}")
    assert (await town.mailbox(PATIENT)).behaviour == "answers"
    await passing(town, "behave: patient")
    assert (await town.mailbox(PATIENT)).behaviour is None
    assert (await failing(town, "behave: {mailbox: patient, behaviour: sings}"))[1].startswith(
        "refused by invalid-request: There is no behaviour"
    )
