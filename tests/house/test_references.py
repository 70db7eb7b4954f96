"""Each `ref:` in the code has its key in docs/references/index.toml, and each key there is used."""

import re
import tomllib
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
_INDEX = tomllib.loads((_ROOT / "docs" / "references" / "index.toml").read_text(encoding="utf-8"))
_QUIRKS = set(re.findall(r'<a id="([^"]+)">', (_ROOT / "docs" / "quirks.md").read_text(encoding="utf-8")))
_TAG = re.compile(r"\bref: ([a-z0-9-]+(?:#[^,\s):]+)?(?:, [a-z0-9-]+#[^,\s):]+)*)|reference=\"([^\"]+)\"")


def _used() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for path in (_ROOT / "mss_sim").rglob("*.py"):
        for tag, reference in _TAG.findall(path.read_text(encoding="utf-8")):
            for one in (tag or reference).split(", "):
                found.setdefault(one.partition("#")[0], set()).add(path.name)
    # The routing table holds its references as bare strings.
    for key in ("rfc3463", "ans-trust-space", "rfc1870"):
        found.setdefault(key, set()).add("routing.py")
    return found


def test_every_reference_has_an_entry() -> None:
    assert {key: files for key, files in _used().items() if key not in _INDEX} == {}


def test_every_entry_is_used() -> None:
    assert set(_INDEX) - set(_used()) == set()


def test_every_entry_says_its_title_and_honest_status() -> None:
    words = ("implemented", "partial: ", "choice", "source")
    assert all(entry["title"] and entry["status"].startswith(words) for entry in _INDEX.values())


def test_every_quirk_that_is_named_has_its_anchor() -> None:
    pages = [*(_ROOT / "mss_sim").rglob("*.py"), *(_ROOT / "docs").rglob("*.md")]
    named = {
        (path.name, anchor) for path in pages for anchor in re.findall(r"\bquirks(?:\.md)?#([\w-]+)", path.read_text(encoding="utf-8"))
    }
    assert {(name, anchor) for name, anchor in named if anchor not in _QUIRKS} == set()
