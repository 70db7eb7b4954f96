"""Base subjects, SORT and THREAD=REFERENCES, with the examples of RFC 5256."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mss_sim.imap.grammar.threads import ThreadedMessage, base_subject, by_references, ordered


@pytest.mark.parametrize(
    ("subject", "base"),
    [
        ("", ""),
        ("   ", ""),
        ("Re:", ""),
        ("(fwd)", ""),
        ("Re: (fwd)", ""),
        ("[a]", "[A]"),
        ("[a] [b]", "[B]"),
        ("regarding: x", "REGARDING: X"),
        ("forward: x", "FORWARD: X"),
        ("[unclosed x", "[UNCLOSED X"),
        ("a [b", "A [B"),
        ("[fwd: x", "[FWD: X"),
        ("x", "X"),
        ("  a \t b\r\n c ", "A B C"),
        ("Re: x", "X"),
        ("re : x", "X"),
        ("RE:x", "X"),
        ("Re: Re: FW: Fwd: x", "X"),
        ("Re[2]: x", "X"),
        ("Re [2] : x", "X"),
        ("[list] Re: x", "X"),
        ("[list] [other] x", "X"),
        ("Re: [list] Re: x", "X"),
        ("[list]x", "X"),
        ("x (fwd)", "X"),
        ("x (FWD) (fwd) ", "X"),
        ("[fwd: x]", "X"),
        ("[Fwd: Re: x (fwd)]", "X"),
        ("[fwd: [fwd: [list] x]]", "X"),
        ("Re: [Fwd: x]", "X"),
        ("[fwd: a] b", "B"),
        ("x [b]", "X [B]"),
        ("x re: y", "X RE: Y"),
        ("Été", "ÉTÉ"),
    ],
)
def test_the_base_of_a_subject(subject: str, base: str) -> None:
    assert base_subject(subject) == base


@given(st.lists(st.sampled_from(["re:", "Fwd:", "[l]", "(fwd)", "[fwd:", "]", "[", " ", "x", "re", ":", "é"]), max_size=12).map("".join))
def test_a_base_is_its_own_base(subject: str) -> None:
    base = base_subject(subject)
    assert base_subject(base) == base
    assert base_subject(f"Re: {subject}") == base


def letter(number: int, message_id: str | None = None, *references: str, subject: str = "", sent_at: int | None = None) -> ThreadedMessage:
    return ThreadedMessage(number, message_id, references, subject, number if sent_at is None else sent_at, number, 10)


def test_letters_are_sorted_by_each_key_in_turn_and_equal_ones_by_their_number() -> None:
    one = ThreadedMessage(1, None, (), "Re: b", 30, 1, 5, ("Zoe", "b", ""))
    two = ThreadedMessage(2, None, (), "a", 10, 3, 5, ("anna", "a", "c"))
    three = ThreadedMessage(3, None, (), "B", 20, 2, 9, ("Bob", "a", "c"))
    letters = [three, one, two]
    assert ordered(letters, [("ARRIVAL", False)]) == [1, 3, 2]
    assert ordered(letters, [("DATE", False)]) == [2, 3, 1]
    assert ordered(letters, [("DATE", True)]) == [1, 3, 2]
    assert ordered(letters, [("SIZE", False)]) == [1, 2, 3]
    assert ordered(letters, [("SIZE", True)]) == [3, 1, 2]
    assert ordered(letters, [("SUBJECT", False), ("DATE", False)]) == [2, 3, 1]
    assert ordered(letters, [("FROM", False)]) == [2, 3, 1]
    assert ordered(letters, [("TO", False), ("CC", True)]) == [2, 3, 1]
    assert ordered([], [("DATE", False)]) == []


A, B, C, D, E = "<a@x>", "<b@x>", "<c@x>", "<d@x>", "<e@x>"


@pytest.mark.parametrize(
    ("letters", "shown"),
    [
        pytest.param([], b"", id="none"),
        pytest.param([letter(1)], b"(1)", id="one"),
        pytest.param([letter(1), letter(2)], b"(1)(2)", id="two without anything in common"),
        pytest.param([letter(1, A, A)], b"(1)", id="one that answers itself"),
        pytest.param([letter(1, A, B), letter(2, B, A)], b"(2 1)", id="two that answer each other"),
        pytest.param([letter(1, A, C), letter(2, B, A), letter(3, C, B)], b"(3 1 2)", id="three that answer each other in a ring"),
        pytest.param([letter(1, A, A, A, B, A)], b"(1)", id="one that names itself again and again"),
        pytest.param([letter(1, A), letter(2, A)], b"(1)(2)", id="two of one id"),
        pytest.param([letter(1, A), letter(2, A), letter(3, B, A)], b"(1 3)(2)", id="the first of two of one id has the answers"),
        pytest.param([letter(1, A), letter(2, B, A), letter(3, C, A, B)], b"(1 2 3)", id="a chain"),
        pytest.param([letter(3, A), letter(2, B, A), letter(1, C, A, B)], b"(3 2 1)", id="a chain that came in the wrong order"),
        pytest.param([letter(1, A), letter(2, B, A), letter(3, C, A)], b"(1 (2)(3))", id="two answers"),
        pytest.param([letter(1, A), letter(2, B, A, sent_at=9), letter(3, C, A)], b"(1 (3)(2))", id="two answers by date"),
        pytest.param([letter(1, A), letter(2, B, A), letter(3, C, B), letter(4, D, B)], b"(1 2 (3)(4))", id="an answer with two answers"),
        pytest.param([letter(1, B, A)], b"(1)", id="an answer to what is not there"),
        pytest.param([letter(1, B, A), letter(2, C, A)], b"((1)(2))", id="two answers to what is not there"),
        pytest.param([letter(1, A), letter(2, D, A, B, C)], b"(1 2)", id="what is not there in the middle"),
        pytest.param([letter(1, A), letter(2, D, B), letter(3, C, A, B)], b"(1 (2)(3))", id="what is not there has a parent"),
        pytest.param([letter(1, C, A, B), letter(2, B), letter(3, A)], b"(2 1)(3)", id="a letter without references has no parent"),
        pytest.param([letter(1, D, A, C), letter(2, C, B), letter(3, A), letter(4, B)], b"(3)(4 2 1)", id="a letter knows its parent best"),
        pytest.param([letter(1, None, A, B), letter(2, B, A)], b"(2 1)", id="a letter that rises to the top is shown once"),
        pytest.param([letter(1, A, sent_at=9), letter(2, B)], b"(2)(1)", id="threads by the date of their first"),
    ],
)
def test_letters_are_threaded_by_their_references(letters: list[ThreadedMessage], shown: bytes) -> None:
    assert by_references(letters) == shown


@pytest.mark.parametrize(
    ("letters", "shown"),
    [
        pytest.param([letter(1, subject="a"), letter(2, subject="b")], b"(1)(2)", id="two subjects"),
        pytest.param([letter(1, subject=""), letter(2, subject="Re:")], b"(1)(2)", id="no subject"),
        pytest.param([letter(1, subject="a"), letter(2, subject="Re: a")], b"(1 2)", id="an answer"),
        pytest.param([letter(1, subject="Re: a"), letter(2, subject="a")], b"(2 1)", id="an answer that came first"),
        pytest.param([letter(1, subject="a"), letter(2, subject="A")], b"((1)(2))", id="two that are no answers"),
        pytest.param(
            [letter(1, A, subject="a"), letter(2, B, A), letter(3, subject="a")], b"((1 2)(3))", id="two of which one is answered"
        ),
        pytest.param([letter(1, subject="a"), letter(2, subject="[l] a")], b"((1)(2))", id="the name of a list makes no answer"),
        pytest.param([letter(1, subject="Re: a"), letter(2, subject="Fwd: a")], b"((1)(2))", id="two answers"),
        pytest.param([letter(n, subject="a") for n in (1, 2, 3)], b"((1)(2)(3))", id="three that are no answers"),
        pytest.param([letter(1, subject="a"), letter(2, subject="a (fwd)"), letter(3, subject="[Fwd: a]")], b"(1 (2)(3))", id="forwards"),
        pytest.param(
            [letter(1, B, A, subject="Re: a"), letter(2, C, A, subject="Re: a"), letter(3, subject="Re: a")],
            b"((1)(2)(3))",
            id="an answer to what is not there joins its other answers",
        ),
        pytest.param(
            [letter(1, B, A, subject="a"), letter(2, C, A, subject="a"), letter(3, subject="a")],
            b"((1)(2)(3))",
            id="one that is no answer joins the answers to what is not there",
        ),
        pytest.param(
            [letter(1, subject="a"), letter(2, B, A, subject="a"), letter(3, C, A, subject="a")],
            b"((1)(2)(3))",
            id="one that is no answer and is older joins the answers to what is not there",
        ),
        pytest.param(
            [letter(1, B, A, subject="a"), letter(2, C, A, subject="a"), letter(3, E, D, subject="a"), letter(4, "<f@x>", D, subject="a")],
            b"((1)(2)(3)(4))",
            id="two that are not there become one",
        ),
        pytest.param([letter(1, A, subject="a"), letter(2, B, A, subject="b"), letter(3, subject="b")], b"(1 2)(3)", id="only roots count"),
    ],
)
def test_roots_of_one_subject_are_put_together(letters: list[ThreadedMessage], shown: bytes) -> None:
    assert by_references(letters) == shown


@pytest.mark.parametrize(("place", "linked"), [(84, True), (85, False)], ids=["the last step", "one step too many"])
def test_rings_are_looked_for_within_twenty_steps_for_each_letter_and_reference(place: int, linked: bool) -> None:
    above = [f"<{n}@above>" for n in range(1, 101)]

    def answered(n: int, to: str) -> list[ThreadedMessage]:
        return [letter(n, f"<{n}@x>", f"<{n + 1}@x>"), letter(n + 1, f"<{n + 1}@x>", to)]

    letters = [letter(1, A, *above)]  # brings 2020 steps
    for n in range(2, 194, 2):
        letters += answered(n, A)  # brings 80 and takes 101, 96 times: 4 are left, and the next brings 80
    shown = by_references([*letters, *answered(194, above[place - 1])])
    assert shown.endswith(b"(195 194))") is linked


@pytest.mark.no_cover
@pytest.mark.parametrize("reverse", [False, True], ids=["in order", "turned around"])
def test_thousands_of_answers_deep(reverse: bool) -> None:
    count = 5_000
    letters = [letter(n, f"<{n}@x>", *(f"<{m}@x>" for m in range(max(1, n - 20), n))) for n in range(1, count + 1)]
    if reverse:
        letters = [one._replace(number=count + 1 - one.number) for one in letters]
    start = time.process_time()
    shown = by_references(letters)
    assert time.process_time() - start < 5
    assert shown == b"(%b)" % b" ".join(b"%d" % n for n in sorted(range(1, count + 1), reverse=reverse))


def test_thousands_of_answers_to_one() -> None:
    letters = [letter(1, A), *(letter(n, f"<{n}@x>", A) for n in range(2, 5_001))]
    assert by_references(letters) == b"(1 " + b"".join(b"(%d)" % n for n in range(2, 5_001)) + b")"


_IDS = st.sampled_from([A, B, C, D, E])
_LETTERS = st.lists(
    st.tuples(
        st.one_of(st.none(), _IDS),
        st.lists(_IDS, max_size=4),
        st.sampled_from(["", "a", "Re: a", "b", "[l] b", "Fwd: b"]),
        st.integers(0, 4),
    ),
    max_size=10,
)


@given(_LETTERS)
def test_each_letter_stands_in_one_thread_and_the_lists_follow_the_grammar(rows: list[tuple[str | None, list[str], str, int]]) -> None:
    letters = [letter(n, own, *named, subject=subject, sent_at=at) for n, (own, named, subject, at) in enumerate(rows, 1)]
    shown = by_references(letters).decode()
    assert sorted(map(int, re.findall(r"\d+", shown))) == list(range(1, len(rows) + 1))
    previous = None
    while previous != shown:  # thread-list = "(" (thread-members / thread-nested) ")", inner ones first; `n` is a list that was read
        previous = shown
        shown = re.sub(r"\((?:\d+(?: \d+)*(?: nn+)?|nn+)\)", "n", shown)
    assert shown == "n" * len(shown)
