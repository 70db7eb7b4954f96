"""Who may do what with a letter in charge: the table of policy/charge.py, refusals first."""

from itertools import product

import pytest

from mss_sim.errors import Refusal, Rule
from mss_sim.policy.charge import (
    NOTE_CHARS_MAX,
    NOTES_MAX,
    Hands,
    Holder,
    check_kind,
    check_note,
    does,
    hands,
    not_a_colleague,
    rights_for,
)
from mss_sim.vocabulary.charge import KEYWORDS, ChargeDeed, ChargeState
from mss_sim.vocabulary.mailboxes import PROFESSIONAL_KINDS, MailboxKind, Right

_SOPHIE = Holder("590000010000017/SEC0001", "Sophie PETIT")
_TABLE = """
            nobody   oneself  a colleague  one who left  done
take        does     same     refused      does          refused
assign      does     does     manage       does          refused
release     same     does     manage       does          same
done        does     does     manage       does          same
reopen      same     same     same         same          does
note        does     does     does         does          does
"""
_ROWS = {line.split()[0]: line.split()[1:] for line in _TABLE.strip().splitlines()[1:]}
_CELLS = [
    pytest.param(deed, where, word, manages, id=f"{deed}: {where.value}, {'manages' if manages else 'does not'}")
    for (deed, manages) in product(ChargeDeed, (False, True))
    for where, word in zip(Hands, _ROWS[deed.value], strict=True)
]


@pytest.mark.parametrize(("deed", "where", "word", "manages"), _CELLS)
def test_what_a_deed_does_by_who_has_the_letter(deed: ChargeDeed, where: Hands, word: str, manages: bool) -> None:
    if word == "refused" or (word == "manage" and not manages):
        with pytest.raises(Refusal) as caught:
            does(deed, where, _SOPHIE, manages=manages)
        assert (caught.value.rule, caught.value.subject, caught.value.reference) == (Rule.IN_CHARGE, _SOPHIE.idnat, "quirks#in-charge")
        reopens = "Sophie PETIT has finished with this letter: reopen it first."
        gives = "Sophie PETIT has this letter in charge: they, or who manages the mailbox, may give it to you."
        assert caught.value.detail == (reopens if where is Hands.DONE else gives)
    else:
        assert does(deed, where, _SOPHIE, manages=manages) == (word != "same")


def test_a_refusal_names_nobody_where_who_had_it_was_deleted() -> None:
    with pytest.raises(Refusal) as caught:
        does(ChargeDeed.TAKE, Hands.DONE, Holder("", ""), manages=True)
    assert caught.value.subject is None
    assert caught.value.detail.startswith("somebody who is not known here any more")


@pytest.mark.parametrize(
    ("state", "own", "may_mark", "where"),
    [
        (ChargeState.OPEN, False, False, Hands.NOBODYS),
        (ChargeState.OPEN, True, True, Hands.NOBODYS),
        (ChargeState.DONE, True, True, Hands.DONE),
        (ChargeState.DONE, False, False, Hands.DONE),
        (ChargeState.IN_CHARGE, True, True, Hands.OWN),
        (ChargeState.IN_CHARGE, True, False, Hands.OWN),
        (ChargeState.IN_CHARGE, False, True, Hands.COLLEAGUES),
        (ChargeState.IN_CHARGE, False, False, Hands.GONE),
    ],
)
def test_in_whose_hands_a_letter_is(state: ChargeState, own: bool, may_mark: bool, where: Hands) -> None:
    assert hands(state, own=own, holder_may_mark=may_mark) is where


@pytest.mark.parametrize("deed", ChargeDeed)
def test_every_deed_needs_to_mark_and_a_note_to_read_too(deed: ChargeDeed) -> None:
    both = (Right.MARK, Right.READ)
    assert rights_for(deed) == (both if deed is ChargeDeed.NOTE else (Right.MARK,))
    assert rights_for(deed, noted=True) == both


@pytest.mark.parametrize("kind", MailboxKind)
def test_letters_are_taken_in_charge_where_several_may_work(kind: MailboxKind) -> None:
    if kind in PROFESSIONAL_KINDS:
        check_kind(kind)
    else:
        with pytest.raises(Refusal) as caught:
            check_kind(kind)
        assert (caught.value.rule, caught.value.reference) == (Rule.INVALID, "quirks#in-charge")
        assert caught.value.detail == "Letters are taken in charge in mailboxes of professionals; a patient's has one reader."


@pytest.mark.parametrize(
    ("text", "notes", "rule", "said"),
    [
        ("", 0, Rule.INVALID, "A note has a text"),
        (" \n\t", 0, Rule.INVALID, "A note has a text"),
        ("é" * (NOTE_CHARS_MAX + 1), 0, Rule.LIMIT_REACHED, f"at most {NOTE_CHARS_MAX} characters"),
        ("Bonjour", NOTES_MAX, Rule.LIMIT_REACHED, f"at most {NOTES_MAX} notes"),
        ("é" * NOTE_CHARS_MAX, NOTES_MAX - 1, None, ""),
        ("<script>", 0, None, ""),
    ],
    ids=["empty", "blank", "too long", "one too many", "as long and as many as may be", "any words"],
)
def test_a_note_has_a_text_and_both_have_an_end(text: str, notes: int, rule: Rule | None, said: str) -> None:
    if rule is None:
        check_note(text, notes)
    else:
        with pytest.raises(Refusal) as caught:
            check_note(text, notes)
        assert (caught.value.rule, caught.value.reference) == (rule, "quirks#in-charge")
        assert said in caught.value.detail


def test_who_may_not_have_a_letter_and_who_is_nobody_are_refused_alike() -> None:
    refusal = not_a_colleague("x", "a@b")
    assert (refusal.rule, refusal.subject, refusal.reference) == (Rule.INVALID, "x", "quirks#in-charge")
    assert refusal.detail.startswith("x may not mark letters in a@b")


def test_keywords_leave_the_prefix_of_registered_ones_to_those() -> None:
    assert KEYWORDS == {ChargeState.IN_CHARGE: "InCharge", ChargeState.DONE: "Handled"}
