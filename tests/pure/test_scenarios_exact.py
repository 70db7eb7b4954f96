"""Scenario files at the very edge of what may stand in one, and what is said of them in both languages."""

import pytest

from mss_sim.scenarios.model import Scenario, Telling
from mss_sim.scenarios.reading import read_scenario
from mss_sim.scenarios.tree import NotAScenario
from mss_sim.scenarios.writing import write_scenario
from mss_sim.vocabulary.language import Language

_HEAD = "title: t\nactors: {ann: x}\nmailboxes: {box: box@cabinet.sim.mssante.fr}\nsteps:\n"


def _read(text: str) -> Scenario:
    return read_scenario(text.encode(), size_bytes_max=262_144, steps_max=200)


def _refused(text: str, language: Language = Language.EN) -> str:
    with pytest.raises(NotAScenario) as caught:
        _read(text)
    return caught.value.args[-1].in_language(language) if language is not Language.EN else str(caught.value)


def _send(to: str) -> str:
    return f"{_HEAD}- {{en: s, actor: ann, send: {{to: [{to}], subject: s}}}}\n"


def test_a_list_holds_a_hundred_at_most() -> None:
    assert len(_read(_send(", ".join(["box"] * 100))).steps) == 1
    assert "At most 100 stand in such a list." in _refused(_send(", ".join(["box"] * 101)))


@pytest.mark.parametrize(("written", "meant"), [("bix", "box"), ("anne", "ann")])
def test_who_is_not_there_may_be_a_mailbox_or_an_actor(written: str, meant: str) -> None:
    assert f"There is no mailbox or actor {written}. Did you mean {meant}?" in _refused(_send(written))


@pytest.mark.parametrize(
    ("told", "tells"),
    [("en: a", Telling("a", "a")), ("fr: b", Telling("b", "b")), ("en: a, fr: b", Telling("a", "b"))],
)
def test_what_is_told_in_one_language_is_told_so_in_both(told: str, tells: Telling) -> None:
    assert _read(f"{_HEAD}- {{{told}}}\n").steps[0].tells == tells


def test_a_step_that_tells_nothing_is_told_so() -> None:
    assert "The step tells nothing: say what happens under en, fr or both." in _refused(f"{_HEAD}- {{advance: P1D}}\n")


def test_what_is_no_yaml_is_told_in_french_too() -> None:
    assert _refused("title: [\n", Language.FR) == "Ligne 2 : Ce n’est pas du YAML : regardez les signes juste avant."


@pytest.mark.parametrize(("before", "line"), [("", 1), ("\n", 2), ("\n\n", 3)])
def test_a_character_that_is_not_allowed_is_told_by_its_line(before: str, line: int) -> None:
    assert _refused(f"{before}a\x07: b\n").startswith(f"Line {line}: A character here is not allowed in YAML")


def test_fields_may_lie_as_deep_as_anything() -> None:
    def nested(levels: int) -> str:
        return "title: " + "[" * levels + "{a: b}" + "]" * levels + "\nsteps: []\n"

    assert "too deep" not in _refused(nested(9))
    assert "too deep" in _refused(nested(10))


def test_as_many_values_are_read_as_are_said() -> None:
    def listed(count: int) -> str:
        return "title: t\nsteps: [" + "a," * count + "]\n"

    most = next(count for count in range(9_990, 10_010) if "too deep or too long" in _refused(listed(count)))
    assert most == 9_996


def test_how_long_a_fault_lasts_is_written_again() -> None:
    rule = "fault: {point: submission, action: {kind: reply, code: '451'}, seconds: 30}"
    story = _read(f"{_HEAD}- {{en: s, {rule}}}\n")
    assert [one.deed for one in _read(write_scenario(story)).steps] == [one.deed for one in story.steps]
    assert "seconds: 30" in write_scenario(story)
