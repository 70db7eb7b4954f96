"""Mail::IMAPClient, the Perl library under imapsync and many a script of a mail server's keeper, over STARTTLS."""

import json
import shutil
import subprocess
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from typing import Any

import pytest

from mss_sim.app.simulator import Simulator
from tests.clients import DOCTOR, HOSPITAL, PRACTICE, Person, base64_of, letter
from tests.strangers.telling import HERE, REPORT, letters_with_report, told_as_json

HOLDER = {"User": "camille.martin", "Password": "cabinet-2026"}
SECRETARY = {"User": f"{PRACTICE}*sophie.petit", "Password": "cabinet-2026"}
SUBJECTS = ("un", "deux", "trois été")


@cache
def _library() -> None:
    perl = shutil.which("perl") or "/usr/bin/perl"
    found = subprocess.run([perl, "-MMail::IMAPClient", "-MIO::Socket::SSL", "-e", "1"], capture_output=True, check=False)
    assert found.returncode == 0, "Mail::IMAPClient is missing: make strangers installs libmail-imapclient-perl and libio-socket-ssl-perl"


async def _day(
    simulator: Simulator,
    account: Mapping[str, Any],
    *parts: str,
    meanwhile: Callable[[], Awaitable[None]] | None = None,
    letters: list[str] | None = None,
) -> list[Any]:
    _library()
    ready = simulator.ready()
    story = {"port": ready["imap"]["port"], "ca": ready["ca_file"], "options": account, "letters": letters or [], "parts": parts}
    return await told_as_json("perl", str(HERE / "perl" / "day.pl"), json.dumps(story), meanwhile=meanwhile)


ACCOUNTS = [
    {**SECRETARY},
    {**SECRETARY, "Authmechanism": "PLAIN"},
    {"Authmechanism": "PLAIN", "User": PRACTICE, "Proxy": "sophie.petit", "Password": "cabinet-2026"},
]


@pytest.mark.parametrize("account", ACCOUNTS, ids=["LOGIN", "PLAIN", "PLAIN for a mailbox"])
async def test_the_shared_mailbox_is_a_mailbox_like_another(simulator: Simulator, account: dict[str, Any]) -> None:
    folders, separator, namespaces, tree, subscribed, is_parent, selectable, exists, idle = await _day(simulator, account, "tree")
    assert folders == subscribed == ["Archive", "Drafts", "INBOX", "Junk", "Sent", "Trash"]
    assert (separator, namespaces) == ("/", [["", "/"]])
    assert ["Sent", "\\HasNoChildren", "\\Sent"] in tree
    assert [is_parent, selectable, exists, idle] == [0, 1, 0, 1]


async def test_a_mailbox_is_kept_in_order(simulator: Simulator) -> None:
    seen = await _day(simulator, HOLDER, "order", "looking", "moving", letters=letters_with_report(*SUBJECTS))
    assert seen[:5] == ["1", "2", "3", ["1", "2", "3"], ["3", "0", "4"]]
    assert [row[:3] for row in seen[5]] == [[uid, "\\Seen \\Recent", " 5-Jan-2026 09:00:00 +0000"] for uid in ("1", "2", "3")]
    assert seen[6] == {"Subject": ["deux"], "From": [HOSPITAL]}
    assert seen[7].startswith("trois =?utf-8?")
    assert seen[8] == [["TEXT", "PLAIN", "24"], ["application", "pdf", "18"]]
    assert seen[9] == ["deux", f"<{HOSPITAL}>"]
    assert seen[10] == int(seen[11]) == int(seen[5][1][3]), "what is read has the size that was told"
    assert seen[12] == base64_of(base64_of(REPORT).encode() + b"\r\n")
    assert seen[13] == " 5-Jan-2026 09:00:00 +0000"
    _looked(seen[14:25])
    _moved(seen[25:])


def _looked(seen: list[Any]) -> None:
    by_subject, by_accent, in_latin, refusal, by_date, threads, since, read, unread, recent, either = seen
    assert (by_subject, by_accent, either) == (["2"], ["3"], ["1", "2"])
    assert in_latin == [None]
    assert "[BADCHARSET (US-ASCII UTF-8)]" in refusal
    assert by_date == since == read == recent == ["1", "2", "3"]
    assert threads == [["1"], ["2"], ["3"]]
    assert unread == []


def _moved(seen: list[Any]) -> None:
    created, copied, moved, left, stored, marked, flags, *rest = seen
    assert [created, copied, moved, stored, marked] == [1, "1,2", "3", 1, 1]
    assert left == ["1", "2", "3"], "it copies and marks as deleted, also where MOVE is offered"
    assert flags == {"1": ["\\Seen", "\\Flagged", "\\Recent", "$Forwarded"], "2": ["\\Seen", "\\Flagged", "\\Recent"]}
    deleted, restored, both, expunged_one, expunged_all, count, renamed, *others = rest
    assert [deleted, restored, both, expunged_one, expunged_all, count, renamed] == [1, 1, 2, 1, 1, "3", 1]
    subscribed, unsubscribed, (status,), examined, closed, gone = others
    assert [subscribed, unsubscribed, examined, closed, gone] == [1] * 5
    assert status.startswith('* STATUS "Dossiers" (UIDVALIDITY ')


async def test_rights_and_quota_are_told_and_changed(simulator: Simulator) -> None:
    rights, mine, offered, given, taken, quota = await _day(simulator, HOLDER, "rights")
    assert rights[Person(simulator, "secretary").idnat] == "lrp"
    assert mine == '* MYRIGHTS "INBOX" lrswikxtep01a\r\n'
    assert offered
    assert given.endswith("OK SETACL completed\r\n")
    assert taken.endswith("OK DELETEACL completed\r\n")
    assert quota == [DOCTOR, "976562", "0"]


@pytest.mark.parametrize("options", [{}, {"Compress": 1}], ids=["plain", "compressed"])
async def test_a_letter_arrives_while_it_idles(simulator: Simulator, options: dict[str, Any]) -> None:
    async def deliver() -> None:
        sent = await Person(simulator, "hospital").smtp(HOSPITAL, PRACTICE, letter(HOSPITAL, PRACTICE, "pendant IDLE"))
        assert sent.code == 250, sent.text

    seen = await _day(simulator, {**SECRETARY, **options}, "wait", meanwhile=deliver)
    assert seen == ["idling", ["* 1 EXISTS\r\n", "* 1 RECENT\r\n"], "pendant IDLE"]
