"""The verdicts about connections to traps, as a table."""

import pytest

from mss_sim.clock import ManualClock
from mss_sim.evidence.transcripts import Transcripts
from mss_sim.ids import IdSource
from mss_sim.net.traps import Trap, TrapVisit
from mss_sim.policy.traps import Lookup, Observation, TrapOutcome, judge, requirements
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.trust import TrapName, Verdict

NOTHING: frozenset[str] = frozenset()
EHLO = frozenset({"EHLO", "STARTTLS"})
AUTH = frozenset({"EHLO", "STARTTLS", "AUTH"})


def seen(tls: TrapOutcome, commands: frozenset[str] = EHLO, **more: object) -> Observation:
    return Observation(tls, commands, **{"closed": True, **more})  # type: ignore[arg-type]


OF_THEIR_OWN = {TrapName.EXPIRED, TrapName.REVOKED, TrapName.OLD_TLS, TrapName.WEAK_SUITES, TrapName.STRIPPED}
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


SENTENCES = [
    (TrapName.EXPIRED, seen(NONE, frozenset({"MAIL", "EHLO", "AUTH"})), "it sent AUTH, MAIL in clear"),
    (TrapName.EXPIRED, seen(NONE), "it did not ask for STARTTLS"),
    (TrapName.STRIPPED, seen(NONE, closed=False), "it is still connected"),
    (TrapName.STRIPPED, seen(NONE, NOTHING, spoke=False), "it left before it could know that STARTTLS was missing"),
    (TrapName.STRIPPED, seen(NONE), "it left without a word in clear"),
    (TrapName.OLD_TLS, seen(DONE), "it completed the handshake"),
    (
        TrapName.OLD_TLS,
        seen(BROKEN, alert="unknown_ca"),
        "it agreed to the protocol and stopped at the certificate (unknown_ca): trust the root, try again",
    ),
    (TrapName.OLD_TLS, seen(BROKEN, alert="protocol_version"), "it did not complete the handshake (protocol_version)"),
    (TrapName.OLD_TLS, seen(BROKEN, reason="UNSUPPORTED_PROTOCOL"), "it did not complete the handshake (UNSUPPORTED_PROTOCOL)"),
    (TrapName.EXPIRED, seen(DONE, AUTH), "it accepted the certificate and sent AUTH"),
    (TrapName.EXPIRED, seen(DONE, closed=False), "the handshake is complete and it is still connected"),
    (TrapName.EXPIRED, seen(DONE), "it left after the handshake, before AUTH"),
    (
        TrapName.EXPIRED,
        seen(BROKEN, alert="handshake_failure", reason="SSLV3_ALERT_HANDSHAKE_FAILURE"),
        "the handshake failed before the certificate counted (handshake_failure)",
    ),
    (TrapName.EXPIRED, seen(BROKEN, reason="NO_SHARED_CIPHER"), "the handshake failed before the certificate counted (NO_SHARED_CIPHER)"),
    (
        TrapName.EXPIRED,
        seen(BROKEN, alert="unknown_ca"),
        "it refused an authority that it should trust (unknown_ca): trust the root, try again",
    ),
    (TrapName.EXPIRED, seen(BROKEN, alert="certificate_expired", reason="ALERT"), "it refused the certificate (certificate_expired)"),
    (TrapName.EXPIRED, seen(BROKEN, reason="ConnectionResetError"), "it refused the certificate (ConnectionResetError)"),
    (TrapName.EXPIRED, seen(BROKEN), "it refused the certificate (closed)"),
    (
        TrapName.REVOKED,
        seen(DONE),
        "it left after the handshake, before AUTH, but it fetched neither CRL nor OCSP: not checked, or kept from long ago",
    ),
    (TrapName.REVOKED, seen(DONE, lookup=Lookup.DURING), "it left after the handshake, before AUTH; it fetched CRL or OCSP"),
    (TrapName.REVOKED, seen(DONE, lookup=Lookup.BEFORE), "it left after the handshake, before AUTH; it had fetched CRL or OCSP before"),
]


@pytest.mark.parametrize(("trap", "what", "sentence"), SENTENCES)
def test_a_verdict_says_what_was_seen(trap: TrapName, what: Observation, sentence: str) -> None:
    assert judge(trap, what).why == sentence


@pytest.mark.parametrize("door", [Door.SMTP, Door.IMAP])
@pytest.mark.parametrize(
    ("trap", "names"),
    [
        (TrapName.EXPIRED, ("ECO.1.1.5",)),
        (TrapName.REVOKED, ("ECO.1.1.6",)),
        (TrapName.OLD_TLS, ("SC.MSS/CONF.01", "ECO.1.1.1")),
        (TrapName.WEAK_SUITES, ("SC.MSS/CONF.03", "ECO.1.1.3")),
        *((trap, ("SC.MSS/CONF.27", "ECO.1.1.10")) for trap in TrapName if trap not in OF_THEIR_OWN),
    ],
)
def test_a_trap_names_the_requirements_that_it_makes_observable(trap: TrapName, names: tuple[str, ...], door: Door) -> None:
    assert requirements(trap, door) == names


@pytest.mark.parametrize(("door", "names"), [(Door.SMTP, ("SC.MSS/CONF.05", "ECO.1.0.1")), (Door.IMAP, ("SC.MSS/CONF.06", "ECO.1.0.2"))])
def test_without_starttls_the_requirement_is_that_of_the_door(door: Door, names: tuple[str, ...]) -> None:
    assert requirements(TrapName.STRIPPED, door) == names


@pytest.mark.parametrize("trap", list(TrapName))
def test_who_sends_credentials_never_passes(trap: TrapName) -> None:
    for outcome in TrapOutcome:
        for closed in (True, False):
            assert judge(trap, seen(outcome, AUTH, closed=closed)).verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("door", "said", "heard"),
    [
        (Door.SMTP, b"ehlo client.example", "EHLO"),
        (Door.SMTP, b"QUIT", "QUIT"),
        (Door.SMTP, b"AUTH PLAIN AGhv", "AUTH"),
        (Door.SMTP, b"x" * 30 + b" y", "X" * 20),
        (Door.SMTP, b"\xff", "\ufffd"),
        (Door.IMAP, b"a1 login paul.durand x", "LOGIN"),
        (Door.IMAP, b"a1 NOOP", "NOOP"),
        (Door.IMAP, b"LOGIN", None),
        (Door.IMAP, b"", None),
    ],
)
def test_the_verb_of_a_line_is_heard_behind_its_tag_over_imap(door: Door, said: bytes, heard: str | None) -> None:
    clock = ManualClock()
    transcript = Transcripts(clock, IdSource(clock), sessions_max=1, lines_max=1).open(door, "127.0.0.1")
    visit = TrapVisit(Trap(TrapName.STRIPPED, None), transcript)
    visit.hear(said)
    assert visit.commands == ({heard} if heard else set())
