"""The page of limits is the one of the code: a limit that moves is seen, and told to whoever relies on it."""

import runpy
from pathlib import Path

_HERE = Path(__file__).resolve().parents[2] / "docs" / "references"


def test_the_page_of_limits_is_the_one_that_make_references_writes() -> None:
    written = runpy.run_path(str(_HERE / "limits.py"))["page"]()
    assert (_HERE / "limits.md").read_text(encoding="utf-8") == written, "run make references, and tell the change in the changelog"
