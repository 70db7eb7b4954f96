"""The OpenAPI document in the repository is the one that a simulator serves, so that no promise changes unseen."""

import runpy
from pathlib import Path

_HERE = Path(__file__).resolve().parents[2] / "docs" / "references"


def test_the_document_is_the_one_that_make_references_writes() -> None:
    written = runpy.run_path(str(_HERE / "openapi.py"))["written"]()
    kept = (_HERE / "openapi.json").read_text(encoding="utf-8")
    changed = [new for old, new in zip(kept.splitlines(), written.splitlines(), strict=False) if old != new][:1]
    assert kept == written, f"run make references, and tell the change in the changelog; it begins at {changed}"
