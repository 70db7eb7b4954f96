"""Which way opens which mailbox: the table of policy/logins.py."""

import pytest

from mss_sim.errors import Refusal, Rule
from mss_sim.policy.logins import decide_way, split_name
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


@pytest.mark.parametrize(
    ("name", "plus", "parts"),
    [
        ("camille.martin", True, ("", "camille.martin")),
        ("box@a.example*camille", False, ("box@a.example", "camille")),
        ("box+x@a.example*camille", True, ("box+x@a.example", "camille")),
        ("box*x@a.example*camille", False, ("box*x@a.example", "camille")),
        ("camille+box@a.example", True, ("box@a.example", "camille")),
        ("camille+box+x@a.example", True, ("box+x@a.example", "camille")),
        ("camille+box@a.example", False, ("", "camille+box@a.example")),
        ("camille+box", True, ("", "camille+box")),
        ("me@a.example+box@a.example", True, ("", "me@a.example+box@a.example")),
        ("+box@a.example", True, ("", "+box@a.example")),
        ("", True, ("", "")),
    ],
)
def test_a_name_holds_a_mailbox_and_a_login(name: str, plus: bool, parts: tuple[str, str]) -> None:
    assert split_name(name, plus=plus) == parts
