"""Fixtures of the tests of the core: the seed world is planted once a session, and each test has a copy of its own."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.core.towns import OpenTown, Town, opener, plant


@pytest.fixture(scope="session")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the seed world, which nobody has open."""
    folder = tmp_path_factory.mktemp("planted") / "world"
    asyncio.run(plant(folder))
    return folder


@pytest.fixture
def open_town(planted: Path, tmp_path: Path) -> OpenTown:
    """Open a town with settings of one's own, as a context manager."""
    return opener(planted, tmp_path)


@pytest.fixture
async def town(open_town: OpenTown) -> AsyncIterator[Town]:
    """A town with the settings that suit a test: mail to other operators is there when it was accepted, peers are believed."""
    async with open_town() as opened:
        yield opened
