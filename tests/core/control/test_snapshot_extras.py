"""What a world keeps beside its store, told as JSON and taken up by another one."""

import json
from typing import Any

import pytest

from mss_sim.clock import SECOND, ManualClock
from mss_sim.core.control import snapshot_extras
from mss_sim.core.control.setting_faults import add, add_preset
from mss_sim.core.world.revocation_faults import Manner
from mss_sim.core.world.white_list import Variant
from mss_sim.evidence.refusals import Why
from mss_sim.evidence.transcripts import Transcripts
from mss_sim.faults.actions import Delay
from mss_sim.faults.presets import PRESETS
from mss_sim.faults.rules import Facts, Match
from mss_sim.ids import IdSource
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.faults import Point, PresetName
from mss_sim.vocabulary.trust import IgcService, ServiceBehaviour
from mss_sim.words.sentence import quoted
from tests.clients import PRACTICE
from tests.core.towns import OpenTown, Town

_NEEDED: dict[str, Any] = {"smtp_words": ["DSN"], "imap_words": ["MOVE"], "seconds": 5.0, "address": PRACTICE}


def _told(town: Town) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(snapshot_extras.extras_of(town.world)))
    return found


@pytest.mark.parametrize("name", list(PRESETS))
async def test_every_trouble_of_the_field_goes_along(town: Town, open_town: OpenTown, name: PresetName) -> None:
    given = {key: _NEEDED[key] for key, value in PRESETS[name].takes.items() if value is ... and key in _NEEDED}
    made = add_preset(town.world, name, given)
    async with open_town() as other:
        snapshot_extras.take_up(other.world, snapshot_extras.read(_told(town)))
        assert [one.rule for one in other.world.faults.all()] == [one.rule for one in made]


async def test_what_a_rule_counted_goes_along_and_an_ended_one_fires_no_more(town: Town, open_town: OpenTown) -> None:
    rule = add(town.world, Point.MX, Delay(1), Match(verb="MAIL"), count=2)
    facts = Facts(verb="MAIL")
    assert town.world.faults.find(Point.MX, facts) is not None
    async with open_town() as other:
        snapshot_extras.take_up(other.world, snapshot_extras.read(_told(town)))
        assert [other.world.faults.find(Point.MX, facts) is not None for _ in range(2)] == [True, False]
        assert (other.world.faults.one(rule.rule.id).fired, rule.fired) == (2, 1)
        told = _told(other)
    async with open_town() as third:
        snapshot_extras.take_up(third.world, snapshot_extras.read(told))
        assert not third.world.faults.at(Point.MX)


async def test_the_list_and_the_services_go_along(town: Town, open_town: OpenTown) -> None:
    town.world.white_list.choose_variant(Variant.STALE)
    town.world.igc.services.switch(IgcService.OCSP, ServiceBehaviour.SLOW, 7)
    async with open_town() as other:
        snapshot_extras.take_up(other.world, snapshot_extras.read(_told(town)))
        assert other.world.white_list.variant is Variant.STALE
        assert other.world.igc.services.manners()[IgcService.OCSP] == Manner(ServiceBehaviour.SLOW, 7)


@pytest.mark.parametrize(
    "changed",
    [
        {"faults": 7},
        {"faults": [7]},
        {"faults": [{}]},
        {"white_list": "purple"},
        {"services": {"mail": ["normal", 0]}},
        {"services": {"ocsp": ["normal"]}},
        {"services": {"ocsp": ["normal", "long"]}},
        {"services": None},
    ],
)
async def test_what_cannot_be_read_says_so(town: Town, changed: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="what it kept in memory cannot be read"):
        snapshot_extras.read({**_told(town), **changed})


@pytest.mark.parametrize(
    "changed",
    [
        {"point": "nowhere"},
        {"action": {"kind": "explode"}},
        {"action": {"kind": "reply"}},
        {"action": {"kind": "reply", "code": "250", "status": "", "text": ""}},
        {"match": {"colour": "blue"}},
        {"match": {"folder": "INBOX"}},
        {"made_at": "yesterday"},
        {"seen": None},
    ],
)
async def test_a_rule_that_cannot_be_is_none(town: Town, changed: dict[str, Any]) -> None:
    add_preset(town.world, PresetName.MES_DOWN, {})
    told = _told(town)
    told["faults"][0] |= changed
    with pytest.raises(ValueError, match="what it kept in memory cannot be read"):
        snapshot_extras.read(told)


async def test_a_rule_ends_when_it_would_have(town: Town, open_town: OpenTown) -> None:
    [rule, *_] = add_preset(town.world, PresetName.MES_DOWN, {"lifetime_seconds": 60.0})
    async with open_town() as other:
        snapshot_extras.take_up(other.world, snapshot_extras.read(_told(town)))
        assert other.world.faults.one(rule.rule.id).rule.ends_at == rule.rule.made_at + 60 * SECOND
        assert other.world.faults.at(Point.MX) == town.world.faults.at(Point.MX)


_SAID = {
    "id": "0123456789abc",
    "door": "imap",
    "peer": "::1",
    "opened_at": 1,
    "closed_at": None,
    "facts": {"tls": "TLSv1.3"},
    "said": [[2, "C", "\xff"]],
    "refused": [[2, "\xff", "NO", "right-missing", "The right is missing.", None, None]],
    "costs": {"commands": 1},
    "rules": {"right-missing": 1},
    "mistakes": 0,
    "faults": 0,
    "ended": None,
}


def test_what_was_said_comes_back_octet_by_octet(clock: ManualClock) -> None:
    first = Transcripts(clock, IdSource(clock), sessions_max=2, lines_max=2)
    opened = first.open(Door.SMTP, "127.0.0.1")
    for octets in (b"forgotten", b"EHLO \xe9\x00\r\n", b"QUIT\r\n"):
        opened.client(octets)
    opened.facts["client"] = "a"
    opened.refuse("550", Why("not-found", quoted("There is none."), "rfc5321#4.2", "x@y.fr"))
    opened.close()
    told = json.loads(json.dumps(first.as_json()))
    second = Transcripts(clock, IdSource(clock), sessions_max=2, lines_max=2)
    second.open(Door.IMAP, "gone")
    second.put_back(told)
    [found] = second.newest_first()
    assert (list(found.lines()), found.facts, found.closed_at) == (list(opened.lines()), {"client": "a"}, clock.now())
    assert (list(found.refused), found.rules, found.verdict, found.ended) == (
        list(opened.refused),
        opened.rules,
        opened.verdict,
        opened.ended,
    )
    assert (found.costs, second.find(opened.id)) == (opened.costs, found)
    assert [line.octets for line in found.lines()] == [b"EHLO \xe9\x00", b"QUIT"]


@pytest.mark.parametrize(
    "changed",
    [
        {"door": "window"},
        {"facts": None},
        {"facts": {"a": 1}},
        {"opened_at": "now"},
        {"opened_at": True},
        {"closed_at": 1.5},
        {"peer": 7},
        {"said": [[1, "C"]]},
        {"said": [[1, "C", "\u0100"]]},
        {"said": [["1", "C", "a"]]},
        {"said": 7},
        {"refused": [[2, "a", "NO"]]},
        {"refused": [[2, "\u0100", "NO", None, "", None, None]]},
        {"refused": [[2, "a", "NO", 7, "", None, None]]},
        {"costs": {"unknown": 1}},
        {"costs": {"commands": "1"}},
        {"rules": {"right-missing": "1"}},
        {"mistakes": None},
        {"ended": "somehow"},
        {"id": "a"},
    ],
)
async def test_what_was_said_in_no_shape_of_ours_says_so(town: Town, changed: dict[str, Any]) -> None:
    snapshot_extras.read({**_told(town), "evidence": [_SAID]})
    with pytest.raises(ValueError, match="what it kept in memory cannot be read"):
        snapshot_extras.read({**_told(town), "evidence": [{**_SAID, **changed}]})
