"""Every file in imap/ is played against a running simulator; a first line `# settings: {...}` gives it settings of its own."""

import asyncio
import ssl
from pathlib import Path

import pytest

from mss_sim.imap.verbs.table import VERBS
from tests.conftest import StartSimulator
from tests.dialogues.prepared import prepare
from tests.dialogues.runner import play, read, settings_of

_FILES = sorted((Path(__file__).parent / "imap").glob("*.dialogue"))


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.stem)
async def test_dialogue(start: StartSimulator, path: Path) -> None:
    async with start(**settings_of(path)) as simulator:
        await prepare(simulator, path)
        ready = simulator.ready()
        context = ssl.create_default_context(cafile=ready["ca_file"])

        def token(login: str) -> str:
            idnat = next(one["idnat"] for one in ready["personas"] if one["login"] == login)
            return simulator.world.tokens.mint(idnat)

        await asyncio.to_thread(play, path, ready["imap"]["port"], context, token)


def test_every_verb_has_its_dialogue() -> None:
    said = " ".join(text.upper() for path in _FILES for _, side, text in read(path)[0] if side == "C")
    assert [verb for verb in VERBS if f" {verb}" not in said] == []
