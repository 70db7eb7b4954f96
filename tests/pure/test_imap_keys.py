"""What SEARCH, SORT and THREAD ask for, as a tree of keys; and the dates of searches and of APPEND."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mss_sim import ids
from mss_sim.clock import from_datetime
from mss_sim.imap.grammar import search_keys
from mss_sim.imap.grammar.responses import internal_date, object_id
from mss_sim.imap.grammar.search_keys import BadCharset, Search, Sort, ThreadArguments
from mss_sim.imap.grammar.wire import Arguments, Bad, Literal, SequenceSet
from mss_sim.mail.criteria import ALL, Key, kinds, looks_inside, texts
from mss_sim.vocabulary.mailboxes import Flag

SEEN, FLAGGED = Key("FLAG", Flag.SEEN), Key("FLAG", Flag.FLAGGED)
DAY = from_datetime(datetime(2026, 1, 5, tzinfo=UTC))
NEXT_DAY = from_datetime(datetime(2026, 1, 6, tzinfo=UTC))


def no(key: Key) -> Key:
    return Key("NOT", keys=(key,))


def both(*inner: Key) -> Key:
    return Key("AND", keys=inner)


def search(text: bytes) -> Search:
    return search_keys.search(Arguments((b" " + text,), utf8=False))


@pytest.mark.parametrize("charset", [b"ISO-8859-1", b"UTF-7", b'"UTF 8"', b"X"])
def test_a_charset_that_is_not_understood_is_refused_by_its_name(charset: bytes) -> None:
    for read, before, after in (
        (search_keys.search, b" CHARSET ", b" ALL"),
        (search_keys.sort, b" (DATE) ", b" ALL"),
        (search_keys.thread, b" REFERENCES ", b" ALL"),
    ):
        with pytest.raises(BadCharset, match=charset.strip(b'"').decode()) as refused:
            read(Arguments((before + charset + after,), utf8=False))
        assert refused.value.saves is False


@pytest.mark.parametrize(("text", "saves"), [(b"", False), (b"RETURN (MIN) ", False), (b"RETURN (MIN SAVE) ", True)])
def test_a_charset_that_is_refused_tells_whether_the_result_was_to_be_kept(text: bytes, saves: bool) -> None:
    with pytest.raises(BadCharset) as unknown:
        search(text + b"CHARSET X ALL")
    with pytest.raises(BadCharset) as untrue:
        search_keys.search(Arguments((b" " + text + b"SUBJECT ", Literal(b"\xe9", binary=False), b""), utf8=False))
    assert (unknown.value.saves, untrue.value.saves) == (saves, saves)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (b"ALL", ALL),
        (b"old", no(Key("RECENT"))),
        (b"NEW", Key("AND", keys=(Key("RECENT"), no(Key("FLAG", Flag.SEEN))))),
        (b"RECENT", Key("RECENT")),
        (b"SEEN", SEEN),
        (b"unseen", no(SEEN)),
        (b"ANSWERED", Key("FLAG", Flag.ANSWERED)),
        (b"UNANSWERED", no(Key("FLAG", Flag.ANSWERED))),
        (b"DELETED", Key("FLAG", Flag.DELETED)),
        (b"UNDELETED", no(Key("FLAG", Flag.DELETED))),
        (b"DRAFT", Key("FLAG", Flag.DRAFT)),
        (b"UNDRAFT", no(Key("FLAG", Flag.DRAFT))),
        (b"UNFLAGGED", no(FLAGGED)),
        (b"KEYWORD $MDNSent", Key("KEYWORD", "$MDNSent")),
        (b"UNKEYWORD work", no(Key("KEYWORD", "work"))),
        (b"NOT NOT SEEN", no(no(SEEN))),
        (b"SEEN FLAGGED", both(SEEN, FLAGGED)),
        (b"OR SEEN FLAGGED", Key("OR", keys=(SEEN, FLAGGED))),
        (b"OR NOT SEEN (FLAGGED ALL)", Key("OR", keys=(no(SEEN), both(FLAGGED, ALL)))),
        (b"OR OR SEEN ALL FLAGGED", Key("OR", keys=(Key("OR", keys=(SEEN, ALL)), FLAGGED))),
        (b"((SEEN))", both(both(SEEN))),
        (b"1:3,*", Key("SEQUENCE", SequenceSet(((1, 3), (0, 0))))),
        (b"$", Key("SEQUENCE", SequenceSet(saved=True))),
        (b"*", Key("SEQUENCE", SequenceSet(((0, 0),)))),
        (b"UID 7", Key("UIDS", SequenceSet(((7, 7),)))),
        (b"UID $", Key("UIDS", SequenceSet(saved=True))),
        (b"FROM camille", Key("FROM", "camille")),
        (b'TO "a b"', Key("TO", "a b")),
        (b"CC a", Key("CC", "a")),
        (b"BCC a", Key("BCC", "a")),
        (b'SUBJECT ""', Key("SUBJECT", "")),
        (b"BODY a", Key("BODY", "a")),
        (b"TEXT a]", Key("TEXT", "a]")),
        (b'HEADER Message-ID "<1@x>"', Key("HEADER", ("Message-ID", "<1@x>"))),
        (b"LARGER 0", Key("LARGER", 0)),
        (b"SMALLER 9223372036854775807", Key("SMALLER", (1 << 63) - 1)),
        (b"SINCE 5-Jan-2026", Key("SINCE", DAY)),
        (b'BEFORE "05-JAN-2026"', Key("BEFORE", DAY)),
        (b"ON 05-jan-2026", both(Key("SINCE", DAY), Key("BEFORE", NEXT_DAY))),
        (b"SENTSINCE 5-Jan-2026", Key("SENTSINCE", DAY)),
        (b"SENTBEFORE 5-Jan-2026", Key("SENTBEFORE", DAY)),
        (b"SENTON 5-Jan-2026", both(Key("SENTSINCE", DAY), Key("SENTBEFORE", NEXT_DAY))),
        (b"MODSEQ 12", Key("MODSEQ", 12)),
        (b'MODSEQ "/flags/\\\\Seen" all 12', Key("MODSEQ", 12)),
        (b"CHARSET UTF-8 ALL", ALL),
        (b'charset "us-ascii" ALL', ALL),
        (b"EMAILID " + object_id("M", 77), Key("EMAILID", 77)),
        (b"THREADID " + object_id("T", 77), Key("THREADID", 77)),
        (b"EMAILID " + object_id("T", 77), Key("EMAILID", -1)),
        (b"THREADID nothing", Key("THREADID", -1)),
        (b"EMAILID M", Key("EMAILID", -1)),
        (b"EMAILID " + ids.encode(77).encode(), Key("EMAILID", -1)),
    ],
)
def test_the_keys_of_a_search_are_read(text: bytes, key: Key) -> None:
    assert search(text) == Search(key)


def test_a_text_may_be_a_literal_in_utf8() -> None:
    pieces = (b" CHARSET UTF-8 SUBJECT ", Literal("é".encode(), binary=False), b" TEXT ", Literal(b"b", binary=False), b"")
    assert search_keys.search(Arguments(pieces, utf8=False)).key == both(Key("SUBJECT", "é"), Key("TEXT", "b"))


@pytest.mark.parametrize(
    ("text", "returns"),
    [
        (b"RETURN () ALL", {"ALL"}),
        (b"return (min Max COUNT) ALL", {"MIN", "MAX", "COUNT"}),
        (b"RETURN (SAVE) CHARSET UTF-8 ALL", {"SAVE"}),
    ],
)
def test_what_to_tell_of_a_search_is_read(text: bytes, returns: set[str]) -> None:
    assert search(text) == Search(ALL, frozenset(returns))


def test_sort_and_thread_are_read() -> None:
    order = (("SUBJECT", False), ("DATE", True), ("ARRIVAL", False))
    assert search_keys.sort(Arguments((b" (subject REVERSE date ARRIVAL) UTF-8 SEEN",), utf8=False)) == Sort(order, SEEN)
    assert search_keys.thread(Arguments((b" references us-ascii SEEN ALL",), utf8=False)) == ThreadArguments("REFERENCES", both(SEEN, ALL))


@pytest.mark.parametrize(
    "text",
    [
        b"NOT " * 50 + b"SEEN",
        b"(" * 50 + b"SEEN" + b")" * 50,
        b"OR SEEN " * 50 + b"SEEN",
        b"(SEEN " * 50 + b"SEEN" + b")" * 50,
        b"SEEN " * 499 + b"SEEN",
        b"SEEN " + b"NOT " * 50 + b"SEEN",
    ],
    ids=["inverted", "in parentheses", "alternatives", "lists in lists", "keys side by side", "inverted behind another"],
)
def test_fifty_levels_and_five_hundred_keys_are_read(text: bytes) -> None:
    assert "FLAG" in kinds(search(text).key)


def test_why_a_charset_is_not_understood_is_told() -> None:
    for arguments, told in (
        (Arguments((b" CHARSET " + b"X" * 50 + b" ALL",), utf8=False), "X" * 40 + " is not understood"),
        (Arguments((b" SUBJECT ", Literal(b"\xe9", binary=False), b""), utf8=False), "The text is not UTF-8: send it in one of these"),
    ):
        with pytest.raises(BadCharset) as refused:
            search_keys.search(arguments)
        assert str(refused.value) == told
    with pytest.raises(BadCharset) as sorting:
        search_keys.sort(Arguments((b" (DATE) UTF-8 SUBJECT ", Literal(b"\xe9", binary=False), b""), utf8=False))
    assert sorting.value.saves is False, "SORT keeps nothing"
    named = Arguments((b" CHARSET UTF-8 ALL",), utf8=True, utf8_accepted=True)
    with pytest.raises(Bad, match="names no charset: leave CHARSET out"):
        search_keys.search(named)
    assert search_keys.search(Arguments((b" CHARSET UTF-8 ALL",), utf8=True)).key == ALL, "IMAP4rev2 alone still names one"


def test_a_tree_tells_what_it_asks() -> None:
    key = search(b"OR NOT (SUBJECT a HEADER X-A b) UID 1").key
    assert kinds(key) == {"OR", "NOT", "AND", "SUBJECT", "HEADER", "UIDS"}
    assert list(texts(key)) == ["a", "X-A", "b"]
    assert list(texts(search(b"LARGER 5 NOT FROM c KEYWORD d").key)) == ["c", "d"]


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        (b"TEXT a", True),
        (b"BODY a", True),
        (b"HEADER X-A a", True),
        (b"NOT (SEEN BODY a)", True),
        (b"SUBJECT a FROM b TO c CC d BCC e", False),
        (b"ALL", False),
    ],
)
def test_only_some_keys_tell_what_a_message_holds(text: bytes, inside: bool) -> None:
    assert looks_inside(search(text).key) is inside


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"5-Jan-2026",
        b"5-Jan-2026 09:00:00 +0100",
        b" 5-Jan-2026 09:00:00",
        b" 5-Jan-2026 09:00:00 0100",
        b" 5-Jan-2026 9:00:00 +0100",
        b" 5-Jan-2026 24:00:00 +0100",
        b" 5-Jan-2026 09:60:00 +0100",
        b" 5-Jan-2026 09:00:61 +0100",
        b" 5-Jan-2026 09:00:00 +0160",
        b" 0-Jan-2026 09:00:00 +0100",
        b"  -Jan-2026 09:00:00 +0100",
        b"31-Feb-2026 09:00:00 +0100",
        b" 5-Jux-2026 09:00:00 +0100",
        b" 1-Jan-0000 00:00:00 +0000",
        b" 1-Jan-0001 00:00:00 +0100",
        b"31-Dec-9999 23:59:59 -0100",
        b" 5-Jan-2026 09:00:00 +0100 ",
        b"\xff5-Jan-2026 09:00:00 +0100",
    ],
)
def test_what_is_no_date_time_is_bad(octets: bytes) -> None:
    with pytest.raises(Bad, match="a date-time is"):
        search_keys.date_time(octets)


@pytest.mark.parametrize(
    ("octets", "shown"),
    [
        (b" 5-Jan-2026 09:00:00 +0100", b'" 5-Jan-2026 08:00:00 +0000"'),
        (b"05-JAN-2026 09:00:00 +0000", b'" 5-Jan-2026 09:00:00 +0000"'),
        (b"31-dec-2026 23:59:60 -0130", b'" 1-Jan-2027 01:29:59 +0000"'),
        (b"29-Feb-2024 00:00:00 +0000", b'"29-Feb-2024 00:00:00 +0000"'),
        (b" 1-Jan-1600 00:00:00 +0000", b'" 1-Jan-1600 00:00:00 +0000"'),
    ],
)
def test_a_date_time_is_read_and_shown_in_utc(octets: bytes, shown: bytes) -> None:
    assert internal_date(search_keys.date_time(octets)) == shown


def test_a_second_is_shown_until_its_end() -> None:
    assert internal_date(from_datetime(datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC))) == b'"31-Dec-9999 23:59:59 +0000"'


@given(st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)))  # noqa: DTZ001 - hypothesis wants naive limits
def test_every_instant_that_is_shown_is_read_again(moment: datetime) -> None:
    instant = from_datetime(moment.replace(tzinfo=UTC, microsecond=0))
    assert search_keys.date_time(internal_date(instant).strip(b'"')) == instant


@given(st.integers(0, ids.ID_MAX))
def test_every_object_id_is_found_again(number: int) -> None:
    assert search(b"EMAILID " + object_id("M", number)).key.value == number


_TREES: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from([(b"SEEN", SEEN), (b"ALL", ALL), (b"1", Key("SEQUENCE", SequenceSet(((1, 1),)))), (b"UNFLAGGED", no(FLAGGED))]),
    lambda inner: st.one_of(
        inner.map(lambda one: (b"NOT " + one[0], no(one[1]))),
        st.tuples(inner, inner).map(lambda two: (b"OR %b %b" % (two[0][0], two[1][0]), Key("OR", keys=(two[0][1], two[1][1])))),
        st.lists(inner, min_size=1, max_size=3).map(
            lambda many: (b"(%b)" % b" ".join(text for text, _ in many), both(*(key for _, key in many))),
        ),
    ),
    max_leaves=12,
)


@given(_TREES)
def test_every_tree_that_can_be_written_is_read(tree: tuple[bytes, Key]) -> None:
    assert search(tree[0]).key == tree[1]
