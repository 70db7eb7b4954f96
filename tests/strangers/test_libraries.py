"""Mail libraries that do not know us: smtplib's own way of sending, and a JWT of 4 KiB over XOAUTH2."""

import asyncio
import base64
import smtplib
import ssl

import pytest

from mss_sim.app.simulator import Simulator
from tests.clients import DOCTOR, DOCTOR2, HOSPITAL, PRACTICE, Person, letter


def _connect(simulator: Simulator) -> smtplib.SMTP:
    ready = simulator.ready()
    client = smtplib.SMTP("localhost", ready["submission"]["port"], timeout=20)
    client.starttls(context=ssl.create_default_context(cafile=ready["ca_file"]))
    return client


async def test_smtplib_sends_one_message_to_many(simulator: Simulator) -> None:
    def send() -> dict[str, tuple[int, bytes]]:
        with _connect(simulator) as client:
            client.login("paul.durand", "hopital-2026")
            recipients = [PRACTICE, DOCTOR, "outside@example.org"]
            return client.send_message(letter(HOSPITAL, [PRACTICE, DOCTOR]), HOSPITAL, recipients)

    refused = await asyncio.to_thread(send)
    assert list(refused) == ["outside@example.org"]
    assert refused["outside@example.org"][0] == 550
    assert len(await Person(simulator, "doctor").inbox(DOCTOR)) == 1


async def test_smtplib_is_refused_without_tls(simulator: Simulator) -> None:
    def send() -> None:
        with smtplib.SMTP("localhost", simulator.ready()["submission"]["port"], timeout=20) as client:
            client.login("paul.durand", "hopital-2026")

    with pytest.raises(smtplib.SMTPNotSupportedError):
        await asyncio.to_thread(send)


async def test_a_client_that_trusts_another_authority_does_not_connect(simulator: Simulator) -> None:
    def send() -> None:
        with smtplib.SMTP("localhost", simulator.ready()["submission"]["port"], timeout=20) as client:
            client.starttls(context=ssl.create_default_context())

    with pytest.raises(ssl.SSLCertVerificationError):
        await asyncio.to_thread(send)


@pytest.mark.parametrize("initial_response_ok", [True, False], ids=["initial response", "no initial response"])
async def test_a_token_of_four_kibibytes_passes(simulator: Simulator, initial_response_ok: bool) -> None:
    token = simulator.world.tokens.mint(Person(simulator, "secretary").idnat, claims={"filler": "x" * 2_700})
    assert 4_096 <= len(token) <= 5_000

    def send() -> int:
        with _connect(simulator) as client:
            client.ehlo()
            blob = f"user={PRACTICE}\x01auth=Bearer {token}\x01\x01"
            code, _ = client.auth("XOAUTH2", lambda challenge=None: blob, initial_response_ok=initial_response_ok)
            client.sendmail(PRACTICE, [HOSPITAL], letter(PRACTICE, HOSPITAL).as_bytes())
            return code

    assert await asyncio.to_thread(send) == 235
    assert len(await Person(simulator, "hospital").inbox(HOSPITAL)) == 1


async def test_the_token_says_who_it_is_not_the_user_field(simulator: Simulator) -> None:
    token = simulator.world.tokens.mint(Person(simulator, "doctor").idnat)

    def send() -> tuple[int, bytes]:
        with _connect(simulator) as client:
            client.ehlo()
            blob = base64.b64encode(f"user={DOCTOR2}\x01auth=Bearer {token}\x01\x01".encode()).decode()
            return client.docmd("AUTH", f"XOAUTH2 {blob}")

    code, text = await asyncio.to_thread(send)
    assert code == 535, text
