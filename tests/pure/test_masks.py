"""What a patient masks from carers: the table of policy/masks.py, what is absent first."""

import pytest

from mss_sim.errors import Refusal, Rule
from mss_sim.policy.access import Access, Grant
from mss_sim.policy.masks import Maskable, Masks, Viewer, decide_carer_receipt, decide_masking, is_shown, viewer_of
from mss_sim.vocabulary.mailboxes import PROFESSIONAL_KINDS, HolderRole, MailboxKind, Right

NOTHING: frozenset[str] = frozenset()
NONE = Masks(frozenset(), NOTHING, NOTHING)
ALL = Masks(frozenset({7, 8}), frozenset({"paul@sim"}), frozenset({"digest"}))
LETTER = Maskable(frozenset({1}), frozenset({"ana@sim", "claire@patient"}), NOTHING)
CARER = Access(grants=(Grant(1, frozenset({Right.SEE, Right.READ})),))
BOX = "claire@patient"
_UNSEEN = f"There is no mailbox {BOX} that you may see."
_NO_HOLDER = f"The right manage over {BOX} is missing;"
_NO_PATIENT = f"{BOX} is no patient's mailbox: only a patient masks letters from carers."

MASKED = [
    pytest.param(LETTER._replace(letters=frozenset({7})), id="the letter"),
    pytest.param(LETTER._replace(letters=frozenset({1, 8})), id="what it reports on"),
    pytest.param(LETTER._replace(correspondents=frozenset({"paul@sim"})), id="its author"),
    pytest.param(LETTER._replace(correspondents=frozenset({"ana@sim", "paul@sim"})), id="one of several correspondents"),
    pytest.param(LETTER._replace(documents=frozenset({"other", "digest"})), id="one of its documents"),
    pytest.param(Maskable(frozenset({7}), frozenset({"paul@sim"}), frozenset({"digest"})), id="all of it"),
]


@pytest.mark.parametrize("letter", MASKED)
def test_what_one_mask_matches_is_absent_for_a_carer_and_there_for_everybody_else(letter: Maskable) -> None:
    assert not is_shown(Viewer.CARER, ALL, letter)
    assert is_shown(Viewer.HOLDER, ALL, letter)
    assert is_shown(Viewer.DELEGATE, ALL, letter)


@pytest.mark.parametrize("viewer", Viewer)
def test_what_no_mask_matches_is_shown_to_everybody(viewer: Viewer) -> None:
    assert is_shown(viewer, ALL, LETTER)
    for letter in (one.values[0] for one in MASKED):
        assert isinstance(letter, Maskable)
        assert is_shown(viewer, NONE, letter)


@pytest.mark.parametrize("kind", MailboxKind)
def test_who_looks(kind: MailboxKind) -> None:
    for role in HolderRole:
        assert viewer_of(kind, Access(role, CARER.grants)) is Viewer.HOLDER
    assert viewer_of(kind, CARER) is (Viewer.CARER if kind is MailboxKind.PATIENT else Viewer.DELEGATE)


@pytest.mark.parametrize(
    ("kind", "access", "rule", "told", "reference"),
    [
        (MailboxKind.PATIENT, Access(), Rule.NOT_FOUND, _UNSEEN, None),
        (MailboxKind.PATIENT, Access(grants=(Grant(1, frozenset({Right.READ})),)), Rule.NOT_FOUND, _UNSEEN, None),
        (MailboxKind.PATIENT, CARER, Rule.RIGHT_MISSING, _NO_HOLDER, "quirks#rights"),
        (MailboxKind.PATIENT, Access(grants=(Grant(1, frozenset(Right)),)), Rule.RIGHT_MISSING, _NO_HOLDER, "quirks#rights"),
        *((kind, Access(HolderRole.OWNER), Rule.INVALID, _NO_PATIENT, "quirks#masks") for kind in sorted(PROFESSIONAL_KINDS)),
    ],
)
def test_nobody_but_the_patient_masks(kind: MailboxKind, access: Access, rule: Rule, told: str, reference: str | None) -> None:
    with pytest.raises(Refusal) as refused:
        decide_masking(kind, access, BOX)
    assert (refused.value.rule, refused.value.subject, refused.value.reference) == (rule, BOX, reference)
    assert refused.value.detail.startswith(told)


def test_the_patient_masks() -> None:
    decide_masking(MailboxKind.PATIENT, Access(HolderRole.OWNER), BOX)


def test_a_carers_reading_is_confirmed_only_where_that_is_allowed() -> None:
    with pytest.raises(Refusal) as refused:
        decide_carer_receipt(Viewer.CARER, allowed=False)
    assert (refused.value.rule, refused.value.reference) == (Rule.RECEIPT_NOT_REQUESTED, "quirks#carer-receipt")
    assert refused.value.detail == "The patient alone confirms that a letter was read; a carer's reading sends no receipt."
    decide_carer_receipt(Viewer.CARER, allowed=True)
    for viewer in (Viewer.HOLDER, Viewer.DELEGATE):
        decide_carer_receipt(viewer, allowed=False)
