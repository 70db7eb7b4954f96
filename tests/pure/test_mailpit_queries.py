"""The searches of Mailpit, read into terms."""

import zoneinfo
from datetime import UTC, datetime

import pytest

from mss_sim.clock import from_datetime
from mss_sim.errors import Refusal
from mss_sim.mail.terms import Term, TermKind
from mss_sim.mailpit.queries import read_query, read_zone


def _at(year: int, month: int, day: int, hour: int = 0) -> int:
    return from_datetime(datetime(year, month, day, hour, tzinfo=UTC))


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("", []),
        (" \t ", []),
        ('""', []),
        ("-", [Term(TermKind.TEXT, "-")]),
        ("from:Camille", [Term(TermKind.FROM, "camille")]),
        ("FROM:Hélène", [Term(TermKind.FROM, "helene")]),
        ('to:"Dr Martin" cc:x bcc:y', [Term(TermKind.TO, "dr martin"), Term(TermKind.CC, "x"), Term(TermKind.BCC, "y")]),
        ("reply-to:a addressed:b", [Term(TermKind.REPLY_TO, "a"), Term(TermKind.ANYBODY, "b")]),
        ('subject:"Compte rendu, suite"', [Term(TermKind.SUBJECT, "compte rendu, suite")]),
        ('"subject:compte rendu"', [Term(TermKind.SUBJECT, "compte rendu")]),
        ("message-id:<X@y.fr>", [Term(TermKind.MESSAGE_ID, "x@y.fr")]),
        ("from: to:", []),
        ("from:<>", []),
        ("-from:a !to:b", [Term(TermKind.FROM, "a", excluded=True), Term(TermKind.TO, "b", excluded=True)]),
        ("deux mots", [Term(TermKind.TEXT, "deux"), Term(TermKind.TEXT, "mots")]),
        ('"deux  mots" -trois', [Term(TermKind.TEXT, "deux  mots"), Term(TermKind.TEXT, "trois", excluded=True)]),
        ('"jamais fermé', [Term(TermKind.TEXT, "jamais ferme")]),
        ("http://x", [Term(TermKind.TEXT, "http://x")]),
        ("is:read", [Term(TermKind.READ)]),
        ("is:unread", [Term(TermKind.READ, excluded=True)]),
        ("-is:unread", [Term(TermKind.READ)]),
        ("!is:READ", [Term(TermKind.READ, excluded=True)]),
        ("has:attachment has:attachments", [Term(TermKind.ATTACHMENT)] * 2),
        ("-has:inline", [Term(TermKind.INLINE, excluded=True)]),
        ("is:tagged -tag:x", [Term(TermKind.TAGGED), Term(TermKind.TAGGED, "x", excluded=True)]),
        ("larger:2kb smaller:1.5M", [Term(TermKind.LARGER, 2_048), Term(TermKind.SMALLER, 1_572_864)]),
        ("larger:10", [Term(TermKind.LARGER, 10)]),
        ("larger:lots", [Term(TermKind.TEXT, "larger:lots")]),
        ("after:2026-01-05", [Term(TermKind.SINCE, _at(2026, 1, 5))]),
        ("after:2026/01/05 before:2026-01-06T08:00:00Z", [Term(TermKind.SINCE, _at(2026, 1, 5)), Term(TermKind.UNTIL, _at(2026, 1, 6, 8))]),
        ('before:"5 Jan 2026"', [Term(TermKind.UNTIL, _at(2026, 1, 5))]),
        ("-after:2026-01-05t10:00:00+02:00", [Term(TermKind.SINCE, _at(2026, 1, 5, 8), excluded=True)]),
        ("after:", []),
    ],
)
def test_a_search_is_read(text: str, terms: list[Term]) -> None:
    assert read_query(text, None) == terms


def test_dates_are_meant_where_the_client_is() -> None:
    assert read_query("after:2026-01-05", "Europe/Paris") == [Term(TermKind.SINCE, _at(2026, 1, 4, 23))]


@pytest.mark.parametrize("zone", ["Nowhere", "../etc/passwd", "/etc/passwd", "Europe", "\x00", "a" * 100])
def test_a_zone_that_is_none_is_refused(zone: str) -> None:
    with pytest.raises(Refusal, match="Europe/Paris"):
        read_query("x", zone)


@pytest.mark.parametrize("date", ["soon", "2026-13-01", "99999", "\x00", "5 Brumaire 2026"])
def test_a_date_that_is_none_is_refused(date: str) -> None:
    with pytest.raises(Refusal, match="2026-01-05"):
        read_query(f'after:"{date}"', None)


@pytest.mark.parametrize("text", ['"' * 4_000, "a " * 2_000, "-" * 4_000, "a:" * 2_000, '"a' * 2_000])
def test_long_searches_are_read_in_no_time(text: str) -> None:
    assert len(read_query(text, None)) <= 2_000


def test_zones_are_known_on_a_machine_without_a_table_of_them() -> None:
    """As a slim image is, and Windows."""
    zoneinfo.reset_tzpath(to=[])
    zoneinfo.ZoneInfo.clear_cache()
    try:
        assert datetime(2026, 7, 1, tzinfo=read_zone("Europe/Paris")).isoformat() == "2026-07-01T00:00:00+02:00"
    finally:
        zoneinfo.reset_tzpath()
