"""Identifiers: they grow, they never repeat, and their text form can be read back and by nobody misread."""

import secrets
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mss_sim.clock import ManualClock
from mss_sim.ids import ID_MAX, IdSource, decode, encode


@pytest.mark.parametrize("number", [-1, ID_MAX + 1, 1 << 64])
def test_a_number_outside_63_bits_has_no_text(number: int) -> None:
    with pytest.raises(ValueError, match="63-bit"):
        encode(number)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("0" * 12, id="12 characters"),
        pytest.param("0" * 14, id="14 characters"),
        pytest.param("000000000000A", id="upper case"),
        pytest.param("000000000000i", id="i"),
        pytest.param("000000000000l", id="l"),
        pytest.param("000000000000o", id="o"),
        pytest.param("000000000000u", id="u"),
        pytest.param("00000000000-1", id="a sign"),
        pytest.param("000000000000\n", id="a line break"),
        pytest.param(" 000000000001", id="a space"),
        pytest.param("000000000000٣", id="an Arabic-Indic digit"),
        pytest.param("8000000000000", id="one over the greatest"),
        pytest.param("zzzzzzzzzzzzz", id="65 bits"),
    ],
)
def test_a_text_that_is_no_id_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not an id"):
        decode(text)


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0" * 13), (1, "0000000000001"), (31, "000000000000z"), (32, "0000000000010"), (ID_MAX, "7zzzzzzzzzzzz")],
)
def test_numbers_and_their_texts(number: int, text: str) -> None:
    assert encode(number) == text
    assert decode(text) == number


@settings(deadline=None)
@given(st.integers(0, ID_MAX), st.integers(0, ID_MAX))
def test_texts_read_back_and_sort_as_their_numbers(one: int, other: int) -> None:
    assert decode(encode(one)) == one
    assert (encode(one) < encode(other)) is (one < other)


@settings(deadline=None)
@given(st.text(max_size=14) | st.text("0123456789abcdefghjkmnpqrstvwxyz", min_size=13, max_size=13))
def test_a_text_is_either_refused_or_the_one_text_of_its_id(text: str) -> None:
    try:
        number = decode(text)
    except ValueError:
        return
    assert encode(number) == text


@pytest.mark.parametrize(
    "start",
    [
        pytest.param(datetime(1970, 1, 1, tzinfo=UTC), id="at the epoch"),
        pytest.param(datetime(2023, 12, 31, tzinfo=UTC), id="before the first year of ids"),
        pytest.param(datetime(2026, 1, 5, 8, tzinfo=UTC), id="today"),
        pytest.param(datetime(2090, 1, 1, tzinfo=UTC), id="in a far year"),
    ],
)
def test_ids_grow_while_the_clock_stands_still(start: datetime) -> None:
    source = IdSource(ManualClock(start))
    given_out = [source.next() for _ in range(10_000)]
    assert given_out == sorted(set(given_out))
    assert all(0 < number <= ID_MAX for number in given_out)


def test_ids_given_at_once_are_those_given_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mss_sim.ids.secrets.randbits", lambda _bits: 7)
    one, other = IdSource(ManualClock()), IdSource(ManualClock())
    assert one.many(5_000) == [other.next() for _ in range(5_000)]
    assert one.many(0) == []
    assert one.next() == other.next()


def test_ids_grow_with_the_clock() -> None:
    clock = ManualClock()
    source = IdSource(clock)
    before = source.next()
    clock.advance(timedelta(milliseconds=1))
    assert source.next() >= before + (1 << 22)


def test_ids_go_on_behind_those_of_a_clock_that_was_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    nodes = iter((0, 0, 1))
    monkeypatch.setattr(secrets, "randbits", lambda _bits: next(nodes))
    ahead = ManualClock(datetime(2027, 1, 1, tzinfo=UTC))
    newest = IdSource(ahead).next()
    sources = [IdSource(ManualClock(), after=newest) for _ in range(2)]
    new = [source.next() for _ in range(10_000) for source in sources]
    assert min(new) > newest
    assert len(set(new)) == len(new), "two processes that go on behind the same id"


def test_ids_given_to_many_threads_are_all_different() -> None:
    source = IdSource(ManualClock())
    with ThreadPoolExecutor(4) as pool:
        given_out = [number for batch in pool.map(lambda _: [source.next() for _ in range(500)], range(8)) for number in batch]
    assert len(set(given_out)) == 4_000


def test_message_ids_are_in_angle_brackets_under_their_domain_and_differ() -> None:
    source = IdSource(ManualClock())
    given_out = {source.message_id("sim.mssante.fr") for _ in range(100)}
    assert len(given_out) == 100
    assert all(one.startswith("<") and one.endswith("@sim.mssante.fr>") and one.isascii() for one in given_out)


def test_secrets_are_long_and_differ() -> None:
    source = IdSource(ManualClock())
    given_out = {source.secret() for _ in range(100)}
    assert len(given_out) == 100
    assert min(map(len, given_out)) >= 43, "256 bits in base64 take 43 characters"
