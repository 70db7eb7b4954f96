"""What a fault makes of IMAP: responses that are cut, doubled or malformed, answers that break off after so many octets."""

import pytest

from mss_sim.faults.actions import Action, Delay, Drop, Duplicate, Malformed, Truncate
from mss_sim.faults.faults import Fault
from mss_sim.imap.faults import Failing, _before_the_cut, _spoiled, truncated
from mss_sim.imap.session import ConnectionClosed
from mss_sim.smtp import faults as smtp
from mss_sim.vocabulary.faults import DropMoment

_LINE = b"* 1 FETCH (BODY[] {5}\r\nabcde FLAGS ())\r\n"


@pytest.mark.parametrize(
    ("after", "left"),
    [
        (0, b"* 1 FETCH (BODY[] {0}\r\n FLAGS ())\r\n"),
        (3, b"* 1 FETCH (BODY[] {3}\r\nabc FLAGS ())\r\n"),
        (4, b"* 1 FETCH (BODY[] {4}\r\nabcd FLAGS ())\r\n"),
        (5, _LINE),
        (6, _LINE),
    ],
)
def test_a_literal_is_cut_and_what_is_around_it_stays(after: int, left: bytes) -> None:
    assert truncated(_LINE, after) == left
    assert _spoiled(_LINE, Fault("rule1", Truncate(after))) == left


@pytest.mark.parametrize(("after", "left"), [(0, b"\r\n"), (9, b"* 1 FETCH\r\n")])
def test_a_response_without_a_literal_is_a_shorter_line(after: int, left: bytes) -> None:
    assert truncated(b"* 1 FETCH (FLAGS ())\r\n", after) == left


@pytest.mark.parametrize(
    ("action", "left"),
    [
        (Duplicate(), _LINE + _LINE),
        (Malformed(), b"* 1 FETCH (((fault rule1)\r\n"),
        (Delay(1.0), _LINE),
    ],
)
def test_a_response_is_doubled_malformed_or_left_alone(action: Action, left: bytes) -> None:
    assert _spoiled(_LINE, Fault("rule1", action)) == left


@pytest.mark.parametrize(
    ("drop", "left"),
    [
        (Drop(DropMoment.ANSWERED), _LINE),
        (Drop(DropMoment.ANSWERED, 3), _LINE),
        (Drop(DropMoment.MIDDLE, 7), _LINE[:7]),
        (Drop(DropMoment.MIDDLE), b""),
        (Drop(DropMoment.UNANSWERED), b""),
    ],
)
def test_a_connection_breaks_after_so_much_of_a_response(drop: Drop, left: bytes) -> None:
    assert _before_the_cut(_LINE, drop) == left


class Sent:
    """What leaves a connection."""

    def __init__(self) -> None:
        self.octets, self.waiting = b"", bytearray()

    def write(self) -> None:
        self.octets += bytes(self.waiting)
        self.waiting.clear()

    async def flush(self) -> None:
        self.write()

    async def by(self, failing: Failing, octets: bytes) -> bool:
        """Send octets as a fault has it; whether the connection broke."""
        self.waiting += octets
        try:
            await failing.write(self.waiting, self.write, lambda: False)
        except ConnectionClosed:
            return True
        self.write()
        return False


@pytest.mark.parametrize(
    ("pieces", "sent", "broke"),
    [
        ([b"abcde"], b"abcde", [False]),
        ([b"abcdef"], b"abcde", [True]),
        ([b"abc", b"de"], b"abcde", [False, False]),
        ([b"abc", b"def"], b"abcde", [False, True]),
        ([b"abcde", b"f"], b"abcde", [False, True]),
    ],
)
async def test_an_answer_breaks_off_after_so_many_octets_in_all(pieces: list[bytes], sent: bytes, broke: list[bool]) -> None:
    failing, wire = Failing(Fault("rule1", Drop(DropMoment.MIDDLE, 5))), Sent()
    assert [await wire.by(failing, piece) for piece in pieces] == broke
    assert wire.octets == sent


async def test_an_answer_that_is_lost_is_not_sent_and_what_follows_one_that_ended_is() -> None:
    wire = Sent()
    assert await wire.by(Failing(Fault("rule1", Drop(DropMoment.UNANSWERED))), b"abc")
    assert wire.octets == b""
    spoiled, wire = Failing(Fault("rule1", Malformed())), Sent()
    assert (spoiled.answer(b"OK done"), wire.octets) == (b"?? (fault rule1)", b"")
    await spoiled.end(wire.flush)
    assert spoiled.answer(b"OK done") == b"OK done"
    with pytest.raises(ConnectionClosed):
        await Failing(Fault("rule1", Drop(DropMoment.ANSWERED))).end(wire.flush)
    await Failing(Fault("rule1", Delay(1.0))).end(wire.flush)


@pytest.mark.parametrize(
    ("words", "argument", "hidden"),
    [
        ({"DSN"}, "FROM:<a@b.fr> RET=FULL", "RET"),
        ({"DSN"}, "FROM:<a@b.fr> SIZE=3 ENVID=x", "ENVID"),
        ({"DSN"}, "TO:<a@b.fr> notify=never", "NOTIFY"),
        ({"DSN"}, "TO:<a@b.fr> ORCPT=rfc822;a@b.fr", "ORCPT"),
        ({"DSN"}, "FROM:<a@b.fr> SIZE=3 BODY=8BITMIME SMTPUTF8", None),
        ({"SIZE"}, "FROM:<a@b.fr> SIZE=3", "SIZE"),
        ({"8BITMIME"}, "FROM:<a@b.fr> BODY=8BITMIME", "BODY"),
        ({"SMTPUTF8"}, "FROM:<a@b.fr> SMTPUTF8", "SMTPUTF8"),
        ({"SIZE", "8BITMIME"}, "FROM:<a@b.fr> BODY=8BITMIME SIZE=3", "BODY"),
        ({"PIPELINING"}, "FROM:<SIZE=3@b.fr>", None),
        ({"SIZE"}, 'FROM:<"> SIZE=3"@b.fr>', None),
        (set(), "FROM:<a@b.fr> SIZE=3", None),
    ],
)
def test_over_smtp_a_parameter_goes_with_its_capability(words: set[str], argument: str, hidden: str | None) -> None:
    assert smtp.masked_parameter(frozenset(words), argument) == hidden
