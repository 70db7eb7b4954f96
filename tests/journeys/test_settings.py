"""Each setting has an effect: worlds with other values than the usual ones.

Settings that are instants and lives stand in test_schedules.py; those of one subject beside it. A test of tests/house asks that each
setting is given another value somewhere.
"""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any
from xml.etree import ElementTree as ET

import httpx
import pytest
import pytest_asyncio
from cryptography import x509

from mss_sim.app.simulator import Simulator
from tests.clients import DOCTOR, DOCTOR2, HOSPITAL, LABORATORY, PRACTICE, ImapClient, Peer, Person, control, letter
from tests.conftest import StartSimulator, starter
from tests.relying_party import DOCTOR as DOCTOR_IDNAT
from tests.relying_party import RelyingParty, claims_of, told

_PASSWORD = "cabinet-2026"
_OTHER: dict[str, Any] = {
    "message_header_size_bytes_max": 2_000,
    "message_header_count_max": 20,
    "message_mime_parts_max": 6,
    "message_mime_depth_max": 3,
    "mailbox_quota_bytes": 2_048_000,
    "search_text_chars_max": 40,
    "smtp_command_bytes_max": 1_024,
    "imap_line_bytes_max": 8_192,
    "imap_literal_bytes_before_login_max": 1_024,
    "transcripts_max": 4,
    "message_trace_headers": False,
    "white_list_age_seconds_max": 60,
    "token_bytes_max": 4_096,
    "psc_acr": "eidas3",
    "certificate_days": 10,
    "igc_revocation_seconds": 600,
    "igc_slow_seconds": 0.3,
    "igc_fetches_max": 2,
    "igc_url": "http://igc.example:8000/ici",
    "mailbox_magic_made": False,
}
_shared = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def other(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Simulator]:
    """One world with many other values, for tests that do not mind each other."""
    async with starter(tmp_path_factory.mktemp("other") / "data")(**_OTHER) as simulator:
        yield simulator


# Messages


def _with_header_of(size_bytes: int) -> bytes:
    raw = letter(DOCTOR, PRACTICE).as_bytes(policy=SMTP)
    head = raw.partition(b"\r\n\r\n")[0]
    return b"X-Filler: " + b"x" * (size_bytes - len(head) - len(b"X-Filler: ") - 2 * len(b"\r\n")) + b"\r\n" + raw


def _with_fields(count: int) -> bytes:
    raw = letter(DOCTOR, PRACTICE).as_bytes(policy=SMTP)
    there = raw.partition(b"\r\n\r\n")[0].count(b"\r\n") + 1
    return b"X-More: x\r\n" * (count - there) + raw


def _with_parts(count: int) -> bytes:
    message = letter(DOCTOR, PRACTICE)
    for number in range(count - 2):  # the whole, and the text
        message.add_attachment(b"x", maintype="application", subtype="octet-stream", filename=f"{number}")
    return message.as_bytes(policy=SMTP)


def _with_levels(count: int) -> bytes:
    message = letter(DOCTOR, PRACTICE)
    inner = EmailMessage(policy=SMTP)
    inner.set_content("au fond")
    for _ in range(count - 1):
        outer = EmailMessage(policy=SMTP)
        outer["Content-Type"] = "multipart/mixed"
        outer.attach(inner)
        inner = outer
    for name in ("From", "To", "Subject", "Message-ID"):
        inner[name] = message[name]
    return inner.as_bytes(policy=SMTP)


@_shared
@pytest.mark.parametrize(
    ("most", "over", "said"),
    [
        (_with_header_of(2_000), _with_header_of(2_001), "the header block is over 2000 bytes"),
        (_with_fields(20), _with_fields(21), "more than 20 header fields"),
        (_with_parts(6), _with_parts(7), "too many MIME parts"),
        (_with_levels(4), _with_levels(5), "nested over 3 levels"),
    ],
    ids=["header block", "header fields", "parts", "levels"],
)
async def test_a_message_over_a_bound_is_refused_at_every_door(other: Simulator, most: bytes, over: bytes, said: str) -> None:
    doctor = Person(other, "doctor")
    before = len(await doctor.inbox(PRACTICE))
    client = await ImapClient.open(other, "camille.martin", _PASSWORD)
    assert (await client.append("Drafts", most))[-1].startswith("OK")
    assert (await doctor.smtp(DOCTOR, PRACTICE, most)).code == 250
    assert (await doctor.post_raw(DOCTOR, most)).status_code == 201
    assert (await Peer(other).send(DOCTOR, [PRACTICE], most)).code == 250
    refused = (await client.append("Drafts", over))[-1]
    by_smtp, by_mx = await doctor.smtp(DOCTOR, PRACTICE, over), await Peer(other).send(DOCTOR, [PRACTICE], over)
    by_rest = await doctor.post_raw(DOCTOR, over)
    assert refused.startswith("NO [CANNOT] The message is refused:")
    assert (by_smtp.code, by_smtp.enhanced, by_mx.code, by_rest.status_code) == (554, "5.6.0", 554, 400)
    assert by_rest.json()["code"] == "malformed-message"
    assert all(said in one for one in (refused, by_smtp.text, by_mx.text, by_rest.json()["detail"])), refused
    assert len(await doctor.inbox(PRACTICE)) == before + 3
    await client.close()


@_shared
async def test_a_mailbox_without_a_quota_of_its_own_has_that_of_the_setting(other: Simulator) -> None:
    client = await ImapClient.open(other, "camille.martin", _PASSWORD)
    assert (await client.ask(f"GETQUOTA {DOCTOR}"))[0].endswith(" 2000)")
    await client.close()
    assert (await control(other, "GET", f"/mailboxes/{DOCTOR}")).json()["quota_bytes"] == 2_048_000


@_shared
async def test_so_much_of_a_text_is_found(other: Simulator) -> None:
    text = "a" * 34 + " debut " + "b" * 40 + " fin"
    assert (await Person(other, "hospital").send(HOSPITAL, to=[DOCTOR2], text=text)).status_code == 201
    doctor2 = Person(other, "doctor2")
    assert len(await doctor2.inbox(DOCTOR2, text="debut")) == 1
    assert await doctor2.inbox(DOCTOR2, text="fin") == []


@_shared
async def test_without_trace_headers_the_bytes_are_those_that_came(other: Simulator) -> None:
    doctor = Person(other, "doctor")
    for send in (doctor.smtp, lambda sender, to, raw: Peer(other).send(sender, [to], raw)):
        raw = letter(DOCTOR, DOCTOR2, Disposition_Notification_To=DOCTOR).as_bytes(policy=SMTP)
        assert (await send(DOCTOR, DOCTOR2, raw)).code == 250
        item = (await Person(other, "doctor2").inbox(DOCTOR2))[0]
        path = f"/mailboxes/{DOCTOR2}/messages/{item['id']}"
        assert (await Person(other, "doctor2").rest("GET", f"{path}/raw")).content == raw
    assert (await Person(other, "doctor2").rest("POST", f"{path}/receipt")).status_code == 201, "the return path is known all the same"
    receipt = (await doctor.inbox(DOCTOR))[0]
    raw = (await doctor.rest("GET", f"/mailboxes/{DOCTOR}/messages/{receipt['id']}/raw")).content
    assert b"Return-Path" not in raw.partition(b"\r\n\r\n")[0]


# Connections


@_shared
async def test_a_longer_command_line_is_refused(other: Simulator) -> None:
    where = other.ready()["submission"]
    reader, writer = await asyncio.open_connection(where["host"], where["port"])
    await reader.readline()
    for length, code in ((1_024, b"250"), (1_025, b"500 5.5.6")):
        writer.write(b"NOOP " + b"x" * (length - 7) + b"\r\n")
        assert (await reader.readline()).startswith(code)
    writer.close()
    await writer.wait_closed()


@_shared
async def test_a_longer_imap_command_is_refused(other: Simulator) -> None:
    client = await ImapClient.open(other, "camille.martin", _PASSWORD)
    for length, said in ((8_100, "NO "), (8_300, "BAD ")):
        answer = (await client.ask(f"STATUS {'x' * length} (MESSAGES)"))[-1]
        assert answer.startswith(said), answer[:200]
    await client.close()


async def _literal_before_login(simulator: Simulator, size: int) -> str:
    """What a client that waits for the go-ahead hears."""
    client = await ImapClient.open(simulator)
    client.writer.write(f"z LOGIN {{{size}}}\r\n".encode())
    answer = await client.line()
    await client.close()
    return answer


@_shared
async def test_literals_before_login_are_small(other: Simulator) -> None:
    assert (await _literal_before_login(other, 1_024)).startswith("+")
    refused = await _literal_before_login(other, 1_025)
    assert refused.startswith("z NO"), refused
    assert "at most 1024 bytes" in refused
    client = await ImapClient.open(other, "camille.martin", _PASSWORD)
    assert (await client.append("Drafts", letter(DOCTOR, PRACTICE, text="x" * 1_100).as_bytes()))[-1].startswith("OK")
    await client.close()


async def test_literals_before_login_are_of_8_kib_at_most(simulator: Simulator) -> None:
    assert (await _literal_before_login(simulator, 8_192)).startswith("+")
    assert "at most 8192 bytes" in await _literal_before_login(simulator, 8_193)


@_shared
async def test_the_last_transcripts_are_kept_and_no_others(other: Simulator) -> None:
    names = []
    for _ in range(6):
        client = await ImapClient.open(other)
        await client.close()
        names.append((await control(other, "GET", "/evidence?limit=1")).json()["items"][0]["id"])
    kept = [one["id"] for one in (await control(other, "GET", "/evidence?limit=200")).json()["items"]]
    assert kept == names[:1:-1]
    assert (await control(other, "GET", f"/evidence/{names[0]}")).status_code == 404


async def test_silence_within_data_has_a_limit_of_its_own(start: StartSimulator) -> None:
    async with start(smtp_command_timeout_seconds=0.4, smtp_data_timeout_seconds=1.2, peers_proof="domain") as simulator:
        reader, writer = await asyncio.open_connection("127.0.0.1", simulator.ready()["mx"]["port"])
        writer.write(f"EHLO mta.example\r\nMAIL FROM:<{HOSPITAL}>\r\nRCPT TO:<{PRACTICE}>\r\nDATA\r\n".encode())
        while not (await reader.readline()).startswith(b"354"):
            pass
        writer.write(b"Subject: x\r\n")
        since = time.monotonic()
        assert await asyncio.wait_for(reader.read(), 10) == b"421 4.4.2 Idle too long, goodbye\r\n"
        assert time.monotonic() - since > 1, "a command would have been waited for 0.4 s"
        writer.close()
        await writer.wait_closed()
        assert await Person(simulator, "secretary").inbox(PRACTICE) == []


# Rules that are our choice


@pytest.mark.parametrize("door", ["smtp", "rest"])
async def test_fin_in_the_header_may_close_one_message_alone(start: StartSimulator, door: str) -> None:
    patient_address = "285037511300167@patient.mssante.fr"
    async with start(patient_fin_header_scope="message") as simulator:
        doctor, patient = Person(simulator, "doctor"), Person(simulator, "patient")

        async def answers(to: str | None) -> int:
            if door == "rest":
                return (await patient.send(patient_address, to=[DOCTOR], in_reply_to=to)).status_code
            headers = {"In_Reply_To": to} if to else {}
            return (await patient.smtp(patient_address, DOCTOR, letter(patient_address, DOCTOR, **headers))).code

        taken, refused = (201, 403) if door == "rest" else (250, 550)
        first = (await doctor.send(DOCTOR, to=[patient_address])).json()["message_id"]
        fields = {"in_reply_to": first, "close_conversation": True}
        last = (await doctor.send(DOCTOR, to=[patient_address], **fields)).json()["message_id"]
        assert await answers(last) == refused
        assert await answers(first) == taken, "an earlier letter of the same conversation may be answered"
        assert await answers(None) == taken
        assert (await doctor.send(DOCTOR, to=[patient_address], subject="[FIN]")).status_code == 201
        assert [await answers(to) for to in (first, last, None)] == [refused] * 3
        assert len(await doctor.inbox(DOCTOR)) == 2


@pytest.mark.parametrize("relay", [{"relay": "direct"}, {"relay": "smtp", "peers_proof": "certificate"}], ids=["direct", "over the wire"])
async def test_an_unknown_mailbox_elsewhere_may_be_refused_at_once(start: StartSimulator, relay: dict[str, Any]) -> None:
    nobody = "personne@cabinet.sim.mssante.fr"
    async with start(peers_unknown_bounces=False, **relay) as simulator:
        hospital, secretary = Person(simulator, "hospital"), Person(simulator, "secretary")
        reply = await hospital.smtp(HOSPITAL, [PRACTICE, nobody], letter(HOSPITAL, nobody))  # at RCPT: else the first would get it
        assert (reply.code, reply.text) == (550, f"5.1.1 There is no mailbox {nobody}; check the address in the directory. (rfc3463#3.2)")
        answer = await hospital.send(HOSPITAL, to=[nobody, PRACTICE])
        assert answer.status_code == 422
        assert [(one["address"], one["code"]) for one in answer.json()["recipients"]] == [(nobody, "unknown-mailbox")]
        assert (await control(simulator, "PATCH", f"/mailboxes/{DOCTOR2}", {"state": "suspended"})).status_code == 200
        assert (await hospital.smtp(HOSPITAL, DOCTOR2, letter(HOSPITAL, DOCTOR2))).code == 450
        assert (await hospital.send(HOSPITAL, to=[PRACTICE])).status_code == 201
        for _ in range(500):
            if await secretary.inbox(PRACTICE):
                break
            await asyncio.sleep(0.02)
        assert len(await secretary.inbox(PRACTICE)) == 1
        assert await hospital.inbox(HOSPITAL) == []
        assert len((await hospital.get(f"/mailboxes/{HOSPITAL}/sent"))["items"]) == 1


async def test_a_patient_may_decide_on_his_receipt(start: StartSimulator) -> None:
    address = "285037511300167@patient.mssante.fr"
    async with start(patient_receipt_automatic=False) as simulator:
        doctor, patient = Person(simulator, "doctor"), Person(simulator, "patient")
        assert (await doctor.send(DOCTOR, to=[address], request_read_receipt=True)).status_code == 201
        item = (await patient.inbox(address))[0]
        for _ in range(2):
            assert (await patient.open(address, item["id"]))["keywords"] == []
        assert await doctor.inbox(DOCTOR) == []
        assert (await patient.rest("POST", f"/mailboxes/{address}/messages/{item['id']}/receipt")).status_code == 201
        assert len(await doctor.inbox(DOCTOR)) == 1
        events = (await doctor.get(f"/mailboxes/{DOCTOR}/sent"))["items"][0]["recipients"][0]["events"]
        assert [event["kind"] for event in events] == ["submitted", "relayed", "delivered", "displayed"]


async def test_a_letter_sent_by_smtp_may_leave_no_copy(start: StartSimulator) -> None:
    async with start(sent_copy_on_submission=False) as simulator:
        doctor = Person(simulator, "doctor")
        assert (await doctor.smtp(DOCTOR, PRACTICE, letter(DOCTOR, PRACTICE, "Par SMTP"))).code == 250
        assert (await doctor.send(DOCTOR, to=[PRACTICE], subject="Par REST")).status_code == 201
        filed = (await doctor.get(f"/mailboxes/{DOCTOR}/messages", folder="Sent"))["items"]
        assert [item["subject"] for item in filed] == ["Par REST"]
        sent = (await doctor.get(f"/mailboxes/{DOCTOR}/sent"))["items"]
        assert [row["subject"] for row in sent] == ["Par REST", "Par SMTP"], "what became of it is told all the same"
        assert len(await doctor.inbox(PRACTICE)) == 2


# Between operators


@_shared
async def test_the_white_list_has_the_age_that_is_asked_for(other: Simulator) -> None:
    assert (await control(other, "PUT", "/white-list/variant", {"variant": "stale"})).status_code == 200
    async with httpx.AsyncClient(base_url=other.ready()["http"]) as client:
        root = ET.fromstring((await client.get("/listeblanchemssante.xml")).content)  # noqa: S314 - our own server's
    assert (await control(other, "PUT", "/white-list/variant", {"variant": "normal"})).status_code == 200
    space = "{https://listeblanche.mssante.fr/schema}"
    made = datetime.fromisoformat(str(root.findtext(f"{space}DateDeGeneration")))
    assert timedelta(seconds=61) <= datetime.now(made.tzinfo) - made < timedelta(seconds=120)


async def test_a_try_takes_no_longer_than_its_lease(start: StartSimulator) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        begun.set()
        await reader.read()
        ended.set()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with start(relay="smtp", queue_lease_seconds=1) as simulator, server:
        mx = {"mx": f"127.0.0.1:{server.sockets[0].getsockname()[1]}"}
        assert (await control(simulator, "PATCH", "/operators/Clinique des Pins", mx)).status_code == 200
        sending = asyncio.create_task(Person(simulator, "hospital").send(HOSPITAL, to=["x@clinique-pins.sim.mssante.fr"]))
        await asyncio.wait_for(begun.wait(), 10)
        since = time.monotonic()
        await asyncio.wait_for(ended.wait(), 8)
        assert (await sending).status_code == 201
        assert 0.5 < time.monotonic() - since < 5, "a server that says nothing would be waited for ten seconds"


# Tokens


@_shared
async def test_the_level_of_assurance_that_is_named_is_asked_for_given_and_required(other: Simulator) -> None:
    async with RelyingParty.of(other) as party:
        assert told(await party.authorize(acr_values="eidas1"))["error"] == "invalid_request"
        tokens = await party.tokens(acr_values="eidas3")
        assert {claims_of(tokens[name])["acr"] for name in ("access_token", "id_token")} == {"eidas3"}
        for token, status in ((tokens["access_token"], 200), (other.world.tokens.mint(DOCTOR_IDNAT, claims={"acr": "eidas1"}), 401)):
            answer = await party.http.get(f"{party.base}/api/v1/me", headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code == status, answer.text
        assert "acr_values=eidas3" in answer.json()["detail"]


@_shared
async def test_a_longer_token_is_not_looked_at(other: Simulator) -> None:
    tokens = [other.world.tokens.mint(DOCTOR_IDNAT, claims={"pad": "x" * length}) for length in (1_000, 3_000)]
    assert len(tokens[0]) < 4_096 < len(tokens[1])
    async with httpx.AsyncClient(base_url=other.ready()["http"]) as client:
        answers = [await client.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"}) for token in tokens]
    assert [answer.status_code for answer in answers] == [200, 401]
    assert "it is over 4096 bytes" in answers[1].json()["detail"]


# Certificates


@_shared
async def test_certificates_live_as_long_as_they_are_to_and_say_where_to_look(other: Simulator) -> None:
    made = (await control(other, "POST", "/certificates", {"mailbox": LABORATORY})).json()
    ordered = x509.load_pem_x509_certificate(made["pem"].encode())
    context = ssl.create_default_context(cafile=other.ready()["ca_file"])
    client = await ImapClient.open(other, tls=context)
    shown = x509.load_der_x509_certificate(client.writer.get_extra_info("ssl_object").getpeercert(True))
    await client.close()
    for one in (ordered, shown):
        life = one.not_valid_after_utc - one.not_valid_before_utc
        assert timedelta(days=10) <= life <= timedelta(days=11)
        points = one.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
        access = one.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
        places = [name.value for point in points for name in point.full_name or ()] + [row.access_location.value for row in access]
        assert places
        assert [place for place in places if not place.startswith("http://igc.example:8000/ici/")] == []


@_shared
async def test_a_revocation_list_holds_as_long_as_it_is_to(other: Simulator) -> None:
    async with httpx.AsyncClient(base_url=other.ready()["http"]) as client:
        found = x509.load_der_x509_crl((await client.get("/CRL/ACI-EL-ORG.crl")).content)
    assert found.next_update_utc is not None
    assert found.next_update_utc - found.last_update_utc == timedelta(seconds=600)


@_shared
async def test_a_slow_service_is_as_late_as_the_setting_says_and_few_fetches_are_kept(other: Simulator) -> None:
    async with httpx.AsyncClient(base_url=other.ready()["http"]) as client:
        changed = await control(other, "PATCH", "/certificates/behaviour", {"crl": {"behaviour": "slow"}})
        assert changed.json()["crl"] == {"behaviour": "slow", "seconds": 0.3}
        since = time.monotonic()
        assert (await client.get("/CRL/ACI-EL-ORG.crl")).status_code == 200
        assert time.monotonic() - since >= 0.3
        await control(other, "PATCH", "/certificates/behaviour", {"crl": {"behaviour": "normal"}})
        for _ in range(2):
            await client.get("/AC/ACI-EL-ORG.cer")
    fetches = (await control(other, "GET", "/certificates/fetches?limit=100")).json()
    assert [one["service"] for one in fetches] == ["aia", "aia"]


# Traps


async def test_the_last_visits_to_traps_are_kept_and_no_others(start: StartSimulator) -> None:
    async with start(traps_open=True, traps_kept_max=2) as simulator:
        where = simulator.ready()["traps"]
        for trap in ("expired", "starttls_stripped", "revoked"):
            reader, writer = await asyncio.open_connection("localhost", where[trap]["imap"]["port"])
            await reader.readline()
            writer.close()
            await writer.wait_closed()
        kept = (await control(simulator, "GET", "/traps?limit=200")).json()
        assert [one["trap"] for one in kept] == ["revoked", "starttls_stripped"]


# Patients


@_shared
async def test_a_magic_address_is_an_address_like_any_other_where_none_is_made(other: Simulator) -> None:
    reply = await Peer(other).send(HOSPITAL, ["answers@patient.mssante.fr"], letter(HOSPITAL, "answers@patient.mssante.fr"))
    assert (reply.code, reply.enhanced) == (501, "5.1.3")


async def test_what_all_patients_do_is_a_setting_and_happens_by_itself(start: StartSimulator) -> None:
    async with start(patient_behaviour="opens-at-once") as simulator:
        doctor = Person(simulator, "doctor")
        sent = (await doctor.send(DOCTOR, to=["285037511300167@patient.mssante.fr"], request_read_receipt=True)).json()
        for _ in range(200):
            events = (await doctor.get(f"/mailboxes/{DOCTOR}/messages/{sent['id']}/timeline"))["recipients"][0]["events"]
            if events[-1]["kind"] == "displayed":
                break
            await asyncio.sleep(0.05)
        else:
            pytest.fail("nobody opened it")
