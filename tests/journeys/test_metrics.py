"""`/metrics` tells what was promised: refusals by rule and door, deliveries, the age of the oldest letter in the queue."""

import asyncio
import imaplib
import re
import smtplib
import ssl
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from mss_sim.app.simulator import Simulator
from mss_sim.clock import ManualClock
from tests.clients import DOCTOR, HOSPITAL, PRACTICE, Person, control, letter
from tests.conftest import StartSimulator, starter
from tests.relying_party import RelyingParty, told


@pytest.fixture
def start(tmp_path: Path) -> StartSimulator:
    """What is counted and told here is what clients did, without the wire between operators."""
    return starter(tmp_path / "data", relay="direct", peers_proof="domain")


async def _metrics(simulator: Simulator) -> dict[str, float]:
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        text = (await client.get("/metrics")).text
    return {name: float(value) for name, value in re.findall(r"^(mss_sim_\S+(?:\{.*\})?) (\S+)$", text, re.MULTILINE)}


def _refused_by_mail(ready: dict[str, Any]) -> None:
    """One refusal at the MX port, one over IMAP."""
    with smtplib.SMTP("127.0.0.1", ready["mx"]["port"], timeout=20) as peer:
        peer.ehlo("test")
        assert peer.docmd("MAIL FROM:<x@example.org>")[0] >= 500
    with imaplib.IMAP4("localhost", ready["imap"]["port"], timeout=20) as client:
        client.starttls(ssl.create_default_context(cafile=ready["ca_file"]))
        client.login("paul.durand", "hopital-2026")
        assert client.select("Nowhere")[0] == "NO"


async def test_refusals_were_counted_nowhere(simulator: Simulator) -> None:
    hospital = Person(simulator, "hospital")
    assert (await hospital.smtp(HOSPITAL, "personne@hopital-ormes.sim.mssante.fr", letter(HOSPITAL, PRACTICE))).code == 550
    await hospital.rest("GET", f"/mailboxes/{PRACTICE}/messages")
    await hospital.rest("POST", f"/mailboxes/{HOSPITAL}/messages", json={"to": "nobody"})
    await hospital.rest("GET", f"/mailboxes/{HOSPITAL}?sort=date")
    await control(simulator, "GET", "/identities/1")
    await asyncio.to_thread(_refused_by_mail, simulator.ready())
    found = await _metrics(simulator)
    refusals = {key.removeprefix("mss_sim_refusals_total"): value for key, value in found.items() if "refusals_total" in key}
    assert refusals['{door="smtp",rule="unknown-mailbox"}'] == 1
    assert refusals['{door="rest",rule="not-found"}'] == 1
    assert refusals['{door="rest",rule="invalid-request"}'] == 2
    assert refusals['{door="control",rule="not-found"}'] == 1
    assert sum(value for key, value in refusals.items() if 'door="mx"' in key) == 1
    assert sum(value for key, value in refusals.items() if 'door="imap"' in key) == 1


async def test_errors_of_pro_sante_connect_are_counted_by_their_code(simulator: Simulator) -> None:
    async with RelyingParty.of(simulator) as party:
        told(await party.authorize(scope="openid"))  # sent back to the client
        await party.authorize(client_id="nobody")  # shown on a page
        await party.exchange("no-code")
        await party.userinfo("no-token")
        party.auth = (party.client_id, "wrong")
        await party.exchange("no-code")
        await party.http.post(f"{party.base}/auth/login", json={})  # a page that is no form
        await party.http.get(f"{party.issuer}/protocol/openid-connect/logout?state=1&state=2")
    found = await _metrics(simulator)
    errors = {key.removeprefix("mss_sim_oauth_errors_total"): value for key, value in found.items() if "oauth_errors_total" in key}
    assert errors == {
        '{error="invalid_scope"}': 1,
        '{error="invalid_request"}': 3,
        '{error="invalid_grant"}': 1,
        '{error="invalid_token"}': 1,
        '{error="invalid_client"}': 1,
    }


async def test_deliveries_and_the_age_of_the_queue_were_not_told(start: StartSimulator, clock: ManualClock) -> None:
    async with start(clock=clock) as simulator:
        before = await _metrics(simulator)
        assert (before["mss_sim_deliveries_total"], before["mss_sim_queue_oldest_seconds"]) == (0, 0)
        await Person(simulator, "hospital").send(HOSPITAL, to=[PRACTICE, DOCTOR], subject="Bonjour")
        assert (await _metrics(simulator))["mss_sim_deliveries_total"] == 2
        outside = {"name": "Clinique du Lac", "domains": ["clinique-lac.sim.mssante.fr"], "mx": ""}
        assert (await control(simulator, "POST", "/operators", json=outside)).status_code == 201
        sent = await Person(simulator, "hospital").send(HOSPITAL, to=["accueil@clinique-lac.sim.mssante.fr"], subject="Attente")
        assert sent.status_code == 201, sent.text
        clock.advance(timedelta(seconds=90))
        after = await _metrics(simulator)
        assert (after["mss_sim_deliveries_total"], after["mss_sim_queue_recipients"]) == (2, 1)
        assert 90 <= after["mss_sim_queue_oldest_seconds"] < 91
