"""Rules asked a second time, or at a second door: after log-in, of a copy, of a token, of a letter that nobody can name."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from datetime import timedelta
from email.policy import SMTP

import httpx
import pytest
import pytest_asyncio

from mss_sim.app.simulator import Simulator
from mss_sim.clock import ManualClock
from tests.clients import DOCTOR, DOCTOR2, HOSPITAL, LABORATORY, PATIENT, PRACTICE, WARD, ImapClient, Peer, Person, control, letter
from tests.conftest import StartSimulator, starter
from tests.mail_logins import MailClient, xoauth2
from tests.relying_party import RelyingParty

_PASSWORD = "cabinet-2026"
_shared = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Simulator]:
    """One world for tests that do not mind each other."""
    async with starter(tmp_path_factory.mktemp("asked") / "data")(peers_proof="domain") as simulator:  # bytes are said in clear
        yield simulator


# Log-in


@_shared
@pytest.mark.parametrize(
    ("address", "role"), [(PRACTICE, "doctor"), (WARD, "hospital_ward"), (LABORATORY, "application")], ids=["CAB", "ORG", "APP"]
)
async def test_the_address_of_a_collective_mailbox_is_no_login(shared: Simulator, address: str, role: str) -> None:
    password = Person(shared, role).account["password"]
    assert (await MailClient(shared).by_smtp("PLAIN", f"\0{address}\0{password}")).code == 535
    client = await ImapClient.open(shared)
    assert (await client.ask(f'LOGIN "{address}" {password}'))[-1].startswith("NO [AUTHENTICATIONFAILED]")
    await client.close()
    async with httpx.AsyncClient(base_url=shared.ready()["http"], auth=(address, password)) as http:
        answer = await http.get("/api/v1/me")
    assert (answer.status_code, answer.json()["code"]) == (401, "authentication-failed")


async def test_who_logs_in_rightly_for_a_mailbox_without_a_right_is_not_told_of_a_wrong_password(simulator: Simulator) -> None:
    person = Person(simulator, "newcomer")
    name, password = f"{PRACTICE}*{person.account['login']}", person.account["password"]
    for word, status, code, shown in (
        (password, 403, "authorization-failed", "AUTHORIZATIONFAILED"),
        ("wrong", 401, "authentication-failed", "AUTHENTICATIONFAILED"),
    ):
        async with httpx.AsyncClient(base_url=simulator.ready()["http"], auth=(name, word)) as http:
            answer = await http.get("/api/v1/me")
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        client = await ImapClient.open(simulator)
        assert (await client.ask(f'LOGIN "{name}" {word}'))[-1].startswith(f"NO [{shown}]")
        await client.close()


async def test_a_patients_token_opens_no_door_in_the_strict_profile(start: StartSimulator) -> None:
    async with start(profile="strict") as simulator:
        said = "Patients write through Mon espace santé, not through mail clients."
        patient = Person(simulator, "patient")
        token = simulator.world.tokens.mint(patient.idnat)
        reply = await MailClient(simulator).by_smtp("XOAUTH2", xoauth2(PATIENT, token), PATIENT, DOCTOR)
        assert (reply.code, reply.text) == (535, f"5.7.8 {said.replace('é', 'e')} (mes#portal)")
        assert said.replace("é", "e") in await MailClient(simulator).by_imaplib("XOAUTH2", xoauth2(PATIENT, token))
        async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as http:
            answers = [
                await http.get("/api/v1/me", headers={"Authorization": f"Bearer {simulator.world.tokens.mint(one)}"})
                for one in (patient.idnat, Person(simulator, "doctor").idnat)
            ]
        assert [answer.status_code for answer in answers] == [401, 200]
        assert answers[0].json()["detail"] == said


# Tokens


@_shared
async def test_nothing_is_told_of_the_tokens_of_somebody_who_was_disabled(shared: Simulator) -> None:
    async with RelyingParty.of(shared) as party:
        idnat = Person(shared, "locum").idnat
        tokens = await party.tokens(idnat)
        for token in (tokens["access_token"], tokens["refresh_token"]):
            assert (await party.introspect(token))["active"] is True
        assert (await control(shared, "PATCH", f"/identities/{idnat}", {"enabled": False})).status_code == 200
        for token in (tokens["access_token"], tokens["refresh_token"]):
            assert await party.introspect(token) == {"active": False}


@_shared
async def test_a_client_takes_back_no_token_of_another(shared: Simulator) -> None:
    async with RelyingParty.of(shared) as party, RelyingParty.of(shared) as other:
        tokens = await party.tokens()
        await other.register(client_id="un-autre")
        for token in (tokens["access_token"], tokens["refresh_token"]):
            assert (await other.post("revoke", token=token)).status_code == 200, "nothing is told of it"
            assert (await party.introspect(token))["active"] is True
        assert (await party.post("revoke", token=tokens["access_token"])).status_code == 200
        assert await party.introspect(tokens["access_token"]) == {"active": False}
        assert (await party.introspect(tokens["refresh_token"]))["active"] is True


# Copies


@_shared
async def test_a_copy_bears_only_flags_that_the_actor_may_set(shared: Simulator) -> None:
    doctor = await ImapClient.open(shared, f"{PRACTICE}*camille.martin", _PASSWORD)
    assert (await doctor.ask("SETACL INBOX louise.moreau lrik"))[-1].startswith("OK")
    await doctor.append("Junk", letter(HOSPITAL, PRACTICE).as_bytes(), "\\Flagged \\Seen \\Deleted urgent")
    newcomer = await ImapClient.open(shared, f"{PRACTICE}*louise.moreau", _PASSWORD)
    await newcomer.ask("SELECT Junk")
    assert (await newcomer.ask("COPY 1 Archive"))[-1].startswith("OK")
    await newcomer.close()
    await doctor.ask("SELECT Junk")
    assert (await doctor.ask("COPY 1 Archive"))[-1].startswith("OK")
    await doctor.ask("EXAMINE Archive")
    shown = (await doctor.ask("FETCH 1:2 FLAGS"))[:2]
    assert shown == ["* 1 FETCH (FLAGS (\\Recent))", "* 2 FETCH (FLAGS (\\Seen \\Flagged \\Deleted \\Recent urgent))"]
    assert (await doctor.ask("DELETEACL INBOX louise.moreau"))[-1].startswith("OK")
    await doctor.close()


async def test_what_each_reader_has_seen_survives_a_copy_within_the_mailbox(start: StartSimulator) -> None:
    async with start() as simulator:
        doctor = Person(simulator, "doctor")
        assert (await doctor.rest("PATCH", f"/mailboxes/{PRACTICE}", json={"seen_policy": "personal"})).status_code == 200
        first, second = [await ImapClient.open(simulator, f"{PRACTICE}*{login}", _PASSWORD) for login in ("camille.martin", "hugo.bernard")]
        await first.append("INBOX", letter(HOSPITAL, PRACTICE).as_bytes())
        await first.ask("SELECT INBOX")
        assert (await first.ask("STORE 1 +FLAGS (\\Seen)"))[-1].startswith("OK")
        await second.ask("SELECT INBOX")
        assert (await second.ask("COPY 1 Archive"))[-1].startswith("OK")
        flags = []
        for client in (first, second):
            await client.ask("EXAMINE Archive")
            flags.append((await client.ask("FETCH 1 FLAGS"))[0])
            await client.close()
        assert flags == ["* 1 FETCH (FLAGS (\\Seen \\Recent))", "* 1 FETCH (FLAGS (\\Recent))"]


# Letters


@_shared
@pytest.mark.parametrize("octets_at_once", [1, 7, 100_000])
async def test_a_letter_with_leading_dots_arrives_byte_for_byte(shared: Simulator, octets_at_once: int) -> None:
    head = f"From: {HOSPITAL}\r\nTo: {PRACTICE}\r\nSubject: Points\r\n\r\n".encode()
    for raw in (
        head + b".\r\n..\r\n.a\r\n\r\n.\r\n...\r\n. \r\n",
        head + b"only the end has one\r\n",
        b".X-First: the very first line begins with a dot\r\n" + head + b"x\r\n",
    ):
        where = shared.ready()["mx"]
        reader, writer = await asyncio.open_connection(where["host"], where["port"])
        writer.write(f"EHLO mta.example\r\nMAIL FROM:<{HOSPITAL}>\r\nRCPT TO:<{PRACTICE}>\r\nDATA\r\n".encode())
        while not (await reader.readline()).startswith(b"354"):
            pass
        stuffed = b"".join(b"." + line if line.startswith(b".") else line for line in raw.splitlines(keepends=True))
        whole = stuffed + b".\r\n"
        for at in range(0, len(whole), octets_at_once):
            writer.write(whole[at : at + octets_at_once])
            await asyncio.sleep(0.001)
        assert (await reader.readline()).startswith(b"250")
        writer.close()
        await writer.wait_closed()
        doctor = Person(shared, "doctor")
        item = (await doctor.inbox(PRACTICE))[0]
        stored = (await doctor.rest("GET", f"/mailboxes/{PRACTICE}/messages/{item['id']}/raw")).content
        assert stored.endswith(b"\r\n" + raw), "below the trace"


@_shared
async def test_no_receipt_leaves_for_a_letter_that_nobody_can_name(shared: Simulator) -> None:
    message = letter(HOSPITAL, DOCTOR2, Disposition_Notification_To=HOSPITAL)
    del message["Message-ID"]
    assert (await Person(shared, "hospital").smtp(HOSPITAL, DOCTOR2, message)).code == 250
    doctor2 = Person(shared, "doctor2")
    item = (await doctor2.inbox(DOCTOR2))[0]
    before = len(await Person(shared, "hospital").inbox(HOSPITAL))
    answer = await doctor2.rest("POST", f"/mailboxes/{DOCTOR2}/messages/{item['id']}/receipt")
    said = answer.json()
    assert (answer.status_code, said["code"], said["reference"]) == (409, "receipt-not-requested", "quirks#message-id-and-date")
    assert "Message-ID" in answer.json()["detail"]
    assert len(await Person(shared, "hospital").inbox(HOSPITAL)) == before
    assert (await doctor2.inbox(DOCTOR2))[0]["keywords"] == []


@_shared
async def test_a_patient_answers_the_return_path_when_from_is_of_another_operator(shared: Simulator) -> None:
    message = letter(HOSPITAL, PATIENT)
    assert (await Peer(shared).send(DOCTOR2, [PATIENT], message.as_bytes(policy=SMTP))).code == 250
    patient = Person(shared, "patient")
    assert (await patient.send(PATIENT, to=[HOSPITAL])).json()["code"] == "not-invited"
    assert (await patient.send(PATIENT, to=[DOCTOR2])).status_code == 201


# Holders


async def _handed_on(shared: Simulator, address: str, *, stay: bool) -> dict[str, str]:
    """A practice's mailbox whose responsible, the doctor, names a successor: who holds it then, by role."""
    doctor, doctor2 = Person(shared, "doctor"), Person(shared, "doctor2")
    mailbox = {"address": address, "kind": "CAB", "owner_idnat": doctor.idnat}
    assert (await control(shared, "POST", "/mailboxes", mailbox)).status_code == 201
    named = await doctor.rest("PUT", f"/mailboxes/{address}/responsible", json={"idnat": doctor2.idnat, "stay": stay})
    return {row["role"]: row["idnat"] for row in named.json()}


@_shared
async def test_a_responsible_who_does_not_stay_holds_nothing_any_more(shared: Simulator) -> None:
    doctor, doctor2, address = Person(shared, "doctor"), Person(shared, "doctor2"), "relais@cabinet.sim.mssante.fr"
    assert await _handed_on(shared, address, stay=False) == {"responsible": doctor2.idnat}
    assert (await doctor.rest("GET", f"/mailboxes/{address}")).status_code == 404
    assert (await doctor.send(address, to=[PRACTICE])).json()["code"] == "send-not-allowed"
    assert address not in [row["address"] for row in await doctor.get("/mailboxes")]
    assert (await doctor2.send(address, to=[PRACTICE])).status_code == 201


@_shared
async def test_a_responsible_who_stays_is_a_co_holder(shared: Simulator) -> None:
    doctor, doctor2, address = Person(shared, "doctor"), Person(shared, "doctor2"), "garde@cabinet.sim.mssante.fr"
    assert await _handed_on(shared, address, stay=True) == {"responsible": doctor2.idnat, "co_holder": doctor.idnat}
    assert (await doctor.rest("GET", f"/mailboxes/{address}")).status_code == 200


# Traps


async def test_a_list_fetched_after_leaving_is_no_look_during_the_connection(start: StartSimulator, clock: ManualClock) -> None:
    async with start(traps_open=True, clock=clock) as simulator:
        where = simulator.ready()["traps"]["revoked"]["submission"]
        tls = ssl.create_default_context(cafile=simulator.ready()["ca_file"])
        reader, writer = await asyncio.open_connection(where["host"], where["port"])
        await reader.readline()
        for line in (b"EHLO a\r\n", b"STARTTLS\r\n"):
            writer.write(line)
            while (await reader.readline())[3:4] == b"-":
                pass
        await writer.start_tls(tls, server_hostname="localhost")
        writer.close()
        await writer.wait_closed()
        for _ in range(500):
            visit = (await control(simulator, "GET", "/traps?trap=revoked")).json()[0]
            if visit["closed_at"]:
                break
            await asyncio.sleep(0.02)
        clock.advance(timedelta(seconds=1))
        async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as http:
            assert (await http.get("/CRL/ACI-EL-ORG.crl")).status_code == 200
        visit = (await control(simulator, "GET", "/traps?trap=revoked")).json()[0]
        assert (visit["lookup"], visit["verdict"]) == ("never", "WARN")
