"""What peers and users may not do to the trust space, one test per cause; and what a careless peer must not break."""

import asyncio
import smtplib
import ssl
from collections.abc import AsyncIterator
from email.policy import SMTP
from typing import Any

import pytest

from mss_sim.app.simulator import Simulator
from mss_sim.core.mailflow.outbound_interface import RecipientReply
from mss_sim.mail import mdn
from mss_sim.smtp.outbound import _answer
from mss_sim.vocabulary.language import Language
from mss_sim.vocabulary.mail import Disposition
from mss_sim.words.sentence import quoted
from tests.clients import DOCTOR, DOCTOR2, HOSPITAL, PATIENT, PRACTICE, Person, Reply, control, letter
from tests.conftest import StartSimulator


@pytest.fixture
async def simulator(start: StartSimulator) -> AsyncIterator[Simulator]:
    async with start(peers_proof="certificate", relay="smtp") as running:
        yield running


def _peer(simulator: Simulator, letters: list[tuple[str, str, bytes]], between: Any = None) -> list[Reply]:
    """Bring letters over one connection with the certificate of the ready file; `between` is called before the second."""
    ready = simulator.ready()
    context = ssl.create_default_context(cafile=ready["ca_file"])
    context.load_cert_chain(ready["mx_peer"]["cert_file"], ready["mx_peer"]["key_file"])
    replies = []
    with smtplib.SMTP(ready["mx"]["host"], ready["mx"]["port"], timeout=20) as client:
        client.starttls(context=context)
        for number, (sender, to, raw) in enumerate(letters):
            if number and between:
                between()
            client.ehlo("smtp.peer.example")
            code, said = client.docmd(f"MAIL FROM:<{sender}>")
            if code == 250:
                code, said = client.docmd(f"RCPT TO:<{to}>")
            if code == 250:
                client.docmd("DATA")
                client.send(raw + b".\r\n")
                code, said = client.getreply()
            replies.append(Reply(code, said.decode()))
    return replies


async def _bring(simulator: Simulator, sender: str, to: str, raw: bytes) -> Reply:
    return (await asyncio.to_thread(_peer, simulator, [(sender, to, raw)]))[0]


def _report(reader: str, to: str, of: str) -> bytes:
    receipt = mdn.Receipt(reader, "", ("", to), of, "x", b"Subject: x\r\n\r\nx\r\n", Disposition.DISPLAYED)
    return mdn.compose(receipt, reporting_ua="x", message_id="<forged@x.mssante.fr>", at=10**15, language=Language.EN)


async def _sent(simulator: Simulator) -> str:
    """A letter of the hospital to two doctors, delivered; its Message-ID."""
    message = letter(HOSPITAL, [DOCTOR, DOCTOR2], Disposition_Notification_To=HOSPITAL, Message_ID="<one@hopital-ormes.sim.mssante.fr>")
    assert (await Person(simulator, "hospital").smtp(HOSPITAL, [DOCTOR, DOCTOR2], message)).code == 250
    for _ in range(200):
        if await Person(simulator, "doctor2").inbox(DOCTOR2) and await Person(simulator, "doctor").inbox(DOCTOR):
            break
        await asyncio.sleep(0.05)
    return str(message["Message-ID"])


async def _last(simulator: Simulator) -> dict[str, str]:
    newest = (await Person(simulator, "hospital").get(f"/mailboxes/{HOSPITAL}/sent"))["items"][0]
    return {one["address"]: one["events"][-1]["kind"] for one in newest["recipients"]}


async def test_nobody_submits_a_report_about_somebody_else(simulator: Simulator) -> None:
    of = await _sent(simulator)
    forged = _report(DOCTOR2, HOSPITAL, of).replace(DOCTOR2.encode(), DOCTOR.encode(), 1)
    reply = await Person(simulator, "doctor").smtp("", HOSPITAL, forged)
    assert (reply.code, reply.enhanced) == (550, "5.7.1")
    assert "Only a read receipt" in reply.text
    plain = await Person(simulator, "doctor").smtp("", HOSPITAL, letter(DOCTOR, HOSPITAL))
    assert plain.code == 550
    assert (await _last(simulator))[DOCTOR2] == "delivered"


async def test_a_peer_reports_for_its_own_domains_alone(simulator: Simulator) -> None:
    of = await _sent(simulator)
    forged = _report(DOCTOR, HOSPITAL, of).replace(f"From: {DOCTOR}".encode(), b"From: x@clinique-pins.sim.mssante.fr", 1)
    assert (await _bring(simulator, "", HOSPITAL, forged)).code == 250
    assert (await _last(simulator))[DOCTOR] == "delivered"


@pytest.mark.parametrize("author", [PATIENT, DOCTOR], ids=["a patient", "somebody of another operator"])
@pytest.mark.parametrize("sender", ["", "contact@clinique-pins.sim.mssante.fr"], ids=["null path", "own path"])
async def test_a_peer_does_not_write_as_others(simulator: Simulator, author: str, sender: str) -> None:
    for raw in (_report(author, PRACTICE, "<unknown@x>"), letter(author, PRACTICE).as_bytes(policy=SMTP)):
        reply = await _bring(simulator, sender, PRACTICE, raw)
        assert (reply.code, reply.enhanced) == (550, "5.7.1")


async def test_a_certificate_that_is_taken_back_stops_an_open_connection(simulator: Simulator) -> None:
    sender = "contact@clinique-pins.sim.mssante.fr"
    rows = (await control(simulator, "GET", "/certificates")).json()
    serial = next(row["serial"] for row in rows if row["operator"] == "Clinique des Pins")
    loop = asyncio.get_running_loop()

    def revoke() -> None:
        asyncio.run_coroutine_threadsafe(control(simulator, "POST", f"/certificates/{serial}/revoke", {}), loop).result(20)

    one = (sender, PRACTICE, letter(sender, PRACTICE).as_bytes(policy=SMTP))
    replies = await asyncio.to_thread(_peer, simulator, [one, one], revoke)
    assert [reply.code for reply in replies] == [250, 554]


@pytest.mark.parametrize(
    ("code", "said", "status", "reply"),
    [
        (550, "2.0.0 refused", "5.0.0", "550 2.0.0 refused"),
        (250, "5.1.1 taken", "2.0.0", "250 5.1.1 taken"),
        (450, "5.1.1 later", "4.0.0", "450 5.1.1 later"),
        (550, "5.1.1 no", "5.1.1", "550 5.1.1 no"),
        (250, "2.0.0 accept\udce9\x00", "2.0.0", "250 2.0.0 accept??"),
        (550, "x" * 9_000, "5.0.0", "550 " + "x" * 500),
        (500, "what", "5.0.0", "500 what"),
        (502, "not here", "5.0.0", "502 not here"),
        (599, "no", "5.0.0", "599 no"),
        (400, "4.2 later", "4.0.0", "400 4.2 later"),
        (499, "later", "4.0.0", "499 later"),
        (200, "", "2.0.0", "200 "),
    ],
)
def test_what_a_peer_answers_is_read_by_its_code_and_kept_as_text(code: int, said: str, status: str, reply: str) -> None:
    assert _answer(code, said, "h") == RecipientReply(status, quoted(reply), "h")


@pytest.mark.parametrize("code", [0, 99, 199, 300, 354, 399, 600, 999])
def test_a_peer_that_answers_with_no_final_reply_broke_off(code: int) -> None:
    reply = _answer(code, "5.1.1 what", "h")
    assert (reply.status, "The server broke off: 5.1.1 what" in reply.reply) == ("4.4.2", True)


async def test_an_operator_cannot_break_the_public_list(simulator: Simulator) -> None:
    odd = {"name": "Domaine étrange", "domains": ["ab--cd.mssante.fr"], "mx": ""}
    assert (await control(simulator, "POST", "/operators", odd)).status_code == 201
    assert (await control(simulator, "POST", "/operators", {"name": "a\x01b", "domains": ["ok.mssante.fr"]})).status_code == 422
    assert b"ab--cd.mssante.fr" in await simulator.world.white_list.xml()
