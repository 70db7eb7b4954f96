"""Rules of faults: what cannot be, when one fires, and what each point can do."""

import re
from datetime import timedelta

import pytest

import mss_sim.faults
from mss_sim.clock import ManualClock
from mss_sim.errors import Refusal, Rule
from mss_sim.faults import actions
from mss_sim.faults.actions import (
    ACTIONS,
    Action,
    Behave,
    Delay,
    Drop,
    Duplicate,
    Hold,
    Malformed,
    Mask,
    Renew,
    Reply,
    Skew,
    Throttle,
    Truncate,
)
from mss_sim.faults.faults import Fault, FaultLimits, Faults
from mss_sim.faults.presets import PRESETS, wanted
from mss_sim.faults.rules import CAN, KNOWN, Facts, Match
from mss_sim.imap.faults import Failing, truncated
from mss_sim.imap.session import ConnectionClosed
from mss_sim.imap.verbs.table import VERBS as IMAP_VERBS
from mss_sim.vocabulary.faults import GREETING, VERBS, DropMoment, FaultKind, Point, PresetName
from mss_sim.vocabulary.trust import ServiceBehaviour

_NAN, _INF = float("nan"), float("inf")
_REPLY = Reply("451", "4.3.0")
_EXAMPLES: dict[FaultKind, Action] = {
    FaultKind.DELAY: Delay(1),
    FaultKind.THROTTLE: Throttle(100),
    FaultKind.DROP: Drop(),
    FaultKind.DUPLICATE: Duplicate(),
    FaultKind.TRUNCATE: Truncate(10),
    FaultKind.MALFORMED: Malformed(),
    FaultKind.BEHAVE: Behave(ServiceBehaviour.SLOW, 1),
    FaultKind.MASK: Mask(frozenset({"DSN"})),
    FaultKind.RENEW: Renew(),
    FaultKind.SKEW: Skew(-60),
    FaultKind.HOLD: Hold(),
}
_CODES = {Point.IMAP: "NO", Point.REST: "503", Point.PSC: "503", Point.WHITE_LIST: "500", Point.DNS: "SERVFAIL"}


def example(point: Point, kind: FaultKind) -> Action:
    return Reply(_CODES.get(point, "451")) if kind is FaultKind.REPLY else _EXAMPLES[kind]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def made(clock: ManualClock, rules: int = 3) -> Faults:
    ids = iter(range(1_000))
    return Faults(clock, lambda: f"rule{next(ids)}", FaultLimits(rules, 60, 3_600, 30))


@pytest.fixture
def faults(clock: ManualClock) -> Faults:
    return made(clock)


# What cannot be


@pytest.mark.parametrize(
    ("action", "subject"),
    [
        *((Delay(seconds), "seconds") for seconds in (_NAN, _INF, -1, 0, 31)),
        *((Throttle(rate), "bytes_per_second") for rate in (0, -1, 1_000_001)),
        (Drop(DropMoment.MIDDLE), "after_bytes"),
        (Drop(DropMoment.BEFORE, 10), "after_bytes"),
        (Drop(DropMoment.MIDDLE, -1), "after_bytes"),
        (Mask(frozenset()), "words"),
        (Mask(frozenset({"IDLE\r\n"})), "words"),
        (Mask(frozenset(map(str, range(51)))), "words"),
        *((Reply(code), "code") for code in ("", "250", "354", "999", "NO", "451 ", "45")),
        (Reply("451", "5.3.0"), "status"),
        (Reply("451", "four"), "status"),
        (Reply("451", "4.3.0", "one\r\n250 two"), "text"),
        (Reply("451", "4.3.0", "x" * 301), "text"),
        (Hold(), "action"),
        (Truncate(1), "action"),
    ],
)
def test_an_action_that_cannot_be_taken_is_refused(faults: Faults, action: Action, subject: str) -> None:
    with pytest.raises(Refusal) as refused:
        faults.add(Point.SUBMISSION, action)
    assert (refused.value.rule, refused.value.subject) == (Rule.INVALID, subject)
    assert list(faults.all()) == []


@pytest.mark.parametrize(
    ("match", "subject"),
    [
        (Match(verb="FETCH"), "verb"),
        (Match(address="*"), "address"),
        (Match(client="*"), "client"),
        (Match(address=""), "address"),
        (Match(address="a*b*c"), "address"),
        (Match(address="a" * 321), "address"),
        (Match(address="a\r\n"), "address"),
        (Match(folder="Sent"), "folder"),
        (Match(path="/api/v1/me"), "path"),
        (Match(size_min=-1), "size_min"),
        (Match(size_max=10**13), "size_max"),
    ],
    ids=repr,
)
def test_a_match_that_never_fits_or_always_does_is_refused(faults: Faults, match: Match, subject: str) -> None:
    with pytest.raises(Refusal) as refused:
        faults.add(Point.SUBMISSION, _REPLY, match)
    assert (refused.value.rule, refused.value.subject) == (Rule.INVALID, subject)


@pytest.mark.parametrize("path", ["/control/faults", "/control*", "/healthz", "/", "/*", "/api/*", "*", "/docs"])
def test_nothing_that_lifts_a_rule_can_fail(faults: Faults, path: str) -> None:
    with pytest.raises(Refusal) as refused:
        faults.add(Point.REST, Reply("503"), Match(path=path))
    assert refused.value.subject == "path"


@pytest.mark.parametrize(
    ("numbers", "subject"),
    [
        ({"nth": 0}, "nth"),
        ({"nth": 10**7}, "nth"),
        ({"count": 0}, "count"),
        ({"count": -1}, "count"),
        ({"seconds": 0.0}, "seconds"),
        ({"seconds": _NAN}, "seconds"),
        ({"seconds": _INF}, "seconds"),
        ({"seconds": 3_601.0}, "seconds"),
    ],
    ids=repr,
)
def test_a_rule_that_never_begins_or_never_ends_is_refused(faults: Faults, numbers: dict[str, int], subject: str) -> None:
    with pytest.raises(Refusal) as refused:
        faults.add(Point.SUBMISSION, _REPLY, **numbers)  # type: ignore[arg-type]
    assert refused.value.subject == subject


def test_a_mask_and_a_new_uidvalidity_belong_to_one_verb(faults: Faults) -> None:
    with pytest.raises(Refusal):
        faults.add(Point.SUBMISSION, Mask(frozenset({"DSN"})), Match(verb="RCPT"))
    assert faults.add(Point.SUBMISSION, Mask(frozenset({"DSN"}))).rule.match.verb == "EHLO"
    assert faults.add(Point.IMAP, Mask(frozenset({"IDLE"}))).rule.match.verb == GREETING
    assert faults.add(Point.IMAP, Renew()).rule.match.verb == "SELECT"


# What each point can do


def test_the_essay_tells_what_each_point_can_do() -> None:
    head, *rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in (mss_sim.faults.__doc__ or "").splitlines()
        if line.startswith("| ")
    ]
    told = {}
    for point, *cells in rows:
        plain = {FaultKind(name) for name, cell in zip(head[1:-1], cells, strict=False) if cell == "yes"}
        told[Point(point)] = plain | {FaultKind(word) for word in re.findall(r"\w+", cells[-1])}
    assert told == {point: set(kinds) for point, kinds in CAN.items()}


@pytest.mark.parametrize("point", Point)
@pytest.mark.parametrize("kind", FaultKind)
def test_a_point_takes_what_it_can_do_and_refuses_the_rest(faults: Faults, point: Point, kind: FaultKind) -> None:
    if kind in CAN[point]:
        assert faults.add(point, example(point, kind)).rule.action == example(point, kind)
        return
    with pytest.raises(Refusal) as refused:
        faults.add(point, example(point, kind))
    assert refused.value.subject == "action"


def test_every_point_and_every_kind_is_in_the_tables() -> None:
    assert set(CAN) == set(KNOWN) == set(Point)
    assert set(ACTIONS) == set(FaultKind)
    assert set(PRESETS) == set(PresetName)
    assert {point for point, known in KNOWN.items() if "verb" in known} == set(VERBS)


def test_the_verbs_of_imap_are_those_that_the_door_knows() -> None:
    assert VERBS[Point.IMAP] - {GREETING} == set(IMAP_VERBS)


@pytest.mark.parametrize("kind", FaultKind)
def test_an_action_is_read_as_it_is_shown(kind: FaultKind) -> None:
    action = example(Point.SUBMISSION, kind)
    written = actions.as_json(action)
    assert actions.read(FaultKind(written.pop("kind")), written) == action


def test_an_action_takes_its_own_fields_and_needs_them() -> None:
    for kind, given in ((FaultKind.DELAY, {}), (FaultKind.DELAY, {"seconds": 1, "code": "451"}), (FaultKind.HOLD, {"seconds": 1})):
        with pytest.raises(Refusal):
            actions.read(kind, given)


# When a rule fires


@pytest.mark.parametrize(
    ("match", "fits"),
    [
        (Match(), True),
        (Match(address="a@x.fr"), True),
        (Match(address="A@X.FR"), True),
        (Match(address="*@x.fr"), True),
        (Match(address="b@*"), True),
        (Match(address="c@*"), False),
        (Match(address="a@x.fra*"), False),
        (Match(sender="b@*"), False),
        (Match(sender="a@*"), True),
        (Match(recipient="a@x.fr"), False),
        (Match(recipient="b*r"), True),
        (Match(identity="doc*"), True),
        (Match(identity="8991"), True),
        (Match(client="127.0.0.1"), True),
        (Match(client="10.*"), False),
        (Match(verb="RCPT"), True),
        (Match(verb="MAIL"), False),
        (Match(size_min=100), True),
        (Match(size_min=101), False),
        (Match(size_max=100), True),
        (Match(size_max=99), False),
        (Match(folder="\\Sent"), True),
        (Match(folder="Drafts"), False),
        (Match(path="/api/v1/mailboxes/{address}/messages"), True),
        (Match(path="/api/v1/mailboxes/{address}"), False),
        (Match(path="/api/v1/mailboxes/*"), True),
        (Match(path="/api/v1/mail*"), True),
        (Match(path="/api/v1/grants*"), False),
        (Match(verb="RCPT", address="nobody@x.fr"), False),
    ],
    ids=repr,
)
def test_a_match_fits_facts(match: Match, fits: bool) -> None:
    facts = Facts(
        "RCPT", "a@x.fr", ("b@y.fr",), ("doctor", "8991"), "127.0.0.1", "/api/v1/mailboxes/b%40y.fr/messages", ("Sent", "\\Sent"), 100
    )
    assert match.fits(facts) is fits


def test_facts_without_a_size_fit_no_rule_about_sizes() -> None:
    assert not Match(size_max=10).fits(Facts())


def test_a_rule_fires_from_its_nth_occurrence_so_many_times(faults: Faults) -> None:
    kept = faults.add(Point.MX, _REPLY, Match(verb="RCPT"), nth=2, count=2)
    fired = [faults.find(Point.MX, Facts(verb)) is not None for verb in ("RCPT", "MAIL", "RCPT", "RCPT", "RCPT")]
    assert fired == [False, False, True, True, False]
    assert (kept.seen, kept.fired, kept.left) == (3, 2, 0)
    assert not faults.at(Point.MX)
    assert list(faults.all()) == [kept]


def test_a_rule_without_a_count_fires_until_its_life_is_over(faults: Faults, clock: ManualClock) -> None:
    kept = faults.add(Point.QUEUE, Duplicate(), count=None, seconds=10)
    assert all(faults.find(Point.QUEUE, Facts()) for _ in range(50))
    clock.advance(timedelta(seconds=9))
    assert faults.find(Point.QUEUE, Facts()) is not None
    clock.advance(timedelta(seconds=1))
    assert faults.find(Point.QUEUE, Facts()) is None
    assert kept.ended(clock.now())
    assert not faults.at(Point.QUEUE)


def test_the_first_rule_that_fires_is_the_only_one_that_counts(faults: Faults) -> None:
    first, second = faults.add(Point.QUEUE, Duplicate(), count=1), faults.add(Point.QUEUE, Drop(), count=1)
    assert [fault.rule for fault in (faults.find(Point.QUEUE, Facts()), faults.find(Point.QUEUE, Facts())) if fault] == [
        first.rule.id,
        second.rule.id,
    ]
    assert second.seen == 1


def test_there_are_so_many_rules_and_the_oldest_that_ended_goes_first(faults: Faults) -> None:
    kept = [faults.add(Point.QUEUE, Duplicate(), Match(address=f"{number}@x.fr")) for number in range(3)]
    with pytest.raises(Refusal) as refused:
        faults.add(Point.QUEUE, Duplicate())
    assert refused.value.rule is Rule.LIMIT_REACHED
    faults.find(Point.QUEUE, Facts(sender="1@x.fr"))
    new = faults.add(Point.QUEUE, Duplicate())
    assert list(faults.all()) == [kept[0], kept[2], new]


def test_a_rule_is_lifted_alone_or_with_all_others(faults: Faults) -> None:
    one, other = faults.add(Point.QUEUE, Duplicate()), faults.add(Point.QUEUE, Drop())
    faults.remove(one.rule.id)
    assert list(faults.all()) == [other]
    with pytest.raises(Refusal) as refused:
        faults.remove(one.rule.id)
    assert refused.value.rule is Rule.NOT_FOUND
    faults.forget()
    assert not faults.at(Point.QUEUE)
    assert faults.find(Point.QUEUE, Facts()) is None


# Presets


@pytest.mark.parametrize("name", PresetName)
def test_the_rules_of_a_preset_can_be(clock: ManualClock, name: PresetName) -> None:
    faults, needs = made(clock, 10), {"address": "a@x.fr"} if name is PresetName.UIDVALIDITY_CHANGE else {}
    rules = wanted(name, {**needs, "lifetime_seconds": 60.0})
    for one in rules:
        faults.add(one.point, one.action, one.match, nth=one.nth, count=one.count, seconds=one.seconds)
    assert rules


def test_a_preset_refuses_what_it_does_not_take_and_asks_for_what_it_needs() -> None:
    for given in ({}, {"address": "a@x.fr", "letters": 3}):
        with pytest.raises(Refusal) as refused:
            wanted(PresetName.UIDVALIDITY_CHANGE, given)
        assert refused.value.rule is Rule.INVALID


# Bytes


def test_a_trickle_is_as_fast_as_it_says() -> None:
    slices = list(Throttle(25).slices(b"x" * 11))
    assert [piece for piece, _ in slices] == [b"xx"] * 5 + [b"x"]
    assert sum(seconds for _, seconds in slices) == pytest.approx(11 / 25)
    assert list(Throttle(1).slices(b"ab")) == [(b"a", 1.0), (b"b", 1.0)]
    assert list(Throttle(1).slices(b"")) == []


async def test_a_letter_that_trickles_to_nobody_stops() -> None:
    failing, sent, waiting = Failing(Fault("rule1", Throttle(1_000))), bytearray(), bytearray(b"x" * 10_000)
    with pytest.raises(ConnectionClosed):
        await failing.write(waiting, lambda: sent.extend(waiting[len(sent) :]), lambda: len(sent) >= 200)
    assert len(sent) == 200


@pytest.mark.parametrize(
    ("line", "after", "cut"),
    [
        (b"* 1 FETCH (BODY[] {5}\r\nhello UID 7)\r\n", 2, b"* 1 FETCH (BODY[] {2}\r\nhe UID 7)\r\n"),
        (b"* 1 FETCH (BODY[] {5}\r\nhello UID 7)\r\n", 9, b"* 1 FETCH (BODY[] {5}\r\nhello UID 7)\r\n"),
        (b"* 1 FETCH (BODY[] {0}\r\n)\r\n", 0, b"* 1 FETCH (BODY[] {0}\r\n)\r\n"),
        (b"* 1 FETCH (UID 7)\r\n", 11, b"* 1 FETCH (\r\n"),
    ],
)
def test_the_literal_of_a_cut_response_says_how_long_it_is(line: bytes, after: int, cut: bytes) -> None:
    assert truncated(line, after) == cut
