"""Every file in imap/ is played against a running simulator; a first line `# settings: {...}` gives it settings of its own."""

import asyncio
import json
import ssl
from pathlib import Path
from typing import Any

import pytest

from mss_sim.imap.verbs import VERBS
from tests.conftest import StartSimulator
from tests.dialogues.runner import play, read

_FILES = sorted((Path(__file__).parent / "imap").glob("*.dialogue"))


def _settings(path: Path) -> dict[str, Any]:
    first = path.read_text(encoding="utf-8").splitlines()[0]
    found: dict[str, Any] = json.loads(first.removeprefix("# settings: ")) if first.startswith("# settings: ") else {}
    return found


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.stem)
async def test_dialogue(start: StartSimulator, path: Path) -> None:
    async with start(**_settings(path)) as simulator:
        ready = simulator.ready()
        context = ssl.create_default_context(cafile=ready["ca_file"])

        def token(login: str) -> str:
            idnat = next(one["idnat"] for one in ready["personas"] if one["login"] == login)
            return simulator.world.tokens.mint(idnat)

        await asyncio.to_thread(play, path, ready["imap"]["port"], context, token)


def test_every_verb_has_its_dialogue() -> None:
    said = " ".join(text.upper() for path in _FILES for _, side, text in read(path)[0] if side == "C")
    assert [verb for verb in VERBS if f" {verb}" not in said] == []
