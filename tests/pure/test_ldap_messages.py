"""Messages of LDAP cut out of a stream, looked through and read; what is none, too large or too complex is told so, and nothing else."""

import contextlib
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mss_sim.ldap import filters, framing, messages
from mss_sim.ldap.framing import Framer, TooComplex, TooLarge, Unreadable, look_through
from mss_sim.ldap.messages import Abandon, BadRequest, Bind, Compare, Extended, Search, Unbind, Write
from mss_sim.vocabulary.ldap import Operation, ResultCode, Scope
from tests import ldap_client as ldap
from tests.ldap_client import equal, every, like, message, negated, number, present, search, text, tlv

ITEMS = 100
_HEAD = text(""), number(0, 0x0A), number(0, 0x0A), number(0), number(0), tlv(0x01, b"\0")


def read(octets: bytes) -> messages.Request:
    """The request in a message."""
    return messages.read_request(messages.read(octets), ITEMS)


def read_filter(octets: bytes) -> filters.Filter:
    found = read(search(1, "", octets))
    assert isinstance(found, Search)
    return found.filter


# Cut


def test_messages_come_out_as_they_went_in_however_the_stream_is_cut() -> None:
    said = [ldap.bind(1), search(2, "o=a", present("cn")), ldap.unbind(3)]
    stream = b"".join(said)
    for step in (1, 2, 3, 7, len(stream)):
        framer, found = Framer(1_000), []
        for at in range(0, len(stream), step):
            framer.feed(stream[at : at + step])
            while (one := framer.next()) is not None:
                found.append(one)
        assert found == said
        assert framer.waiting == 0


@pytest.mark.parametrize(
    ("octets", "refused", "why"),
    [
        pytest.param(b"\x30\x84\x7f\xff\xff\xff", TooLarge, "", id="two gigabytes"),
        pytest.param(b"\x30\x88" + b"\xff" * 8, TooLarge, "", id="more than there is"),
        pytest.param(b"\x30\x82\x03\xe5", TooLarge, "", id="one octet too much"),
        pytest.param(b"\x30\x80", Unreadable, "a length of the indefinite form", id="an indefinite length"),
        pytest.param(b"\x30\xff", Unreadable, "a length of more than eight octets", id="a length of 127 octets"),
        pytest.param(b"\x30\x89", Unreadable, "a length of more than eight octets", id="a length of nine octets"),
        pytest.param(b"\x16\x03\x01", Unreadable, "a message is a SEQUENCE", id="TLS"),
        pytest.param(b"GET / HTTP/1.1", Unreadable, "a message is a SEQUENCE", id="HTTP"),
        pytest.param(b"\x1f", Unreadable, "a message is a SEQUENCE", id="a tag of several octets"),
    ],
)
def test_what_cannot_become_a_message_is_refused_by_its_first_octets(octets: bytes, refused: type[Exception], why: str) -> None:
    framer = Framer(1_000)
    framer.feed(octets)
    with pytest.raises(refused) as told:
        framer.next()
    assert str(told.value) == why


def test_what_stands_behind_the_end_of_a_structure_is_looked_through_as_well() -> None:
    look_through(tlv(0x30, tlv(0x30), tlv(0x02, b"1")))
    with pytest.raises(Unreadable):
        look_through(tlv(0x30, tlv(0x30), tlv(0x10)))


@pytest.mark.parametrize("octets", [b"", b"\x30", b"\x30\x82\x03", b"\x30\x82\x03\xe4", b"\x30\x05\x02\x01\x01"])
def test_what_is_not_there_whole_is_waited_for(octets: bytes) -> None:
    framer = Framer(1_000)
    framer.feed(octets)
    assert framer.next() is None


# Read


@pytest.mark.parametrize(
    ("octets", "request_"),
    [
        (ldap.bind(1), Bind(3, "", b"")),
        (ldap.bind(1, "cn=é", "x", 2), Bind(2, "cn=é", b"x")),
        (ldap.sasl(1, "PLAIN"), Bind(3, "", None, "PLAIN")),
        (ldap.unbind(1), Unbind()),
        (ldap.abandon(1, 300), Abandon(300)),
        (ldap.extended(1, "1.3.6"), Extended("1.3.6")),
        (message(1, tlv(0x4A, b"cn=a")), Write("cn=a")),
        (message(1, tlv(0x68, text("cn=a"), tlv(0x30, tlv(0x30, text("cn"), tlv(0x31, text("a")))))), Write("cn=a")),
        (
            message(1, tlv(0x66, text("cn=a"), tlv(0x30, tlv(0x30, number(2, 0x0A), tlv(0x30, text("cn"), tlv(0x31)))))),
            Write("cn=a"),
        ),
        (message(1, tlv(0x6C, text("cn=a"), text("cn=b"), tlv(0x01, b"\xff"), tlv(0x80, b"o=c"))), Write("cn=a")),
        (message(1, tlv(0x6E, text("cn=a"), tlv(0x30, text("cn"), text("b")))), Compare("cn=a", filters.Equal("cn", b"b"))),
        (
            search(1, "o=a", present("cn"), "cn", "*", scope=ldap.SUB, size=5, time=7, types_only=True),
            Search("o=a", Scope.SUBTREE, 5, 7, True, filters.Present("cn"), ("cn", "*")),
        ),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, bytes) else "",
)
def test_a_request_is_read(octets: bytes, request_: messages.Request) -> None:
    assert read(octets) == request_


@pytest.mark.parametrize(
    ("octets", "written"),
    [
        (present("cn"), "(cn=*)"),
        (equal("cn", "a*(b)\\"), "(cn=a\\2a\\28b\\29\\5c)"),
        (equal("cn", "a", 0xA8), "(cn=a)"),
        (equal("cn", "a", 0xA5), "(cn>=a)"),
        (equal("cn", "a", 0xA6), "(cn<=a)"),
        (like("cn", (0, "a"), (1, "b"), (1, "c"), (2, "d")), "(cn=a*b*c*d)"),
        (like("cn", (1, "b")), "(cn=*b*)"),
        (like("cn", (2, "b")), "(cn=*b)"),
        (every(), "(&)"),
        (ldap.either(present("a"), negated(present("b"))), "(|(a=*)(!(b=*)))"),
        (tlv(0xA9, tlv(0x81, b"2.4.6"), tlv(0x82, b"cn"), tlv(0x83, b"x"), tlv(0x84, b"\xff")), "(cn:2.4.6:=x)"),
        (tlv(0xA9, tlv(0x83, b"x")), "(:=x)"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_filter_is_read_and_told_as_it_is_written(octets: bytes, written: str) -> None:
    assert read_filter(octets).text() == written


def test_critical_controls_are_named_and_the_others_left_out() -> None:
    found = messages.read(message(9, tlv(0x42), tlv(0xA0, tlv(0x30, text("1.2"), tlv(0x01, b"\xff")), tlv(0x30, text("1.3"), text("x")))))
    assert (found.id, found.operation, found.critical) == (9, Operation.UNBIND, ("1.2",))


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(tlv(0x30), id="nothing"),
        pytest.param(tlv(0x30, number(1)), id="no operation"),
        pytest.param(message(0, tlv(0x42)), id="the number of a server"),
        pytest.param(tlv(0x30, tlv(0x02, b"\xff"), tlv(0x42)), id="a number below nothing"),
        pytest.param(message(2**31, tlv(0x42)), id="a number that is too high"),
        pytest.param(tlv(0x30, text("1"), tlv(0x42)), id="a text for a number"),
        pytest.param(message(1, tlv(0x61, number(0, 0x0A), text(""), text(""))), id="an answer"),
        pytest.param(message(1, tlv(0x7E)), id="an operation that nobody knows"),
        pytest.param(message(1, tlv(0x42), text("more")), id="more than a message has"),
        pytest.param(b"\x30\x05\x02\x01\x01\x60\x05", id="an operation longer than the message"),
        pytest.param(b"\x30\x07\x02\x01\x01\x60\x80\x00\x00", id="an operation of the indefinite form"),
        pytest.param(tlv(0x30, number(1), tlv(0x60, number(3), tlv(0x24, text("a")), tlv(0x80))), id="a name in pieces"),
        pytest.param(tlv(0x30, number(1), tlv(0x10)), id="a structure in one"),
        pytest.param(tlv(0x30, number(1), tlv(0x60, number(3), tlv(0x30)), tlv(0x10)), id="a structure in one behind what is right"),
    ],
)
def test_what_is_no_message_ends_the_connection(octets: bytes) -> None:
    with pytest.raises(Unreadable):
        messages.read(octets)


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(message(1, tlv(0x60, number(3), text(""))), id="a bind that does not say how"),
        pytest.param(message(1, tlv(0x60, number(3), text(""), tlv(0x81, b""))), id="a bind in a way that nobody knows"),
        pytest.param(message(1, tlv(0x42, b"x")), id="an unbind that says something"),
        pytest.param(message(1, tlv(0x50, b"\x7f" * 4_000)), id="a number of thousands of figures abandoned"),
        pytest.param(message(1, tlv(0x60, tlv(0x02, b"\x7f" * 4_000), text(""), tlv(0x80))), id="a version of thousands of figures"),
        pytest.param(message(1, tlv(0x60, tlv(0x02, b"\xff"), text(""), tlv(0x80))), id="a version below nothing"),
        pytest.param(message(1, tlv(0x63, *_HEAD, present("cn"))), id="a search for no attributes"),
        pytest.param(search(1, "", present("cn"), scope=3), id="a scope that nobody knows"),
        pytest.param(search(1, "", tlv(0x8A, b"x")), id="a filter that nobody knows"),
        pytest.param(search(1, "", tlv(0xA2)), id="not of nothing"),
        pytest.param(search(1, "", tlv(0xA2, present("a"), present("b"))), id="not of two"),
        pytest.param(search(1, "", like("cn")), id="no pieces"),
        pytest.param(search(1, "", like("cn", (2, "a"), (1, "b"))), id="an end before the end"),
        pytest.param(search(1, "", like("cn", (1, "a"), (0, "b"))), id="a beginning behind the beginning"),
        pytest.param(search(1, "", tlv(0xA3, text("cn"))), id="equal to nothing"),
        pytest.param(
            message(1, tlv(0x63, text(""), *_HEAD[1:3], tlv(0x02, b"\xff"), *_HEAD[4:], present("a"), tlv(0x30))), id="a size below 0"
        ),
    ],
)
def test_a_request_that_cannot_be_read_is_told_so(octets: bytes) -> None:
    with pytest.raises(BadRequest):
        read(octets)


def _nested(depth: int, around: Any = negated) -> bytes:
    octets = present("cn")
    for _ in range(depth):
        octets = around(octets)
    return octets


@pytest.mark.parametrize("around", [negated, every], ids=["not", "and"])
def test_a_filter_is_as_deep_as_it_may_be_long_and_no_deeper(around: Any) -> None:
    assert read_filter(_nested(ITEMS - 1, around)).text().count("(") == ITEMS
    for depth in (ITEMS, 1_000, 20_000):
        with pytest.raises(TooComplex):
            read_filter(_nested(depth, around))


def test_a_filter_is_as_wide_as_it_may_be_long_and_no_wider() -> None:
    assert read_filter(every(*[present("cn")] * (ITEMS - 1))).text().count("cn") == ITEMS - 1
    for count in (ITEMS, 5_000):
        with pytest.raises(TooComplex):
            read_filter(every(*[present("cn")] * count))


def test_a_message_of_thousands_of_elements_is_known_by_its_number_and_not_read() -> None:
    found = messages.read(search(7, "", present("cn"), *["cn"] * framing.ELEMENTS_MAX))
    assert (found.id, found.operation, found.complex) == (7, Operation.SEARCH, True)
    with pytest.raises(TooComplex):
        messages.read_request(found, ITEMS)


def test_the_longest_filter_that_a_setting_allows_fits_into_the_stack() -> None:
    for around in (negated, every):
        found = messages.read_request(messages.read(search(1, "", _nested(199, around))), 200)
        assert isinstance(found, Search)
        found.filter.holds({})
        assert len(found.filter.text()) > 199
    assert sys.getrecursionlimit() <= 1_000


_SOME = [
    ldap.bind(1, "cn=a", "b"),
    search(2, "o=a", every(equal("cn", "a"), like("ou", (0, "a"))), "cn"),
    ldap.extended(3, "1.2"),
    ldap.unbind(4),
]


@settings(max_examples=600, deadline=None)
@given(
    st.binary(max_size=200)
    | st.tuples(st.sampled_from(_SOME), st.integers(0, 60), st.binary(max_size=4)).map(
        lambda cut: cut[0][: cut[1]] + cut[2] + cut[0][cut[1] + 1 :]
    )
    | st.recursive(
        st.tuples(st.integers(0, 255), st.binary(max_size=12)).map(lambda one: tlv(*one)),
        lambda inner: st.tuples(
            st.sampled_from([0x30, 0x31, 0x60, 0x63, 0x77, 0xA0, 0xA1, 0xA2, 0xA3, 0xA4, 0xA9]), st.lists(inner, max_size=5)
        ).map(lambda one: tlv(one[0], *one[1])),
    ).map(lambda operation: message(1, operation))
)
def test_whatever_comes_is_read_or_refused_by_its_own_errors(octets: bytes) -> None:
    with contextlib.suppress(Unreadable, BadRequest, TooComplex):
        read(octets).text()


# Written


def test_an_entry_is_written_with_its_values_and_without_them() -> None:
    found = ldap.read(messages.entry(5, "cn=é", [("cn", [b"a", b"b" * 300]), ("ou", [])]))
    assert (found.id, found.tag, found.name) == (5, 0x64, "cn=é")
    assert found.values == {"cn": [b"a", b"b" * 300], "ou": []}
    assert ldap.read(messages.entry(5, "", [])).values == {}


@pytest.mark.parametrize("operation", [one for one in Operation if one.answer], ids=lambda one: one.name)
def test_a_result_has_the_tag_of_its_operation(operation: Operation) -> None:
    found = ldap.read(messages.result(300, operation, ResultCode.NO_SUCH_OBJECT, "é", "o=a"))
    expected = {Operation.SEARCH: 0x65, Operation.DELETE: 0x6B, Operation.EXTENDED: 0x78}.get(operation, operation.value + 1)
    assert (found.id, found.tag, found.code, found.matched, found.told) == (300, expected, 32, "o=a", "é")


def test_a_notice_of_disconnection_is_an_answer_to_nothing() -> None:
    found = ldap.read(messages.notice(ResultCode.UNAVAILABLE, "x"))
    assert (found.id, found.tag, found.code, found.told) == (0, 0x78, 52, "x")
    assert found.more == [(0x8A, b"1.3.6.1.4.1.1466.20036")]
