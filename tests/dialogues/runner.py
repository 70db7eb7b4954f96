"""Plays a dialogue file against a running server: `C:` lines are sent, `S:` lines are what must come back.

# settings: {...}                on the first line: the settings of the simulator, as JSON
# a comment                      S: 250 2.1.0 …        the reply line; … stands for any text
C: EHLO client.example           S: 250*               every line of a reply of several lines, up to the last
C: {STARTTLS}                    the TLS handshake, after a 220
C: {DATA letter}                 a whole message, dots stuffed, with its final dot; `letter` is a block below
C: {BASE64 text}                 the text in base64; \\0 and \\1 are the octets 0 and 1
C: {TOKEN login mailbox}         an XOAUTH2 response for that persona
C: {RAW text}                    bytes as they are, no CRLF added; \\r \\n \\0 and \\xNN are escapes
C: {APPEND a1 INBOX (\\Seen) letter}    an IMAP APPEND of a block, as a literal that waits for nothing
S: {CLOSED}                      the server closes the connection
S: {UNTIL a1 OK}                 lines are passed over up to one that begins so
@ file                           the lines of another file stand here
[letter]                         begins a block that runs to the end of the file or the next [block]
"""

import base64
import json
import re
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass
class Wire:
    """One connection to a server; `sock` is replaced when TLS starts."""

    sock: socket.socket
    buffer: bytes = b""

    def send(self, octets: bytes) -> None:
        self.sock.sendall(octets)

    def line(self) -> str | None:
        """The next line from the server, or None when it closed."""
        while b"\n" not in self.buffer:
            try:
                chunk = self.sock.recv(65536)
            except (ConnectionError, ssl.SSLError):
                chunk = b""
            if not chunk:
                return None
            self.buffer += chunk
        line, _, self.buffer = self.buffer.partition(b"\n")
        return line.decode("utf-8").rstrip("\r")


def settings_of(path: Path) -> dict[str, Any]:
    """The settings that a dialogue wants."""
    first = path.read_text(encoding="utf-8").splitlines()[0]
    found: dict[str, Any] = json.loads(first.removeprefix("# settings: ")) if first.startswith("# settings: ") else {}
    return found


def play(path: Path, port: int, context: ssl.SSLContext, token: Callable[[str], str]) -> None:
    """Play a dialogue; AssertionError names the line that differs."""
    steps, blocks = read(path)
    with socket.create_connection(("127.0.0.1", port), timeout=10) as plain:
        wire = Wire(plain)
        try:
            for number, side, text in steps:
                _step(wire, side, text, number, lambda text: _octets(text, blocks, token), context)
        finally:
            wire.sock.close()


def _step(wire: Wire, side: str, text: str, where: str, octets: Callable[[str], bytes], context: ssl.SSLContext) -> None:
    if side == "S":
        _expect(wire, text, where)
    elif text == "{STARTTLS}":
        wire.sock = context.wrap_socket(wire.sock, server_hostname="localhost")
    else:
        wire.send(octets(text))


def read(path: Path) -> tuple[list[tuple[str, str, str]], dict[str, str]]:
    """The steps of a file, (where, side, text), and its blocks."""
    steps: list[tuple[str, str, str]] = []
    blocks: dict[str, str] = {}
    block: str | None = None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if found := re.fullmatch(r"\[(\w+)\]", line):
            block = found[1]
            blocks[block] = ""
        elif block is not None:
            blocks[block] += line + "\r\n"
        elif line.startswith(("C: ", "S: ")):
            steps.append((f"{path.name}:{number}", line[0], line[3:]))
        elif line.startswith("@ "):
            included, more = read(path.with_name(line[2:]))
            steps += included
            blocks |= more
        elif line.strip() and not line.startswith("#"):
            raise AssertionError(f"{path.name}:{number}: neither C:, S:, # nor a block")
    return steps, blocks


def _octets(text: str, blocks: dict[str, str], token: Callable[[str], str]) -> bytes:
    if found := re.fullmatch(r"\{DATA (\w+)\}", text):
        message = re.sub(r"(?m)^\.", "..", blocks[found[1]])
        return message.encode("utf-8") + b".\r\n"
    if found := re.fullmatch(r"\{APPEND (.*) (\w+)\}", text):
        literal = blocks[found[2]].encode("utf-8")
        tag, _, rest = found[1].partition(" ")
        return f"{tag} APPEND {rest} {{{len(literal)}+}}\r\n".encode() + literal + b"\r\n"
    if found := re.fullmatch(r"\{RAW (.*)\}", text):
        return found[1].encode("latin-1").decode("unicode_escape").encode("latin-1")
    return re.sub(r"\{(BASE64|TOKEN) ([^}]*)\}", lambda found: _encoded(found[1], found[2], token), text).encode("utf-8") + b"\r\n"


def _encoded(kind: str, text: str, token: Callable[[str], str]) -> str:
    if kind == "TOKEN":
        login, _, mailbox = text.partition(" ")
        text = f"user={mailbox}\\1auth=Bearer {token(login)}\\1\\1"
    octets = text.replace("\\0", "\x00").replace("\\1", "\x01").encode("utf-8")
    return base64.b64encode(octets).decode("ascii")


def _expect(wire: Wire, text: str, where: str) -> None:
    line = wire.line()
    if found := re.fullmatch(r"\{UNTIL (.*)\}", text):
        while line is not None and not line.startswith(found[1]):
            line = wire.line()
        assert line is not None, f"{where}: the server closed before {found[1]!r}"
        return
    if text == "{CLOSED}":
        assert line is None, f"{where}: the server should close, it said {line!r}"
        return
    assert line is not None, f"{where}: the server closed, expected {text!r}"
    if text.endswith("*"):
        while line[3:4] == "-":
            assert line.startswith(text[:-1]), f"{where}: got {line!r}, expected {text!r}"
            line = wire.line() or ""
        assert line.startswith(text[:-1]), f"{where}: got {line!r}, expected {text!r}"
        return
    pattern = ".*".join(re.escape(piece) for piece in text.split("…"))
    assert re.fullmatch(pattern, line), f"{where}: got {line!r}, expected {text!r}"
