"""Rules that are asked a second time, at the second door or after the first word: each refused, and nothing kept."""

import asyncio
import smtplib
import ssl
from email.policy import SMTP

from mss_sim.app.simulator import Simulator
from mss_sim.mail import mdn
from mss_sim.vocabulary.language import Language
from mss_sim.vocabulary.mail import Disposition
from tests.clients import DOCTOR, DOCTOR2, HOSPITAL, PATIENT, Peer, Person, Reply, control, letter

NOBODY = "000000000000000@patient.mssante.fr"


async def test_a_person_who_is_disabled_sends_no_more_over_an_open_connection(simulator: Simulator) -> None:
    doctor, loop = Person(simulator, "doctor"), asyncio.get_running_loop()

    def disable() -> None:
        done = asyncio.run_coroutine_threadsafe(control(simulator, "PATCH", f"/identities/{doctor.idnat}", {"enabled": False}), loop)
        assert done.result(20).status_code == 200

    def talk() -> list[Reply]:
        ready = simulator.ready()
        with smtplib.SMTP(ready["submission"]["host"], ready["submission"]["port"], timeout=20) as client:
            client.starttls(context=ssl.create_default_context(cafile=ready["ca_file"]))
            client.login(doctor.account["login"], doctor.account["password"])
            for command in (f"MAIL FROM:<{DOCTOR}>", f"RCPT TO:<{HOSPITAL}>", "DATA"):
                assert client.docmd(command)[0] < 400
            disable()
            client.send(letter(DOCTOR, HOSPITAL, "Trop tard").as_bytes(policy=SMTP) + b".\r\n")
            replies = [client.getreply(), client.docmd(f"MAIL FROM:<{DOCTOR}>")]
            return [Reply(code, said.decode()) for code, said in replies]

    under_way, next_one = await asyncio.to_thread(talk)
    assert (under_way.code, under_way.enhanced, next_one.code, next_one.enhanced) == (550, "5.7.1", 553, "5.7.1")
    assert all("was disabled" in one.text for one in (under_way, next_one))
    assert await Person(simulator, "hospital").inbox(HOSPITAL) == []


async def test_a_patient_who_does_not_exist_brings_no_mail(simulator: Simulator) -> None:
    peer, doctor = Peer(simulator), Person(simulator, "doctor")
    reply = await peer.send(NOBODY, [DOCTOR], letter(NOBODY, DOCTOR))
    assert (reply.code, reply.enhanced) == (550, "5.7.1")
    assert "from a mailbox that exists" in reply.text
    assert await doctor.inbox(DOCTOR) == []


async def test_a_patients_receipt_goes_to_whom_the_letter_asked_for_and_to_nobody_else(simulator: Simulator) -> None:
    asked = letter(DOCTOR, PATIENT, Disposition_Notification_To=DOCTOR, Message_ID="<asked@medecin.sim.mssante.fr>")
    assert (await Person(simulator, "doctor").smtp(DOCTOR, PATIENT, asked)).code == 250
    patient = Person(simulator, "patient")
    assert len(await patient.inbox(PATIENT)) == 1

    def receipt(to: str) -> bytes:
        about = mdn.Receipt(PATIENT, "", ("", to), "<asked@medecin.sim.mssante.fr>", "x", b"Subject: x\r\n\r\nx\r\n", Disposition.DISPLAYED)
        return mdn.compose(about, reporting_ua="x", message_id=f"<r.{len(to)}@patient.mssante.fr>", at=10**15, language=Language.EN)

    for third in (DOCTOR2, HOSPITAL):
        reply = await patient.smtp("", third, receipt(third))
        assert (reply.code, reply.enhanced) == (550, "5.7.1"), reply
        assert f"{third} has not written to this patient" in reply.text
    assert await Person(simulator, "doctor2").inbox(DOCTOR2) == []
    assert await Person(simulator, "hospital").inbox(HOSPITAL) == []
    assert (await patient.smtp("", DOCTOR, receipt(DOCTOR))).code == 250
