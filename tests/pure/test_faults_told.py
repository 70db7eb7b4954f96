"""What is said of a fault that cannot be, word by word, and what the presets are made of."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mss_sim.clock import ManualClock
from mss_sim.errors import Refusal
from mss_sim.faults import actions
from mss_sim.faults.actions import Behave, Drop, Duplicate, Hold, Mask, Reply, Throttle, Truncate
from mss_sim.faults.faults import FaultLimits, Faults
from mss_sim.faults.presets import wanted
from mss_sim.faults.rules import Match
from mss_sim.vocabulary.faults import DropMoment, FaultKind, Point, PresetName
from mss_sim.vocabulary.trust import ServiceBehaviour


def _faults(rules: int = 3) -> Faults:
    ids: Iterator[int] = iter(range(1_000))
    return Faults(ManualClock(), lambda: f"rule{next(ids)}", FaultLimits(rules, 60, 3_600, 30))


def _said(doing: Callable[[], object]) -> tuple[str | None, str]:
    with pytest.raises(Refusal) as refused:
        doing()
    return refused.value.subject, refused.value.detail


@pytest.mark.parametrize(
    ("point", "action", "match", "said"),
    [
        (Point.SUBMISSION, Reply("451", "4.3\n0"), Match(), ("status", "status is one line of at most 300 characters.")),
        (Point.SUBMISSION, Throttle(0), Match(), ("bytes_per_second", "bytes_per_second is a number from 1 to 1,000,000.")),
        (Point.SUBMISSION, Drop(DropMoment.MIDDLE, -1), Match(), ("after_bytes", "after_bytes is a number from 0 to 1,000,000.")),
        (Point.IMAP_DATA, Truncate(-1), Match(), ("after_bytes", "after_bytes is a number from 0 to 1,000,000.")),
        (Point.OCSP, Behave(ServiceBehaviour.SLOW, 31), Match(), ("seconds", "seconds is a number from 0 to 30.")),
        (Point.SUBMISSION, Mask(frozenset()), Match(), ("words", "words are 1 to 50 capabilities, such as STARTTLS.")),
        (Point.SUBMISSION, Reply("x" * 30), Match(), ("code", f"{'x' * 20} is no failure at submission: [45][0-5][0-9].")),
        (Point.SUBMISSION, Duplicate(), Match(verb="MAIL"), ("verb", "This action belongs to END-OF-DATA.")),
        (Point.SUBMISSION, Mask(frozenset({"DSN"})), Match(verb="MAIL"), ("verb", "This action belongs to EHLO.")),
        (
            *(Point.SUBMISSION, Hold(), Match()),
            ("action", "At submission there is no hold; there is: delay, drop, duplicate, malformed, mask, reply, throttle."),
        ),
        (Point.DNS, Reply("SERVFAIL"), Match(sender="a@b.fr"), ("sender", "At dns sender is not known; address, client, verb is.")),
    ],
    ids=str,
)
def test_a_rule_that_cannot_be_is_told_with_what_can(point: Point, action: Any, match: Match, said: tuple[str, str]) -> None:
    assert _said(lambda: _faults().add(point, action, match)) == said


def test_an_action_is_told_what_it_takes() -> None:
    assert _said(lambda: actions.read(FaultKind.HOLD, {"seconds": 1})) == ("seconds", "The fault hold takes nothing: leave seconds out.")
    assert _said(lambda: actions.read(FaultKind.DELAY, {"words": 1})) == ("words", "The fault delay takes seconds: leave words out.")
    assert _said(lambda: actions.read(FaultKind.DELAY, {})) == ("seconds", "The fault delay needs seconds.")


def test_a_preset_is_told_what_it_takes_and_needs() -> None:
    assert _said(lambda: wanted(PresetName.PSC_SLOW, {"lifetime_seconds": 5, "colour": 1})) == (
        "colour",
        "The preset psc-slow takes seconds, lifetime_seconds: leave colour out.",
    )
    assert _said(lambda: wanted(PresetName.UIDVALIDITY_CHANGE, {})) == ("address", "The preset uidvalidity-change needs address.")
    assert [one.seconds for one in wanted(PresetName.PSC_SLOW, {"lifetime_seconds": 5, "seconds": 2.0})] == [5]


def test_letters_trickle_over_a_slow_imap_and_nothing_else_does() -> None:
    trickling = [one for one in wanted(PresetName.SLOW_IMAP, {}) if isinstance(one.action, Throttle)]
    assert [(one.point, one.match.verb) for one in trickling] == [
        (Point.IMAP, "FETCH"),
        (Point.IMAP, "UID FETCH"),
    ]


def test_while_mon_espace_sante_is_down_the_mx_port_refuses_its_recipients_alone() -> None:
    rules = [one for one in wanted(PresetName.MES_DOWN, {}) if one.point is Point.MX]
    assert [one.match for one in rules] == [Match(recipient="*@patient.mssante.fr", verb="RCPT")]


def test_rules_of_which_there_are_too_many_or_none_are_told() -> None:
    faults = _faults(rules=1)
    faults.add(Point.SUBMISSION, Reply("451"))
    assert _said(lambda: faults.add(Point.SUBMISSION, Reply("451")))[1] == (
        "There are 1 rules, the most that there may be; remove some first."
    )
    assert _said(lambda: faults.one("x" * 50)) == ("x" * 40, f"There is no rule '{'x' * 40}'; GET /control/faults lists them.")
