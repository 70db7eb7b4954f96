"""Why the directory does not show an address, and who is told: the table of `policy/findability`, what is hidden first."""

from itertools import product
from typing import Any

import pytest

from mss_sim.policy.findability import REASONS, Standing, as_told, findability
from mss_sim.vocabulary.directory import Findability, WhyTold
from mss_sim.vocabulary.mailboxes import IdentityKind, MailboxKind, MailboxState

_ADDRESS, _PATIENT = "a@medecin.sim.mssante.fr", "285037511300167@patient.mssante.fr"
_STANDING = Standing(MailboxKind.PER, MailboxState.ACTIVE, False, IdentityKind.PROFESSIONAL, True, False)
_OPEN = {Findability.PUBLISHED, Findability.DOMAIN_OUTSIDE}


@pytest.mark.parametrize(
    ("values", "shown", "found"),
    [
        ({}, True, Findability.PUBLISHED),
        ({}, False, Findability.NOT_YET_PUBLISHED),
        ({"red_listed": True}, False, Findability.RED_LISTED),
        ({"red_listed": True}, True, Findability.PUBLISHED),
        ({"holder_enabled": False, "red_listed": True}, False, Findability.HOLDER_NOT_ACTIVE),
        ({"holder_kind": IdentityKind.APPLICATION, "red_listed": True}, False, Findability.HOLDER_NEVER_PUBLISHED),
        ({"holder_kind": IdentityKind.CARER}, False, Findability.HOLDER_NEVER_PUBLISHED),
        ({"anonymous_card": True}, False, Findability.HOLDER_NEVER_PUBLISHED),
        ({"state": MailboxState.CLOSED, "holder_enabled": False}, False, Findability.CLOSED),
        ({"state": MailboxState.SUSPENDED}, False, Findability.NOT_YET_PUBLISHED),
        ({"kind": MailboxKind.PATIENT}, True, Findability.PATIENT),
    ],
)
def test_why_an_address_is_not_shown(values: dict[str, Any], shown: bool, found: Findability) -> None:
    standing = _STANDING._replace(**values)
    assert findability(_ADDRESS, standing, in_trust_space=True, shown=shown) is found


def test_what_there_is_not() -> None:
    assert findability(_ADDRESS, None, in_trust_space=True, shown=False) is Findability.UNKNOWN
    assert findability("a@example.org", None, in_trust_space=False, shown=False) is Findability.DOMAIN_OUTSIDE
    assert findability(_PATIENT, None, in_trust_space=True, shown=False) is Findability.PATIENT


@pytest.mark.parametrize(("found", "asking", "why_told", "sees"), list(product(Findability, IdentityKind, WhyTold, (True, False))))
def test_who_is_told(found: Findability, asking: IdentityKind, why_told: WhyTold, sees: bool) -> None:
    colleague = why_told is WhyTold.PROFESSIONALS and asking in {IdentityKind.PROFESSIONAL, IdentityKind.EMPLOYEE}
    known = found in _OPEN or (sees and found is not Findability.UNKNOWN) or (colleague and found is not Findability.PATIENT)
    assert as_told(found, _ADDRESS, asking, why_told, sees=sees) is (found if known else Findability.NOT_SHOWN)


def test_the_domain_of_patients_tells_nothing_of_anybody() -> None:
    told = {as_told(Findability.PATIENT, _PATIENT, asking, WhyTold.HOLDERS, sees=False) for asking in IdentityKind}
    assert told == {Findability.PATIENT}


def test_each_reason_is_a_sentence() -> None:
    assert set(REASONS) == set(Findability)
