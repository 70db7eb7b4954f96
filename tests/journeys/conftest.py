"""Journeys run under the default settings: mail between operators goes over the wire, with certificates."""

from collections.abc import Iterator

import pytest

from tests.arriving import wait_for_arrivals


@pytest.fixture(scope="module", autouse=True)
def arriving() -> Iterator[None]:
    """What a journey looks at has arrived."""
    with pytest.MonkeyPatch.context() as changed:
        wait_for_arrivals(changed)
        yield
