"""Commands cut out of what a client sends: whole, byte by byte, too long, too large, and what nobody should send."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mss_sim.imap.grammar.responses import sequence_set
from mss_sim.imap.grammar.wire import Arguments, Bad, Command, Event, Literal, Reader, Refused, SequenceSet, Wanted, read_sequence
from mss_sim.words.sentence import quoted

LINE_MAX, LITERAL_MAX = 80, 200


def reader_of(*, line_max: int = LINE_MAX, literal_max: int = LITERAL_MAX) -> Reader:
    return Reader(line_max=line_max, literal_max=literal_max)


def drained(reader: Reader) -> list[Event]:
    found = []
    while (event := reader.next()) is not None:
        found.append(event)
    return found


def whole(octets: bytes) -> list[Event]:
    reader = reader_of()
    reader.feed(octets)
    return drained(reader)


def in_pieces(octets: bytes, size: int) -> list[Event]:
    reader = reader_of()
    found = []
    for at in range(0, len(octets), size):
        reader.feed(octets[at : at + size])
        found += drained(reader)
    return found


def refused(tag: bytes, why: str, *, too_large: bool = False) -> Refused:
    return Refused(tag, quoted(why), too_large)


CRLF_WANTED = "every line ends with CRLF"
LINE_TOO_LONG = "a line is over 80 bytes"
TEXT_TOO_LONG = "the text of a command is over 80 bytes"
TOO_LARGE = "a command holds literals of at most 200 bytes"
NO_COMMAND = "a command is: tag, space, verb"


@pytest.mark.parametrize(
    ("octets", "events"),
    [
        pytest.param(b"\r\n", [refused(b"*", NO_COMMAND)], id="an empty line"),
        pytest.param(b"a1\r\n", [refused(b"*", NO_COMMAND)], id="a tag and nothing"),
        pytest.param(b" NOOP\r\n", [refused(b"*", NO_COMMAND)], id="no tag"),
        pytest.param(b"a+1 NOOP\r\n", [refused(b"*", NO_COMMAND)], id="a plus in the tag"),
        pytest.param(b"* NOOP\r\n", [refused(b"*", NO_COMMAND)], id="an asterisk for a tag"),
        pytest.param(b'a"b NOOP\r\n', [refused(b"*", NO_COMMAND)], id="a quote in the tag"),
        pytest.param(b"\xe9 NOOP\r\n", [refused(b"*", NO_COMMAND)], id="8 bits in the tag"),
        pytest.param(b"\x00a NOOP\r\n", [refused(b"*", NO_COMMAND)], id="a NUL in the tag"),
        pytest.param(b"a1  NOOP\r\n", [refused(b"a1", "a verb follows the tag")], id="two spaces"),
        pytest.param(b"a1 \r\n", [refused(b"a1", "a verb follows the tag")], id="no verb"),
        pytest.param(b"a1 {4+}\r\nNOOP\r\n", [refused(b"a1", "a verb follows the tag")], id="a literal for a verb"),
        pytest.param(b"{2+}\r\na1 NOOP\r\n", [refused(b"*", NO_COMMAND)], id="a literal for a tag"),
        pytest.param(b"\n", [refused(b"*", CRLF_WANTED)], id="a bare LF and nothing"),
        pytest.param(b"a1 NOOP\n", [refused(b"a1", CRLF_WANTED)], id="a bare LF"),
        pytest.param(b"a1 X {1+}\r\na\nb2 NOOP\r\n", [refused(b"a1", CRLF_WANTED), Command(b"b2", "NOOP", (b"",))], id="a bare LF later"),
        pytest.param(b"a1 X {4+}\nb2 X\r\n", [refused(b"a1", CRLF_WANTED)], id="a bare LF after an announcement"),
        pytest.param(b"a1 " + b"x" * 80 + b"\r\n", [refused(b"a1", LINE_TOO_LONG)], id="a long line"),
        pytest.param(b"a" * 90 + b" NOOP\r\n", [refused(b"*", LINE_TOO_LONG)], id="a long tag"),
        pytest.param(b"a1 X" + b" {0+}\r\n" * 20 + b"\r\n", [refused(b"a1", TEXT_TOO_LONG)], id="many literals and much text"),
        pytest.param(
            b"a1 X {201}\r\nb2 NOOP\r\n",
            [refused(b"a1", TOO_LARGE, too_large=True), Command(b"b2", "NOOP", (b"",))],
            id="a large literal, which the client holds back",
        ),
        pytest.param(
            b"a1 X {201+}\r\n" + b"b2 NOOP\r\n" * 22 + b"abc\r\nc3 NOOP\r\n",
            [refused(b"a1", TOO_LARGE, too_large=True), Command(b"c3", "NOOP", (b"",))],
            id="a large literal sent ahead is no command",
        ),
        pytest.param(
            b"a1 " + b"x" * 80 + b" {9+}\r\nb2 NOOP\r\n\r\nc3 NOOP\r\n",
            [refused(b"a1", LINE_TOO_LONG), Command(b"c3", "NOOP", (b"",))],
            id="a literal sent ahead behind a long line is no command",
        ),
        pytest.param(
            b"a1 X {150+}\r\n" + b"x" * 150 + b" {51}\r\n",
            [refused(b"a1", TOO_LARGE, too_large=True)],
            id="two literals that are too large together",
        ),
        pytest.param(
            (b"a1 X {90+}\r\n" + b"x" * 90) + (b" {90+}\r\n" + b"x" * 90) + b" {21}\r\n",
            [refused(b"a1", TOO_LARGE, too_large=True)],
            id="three literals that are too large together",
        ),
    ],
)
def test_what_is_no_command_is_refused_and_the_next_one_read(octets: bytes, events: list[Event]) -> None:
    assert whole(octets) == events
    for size in (1, 2, 3, 7):
        assert in_pieces(octets, size) == events


@pytest.mark.parametrize(
    ("octets", "events"),
    [
        (b"a1 NOOP\r\n", [Command(b"a1", "NOOP", (b"",))]),
        (b"!#$&',-./:;<=>?@[]^_`|} noop\r\n", [Command(b"!#$&',-./:;<=>?@[]^_`|}", "NOOP", (b"",))]),
        (b"a1 X {3}\r\nabc\r\n", [Wanted(3), Command(b"a1", "X", (b" ", Literal(b"abc", binary=False), b""))]),
        (b"a1 X {3+}\r\nabc\r\n", [Command(b"a1", "X", (b" ", Literal(b"abc", binary=False), b""))]),
        (b"a1 X ~{3+}\r\n\x00\n\r\r\n", [Command(b"a1", "X", (b" ", Literal(b"\x00\n\r", binary=True), b""))]),
        (b"a1 X {0}\r\n\r\n", [Wanted(0), Command(b"a1", "X", (b" ", Literal(b"", binary=False), b""))]),
        (
            b"a1 X {1+}\r\na {2}\r\n{3 y\r\n",
            [Wanted(2), Command(b"a1", "X", (b" ", Literal(b"a", binary=False), b" ", Literal(b"{3", binary=False), b" y"))],
        ),
        (b'a1 X "{3}"\r\n', [Command(b"a1", "X", (b' "{3}"',))]),
        (b"a1 X {99999999999}\r\n", [Command(b"a1", "X", (b" {99999999999}",))]),
        (b"a1 X\r\nb2 Y\r\n", [Command(b"a1", "X", (b"",)), Command(b"b2", "Y", (b"",))]),
    ],
)
def test_a_command_is_cut_out_with_its_literals(octets: bytes, events: list[Event]) -> None:
    assert whole(octets) == events
    assert in_pieces(octets, 1) == events


def test_a_line_of_exactly_the_limit_is_taken() -> None:
    line = b"a1 X " + b"y" * (LINE_MAX - 7) + b"\r\n"
    assert whole(line) == [Command(b"a1", "X", (line[4:-2],))]


def test_the_text_of_a_command_and_its_literals_may_be_exactly_as_long_as_the_limits() -> None:
    reader = reader_of()
    for tag in (b"a1", b"b2"):
        first = tag + b" X {200+}"
        rest = b"y" * (LINE_MAX - len(first))
        reader.feed(first + b"\r\n" + b"x" * LITERAL_MAX + rest + b"\r\n")
        assert drained(reader) == [Command(tag, "X", (b" ", Literal(b"x" * LITERAL_MAX, binary=False), rest))]
    reader.feed(first + b"\r\n" + b"x" * LITERAL_MAX + rest + b"y\r\n")
    assert drained(reader) == [refused(b"b2", TEXT_TOO_LONG)]


def test_a_large_literal_is_not_sent_ahead_where_only_small_ones_may_be() -> None:
    """LITERAL- (ref: rfc7888#5)."""
    reader = Reader(line_max=LINE_MAX, literal_max=LITERAL_MAX, ahead_max=10)
    reader.feed(b"a1 X {10+}\r\n" + b"x" * 10 + b"\r\n")
    assert drained(reader) == [Command(b"a1", "X", (b" ", Literal(b"x" * 10, binary=False), b""))]
    reader.feed(b"b2 X {11+}\r\n" + b"x" * 11 + b"\r\n")
    assert drained(reader) == [refused(b"b2", "a literal over 10 bytes waits for the go-ahead: LITERAL+ is not offered")]
    reader.feed(b"c3 X {11}\r\n" + b"x" * 11 + b"\r\n")
    assert drained(reader) == [Wanted(11), Command(b"c3", "X", (b" ", Literal(b"x" * 11, binary=False), b""))]


def test_a_literal_that_is_refused_is_never_stored() -> None:
    reader = reader_of()
    reader.feed(b"a1 X {4000000000+}\r\n")
    for _ in range(1_000):
        reader.feed(b"x" * 1_000)
        assert reader.next() is None
        assert reader.waiting == 0


def test_a_refused_command_that_goes_on_for_ever_keeps_nothing() -> None:
    reader = reader_of()
    reader.feed(b"a1 X {201+}\r\n" + b"x" * 201)
    for _ in range(1_000):
        reader.feed(b" more text {0+}\r\n")
        assert reader.next() is None
    assert reader.waiting == 0
    assert kept(reader) < 1_000


def test_a_line_that_never_ends_keeps_only_its_end() -> None:
    reader = reader_of()
    for _ in range(1_000):
        reader.feed(b"a1 " + b"x" * 500)
        assert reader.next() is None
        assert reader.waiting <= LINE_MAX
    reader.feed(b"\r\na2 NOOP\r\n")
    assert drained(reader) == [refused(b"a1", LINE_TOO_LONG), Command(b"a2", "NOOP", (b"",))]


def test_the_limit_of_literals_may_change_between_commands() -> None:
    reader = reader_of()
    reader.feed(b"a1 X {300}\r\n")
    assert drained(reader) == [refused(b"a1", TOO_LARGE, too_large=True)]
    reader.literal_max = 300
    reader.feed(b"a2 X {300}\r\n")
    assert drained(reader) == [Wanted(300)]


def test_what_is_not_read_can_be_thrown_away() -> None:
    reader = reader_of()
    reader.feed(b"a1 STARTTLS\r\na2 NOOP\r\n")
    assert reader.next() == Command(b"a1", "STARTTLS", (b"",))
    assert reader.clear() == b"a2 NOOP\r\n"
    reader.feed(b"\na3 NOOP\r\n")
    assert drained(reader) == [refused(b"*", CRLF_WANTED), Command(b"a3", "NOOP", (b"",))]


@pytest.mark.parametrize(
    ("octets", "answers"),
    [
        (b"DONE", [None]),
        (b"DONE\n", [b""]),
        (b"x" * 90 + b"\r\nDONE\r\n", [b"", b"DONE"]),
        (b"DONE\r\n\r\n", [b"DONE", b""]),
        (b"{3+}\r\n", [b"{3+}"]),
    ],
)
def test_an_exchange_is_read_by_lines(octets: bytes, answers: list[bytes | None]) -> None:
    reader = reader_of()
    reader.feed(octets)
    assert [reader.answer() for _ in answers] == answers
    reader.feed(b"\r\na1 NOOP\r\n" if answers == [None] else b"a1 NOOP\r\n")
    assert drained(reader)[-1] == Command(b"a1", "NOOP", (b"",))


def kept(reader: Reader) -> int:
    """Octets that the reader holds, wherever it keeps them."""
    return sum(_size(value) for value in vars(reader).values())


def _size(value: object) -> int:
    if isinstance(value, bytes | bytearray):
        return len(value)
    if isinstance(value, list | tuple):
        return sum(map(_size, value))
    return 0


_TEXT = st.sampled_from([b"X", b" ", b"(a b)", b'"q"', b"\xe9", b"{", b"}", b"{3}", b"1:*", b"\n", b"\x00", b"y" * 30])
_LITERAL = st.builds(
    lambda mark, octets, plus: b"%b{%d%b}\r\n%b" % (mark, len(octets), plus, octets),
    st.sampled_from([b"", b"~"]),
    st.one_of(st.binary(max_size=30), st.integers(0, 250).map(lambda size: b"z" * size)),
    st.sampled_from([b"", b"+"]),
)
_COMMAND = st.lists(st.one_of(_TEXT, _LITERAL), max_size=8).map(lambda pieces: b"a1 VERB " + b"".join(pieces) + b"\r\n")


@given(st.lists(_COMMAND, max_size=5).map(b"".join), st.integers(1, 40))
def test_commands_are_the_same_whole_and_in_pieces(octets: bytes, size: int) -> None:
    assert whole(octets) == in_pieces(octets, 1) == in_pieces(octets, size)


@settings(max_examples=300)
@given(st.lists(st.one_of(st.binary(max_size=120), _TEXT, _LITERAL, st.just(b"\r\n"), st.just(b" {99999999+}\r\n")), max_size=30))
def test_random_bytes_never_raise_and_never_grow_beyond_the_limits(packets: list[bytes]) -> None:
    reader = reader_of()
    for packet in packets:
        reader.feed(packet)
        for event in drained(reader):
            if isinstance(event, Command):
                assert sum(len(piece.octets) for piece in event.pieces if isinstance(piece, Literal)) <= LITERAL_MAX
                assert sum(len(piece) for piece in event.pieces if isinstance(piece, bytes)) <= LINE_MAX
        assert kept(reader) <= 2 * LINE_MAX + 2 * LITERAL_MAX
    assert in_pieces(b"".join(packets), 1) == whole(b"".join(packets))


@pytest.mark.parametrize("text", [b"0", b"1:0", b"0:*", b"4294967296", b"1,2,0", b"9999999999"])
def test_a_number_of_a_set_is_between_1_and_32_bits(text: bytes) -> None:
    with pytest.raises(Bad):
        read_sequence(text)


@pytest.mark.parametrize(
    "text", [b"", b"a", b",", b":1", b"-1", b"$1", b"*:", b"1:", b"1,", b"1:2:3", b"$,1", b"1,$", b"1 2", b"12345678901"]
)
def test_what_is_no_set_is_refused(text: bytes) -> None:
    arguments = Arguments((text,), utf8=False)
    with pytest.raises(Bad):  # noqa: PT012 - the set or what is left of it
        arguments.sequence()
        arguments.end()


@pytest.mark.parametrize(
    ("text", "largest", "ranges"),
    [
        (b"1", 0, []),
        (b"*", 0, []),
        (b"*", 7, [(7, 7)]),
        (b"1:*", 7, [(1, 7)]),
        (b"*:1", 7, [(1, 7)]),
        (b"9:*", 7, [(7, 9)]),
        (b"4:2", 7, [(2, 4)]),
        (b"3,1:2,9", 7, [(1, 3), (9, 9)]),
        (b"1:4,2:3,4:6", 7, [(1, 6)]),
        (b"*:4294967295", 7, [(7, 4294967295)]),
    ],
)
def test_a_set_is_growing_ranges(text: bytes, largest: int, ranges: list[tuple[int, int]]) -> None:
    assert read_sequence(text).within(largest) == ranges


@pytest.mark.parametrize(
    ("numbers", "shown"), [([], b""), ([7], b"7"), ([1, 2], b"1:2"), ([1, 2, 3, 7], b"1:3,7"), ([1, 3, 4, 6, 7, 9], b"1,3:4,6:7,9")]
)
def test_numbers_are_shown_as_a_set(numbers: list[int], shown: bytes) -> None:
    assert sequence_set(numbers) == shown


def test_the_last_result_of_a_search_is_a_set_of_its_own() -> None:
    assert read_sequence(b"$") == SequenceSet(saved=True)


_END = st.one_of(st.just(0), st.integers(1, 30))


@given(st.lists(st.tuples(_END, _END), min_size=1, max_size=6), st.integers(1, 20))
def test_ranges_hold_what_the_set_says_each_number_once(pairs: list[tuple[int, int]], largest: int) -> None:
    text = b",".join(b"%b:%b" % tuple(b"%d" % end if end else b"*" for end in pair) for pair in pairs)
    found = read_sequence(text).within(largest)
    said = {n for low, high in pairs for a, b in [sorted((low or largest, high or largest))] for n in range(a, b + 1)}
    assert [n for low, high in found for n in range(low, high + 1)] == sorted(said)
    assert all(high + 1 < low for (_, high), (low, _) in itertools.pairwise(found))


def test_a_giant_set_is_read_in_little_time() -> None:
    text = b",".join(b"%d" % number for number in range(1, 200_000, 2))
    assert len(Arguments((text,), utf8=False).sequence().within(200_000)) == 100_000
    assert read_sequence(b"1:4294967295").within(4294967295) == [(1, 4294967295)]
