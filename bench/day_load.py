"""The load of a national day, as a process of its own: persons at the submission port, operators' servers at the MX port.

Every session is a connection of its own with STARTTLS: a person logs in with AUTH PLAIN, a server shows its operator's certificate. MAIL,
RCPT and DATA leave together. A session that is refused, or breaks, is not begun again: it is told as an error. The last line on standard
output is one JSON object: sent, seconds, sessions, errors, first_error.
"""

import argparse
import asyncio
import base64
import json
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvloop
from day_letters import BLOCK, Day, Sender

from mss_sim.core.control.fictional_trust_space import Counts

_CONNECTIONS = 24
_READ_BYTES = 1 << 16


class LoadError(RuntimeError):
    """The server did not do what the load needs; the text is its reply."""


@dataclass(slots=True)
class Load:
    """What all sessions share: which are still to come, and what became of the letters."""

    day: Day
    ready: dict[str, Any]
    certificates: Path
    count: int
    acknowledged: bytearray
    sessions: int = 0
    errors: list[str] = field(default_factory=list)
    contexts: dict[str, ssl.SSLContext] = field(default_factory=dict)

    def to_come(self) -> Iterator[tuple[Sender, range]]:
        """All sessions."""
        for block in range(-(-self.count // BLOCK)):
            for sender, numbers in self.day.sessions(block):
                yield sender, range(numbers.start, min(numbers.stop, self.count))

    def context(self, operator: str) -> ssl.SSLContext:
        """What a person trusts, whose operator is the empty text; and what an operator's server shows besides."""
        if operator not in self.contexts:
            self.contexts[operator] = made = ssl.create_default_context(cafile=self.ready["ca_file"])
            if operator:
                made.load_cert_chain(self.certificates / f"{operator}.pem", self.certificates / f"{operator}.key")
        return self.contexts[operator]

    async def work(self, sessions: Iterator[tuple[Sender, range]]) -> None:
        """Hold one session after another until none is left."""
        for sender, numbers in sessions:
            if numbers:
                try:
                    await self._hold(sender, numbers)
                except (LoadError, OSError) as error:
                    self.errors.append(f"{sender.address}: {error!r}")
                self.sessions += 1

    async def _hold(self, sender: Sender, numbers: range) -> None:
        line = await self._connect(sender)
        mail = f"MAIL FROM:<{sender.address}> BODY=8BITMIME\r\n"
        for number in numbers:
            letter = self.day.letter(number)
            await line.ask(f"{mail}{letter.rcpt()}\r\nDATA\r\n".encode(), b"354", replies=3)
            await line.ask(letter.octets(sender.address), b"250")
            self.acknowledged[number] = 1
        await line.ask(b"QUIT\r\n", b"221")
        line.writer.close()

    async def _connect(self, sender: Sender) -> "Line":
        """A connection that is ready for MAIL."""
        place = self.ready["submission" if sender.login else "mx"]
        reader, writer = await asyncio.open_connection(place["host"], place["port"], limit=_READ_BYTES)
        line = Line(reader, writer)
        await line.ask(b"", b"220")
        await line.ask(b"EHLO load.sim.mssante.fr\r\n", b"250")
        await line.ask(b"STARTTLS\r\n", b"220")
        await writer.start_tls(self.context("" if sender.login else sender.operator), server_hostname="localhost")
        await line.ask(b"EHLO load.sim.mssante.fr\r\n", b"250")
        if sender.login:
            plain = base64.b64encode(f"\0{sender.login}\0{sender.password}".encode())
            await line.ask(b"AUTH PLAIN " + plain + b"\r\n", b"235")
        return line


@dataclass(slots=True)
class Line:
    """One connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def ask(self, octets: bytes, code: bytes, replies: int = 1) -> None:
        """Send octets and read so many replies; LoadError unless the last has that code."""
        self.writer.write(octets)
        said = b""
        while replies:
            said = await self.reader.readline()
            if not said:
                raise LoadError("the server hung up")
            replies -= said[3:4] == b" "
        if not said.startswith(code):
            raise LoadError(said.decode("utf-8", "replace").strip())


async def drive(load: Load) -> dict[str, object]:
    """The whole load; what is to be printed."""
    sessions = load.to_come()
    began = time.perf_counter()
    await asyncio.gather(*(load.work(sessions) for _ in range(_CONNECTIONS)))
    told = {"sent": sum(load.acknowledged), "seconds": time.perf_counter() - began, "sessions": load.sessions}
    return {**told, "errors": len(load.errors), "first_error": load.errors[0] if load.errors else None}


def read_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Play the letters of a day.")
    parser.add_argument("--ready", type=Path, required=True, help="ready file of the simulator")
    parser.add_argument("--certificates", type=Path, required=True, help="folder with OPERATOR.pem and OPERATOR.key for each of them")
    parser.add_argument(
        "--acknowledged", type=Path, required=True, help="file that takes an octet for each letter, 1 where 250 was answered"
    )
    parser.add_argument("--count", type=int, required=True, help="letters in all")
    for name in ("practitioners", "organisations", "patients", "operators"):
        parser.add_argument(f"--{name}", type=int, required=True, help="of the network that they go about in")
    return parser.parse_args()


def main() -> None:
    """Drive the load and print what came of it."""
    options = read_options()
    counts = Counts(options.practitioners, options.organisations, options.patients, options.operators)
    ready = json.loads(options.ready.read_text(encoding="utf-8"))
    load = Load(Day(counts), ready, options.certificates, options.count, bytearray(options.count))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        told = runner.run(drive(load))
    options.acknowledged.write_bytes(load.acknowledged)
    print(json.dumps(told))


if __name__ == "__main__":
    main()
