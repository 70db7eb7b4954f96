"""Every file in smtp/ is played against a running simulator: `mx-*` on the MX port, the others on the submission port.

A first line `# settings: {...}` gives it settings of its own.
"""

import asyncio
import ssl
from pathlib import Path

import pytest

from tests.conftest import StartSimulator
from tests.dialogues.prepared import prepare
from tests.dialogues.runner import play, settings_of

_FOLDER = Path(__file__).parent / "smtp"
_FILES = sorted(_FOLDER.glob("*.dialogue"))


@pytest.mark.parametrize("path", _FILES, ids=[path.stem for path in _FILES])
async def test_dialogue(path: Path, start: StartSimulator) -> None:
    in_clear = {"peers_proof": "domain"} if path.name.startswith("mx-") else {}  # a dialogue is in clear until it says STARTTLS
    async with start(**{**in_clear, **settings_of(path)}) as simulator:
        await prepare(simulator, path)
        ready = simulator.ready()
        context = ssl.create_default_context(cafile=ready["ca_file"])
        idnats = {persona["login"]: persona["idnat"] for persona in ready["personas"]}
        port = ready["mx" if path.stem.startswith("mx-") else "submission"]["port"]
        await asyncio.to_thread(play, path, port, context, lambda login: simulator.world.tokens.mint(idnats[login]))
