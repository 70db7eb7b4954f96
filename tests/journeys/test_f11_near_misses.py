"""F11: a letter closes by exactly one mark, in any spelling of the header that means the same; what nearly does is told to its sender."""

import pytest

from mss_sim.app.simulator import Simulator
from tests.clients import DOCTOR, HOSPITAL, PATIENT, Person

_HEAD = f"From: {HOSPITAL}\r\nTo: {PATIENT}\r\nMessage-ID: <%d.fin@test.sim.mssante.fr>\r\n"


async def _sent(simulator: Simulator, fields: str, text: str, *, by_smtp: bool) -> tuple[str, str]:
    """A letter with these fields; what the patient hears when he answers, and what the sender's journal says of a mark that missed."""
    hospital, patient = Person(simulator, "hospital"), Person(simulator, "patient")
    raw = (_HEAD % abs(hash((fields, text, by_smtp))) + fields + f"\r\n{text}\r\n").encode()
    if by_smtp:
        assert (await hospital.smtp(HOSPITAL, PATIENT, raw)).code == 250
    else:
        assert (await hospital.post_raw(HOSPITAL, raw)).status_code == 201
    item = (await patient.inbox(PATIENT))[0]
    answer = await patient.send(PATIENT, to=[HOSPITAL], in_reply_to=item["id"])
    lines = (await hospital.get(f"/mailboxes/{HOSPITAL}/journal"))["items"]
    missed = next((line for line in lines if line["message_id"] == item["message_id"] and line["act"] == "conversation.not_closed"), None)
    (why,) = await patient.get(f"/mailboxes/{PATIENT}/conversations/{item['conversation_id']}/why")
    heard = "sent" if answer.status_code == 201 else answer.json()["code"]
    assert why["may_write"] is (heard == "sent")
    assert missed is None or missed["detail"]["patients"] == [PATIENT]
    return heard, missed["detail"]["why"] if missed else ""


@pytest.mark.parametrize("by_smtp", [True, False], ids=["smtp", "rest"])
async def test_every_spelling_of_a_mark_closes(simulator: Simulator, *, by_smtp: bool) -> None:
    for fields in (
        "Subject: [FIN]\r\n",
        "subject: [FIN]\r\n",
        "Subject:\r\n [FIN]\r\n",
        "Subject: =?utf-8?q?=5BFIN=5D?=\r\n",
        "Subject: =?UTF-8?B?W0ZJTl0=?=\r\n",
        "Subject: [FIN]\r\nX-MSS-MES: OUI\r\n",
        "Subject: Compte rendu\r\nX-MSS-MES: FIN\r\n",
        "Subject: Compte rendu\r\nx-mss-mes: FIN\r\n",
        "X-MSS-MES:FIN\r\nSubject: Compte rendu\r\n",
        "Subject: Compte rendu\r\nX-MSS-MES:\r\n FIN\r\n",
        "Subject: Compte rendu\r\nX-MSS-MES: FIN\r\nX-Mss-Mes: FIN\r\n",
        "Subject: [Fin]\r\nX-MSS-MES: FIN\r\n",
    ):
        assert await _sent(simulator, fields, "Merci.", by_smtp=by_smtp) == ("conversation-closed", ""), fields


@pytest.mark.parametrize("by_smtp", [True, False], ids=["smtp", "rest"])
async def test_whatever_is_nearly_a_mark_leaves_the_patient_free_and_is_told_to_its_sender(simulator: Simulator, *, by_smtp: bool) -> None:
    for fields, text, why in (
        ("Subject: [Fin]\r\n", "", "'[Fin]'"),
        ("Subject: [fin]\r\n", "", "'[fin]'"),
        ("Subject: FIN\r\n", "", "'FIN'"),
        ("Subject: Fin\r\n", "", "'Fin'"),
        ("Subject: Re: [FIN]\r\n", "", "'Re: [FIN]'"),
        ("Subject:  [FIN]\r\n", "", "' [FIN]'"),
        ("Subject: [FIN] \r\n", "", "'[FIN] '"),
        ("Subject: [FIN] merci\r\n", "", "'[FIN] merci'"),
        ("Subject: [FIN].\r\n", "", "'[FIN].'"),
        ("Subject: =?utf-8?q?=5BFin=5D?=\r\n", "", "'[Fin]'"),
        ("Subject: =?utf-8?q?_=5BFIN=5D?=\r\n", "", "' [FIN]'"),
        ("Subject: Compte rendu\r\n", "Bonjour.\r\n[FIN]", "stands in the text"),
        ("Subject: Compte rendu\r\nX-MSS-MES: fin\r\n", "", "X-MSS-MES is 'fin'"),
        ("Subject: Compte rendu\r\nX-MSS-MES: [FIN]\r\n", "", "X-MSS-MES is '[FIN]'"),
        ("Subject: Compte rendu\r\nX-MSS-MES: FIN (merci)\r\n", "", "X-MSS-MES is 'FIN (merci)'"),
        ("Subject: Compte rendu\r\nX-MSS-MES: FIN\r\nX-MSS-MES: fin\r\n", "", "X-MSS-MES is 'FIN, fin'"),
        ("Subject: Compte rendu\r\nX-MSS-MES:\r\n", "", "X-MSS-MES is ''"),
    ):
        heard, told = await _sent(simulator, fields, text, by_smtp=by_smtp)
        assert (heard, why in told) == ("sent", True), (fields, told)


async def test_a_word_that_is_no_mark_is_not_told(simulator: Simulator) -> None:
    assert await _sent(simulator, "Subject: Fin de traitement\r\n", "C'est la fin.", by_smtp=False) == ("sent", "")


async def test_a_report_that_closes_itself_needs_no_second_letter(simulator: Simulator) -> None:
    """Emergency, biology, radiology: the report goes one way."""
    hospital, patient = Person(simulator, "hospital"), Person(simulator, "patient")
    sent = await hospital.send(HOSPITAL, to=[PATIENT, DOCTOR], subject="Compte rendu des urgences", close_conversation=True)
    (item,) = await patient.inbox(PATIENT)
    assert item["subject"] == "Compte rendu des urgences"
    refused = await patient.send(PATIENT, to=[HOSPITAL], in_reply_to=item["id"])
    assert (refused.status_code, refused.json()["code"]) == (403, "conversation-closed")
    told = await hospital.get(f"/mailboxes/{HOSPITAL}/why-not", **{"from": PATIENT})
    assert (told["code"], told["detail"]) == (refused.json()["code"], refused.json()["recipients"][0]["detail"])
    assert (told["letter"]["email_id"], told["letter"]["mark"]) == (sent.json()["email_id"], "X-MSS-MES: FIN")
    doctor = Person(simulator, "doctor")
    assert (await doctor.send(DOCTOR, to=[HOSPITAL], in_reply_to=(await doctor.inbox(DOCTOR))[0]["id"])).status_code == 201
