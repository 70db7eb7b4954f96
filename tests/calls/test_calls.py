"""Every file in played/ is played: what HTTP doors answer, field by field (see `calling.py`)."""

from pathlib import Path

import pytest

from tests.calls.calling import FILES, played
from tests.conftest import StartSimulator


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
async def test_calls(start: StartSimulator, path: Path) -> None:
    text = path.read_text(encoding="utf-8")  # noqa: ASYNC240 - a small file, before anything runs
    assert (await played(start, text)).splitlines() == text.splitlines()
