"""Writing with patients: what a letter opens, closes or withdraws, and what a patient may then write."""

import dataclasses
import itertools
from typing import Any

import pytest

from mss_sim.errors import Refusal, Rule
from mss_sim.policy.closure import AnswerRight, Effect, FirstLetter, Recipient, acts_now, effect_of, judge_patient, near_miss
from mss_sim.vocabulary.mail import Ground
from mss_sim.vocabulary.mailboxes import PROFESSIONAL_KINDS, MailboxKind, MailboxState

PATIENT = MailboxKind.PATIENT
DOCTOR = "camille.durand@sim.mssante.fr"


@pytest.mark.parametrize("recipient", list(MailboxKind))
@pytest.mark.parametrize(("subject", "mes"), [("[FIN]", None), ("Bonjour", "FIN"), ("Bonjour", None), ("[FIN]", "FIN")])
def test_a_patients_letter_changes_no_right(recipient: MailboxKind, subject: str, mes: str | None) -> None:
    assert effect_of(PATIENT, recipient, subject, mes) is Effect.NONE


@pytest.mark.parametrize("kinds", list(itertools.product(sorted(PROFESSIONAL_KINDS), repeat=2)), ids="-".join)
@pytest.mark.parametrize(("subject", "mes"), [("[FIN]", None), ("Bonjour", "FIN"), ("Bonjour", None)])
def test_a_letter_between_professionals_changes_no_right(kinds: tuple[MailboxKind, MailboxKind], subject: str, mes: str | None) -> None:
    assert effect_of(*kinds, subject, mes) is Effect.NONE


@pytest.mark.parametrize("sender", sorted(PROFESSIONAL_KINDS))
@pytest.mark.parametrize(
    ("subject", "mes"),
    [
        pytest.param("[Fin]", None, id="subject in mixed case"),
        pytest.param("[fin]", None, id="subject in lower case"),
        pytest.param("FIN", None, id="subject without brackets"),
        pytest.param("[FIN] ", None, id="subject with a space after"),
        pytest.param(" [FIN]", None, id="subject with a space before"),
        pytest.param("Re: [FIN]", None, id="subject answered"),
        pytest.param("[FIN] Merci", None, id="subject with more words"),
        pytest.param("[FIN]\n", None, id="subject with a line break"),
        pytest.param("［FIN］", None, id="subject in wide brackets"),
        pytest.param("", None, id="no subject"),
        pytest.param("Bonjour", "", id="an empty header"),
        pytest.param("Bonjour", "fin", id="header in lower case"),
        pytest.param("Bonjour", "Fin", id="header in mixed case"),
        pytest.param("Bonjour", "[FIN]", id="header with brackets"),
        pytest.param("Bonjour", "FIN.", id="header with a full stop"),
        pytest.param("Bonjour", " FIN", id="header with a space"),
        pytest.param("Bonjour", "OUI", id="another header value"),
        pytest.param("[Fin]", "fin", id="both marks in the wrong case"),
    ],
)
def test_a_letter_to_a_patient_without_an_exact_mark_lets_him_answer(sender: MailboxKind, subject: str, mes: str | None) -> None:
    assert effect_of(sender, PATIENT, subject, mes) is Effect.OPEN


@pytest.mark.parametrize("sender", sorted(PROFESSIONAL_KINDS))
@pytest.mark.parametrize("mes", [None, "", "FIN", "fin", "other"])
def test_the_exact_subject_withdraws_every_right_whatever_the_header_says(sender: MailboxKind, mes: str | None) -> None:
    assert effect_of(sender, PATIENT, "[FIN]", mes) is Effect.WITHDRAW


@pytest.mark.parametrize("sender", sorted(PROFESSIONAL_KINDS))
@pytest.mark.parametrize("subject", ["Compte rendu", "", "[Fin]", "Re: [FIN]"])
def test_the_exact_header_closes_with_this_letter(sender: MailboxKind, subject: str) -> None:
    assert effect_of(sender, PATIENT, subject, "FIN") is Effect.CLOSE


OPEN_1, OPEN_2 = AnswerRight(1, open=True), AnswerRight(2, open=True)
SHUT_1, SHUT_2 = AnswerRight(1, open=False), AnswerRight(2, open=False)


@pytest.mark.parametrize(
    ("kind", "rights", "answered", "rule"),
    [
        pytest.param(PATIENT, [], set(), Rule.NOT_INVITED, id="to a patient"),
        pytest.param(PATIENT, [OPEN_1], {1}, Rule.NOT_INVITED, id="to a patient, whatever the rights"),
        pytest.param(MailboxKind.PER, [], set(), Rule.NOT_INVITED, id="to a professional who never wrote"),
        pytest.param(MailboxKind.CAB, [], {1}, Rule.NOT_INVITED, id="to a cabinet that never wrote, answering something"),
        pytest.param(MailboxKind.PER, [SHUT_1], set(), Rule.CONVERSATION_CLOSED, id="the only right withdrawn"),
        pytest.param(MailboxKind.PER, [SHUT_1, SHUT_2], set(), Rule.CONVERSATION_CLOSED, id="all rights withdrawn"),
        pytest.param(MailboxKind.PER, [SHUT_1, SHUT_2], {9}, Rule.CONVERSATION_CLOSED, id="all withdrawn, answers something unknown"),
        pytest.param(MailboxKind.ORG, [SHUT_1, OPEN_2], {1}, Rule.CONVERSATION_CLOSED, id="answers the closed one of two"),
        pytest.param(MailboxKind.ORG, [SHUT_1, OPEN_2], {1, 9}, Rule.CONVERSATION_CLOSED, id="answers the closed one and an unknown"),
    ],
)
def test_a_patient_may_not_write(kind: MailboxKind, rights: list[AnswerRight], answered: set[int], rule: Rule) -> None:
    verdict = judge_patient(Recipient(DOCTOR, kind), rights, frozenset(answered), FirstLetter())
    with pytest.raises(Refusal) as refused:
        verdict.require(DOCTOR)
    assert (refused.value.rule, refused.value.subject, refused.value.detail) == (rule, DOCTOR, verdict.detail)
    assert (verdict.code, verdict.allowed) == (rule, False)


@pytest.mark.parametrize("kind", sorted(PROFESSIONAL_KINDS))
@pytest.mark.parametrize(
    ("rights", "answered"),
    [
        pytest.param([OPEN_1], set(), id="a new letter, one right open"),
        pytest.param([OPEN_1], {1}, id="an answer to the open conversation"),
        pytest.param([OPEN_1], {9}, id="an answer to something unknown, one right open"),
        pytest.param([SHUT_1, OPEN_2], set(), id="a new letter, one of two open"),
        pytest.param([SHUT_1, OPEN_2], {2}, id="an answer to the open one of two"),
        pytest.param([SHUT_1, OPEN_2], {1, 2}, id="an answer to both, one open"),
        pytest.param([SHUT_1, OPEN_1], {1}, id="closed once and opened again by the same conversation"),
    ],
)
def test_a_patient_may_write_when_a_right_is_open(kind: MailboxKind, rights: list[AnswerRight], answered: set[int]) -> None:
    verdict = judge_patient(Recipient(DOCTOR, kind), iter(rights), frozenset(answered), FirstLetter())
    verdict.require(DOCTOR)
    assert (verdict.code, verdict.allowed, verdict.reference) == (Ground.CONVERSATION_OPEN, True, "cnam#answer")
    assert verdict.detail == f"{DOCTOR} wrote to this patient, who may answer until the conversation is closed."


@pytest.mark.parametrize(
    ("rights", "answered", "decides"),
    [
        ([SHUT_1, AnswerRight(2, open=False, id=8)], set(), 8),
        ([AnswerRight(1, open=False, id=7), SHUT_2], {1}, 7),
        ([AnswerRight(1, open=True, id=7), AnswerRight(2, open=True, id=8)], set(), 8),
        ([AnswerRight(1, open=True, id=7), AnswerRight(2, open=False, id=8)], set(), 7),
        ([AnswerRight(1, open=True, id=7), AnswerRight(2, open=True, id=8)], {1}, 7),
    ],
)
def test_the_newest_right_of_what_is_asked_decides(rights: list[AnswerRight], answered: set[int], decides: int) -> None:
    verdict = judge_patient(Recipient(DOCTOR, MailboxKind.PER), rights, frozenset(answered), FirstLetter())
    assert verdict.right is not None
    assert verdict.right.id == decides


_GROUNDS = {
    Ground.PHARMACY_VISITED: "quirks#pharmacies",
    Ground.OPEN_TO_PATIENTS: "quirks#patients-write-first",
    Ground.CONVERSATION_OPEN: "cnam#answer",
}
PHARMACY = Recipient("officine@sim.mssante.fr", MailboxKind.ORG, sector="SA33")
VISITED = FirstLetter(dispensed_days=0)


@pytest.mark.parametrize(
    ("changes", "first", "rights", "answered", "code"),
    [
        pytest.param({}, FirstLetter(), [], set(), Rule.PHARMACY_NEVER_VISITED, id="never visited"),
        pytest.param({"red_listed": True}, FirstLetter(), [], set(), Rule.PHARMACY_NEVER_VISITED, id="never visited, red-listed"),
        pytest.param({}, FirstLetter(366), [], set(), Rule.PHARMACY_VISIT_TOO_OLD, id="on day 366"),
        pytest.param({}, FirstLetter(11, 10), [], set(), Rule.PHARMACY_VISIT_TOO_OLD, id="a day more than the setting says"),
        pytest.param({"sector": ""}, VISITED, [], set(), Rule.NOT_A_PHARMACY, id="dispensed by who is no pharmacy"),
        pytest.param({"sector": "SA07"}, VISITED, [], set(), Rule.NOT_A_PHARMACY, id="dispensed by another sector"),
        pytest.param({"sector": "SA07"}, FirstLetter(), [], set(), Rule.NOT_INVITED, id="another sector, never dispensed"),
        pytest.param({"red_listed": True}, VISITED, [], set(), Rule.NO_PUBLISHED_ORG_MAILBOX, id="red-listed"),
        pytest.param({"kind": MailboxKind.APP}, VISITED, [], set(), Rule.NO_PUBLISHED_ORG_MAILBOX, id="its APP mailbox"),
        pytest.param({"state": MailboxState.SUSPENDED}, VISITED, [], set(), Rule.NO_PUBLISHED_ORG_MAILBOX, id="suspended"),
        pytest.param({"state": MailboxState.CLOSED}, VISITED, [], set(), Rule.NO_PUBLISHED_ORG_MAILBOX, id="closed"),
        pytest.param({"kind": PATIENT}, VISITED, [], set(), Rule.NOT_INVITED, id="a patient's, whatever the sector"),
        pytest.param({}, VISITED, [SHUT_1], {1}, Rule.CONVERSATION_CLOSED, id="answers what the pharmacy closed"),
        pytest.param({"red_listed": True}, VISITED, [SHUT_1], set(), Rule.CONVERSATION_CLOSED, id="closed, and no more published"),
        pytest.param({}, FirstLetter(0, after_closure=False), [SHUT_1], set(), Rule.CONVERSATION_CLOSED, id="closed, by the setting"),
        pytest.param({}, VISITED, [], set(), Ground.PHARMACY_VISITED, id="the same day"),
        pytest.param({"sector": "SA38"}, FirstLetter(365), [], set(), Ground.PHARMACY_VISITED, id="on day 365"),
        pytest.param({"sector": "SA39"}, FirstLetter(10, 10), [], {9}, Ground.PHARMACY_VISITED, id="answers something unknown"),
        pytest.param({}, VISITED, [SHUT_1], set(), Ground.PHARMACY_VISITED, id="a new letter after a closure"),
        pytest.param({}, VISITED, [OPEN_1], set(), Ground.CONVERSATION_OPEN, id="answers, visited or not"),
        pytest.param({"opened": True, "sector": ""}, FirstLetter(), [], set(), Ground.OPEN_TO_PATIENTS, id="opened by its managers"),
        pytest.param({"opened": True}, FirstLetter(366), [], set(), Ground.OPEN_TO_PATIENTS, id="opened, though visited long ago"),
        pytest.param(
            {"opened": True, "sector": "", "kind": MailboxKind.CAB}, FirstLetter(), [], set(), Ground.OPEN_TO_PATIENTS, id="a CAB"
        ),
        pytest.param({"opened": True, "sector": "", "kind": MailboxKind.PER}, FirstLetter(), [], set(), Rule.NOT_INVITED, id="a PER"),
        pytest.param({"opened": True, "sector": "", "kind": MailboxKind.APP}, FirstLetter(), [], set(), Rule.NOT_INVITED, id="an APP"),
        pytest.param({"opened": True}, FirstLetter(), [SHUT_1], {1}, Rule.CONVERSATION_CLOSED, id="opened, answers what was closed"),
        pytest.param({"opened": True}, FirstLetter(after_closure=False), [SHUT_1], set(), Rule.CONVERSATION_CLOSED, id="by the setting"),
    ],
)
def test_who_may_write_first(
    changes: dict[str, Any], first: FirstLetter, rights: list[AnswerRight], answered: set[int], code: Rule | Ground
) -> None:
    verdict = judge_patient(dataclasses.replace(PHARMACY, **changes), rights, frozenset(answered), first)
    assert verdict.code == code
    assert verdict.allowed is isinstance(code, Ground)
    assert not isinstance(code, Ground) or verdict.reference == _GROUNDS[code]
    said = {
        Ground.PHARMACY_VISITED: f"dispensed medicines to this patient {first.dispensed_days} days ago.",
        Ground.OPEN_TO_PATIENTS: "let patients write first.",
    }
    assert verdict.detail.endswith(said.get(code, "") if isinstance(code, Ground) else "")
    assert "officine@sim.mssante.fr" in verdict.detail


@pytest.mark.parametrize(
    ("effect", "on_its_way", "at_once", "again"),
    [
        (Effect.OPEN, False, True, True),
        (Effect.CLOSE, True, True, False),
        (Effect.WITHDRAW, True, True, False),
        (Effect.NONE, False, False, False),
    ],
)
def test_what_closes_does_so_when_accepted_and_what_opens_when_it_arrives(
    effect: Effect, *, on_its_way: bool, at_once: bool, again: bool
) -> None:
    assert acts_now(effect, waits=True, again=False) is on_its_way
    assert acts_now(effect, waits=False, again=False) is at_once
    assert acts_now(effect, waits=False, again=True) is again
    assert not acts_now(effect, waits=True, again=True), "what waits once more has done what it does"


@pytest.mark.parametrize(
    ("subject", "mes", "text", "told"),
    [
        ("[Fin]", None, "", "The subject is '[Fin]'"),
        ("Re: [FIN]", None, "", "The subject is 'Re: [FIN]'"),
        (" [FIN]", None, "", "The subject is ' [FIN]'"),
        ("[FIN] merci", None, "", "The subject is '[FIN] merci'"),
        ("fin", None, "", "The subject is 'fin'"),
        ("(FIN)", None, "", "The subject is '(FIN)'"),
        ("Bonjour", "fin", "", "X-MSS-MES is 'fin'"),
        ("Bonjour", "FIN, NON", "", "X-MSS-MES is 'FIN, NON'"),
        ("Bonjour", "", "", "X-MSS-MES is ''"),
        ("Bonjour", None, "Merci.\r\n[FIN]\r\n", "[FIN] stands in the text"),
        ("Bonjour", None, "C'est la fin.", None),
        ("Fin de traitement", None, "Merci.", None),
        ("", None, "", None),
    ],
)
def test_a_letter_that_nearly_closes_is_told_from_one_that_does_not_try(subject: str, mes: str | None, text: str, told: str | None) -> None:
    why = near_miss(subject, mes, text)
    assert (why is None) if told is None else (why is not None and why.startswith(told))


@pytest.mark.parametrize(
    ("subject", "mes", "told"),
    [
        ("[Fin]", None, "The subject is '[Fin]': only the five characters [FIN] close, with no blank and no other word."),
        ("Bonjour", "fin", "X-MSS-MES is 'fin': only FIN closes, in capitals, and not beside another value."),
    ],
)
def test_who_nearly_closes_is_told_the_mark_that_does(subject: str, mes: str | None, told: str) -> None:
    assert near_miss(subject, mes, "") == told
