"""Every file in smtp/ is played against a running simulator: `mx-*` on the MX port, the others on the submission port.

A first line `# settings: {...}` gives it settings of its own.
"""

import asyncio
import ssl
from pathlib import Path
from typing import Any

import pytest

from mss_sim.vocabulary import MailboxState
from tests.conftest import StartSimulator
from tests.dialogues.runner import play, settings_of

_FOLDER = Path(__file__).parent / "smtp"
_FILES = sorted(_FOLDER.glob("*.dialogue"))
_PREPARED: dict[str, tuple[str, dict[str, Any]]] = {
    "closed": ("hugo.bernard@medecin.sim.mssante.fr", {"state": MailboxState.CLOSED.value}),
    "suspended": ("hugo.bernard@medecin.sim.mssante.fr", {"state": MailboxState.SUSPENDED.value}),
    "full": ("hugo.bernard@medecin.sim.mssante.fr", {"quota_bytes": 0}),
}
"""What a file whose name ends with this word needs to have happened before."""


@pytest.mark.parametrize("path", _FILES, ids=[path.stem for path in _FILES])
async def test_dialogue(path: Path, start: StartSimulator) -> None:
    from mss_sim.core import control
    from mss_sim.vocabulary import Door

    async with start(**settings_of(path)) as simulator:
        word = path.stem.rpartition("-")[2]
        if word in _PREPARED:
            address, changes = _PREPARED[word]
            await control.change_mailbox(simulator.world, address, {**changes}, actor_id=None, door=Door.CONTROL)
        ready = simulator.ready()
        context = ssl.create_default_context(cafile=ready["ca_file"])
        idnats = {persona["login"]: persona["idnat"] for persona in ready["personas"]}
        port = ready["mx" if path.stem.startswith("mx-") else "submission"]["port"]
        await asyncio.to_thread(play, path, port, context, lambda login: simulator.world.tokens.mint(idnats[login]))
