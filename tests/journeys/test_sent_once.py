"""A client sends a letter, then appends it to Sent, where it was filed when it was sent: it lies there once."""

from email.policy import SMTP

import pytest

from mss_sim.app.simulator import Simulator
from tests.clients import DOCTOR, HOSPITAL, PRACTICE, ImapClient, Person, control, letter
from tests.conftest import StartSimulator

_PASSWORD = "cabinet-2026"


async def _sent(simulator: Simulator) -> list[str]:
    return [one["subject"] for one in (await Person(simulator, "doctor").get(f"/mailboxes/{DOCTOR}/messages", folder="Sent"))["items"]]


async def _used(simulator: Simulator) -> int:
    return int((await control(simulator, "GET", f"/mailboxes/{DOCTOR}")).json()["used_bytes"])


async def test_a_letter_that_its_client_files_in_sent_too_lies_there_once(simulator: Simulator) -> None:
    raw = letter(DOCTOR, HOSPITAL, "Bilan", "Glycémie.\r\n").as_bytes(policy=SMTP)
    assert (await Person(simulator, "doctor").smtp(DOCTOR, HOSPITAL, raw)).code == 250
    used = await _used(simulator)
    client = await ImapClient.open(simulator, "camille.martin", _PASSWORD)
    for _ in range(2):
        answer = await client.append("Sent", raw, "\\Seen")
        assert answer[-1].startswith("OK [APPENDUID ")
        assert answer[-1].endswith(" 1] APPEND completed")
    assert (await _sent(simulator), await _used(simulator)) == (["Bilan"], used)
    await client.append("Archive", raw)
    assert await _used(simulator) > used, "elsewhere it is a copy as any other"
    await client.close()


async def test_a_sender_field_that_the_server_wrote_or_took_away_makes_no_other_letter(simulator: Simulator) -> None:
    raw = letter(PRACTICE, HOSPITAL, "Bilan", Sender="sophie.petit@example.fr").as_bytes(policy=SMTP)
    assert (await Person(simulator, "secretary").smtp(PRACTICE, HOSPITAL, raw)).code == 250
    client = await ImapClient.open(simulator, f"{PRACTICE}*sophie.petit", _PASSWORD)
    assert (await client.append("Sent", raw, "\\Seen"))[-1].endswith(" 1] APPEND completed")
    await client.close()


@pytest.mark.parametrize("what", ["Bcc", "text", "Message-ID", "never sent"])
async def test_another_letter_is_filed(simulator: Simulator, what: str) -> None:
    sent = letter(DOCTOR, HOSPITAL, "Bilan", Message_ID="<a@test.sim.mssante.fr>")
    if what != "never sent":
        assert (await Person(simulator, "doctor").smtp(DOCTOR, HOSPITAL, sent)).code == 250
    other = letter(DOCTOR, HOSPITAL, "Bilan", "Autre." if what == "text" else "Bonjour.", Message_ID="<a@test.sim.mssante.fr>")
    if what == "Bcc":
        other["Bcc"] = PRACTICE
    if what == "Message-ID":
        other.replace_header("Message-ID", "<b@test.sim.mssante.fr>")
    client = await ImapClient.open(simulator, "camille.martin", _PASSWORD)
    for _ in range(2):
        assert (await client.append("Sent", other.as_bytes(policy=SMTP)))[-1].startswith("OK")
    assert len(await _sent(simulator)) == (2 if what == "never sent" else 3)
    await client.close()


async def test_a_server_that_files_whatever_is_appended(start: StartSimulator) -> None:
    async with start(sent_append_once=False) as simulator:
        sent = letter(DOCTOR, HOSPITAL, "Bilan")
        assert (await Person(simulator, "doctor").smtp(DOCTOR, HOSPITAL, sent)).code == 250
        client = await ImapClient.open(simulator, "camille.martin", _PASSWORD)
        assert (await client.append("Sent", sent.as_bytes(policy=SMTP)))[-1].endswith(" 2] APPEND completed")
        assert await _sent(simulator) == ["Bilan", "Bilan"]
        await client.close()
