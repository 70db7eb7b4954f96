"""A world that is reset stands as one that has just started: all that /control tells, the certificates of the ready file, every door."""

import asyncio
import json
import re
import smtplib
import ssl
import threading
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from mss_sim.app.simulator import Simulator
from tests.clients import DOCTOR, HOSPITAL, LABORATORY, PATIENT, PRACTICE, ImapClient, Person, control, letter
from tests.conftest import StartSimulator
from tests.mail_logins import MailClient, Shown
from tests.scene import PASSWORD

_TAKEN_OUT = re.compile(
    r"-----BEGIN[^\"]*"
    r"|\b[0-9A-HJKMNP-TV-Za-z]{13}\b(?=[\"/])"  # ids
    r"|\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)"  # instants
    r"|\b[0-9a-f]{38,64}\b"  # serial numbers and hashes
    r"|\b[\w-]{43}\b"  # names of keys
)
_SAME_FOR_EVER = "/control/ca.pem"
_ASKED_WITH: dict[str, dict[str, Any]] = {
    "why-not": {"from": DOCTOR, "to": PATIENT},
    "why-not-found": {"address": DOCTOR},
    "events": {"seconds": 0},
}
"""What some paths are asked with, by their last word."""


@pytest.fixture
async def simulator(start: StartSimulator) -> AsyncIterator[Simulator]:
    """A running simulator with all that has a state."""
    async with start(https_port=0, traps_open=True) as running:
        yield running


async def _answers(simulator: Simulator) -> dict[str, Any]:
    """What every GET below /control answers, with each path filled in by what the lists name; ids and instants are taken out."""
    found = {}
    schema = (await _get(simulator, "/openapi.json")).json()
    paths = [path for path, methods in schema["paths"].items() if path.startswith("/control/") and "get" in methods]
    for path in sorted(set(paths) - {_SAME_FOR_EVER}):
        for asked in await _filled(simulator, path):
            answer = await _get(simulator, asked, _ASKED_WITH.get(path.rpartition("/")[2], {}))
            assert answer.status_code in (200, 404), f"{asked}: {answer.text}"
            shown = answer.json() if "json" in answer.headers["content-type"] else f"{answer.headers['content-type']}"
            found[_TAKEN_OUT.sub("#", asked)] = json.loads(_TAKEN_OUT.sub("#", json.dumps(shown, sort_keys=True, ensure_ascii=False)))
    return found


async def _filled(simulator: Simulator, path: str) -> list[str]:
    """The paths that a template stands for: every mailbox, person, rule, connection, certificate."""
    names = re.findall(r"{(\w+)}", path)
    if not names:
        return [path]
    lists = {
        "address": ("/control/mailboxes", "address"),
        "idnat": ("/control/identities", "idnat"),
        "rule_id": ("/control/faults", "id"),
        "session_id": ("/control/evidence", "id"),
        "serial": ("/control/certificates", "serial"),
        "letter_id": ("/control/messages", "id"),
        "snapshot": ("/control/snapshots", "name"),
        "story": ("/control/scenarios/stories", "name"),
        "play_id": ("/control/scenarios", "id"),
    }
    if names[0] not in lists:
        return []  # a world beside this one: there is none
    source, key = lists[names[0]]
    rows = (await _get(simulator, source)).json()
    rows = rows["items"] if isinstance(rows, dict) else rows
    filled = [path.replace("{" + names[0] + "}", row[key].replace("/", "%2F")) for row in rows]
    return [one.replace("{form}", form) for one in filled for form in (("pem",) if "{form}" in path else ("",))]


async def _get(simulator: Simulator, path: str, params: dict[str, Any] | None = None) -> httpx.Response:
    async with httpx.AsyncClient(base_url=simulator.ready()["http"], timeout=30, verify=False) as client:  # noqa: S501 - in clear
        return await client.get(path, params=params or {})


async def _disorder(simulator: Simulator) -> None:
    """Change whatever can be changed: letters, people, log-ins, faults, time, certificates, the list, what the provider does."""
    hospital = Person(simulator, "hospital")
    assert (await hospital.smtp(HOSPITAL, [PRACTICE, PATIENT], letter(HOSPITAL, [PRACTICE, PATIENT]))).code == 250
    for body in ({"variant": "stale"}, {"variant": "empty"}):
        assert (await control(simulator, "PUT", "/white-list/variant", body)).is_success
    assert (await control(simulator, "DELETE", "/white-list/hopital-ormes.sim.mssante.fr")).is_success
    for name in ("crl", "ocsp"):
        assert (await control(simulator, "PATCH", "/certificates/behaviour", {name: {"behaviour": "html"}})).is_success
    assert (await control(simulator, "POST", "/certificates", {"mailbox": LABORATORY})).is_success
    for row in (await control(simulator, "GET", "/certificates")).json():
        revoked = await control(simulator, "POST", f"/certificates/{row['serial']}/revoke", {"reason": "keyCompromise"})
        assert revoked.status_code in (200, 409), revoked.text  # what a listener shows cannot be taken back
    assert (await control(simulator, "POST", "/faults/presets/rate-limit-421", {})).is_success
    assert (await control(simulator, "PATCH", "/psc", {"auto_approve": True, "outages": 1_000})).is_success
    assert (await control(simulator, "POST", "/psc/clients", {"client_id": "other", "redirect_uris": ["http://localhost/cb"]})).is_success
    assert (await control(simulator, "POST", "/psc/rotate-keys")).is_success
    assert (await control(simulator, "POST", "/scenarios", {"story": "patient", "at_once": True})).is_success
    assert (await control(simulator, "POST", "/clock/advance", {"by": "P70D"})).is_success
    assert (await control(simulator, "PUT", "/clock", {"mode": "frozen"})).is_success
    for _ in range(3):
        await _get(simulator, "/CRL/ACI-EL-ORG.crl")
        trap = simulator.ready()["traps"]["expired"]["submission"]
        with pytest.raises((ssl.SSLError, smtplib.SMTPException)):
            await asyncio.to_thread(_into_trap, trap["port"])


def _into_trap(port: int) -> None:
    with smtplib.SMTP("127.0.0.1", port) as client:
        client.starttls(context=ssl.create_default_context())


async def test_everything_that_control_tells_is_as_after_a_first_start(simulator: Simulator) -> None:
    fresh = await _answers(simulator)
    assert len(fresh) > 60
    await _disorder(simulator)
    changed = await _answers(simulator)
    assert {name for name in fresh if changed.get(name) != fresh[name]} > {
        "/control/state",
        "/control/faults",
        "/control/psc",
        "/control/evidence",
        "/control/certificates",
        "/control/certificates/behaviour",
        "/control/certificates/fetches",
        "/control/traps/report",
        "/control/white-list",
        "/control/clock",
    }
    assert (await control(simulator, "POST", "/reset")).status_code == 204
    again = await _answers(simulator)
    assert {name: again[name] for name in again if again[name] != fresh.get(name)} == {}
    assert again == fresh


async def test_the_certificates_of_the_ready_file_open_the_doors_again(simulator: Simulator) -> None:
    ready = simulator.ready()
    await _disorder(simulator)
    assert (await control(simulator, "POST", "/reset")).status_code == 204
    peer, client = ready["mx_peer"], ready["app_client"]
    context = ssl.create_default_context(cafile=ready["ca_file"])
    context.load_cert_chain(peer["cert_file"], peer["key_file"])
    assert await asyncio.to_thread(_bring, ready["mx"]["port"], context, peer["sender"]) == (250, "2.0.0")
    application = MailClient(simulator, Shown(client["cert_file"], client["key_file"]))
    assert (await application.by_smtp("EXTERNAL", "", LABORATORY, DOCTOR)).code == 250
    asked = {"grant_type": "client_credentials", "client_id": ready["psc"]["client_id"], "client_secret": ready["psc"]["client_secret"]}
    async with httpx.AsyncClient() as anybody:
        answer = await anybody.post(f"{ready['psc']['issuer']}/protocol/openid-connect/token", data=asked)
        assert answer.json().get("error") != "invalid_client", answer.text


def _bring(port: int, context: ssl.SSLContext, sender: str) -> tuple[int, str]:
    with smtplib.SMTP("127.0.0.1", port) as client:
        client.starttls(context=context)
        client.ehlo()
        client.mail(sender)
        code, text = client.rcpt(PRACTICE)
        assert code == 250, text
        code, text = client.data(letter(sender, PRACTICE).as_bytes())
        return code, text.decode().split()[0]


async def test_whoever_is_connected_is_told(simulator: Simulator) -> None:
    """And a letter whose octets were on their way is not taken by the new world."""
    imap = await ImapClient.open(simulator, f"{DOCTOR}*camille.martin", PASSWORD)
    reader, writer = await asyncio.open_connection("127.0.0.1", simulator.ready()["submission"]["port"])
    assert (await reader.readline()).startswith(b"220")
    assert (await control(simulator, "POST", "/reset")).status_code == 204
    assert await imap.line() == "* BYE The world was reset, connect again"
    await imap.close()
    assert await reader.read() == b"421 4.3.2 The world was reset, connect again\r\n"
    writer.close()
    again = await ImapClient.open(simulator, f"{DOCTOR}*camille.martin", PASSWORD)
    assert (await again.ask("SELECT INBOX"))[-1].startswith("OK")
    await again.close()


def _send_on(account: dict[str, Any], ready: dict[str, Any], stopping: threading.Event) -> int:
    """Send as fast as possible, to here and to a patient; how many letters were taken."""
    taken = 0
    while not stopping.is_set():
        with suppress(smtplib.SMTPException, OSError), smtplib.SMTP("127.0.0.1", ready["submission"]["port"], timeout=20) as client:
            client.starttls(context=ssl.create_default_context(cafile=ready["ca_file"]))
            client.login(account["login"], account["password"])
            client.sendmail(HOSPITAL, [PRACTICE, PATIENT], letter(HOSPITAL, [PRACTICE, PATIENT]).as_bytes())
            taken += 1
    return taken


async def test_a_reset_under_load_logs_no_error(simulator: Simulator) -> None:
    """Letters to another operator and to a patient while the world is emptied five times; the last world is in order."""
    stopping = threading.Event()
    account = Person(simulator, "hospital").account
    with capture_logs() as told:
        senders = [asyncio.create_task(asyncio.to_thread(_send_on, account, simulator.ready(), stopping)) for _ in range(4)]
        for _ in range(5):
            count = 0
            while not count:
                count = (await control(simulator, "GET", "/state")).json()["messages"]
            assert (await control(simulator, "POST", "/reset")).status_code == 204
        stopping.set()
        assert sum(await asyncio.gather(*senders)) >= 5
    assert [line for line in told if line["log_level"] in ("error", "critical", "exception")] == []
    assert (await control(simulator, "POST", "/reset")).status_code == 204
    assert (await Person(simulator, "hospital").smtp(HOSPITAL, PRACTICE, letter(HOSPITAL, PRACTICE))).code == 250
    assert len(await Person(simulator, "doctor").inbox(PRACTICE)) == 1


@pytest.mark.parametrize("door", ["submission", "imap"])
async def test_who_is_in_the_middle_of_a_handshake_is_counted_no_longer(simulator: Simulator, door: str) -> None:
    """Neither in the world that begins nor by who stops it: a client that never ends its handshake would hold both up."""
    before = simulator.connections.count() + simulator.imap_connections.count()
    reader, writer = await asyncio.open_connection("127.0.0.1", simulator.ready()[door]["port"])
    await reader.readline()
    for said in [b"EHLO me", b"STARTTLS"] if door == "submission" else [b"a STARTTLS"]:
        writer.write(said + b"\r\n")
        while (await reader.readline())[3:4] == b"-":
            pass
    assert (await control(simulator, "POST", "/reset")).status_code == 204
    await reader.read()  # to the end: it is closed
    assert simulator.connections.count() + simulator.imap_connections.count() == before
    writer.close()
