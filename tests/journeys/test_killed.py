"""Killed in the midst of everything that clients do: what was answered is there afterwards, once, and the counters agree with it."""

import asyncio
import contextlib
import imaplib
import signal
import smtplib
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.clients import DOCTOR, HOSPITAL, letter
from tests.conftest import fresh_database
from tests.journeys.test_command_line import Process

DOCTOR_ACCOUNT, HOSPITAL_ACCOUNT = ("camille.martin", "cabinet-2026"), ("paul.durand", "hopital-2026")
ENOUGH = 40
UNDER_WAY = 4
"""What is carried when the sender dies may be taken already, and is carried again: SMTP rather doubles than loses."""


class _Acts:
    """What three clients did, each until its server was gone: a text for every act that was answered with success."""

    def __init__(self, ready: dict[str, Any]) -> None:
        self.ready = ready
        self.done: dict[str, list[str]] = {"appended": [], "sent": [], "granted": []}

    def run(self, kill: Callable[[], Any]) -> None:
        """All at once, until each has done enough; then `kill`."""
        workers = [threading.Thread(target=self._until_gone, args=(act,)) for act in (self._append, self._send, self._grant)]
        for worker in workers:
            worker.start()
        deadline = time.monotonic() + 60
        while any(len(done) < ENOUGH for done in self.done.values()):
            assert any(worker.is_alive() for worker in workers), self.done
            assert time.monotonic() < deadline, {name: len(done) for name, done in self.done.items()}
            time.sleep(0.005)
        kill()
        for worker in workers:
            worker.join()

    def _until_gone(self, act: Callable[[], None]) -> None:
        try:
            act()
        except (OSError, imaplib.IMAP4.error, smtplib.SMTPException, httpx.TransportError, EOFError):
            return

    def _append(self) -> None:
        client = imaplib.IMAP4("localhost", self.ready["imap"]["port"], timeout=20)
        try:
            client.starttls(ssl.create_default_context(cafile=self.ready["ca_file"]))
            client.login(*DOCTOR_ACCOUNT)
            while True:
                subject = f"a{len(self.done['appended'])}"
                status, _ = client.append("Drafts", "", "", letter(DOCTOR, HOSPITAL, subject).as_bytes())
                assert status == "OK"
                self.done["appended"].append(subject)
        finally:
            with contextlib.suppress(OSError):
                client.shutdown()

    def _send(self) -> None:
        with httpx.Client(base_url=self.ready["http"], auth=HOSPITAL_ACCOUNT, timeout=20) as client:
            while True:
                subject = f"s{len(self.done['sent'])}"
                answer = client.post(f"/api/v1/mailboxes/{HOSPITAL}/messages", json={"to": [DOCTOR], "subject": subject, "text": "."})
                assert answer.status_code == 201, answer.text
                self.done["sent"].append(subject)

    def _grant(self) -> None:
        with httpx.Client(base_url=self.ready["http"], auth=DOCTOR_ACCOUNT, timeout=20) as client:
            while True:
                body = {"grantee": "899700420021", "rights": ["see"], "reason": f"g{len(self.done['granted'])}"}
                answer = client.post(f"/api/v1/mailboxes/{DOCTOR}/grants", json=body)
                assert answer.status_code == 201, answer.text
                self.done["granted"].append(str(body["reason"]))


async def _subjects(client: httpx.AsyncClient, address: str, folder: str) -> list[str]:
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await client.get(f"/api/v1/mailboxes/{address}/messages", params={"folder": folder, "limit": "200", **cursor})).json()
        found += [item["subject"] for item in page["items"]]
        if page["next_cursor"] is None:
            return found
        cursor = {"cursor": page["next_cursor"]}


def _counted(ready: dict[str, Any], folder: str) -> tuple[int, int, int]:
    """Messages as STATUS counts them, those that a SEARCH finds, and how many numbers (UID) are given to several."""
    with imaplib.IMAP4("localhost", ready["imap"]["port"], timeout=20) as client:
        client.starttls(ssl.create_default_context(cafile=ready["ca_file"]))
        client.login(*DOCTOR_ACCOUNT)
        told = client.status(folder, "(MESSAGES)")[1][0].decode()
        client.select(folder)
        uids = client.uid("SEARCH", "ALL")[1][0].split()
    return int(told.rpartition("MESSAGES ")[2].rstrip(")")), len(uids), len(uids) - len(set(uids))


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_what_was_answered_is_there_after_a_kill(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    databases = fresh_database(request.getfixturevalue("postgresql")) if kind == "postgresql" else iter([""])
    for url in databases:
        if url:
            monkeypatch.setenv("MSS_SIM_DATABASE_URL", url)
        monkeypatch.setenv("MSS_SIM_QUEUE_LEASE_SECONDS", "1")
        await asyncio.to_thread(_kill_and_look, tmp_path)


def _kill_and_look(folder: Path) -> None:
    ready_file, options = folder / "ready.json", ("--data", str(folder / "data"))
    process = Process(ready_file, *options)
    acts = _Acts(process.ready)
    try:
        acts.run(lambda: process.stop(signal.SIGKILL))
        ready_file.unlink()
        process = Process(ready_file, *options)
        asyncio.run(_check(process.ready, acts.done))
    finally:
        process.stop(signal.SIGKILL)


async def _check(ready: dict[str, Any], done: dict[str, list[str]]) -> None:
    async with httpx.AsyncClient(base_url=ready["http"], auth=DOCTOR_ACCOUNT, timeout=20) as client:
        drafts = await _subjects(client, DOCTOR, "Drafts")
        grants = [row["reason"] for row in (await client.get(f"/api/v1/mailboxes/{DOCTOR}/grants")).json()]
        for _ in range(400):  # what was sent is carried by the next process
            if not (await client.get("/control/queue")).json():
                break
            await asyncio.sleep(0.05)
        inbox = await _subjects(client, DOCTOR, "INBOX")
    async with httpx.AsyncClient(base_url=ready["http"], auth=HOSPITAL_ACCOUNT, timeout=20) as client:
        sent = await _subjects(client, HOSPITAL, "Sent")
    kept = ((done["appended"], drafts, 0), (done["granted"], grants, 0), (done["sent"], sent, 0), (done["sent"], inbox, UNDER_WAY))
    for answered, found, twice in kept:
        ours = [one for one in found if one[:1] in "asg" and one[1:].isdigit()]
        assert set(answered) <= set(ours), "what was answered is gone"
        assert len(set(ours)) - len(answered) <= 1, "more than the one act whose answer was cut off"
        assert len(ours) - len(set(ours)) <= twice, "something is there twice"
    for name, known in (("Drafts", drafts), ("INBOX", inbox)):
        assert await asyncio.to_thread(_counted, ready, name) == (len(known), len(known), 0)
