"""What each trap reveals about a client, and the verdict about one connection to it.

A trap is a listener behind the wrong TLS. A client that notices leaves before it identifies itself: by an alert in the handshake, or by
closing before AUTH, LOGIN or MAIL. What could not be observed is never a pass.
"""

from dataclasses import dataclass
from enum import StrEnum

from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.trust import TrapName, Verdict
from mss_sim.words.sentence import Sentence, joined, quoted, say

EXPOSING = frozenset({"AUTH", "LOGIN", "AUTHENTICATE", "MAIL"})
"""The commands that show that a client continues."""


class TrapOutcome(StrEnum):
    """The outcome of TLS."""

    NONE = "none"  # STARTTLS was not requested
    COMPLETED = "completed"
    ABORTED = "aborted"


class Lookup(StrEnum):
    """Whether revocation data about the trap's certificate was fetched."""

    DURING = "during"  # after the connection was opened
    BEFORE = "before"  # earlier: a client keeps the last list
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Observation:
    """The facts about one connection. `alert` is the alert that the client sent; `reason` why the handshake failed otherwise."""

    tls: TrapOutcome
    commands: frozenset[str]
    closed: bool
    spoke: bool = True
    alert: str | None = None
    reason: str = ""
    lookup: Lookup = Lookup.NEVER


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict and the sentence that explains it."""

    verdict: Verdict
    why: Sentence


_TRUST = ("SC.MSS/CONF.27", "ECO.1.1.10")
_REQUIREMENTS: dict[TrapName, tuple[str, ...]] = {
    TrapName.EXPIRED: ("ECO.1.1.5",),
    TrapName.REVOKED: ("ECO.1.1.6",),
    TrapName.OLD_TLS: ("SC.MSS/CONF.01", "ECO.1.1.1"),
    TrapName.WEAK_SUITES: ("SC.MSS/CONF.03", "ECO.1.1.3"),
}
"""What a client must do (ref: ref2#ECO.1.1.5, ref2#ECO.1.1.6, ref2#ECO.1.1.1, ref2#ECO.1.1.3); trust alone for the others
(ref: ref2#ECO.1.1.10)."""
_CHAIN_IS_RIGHT = frozenset({TrapName.EXPIRED, TrapName.NOT_YET_VALID, TrapName.REVOKED, TrapName.WRONG_HOST})
_OF_THE_PROTOCOL = frozenset({TrapName.OLD_TLS, TrapName.WEAK_SUITES})
_CERTIFICATE_ALERTS = frozenset(
    {"bad_certificate", "unsupported_certificate", "certificate_revoked", "certificate_expired", "certificate_unknown", "unknown_ca"}
)
_OTHER_ALERTS = frozenset({"handshake_failure", "protocol_version", "insufficient_security", "no_renegotiation"})
_OTHER_REASONS = ("NO_SHARED_CIPHER", "UNSUPPORTED_PROTOCOL", "WRONG_VERSION_NUMBER", "HTTP_REQUEST", "NO_SUITABLE")


def requirements(trap: TrapName, door: Door) -> tuple[str, ...]:
    """The requirements that a trap makes observable over a door."""
    if trap is TrapName.STRIPPED:  # ref: ref2#ECO.1.0.1, ref2#ECO.1.0.2
        return ("SC.MSS/CONF.06", "ECO.1.0.2") if door is Door.IMAP else ("SC.MSS/CONF.05", "ECO.1.0.1")
    return _REQUIREMENTS.get(trap, _TRUST)


def judge(trap: TrapName, seen: Observation) -> Judgement:
    """The verdict about one connection to a trap."""
    if seen.commands & EXPOSING and (trap is TrapName.STRIPPED or seen.tls is not TrapOutcome.COMPLETED):
        return Judgement(Verdict.FAIL, say("it sent {commands} in clear", commands=_shown(seen.commands)))
    if trap is TrapName.STRIPPED:
        return _stripped(seen)
    if seen.tls is TrapOutcome.NONE:
        return Judgement(Verdict.NOT_OBSERVED, say("it did not ask for STARTTLS"))
    if trap in _OF_THE_PROTOCOL:
        return _protocol(seen)
    return _completed(trap, seen) if seen.tls is TrapOutcome.COMPLETED else _aborted(trap, seen)


def _shown(commands: frozenset[str]) -> str:
    return ", ".join(sorted(commands & EXPOSING))


def _stripped(seen: Observation) -> Judgement:
    if not seen.closed:
        return Judgement(Verdict.NOT_OBSERVED, say("it is still connected"))
    if not seen.spoke:
        return Judgement(Verdict.NOT_OBSERVED, say("it left before it could know that STARTTLS was missing"))
    return Judgement(Verdict.PASS, say("it left without a word in clear"))


def _protocol(seen: Observation) -> Judgement:
    if seen.tls is TrapOutcome.COMPLETED:
        return Judgement(Verdict.FAIL, say("it completed the handshake"))
    if seen.alert in _CERTIFICATE_ALERTS:
        return Judgement(
            Verdict.WARN,
            say("it agreed to the protocol and stopped at the certificate ({alert}): trust the root, try again", alert=seen.alert),
        )
    return Judgement(Verdict.PASS, say("it did not complete the handshake ({alert})", alert=seen.alert or seen.reason))


def _completed(trap: TrapName, seen: Observation) -> Judgement:
    if seen.commands & EXPOSING:
        return Judgement(Verdict.FAIL, say("it accepted the certificate and sent {commands}", commands=_shown(seen.commands)))
    if not seen.closed:
        return Judgement(Verdict.NOT_OBSERVED, say("the handshake is complete and it is still connected"))
    return _looked_up(trap, seen, say("it left after the handshake, before AUTH"))


def _aborted(trap: TrapName, seen: Observation) -> Judgement:
    told = quoted(seen.alert or seen.reason) if seen.alert or seen.reason else say("closed")
    if seen.alert in _OTHER_ALERTS or any(one in seen.reason for one in _OTHER_REASONS):
        return Judgement(Verdict.NOT_OBSERVED, say("the handshake failed before the certificate counted ({told})", told=told))
    if seen.alert == "unknown_ca" and trap in _CHAIN_IS_RIGHT:
        return Judgement(Verdict.WARN, say("it refused an authority that it should trust (unknown_ca): trust the root, try again"))
    return _looked_up(trap, seen, say("it refused the certificate ({told})", told=told))


def _looked_up(trap: TrapName, seen: Observation, why: Sentence) -> Judgement:
    """For a revoked certificate, leaving counts only when the client looked it up: else it may have left for another reason."""
    if trap is not TrapName.REVOKED:
        return Judgement(Verdict.PASS, why)
    if seen.lookup is Lookup.NEVER:
        return Judgement(Verdict.WARN, say("{why}, but it fetched neither CRL nor OCSP: not checked, or kept from long ago", why=why))
    fetched = say("it fetched CRL or OCSP") if seen.lookup is Lookup.DURING else say("it had fetched CRL or OCSP before")
    return Judgement(Verdict.PASS, joined((why, fetched), "; "))
