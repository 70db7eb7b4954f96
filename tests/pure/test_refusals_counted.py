"""What doors refused, as rows of a list and of a table: the most frequent first, then by rule and door."""

import csv
import io

from mss_sim.core.world.tally import Tally
from mss_sim.errors import Refusal, Rule
from mss_sim.http import indicators
from mss_sim.vocabulary.doors import Door
from mss_sim.words.sentence import quoted


def test_the_most_frequent_stand_first_then_by_rule_and_door() -> None:
    tally = Tally()
    for door, rule, times in (
        *((Door.SMTP, Rule.UNKNOWN_MAILBOX, 1), (Door.REST, Rule.UNKNOWN_MAILBOX, 1), (Door.IMAP, Rule.CONFLICT, 1)),
        (Door.REST, Rule.NOT_FOUND, 3),
    ):
        for _ in range(times):
            tally.refused(door, Refusal(rule, quoted("No.")))
    rows = [("rest", "not-found", 3), ("imap", "conflict", 1), ("rest", "unknown-mailbox", 1), ("smtp", "unknown-mailbox", 1)]
    assert indicators.refusals(tally) == [{"door": door, "rule": rule, "times": times} for door, rule, times in rows]
    head, *lines = csv.reader(io.StringIO(indicators.refusal_table(tally).decode()))
    assert head == ["door", "rule", "times"]
    assert [tuple(line) for line in lines] == [(door, rule, str(times)) for door, rule, times in rows]
