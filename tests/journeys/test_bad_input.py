"""Bad input over real sockets: refused or stored as said, never a crash, never a lost letter, never a trace on the wire."""

import asyncio
import base64
import io
import ssl
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mss_sim.app.simulator import Simulator
from tests.clients import DOCTOR, DOCTOR2, HOSPITAL, PRACTICE, WARD, ImapClient, Peer, Person, letter
from tests.conftest import StartSimulator, starter
from tests.scene import PASSWORD

_HEAD = f"From: {HOSPITAL}\r\nTo: {PRACTICE}\r\nSubject: bad\r\n".encode()


@pytest.fixture
def start(tmp_path: Path) -> StartSimulator:
    """The bytes of these tests are said in clear, at the MX port too, and what was taken is looked at where it was taken."""
    return starter(tmp_path / "data", peers_proof="domain", relay="direct")


def _bomb() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("IHE_XDM/SUBSET01/METADATA.XML", b"\0" * 50_000_000)
    return packed.getvalue()


_STORED = {
    "no body": _HEAD + b"\r\n",
    "header line that is no field": _HEAD + b"this is no field\r\n\r\nx\r\n",
    "double Subject": _HEAD + b"Subject: again\r\n\r\nx\r\n",
    "lines of 5,000 characters": _HEAD + b"\r\n" + b"x" * 5_000 + b"\r\n",
    "multipart without boundary": _HEAD + b"Content-Type: multipart/mixed\r\n\r\nx\r\n",
    "multipart never closed": _HEAD + b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n\r\nx\r\n',
    "unknown charset": _HEAD + b"Content-Type: text/plain; charset=klingon\r\n\r\n\xff\xfe\r\n",
    "broken base64": _HEAD + b"Content-Transfer-Encoding: base64\r\n\r\n!!!=A=\r\n",
    "broken encoded words": _HEAD + b"X-A: =?utf-8?q?=ZZ?= =?x?b?AA?=\r\nTo: =?utf-8?b?//8=?= <a@b>\r\n\r\nx\r\n",
    "8-bit headers": "Subject: été ☃\r\nFrom: Zoé <a@b>\r\n\r\nx\r\n".encode(),
    "invalid date and ids": _HEAD + b"Date: yesterday\r\nMessage-ID: none\r\nReferences: <<<>>> <a@b> x\r\n\r\nx\r\n",
    "a report that is none": _HEAD + b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b--\r\n",
}


@pytest.mark.parametrize("raw", _STORED.values(), ids=_STORED.keys())
async def test_odd_messages_are_stored_as_they_came(simulator: Simulator, raw: bytes) -> None:
    reply = await Peer(simulator).send(HOSPITAL, [PRACTICE], raw)
    assert reply.code == 250, reply
    doctor = Person(simulator, "doctor")
    item = (await doctor.inbox(PRACTICE))[0]
    opened = await doctor.open(PRACTICE, item["id"])
    assert opened["id"] == item["id"]
    stored = (await doctor.rest("GET", f"/mailboxes/{PRACTICE}/messages/{item['id']}/raw")).content
    assert stored.endswith(raw)


_REFUSED = {
    "no From": f"To: {PRACTICE}\r\n\r\nx\r\n".encode(),
    "an empty From": f"From:\r\nTo: {PRACTICE}\r\n\r\nx\r\n".encode(),
    "a From that is an empty group": f"From: nobody:;\r\nTo: {PRACTICE}\r\n\r\nx\r\n".encode(),
    "two From fields": _HEAD + f"From: {HOSPITAL}\r\n\r\nx\r\n".encode(),
    "NUL": _HEAD + b"\r\na\x00b\r\n",
    "bare LF": _HEAD + b"\r\na\nb\r\n",
    "bare CR": _HEAD + b"\r\na\rb\r\n",
    "header over the limit": b"X-Long: " + b"x" * 300_000 + b"\r\n\r\nx\r\n",
    "1,001 header fields": b"X: y\r\n" * 1_001 + b"\r\nx\r\n",
    "1,001 parts": _HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 1_001 + b"--b--\r\n",
    "101 levels": b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(102)) + b"\r\nx\r\n",
}


@pytest.mark.parametrize("raw", _REFUSED.values(), ids=_REFUSED.keys())
async def test_messages_that_must_not_be_stored_are_refused_at_both_doors(simulator: Simulator, raw: bytes) -> None:
    reply = await Peer(simulator).send(HOSPITAL, [PRACTICE], raw)
    assert (reply.code, reply.enhanced) == (554, "5.6.0"), reply
    headers = {"Content-Type": "message/rfc822"}
    answer = await Person(simulator, "hospital").rest("POST", f"/mailboxes/{HOSPITAL}/messages", content=raw, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed-message")
    assert await Person(simulator, "doctor").inbox(PRACTICE) == []


@pytest.mark.parametrize("raw", [b"", b"\r\nonly a body\r\n", b"Subject: s\r\n\r\nx\r\n"])
async def test_a_letter_of_nobody_is_refused_at_the_mx(simulator: Simulator, raw: bytes) -> None:
    reply = await Peer(simulator).send(HOSPITAL, [PRACTICE], raw)
    assert (reply.code, reply.enhanced) == (554, "5.6.0")
    assert "no From field" in reply.text
    assert await Person(simulator, "doctor").inbox(PRACTICE) == []


async def test_several_authors_need_a_sender_at_the_mx_and_get_one_at_submission(simulator: Simulator) -> None:
    both = f"From: {HOSPITAL}, {WARD}\r\nTo: {PRACTICE}\r\nSubject: s\r\n"
    refused = await Peer(simulator).send(HOSPITAL, [PRACTICE], f"{both}\r\nx\r\n".encode())
    assert (refused.code, refused.enhanced) == (554, "5.6.0")
    assert "Sender" in refused.text
    named = f"{both}Sender: {HOSPITAL}\r\n\r\nx\r\n".encode()
    assert (await Peer(simulator).send(HOSPITAL, [PRACTICE], named)).code == 250
    doctor = Person(simulator, "doctor")
    mine = f"From: {DOCTOR}, {PRACTICE}\r\nTo: {DOCTOR2}\r\nSubject: s\r\n\r\nx\r\n".encode()
    assert (await doctor.smtp(PRACTICE, DOCTOR2, mine)).code == 250
    opened = await doctor.get(f"/mailboxes/{PRACTICE}/messages", folder="Sent")
    sent = await doctor.open(PRACTICE, opened["items"][0]["id"])
    assert sent["sender"] == [{"name": "", "address": PRACTICE}]
    assert ["Sender", PRACTICE] in sent["headers"]


async def test_a_zip_bomb_named_like_a_document_archive_is_only_stored(simulator: Simulator) -> None:
    message = letter(HOSPITAL, PRACTICE)
    message.add_attachment(_bomb(), maintype="application", subtype="zip", filename="IHE_XDM.ZIP")
    assert (await Peer(simulator).send(HOSPITAL, [PRACTICE], message)).code == 250
    item = (await Person(simulator, "doctor").inbox(PRACTICE))[0]
    assert item["has_xdm"] is True
    assert item["size_bytes"] < 100_000


async def test_a_utf8_address_needs_smtputf8_and_then_works(simulator: Simulator) -> None:
    peer, zoe = Peer(simulator), "zoé@hopital-ormes.sim.mssante.fr"
    refused = await peer.send(zoe, [PRACTICE], letter(HOSPITAL, PRACTICE))
    assert (refused.code, refused.enhanced) == (553, "5.6.7")
    raw = letter(HOSPITAL, PRACTICE).as_bytes().replace(b"From: " + HOSPITAL.encode(), f"From: {zoe}".encode())
    accepted = await peer.send(zoe, [PRACTICE], raw, mail="SMTPUTF8 BODY=8BITMIME")
    assert accepted.code == 250
    item = (await Person(simulator, "doctor").inbox(PRACTICE))[0]
    assert [one["address"] for one in item["from"]] == [zoe]
    assert (await Person(simulator, "doctor").open(PRACTICE, item["id"]))["return_path"] == zoe


async def test_the_size_is_refused_at_mail_and_after_data(start: StartSimulator) -> None:
    async with start(message_size_bytes_max=10_000) as simulator:
        big = letter(HOSPITAL, PRACTICE, text="x\n" * 10_000)
        announced = await Peer(simulator).send(HOSPITAL, [PRACTICE], big, mail="SIZE=20000")
        assert (announced.code, announced.enhanced) == (552, "5.3.4")
        silent = await Peer(simulator).send(HOSPITAL, [PRACTICE], big)
        assert (silent.code, silent.enhanced) == (552, "5.3.4")
        assert (await Peer(simulator).send(HOSPITAL, [PRACTICE], letter(HOSPITAL, PRACTICE))).code == 250


async def test_one_recipient_too_many(start: StartSimulator) -> None:
    async with start(message_recipients_max=2) as simulator:
        three = [PRACTICE, DOCTOR, "hugo.bernard@medecin.sim.mssante.fr"]
        reply = await Peer(simulator).send(HOSPITAL, three, letter(HOSPITAL, PRACTICE))
        assert (reply.code, reply.enhanced) == (452, "4.5.3")


async def test_connections_are_counted_in_all_and_per_identity(start: StartSimulator) -> None:
    async with start(connections_max=3, connections_per_identity_max=1) as simulator:
        ready = simulator.ready()
        context = ssl.create_default_context(cafile=ready["ca_file"])
        first = await _log_in(ready["submission"]["port"], context)
        assert first[2].startswith("235")
        second = await _log_in(ready["submission"]["port"], context)
        assert second[2].startswith("421 4.7.0")
        assert await second[0].read() == b""
        others = [await asyncio.open_connection("127.0.0.1", ready["mx"]["port"]) for _ in range(2)]
        assert [(await reader.readline())[:3] for reader, _ in others] == [b"220", b"220"], "three in all, with the first"
        last = await asyncio.open_connection("127.0.0.1", ready["mx"]["port"])
        assert (await last[0].read()).startswith(b"421 4.7.0"), "one more is told so, and let go"
        others[0][1].write(b"QUIT\r\n")
        await others[0][0].read()
        again = await asyncio.open_connection("127.0.0.1", ready["mx"]["port"])
        assert (await again[0].readline()).startswith(b"220"), "there is room for one again"
        for writer in (first[1], second[1], last[1], again[1], *(writer for _, writer in others)):
            writer.close()


async def test_one_identity_has_as_many_connections_over_imap_beside_those_over_smtp(start: StartSimulator) -> None:
    async with start(connections_max=3, connections_per_identity_max=1) as simulator:
        context = ssl.create_default_context(cafile=simulator.ready()["ca_file"])
        _, sending, said = await _log_in(simulator.ready()["submission"]["port"], context)
        assert said.startswith("235")
        first = await ImapClient.open(simulator, "camille.martin", PASSWORD)
        plain = base64.b64encode(f"\0camille.martin\0{PASSWORD}".encode()).decode()
        second = await ImapClient.open(simulator)
        for command in (f"LOGIN camille.martin {PASSWORD}", f"AUTHENTICATE PLAIN {plain}"):
            assert await second.ask(command) == [
                "NO [LIMIT] You have as many connections as one person may have, 1: close one. (quirks#connections)"
            ]
            assert (await second.ask("SELECT INBOX"))[-1].startswith("BAD"), "nobody is logged in"
        other = await ImapClient.open(simulator, "sophie.petit", PASSWORD)
        reader, late = await asyncio.open_connection("127.0.0.1", simulator.ready()["imap"]["port"])
        assert await reader.readline() == b"* BYE Too many connections, try again later\r\n", "three in all, and not one more"
        assert await reader.read() == b""
        late.close()
        await first.ask("LOGOUT")
        assert await first.reader.read() == b""
        assert (await second.ask(f"LOGIN camille.martin {PASSWORD}"))[-1].startswith("OK"), "there is room for one again"
        for client in (first, second, other):
            await client.close()
        sending.close()


async def _log_in(port: int, context: ssl.SSLContext) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, str]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await reader.readline()
    for line in (b"EHLO x.example\r\n", b"STARTTLS\r\n"):
        writer.write(line)
        while (await reader.readline())[3:4] == b"-":
            pass
    await writer.start_tls(context, server_hostname="localhost")
    writer.write(b"EHLO x.example\r\n")
    while (await reader.readline())[3:4] == b"-":
        pass
    writer.write(b"AUTH PLAIN AGNhbWlsbGUubWFydGluAGNhYmluZXQtMjAyNg==\r\n")
    return reader, writer, (await reader.readline()).decode()


async def test_a_silent_client_is_let_go(start: StartSimulator) -> None:
    async with start(smtp_command_timeout_seconds=0.2) as simulator:
        reader, writer = await asyncio.open_connection("127.0.0.1", simulator.ready()["mx"]["port"])
        assert (await reader.readline()).startswith(b"220")
        assert (await asyncio.wait_for(reader.readline(), 5)).startswith(b"421 4.4.2")
        assert await reader.read() == b""
        writer.close()


async def test_a_client_that_hangs_up_in_the_middle_of_data_leaves_nothing(simulator: Simulator) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", simulator.ready()["mx"]["port"])
    for line in ("EHLO x.example", f"MAIL FROM:<{HOSPITAL}>", f"RCPT TO:<{PRACTICE}>", "DATA"):
        writer.write(f"{line}\r\n".encode())
    await reader.readuntil(b"354 ")
    writer.write(b"Subject: half\r\n\r\nhalf of a lett")
    await writer.drain()
    writer.close()
    await asyncio.sleep(0.1)
    assert await Person(simulator, "doctor").inbox(PRACTICE) == []
    assert (await Peer(simulator).send(HOSPITAL, [PRACTICE], letter(HOSPITAL, PRACTICE))).code == 250


async def test_a_command_line_without_end_is_bounded(simulator: Simulator) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", simulator.ready()["mx"]["port"])
    await reader.readline()
    for _ in range(40):
        writer.write(b"A" * 65_536)
        await writer.drain()
    writer.write(b"\r\nNOOP\r\n")
    assert (await reader.readline()).startswith(b"500 5.5.6")
    assert (await reader.readline()).startswith(b"250 2.0.0")
    writer.close()


async def test_random_bytes_never_bring_a_session_to_an_internal_error(simulator: Simulator) -> None:
    port = simulator.ready()["mx"]["port"]
    verbs = st.sampled_from(
        [b"EHLO x", b"MAIL FROM:<", b"RCPT TO:<", b"DATA", b"RSET", b"AUTH PLAIN", b"STARTTLS", b"\xff\x00", b"NOOP", b"."]
    )
    lines = st.lists(st.tuples(verbs, st.binary(max_size=40)), min_size=1, max_size=8)
    loop = asyncio.get_running_loop()

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(lines)
    def run(pairs: list[tuple[bytes, bytes]]) -> None:
        octets = b"".join(verb + rest.replace(b"\n", b"") + b"\r\n" for verb, rest in pairs)
        answer = asyncio.run_coroutine_threadsafe(_talk(port, octets), loop).result(20)
        assert b"451 4.3.0" not in answer
        assert b"Traceback" not in answer

    await asyncio.to_thread(run)
    assert (await Peer(simulator).send(HOSPITAL, [PRACTICE], letter(HOSPITAL, PRACTICE))).code == 250


async def _talk(port: int, octets: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(octets)
    writer.write_eof()
    try:
        answer = await asyncio.wait_for(reader.read(), 5)
    except ConnectionError:
        answer = b""
    writer.close()
    return answer
