"""Every file in ldap/ is played against a running simulator, octet by octet.

# settings: {...}                      on the first line: the settings of the simulator, as JSON
# a comment
C: 30 0c 02 01 01 60 07 … "o=a"        what the client sends: octets in hexadecimal, texts in quotes
S: 30 0c 02 01 01 61 … 04 00           the next message of the server; … stands for any octets
S: {CLOSED}                            the server closes the connection
"""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from mss_sim.vocabulary.ldap import Operation
from tests.conftest import StartSimulator
from tests.dialogues.runner import settings_of

_FILES = sorted((Path(__file__).parent / "ldap").glob("*.dialogue"))
_PIECE = re.compile(r'"([^"]*)"|([0-9a-f]{2})|(…)|(\s+)')


def _pieces(text: str, where: str) -> Iterator[bytes | None]:
    at = 0
    while at < len(text):
        found = _PIECE.match(text, at)
        assert found, f"{where}: neither hexadecimal, a text in quotes nor …: {text[at : at + 20]}"
        if found[1] is not None:
            yield found[1].encode()
        elif found[2]:
            yield bytes.fromhex(found[2])
        elif found[3]:
            yield None
        at = found.end()


def _steps(path: Path) -> Iterator[tuple[str, str, str]]:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith(("C: ", "S: ")):
            yield f"{path.name}:{number}", line[0], line[3:]
        else:
            assert not line or line.startswith("#"), f"{path.name}:{number}: neither C:, S: nor #"


async def _message(reader: asyncio.StreamReader) -> bytes:
    """The next message; empty when the server closed."""
    try:
        async with asyncio.timeout(10):
            octets = await reader.readexactly(2)
            length = octets[1]
            if length & 0x80:
                size = await reader.readexactly(length & 0x7F)
                octets, length = octets + size, int.from_bytes(size)
            return octets + await reader.readexactly(length)
    except (asyncio.IncompleteReadError, ConnectionError):
        return b""


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.stem)
async def test_dialogue(start: StartSimulator, path: Path) -> None:
    async with start(ldap_port=0, **settings_of(path)) as simulator:
        reader, writer = await asyncio.open_connection("127.0.0.1", simulator.ready()["ldap"]["port"])
        for where, side, text in _steps(path):
            if side == "C":
                writer.write(b"".join(piece for piece in _pieces(text, where) if piece is not None))
                continue
            found = await _message(reader)
            if text == "{CLOSED}":
                assert not found, f"{where}: the server should close, it said {found.hex(' ')}"
                continue
            wanted = b"".join(b".*" if piece is None else re.escape(piece) for piece in _pieces(text, where))
            assert re.fullmatch(wanted, found, re.DOTALL), f"{where}: got {found.hex(' ')} ({found!r})"
        writer.close()


def test_every_operation_has_its_dialogue() -> None:
    said = b"\n".join(b"".join(filter(None, _pieces(text, where))) for path in _FILES for where, side, text in _steps(path) if side == "C")
    assert [one.name for one in Operation if not re.search(rb"\x30[^\n]{2,4}[^\n]" + re.escape(bytes([one.value])), said)] == []
