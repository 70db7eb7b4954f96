"""The log of a running program: a line for each act, as docs/guide/log.md shows them, and never a secret."""

import base64
import json
import os
import re
import smtplib
import ssl
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests.clients import HOSPITAL, PRACTICE

_PORTS = ("--submission-port", "0", "--mx-port", "0", "--imap-port", "0", "--http-port", "0")
_NOBODY = "personne@cabinet.sim.mssante.fr"
_PASSWORD, _WRONG, _TEXT = "hopital-2026", "pas-le-bon-mot", "Ceci ne regarde personne."
_VALUE = r'(?:"(?:[^"\\]|\\.)*"|[^ "]+)'
_LINE = re.compile(rf"\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{{6}})?Z \[info     \] (?P<act>[a-z._]+) +(?P<rest>(?:[a-z_]+={_VALUE} ?)*)")
_FIELD = re.compile(f"([a-z_]+)=({_VALUE})")


def _play(folder: Path, level: str) -> tuple[list[dict[str, str]], str]:
    """What a simulator said while a letter was sent, by act, and all that it printed on standard error."""
    log, ready_file = folder / "log", folder / "ready.json"
    command = [sys.executable, "-m", "mss_sim", "run", "--memory", *_PORTS, "--ready-file", str(ready_file), "--log-level", level]
    with log.open("wb") as errors:
        running = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=errors, env={**os.environ, "MSS_SIM_CONTROL_KEY": "cle-secrete"}
        )
    try:
        deadline = time.monotonic() + 30
        while not ready_file.exists():
            assert running.poll() is None, log.read_text(encoding="utf-8")
            assert time.monotonic() < deadline
            time.sleep(0.02)
        ready = json.loads(ready_file.read_text(encoding="utf-8"))
        api = f"{ready['http']}/api/v1"
        assert httpx.get(f"{api}/me", auth=("paul.durand", _WRONG)).status_code == 401
        with smtplib.SMTP("localhost", ready["submission"]["port"], timeout=20) as client:
            client.starttls(context=ssl.create_default_context(cafile=ready["ca_file"]))
            client.login(f"{PRACTICE}*sophie.petit", "cabinet-2026")
            client.mail(PRACTICE)
            assert client.rcpt(_NOBODY)[0] == 550
        letter = {"to": [PRACTICE, "contact@clinique-pins.sim.mssante.fr"], "subject": "Compte rendu", "text": _TEXT}
        assert httpx.post(f"{api}/mailboxes/{HOSPITAL}/messages", json=letter, auth=("paul.durand", _PASSWORD)).status_code == 201
        while level == "info" and log.read_text(encoding="utf-8").count(" message.") < 3:
            assert time.monotonic() < deadline, log.read_text(encoding="utf-8")
            time.sleep(0.02)
    finally:
        running.terminate()
        assert running.wait(20) == 0
    text = log.read_text(encoding="utf-8")
    for secret in (_PASSWORD, _WRONG, _TEXT, "cle-secrete", ready["psc"]["client_secret"], base64.b64encode(_PASSWORD.encode()).decode()):
        assert secret not in text
    lines = [_LINE.fullmatch(line) for line in text.splitlines() if " part=" not in line]
    assert all(lines), text
    return [{"act": line["act"], **dict(_FIELD.findall(line["rest"]))} for line in lines if line], text


def test_a_letter_is_told_on_its_way(tmp_path: Path) -> None:
    told, _ = _play(tmp_path, "info")
    by_act = {one["act"]: one for one in told}
    sent, received, waits = by_act["message.submitted"], by_act["message.received"], by_act["message.waits"]
    assert (sent["who"], sent["mailbox"], sent["door"], sent["subject"]) == ("paul.durand", HOSPITAL, "rest", '"Compte rendu"')
    assert (received["mailbox"], received["door"], "who" in received) == (PRACTICE, "mx", False)
    assert sent["message_id"] == received["message_id"] == waits["message_id"]
    assert (waits["to"], waits["mailbox"], waits["tries"]) == ("contact@clinique-pins.sim.mssante.fr", HOSPITAL, "1")
    assert waits["reply"].startswith('"450 4.4.4 ')
    assert [one for one in told if one.get("door") == "seed" or one["act"] == "grant.created"] == [], "what a seed plants is nobody's act"


def test_log_ins_and_refusals_are_told(tmp_path: Path) -> None:
    told, _ = _play(tmp_path, "info")
    [login] = [one for one in told if one["act"] == "login"]
    assert login == {"act": "login", "who": "sophie.petit", "mailbox": PRACTICE, "door": "smtp", "by": "password"}
    wrong, nobody = [one for one in told if one["act"] == "refused"]
    assert (wrong["door"], wrong["rule"], "subject" in wrong) == ("rest", "authentication-failed", False)
    assert (nobody["door"], nobody["rule"], nobody["subject"]) == ("smtp", "unknown-mailbox", _NOBODY)
    assert nobody["detail"].startswith('"There is no mailbox ')


def test_at_warning_nothing_is_told(tmp_path: Path) -> None:
    assert _play(tmp_path, "warning")[0] == []


@pytest.mark.parametrize("number", range(5))
def test_the_page_shows_lines_as_they_are(number: int) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "guide" / "log.md").read_text(encoding="utf-8")
    lines = page.split("```")[1].strip().splitlines()
    assert len(lines) == 5
    shown = _LINE.fullmatch(lines[number])
    assert shown
    named = set(re.findall(r"`([a-z_]+)`", page))
    assert {name for name, _ in _FIELD.findall(shown["rest"])} <= named
