"""How fast letters to patients come full circle: each patient gets one, opens it, and the read receipt is on the sender's timeline."""

import asyncio
import base64
import os
import sqlite3
import ssl
import time
from contextlib import closing
from pathlib import Path

import httpx
from figures import BenchmarkError, Row, Setting
from servers import SENDER, SENDER_LOGIN, SENDER_PASSWORD, Simulator, simulator

_PATIENTS = 10_000
_PER_SECOND_MIN = 300
_CONNECTIONS = 8
_DEADLINE_SECONDS = 600
_LETTER = """\
From: <{sender}>\r
To: <{to}>\r
Subject: Vos résultats\r
Date: Mon, 05 Jan 2026 09:00:00 +0100\r
Message-ID: <{number}.patients@load.sim.mssante.fr>\r
Disposition-Notification-To: <{sender}>\r
Content-Type: text/plain; charset=utf-8\r
Content-Transfer-Encoding: 8bit\r
\r
{text}\r
.\r
"""
_TEXT = "\r\n".join(["Votre compte rendu est joint à ce message, conservez-le avec soin."] * 25)


def circle(setting: Setting) -> list[Row]:
    """Letters a second from the first MAIL to the last receipt on a timeline; every operator's mail goes over the wire."""
    count, data = setting.count(_PATIENTS, 40), setting.folder / "data"
    os.environ["MSS_SIM_PATIENT_BEHAVIOUR"] = "opens-at-once"
    try:
        with simulator(setting.folder, data=data, mx_port=setting.mx_port) as running:
            people = httpx.post(f"{running.ready['http']}/control/patients", json={"count": count, "seed": 1}, timeout=600)
            addresses = [one["address"] for one in people.raise_for_status().json()]
            began = time.perf_counter()
            asyncio.run(_send(running, addresses))
            accepted = time.perf_counter() - began
            _wait(data / "mss-sim.db", count)
            seconds = time.perf_counter() - began
    finally:
        del os.environ["MSS_SIM_PATIENT_BEHAVIOUR"]
    rate = count / seconds
    detail = {"letters": count, "seconds": seconds, "accepted_seconds": accepted}
    figure = f"{rate:,.0f} /s, {count:,} letters and receipts"
    return [Row("letters that patients open", figure, f">= {_PER_SECOND_MIN} /s", rate / _PER_SECOND_MIN, rate >= _PER_SECOND_MIN, detail)]


def _wait(database: Path, count: int) -> None:
    """Until so many receipts are on timelines."""
    deadline = time.monotonic() + _DEADLINE_SECONDS
    with closing(sqlite3.connect(database, timeout=30)) as seen:
        while (here := seen.execute("SELECT count(*) FROM timeline WHERE kind = 'displayed'").fetchone()[0]) < count:
            if time.monotonic() > deadline:
                raise BenchmarkError(f"only {here} of {count} receipts came back")
            time.sleep(0.1)


async def _send(running: Simulator, addresses: list[str]) -> None:
    numbered = list(enumerate(addresses))
    await asyncio.gather(*(_deliver(running, numbered[first::_CONNECTIONS]) for first in range(_CONNECTIONS)))


async def _deliver(running: Simulator, letters: list[tuple[int, str]]) -> None:
    """One connection with STARTTLS and AUTH, commands pipelined, one letter after another."""
    host, port = running.submission
    reader, writer = await asyncio.open_connection(host, port)
    await _expect(reader, 1, "220")
    await _ask(reader, writer, "EHLO bench\r\n", 1, "250")
    await _ask(reader, writer, "STARTTLS\r\n", 1, "220")
    await writer.start_tls(ssl.create_default_context(cafile=running.ready["ca_file"]), server_hostname="localhost")
    await _ask(reader, writer, "EHLO bench\r\n", 1, "250")
    plain = base64.b64encode(f"\0{SENDER_LOGIN}\0{SENDER_PASSWORD}".encode()).decode()
    await _ask(reader, writer, f"AUTH PLAIN {plain}\r\n", 1, "235")
    for number, to in letters:
        envelope = f"MAIL FROM:<{SENDER}> BODY=8BITMIME\r\nRCPT TO:<{to}>\r\nDATA\r\n"
        await _ask(reader, writer, envelope, 3, "354")
        await _ask(reader, writer, _LETTER.format(sender=SENDER, to=to, number=number, text=_TEXT), 1, "250")
    writer.close()


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, text: str, replies: int, code: str) -> None:
    writer.write(text.encode())
    await _expect(reader, replies, code)


async def _expect(reader: asyncio.StreamReader, replies: int, code: str) -> None:
    """So many replies, the last of them with that code."""
    line = b""
    while replies:
        line = await reader.readline()
        replies -= line[3:4] == b" "
    if not line.startswith(code.encode()):
        raise BenchmarkError(f"{code} was expected, not {line!r}")
