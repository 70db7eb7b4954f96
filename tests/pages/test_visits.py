"""Every file in visits/ is played: what people read on pages, word by word (see `visiting.py`)."""

from pathlib import Path

import pytest

from tests.conftest import StartSimulator
from tests.pages.visiting import FILES, visited


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
async def test_visit(start: StartSimulator, path: Path) -> None:
    text = path.read_text(encoding="utf-8")  # noqa: ASYNC240 - a small file, before anything runs
    assert (await visited(start, text)).splitlines() == text.splitlines()
