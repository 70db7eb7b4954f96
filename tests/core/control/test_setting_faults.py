"""Rules as the control plane sets them: one, or those of a preset, all or none."""

import pytest

from mss_sim.core.control import setting_faults
from mss_sim.errors import Refusal, Rule
from mss_sim.faults.actions import Duplicate, Reply
from mss_sim.faults.rules import Facts, Match
from mss_sim.vocabulary.faults import Point, PresetName
from tests.core.towns import Town

_SECONDS = 1_000_000


async def test_a_rule_is_set_with_what_it_counts_and_how_long_it_lives(town: Town) -> None:
    kept = setting_faults.add(town.world, Point.QUEUE, Duplicate(), Match(sender="a@x.fr"), nth=2, count=3, seconds=10)
    assert (kept.rule.match, kept.rule.nth, kept.rule.count) == (Match(sender="a@x.fr"), 2, 3)
    assert kept.rule.ends_at - kept.rule.made_at == 10 * _SECONDS
    usual = setting_faults.add(town.world, Point.QUEUE, Duplicate())
    assert (usual.rule.nth, usual.rule.count, usual.rule.ends_at - usual.rule.made_at) == (1, 1, 3_600 * _SECONDS)


async def test_a_rule_that_cannot_be_is_refused(town: Town) -> None:
    with pytest.raises(Refusal) as refused:
        setting_faults.add(town.world, Point.QUEUE, Reply("250"))
    assert refused.value.rule is Rule.INVALID


async def test_a_preset_sets_all_its_rules_for_a_day_or_as_long_as_it_is_told(town: Town) -> None:
    day = setting_faults.add_preset(town.world, PresetName.MES_DOWN, {})
    assert [one.rule.point for one in day] == [Point.MX, Point.DELIVERY]
    assert {one.rule.ends_at - one.rule.made_at for one in day} == {86_400 * _SECONDS}
    short = setting_faults.add_preset(town.world, PresetName.PSC_DOWN, {"lifetime_seconds": 5.0})
    assert short[0].rule.ends_at - short[0].rule.made_at == 5 * _SECONDS
    assert town.world.faults.find(Point.DELIVERY, Facts(mailboxes=("1@patient.mssante.fr",))) is not None
    assert town.world.faults.find(Point.DELIVERY, Facts("", "1@patient.mssante.fr", ("a@x.fr",))) is None


async def test_of_a_preset_that_does_not_fit_nothing_stays(town: Town) -> None:
    most = town.world.settings.faults.rules_max
    for _ in range(most - 1):
        setting_faults.add(town.world, Point.QUEUE, Duplicate())
    with pytest.raises(Refusal) as refused:
        setting_faults.add_preset(town.world, PresetName.MES_DOWN, {})
    assert refused.value.rule is Rule.LIMIT_REACHED
    assert {one.rule.point for one in town.world.faults.all()} == {Point.QUEUE}


async def test_a_preset_takes_its_own_parameters(town: Town) -> None:
    with pytest.raises(Refusal) as refused:
        setting_faults.add_preset(town.world, PresetName.PSC_DOWN, {"letters": 3})
    assert refused.value.subject == "letters"
