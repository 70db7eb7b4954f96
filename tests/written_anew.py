"""Files that keep what the program says are written anew by one command: whoever changes what is said reads the difference."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Collection
from pathlib import Path

from tests.conftest import StartSimulator, starter


def write_anew(files: Collection[Path], play: Callable[[StartSimulator, str], Awaitable[str]], names: Collection[str]) -> None:
    """Play the files of these names, all when none is given, each in a world of its own, and keep what is said now."""

    async def played(text: str, data: Path) -> str:
        return await play(starter(data), text)

    for path in files:
        if not names or path.stem in names:
            with tempfile.TemporaryDirectory() as folder:
                now = asyncio.run(played(path.read_text(encoding="utf-8"), Path(folder) / "data"))
            path.write_text(now, encoding="utf-8")
