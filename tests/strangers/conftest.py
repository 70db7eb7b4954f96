"""Programs of others meet the default settings; what they look at has been carried to it."""

from collections.abc import Iterator

import pytest

from tests.arriving import wait_for_arrivals


@pytest.fixture(scope="module", autouse=True)
def arriving() -> Iterator[None]:
    """What our own people sent has arrived."""
    with pytest.MonkeyPatch.context() as changed:
        wait_for_arrivals(changed)
        yield
