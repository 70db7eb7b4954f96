"""The life of IMAP connections: restarts, compression, transcripts, clients that vanish or do not read."""

import asyncio
import json
import os
import re
import ssl
import zlib
from pathlib import Path

import pytest

from mss_sim.app.simulator import Simulator
from mss_sim.imap.session import Session
from tests.clients import DOCTOR, HOSPITAL, PRACTICE, ImapClient, Person, control, letter
from tests.conftest import StartSimulator

_PASSWORD = "cabinet-2026"


async def _numbers(simulator: Simulator) -> list[str]:
    client = await ImapClient.open(simulator, "camille.martin", _PASSWORD)
    answer = await client.ask("STATUS INBOX (MESSAGES UIDNEXT UIDVALIDITY HIGHESTMODSEQ MAILBOXID)")
    uids = await client.ask("SELECT INBOX")
    listed = await client.ask("UID FETCH 1:* (FLAGS EMAILID THREADID)")
    await client.close()
    assert uids[-1].startswith("OK")
    return [*answer, *(line.replace("\\Recent", "") for line in listed)]  # which a start forgets


async def test_the_numbers_survive_a_restart(start: StartSimulator, database: str | None) -> None:
    async with start(database_url=database) as simulator:
        client = await ImapClient.open(simulator, "camille.martin", _PASSWORD)
        for subject in ("un", "deux", "trois"):
            await client.append("INBOX", letter(HOSPITAL, DOCTOR, subject).as_bytes())
        await client.ask("SELECT INBOX")
        await client.ask("STORE 2 +FLAGS (\\Deleted)")
        await client.ask("EXPUNGE")
        await client.close()
        before = await _numbers(simulator)
    async with start(database_url=database) as simulator:
        assert await _numbers(simulator) == before


async def test_a_message_has_the_same_id_over_rest_and_imap(simulator: Simulator) -> None:
    await Person(simulator, "hospital").send(HOSPITAL, to=[DOCTOR])
    item = (await Person(simulator, "doctor").inbox(DOCTOR))[0]
    client = await ImapClient.open(simulator, "camille.martin", _PASSWORD)
    await client.ask("SELECT INBOX")
    (line, _) = await client.ask("FETCH 1 (EMAILID THREADID)")
    assert line == f"* 1 FETCH (EMAILID (M{item['email_id']}) THREADID (T{item['conversation_id']}))"
    await client.ask("MOVE 1 Archive")
    await client.ask("SELECT Archive")
    assert f"EMAILID (M{item['email_id']})" in (await client.ask("FETCH 1 EMAILID"))[0]
    moved = await Person(simulator, "doctor").get(f"/mailboxes/{DOCTOR}/messages", folder="Archive")
    assert moved["items"][0]["id"] == item["id"]
    await client.close()


async def test_what_smtp_accepted_is_what_body_gives_byte_for_byte(simulator: Simulator) -> None:
    raw = (
        letter(HOSPITAL, PRACTICE, "Été", "Glycémie\r\n.\r\nfin", X_Odd=" spaced   value")
        .as_bytes()
        .replace(b"\n", b"\r\n")
        .replace(b"\r\r", b"\r")
    )
    assert (await Person(simulator, "hospital").smtp(HOSPITAL, PRACTICE, raw)).code == 250
    client = await ImapClient.open(simulator, f"{PRACTICE}*sophie.petit", _PASSWORD)
    await client.ask("SELECT INBOX")
    client.writer.write(b"a FETCH 1 BODY.PEEK[]\r\n")
    first = await client.line()
    size = int(first[first.index("{") + 1 : -1])
    octets = await client.reader.readexactly(size)
    assert octets.endswith(raw), "Return-Path and Received stand above, the rest is untouched"
    await client.close()


async def test_compression_both_ways(simulator: Simulator) -> None:
    client = await ImapClient.open(simulator, "camille.martin", _PASSWORD)
    assert (await client.ask("COMPRESS DEFLATE")) == ["OK DEFLATE active"]
    deflate, inflate = zlib.compressobj(wbits=-15), zlib.decompressobj(wbits=-15)

    async def ask(command: bytes, tagged: bytes) -> bytes:
        client.writer.write(deflate.compress(command + b"\r\n") + deflate.flush(zlib.Z_SYNC_FLUSH))
        answer = b""
        while tagged not in answer:
            answer += inflate.decompress(await asyncio.wait_for(client.reader.read(65_536), 20))
        return answer

    message = letter(HOSPITAL, DOCTOR, text="encore " * 5_000).as_bytes().replace(b"\n", b"\r\n").replace(b"\r\r", b"\r")
    assert b"APPENDUID" in await ask(b"a APPEND INBOX {%d+}\r\n%b" % (len(message), message), b"a OK")
    await ask(b"b SELECT INBOX", b"b OK")
    assert message in await ask(b"c FETCH 1 BODY[]", b"c OK")
    assert b"COMPRESS" not in await ask(b"d CAPABILITY", b"d OK")
    assert b"[COMPRESSIONACTIVE]" in await ask(b"e COMPRESS DEFLATE", b"e NO")
    before = _resident()
    assert b"* BAD a line is over 65536 bytes" in await ask(bytes(50_000_000) + b"\r\nf NOOP", b"f OK")
    assert _resident() - before < 20_000_000, "a packet that inflates to 50 MB costs no memory"
    large = b"Subject: large\r\n\r\n" + (b"y" * 70 + b"\r\n") * 60_000
    assert b"APPENDUID" in await ask(b"g APPEND INBOX {%d+}\r\n%b" % (len(large), large), b"g OK")
    assert b"RFC822.SIZE %d" % len(large) in await ask(b"h FETCH 2 RFC822.SIZE", b"h OK")
    client.writer.write(b"this is no deflate stream")
    assert await asyncio.wait_for(client.reader.read(), 20) == b""


async def test_transcripts_show_what_was_said_but_no_secret(simulator: Simulator) -> None:
    token = simulator.world.tokens.mint(Person(simulator, "secretary").idnat)
    client = await ImapClient.open(simulator, "camille.martin", _PASSWORD)
    await client.ask('ID ("name" "LGC de test")')
    await client.append("INBOX", letter(HOSPITAL, DOCTOR, "secret médical").as_bytes())
    await client.ask("FROBNICATE")
    await client.close()
    other = await ImapClient.open(simulator)
    await other.ask(f"AUTHENTICATE XOAUTH2 {_xoauth2(PRACTICE, token)}")
    await other.close()
    await Person(simulator, "hospital").smtp(HOSPITAL, DOCTOR, letter(HOSPITAL, DOCTOR, "secret médical"))
    sessions = [one for one in (await control(simulator, "GET", "/evidence")).json()["items"] if one["door"] != "mx"]
    assert [one["door"] for one in sessions] == ["smtp", "imap", "imap"]
    tls = {name: value for name, value in sessions[2]["tls"].items() if value is not None}
    assert tls == {"version": "TLSv1.3", "suite": tls["suite"], "resumed": "no", "sni": "localhost"}
    known = [sessions[2][name] for name in ("who", "mailbox", "client")]
    assert known == [Person(simulator, "doctor").idnat, DOCTOR, "name=LGC de test"]
    whole = [(await control(simulator, "GET", f"/evidence/{one['id']}")).json() for one in sessions]
    text = json.dumps(whole, ensure_ascii=False)
    for secret in (_PASSWORD, token, _xoauth2(PRACTICE, token), "secret médical", "aG9waXRhbC0yMDI2"):
        assert secret not in text
    lines = [f"{line['side']}: {line['text']}" for line in whole[2]["transcript"]]
    assert "C: x2 LOGIN ********" in lines
    assert re.fullmatch(r"C: x4 APPEND \"INBOX\" \{\d+\}", next(line for line in lines if "x4 APPEND" in line))
    assert "S: x5 BAD FROBNICATE is not offered: CAPABILITY lists what is" in lines
    assert any(line["text"].startswith("(a message of") for line in whole[0]["transcript"])
    assert (await control(simulator, "GET", "/evidence?door=smtp")).json()["items"] == sessions[:1]
    assert (await control(simulator, "GET", "/evidence/0000000000000")).status_code == 404


def _xoauth2(user: str, token: str) -> str:
    import base64

    return base64.b64encode(f"user={user}\1auth=Bearer {token}\1\1".encode()).decode()


@pytest.mark.parametrize(
    ("known", "vanished"),
    [("", ["* VANISHED (EARLIER) 1"]), (" 1:2", ["* VANISHED (EARLIER) 1"]), (" 2:3", [])],
    ids=["all that it had seen", "those that it names", "without the one that vanished"],
)
async def test_a_client_that_comes_back_is_told_what_vanished_and_changed_meanwhile(
    simulator: Simulator, known: str, vanished: list[str]
) -> None:
    other = await ImapClient.open(simulator, "camille.martin", _PASSWORD)
    for subject in ("un", "deux", "trois"):
        await other.append("INBOX", letter(HOSPITAL, DOCTOR, subject).as_bytes())
    client = await ImapClient.open(simulator, "camille.martin", _PASSWORD)
    await client.ask("ENABLE QRESYNC")
    selected = "\n".join(await client.ask("SELECT INBOX"))
    (validity,), (modseq,) = re.findall(r"UIDVALIDITY (\d+)", selected), re.findall(r"HIGHESTMODSEQ (\d+)", selected)
    await client.ask("UNSELECT")
    await other.ask("SELECT INBOX")
    await other.ask("STORE 1 +FLAGS.SILENT (\\Deleted)")
    await other.ask("EXPUNGE")
    await other.ask("UID STORE 3 +FLAGS.SILENT (\\Answered)")
    again = [
        line for line in await client.ask(f"SELECT INBOX (QRESYNC ({validity} {modseq}{known}))") if "VANISHED" in line or "FETCH" in line
    ]
    assert again[:-1] == vanished
    assert re.fullmatch(r"\* 2 FETCH \(UID 3 FLAGS \(.*\\Answered.*\) MODSEQ \(\d+\)\)", again[-1])
    for late in (f"{int(validity) + 1} {modseq}", f"{validity} 9999"):
        told = await client.ask(f"SELECT INBOX (QRESYNC ({late}))")
        assert not [line for line in told if "VANISHED" in line or "FETCH" in line], "other numbers, or nothing new"
    await client.close()
    await other.close()


async def test_a_client_that_vanishes_in_mid_literal_leaves_nothing(simulator: Simulator) -> None:
    client = await ImapClient.open(simulator, "camille.martin", _PASSWORD)
    client.writer.write(b"a APPEND INBOX {1000+}\r\nSubject: half")
    await client.writer.drain()
    client.writer.transport.abort()
    other = await ImapClient.open(simulator, "camille.martin", _PASSWORD)
    assert (await other.ask("STATUS INBOX (MESSAGES)"))[0] == '* STATUS "INBOX" (MESSAGES 0)'
    await other.close()


async def test_a_slow_reader_of_a_large_fetch_costs_little_memory_and_disturbs_nobody(simulator: Simulator) -> None:
    slow = await ImapClient.open(simulator, "camille.martin", _PASSWORD)
    body = b"Subject: large\r\n\r\n" + b"0123456789" * 7 + b"\r\n" + (b"y" * 70 + b"\r\n") * 14_000
    for _ in range(60):
        await slow.append("INBOX", body)
    await slow.ask("SELECT INBOX")
    before = _resident()
    slow.writer.write(b"a FETCH 1:* BODY.PEEK[]\r\n")
    await asyncio.sleep(1.0)
    quick = await ImapClient.open(simulator, "camille.martin", _PASSWORD)
    assert (await quick.ask("STATUS INBOX (MESSAGES)"))[0] == '* STATUS "INBOX" (MESSAGES 60)'
    assert _resident() - before < 30_000_000, "60 MB wait in the store, not in memory"
    slow.writer.transport.abort()
    await quick.close()


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


async def test_the_server_stops_in_order_and_tells_its_clients(start: StartSimulator) -> None:
    async with start() as simulator:
        client = await ImapClient.open(simulator, "camille.martin", _PASSWORD)
        await client.idle()
    assert await client.line() == "* BYE The simulator stops, try again later"


@pytest.mark.parametrize("suites", ["ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384", "AES128-SHA"])
async def test_a_suite_that_is_none_of_the_settings_is_refused(start: StartSimulator, suites: str) -> None:
    """And taken once it is one, so that it is the server that refuses; one without forward secrecy wants another key."""

    async def agreed(port: int, ca_file: str) -> str | None:
        reader, writer = await asyncio.open_connection("localhost", port)
        await reader.readline()
        writer.write(b"a STARTTLS\r\n")
        await reader.readline()
        context = ssl.create_default_context(cafile=ca_file)
        context.set_ciphers(f"{suites}:@SECLEVEL=0")
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        try:
            await writer.start_tls(context, server_hostname="localhost")
        except (ssl.SSLError, ConnectionError):
            return None
        cipher = writer.get_extra_info("cipher")
        writer.close()
        return str(cipher[0])

    async with start() as simulator:
        assert await agreed(simulator.ready()["imap"]["port"], simulator.ready()["ca_file"]) is None
        client = await ImapClient.open(simulator, "camille.martin", _PASSWORD)
        assert (await client.ask("NOOP"))[-1].startswith("OK")
        await client.close()
    async with start(tls_suites={"TLSv1.2": [suites]}, certificate_key="RSA-2048" if suites == "AES128-SHA" else "P-256") as simulator:
        assert await agreed(simulator.ready()["imap"]["port"], simulator.ready()["ca_file"]) == suites


@pytest.mark.parametrize("command", ["LIST", "LSUB"])
async def test_a_long_list_gives_the_others_their_turn(simulator: Simulator, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    client = await ImapClient.open(simulator, "camille.martin", _PASSWORD)
    for number in range(400):
        await client.ask(f"CREATE F{number}")
    turns = 0
    at_line: list[int] = []
    others: set[asyncio.Task[None]] = set()
    say = Session.say

    def counted(session: Session, line: bytes) -> None:
        if not others:
            others.add(asyncio.create_task(other()))
        at_line.append(turns)
        say(session, line)

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    monkeypatch.setattr(Session, "say", counted)
    listed = await client.ask(f'{command} "" "*"')
    others.pop().cancel()
    assert len(listed) > 400
    assert len(set(at_line[: len(listed) - 1])) >= 400 // 200, "two hundred lines at most are written in one turn of the loop"
    await client.close()
