"""Two simulators, each a process with an authority of its own, are operators of one trust space: mail goes both ways, none is lost."""

import signal
import smtplib
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator
from email import message_from_string
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.clients import HOSPITAL, letter
from tests.journeys.test_command_line import Process

LAKE = "clinique-lac.sim.mssante.fr"
SURGEON = f"anne.morel@{LAKE}"
LETTERS = 300


class Side:
    """One of the two simulators and its one person, who writes and reads; it can be started again at the same place."""

    def __init__(self, folder: Path, address: str, account: tuple[str, str], *options: str) -> None:
        self.folder, self.address, self.account, self._options = folder, address, account, options
        folder.mkdir()
        self.process = Process(folder / "ready.json", *options)

    @property
    def ready(self) -> dict[str, Any]:
        return self.process.ready

    @property
    def mx(self) -> str:
        return f"{self.ready['mx']['host']}:{self.ready['mx']['port']}"

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Stop it in one way or another; its exit status."""
        status = self.process.stop(number)
        self.process.ready_file.unlink(missing_ok=True)
        return status

    def again(self) -> None:
        """Start it again on the ports where the other one looks for it."""
        ports = ("--mx-port", str(self.ready["mx"]["port"]), "--submission-port", str(self.ready["submission"]["port"]))
        self.process = Process(self.process.ready_file, *self._options, *ports)

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """What the control plane answers."""
        answer = httpx.request(method, f"{self.ready['http']}/control{path}", json=body, timeout=20)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def get(self, path: str, **params: Any) -> Any:
        """The JSON of the REST API for this side's person."""
        url = f"{self.ready['http']}/api/v1/mailboxes/{self.address}{path}"
        answer = httpx.get(url, auth=self.account, params=params, timeout=20)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def subjects(self) -> list[str]:
        """The subjects of everything in INBOX."""
        found: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            page = self.get("/messages", folder="INBOX", limit=200, **cursor)
            found += [item["subject"] for item in page["items"]]
            if page["next_cursor"] is None:
                return found
            cursor = {"cursor": page["next_cursor"]}

    def raw(self) -> str:
        """The newest letter in INBOX as it came."""
        newest = self.get("/messages", folder="INBOX")["items"][0]
        url = f"{self.ready['http']}/api/v1/mailboxes/{self.address}/messages/{newest['id']}/raw"
        return httpx.get(url, auth=self.account, timeout=20).text

    def has(self, subjects: Collection[str]) -> bool:
        """Whether letters of all these subjects are in INBOX."""
        return set(subjects) <= set(self.subjects())

    def was_told(self, kinds: list[str]) -> bool:
        """Whether the timeline of the newest letter that was sent is this one."""
        return kinds == [event["kind"] for event in self.get("/sent")["items"][0]["recipients"][0]["events"]]

    def client(self) -> smtplib.SMTP:
        """A connection to the submission port, logged in."""
        client = smtplib.SMTP("localhost", self.ready["submission"]["port"], timeout=20)
        client.starttls(context=ssl.create_default_context(cafile=self.ready["ca_file"]))
        client.login(*self.account)
        return client

    def send(self, to: str, subject: str, *wishes: str) -> None:
        """Send one letter by SMTP; `wishes` are parameters of RCPT."""
        with self.client() as client:
            client.sendmail(self.address, [to], letter(self.address, to, subject).as_bytes(), rcpt_options=wishes)


@pytest.fixture
def hospital(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Side]:
    """The seed world, which tries again soon."""
    for name, seconds in (("RETRY_SECONDS", "0.2"), ("RETRY_SECONDS_MAX", "1"), ("POLL_SECONDS", "0.05")):
        monkeypatch.setenv(f"MSS_SIM_QUEUE_{name}", seconds)
    started = Side(tmp_path / "hospital", HOSPITAL, ("paul.durand", "hopital-2026"), "--data", str(tmp_path / "hospital" / "data"))
    yield started
    _end(started)


@pytest.fixture
def clinic(hospital: Side, tmp_path: Path) -> Iterator[Side]:
    """The seed world of one clinic; it and the hospital's know each other."""
    started = Side(tmp_path / "clinic", SURGEON, ("anne.morel", "lac-2026"), "--memory", "--seed", "clinique")
    command = [sys.executable, "-m", "mss_sim.testing.introduction", hospital.ready["http"], hospital.mx, started.ready["http"], started.mx]
    for _ in range(2):  # done again, it changes nothing
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
    assert f"{hospital.ready['http']} knows Clinique du Lac at {started.mx}" in done.stdout
    yield started
    _end(started)


def _end(side: Side) -> None:
    if side.process.process.poll() is None:
        side.process.process.send_signal(signal.SIGCONT)
        assert side.stop() == 0


def _until(what: Callable[[], Any], seconds: float = 20) -> Any:
    """The first true answer."""
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.05)
    return found


def test_a_letter_and_its_receipt_cross_both_ways(hospital: Side, clinic: Side) -> None:
    for sender, reader in ((hospital, clinic), (clinic, hospital)):
        sender.send(reader.address, "Compte rendu", "NOTIFY=SUCCESS")
        _until(partial(reader.has, {"Compte rendu"}))
        _until(partial(sender.was_told, ["submitted", "relayed", "delivered"]))
        report = sender.raw()
        assert f"mailer-daemon@{reader.address.partition('@')[2]}" in message_from_string(report)["From"]
        assert "Action: delivered" in report
        facts = reader.control("GET", "/evidence?door=mx")["items"][0]["tls"]
        assert facts["client_dn"].startswith(f"CN=smtp.{sender.address.partition('@')[2]},")


def test_nobody_over_there_is_told_in_the_words_of_the_other_server(hospital: Side, clinic: Side) -> None:
    hospital.send(f"personne@{LAKE}", "Perdu")
    _until(hospital.subjects)
    report = hospital.raw()
    assert "Action: failed" in report
    assert "Diagnostic-Code: smtp; 550 5.1.1" in report
    assert hospital.was_told(["submitted", "failed"])


def test_an_authority_outside_vouches_for_its_own_operator_alone(hospital: Side, clinic: Side, tmp_path: Path) -> None:
    rows = hospital.control("GET", "/white-list")["rows"]
    laboratory = next(row["certificate_dn"] for row in rows if row["domain"] == "labo-parc.sim.mssante.fr")
    order = {"operator": "Clinique du Lac", "common": "smtp.labo-parc.sim.mssante.fr", "organisation": "Laboratoire du Parc"}
    forged = clinic.control("POST", "/certificates", order)
    assert forged["subject"] == laboratory
    for form in ("pem", "key"):
        got = httpx.get(f"{clinic.ready['http']}/control/certificates/{forged['serial']}/{form}", timeout=20)
        (tmp_path / f"forged.{form}").write_bytes(got.content)
    context = ssl.create_default_context(cafile=hospital.ready["ca_file"])
    context.load_cert_chain(tmp_path / "forged.pem", tmp_path / "forged.key")
    with smtplib.SMTP("localhost", hospital.ready["mx"]["port"], timeout=20) as client:
        client.starttls(context=context)
        client.ehlo()
        code, said = client.mail("resultats@labo-parc.sim.mssante.fr")
    assert (code, said[:5]) == (554, b"5.7.0")
    assert "the authority of Clinique du Lac" in said.decode()


def _load(side: Side, to: str, number: int, acknowledged: list[str]) -> None:
    """Send until the other end is gone or enough was taken; what got 250 is noted."""
    try:
        with side.client() as client:
            while len(acknowledged) < LETTERS:
                subject = f"{number}-{len(acknowledged)}-{time.monotonic_ns()}"
                client.sendmail(side.address, [to], letter(side.address, to, subject).as_bytes())
                acknowledged.append(subject)
    except (smtplib.SMTPException, OSError):
        return


def _loaded(side: Side, to: str, then: Callable[[], Any]) -> list[str]:
    """The subjects of what got 250 before `then` cut the load short."""
    acknowledged: list[str] = []
    workers = [threading.Thread(target=_load, args=(side, to, number, acknowledged)) for number in range(4)]
    for worker in workers:
        worker.start()
    while len(acknowledged) < LETTERS - 10:
        assert any(worker.is_alive() for worker in workers), "the load ended by itself"
        time.sleep(0.005)
    then()
    for worker in workers:
        worker.join()
    return acknowledged


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "stopped"])
def test_what_waits_for_an_operator_that_hangs_outlives_its_sender(hospital: Side, clinic: Side, number: int) -> None:
    clinic.process.process.send_signal(signal.SIGSTOP)
    acknowledged = _loaded(hospital, SURGEON, lambda: hospital.stop(number))
    clinic.process.process.send_signal(signal.SIGCONT)
    hospital.again()
    _until(partial(clinic.has, acknowledged), 60)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "stopped"])
def test_a_sender_that_ends_in_the_midst_of_carrying_loses_nothing(hospital: Side, clinic: Side, number: int) -> None:
    acknowledged = _loaded(hospital, SURGEON, lambda: hospital.stop(number))
    hospital.again()
    _until(partial(clinic.has, acknowledged), 60)
    assert hospital.subjects() == []


def test_a_receiver_that_is_killed_gets_everything_once_it_is_back(hospital: Side, clinic: Side) -> None:
    acknowledged = _loaded(clinic, HOSPITAL, lambda: hospital.stop(signal.SIGKILL))
    hospital.again()
    _until(partial(hospital.has, acknowledged), 60)
    assert clinic.subjects() == []
