"""Who holds what over a mailbox at one instant: validity windows, roles, unions of grants, refusals."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mss_sim.errors import Refusal, Rule
from mss_sim.policy.access import ALL_RIGHTS, Access, Grant, access_at, flag_rights
from mss_sim.vocabulary.mailboxes import HolderRole, Right

NOW = 1_767_600_000_000_000
ADDRESS = "cabinet@sim.mssante.fr"


@pytest.mark.parametrize(
    ("valid_from", "valid_until", "revoked_at"),
    [
        pytest.param(NOW + 1, None, None, id="one microsecond before it starts"),
        pytest.param(None, NOW, None, id="at the instant valid_until, which is the first one outside"),
        pytest.param(None, NOW - 1, None, id="after valid_until"),
        pytest.param(NOW, NOW, None, id="an empty window"),
        pytest.param(NOW + 1, NOW - 1, None, id="a window turned around"),
        pytest.param(None, None, NOW, id="at the instant of the revocation"),
        pytest.param(None, None, NOW - 1, id="after the revocation"),
        pytest.param(NOW - 1, NOW + 1, NOW - 1, id="revoked inside an open window"),
        pytest.param(None, None, 0, id="revoked at the epoch, an instant like any other"),
        pytest.param(None, 0, None, id="over since the epoch"),
    ],
)
def test_a_grant_gives_nothing_outside_its_window(valid_from: int | None, valid_until: int | None, revoked_at: int | None) -> None:
    grant = Grant(1, ALL_RIGHTS, valid_from, valid_until, revoked_at)
    assert not grant.holds_at(NOW)
    assert access_at(NOW, None, [grant]) == Access()


@pytest.mark.parametrize(
    ("valid_from", "valid_until", "revoked_at"),
    [
        pytest.param(None, None, None, id="without bounds"),
        pytest.param(NOW, None, None, id="at the instant valid_from, which is the first one inside"),
        pytest.param(NOW - 1, None, None, id="after valid_from"),
        pytest.param(None, NOW + 1, None, id="one microsecond before valid_until"),
        pytest.param(NOW, NOW + 1, None, id="a window of one microsecond"),
        pytest.param(0, None, None, id="valid since the epoch"),
        pytest.param(None, None, NOW + 1, id="one microsecond before the revocation"),
    ],
)
def test_a_grant_gives_its_rights_inside_its_window(valid_from: int | None, valid_until: int | None, revoked_at: int | None) -> None:
    grant = Grant(1, frozenset({Right.READ}), valid_from, valid_until, revoked_at)
    assert grant.holds_at(NOW)
    assert access_at(NOW, None, [grant]).rights == {Right.READ}


def test_somebody_without_role_or_grant_holds_nothing() -> None:
    assert Access().rights == frozenset()


@pytest.mark.parametrize("role", list(HolderRole))
def test_every_kind_of_holder_holds_every_right(role: HolderRole) -> None:
    access = Access(role)
    assert access.rights == set(Right)
    for right in Right:
        access.require(right, ADDRESS)


@pytest.mark.parametrize("role", list(HolderRole))
def test_a_holder_needs_no_grant_even_when_he_has_one(role: HolderRole) -> None:
    access = Access(role, (Grant(7, ALL_RIGHTS),))
    assert [access.grant_for(right) for right in Right] == [None] * len(Right)


def test_a_grant_without_any_right_gives_none() -> None:
    assert Access(grants=(Grant(1, frozenset()),)).rights == frozenset()


def test_the_first_grant_that_gives_a_right_is_named() -> None:
    see = Grant(1, frozenset({Right.SEE}))
    read = Grant(2, frozenset({Right.SEE, Right.READ}))
    again = Grant(3, frozenset({Right.READ, Right.MARK}))
    access = Access(grants=(see, read, again))
    assert [access.grant_for(right) for right in (Right.SEE, Right.READ, Right.MARK, Right.DELETE)] == [see, read, again, None]


@pytest.mark.parametrize(
    ("held", "asked", "rule"),
    [
        pytest.param(set(), Right.SEE, Rule.NOT_FOUND, id="nothing held, see asked"),
        pytest.param(set(), Right.READ, Rule.NOT_FOUND, id="nothing held, read asked"),
        pytest.param(set(), Right.SEND_AS, Rule.NOT_FOUND, id="nothing held, send_as asked"),
        pytest.param({Right.READ}, Right.SEE, Rule.NOT_FOUND, id="read without see, see asked"),
        pytest.param({Right.READ}, Right.READ, Rule.NOT_FOUND, id="read without see, read asked"),
        pytest.param(set(Right) - {Right.SEE}, Right.MANAGE, Rule.NOT_FOUND, id="everything but see, manage asked"),
        pytest.param({Right.SEND_AS}, Right.SEND_ON_BEHALF, Rule.RIGHT_MISSING, id="one send right without see, the other asked"),
        pytest.param({Right.SEE}, Right.READ, Rule.RIGHT_MISSING, id="see held, read asked"),
        pytest.param({Right.SEE, Right.READ}, Right.MANAGE, Rule.RIGHT_MISSING, id="see and read held, manage asked"),
    ],
)
def test_a_right_that_is_not_held_is_refused(held: set[Right], asked: Right, rule: Rule) -> None:
    access = Access(grants=(Grant(1, frozenset(held)),))
    with pytest.raises(Refusal) as refused:
        access.require(asked, ADDRESS)
    assert (refused.value.rule, refused.value.subject) == (rule, ADDRESS)
    assert ADDRESS in refused.value.detail


@pytest.mark.parametrize("right", list(Right))
def test_a_right_alone_does_only_what_needs_no_see(right: Right) -> None:
    alone = Access(grants=(Grant(1, frozenset({right})),))
    with_see = Access(grants=(Grant(1, frozenset({right})), Grant(2, frozenset({Right.SEE}))))
    assert alone.may(right) is (right in {Right.SEE, Right.SEND_AS, Right.SEND_ON_BEHALF})
    assert with_see.may(right)


@pytest.mark.parametrize("right", list(Right))
def test_what_is_refused_is_what_may_not_be_done(right: Right) -> None:
    for held in (frozenset[Right](), frozenset({right}), frozenset({right, Right.SEE}), frozenset(Right) - {right}):
        access = Access(grants=(Grant(1, held),))
        if access.may(right):
            access.require(right, ADDRESS)
        else:
            with pytest.raises(Refusal):
                access.require(right, ADDRESS)


@pytest.mark.parametrize("asked", list(Right))
def test_an_identity_without_any_right_cannot_tell_a_mailbox_from_a_missing_one(asked: Right) -> None:
    with pytest.raises(Refusal) as refused:
        Access().require(asked, ADDRESS)
    assert refused.value.rule is Rule.NOT_FOUND


def test_a_refusal_names_the_missing_right() -> None:
    with pytest.raises(Refusal, match="send_on_behalf"):
        Access(grants=(Grant(1, frozenset({Right.SEE})),)).require(Right.SEND_ON_BEHALF, ADDRESS)


_INSTANTS = st.none() | st.integers(NOW - 2, NOW + 2)
_GRANTS = st.builds(Grant, st.integers(1, 9), st.frozensets(st.sampled_from(Right)), _INSTANTS, _INSTANTS, _INSTANTS)


@settings(deadline=None)
@given(st.lists(_GRANTS, max_size=5), st.none() | st.sampled_from(HolderRole))
def test_rights_are_those_of_the_role_and_of_the_grants_in_force_and_no_other(grants: list[Grant], role: HolderRole | None) -> None:
    access = access_at(NOW, role, grants)
    expected = set(ALL_RIGHTS) if role else set()
    for grant in grants:
        if grant.holds_at(NOW):
            expected |= grant.rights
    assert access.rights == expected
    for right in Right:
        given_by = access.grant_for(right)
        assert (given_by is not None) == (right in expected and role is None)


@settings(deadline=None)
@given(_GRANTS, st.integers(0, 5))
def test_a_revoked_grant_never_comes_back(grant: Grant, later: int) -> None:
    if grant.revoked_at is not None and grant.revoked_at <= NOW:
        assert not grant.holds_at(NOW + later)


@pytest.mark.parametrize(
    ("words", "replace", "needed"),
    [
        pytest.param([], False, (Right.MARK,), id="nothing"),
        pytest.param(["\\Seen"], False, (Right.MARK,), id="a mark"),
        pytest.param(["\\Seen", "urgent"], False, (Right.MARK,), id="two marks"),
        pytest.param(["\\Deleted"], False, (Right.DELETE,), id="deleted alone"),
        pytest.param(["\\Deleted", "urgent"], False, (Right.MARK, Right.DELETE), id="deleted and a mark"),
        pytest.param(["\\Seen"], True, (Right.MARK,), id="a mark instead of all others"),
        pytest.param(["\\Deleted"], True, (Right.MARK, Right.DELETE), id="deleted instead of all others"),
    ],
)
def test_deleted_needs_the_right_to_delete_and_every_other_flag_the_right_to_mark(
    words: list[str], replace: bool, needed: tuple[Right, ...]
) -> None:
    assert flag_rights(words, replace=replace) == needed


def test_flags_are_changed_beside_the_others_unless_they_replace_them() -> None:
    assert flag_rights(["\\Deleted"]) == (Right.DELETE,)
