"""Which level of assurance is at least another one."""

import pytest

from mss_sim.policy.assurance import reaches


@pytest.mark.parametrize(
    ("given", "wanted", "enough"),
    [
        ("eidas1", "eidas1", True),
        ("eidas3", "eidas1", True),
        ("eidas1", "eidas2", False),
        ("eidas10", "eidas9", True),
        ("eidas9", "eidas10", False),
        ("loa3", "eidas1", False),
        ("3", "1", True),
        ("3", "eidas1", False),
        ("gold", "gold", True),
        ("gold", "eidas1", False),
        ("eidas1", "gold", False),
        ("eidas", "eidas1", False),
        ("Eidas2", "eidas1", False),
        ("eidas²", "eidas1", False),
        ("", "", True),
        ("a\n2", "a\n1", True),
        ("eidas" + "9" * 5_000, "eidas1", False),
    ],
)
def test_a_level_has_those_below_it_on_its_scale(given: str, wanted: str, *, enough: bool) -> None:
    assert reaches(given, wanted) is enough
