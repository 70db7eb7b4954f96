"""Which lines of a session a failed test is shown, and what is never shown."""

from datetime import UTC, datetime

import pytest

from mss_sim.testing.evidence import Evidence, is_refusal, sections
from mss_sim.testing.results import NearMiss, Session, TranscriptLine, WaitedInVain
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.evidence import SessionVerdict

_AT = datetime(2026, 1, 5, 8, tzinfo=UTC)


def _session(*lines: str, door: Door = Door.SMTP) -> Session:
    told = tuple(TranscriptLine(_AT, line[0], line[2:]) for line in lines)
    return Session("1", door, "127.0.0.1", _AT, None, "tests 1.0", "42", None, "TLSv1.3", SessionVerdict.REFUSED, {}, told)


def _shown(session: Session, lines: int = 60, secrets: tuple[str, ...] = ()) -> list[str]:
    [(_, text)] = sections(Evidence("w", (session,), 0, (), {"42": "doctor"}, secrets), lines)
    return text.splitlines()


@pytest.mark.parametrize(
    ("door", "line", "refused"),
    [
        (Door.SMTP, "S 550 5.7.1 No", True),
        (Door.SMTP, "S 451-4.3.0 Later", True),
        (Door.MX, "S 421 4.7.0 Bye", True),
        (Door.SMTP, "S 250 2.0.0 OK", False),
        (Door.SMTP, "S 354 450 lines", False),
        (Door.SMTP, "C 550 is what I say", False),
        (Door.IMAP, "S a1 NO [NOPERM] No", True),
        (Door.IMAP, "S * BAD What?", True),
        (Door.IMAP, "S a1 OK NO more", False),
        (Door.IMAP, "S 451 OK done", False),
        (Door.IMAP, "S a1 NOMODSEQ", False),
        (Door.IMAP, "- refused: too long", True),
        (Door.SMTP, "- fault 01: reply", True),
        (Door.SMTP, "- the TLS handshake failed: unknown ca", True),
        (Door.IMAP, "- 20 responses", False),
        (Door.LDAP, "S 2 bindResponse 49 invalidCredentials Nobody logs in here", True),
        (Door.LDAP, "S 0 extendedResp 52 unavailable Idle too long", True),
        (Door.LDAP, "S 2 searchResDone 0 success", False),
        (Door.LDAP, "S 2 compareResponse 6 compareTrue", False),
        (Door.LDAP, 'S 2 searchResEntry "o=a" cn (2 octets)', False),
    ],
)
def test_what_is_a_refusal(door: Door, line: str, refused: bool) -> None:
    assert is_refusal(door, TranscriptLine(_AT, line[0], line[2:])) is refused


def test_refusals_come_before_the_end_and_capabilities_last() -> None:
    talk = _session(
        "S 220 Hello", "C EHLO me", "S 250-DSN", "S 250 SIZE", "C RCPT a", "S 550 No", "C RSET", "S 250 OK", "C QUIT", "S 221 Bye"
    )
    head, *lines = _shown(talk)
    assert head == "smtp from 127.0.0.1 at 08:00:00: doctor (TLSv1.3, tests 1.0)"
    assert [line.strip() for line in lines] == [
        *("S 220 Hello", "C EHLO me", "…", "S 250 SIZE", "C RCPT a", "S 550 No", "C RSET", "S 250 OK", "C QUIT", "S 221 Bye")
    ]
    assert [line.strip() for line in _shown(talk, 4)[1:]] == ["…", "S 250 SIZE", "C RCPT a", "S 550 No", "…", "S 221 Bye"]
    assert [line.strip() for line in _shown(talk, 1)[1:]] == ["…", "S 550 No"]


def test_a_line_without_end_is_cut() -> None:
    assert len(_shown(_session("C " + "x" * 5_000))[1]) < 250


def test_no_secret_is_shown() -> None:
    """Should one ever come so far: where a client sends it in the wrong place, or a test waits for it."""
    secrets = ("pass-word", "pass")
    assert _shown(_session("C pass-word"), secrets=secrets)[1] == "    C ********"
    vain = WaitedInVain("waited for pass-word", (), (NearMiss("1", None, "pass", ("subject",)),), ())
    [(_, text)] = sections(Evidence("w", (), 0, (vain,), {}, secrets), 60)
    assert text == "waited for ********\n  near: “********” lacks subject"


def test_what_was_waited_for_in_vain_says_each_thing_once() -> None:
    twice = NearMiss("1", None, "Bilan", ("to",))
    assert str(WaitedInVain("waited", ("a", "a"), (twice, twice), ("a", "b"))).splitlines() == [
        *("waited", "  found: a", "  near: “Bilan” lacks to", "  there instead: b")
    ]
    assert str(WaitedInVain("waited", (), (), ())) == "waited\n  nothing else is there"
