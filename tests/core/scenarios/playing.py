"""A scenario of a few steps, played in a town: the file is written around the steps of a test."""

from mss_sim.core.scenarios.outcomes import Outcome
from mss_sim.core.scenarios.plays import Play
from mss_sim.scenarios.model import Scenario
from mss_sim.scenarios.reading import read_scenario
from mss_sim.vocabulary.scenarios import StepState
from tests.core.towns import Town

HEAD = """\
title: A test
actors:
  doctor: {role: doctor}
  newcomer: {role: newcomer}
  hospital: {role: hospital}
  patient: {role: patient}
mailboxes:
  practice: {of: doctor, kind: CAB}
steps:
"""
LINES = HEAD.count("\n")
"""How many lines stand before the first step."""


def file_of(*steps: str) -> bytes:
    """A file with these steps, each the YAML of its fields but for what it tells."""
    return (HEAD + "".join(f"  - {{en: 'step {number}', {step}}}\n" for number, step in enumerate(steps, 1))).encode()


def scenario_of(*steps: str) -> Scenario:
    """Such a file, read."""
    return read_scenario(file_of(*steps), size_bytes_max=100_000, steps_max=100)


async def begun(town: Town, *steps: str) -> Play:
    """A play of these steps; none of them is played."""
    return await town.core.plays().begin(scenario_of(*steps))


async def played(town: Town, *steps: str) -> list[Outcome]:
    """The outcomes of these steps, until one failed."""
    play = await begun(town, *steps)
    await town.core.plays().play_next(play, rest=True)
    return play.outcomes


async def passing(town: Town, *steps: str) -> None:
    """All of these steps pass."""
    found = await played(town, *steps)
    assert [(str(one.expected), str(one.came)) for one in found if one.state is not StepState.PASSED] == []
    assert len(found) == len(steps)


async def failing(town: Town, *steps: str) -> tuple[str, str]:
    """The last of these steps fails, and no other: what was expected, and what came."""
    found = await played(town, *steps)
    assert [one.state for one in found] == [*[StepState.PASSED] * (len(steps) - 1), StepState.FAILED]
    return str(found[-1].expected), str(found[-1].came)


SENT = "actor: hospital, send: {to: practice, subject: Rapport, text: 'Voici.', receipt: true}, as: report"
"""A letter of the hospital to the practice."""
