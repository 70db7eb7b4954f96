"""The pytest plugin, as a suite that has mss-sim installed uses it: a fixture, and nothing else to know."""

import smtplib
import ssl

import httpx
import pytest

from mss_sim.errors import Refusal
from mss_sim.testing.handle import RunningSimulator


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
    for wrong in ({"seconds": float("nan")}, {"seconds": -1}):
        with pytest.raises(Refusal):
            faults.add("imap", "delay", **wrong)
    with pytest.raises(ValueError, match="control"):
        faults.add("control", "drop")


def test_a_role_that_nobody_plays_is_said_so(mss_simulator: RunningSimulator) -> None:
    with pytest.raises(KeyError):
        mss_simulator.persona("nobody")
