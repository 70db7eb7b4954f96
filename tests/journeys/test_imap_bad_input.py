"""Nonsense over a real IMAP connection: each piece gets BAD, NO or a sensible OK, and the server lives on."""

import asyncio
import random

import pytest

from mss_sim.app.simulator import Simulator
from mss_sim.imap.verbs.table import VERBS
from tests.clients import DOCTOR, HOSPITAL, ImapClient, letter
from tests.conftest import StartSimulator

_PASSWORD = "cabinet-2026"
_WORDS = (
    *(
        "INBOX",
        "Archive",
        '"Other Users/x@y/INBOX"',
        "Shared/x",
        "*",
        "%",
        "()",
        "(",
        ")",
        '"',
        "{3}",
        "{3+}",
        "~{3+}",
        "1:*",
        "*:1",
        "$",
        "0",
    ),
    *(
        "1,2,3",
        "4294967296",
        "FLAGS",
        "(FLAGS)",
        "BODY[",
        "BODY[]",
        "BODY[1.2.3.HEADER]",
        "BODY[]<0.0>",
        "BODY[]<4294967295.1>",
        "ENVELOPE",
    ),
    *("(UNCHANGEDSINCE 0)", "(CHANGEDSINCE 99999999999999999999)", "+FLAGS", "-FLAGS.SILENT", "(\\Deleted)", "(\\Recent)", "\\", "NIL"),
    *(
        "UTF-8",
        "CHARSET",
        "RETURN",
        "(MIN MAX ALL COUNT SAVE)",
        "OR",
        "NOT",
        "ALL",
        "TEXT",
        "HEADER",
        "SINCE",
        "1-Jan-2026",
        "MODSEQ",
        "REFERENCES",
    ),
    *(
        "(QRESYNC (1 2 3:4 (1 2)))",
        "(CONDSTORE)",
        "(REVERSE DATE)",
        "é",
        "\x7f",
        "&-",
        "&AOk-",
        "a" * 300,
        "lrswite",
        "+a",
        "DEFLATE!",
        "RETURN ()",
    ),
)


@pytest.mark.parametrize("seed", range(6))
async def test_random_commands_never_break_the_server(start: StartSimulator, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - a game that can be played again
    async with start(connections_bad_commands_max=100_000, connections_bad_passwords_max=100_000) as simulator:
        client = await ImapClient.open(simulator, "camille.martin", _PASSWORD)
        await client.append("INBOX", letter(HOSPITAL, DOCTOR).as_bytes())
        verbs = [verb for verb in VERBS if verb not in ("LOGOUT", "IDLE", "STARTTLS", "COMPRESS", "AUTHENTICATE")]
        for number in range(400):
            if number % 20 == 0:
                await client.ask("SELECT INBOX")
            words = [dice.choice(_WORDS) for _ in range(dice.randint(0, 5))]
            command = " ".join([dice.choice(verbs), *words])
            client.writer.write(f"n{number} {command}\r\nabc\r\nm{number} NOOP\r\n".encode())
            answered = await _until(client, f"m{number} ")
            assert not any("Internal error" in line for line in answered), command
        await client.close()


async def _until(client: ImapClient, tag: str) -> list[str]:
    """Lines up to the tagged one; a literal that waits gets an answer by what follows it."""
    lines: list[str] = []
    while not lines or not lines[-1].startswith(tag):
        lines.append(await client.line())
        if lines[-1].startswith("+ "):
            client.writer.write(b"abc\r\n" + tag.encode() + b"NOOP\r\n")
    return lines


async def test_nul_and_8_bit_and_endless_lines(simulator: Simulator) -> None:
    client = await ImapClient.open(simulator, "camille.martin", _PASSWORD)
    for octets in (
        b"SELECT IN\x00BOX",
        b"SELECT \xc3\xa9",
        b'SELECT "\xff"',
        b"FETCH 1 " + b"(" * 5_000,
        b"SEARCH " + b"NOT " * 5_000 + b"ALL",
    ):
        client.writer.write(b"a " + octets + b"\r\n")
        assert (await client.line()).startswith(("a BAD", "a NO")), octets[:40]
    client.writer.write(b"b NOOP " + b"x" * 200_000 + b"\r\nc NOOP\r\n")
    assert await client.line() == "b BAD a line is over 65536 bytes"
    assert (await client.line()).startswith("c OK")
    await client.close()


async def test_a_set_of_thousands_of_numbers_is_answered(simulator: Simulator) -> None:
    client = await ImapClient.open(simulator, "camille.martin", _PASSWORD)
    await client.append("INBOX", letter(HOSPITAL, DOCTOR).as_bytes())
    await client.ask("SELECT INBOX")
    many = ",".join(str(number) for number in range(1, 12_000, 2))
    lines = await client.ask(f"UID FETCH {many} FLAGS")
    assert [line for line in lines if "FETCH (" in line] == ["* 1 FETCH (UID 1 FLAGS (\\Recent))"]
    await client.close()


async def test_tls_that_is_no_tls_and_a_client_that_hangs_up(simulator: Simulator) -> None:
    for rubbish in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01" + bytes(200), b""):
        reader, writer = await asyncio.open_connection("localhost", simulator.ready()["imap"]["port"])
        await reader.readline()
        writer.write(b"a STARTTLS\r\n")
        assert (await reader.readline()).startswith(b"a OK")
        writer.write(rubbish)
        writer.close()
    client = await ImapClient.open(simulator, "camille.martin", _PASSWORD)
    assert (await client.ask("NOOP")) == ["OK completed"]
    await client.close()
