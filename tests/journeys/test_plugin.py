"""The pytest plugin, as a suite that has mss-sim installed uses it: a fixture, and nothing else to know."""

import imaplib
import smtplib
import ssl
import threading
from datetime import UTC, datetime
from email.message import EmailMessage

import httpx
import pytest

from mss_sim.config.settings import Settings
from mss_sim.errors import Refusal
from mss_sim.testing.handle import HostedWorld, RunningSimulator
from mss_sim.testing.persons import RestRefused
from mss_sim.testing.playing import StepFailed


def test_the_fixture_is_a_simulator_that_runs_beside_the_test(mss_simulator: RunningSimulator) -> None:
    ready, doctor = mss_simulator.ready, mss_simulator.persona("doctor")
    sender, to = doctor["mailboxes"][0]["address"], "tilleuls@cabinet.sim.mssante.fr"
    with smtplib.SMTP(ready["submission"]["host"], ready["submission"]["port"], timeout=20) as client:
        client.starttls(context=ssl.create_default_context(cafile=ready["ca_file"]))
        client.login(doctor["login"], doctor["password"])
        client.sendmail(sender, [to], f"From: {sender}\r\nTo: {to}\r\nSubject: Bonjour\r\n\r\nBonjour.\r\n")
    answer = httpx.get(f"{ready['http']}/api/v1/mailboxes/{to}/messages", auth=(doctor["login"], doctor["password"]), timeout=20)
    assert [item["subject"] for item in answer.json()["items"]] == ["Bonjour"]


def test_the_fixture_makes_things_fail(mss_simulator: RunningSimulator) -> None:
    faults, where = mss_simulator.faults, ("localhost", mss_simulator.ready["submission"]["port"])
    rule = faults.add("submission", "reply", {"verb": "CONNECT"}, nth=2, count=None, lifetime_seconds=60, code="421")
    (masked, *_) = faults.preset("poor-operator", smtp_words=["DSN"])
    with smtplib.SMTP(*where, timeout=20) as client:
        client.ehlo()
        assert not client.has_extn("dsn")
    with pytest.raises(smtplib.SMTPConnectError):
        smtplib.SMTP(*where, timeout=20)
    assert (faults.fired(rule), faults.fired(masked)) == (1, 1)
    faults.lift(rule)
    with pytest.raises(Refusal):
        faults.fired(rule)
    faults.lift()
    with smtplib.SMTP(*where, timeout=20) as client:
        client.ehlo()
        assert client.has_extn("dsn")
    for wrong in (float("nan"), -1):
        with pytest.raises(Refusal):
            faults.add("imap", "delay", seconds=wrong)
    with pytest.raises(ValueError, match="control"):
        faults.add("control", "drop")


def test_what_cannot_start_leaves_no_thread(mss_simulator: RunningSimulator) -> None:
    before = [one.name for one in threading.enumerate()].count("mss-sim")
    taken = Settings(submission_port=mss_simulator.ready["submission"]["port"], mx_port=0, imap_port=0, http_port=0)
    with pytest.raises(OSError, match="port"), RunningSimulator(taken):
        raise AssertionError("it began, on a port that another one has")
    assert [one.name for one in threading.enumerate()].count("mss-sim") == before


def test_a_role_that_nobody_plays_is_said_so(mss_simulator: RunningSimulator) -> None:
    with pytest.raises(KeyError):
        mss_simulator.persona("nobody")


@pytest.mark.parametrize("number", range(3))
def test_each_test_has_a_world_of_its_own(world: HostedWorld, mss: RunningSimulator, number: int) -> None:
    """Whatever the others did: the practice's INBOX is empty, and the clock has the machine's time."""
    doctor, url = world.persona("doctor"), f"{world.ready['http']}/api/v1/mailboxes/tilleuls@cabinet.sim.mssante.fr/messages"
    auth = (doctor["login"], doctor["password"])
    assert httpx.get(url, params={"folder": "INBOX"}, auth=auth).json()["items"] == []
    letter = {"to": ["tilleuls@cabinet.sim.mssante.fr"], "subject": f"Lettre {number}", "text": "Bonjour."}
    assert httpx.post(url, auth=auth, json=letter).status_code == 201
    assert world.clock.now().year < 2040
    world.clock.freeze(datetime(2040, 1, 1, tzinfo=UTC))
    assert mss.clock.now().year < 2040
    world.save(f"letter-{number}")
    world.reset()
    assert httpx.get(url, params={"folder": "INBOX"}, auth=auth).json()["items"] == []
    world.restore(f"letter-{number}")
    assert [item["subject"] for item in httpx.get(url, params={"folder": "INBOX"}, auth=auth).json()["items"]] == [f"Lettre {number}"]


def test_a_world_ends_with_its_block(mss: RunningSimulator) -> None:
    with mss.world(seed="none", settings={"language": "fr"}) as made:
        assert made.ready["personas"] == []
        assert "code" in httpx.get(f"{made.ready['http']}/api/v1/me").json()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{made.ready['http']}/healthz")
    with pytest.raises(Refusal, match="no snapshot"):
        mss.world(snapshot="none-of-that-name")


def test_a_wait_in_vain_tells_what_came_instead(world: HostedWorld) -> None:
    doctor, practice = world.persona("doctor"), "tilleuls@cabinet.sim.mssante.fr"
    url, auth = f"{world.ready['http']}/api/v1/mailboxes/{practice}/messages", (doctor["login"], doctor["password"])
    assert httpx.post(url, auth=auth, json={"to": [practice], "subject": "Votre code", "text": "Le code est 123456."}).status_code == 201
    assert world.wait("message", mailbox=practice, from_="tilleuls").first.values.codes == ("123456",)
    with pytest.raises(
        AssertionError, match=r"waited 0\.1 s in vain for a letter with .* subject 'rendez-vous'\n  near: “Votre code” lacks subject"
    ):
        world.wait("message", mailbox=practice, subject="rendez-vous", timeout=0.1)
    world.wait("message", subject="rendez-vous", none=True, timeout=0.1)
    world.wait("settled")


def test_a_scenario_passes_or_says_which_step_did_not(world: HostedWorld) -> None:
    assert len(world.play("delegation").steps) > 5
    world.reset()
    world.faults.preset("mes-down")
    with pytest.raises(StepFailed, match=r"^Step \d+ \(line \d+\): expected was .*; what came: ") as failed:
        world.play("patient")
    assert failed.value.__traceback__ is not None
    assert "mss_sim/core" not in str(failed.getrepr()), "where in the simulator it was found out tells a test nothing"


def test_a_person_comes_with_clients_that_are_logged_in(world: HostedWorld) -> None:
    """By SMTP, IMAP, REST and a token, each as that person's software would."""
    hospital, doctor, practice = world.person("hospital"), world.person("doctor"), "tilleuls@cabinet.sim.mssante.fr"
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = hospital.mailboxes[0], practice, "Compte rendu"
    with hospital.smtp() as smtp:
        assert smtp.send_message(letter) == {}
    [came] = doctor.inbox(practice, wait=10)
    assert (came["subject"], came["from"][0]["address"]) == ("Compte rendu", hospital.mailboxes[0])
    with doctor.imap(practice) as imap:
        assert imap.select("INBOX") == ("OK", [b"1"])
    assert doctor.send([hospital.mailboxes[0]], mailbox=practice, subject="Merci")["id"]
    assert hospital.inbox(wait=10)[0]["subject"] == "Merci"
    assert doctor.rest("DELETE", f"/mailboxes/{practice}/messages/{came['id']}") is None
    bearer = {"Authorization": f"Bearer {doctor.token(60)}"}
    assert httpx.get(f"{world.ready['http']}/api/v1/me", headers=bearer).json()["idnat"] == doctor.idnat


def test_what_a_person_is_refused_is_told(world: HostedWorld) -> None:
    hospital = world.person("hospital")
    with pytest.raises(RestRefused, match="404 not-found") as refused:
        hospital.rest("GET", "/mailboxes/tilleuls@cabinet.sim.mssante.fr/messages")
    assert (refused.value.status, refused.value.code) == (404, "not-found")
    with pytest.raises(imaplib.IMAP4.error):
        hospital.imap("tilleuls@cabinet.sim.mssante.fr")
    with pytest.raises(KeyError, match="nobody plays cook; there are application, "):
        world.person("cook")
    world.faults.add("submission", "reply", {"verb": "AUTH"}, count=None, code="454")
    with pytest.raises(smtplib.SMTPException):
        hospital.smtp()
