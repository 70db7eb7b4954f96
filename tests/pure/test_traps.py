"""The verdicts about connections to traps, as a table."""

import pytest

from mss_sim.policy.traps import Lookup, Observation, TrapOutcome, judge, requirements
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.trust import TrapName, Verdict

NOTHING: frozenset[str] = frozenset()
EHLO = frozenset({"EHLO", "STARTTLS"})
AUTH = frozenset({"EHLO", "STARTTLS", "AUTH"})


def seen(tls: TrapOutcome, commands: frozenset[str] = EHLO, **more: object) -> Observation:
    return Observation(tls, commands, **{"closed": True, **more})  # type: ignore[arg-type]


DONE, BROKEN, NONE = TrapOutcome.COMPLETED, TrapOutcome.ABORTED, TrapOutcome.NONE
CASES = [
    # FAIL
    (TrapName.EXPIRED, seen(DONE, AUTH), "FAIL"),
    (TrapName.EXPIRED, seen(DONE, frozenset({"MAIL"})), "FAIL"),
    (TrapName.SELF_SIGNED, seen(DONE, frozenset({"LOGIN"})), "FAIL"),
    (TrapName.WRONG_HOST, seen(DONE, frozenset({"AUTHENTICATE"}), closed=False), "FAIL"),
    (TrapName.EXPIRED, seen(NONE, frozenset({"EHLO", "AUTH"})), "FAIL"),
    (TrapName.EXPIRED, seen(BROKEN, AUTH, alert="certificate_expired"), "FAIL"),
    (TrapName.REVOKED, seen(DONE, AUTH, lookup=Lookup.DURING), "FAIL"),
    (TrapName.OLD_TLS, seen(DONE), "FAIL"),
    (TrapName.WEAK_SUITES, seen(DONE, closed=False), "FAIL"),
    (TrapName.STRIPPED, seen(NONE, frozenset({"EHLO", "AUTH"})), "FAIL"),
    (TrapName.STRIPPED, seen(NONE, frozenset({"EHLO", "MAIL"})), "FAIL"),
    # PASS
    (TrapName.EXPIRED, seen(BROKEN, alert="certificate_expired"), "PASS"),
    (TrapName.EXPIRED, seen(BROKEN, reason="ConnectionResetError"), "PASS"),
    (TrapName.EXPIRED, seen(DONE), "PASS"),
    (TrapName.SELF_SIGNED, seen(BROKEN, alert="unknown_ca"), "PASS"),
    (TrapName.PUBLIC_CA, seen(BROKEN, alert="unknown_ca"), "PASS"),
    (TrapName.REVOKED, seen(BROKEN, alert="certificate_revoked", lookup=Lookup.DURING), "PASS"),
    (TrapName.REVOKED, seen(DONE, lookup=Lookup.BEFORE), "PASS"),
    (TrapName.OLD_TLS, seen(BROKEN, reason="UNSUPPORTED_PROTOCOL"), "PASS"),
    (TrapName.WEAK_SUITES, seen(BROKEN, reason="NO_SHARED_CIPHER"), "PASS"),
    (TrapName.STRIPPED, seen(NONE), "PASS"),
    # WARN
    (TrapName.REVOKED, seen(BROKEN, alert="certificate_revoked"), "WARN"),
    (TrapName.REVOKED, seen(DONE), "WARN"),
    (TrapName.EXPIRED, seen(BROKEN, alert="unknown_ca"), "WARN"),
    (TrapName.REVOKED, seen(BROKEN, alert="unknown_ca", lookup=Lookup.DURING), "WARN"),
    (TrapName.OLD_TLS, seen(BROKEN, alert="unknown_ca"), "WARN"),
    # NOT-OBSERVED
    (TrapName.EXPIRED, seen(NONE), "NOT-OBSERVED"),
    (TrapName.EXPIRED, seen(DONE, closed=False), "NOT-OBSERVED"),
    (TrapName.EXPIRED, seen(BROKEN, reason="NO_SHARED_CIPHER"), "NOT-OBSERVED"),
    (TrapName.EXPIRED, seen(BROKEN, alert="handshake_failure", reason="SSLV3_ALERT_HANDSHAKE_FAILURE"), "NOT-OBSERVED"),
    (TrapName.OLD_TLS, seen(NONE), "NOT-OBSERVED"),
    (TrapName.STRIPPED, seen(NONE, closed=False), "NOT-OBSERVED"),
    (TrapName.STRIPPED, seen(NONE, NOTHING, spoke=False), "NOT-OBSERVED"),
]


@pytest.mark.parametrize(("trap", "what", "verdict"), CASES)
def test_verdicts(trap: TrapName, what: Observation, verdict: str) -> None:
    judged = judge(trap, what)
    assert judged.verdict == verdict, judged.why
    assert judged.why


@pytest.mark.parametrize("trap", list(TrapName))
def test_every_trap_names_what_it_is_about(trap: TrapName) -> None:
    assert all(requirements(trap, door) for door in (Door.SMTP, Door.IMAP))


@pytest.mark.parametrize("trap", list(TrapName))
def test_who_sends_credentials_never_passes(trap: TrapName) -> None:
    for outcome in TrapOutcome:
        for closed in (True, False):
            assert judge(trap, seen(outcome, AUTH, closed=closed)).verdict is Verdict.FAIL
