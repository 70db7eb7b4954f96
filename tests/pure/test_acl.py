"""Rights as the letters of RFC 4314."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mss_sim.errors import Refusal, Rule
from mss_sim.policy.acl import LETTERS, letters_of, rights_of
from mss_sim.vocabulary.mailboxes import Right


@pytest.mark.parametrize("text", ["z", "lrz", "L", "X", "2", " ", "l r", "é", "+l", "\x00"])
def test_an_unknown_letter_is_refused(text: str) -> None:
    with pytest.raises(Refusal) as refused:
        rights_of(text)
    assert refused.value.rule is Rule.INVALID
    assert refused.value.reference == "rfc4314#2.1"


def test_every_right_has_letters_and_no_letter_stands_for_two() -> None:
    assert set(LETTERS) == set(Right)
    assert all(LETTERS.values())
    letters = "".join(LETTERS.values())
    assert len(set(letters)) == len(letters)
    assert all(letter.isdigit() or letter in "lrswipkxtea" for letter in letters)


@pytest.mark.parametrize(
    ("text", "rights"),
    [
        ("", set()),
        ("l", {Right.SEE}),
        ("lr", {Right.SEE, Right.READ}),
        ("rllr", {Right.SEE, Right.READ}),
        ("s", {Right.MARK}),
        ("w", {Right.MARK}),
        ("i", {Right.FILE}),
        ("x", {Right.FILE}),
        ("e", {Right.DELETE}),
        ("p01", {Right.SEND_ON_BEHALF, Right.SEND_AS, Right.CLOSE}),
        ("a", {Right.MANAGE}),
        ("c", {Right.FILE}),
        ("d", {Right.DELETE}),
        ("lrswipcda", {Right.SEE, Right.READ, Right.MARK, Right.FILE, Right.SEND_ON_BEHALF, Right.DELETE, Right.MANAGE}),
    ],
)
def test_letters_are_read(text: str, rights: set[Right]) -> None:
    assert rights_of(text) == rights


@given(st.sets(st.sampled_from(Right)))
def test_rights_come_back_from_their_letters(rights: set[Right]) -> None:
    assert rights_of(letters_of(rights)) == rights


@given(st.text("lrswipkxtea01cd"))
def test_letters_are_shown_in_one_order_whatever_was_written(text: str) -> None:
    shown = letters_of(rights_of(text))
    assert letters_of(rights_of(shown)) == shown
    assert set(text) - set("cd") <= set(shown)
