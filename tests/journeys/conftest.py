"""Journeys run under the default settings: mail between operators goes over the wire, with certificates."""

import pytest

from tests.arriving import wait_for_arrivals


@pytest.fixture(autouse=True)
def arriving(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a journey looks at has arrived."""
    wait_for_arrivals(monkeypatch)
