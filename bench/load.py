"""A load generator for SMTP servers, as a process of its own.

    python bench/load.py --port 1025 --count 5000 --connections 10 --size 2048 --from a@x --to b@y

Every command is a round trip of its own unless --pipelining is given, and connections are reused: what Postfix's smtp-source does.
Log-in and the TLS handshake happen before the clock starts. The last line on standard output is one JSON object: sent, seconds,
per_second, errors, first_error.
"""

import argparse
import asyncio
import base64
import json
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import uvloop

_LINE = b"Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod te\r\n"
_FRENCH = "Patiente reçue à l'hôpital ce matin, état général conservé, à contrôler là\r\n".encode()
_MARK = b"@@number@@"


class LoadError(RuntimeError):
    """The server did not do what the load needs; the text is its reply."""


@dataclass(slots=True)
class Letter:
    """One message, ready to go out but for its number."""

    head: bytes
    tail: bytes

    def numbered(self, number: int) -> bytes:
        """The message with its own Message-ID and the dot that ends it."""
        return b"%s%012d%s" % (self.head, number, self.tail)


def compose(size: int, sender: str, recipients: list[str], prefix: str, *, french: bool) -> Letter:
    """A plain text of exactly `size` bytes, Message-ID included."""
    fields = [
        f"From: <{sender}>",
        f"To: <{recipients[0]}>",
        "Subject: Compte rendu de consultation",
        "Date: Mon, 05 Jan 2026 09:00:00 +0100",
        f"Message-ID: <{prefix}.{_MARK.decode()}@load.sim.mssante.fr>",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
    ]
    header = "\r\n".join([*fields, "", ""]).encode()
    room = size - len(header) + len(_MARK) - 12
    line = _FRENCH if french else _LINE
    count, rest = divmod(room, len(line))
    if count < 1:
        raise LoadError(f"{size} bytes do not hold the header and one line; ask for {size - room + len(line)} or more")
    body = (line * count)[:-2] + b"x" * rest + b"\r\n"
    head, _, tail = (header + body).partition(_MARK)
    return Letter(head, tail + b".\r\n")


@dataclass(slots=True)
class Run:
    """What all connections share: how many messages are still to send, and what became of the others."""

    letter: Letter
    commands: list[bytes]
    left: int
    pipelining: bool = False
    next_number: int = 0
    acknowledged: list[int] = field(default_factory=list)
    errors: int = 0
    first_error: str | None = None
    at_work: int = 0
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def fail(self, text: str) -> None:
        """Count something that went wrong."""
        self.errors += 1
        self.first_error = self.first_error or text

    def leave(self) -> None:
        """One connection less is at work."""
        self.at_work -= 1
        if self.at_work == 0:
            self.over.set()


class Client(asyncio.Protocol):
    """One connection: `ask` while it is set up, then callbacks alone while the clock runs, so that the load costs little."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._buffer = b""
        self._waiter: asyncio.Future[bytes] | None = None
        self._early: bytes | None = None
        self._number = -1
        self._step = 0
        self._working = False
        self.transport: asyncio.Transport | None = None
        self.closed = asyncio.get_running_loop().create_future()
        self._write: Callable[[bytes], None] = lambda _data: None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is there, in clear."""
        self.adopt(cast("asyncio.Transport", transport))  # uvloop's is one by what it does, not by descent

    def adopt(self, transport: asyncio.Transport) -> None:
        """Talk through this transport from now on."""
        self.transport = transport
        self._write = transport.write

    def connection_lost(self, exc: Exception | None) -> None:
        """Whoever waits is told; a connection that was at work counts as an error."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(LoadError(f"connection lost: {exc}"))
        if self._working:
            self._working = False
            self._run.fail(f"connection lost: {exc}")
            self._run.leave()
        if not self.closed.done():
            self.closed.set_result(None)

    def data_received(self, data: bytes) -> None:
        """Put a reply together; its last line has a space after the code."""
        whole = self._buffer + data if self._buffer else data
        if not whole.endswith(b"\r\n") or whole[whole.rfind(b"\n", 0, -1) + 4 :][:1] != b" ":
            self._buffer = whole
            return
        self._buffer = b""
        if self._working:
            for line in whole.splitlines(keepends=True) if self._run.pipelining else [whole]:
                self._answered(line)
        elif self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(whole)
        else:
            self._early = whole  # the greeting may come before anybody asks for it

    async def ask(self, line: bytes | None, expected: bytes) -> bytes:
        """Send a line, None for the greeting, and return its reply; LoadError when it has another code."""
        self._waiter = asyncio.get_running_loop().create_future()
        if line is not None:
            self._write(line + b"\r\n")
        elif self._early is not None:
            self._waiter.set_result(self._early)
        reply = await self._waiter
        if not reply.startswith(expected):
            raise LoadError(reply.decode("utf-8", "replace").strip())
        return reply

    def start(self) -> None:
        """Send messages until none is left."""
        self._working = True
        self._run.at_work += 1
        self._next()

    def _next(self) -> None:
        run = self._run
        if run.left == 0:
            self._working = False
            run.leave()
            return
        run.left -= 1
        self._number = run.next_number
        run.next_number += 1
        self._step = 0
        self._write(b"".join(run.commands) if run.pipelining else run.commands[0])

    def _answered(self, reply: bytes) -> None:
        run, step = self._run, self._step
        commands = run.commands
        data_step = len(commands) - 1
        if not reply.startswith(b"354" if step == data_step else b"250"):
            run.fail(reply.decode("utf-8", "replace").strip())
            if self.transport is not None:
                self.transport.close()
            return
        self._step = step + 1
        if step < data_step:
            if not run.pipelining:
                self._write(commands[step + 1])
        elif step == data_step:
            self._write(run.letter.numbered(self._number))
        else:
            run.acknowledged.append(self._number)
            self._next()


async def connect(run: Run, options: argparse.Namespace) -> Client:
    """A connection that is ready for MAIL."""
    loop = asyncio.get_running_loop()
    _, client = await loop.create_connection(lambda: Client(run), options.host, options.port)
    await client.ask(None, b"220")
    await client.ask(b"EHLO load.sim.mssante.fr", b"250")
    if options.starttls:
        await client.ask(b"STARTTLS", b"220")
        context = ssl.create_default_context(cafile=options.ca)
        if options.cert:
            context.load_cert_chain(options.cert, options.key)
        if client.transport is None:
            raise LoadError("the connection has no transport")
        secured = await loop.start_tls(client.transport, client, context, server_hostname=options.host)
        if secured is None:
            raise LoadError("the connection was lost during the handshake")
        client.adopt(secured)
        await client.ask(b"EHLO load.sim.mssante.fr", b"250")
    if options.login:
        pair = base64.b64encode(f"\0{options.login}\0{options.password}".encode())
        await client.ask(b"AUTH PLAIN " + pair, b"235")
    return client


async def leave(client: Client) -> None:
    """Say QUIT and wait for the other side to hang up."""
    if client.closed.done() or client.transport is None:
        return
    with suppress(LoadError, TimeoutError):
        await asyncio.wait_for(client.ask(b"QUIT", b"221"), 5)
    client.transport.close()
    with suppress(TimeoutError):
        await asyncio.wait_for(client.closed, 5)


def _addresses(text: str, count: int) -> list[str]:
    return [text % number for number in range(count)] if "%d" in text else [text]


async def drive(options: argparse.Namespace) -> dict[str, object]:
    """The whole load; what is to be printed."""
    recipients = [address for text in options.to for address in _addresses(text, options.recipients)]
    letter = compose(options.size, options.sender, recipients, options.prefix, french=options.french)
    commands = [f"MAIL FROM:<{options.sender}>", *(f"RCPT TO:<{address}>" for address in recipients), "DATA"]
    run = Run(letter, [command.encode() + b"\r\n" for command in commands], options.count, options.pipelining)
    clients = [await connect(run, options) for _ in range(options.connections)]
    started = time.perf_counter()
    for client in clients:
        client.start()
    await run.over.wait()
    seconds = time.perf_counter() - started
    await asyncio.gather(*(leave(client) for client in clients))
    if options.acknowledged:
        lines = (f"<{options.prefix}.{number:012d}@load.sim.mssante.fr>\n" for number in run.acknowledged)
        options.acknowledged.write_text("".join(lines), encoding="ascii")
    sent = len(run.acknowledged)
    rate = sent / seconds if seconds else 0.0
    return {"sent": sent, "seconds": seconds, "per_second": rate, "errors": run.errors, "first_error": run.first_error}


def read_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Load an SMTP server.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--count", type=int, default=1_000, help="messages in all")
    parser.add_argument("--connections", type=int, default=10)
    parser.add_argument("--size", type=int, default=2_048, help="bytes of one message")
    parser.add_argument("--from", dest="sender", required=True)
    parser.add_argument("--to", action="append", required=True, help="recipient; repeat for more; with %%d in it, as many as --recipients")
    parser.add_argument("--recipients", type=int, default=1, help="how many recipients %%d stands for, numbered from 0")
    parser.add_argument("--prefix", default="load", help="beginning of every Message-ID")
    parser.add_argument("--pipelining", action="store_true", help="MAIL, RCPT and DATA leave together, as mail servers do (RFC 2920)")
    parser.add_argument("--french", action="store_true", help="a text with accents rather than plain ASCII")
    parser.add_argument("--starttls", action="store_true")
    parser.add_argument("--ca", help="certificate of the authority that signed the server's")
    parser.add_argument("--cert", help="certificate and chain to show in TLS, as another operator's server does; with --key")
    parser.add_argument("--key", help="its key")
    parser.add_argument("--login", help="AUTH PLAIN as this login")
    parser.add_argument("--password", default="")
    parser.add_argument("--acknowledged", type=Path, help="file for the Message-IDs that got 250")
    return parser.parse_args()


def main() -> None:
    """Drive the load and print what came of it."""
    options = read_options()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(drive(options))))


if __name__ == "__main__":
    main()
