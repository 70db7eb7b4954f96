"""Which way opens which mailbox: the table of policy/logins.py."""

import pytest

from mss_sim.errors import Refusal, Rule
from mss_sim.policy.logins import decide_way
from mss_sim.vocabulary.doors import LogInBy
from mss_sim.vocabulary.mailboxes import MailboxKind

ALL = frozenset(LogInBy)
PASSWORD, PSC, CERTIFICATE = LogInBy.PASSWORD, LogInBy.PSC, LogInBy.CERTIFICATE
PER, ORG, CAB, APP, PATIENT = MailboxKind.PER, MailboxKind.ORG, MailboxKind.CAB, MailboxKind.APP, MailboxKind.PATIENT


@pytest.mark.parametrize(
    ("kind", "way"),
    [(APP, PASSWORD), (APP, PSC), (PER, CERTIFICATE), (ORG, CERTIFICATE), (CAB, CERTIFICATE), (PATIENT, CERTIFICATE)],
)
def test_a_way_that_is_not_for_this_kind_is_refused(kind: MailboxKind, way: LogInBy) -> None:
    with pytest.raises(Refusal) as refused:
        decide_way(kind, way, ALL, "A", app_passwords=False)
    assert (refused.value.rule, refused.value.reference) == (Rule.AUTHENTICATION_FAILED, "client-requirements#2.5")


@pytest.mark.parametrize(
    ("kind", "way"),
    [
        (PER, PASSWORD),
        (PER, PSC),
        (ORG, PASSWORD),
        (ORG, PSC),
        (CAB, PASSWORD),
        (CAB, PSC),
        (PATIENT, PASSWORD),
        (PATIENT, PSC),
        (APP, CERTIFICATE),
    ],
)
def test_the_others_open(kind: MailboxKind, way: LogInBy) -> None:
    decide_way(kind, way, ALL, "A", app_passwords=False)


@pytest.mark.parametrize("way", [PASSWORD, PSC])
def test_applications_without_a_certificate_are_let_in_by_setting(way: LogInBy) -> None:
    decide_way(APP, way, ALL, "A", app_passwords=True)


def test_an_operator_may_accept_less() -> None:
    with pytest.raises(Refusal, match="accepts other ways to log in: certificate, psc"):
        decide_way(PER, PASSWORD, {PSC, CERTIFICATE}, "A", app_passwords=False)
