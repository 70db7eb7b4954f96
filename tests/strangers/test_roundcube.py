"""Roundcube's class for IMAP, in PHP, over STARTTLS: the webmail that many an operator gives to who has no mail program."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from mss_sim.app.simulator import Simulator
from tests.clients import HOSPITAL, PRACTICE, Person, base64_of, control
from tests.strangers.telling import HERE, REPORT, letters_with_report, must_exist, told_as_json

CLASSES = "/usr/share/roundcube/program/lib/Roundcube"
HOLDER = {"user": "camille.martin", "password": "cabinet-2026", "method": "PLAIN"}
SECRETARY = {"user": f"{PRACTICE}*sophie.petit", "password": "cabinet-2026", "method": "PLAIN"}
OWN = ["INBOX", "Archive", "Drafts", "Junk", "Sent", "Trash"]


async def _day(simulator: Simulator, account: Mapping[str, Any], *parts: str, letters: list[str] | None = None) -> list[Any]:
    must_exist(f"{CLASSES}/rcube_imap_generic.php", "Roundcube's class (roundcube-core)")
    ready = simulator.ready()
    where = {"roundcube": CLASSES, "port": ready["imap"]["port"], "ca": ready["ca_file"]}
    story = {**where, **account, "letters": letters or [], "parts": parts}
    return await told_as_json("php", str(HERE / "php" / "day.php"), json.dumps(story))


@pytest.mark.parametrize("method", ["PLAIN", "LOGIN", "CHECK"])
async def test_the_shared_mailbox_is_a_mailbox_like_another(simulator: Simulator, method: str) -> None:
    seen = await _day(simulator, {**SECRETARY, "method": method}, "tree")
    namespaces, delimiter, listed, marked, recursive, subscribed, special, status = seen
    assert namespaces == {"personal": [["", "/"]], "other": None, "shared": None}
    assert delimiter == "/"
    assert listed == marked == recursive == subscribed == OWN
    assert special == OWN[1:]
    assert {name: status[name] for name in ("MESSAGES", "UNSEEN", "RECENT", "UIDNEXT", "SIZE")} == {
        "MESSAGES": "0",
        "UNSEEN": "0",
        "RECENT": "0",
        "UIDNEXT": "1",
        "SIZE": "0",
    }


async def test_a_token_opens_the_shared_mailbox(simulator: Simulator) -> None:
    token = (await control(simulator, "POST", "/tokens", {"who": "sophie.petit"})).json()["access_token"]
    account = {"user": PRACTICE, "password": f"Bearer {token}", "method": "XOAUTH2"}
    assert (await _day(simulator, account, "tree"))[2] == OWN


async def test_a_mailbox_is_read_and_searched(simulator: Simulator) -> None:
    letters = letters_with_report("un", "deux", "trois été", to=PRACTICE)
    seen = await _day(simulator, SECRETARY, "order", "looking", letters=letters)
    assert seen[:5] == ["1", "2", "3", 3, 0]
    assert [[row[0], row[2], row[4]] for row in seen[5:8]] == [[uid, HOSPITAL, {"SEEN": True, "RECENT": True}] for uid in (1, 2, 3)]
    assert [row[1] for row in seen[5:7]] == ["un", "deux"]
    assert {row[5] for row in seen[5:8]} == {1767600000}, "Date:, in seconds"
    assert {row[6] for row in seen[5:8]} == {" 5-Jan-2026 09:00:00 +0000"}
    text, report, kind, *_ = seen[8]
    assert (text[:2], report[:2], report[8], kind) == (
        ["text", "plain"],
        ["application", "pdf"],
        ["attachment", ["filename", "compte-rendu.pdf"]],
        "mixed",
    )
    assert seen[9] == seen[8], "the structure among other items is the structure alone"
    assert 'filename="compte-rendu.pdf"' in seen[10]["2"]
    assert seen[11] == base64_of(REPORT)
    assert "Subject: un\r\n" in seen[12]
    by_subject, by_accent, in_latin, figures, by_date, by_title, threads, by_size, dates, numbers = seen[13:]
    assert (by_subject, by_accent, in_latin) == (["2"], ["3"], [])
    assert figures == {"MIN": "1", "MAX": "3", "COUNT": "3", "MAILBOX": "INBOX", "ORDER": "ASC"}
    assert (by_date, by_title, by_size) == (["1", "2", "3"], ["2", "3", "1"], ["1", "2", "3"])
    assert threads == {"1": [], "2": [], "3": []}
    assert dates == {"1": 1767600000, "2": 1767600000, "3": 1767600000}
    assert numbers == [2, 1]


async def test_a_mailbox_is_kept_in_order(simulator: Simulator) -> None:
    seen = await _day(simulator, HOLDER, "letters", "moving", letters=letters_with_report("un", "deux", "trois été"))
    assert seen[:5] == ["1", "2", "3", True, True]
    assert seen[5] == ["1"], "the flag that was set, and not the one that was taken off again"
    assert seen[6:11] == [True] * 5
    assert seen[11:13] == [3, True]
    assert seen[13] == ["1", "2", "3"]
    assert seen[14:] == [True] * 4


async def test_what_is_not_granted_is_refused_and_nothing_is_lost(simulator: Simulator) -> None:
    kept, marked, refusal, expunged, cleared = await _day(simulator, SECRETARY, "letters", "deleting", letters=letters_with_report("un"))
    assert (kept, marked, expunged, cleared) == ("1", False, False, False)
    assert "The right delete over" in refusal
    assert len(await Person(simulator, "doctor").inbox(PRACTICE)) == 1


async def test_rights_and_quota_are_told_and_changed(simulator: Simulator) -> None:
    before, mine, offered, quota, given, after, taken = await _day(simulator, HOLDER, "rights")
    secretary, doctor, other = (Person(simulator, role).idnat for role in ("secretary", "doctor", "doctor2"))
    assert before == {doctor: list("lrswikxtep01a"), secretary: list("lrp")}
    assert mine == "lrswikxtep01a"
    assert offered == {"granted": [], "optional": ["l", "r", "sw", "ikx", "te", "p", "0", "1", "a"]}
    assert (quota["used"], quota["total"]) == (0, 976562)
    assert (given, taken) == (True, True)
    assert after == {**before, other: list("lrsw")}
