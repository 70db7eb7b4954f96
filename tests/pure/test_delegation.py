"""Delegation: in what quality somebody sends, who may grant what to whom, who may take it back."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mss_sim.errors import Refusal, Rule
from mss_sim.policy.access import ALL_RIGHTS, Access, Grant
from mss_sim.policy.delegation import (
    CarerRules,
    Grantee,
    SendAs,
    decide_grant,
    decide_hand_over,
    decide_leaving,
    decide_revocation,
    decide_sending,
    decide_window,
)
from mss_sim.vocabulary.mailboxes import PROFESSIONAL_KINDS, HolderRole, IdentityKind, MailboxKind, MailboxState, Right, SendMode

ADDRESS = "cabinet@sim.mssante.fr"
NOW = 1_767_600_000_000_000
AS, ON_BEHALF, OWNER = SendMode.AS, SendMode.ON_BEHALF, SendMode.OWNER
STRANGER = Access()
READER = Access(grants=(Grant(1, frozenset({Right.SEE, Right.READ})),))
MANAGER = Access(grants=(Grant(2, frozenset({Right.SEE, Right.READ, Right.MANAGE})),))
HOLDERS = [Access(role) for role in HolderRole]
BOB = Grantee("810000000018", IdentityKind.PROFESSIONAL, anonymous_card=False, enabled=True)


def with_rights(*rights: Right) -> Access:
    return Access(grants=(Grant(1, frozenset(rights)),))


@pytest.mark.parametrize("precedence", [AS, ON_BEHALF])
@pytest.mark.parametrize(
    ("access", "wished"),
    [
        pytest.param(STRANGER, None, id="a stranger"),
        pytest.param(STRANGER, OWNER, id="a stranger who wishes to be an owner"),
        pytest.param(READER, None, id="a reader"),
        pytest.param(MANAGER, None, id="a grantee with manage and no send right"),
        pytest.param(with_rights(*(ALL_RIGHTS - {Right.SEND_AS, Right.SEND_ON_BEHALF})), None, id="all rights but the two that send"),
        pytest.param(with_rights(Right.SEND_AS), ON_BEHALF, id="send_as held, on behalf wished"),
        pytest.param(with_rights(Right.SEND_ON_BEHALF), AS, id="on behalf held, send_as wished"),
        pytest.param(with_rights(*ALL_RIGHTS), OWNER, id="every right by grant, owner wished"),
    ],
)
def test_who_may_not_send_is_refused(access: Access, precedence: SendMode, wished: SendMode | None) -> None:
    with pytest.raises(Refusal) as refused:
        decide_sending(access, ADDRESS, precedence, wished)
    assert (refused.value.rule, refused.value.subject) == (Rule.SEND_NOT_ALLOWED, ADDRESS)


@pytest.mark.parametrize("access", HOLDERS, ids=list(HolderRole))
@pytest.mark.parametrize("precedence", [AS, ON_BEHALF])
@pytest.mark.parametrize(("wished", "mode"), [(None, OWNER), (OWNER, OWNER), (AS, AS), (ON_BEHALF, ON_BEHALF)])
def test_a_holder_sends_in_any_quality_and_by_no_grant(
    access: Access, precedence: SendMode, wished: SendMode | None, mode: SendMode
) -> None:
    assert decide_sending(access, ADDRESS, precedence, wished) == SendAs(mode)


@pytest.mark.parametrize(
    ("rights", "precedence", "wished", "mode"),
    [
        pytest.param({Right.SEND_AS}, AS, None, AS, id="send_as only"),
        pytest.param({Right.SEND_AS}, ON_BEHALF, None, AS, id="send_as only, on behalf first"),
        pytest.param({Right.SEND_ON_BEHALF}, AS, None, ON_BEHALF, id="on behalf only, send_as first"),
        pytest.param({Right.SEND_ON_BEHALF}, ON_BEHALF, None, ON_BEHALF, id="on behalf only"),
        pytest.param({Right.SEND_AS, Right.SEND_ON_BEHALF}, AS, None, AS, id="both, send_as first as in Exchange"),
        pytest.param({Right.SEND_AS, Right.SEND_ON_BEHALF}, ON_BEHALF, None, ON_BEHALF, id="both, on behalf first as in Zarafa"),
        pytest.param({Right.SEND_AS, Right.SEND_ON_BEHALF}, AS, ON_BEHALF, ON_BEHALF, id="both, the wish beats send_as first"),
        pytest.param({Right.SEND_AS, Right.SEND_ON_BEHALF}, ON_BEHALF, AS, AS, id="both, the wish beats on behalf first"),
    ],
)
def test_a_grantee_sends_in_the_quality_that_is_held(
    rights: set[Right], precedence: SendMode, wished: SendMode | None, mode: SendMode
) -> None:
    grant = Grant(5, frozenset(rights))
    assert decide_sending(Access(grants=(grant,)), ADDRESS, precedence, wished) == SendAs(mode, grant)


@pytest.mark.parametrize(("precedence", "grant_id"), [(AS, 2), (ON_BEHALF, 1)])
def test_the_grant_that_gives_the_chosen_quality_is_the_one_named(precedence: SendMode, grant_id: int) -> None:
    access = Access(grants=(Grant(1, frozenset({Right.SEND_ON_BEHALF})), Grant(2, frozenset({Right.SEND_AS}))))
    grant = decide_sending(access, ADDRESS, precedence).grant
    assert grant is not None
    assert grant.id == grant_id


@pytest.mark.parametrize(
    ("granter", "rights", "to_himself", "rule"),
    [
        pytest.param(STRANGER, {Right.SEE}, False, Rule.GRANT_NOT_ALLOWED, id="a stranger"),
        pytest.param(READER, {Right.SEE}, False, Rule.GRANT_NOT_ALLOWED, id="a grantee without manage, a right that he holds"),
        pytest.param(MANAGER, {Right.SEND_AS}, False, Rule.GRANT_NOT_ALLOWED, id="more than held"),
        pytest.param(MANAGER, {Right.READ, Right.DELETE}, False, Rule.GRANT_NOT_ALLOWED, id="one held and one not"),
        pytest.param(MANAGER, {Right.READ}, True, Rule.GRANT_NOT_ALLOWED, id="a grantee with manage, to himself"),
        pytest.param(Access(HolderRole.OWNER), {Right.READ}, True, Rule.GRANT_NOT_ALLOWED, id="an owner, to himself"),
        pytest.param(MANAGER, set(), False, Rule.INVALID, id="no right at all"),
        pytest.param(Access(HolderRole.OWNER), set(), False, Rule.INVALID, id="no right at all, by an owner"),
    ],
)
def test_a_granter_gives_no_more_than_the_table_says(granter: Access, rights: set[Right], to_himself: bool, rule: Rule) -> None:
    with pytest.raises(Refusal) as refused:
        decide_grant(granter, BOB, frozenset(rights), to_himself=to_himself, mailbox=MailboxKind.CAB)
    assert refused.value.rule is rule


def test_a_refusal_names_every_right_beyond_those_held() -> None:
    with pytest.raises(Refusal, match="close, send_as"):
        decide_grant(MANAGER, BOB, frozenset({Right.SEND_AS, Right.CLOSE, Right.SEE}), to_himself=False, mailbox=MailboxKind.ORG)


@pytest.mark.parametrize(
    "grantee",
    [
        pytest.param(Grantee("1", IdentityKind.PROFESSIONAL, anonymous_card=True, enabled=True), id="an anonymous card"),
        pytest.param(Grantee("1", IdentityKind.EMPLOYEE, anonymous_card=True, enabled=True), id="an employee's anonymous card"),
        pytest.param(Grantee("1", IdentityKind.PROFESSIONAL, anonymous_card=False, enabled=False), id="a disabled professional"),
        pytest.param(Grantee("1", IdentityKind.APPLICATION, anonymous_card=False, enabled=False), id="a disabled application"),
        pytest.param(Grantee("1", IdentityKind.PATIENT, anonymous_card=False, enabled=True), id="a patient"),
        pytest.param(Grantee("1", IdentityKind.ORGANISATION, anonymous_card=False, enabled=True), id="an organisation"),
        pytest.param(Grantee("1", None), id="nobody"),
    ],
)
@pytest.mark.parametrize("granter", [*HOLDERS, MANAGER], ids=[*HolderRole, "manage"])
def test_some_identities_can_hold_no_grant(granter: Access, grantee: Grantee) -> None:
    with pytest.raises(Refusal) as refused:
        decide_grant(granter, grantee, frozenset({Right.READ}), to_himself=False, mailbox=MailboxKind.PER)
    assert (refused.value.rule, refused.value.subject) == (Rule.GRANTEE_NOT_ALLOWED, grantee.idnat)


UNFIT = [
    Grantee("1", None),
    Grantee("1", IdentityKind.PATIENT, anonymous_card=False, enabled=True),
    Grantee("1", IdentityKind.ORGANISATION, anonymous_card=False, enabled=True),
    Grantee("1", IdentityKind.PROFESSIONAL, anonymous_card=False, enabled=False),
]


@pytest.mark.parametrize("granter", [*HOLDERS, MANAGER, READER, STRANGER], ids=[*HolderRole, "manage", "reader", "stranger"])
def test_a_refused_grantee_is_not_told_from_one_that_does_not_exist(granter: Access) -> None:
    said = set()
    for grantee in UNFIT if Right.MANAGE in granter.rights else [*UNFIT, BOB, Grantee("1", IdentityKind.EMPLOYEE, anonymous_card=True)]:
        with pytest.raises(Refusal) as refused:
            decide_grant(granter, grantee, frozenset({Right.READ}), to_himself=False, mailbox=MailboxKind.PER)
        said.add((refused.value.rule, refused.value.detail, refused.value.reference, refused.value.subject))
    assert len(said) == 1


@pytest.mark.parametrize(("from_himself", "to_himself"), [(True, False), (False, True), (True, True)])
def test_who_asks_for_a_hand_over_is_neither_of_the_two(from_himself: bool, to_himself: bool) -> None:
    with pytest.raises(Refusal) as refused:
        decide_hand_over(from_himself=from_himself, to_himself=to_himself)
    assert refused.value.rule is Rule.GRANT_NOT_ALLOWED
    decide_hand_over(from_himself=False, to_himself=False)


_T1, _T2 = NOW + 1_000_000, NOW + 2_000_000
_READ_FOR_EVER = Grant(1, frozenset({Right.READ}))


@pytest.mark.parametrize(
    ("grants", "end"),
    [
        pytest.param([Grant(2, frozenset({Right.READ, Right.MANAGE}), valid_until=_T1)], _T1, id="one grant"),
        pytest.param([_READ_FOR_EVER, Grant(2, frozenset({Right.MANAGE}), valid_until=_T1)], _T1, id="manage ends before what is granted"),
        pytest.param(
            [Grant(1, frozenset({Right.READ}), valid_until=_T1), Grant(2, frozenset({Right.MANAGE}))], _T1, id="manage does not end"
        ),
        pytest.param(
            [_READ_FOR_EVER, *(Grant(n, frozenset({Right.MANAGE}), valid_until=t) for n, t in ((2, _T1), (3, _T2)))], _T2, id="the later"
        ),
        pytest.param(
            [_READ_FOR_EVER, Grant(2, frozenset({Right.MANAGE}), valid_until=_T1), Grant(3, frozenset({Right.MANAGE}))],
            None,
            id="one is endless",
        ),
    ],
)
def test_a_grantee_with_manage_grants_until_the_first_of_the_rights_that_he_needs_ends(grants: list[Grant], end: int | None) -> None:
    def give(until: int | None) -> None:
        access = Access(grants=(Grant(9, frozenset({Right.SEE})), *grants))
        decide_grant(access, BOB, frozenset({Right.READ}), to_himself=False, mailbox=MailboxKind.CAB, valid_until=until)

    give(end)
    for beyond in () if end is None else (end + 1, None):
        with pytest.raises(Refusal, match="longer than you hold"):
            give(beyond)


PATIENT = Access(HolderRole.OWNER)
CARER = Grantee("JEANNE", IdentityKind.CARER, enabled=True)
ANSWERING = frozenset({Right.SEE, Right.READ, Right.SEND_ON_BEHALF})
RULES = CarerRules(ANSWERING, 2, others=1)


@pytest.mark.parametrize(
    ("granter", "grantee", "rights", "rules", "rule"),
    [
        pytest.param(STRANGER, CARER, ANSWERING, RULES, Rule.GRANT_NOT_ALLOWED, id="a stranger"),
        pytest.param(with_rights(*ANSWERING), CARER, {Right.SEE}, RULES, Rule.GRANT_NOT_ALLOWED, id="a carer who raises his own rights"),
        pytest.param(with_rights(*Right), CARER, {Right.SEE}, RULES, Rule.GRANT_NOT_ALLOWED, id="a grantee who somehow holds manage"),
        pytest.param(PATIENT, CARER, set(), RULES, Rule.INVALID, id="no right"),
        pytest.param(PATIENT, CARER, ANSWERING, None, Rule.GRANT_NOT_ALLOWED, id="no rules"),
        pytest.param(PATIENT, CARER, ANSWERING, CarerRules(ANSWERING, 2, 2), Rule.GRANT_NOT_ALLOWED, id="one carer too many"),
        pytest.param(PATIENT, CARER, ANSWERING, CarerRules(ANSWERING, 0), Rule.GRANT_NOT_ALLOWED, id="no carers at all"),
        *(
            pytest.param(PATIENT, CARER, {Right.SEE, right}, RULES, Rule.GRANT_NOT_ALLOWED, id=right)
            for right in sorted(ALL_RIGHTS - ANSWERING)
        ),
        *(
            pytest.param(PATIENT, Grantee("1", kind, enabled=True), ANSWERING, RULES, Rule.GRANTEE_NOT_ALLOWED, id=f"{kind} as a carer")
            for kind in (IdentityKind.PATIENT, IdentityKind.ORGANISATION, IdentityKind.APPLICATION, None)
        ),
        pytest.param(PATIENT, Grantee("1", IdentityKind.CARER), ANSWERING, RULES, Rule.GRANTEE_NOT_ALLOWED, id="a disabled carer"),
    ],
)
def test_who_is_no_carer_and_what_none_is_given(
    granter: Access, grantee: Grantee, rights: set[Right], rules: CarerRules | None, rule: Rule
) -> None:
    with pytest.raises(Refusal) as refused:
        decide_grant(granter, grantee, frozenset(rights), to_himself=False, mailbox=MailboxKind.PATIENT, carers=rules)
    assert refused.value.rule is rule


@pytest.mark.parametrize("kind", [IdentityKind.CARER, IdentityKind.PROFESSIONAL, IdentityKind.EMPLOYEE])
def test_a_patient_chooses_a_carer(kind: IdentityKind) -> None:
    decide_grant(PATIENT, Grantee("1", kind, enabled=True), ANSWERING, to_himself=False, mailbox=MailboxKind.PATIENT, carers=RULES)


@pytest.mark.parametrize("mailbox", sorted(PROFESSIONAL_KINDS))
def test_a_carer_holds_no_grant_over_a_professional_mailbox(mailbox: MailboxKind) -> None:
    with pytest.raises(Refusal) as refused:
        decide_grant(PATIENT, CARER, frozenset({Right.SEE}), to_himself=False, mailbox=mailbox, carers=RULES)
    assert refused.value.rule is Rule.GRANTEE_NOT_ALLOWED


@pytest.mark.parametrize("mailbox", sorted(PROFESSIONAL_KINDS))
@pytest.mark.parametrize("kind", [IdentityKind.PROFESSIONAL, IdentityKind.EMPLOYEE, IdentityKind.APPLICATION])
@pytest.mark.parametrize("granter", HOLDERS, ids=list(HolderRole))
def test_a_holder_grants_every_right(granter: Access, kind: IdentityKind, mailbox: MailboxKind) -> None:
    grantee = Grantee("1", kind, anonymous_card=False, enabled=True)
    decide_grant(granter, grantee, ALL_RIGHTS, to_himself=False, mailbox=mailbox)


@pytest.mark.parametrize("rights", [{Right.READ}, {Right.MANAGE}, {Right.SEE, Right.READ, Right.MANAGE}])
def test_a_grantee_with_manage_grants_what_he_holds(rights: set[Right]) -> None:
    decide_grant(MANAGER, BOB, frozenset(rights), to_himself=False, mailbox=MailboxKind.CAB)


def test_what_a_grantee_holds_is_the_union_of_his_grants() -> None:
    granter = Access(grants=(Grant(1, frozenset({Right.SEE, Right.MANAGE})), Grant(2, frozenset({Right.SEND_AS}))))
    decide_grant(granter, BOB, frozenset({Right.SEND_AS}), to_himself=False, mailbox=MailboxKind.CAB)


@settings(deadline=None)
@given(st.frozensets(st.sampled_from(Right)), st.frozensets(st.sampled_from(Right), min_size=1))
def test_no_grant_ever_goes_beyond_its_granter(held: frozenset[Right], wanted: frozenset[Right]) -> None:
    granter = with_rights(*held)
    if {Right.SEE, Right.MANAGE} <= held and wanted <= held:
        decide_grant(granter, BOB, wanted, to_himself=False, mailbox=MailboxKind.CAB)
        return
    with pytest.raises(Refusal) as refused:
        decide_grant(granter, BOB, wanted, to_himself=False, mailbox=MailboxKind.CAB)
    assert refused.value.rule is Rule.GRANT_NOT_ALLOWED


@pytest.mark.parametrize(
    "revoker",
    [
        pytest.param(STRANGER, id="a stranger"),
        pytest.param(READER, id="a reader"),
        pytest.param(with_rights(*(ALL_RIGHTS - {Right.MANAGE})), id="every right but manage"),
        pytest.param(with_rights(*(ALL_RIGHTS - {Right.SEE})), id="every right but see"),
    ],
)
def test_a_grant_of_somebody_else_is_not_revoked_without_manage(revoker: Access) -> None:
    with pytest.raises(Refusal) as refused:
        decide_revocation(revoker, own=False)
    assert refused.value.rule is Rule.GRANT_NOT_ALLOWED


@pytest.mark.parametrize("revoker", [*HOLDERS, MANAGER], ids=[*HolderRole, "manage"])
def test_holders_and_grantees_with_manage_revoke_the_grants_of_others(revoker: Access) -> None:
    decide_revocation(revoker, own=False)


@pytest.mark.parametrize("revoker", [STRANGER, READER], ids=["a grant no longer in force", "a reader"])
def test_anybody_may_renounce_his_own_grant(revoker: Access) -> None:
    decide_revocation(revoker, own=True)


@pytest.mark.parametrize(
    ("valid_from", "valid_until"),
    [
        pytest.param(None, NOW, id="over now"),
        pytest.param(None, NOW - 1, id="over already"),
        pytest.param(NOW - 9, NOW, id="begun, and over now"),
        pytest.param(NOW + 5, NOW + 5, id="empty"),
        pytest.param(NOW + 5, NOW + 4, id="turned around"),
        pytest.param(NOW + 5, NOW + 1, id="ends later than now and before it starts"),
    ],
)
def test_a_window_that_gives_nothing_is_refused(valid_from: int | None, valid_until: int) -> None:
    with pytest.raises(Refusal) as refused:
        decide_window(valid_from, valid_until, NOW)
    assert refused.value.rule is Rule.INVALID


@pytest.mark.parametrize(
    ("valid_from", "valid_until"),
    [
        pytest.param(None, None, id="no bounds"),
        pytest.param(NOW - 9, None, id="begun"),
        pytest.param(NOW + 9, None, id="to come"),
        pytest.param(None, NOW + 1, id="one microsecond left"),
        pytest.param(NOW - 9, NOW + 1, id="begun, one microsecond left"),
        pytest.param(NOW + 5, NOW + 6, id="one microsecond to come"),
    ],
)
def test_a_window_with_an_instant_to_come_is_accepted(valid_from: int | None, valid_until: int | None) -> None:
    decide_window(valid_from, valid_until, NOW)


@settings(deadline=None)
@given(st.none() | st.integers(NOW - 3, NOW + 3), st.none() | st.integers(NOW - 3, NOW + 3))
def test_a_window_is_accepted_when_and_only_when_it_holds_some_instant_from_now(start: int | None, end: int | None) -> None:
    grant = Grant(1, frozenset({Right.SEE}), start, end)
    useful = any(grant.holds_at(NOW + step) for step in range(8))
    try:
        decide_window(start, end, NOW)
    except Refusal:
        assert not useful
    else:
        assert useful


@pytest.mark.parametrize(
    ("state", "rule", "source"),
    [
        (MailboxState.CLOSED, Rule.MAILBOX_CLOSED, "quirks#closed-mailbox"),
        (MailboxState.SUSPENDED, Rule.MAILBOX_SUSPENDED, "quirks#suspended-mailbox"),
    ],
)
def test_nothing_leaves_a_mailbox_that_is_shut(state: MailboxState, rule: Rule, source: str) -> None:
    with pytest.raises(Refusal) as refused:
        decide_leaving(state, ADDRESS)
    assert (refused.value.rule, refused.value.reference, refused.value.subject) == (rule, source, ADDRESS)
    decide_leaving(MailboxState.ACTIVE, ADDRESS)
