"""Where examples are played."""

from pathlib import Path

import pytest

from tests.examples.playing import Stage


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A folder from which an example finds the simulator of this checkout."""
    return Stage(tmp_path)
