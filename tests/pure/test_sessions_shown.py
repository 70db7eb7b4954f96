"""Sessions of clients as JSON, text and table: all that is known, and of what a client said no token and no control character."""

import csv
import io
from typing import Any

import pytest

from mss_sim.clock import ManualClock, iso
from mss_sim.evidence.clients import by_client
from mss_sim.evidence.refusals import Why
from mss_sim.evidence.transcripts import Transcript, Transcripts
from mss_sim.http import indicators, sessions
from mss_sim.ids import IdSource
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.evidence import SessionEnd
from mss_sim.vocabulary.language import Language
from mss_sim.words.sentence import quoted

_TOKEN = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln"
_NO_COSTS = {
    "connections": 1,
    **dict.fromkeys(("commands", "letters_sent", "letters_read", "octets_in", "octets_out", "polls", "retries", "duplicates"), 0),
    "commands_per_letter": None,
}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def opened(clock: ManualClock, door: Door = Door.SMTP) -> Transcript:
    return Transcripts(clock, IdSource(clock), sessions_max=9, lines_max=100).open(door, "192.0.2.7")


def test_of_a_session_that_goes_on_and_said_nothing_hardly_anything_is_known(clock: ManualClock) -> None:
    one = opened(clock)
    one.ended = SessionEnd.SERVER
    at = iso(clock.now())
    assert sessions.session(one) == {
        "id": one.id,
        "door": "smtp",
        "peer": "192.0.2.7",
        **dict.fromkeys(("client", "client_id", "who", "mailbox", "trap", "closed_at", "ended", "tls")),
        "opened_at": at,
        "last_at": at,
        "verdict": "clean",
        "refusals": 0,
        "rules": {},
        "mistakes": 0,
        "costs": _NO_COSTS,
    }


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"client": "a\x1b[2J"}, {"client": "a?[2J"}),
        ({"client": ""}, {"client": None}),
        ({"client_id": "mss"}, {"client_id": "mss"}),
        ({"identity": "899700420013"}, {"who": "899700420013"}),
        ({"mailbox": "a@b.fr"}, {"mailbox": "a@b.fr"}),
        ({"trap": "expired"}, {"trap": "expired"}),
    ],
)
def test_what_is_known_of_a_client_is_told_in_its_place(clock: ManualClock, facts: dict[str, str], told: dict[str, Any]) -> None:
    one = opened(clock)
    before = sessions.session(one)
    one.facts |= facts
    shown = sessions.session(one)
    for name, value in told.items():
        if value and name == "client":
            assert shown[name].isprintable()
            assert shown[name].startswith("a")
        else:
            assert shown[name] == value
    assert {name: value for name, value in shown.items() if name not in told} == {
        name: value for name, value in before.items() if name not in told
    }


@pytest.mark.parametrize(
    ("fact", "name"),
    [
        *(("tls", "version"), ("suite", "suite"), ("tls_resumed", "resumed"), ("sni", "sni"), ("client_dn", "client_dn")),
        *(("client_serial", "client_serial"), ("client_verified", "client_verified"), ("tls_error", "error")),
    ],
)
def test_a_fact_about_tls_is_told_beside_those_that_are_not_known(clock: ManualClock, fact: str, name: str) -> None:
    one = opened(clock)
    one.facts[fact] = "x"
    names = ("version", "suite", "resumed", "sni", "client_dn", "client_serial", "client_verified", "error")
    assert sessions.session(one)["tls"] == {**dict.fromkeys(names), name: "x"}


def test_a_whole_session_tells_its_lines_its_letters_and_what_was_refused(clock: ManualClock) -> None:
    one = opened(clock)
    one.command(b"MAIL FROM:<a@b.fr>")
    one.refuse("550", Why("send-not-allowed", quoted(f"No {_TOKEN}."), "rfc5321#4", "a@b.fr"), Why(None, quoted("Bad.")))
    one.server(b"550 No\r\n")
    one.event(f"a token {_TOKEN}")
    one.brought.append("<1@b.fr>")
    one.close()
    at, shown = iso(clock.now()), sessions.whole(one, Language.EN)
    assert {name: shown[name] for name in sessions.session(one)} == sessions.session(one)
    assert (shown["closed_at"], shown["ended"], shown["verdict"]) == (at, "lost", "refused")
    assert (shown["refusals"], shown["rules"], shown["mistakes"]) == (1, {"send-not-allowed": 1}, 1)
    assert shown["letters"] == ["<1@b.fr>"]
    command = {"at": at, "command": "MAIL FROM:<a@b.fr>", "answer": "550"}
    assert shown["refused"] == [
        {**command, "rule": "send-not-allowed", "detail": "No ********", "reference": "rfc5321#4", "subject": "a@b.fr"},
        {**command, "rule": None, "detail": "Bad.", "reference": None, "subject": None},
    ]
    lines = [("C", "MAIL FROM:<a@b.fr>"), ("S", "550 No"), ("-", "a token ********")]
    assert [(line["at"], line["side"], line["text"]) for line in shown["transcript"]] == [(at, *line) for line in lines]
    assert sessions.text(one) == "".join(f"{at} {side} {text}\r\n" for side, text in lines)
    assert sessions.file_name(one, "txt") == f'attachment; filename="session-{one.id}.txt"'


def test_what_each_client_cost_is_told_and_written_as_a_line_of_a_table(clock: ManualClock) -> None:
    one, other = opened(clock), opened(clock, Door.IMAP)
    one.facts |= {"client": "client.example", "identity": "899700420013"}
    one.command(b"DATA x")
    one.refuse("550", Why("too-large", quoted("Large.")), Why("bad-address", quoted("Bad.")), Why("too-large", quoted("Large.")))
    one.took()
    clients, at = by_client([one, other]), iso(clock.now())
    told = {**_NO_COSTS, "commands": 1, "letters_sent": 1, "commands_per_letter": 1.0}
    assert [sessions.client(client) for client in clients] == [
        {
            "door": "smtp",
            "client": "client.example",
            "who": "899700420013",
            "first_at": at,
            "last_at": at,
            "sessions": 1,
            "refusals": 3,
            "rules": {"too-large": 2, "bad-address": 1},
            "mistakes": 0,
            "costs": told,
        },
        {
            "door": "imap",
            "client": None,
            "who": None,
            "first_at": at,
            "last_at": at,
            "sessions": 1,
            "refusals": 0,
            "rules": {},
            "mistakes": 0,
            "costs": _NO_COSTS,
        },
    ]
    first, second = csv.DictReader(io.StringIO(indicators.client_table(clients).decode()))
    assert first == {
        **{name: str(value) for name, value in told.items()},
        "door": "smtp",
        "client": "client.example",
        "who": "899700420013",
        "first_at": at,
        "last_at": at,
        "sessions": "1",
        "refusals": "3",
        "mistakes": "0",
        "rules": "bad-address=1 too-large=2",
    }
    assert (second["client"], second["who"], second["commands_per_letter"], second["rules"], second["door"]) == ("", "", "", "", "imap")
