"""Which receipts are due: delivery notifications by NOTIFY and outcome, and read receipts by what was asked."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mss_sim.errors import Failure, Refusal, Rule
from mss_sim.policy.closure import WRITING_RULES
from mss_sim.policy.receipts import DIAGNOSTICS, ReceiptRequest, decide_receipt, diagnostic, dsn_due
from mss_sim.vocabulary.mail import DsnAction, Notify
from mss_sim.words.sentence import quoted

ALICE = "alice.martin@sim.mssante.fr"
BOB = "bruno.leroy@sim.mssante.fr"
NEVER, SUCCESS, FAILURE, DELAY = Notify.NEVER, Notify.SUCCESS, Notify.FAILURE, Notify.DELAY
EVERY_NOTIFY: list[tuple[Notify, ...]] = [
    (),
    (NEVER,),
    *(chosen for size in (1, 2, 3) for chosen in itertools.combinations((SUCCESS, FAILURE, DELAY), size)),
]


@pytest.mark.parametrize("action", list(DsnAction))
@pytest.mark.parametrize("notify", EVERY_NOTIFY, ids=lambda words: ",".join(words) or "absent")
def test_nothing_is_ever_due_to_a_null_sender(action: DsnAction, notify: tuple[Notify, ...]) -> None:
    assert not dsn_due(action, notify, "")


@pytest.mark.parametrize("action", list(DsnAction))
def test_never_means_never(action: DsnAction) -> None:
    assert not dsn_due(action, [NEVER], ALICE)


@pytest.mark.parametrize(
    ("action", "due"),
    [
        (DsnAction.DELIVERED, False),
        (DsnAction.RELAYED, False),
        (DsnAction.EXPANDED, False),
        (DsnAction.FAILED, True),
        (DsnAction.DELAYED, True),
    ],
)
def test_without_notify_only_bad_news_are_due(action: DsnAction, due: bool) -> None:
    assert dsn_due(action, (), ALICE) is due
    assert dsn_due(action, frozenset(), ALICE) is due


_WANTS = {
    DsnAction.DELIVERED: SUCCESS,
    DsnAction.RELAYED: SUCCESS,
    DsnAction.EXPANDED: SUCCESS,
    DsnAction.FAILED: FAILURE,
    DsnAction.DELAYED: DELAY,
}


@pytest.mark.parametrize("notify", EVERY_NOTIFY[1:], ids=",".join)
@pytest.mark.parametrize("action", list(DsnAction))
def test_with_notify_a_notification_is_due_when_its_word_is_there(action: DsnAction, notify: tuple[Notify, ...]) -> None:
    assert dsn_due(action, frozenset(notify), ALICE) is (_WANTS[action] in notify)


def test_a_diagnostic_names_the_rule_where_a_patient_may_not_write() -> None:
    named = {"not-invited", "conversation-closed", "no-published-org-mailbox"}
    named |= {"pharmacy-never-visited", "pharmacy-visit-too-old", "not-a-pharmacy"}
    assert {rule.value for rule in DIAGNOSTICS if f"({rule.value})" in diagnostic(Refusal(rule, quoted("Why.")))[1]} == named


@pytest.mark.parametrize("rule", list(DIAGNOSTICS))
def test_a_diagnostic_begins_with_the_codes_that_the_reply_has(rule: Rule) -> None:
    code, status = DIAGNOSTICS[rule]
    named = f" ({rule.value})" if rule in WRITING_RULES else ""
    assert diagnostic(Refusal(rule, quoted("Why and what to do."), subject=BOB)) == (status, f"{code} {status} Why and what to do.{named}")


def test_a_failure_that_somebody_asked_for_has_its_own_codes() -> None:
    failure = Failure(quoted("As you wish."), fault="slow", code=421, status="4.7.0")
    assert diagnostic(failure) == ("4.7.0", "421 4.7.0 As you wish.")


def asked(*addresses: str, path: str | None = ALICE, sent: bool = False, report: bool = False) -> ReceiptRequest:
    return ReceiptRequest(receipt_to=addresses, return_path=path, already_sent=sent, is_report=report)


@pytest.mark.parametrize("confirmed", [False, True])
@pytest.mark.parametrize(
    ("request_", "rule"),
    [
        pytest.param(asked(), Rule.RECEIPT_NOT_REQUESTED, id="nobody asked"),
        pytest.param(asked(path=None), Rule.RECEIPT_NOT_REQUESTED, id="nobody asked, null return path"),
        pytest.param(asked(ALICE, report=True), Rule.RECEIPT_NOT_REQUESTED, id="asked by a report"),
        pytest.param(asked(ALICE, report=True, sent=True), Rule.RECEIPT_NOT_REQUESTED, id="asked by a report and sent already"),
        pytest.param(asked(sent=True), Rule.RECEIPT_NOT_REQUESTED, id="nobody asked and one has left"),
        pytest.param(asked(ALICE, sent=True), Rule.RECEIPT_ALREADY_SENT, id="one has left"),
        pytest.param(asked(BOB, sent=True), Rule.RECEIPT_ALREADY_SENT, id="one has left, to another than the return path"),
    ],
)
def test_a_read_receipt_may_not_leave_even_when_confirmed(request_: ReceiptRequest, rule: Rule, confirmed: bool) -> None:
    with pytest.raises(Refusal) as refused:
        decide_receipt(request_, confirmed=confirmed)
    assert refused.value.rule is rule


@pytest.mark.parametrize(
    ("request_", "address"),
    [
        pytest.param(asked(BOB), BOB, id="for another than the return path"),
        pytest.param(asked(ALICE, BOB), ALICE, id="for two, the return path first"),
        pytest.param(asked(BOB, ALICE), BOB, id="for two, the return path last"),
        pytest.param(asked(ALICE, path=None), ALICE, id="return path unknown"),
        pytest.param(asked(ALICE, path=""), ALICE, id="null return path"),
    ],
)
def test_a_read_receipt_asked_for_somebody_else_needs_the_readers_word(request_: ReceiptRequest, address: str) -> None:
    with pytest.raises(Refusal) as refused:
        decide_receipt(request_, confirmed=False)
    assert refused.value.rule is Rule.RECEIPT_NEEDS_CONSENT
    assert decide_receipt(request_, confirmed=True) == address


@pytest.mark.parametrize("confirmed", [False, True])
@pytest.mark.parametrize("address", [ALICE, BOB])
def test_an_option_that_has_to_be_understood_and_is_not_forbids_the_read_receipt(address: str, confirmed: bool) -> None:
    request = replace(asked(address), required_options=("x-stamp",))
    with pytest.raises(Refusal, match="x-stamp") as refused:
        decide_receipt(request, confirmed=confirmed)
    assert (refused.value.rule, refused.value.reference) == (Rule.RECEIPT_OPTION_UNKNOWN, "quirks#receipt-options")


@pytest.mark.parametrize("confirmed", [False, True])
def test_a_read_receipt_for_the_return_path_leaves_without_question(confirmed: bool) -> None:
    assert decide_receipt(asked(ALICE), confirmed=confirmed) == ALICE


_ADDRESSES = st.sampled_from([ALICE, BOB, "carole.petit@sim.mssante.fr"])
_REQUESTS = st.builds(
    ReceiptRequest,
    receipt_to=st.lists(_ADDRESSES, max_size=3, unique=True).map(tuple),
    return_path=st.none() | _ADDRESSES,
    already_sent=st.booleans(),
    is_report=st.booleans(),
)


@settings(deadline=None)
@given(_REQUESTS)
def test_an_automatic_receipt_only_ever_goes_to_the_return_path(request_: ReceiptRequest) -> None:
    try:
        address = decide_receipt(request_, confirmed=False)
    except Refusal:
        return
    assert (address,) == request_.receipt_to
    assert address == request_.return_path
    assert not request_.already_sent
    assert not request_.is_report
