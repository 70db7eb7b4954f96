"""The tests that IMAPClient brings for servers that it has never seen: all pass but those told here, which end as told and no other way."""

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mss_sim.app.simulator import Simulator

_SECONDS = 120
# The last line of each test that does not pass, with the reason: none is a defect of the server's.
_OF_MESSAGES = {
    "test_fetch": "AssertionError: First sequence has no length",  # at the end: what was fetched is as wished, but no list
    "test_getacl": "TypeError: 'Namespace' object is not subscriptable",  # its own account
    "test_search": "there is no message with that number; the folder holds 3",  # it asks for the fifth (ref: rfc9051#9)
    "test_gmail_labels": "Server doesn't support labels",
    "test_gmail_search": "Server doesn't support Gmail search",
}
_NOT_PASSED = {
    "TestGeneral": {
        "test_subscriptions": "First differing element 0",  # a new folder is subscribed, unless a setting says no
        "test_xlist": "Server doesn't support XLIST",
    },
    "TestWithUIDs": _OF_MESSAGES,
    "TestWithoutUIDs": {
        **_OF_MESSAGES,
        "test_move": "AttributeError: Unknown IMAP4 command: 'move'",  # the library moves by UID alone
        "test_uid_expunge": "test instance not configured for UID operations",
    },
}


async def _live(simulator: Simulator, folder: Path, tests: str) -> tuple[int, dict[str, str]]:
    """How many tests ran, and the report of each that did not pass, by its name."""
    ready = simulator.ready()
    account = "username = camille.martin\npassword = cabinet-2026\n"
    where = f"host = localhost\nport = {ready['imap']['port']}\nssl = false\nstarttls = true\ntimeout = 20\n"
    settings = folder / "live.ini"
    settings.write_text(f"[DEFAULT]\n{where}{account}", encoding="ascii")
    command = [sys.executable, "-m", "imapclient.livetest", str(settings), "-v", tests]
    env = {"PATH": os.environ["PATH"], "SSL_CERT_FILE": ready["ca_file"]}
    done = await asyncio.to_thread(subprocess.run, command, env=env, capture_output=True, text=True, timeout=_SECONDS, check=False)
    ran = re.search(r"^Ran (\d+) tests?", done.stderr, re.MULTILINE)
    assert ran, done.stderr
    skipped = dict(re.findall(r"^(test_\w+) .*\.\.\. skipped (.*)$", done.stderr, re.MULTILINE))
    failed = re.findall(r"^(?:FAIL|ERROR): (\w+) .*\n-+\n((?:.*\n)*?)(?=\n[=-]{70}\n)", done.stderr, re.MULTILINE)
    return int(ran[1]), {**skipped, **dict(failed)}


@pytest.mark.parametrize("tests", _NOT_PASSED)
async def test_what_does_not_pass_is_known(simulator: Simulator, tmp_path: Path, tests: str) -> None:
    ran, reports = await _live(simulator, tmp_path, tests)
    assert ran >= 15
    assert reports.keys() == _NOT_PASSED[tests].keys(), reports
    for name, words in _NOT_PASSED[tests].items():
        assert words in reports[name]
