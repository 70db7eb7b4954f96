"""A practice writes to a patient and to a hospital: each test has a world of its own."""

import imaplib
import smtplib
from collections.abc import Callable

import pytest
from practice import Software

from mss_sim.testing.handle import HostedWorld

PRACTICE = "tilleuls@cabinet.sim.mssante.fr"
LogIn = Callable[[str], Software]


def test_a_letter_is_read_and_its_sender_knows(log_in: LogIn, world: HostedWorld) -> None:
    doctor, patient = log_in("doctor"), log_in("patient")
    doctor.send(patient.address, "Votre bilan", receipt=True)
    letter = world.wait("message", mailbox=patient.address, subject="Votre bilan").first
    assert letter.sender == doctor.address

    assert "Bonjour." in patient.read(1).get_content()

    world.wait("timeline", recipient=patient.address, events=["displayed"])
    (sent,) = doctor.rest("GET", f"{doctor.address}/sent").json()["items"]
    assert sent["recipients"][0]["state"] == "displayed"


def test_after_the_end_of_the_conversation_the_patient_is_refused(log_in: LogIn, world: HostedWorld) -> None:
    doctor, patient = log_in("doctor"), log_in("patient")
    doctor.send(patient.address, "Votre bilan")
    world.wait("message", mailbox=patient.address, subject="Votre bilan")
    patient.send(doctor.address, "Merci")

    doctor.send(patient.address, "[FIN]")
    assert world.wait("message", mailbox=patient.address, subject="[FIN]").first.values.closes
    with pytest.raises(smtplib.SMTPRecipientsRefused, match=r"550.*conversation-closed"):
        patient.send(doctor.address, "Encore merci")


def test_a_revoked_grant_shuts_every_door(log_in: LogIn, world: HostedWorld) -> None:
    doctor, secretary = log_in("doctor"), log_in("secretary")
    log_in("hospital").send(PRACTICE, "Sortie")
    world.wait("message", mailbox=PRACTICE, subject="Sortie")
    logged_in = world.secretary.log_in()  # with Pro Santé Connect
    assert logged_in.userinfo["family_name"] == "PETIT"
    assert secretary.read(1, PRACTICE, logged_in.access_token)["Subject"] == "Sortie"

    grants = doctor.rest("GET", f"{PRACTICE}/grants").json()
    (hers,) = (one["id"] for one in grants if one["grantee"]["idnat"] == world.secretary.idnat)
    doctor.rest("DELETE", f"{PRACTICE}/grants/{hers}").raise_for_status()

    assert secretary.rest("GET", f"{PRACTICE}/messages").status_code == 404
    with pytest.raises(imaplib.IMAP4.error, match="AUTHORIZATIONFAILED"):
        secretary.read(1, PRACTICE, logged_in.access_token)


def test_a_letter_that_nobody_opens_for_a_week_is_on_the_watch_list(log_in: LogIn, world: HostedWorld) -> None:
    doctor, patient = log_in("doctor"), log_in("patient2")
    doctor.send(patient.address, "Rappel", receipt=True)
    world.wait("message", mailbox=patient.address, subject="Rappel")

    world.clock.advance("P7D")
    listed = doctor.rest("GET", f"{doctor.address}/watch-list").json()["items"]
    assert [(one["subject"], one["reason"]) for one in listed] == [("Rappel", "not_opened")]
