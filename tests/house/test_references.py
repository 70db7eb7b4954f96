"""Each reference, `key#place`, has both halves in docs/references/index.toml, each half there is used, and the page tells so."""

import re
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

_ROOT = Path(__file__).resolve().parents[2]
_HERE = _ROOT / "docs" / "references"
_GENERATE = runpy.run_path(str(_HERE / "generate.py"))
_INDEX: dict[str, dict[str, Any]] = _GENERATE["index"]()
_USES: dict[str, dict[str, set[str]]] = _GENERATE["uses"]()
_named: Callable[[str], set[tuple[str, str]]] = _GENERATE["named"]
_natural: Callable[[str], Any] = _GENERATE["natural"]
_ANCHORS = set(re.findall(r'<a id="([^"]+)">', (_ROOT / "docs" / "quirks.md").read_text(encoding="utf-8")))
_SECTION = re.compile(r"(?:[1-9]\d*|[A-Z])(?:\.[1-9]\d*)*")


def test_every_reference_has_an_entry() -> None:
    assert {key: places for key, places in _USES.items() if key not in _INDEX} == {}


def test_every_entry_is_used() -> None:
    assert set(_INDEX) - set(_USES) == set()


@pytest.mark.parametrize("key", [key for key in _INDEX if key != "quirks"])
def test_the_places_of_an_entry_are_those_that_are_used(key: str) -> None:
    used = set(_USES.get(key, {})) - {""}
    assert _INDEX[key].get("places", []) == sorted(used, key=_natural)


def test_every_quirk_that_is_named_has_its_anchor() -> None:
    pages = [*_ROOT.glob("*.md"), *(_ROOT / "docs").rglob("*.md")]
    linked = {anchor for page in pages for anchor in re.findall(r"\bquirks\.md#([^)\s]+)", page.read_text(encoding="utf-8"))}
    assert (set(_USES["quirks"]) | linked) - _ANCHORS == set()


@pytest.mark.parametrize("key", [key for key in _INDEX if key.startswith("rfc")])
def test_a_place_in_an_rfc_is_a_section(key: str) -> None:
    assert [place for place in _INDEX[key].get("places", []) if not _SECTION.fullmatch(place)] == []


def test_every_entry_says_its_title_and_honest_status() -> None:
    words = ("implemented", "partial: ", "choice", "source")
    assert all(entry["title"] and entry["status"].startswith(words) for entry in _INDEX.values())
    assert {field for entry in _INDEX.values() for field in entry} == {"title", "status", "places"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("# ref: rfc5321#4.5.3.1.1", {("rfc5321", "4.5.3.1.1")}),
        ("(ref: rfc3464, rfc3461#6).", {("rfc3464", ""), ("rfc3461", "6")}),
        ("# ref: rfc4954#5: heard, and not believed", {("rfc4954", "5")}),
        ('Refusal(rule, text, reference="nowhere")', {("nowhere", "")}),
        ('Bad("too many (quirks#imap-items)")', {("quirks", "imap-items")}),
        ('kind in ("rfc822", "https://a.example/b#c") # RFC 5322, href: x', set()),
        ('_SOURCE = "ans-trust-space"', {("ans-trust-space", "")}),
    ],
)
def test_a_reference_is_seen_in_every_form_that_the_code_has(text: str, found: set[tuple[str, str]]) -> None:
    assert _named(text) == found


def test_places_are_in_the_order_in_which_they_stand_in_their_text() -> None:
    assert sorted(["A.1", "4.10", "4.9.1", "4.9", "receipt", "ECO.1.1.10", "ECO.1.1.9"], key=_natural) == [
        "4.9",
        "4.9.1",
        "4.10",
        "A.1",
        "ECO.1.1.9",
        "ECO.1.1.10",
        "receipt",
    ]


def test_the_page_is_the_one_that_make_references_writes() -> None:
    assert (_HERE / "README.md").read_text(encoding="utf-8") == _GENERATE["page"](), "run make references"


def test_pages_tell_of_sources_what_the_index_and_the_quirks_do() -> None:
    assert (_ROOT / "mss_sim" / "web" / "sources.json").read_text(encoding="utf-8") == _GENERATE["told_by_pages"](), "run make references"


def test_the_readme_has_the_magic_addresses_of_the_code() -> None:
    readme = (_ROOT / "README.md").read_text(encoding="utf-8")
    assert readme == _GENERATE["with_magic_addresses"](readme), "run make references"
    assert readme.count("| `malformed-read-receipt-") == 10
