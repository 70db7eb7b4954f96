"""What each refusal of policy/ carries: its rule, whom it is about, its source, and a sentence that names what matters."""

from collections.abc import Callable

import pytest

from mss_sim.errors import Refusal, Rule
from mss_sim.policy.access import Access, Grant
from mss_sim.policy.acl import rights_of
from mss_sim.policy.authors import decide_authors, decide_one_operator
from mss_sim.policy.closure import AnswerRight, FirstLetter, Recipient, judge_patient
from mss_sim.policy.delegation import (
    CarerRules,
    Grantee,
    decide_grant,
    decide_hand_over,
    decide_leaving,
    decide_revocation,
    decide_sending,
    decide_window,
)
from mss_sim.policy.logins import decide_way
from mss_sim.policy.receipts import ReceiptRequest, decide_receipt
from mss_sim.policy.routing import MailboxFitness, Scope, decide_route, size_refusal
from mss_sim.policy.searching import check_texts
from mss_sim.vocabulary.doors import LogInBy
from mss_sim.vocabulary.mailboxes import HolderRole, IdentityKind, MailboxKind, MailboxState, Right, SendMode

BOX, ANA, BEA = "cabinet@sim.mssante.fr", "ana.roy@sim.mssante.fr", "bea.petit@sim.mssante.fr"
NOW = 1_767_600_000_000_000
MANAGE = frozenset({Right.SEE, Right.MANAGE})
OWNER, MANAGER, READER = Access(HolderRole.OWNER), Access(None, (Grant(1, MANAGE),)), Access(None, (Grant(1, frozenset({Right.SEE})),))
SOON = Access(None, (Grant(1, MANAGE, valid_until=NOW + 1),))
BOB = Grantee("810000000018", IdentityKind.PROFESSIONAL, enabled=True)
CARD, PATIENT = Grantee("3", IdentityKind.PROFESSIONAL, anonymous_card=True, enabled=True), Grantee("1", IdentityKind.PATIENT, enabled=True)
WAYS = frozenset(LogInBy)


def grant(granter: Access, *rights: Right, to: Grantee = BOB, himself: bool = False, mailbox: MailboxKind = MailboxKind.CAB) -> None:
    decide_grant(granter, to, frozenset(rights), to_himself=himself, mailbox=mailbox)


def answer(rights: list[AnswerRight], kind: MailboxKind = MailboxKind.ORG, *, days: int | None = None, sector: str = "") -> None:
    judge_patient(Recipient(BOX, kind, sector=sector), rights, frozenset(), FirstLetter(days)).require(BOX)


def carer(granter: Access, *rights: Right, to: Grantee = BOB, most: int = 2) -> None:
    rules = CarerRules(frozenset({Right.SEE}), most, others=1)
    decide_grant(granter, to, frozenset(rights), to_himself=False, mailbox=MailboxKind.PATIENT, carers=rules)


def route(stands: MailboxFitness) -> None:
    refusal = decide_route(BOX, stands, Scope.LOCAL).refusal
    assert refusal is not None
    raise refusal


def receipt(*addresses: str, path: str | None = ANA, sent: bool = False, options: tuple[str, ...] = ()) -> None:
    decide_receipt(ReceiptRequest(addresses, path, sent, is_report=False, required_options=options), confirmed=False)


def size() -> None:
    refusal = size_refusal(11, 10)
    assert refusal is not None
    raise refusal


Row = tuple[Callable[[], object], Rule, str | None, str | None, str]
ROWS: list[Row] = [
    # access, acl, authors
    (lambda: Access().require(Right.READ, BOX), Rule.NOT_FOUND, BOX, None, f"no mailbox {BOX} that you may see"),
    (lambda: READER.require(Right.READ, BOX), Rule.RIGHT_MISSING, BOX, "quirks#rights", f"The right read over {BOX} is missing"),
    (lambda: rights_of("lZX"), Rule.INVALID, None, "rfc4314#2.1", "There is no right 'XZ': l r sw ikx te p 0 1 a are."),
    (lambda: decide_authors(2, [ANA], has_sender=False), Rule.MALFORMED_MESSAGE, None, "rfc5322#3.6", "more than one From field"),
    (lambda: decide_authors(1, [], has_sender=False), Rule.MALFORMED_MESSAGE, None, "rfc5322#3.6.2", "no From field with a mailbox"),
    (
        lambda: decide_authors(1, [ANA, BEA], has_sender=False),
        Rule.MALFORMED_MESSAGE,
        None,
        "rfc5322#3.6.2",
        "From names several mailboxes",
    ),
    (lambda: decide_one_operator({ANA: 1, BEA: 2}), Rule.SEND_NOT_ALLOWED, BEA, "ans-trust-space", f"{ANA} and {BEA} are mailboxes of two"),
    # closure
    (
        lambda: answer([], MailboxKind.CAB),
        Rule.NOT_INVITED,
        BOX,
        "cnam#answer",
        f"{BOX} has not written to this patient",
    ),
    (
        lambda: answer([AnswerRight(1, open=False)], MailboxKind.CAB),
        Rule.CONVERSATION_CLOSED,
        BOX,
        "cnam#7",
        f"The conversation with {BOX} was closed",
    ),
    (lambda: answer([], sector="SA33"), Rule.PHARMACY_NEVER_VISITED, BOX, "quirks#pharmacies", f"that of {BOX} never did"),
    (
        lambda: answer([], days=366, sector="SA33"),
        Rule.PHARMACY_VISIT_TOO_OLD,
        BOX,
        "quirks#pharmacies",
        "366 days ago; they may write first within 365 days.",
    ),
    (lambda: answer([], days=3), Rule.NOT_A_PHARMACY, BOX, "quirks#pharmacies", "not that of a pharmacy: SA33, SA38, SA39."),
    (lambda: answer([], MailboxKind.APP, days=3, sector="SA38"), Rule.NO_PUBLISHED_ORG_MAILBOX, BOX, "quirks#pharmacies", f"{BOX} is not."),
    # delegation
    (
        lambda: decide_sending(READER, BOX, SendMode.AS),
        Rule.SEND_NOT_ALLOWED,
        BOX,
        "quirks#from-not-allowed",
        f"You may not send from {BOX}: you neither hold",
    ),
    (
        lambda: decide_sending(READER, BOX, SendMode.AS, SendMode.ON_BEHALF),
        Rule.SEND_NOT_ALLOWED,
        BOX,
        "quirks#from-not-allowed",
        f"You may not send from {BOX} as {SendMode.ON_BEHALF}: ",
    ),
    (lambda: decide_leaving(MailboxState.CLOSED, BOX), Rule.MAILBOX_CLOSED, BOX, "quirks#closed-mailbox", f"The mailbox {BOX} is closed"),
    (lambda: carer(OWNER, Right.CLOSE), Rule.GRANT_NOT_ALLOWED, None, "quirks#patient-grants", "may not be given close; these may: see."),
    (lambda: carer(OWNER, Right.SEE, most=1), Rule.GRANT_NOT_ALLOWED, None, "quirks#patient-grants", "A patient has 1 carers at most"),
    (lambda: carer(MANAGER, Right.SEE), Rule.GRANT_NOT_ALLOWED, None, "quirks#patient-grants", "Only the patient chooses a carer"),
    (
        lambda: carer(OWNER, Right.SEE, to=PATIENT),
        Rule.GRANTEE_NOT_ALLOWED,
        "1",
        "quirks#patient-grants",
        "1 names nobody who can be a carer",
    ),
    (lambda: grant(OWNER), Rule.INVALID, None, None, "at least one right"),
    (lambda: grant(READER, Right.SEE), Rule.GRANT_NOT_ALLOWED, None, "quirks#who-may-grant", "grantee with manage may grant"),
    (lambda: grant(OWNER, Right.SEE, himself=True), Rule.GRANT_NOT_ALLOWED, None, "quirks#who-may-grant", "Nobody grants to themselves"),
    (lambda: grant(MANAGER, Right.READ, Right.CLOSE), Rule.GRANT_NOT_ALLOWED, None, "quirks#who-may-grant", "do not hold: close, read."),
    (lambda: grant(SOON, Right.SEE), Rule.GRANT_NOT_ALLOWED, None, "quirks#grant-duration", "for longer than you hold"),
    (lambda: grant(OWNER, Right.SEE, to=CARD), Rule.GRANTEE_NOT_ALLOWED, "3", "sentinelle#f4", "An anonymous card names nobody"),
    (lambda: grant(OWNER, Right.SEE, to=PATIENT), Rule.GRANTEE_NOT_ALLOWED, "1", "sentinelle#f2", "1 names nobody who can hold a grant"),
    (
        lambda: decide_hand_over(from_himself=True, to_himself=True),
        Rule.GRANT_NOT_ALLOWED,
        None,
        "quirks#who-may-grant",
        "Nobody hands over their own grants",
    ),
    (
        lambda: decide_hand_over(from_himself=False, to_himself=True),
        Rule.GRANT_NOT_ALLOWED,
        None,
        "quirks#who-may-grant",
        "Nobody hands grants over to themselves",
    ),
    (lambda: decide_revocation(READER, own=False), Rule.GRANT_NOT_ALLOWED, None, "quirks#who-may-grant", "manage may grant or revoke"),
    (lambda: decide_window(None, NOW, NOW), Rule.INVALID, None, None, "valid_until must be later than valid_from"),
    # log-ins
    (
        lambda: decide_way(MailboxKind.APP, LogInBy.PASSWORD, WAYS, "A", app_passwords=False),
        Rule.AUTHENTICATION_FAILED,
        None,
        "client-requirements#2.5",
        "An APP mailbox opens by its client certificate",
    ),
    (
        lambda: decide_way(MailboxKind.CAB, LogInBy.CERTIFICATE, WAYS, "A", app_passwords=False),
        Rule.AUTHENTICATION_FAILED,
        None,
        "client-requirements#2.5",
        "open by a Pro Santé Connect token (XOAUTH2).",
    ),
    (
        lambda: decide_way(MailboxKind.CAB, LogInBy.PASSWORD, {LogInBy.PSC, LogInBy.CERTIFICATE}, "A", app_passwords=False),
        Rule.AUTHENTICATION_FAILED,
        None,
        "client-requirements#2.5",
        "The operator A accepts other ways to log in: certificate, psc.",
    ),
    # receipts
    (receipt, Rule.RECEIPT_NOT_REQUESTED, None, "rfc8098#2.1", "The sender asked for no read receipt"),
    (lambda: receipt(ANA, sent=True), Rule.RECEIPT_ALREADY_SENT, None, "rfc8098#2.1", "has already left"),
    (
        lambda: receipt(ANA, options=("x-a", "x-b")),
        Rule.RECEIPT_OPTION_UNKNOWN,
        None,
        "quirks#receipt-options",
        "asked for with x-a, x-b, which is required",
    ),
    (lambda: receipt(BEA), Rule.RECEIPT_NEEDS_CONSENT, None, "rfc8098#2.1", f"asked for {BEA}, which is not the return path"),
    # routing, searching
    (lambda: route(MailboxFitness.TOO_SMALL), Rule.TOO_LARGE, BOX, "rfc1870#6.1", f"larger than the mailbox {BOX} accepts"),
    (lambda: route(MailboxFitness.FULL), Rule.MAILBOX_FULL, BOX, "rfc3463#3.3", f"The mailbox {BOX} is full"),
    (lambda: route(MailboxFitness.SUSPENDED), Rule.MAILBOX_SUSPENDED, BOX, "rfc3463#3.3", f"The mailbox {BOX} is suspended"),
    (lambda: route(MailboxFitness.CLOSED), Rule.MAILBOX_CLOSED, BOX, "rfc3463#3.3", f"The mailbox {BOX} is closed"),
    (lambda: route(MailboxFitness.UNKNOWN), Rule.UNKNOWN_MAILBOX, BOX, "rfc3463#3.2", f"There is no mailbox {BOX}"),
    (lambda: route(MailboxFitness.OUTSIDE), Rule.DOMAIN_OUTSIDE, BOX, "ans-trust-space", f"The domain of {BOX} is not in the trust space"),
    (size, Rule.TOO_LARGE, None, "rfc1870#6.1", "The message has 11 bytes; at most 10"),
    (lambda: check_texts([None, "12345"], 4), Rule.LIMIT_REACHED, None, "quirks#search-text", "at most 4 characters"),
]


@pytest.mark.parametrize(("act", "rule", "subject", "source", "said"), ROWS, ids=[row[4] for row in ROWS])
def test_a_refusal_names_its_rule_its_subject_and_its_source(
    act: Callable[[], object], rule: Rule, subject: str | None, source: str | None, said: str
) -> None:
    with pytest.raises(Refusal) as refused:
        act()
    assert (refused.value.rule, refused.value.subject, refused.value.reference) == (rule, subject, source)
    assert said in refused.value.detail


def test_a_search_text_may_be_as_long_as_the_limit_or_absent() -> None:
    check_texts([None, "1234", ""], 4)
    with pytest.raises(Refusal):
        check_texts(["12345", None], 4)


def test_the_words_of_a_receipts_options_are_shown_in_part() -> None:
    with pytest.raises(Refusal) as refused:
        receipt(ANA, options=("x" * 200,))
    assert refused.value.detail.count("x") == 99
