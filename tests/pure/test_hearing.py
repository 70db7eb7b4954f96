"""Who hears of what happens in a mailbox: the table, row by row."""

import pytest

from mss_sim.policy.access import Access, Grant
from mss_sim.policy.hearing import Hearing, hearing, is_for_carers
from mss_sim.vocabulary.events import EVENTS, KINDS, RESET, Family, family_of, schema_of
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.mailboxes import HolderRole, Right

_NOTHING, _OUTLINE, _WHOLE = Hearing.NOTHING, Hearing.OUTLINE, Hearing.WHOLE
_OWNER, _STRANGER = Access(HolderRole.OWNER), Access()


def _with(*rights: Right) -> Access:
    return Access(grants=(Grant(1, frozenset(rights)),))


_SEES, _READS, _MANAGES = _with(Right.SEE), _with(Right.SEE, Right.READ), _with(Right.SEE, Right.MANAGE)


@pytest.mark.parametrize(
    ("kind", "sees", "reads"),
    [
        (Act.RECEIVED, _NOTHING, _OUTLINE),
        (Act.READ, _NOTHING, _OUTLINE),
        (Act.RECEIPT_MATCHED, _NOTHING, _OUTLINE),
        ("timeline.delivered", _NOTHING, _OUTLINE),
        (Act.PAPER_DONE, _NOTHING, _OUTLINE),
        (Act.CLOSED, _NOTHING, _OUTLINE),
        (Act.FOLDER_CREATED, _OUTLINE, _OUTLINE),
        (Act.MAILBOX_CHANGED, _OUTLINE, _OUTLINE),
        (Act.VISITED, _NOTHING, _NOTHING),
        (Act.REFUSED, _NOTHING, _NOTHING),
        (Act.NOT_QUALIFIED, _NOTHING, _NOTHING),
        (Act.GRANTED, _NOTHING, _NOTHING),
        (Act.HOLDER_ADDED, _NOTHING, _NOTHING),
        (Act.MASKED, _NOTHING, _NOTHING),
        (Act.OUT_OF_OFFICE_SET, _NOTHING, _NOTHING),
        (Act.FORWARDING_SET, _NOTHING, _NOTHING),
        (Act.RIGHT_REFUSED, _NOTHING, _NOTHING),
    ],
)
def test_what_a_right_lets_hear(kind: str, sees: Hearing, reads: Hearing) -> None:
    assert (hearing(kind, _SEES), hearing(kind, _READS)) == (sees, reads)
    assert hearing(kind, _with(Right.READ)) is _NOTHING, "who may not see the mailbox hears nothing"
    assert hearing(kind, _STRANGER) is _NOTHING
    assert hearing(kind, _MANAGES) is hearing(kind, _OWNER) is _WHOLE
    assert hearing(kind, _SEES, own=True) is _WHOLE


@pytest.mark.parametrize("kind", [Act.GRANTED, Act.REVOKED, Act.HANDED_OVER, Act.HOLDER_REMOVED])
def test_whom_a_grant_names_hears_of_it_wherever_he_stands(kind: str) -> None:
    assert hearing(kind, _STRANGER, named=True) is _WHOLE
    assert hearing(Act.RENOUNCED, _STRANGER, own=True) is _WHOLE


@pytest.mark.parametrize("kind", [Act.RECEIVED, Act.MAILBOX_CHANGED, "timeline.failed"])
def test_a_name_or_an_act_opens_nothing_else(kind: str) -> None:
    assert hearing(kind, _STRANGER, named=True) is hearing(kind, _STRANGER, own=True) is _NOTHING


def test_everybody_hears_of_the_world() -> None:
    assert hearing(RESET, _STRANGER) is _WHOLE
    assert is_for_carers(RESET, letter=False, shown=False)


@pytest.mark.parametrize(
    ("kind", "letter", "shown", "told"),
    [
        (Act.RECEIVED, True, True, True),
        (Act.RECEIVED, True, False, False),
        (Act.DELETED, True, False, False),
        (Act.FOLDER_CREATED, False, False, True),
        (Act.MAILBOX_CHANGED, False, False, True),
        (Act.VISITED, False, False, False),
        (Act.MASKED, False, False, False),
        (Act.RECEIPT_SENT, False, False, False),
        (Act.GRANTED, False, False, True),
    ],
)
def test_a_carer_hears_of_what_lies_where_carers_look(kind: str, letter: bool, shown: bool, told: bool) -> None:
    assert is_for_carers(kind, letter=letter, shown=shown) is told


def test_every_kind_has_a_family_a_sentence_and_a_schema() -> None:
    assert set(EVENTS) == set(KINDS)
    assert len(KINDS) == len(set(KINDS))
    assert {family_of(kind) for kind in KINDS} == set(Family)
    for kind in KINDS:
        schema = schema_of(kind)
        assert schema["description"].endswith(".")
        assert schema["properties"].keys() == EVENTS[kind].detail.keys()
    assert schema_of(Act.SUBMITTED)["properties"]["to"] == {"type": "array", "items": {"type": "string"}}
    assert schema_of(Act.OUT_OF_OFFICE_SET)["properties"]["until"] == {
        "anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]
    }
