"""Each reference of the code, `key#place`, has both halves in docs/references/index.toml, and each half there is used."""

import re
import tomllib
from collections import defaultdict
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[2]
_INDEX = tomllib.loads((_ROOT / "docs" / "references" / "index.toml").read_text(encoding="utf-8"))
_ANCHORS = set(re.findall(r'<a id="([^"]+)">', (_ROOT / "docs" / "quirks.md").read_text(encoding="utf-8")))
_KEY, _PLACE = r"[a-z][a-z0-9-]*", r"\w(?:[\w.-]*\w)?"
_PLACED = re.compile(rf"(?<![\w/.-])({_KEY})#({_PLACE})")
"""A key with its place, wherever it stands: in a comment, in a text that clients read, in a table of strings."""
_TAG = re.compile(rf"\bref: ({_KEY}(?:#{_PLACE})?(?:, {_KEY}(?:#{_PLACE})?)*)")
_WHOLE = re.compile(rf'reference="({_KEY})"')
_BARE = re.compile(rf'"({_KEY}-{_KEY}|rfc\d+)"')
_SECTION = re.compile(r"(?:[1-9]\d*|[A-Z])(?:\.[1-9]\d*)*")


def _tagged(text: str) -> set[tuple[str, str]]:
    """What stands behind `ref:`, as (key, place); the place is empty where a source is named as a whole."""
    return {(one.partition("#")[0], one.partition("#")[2]) for tag in _TAG.findall(text) for one in tag.split(", ")}


def _named(text: str) -> set[tuple[str, str]]:
    """Every reference in a file of the program. A source that is named as a whole is known by `ref:`, `reference=`, or its entry."""
    whole = {*_WHOLE.findall(text), *(key for key in _BARE.findall(text) if key in _INDEX)}
    return _tagged(text) | set(_PLACED.findall(text)) | {(key, "") for key in whole}


def _uses() -> dict[str, dict[str, set[str]]]:
    """Key, place, files: the program, and what the tests say behind `ref:`."""
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for folder, read in (("mss_sim", _named), ("tests", _tagged)):
        for path in (_ROOT / folder).rglob("*.py"):
            if path != Path(__file__).resolve():
                for key, place in read(path.read_text(encoding="utf-8")):
                    found[key][place].add(path.relative_to(_ROOT).as_posix())
    return found


@pytest.fixture(scope="module")
def uses() -> dict[str, dict[str, set[str]]]:
    return _uses()


def _natural(place: str) -> list[tuple[bool, int, str]]:
    return [(not part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in re.split(r"[.-]", place)]


def test_every_reference_has_an_entry(uses: dict[str, dict[str, set[str]]]) -> None:
    assert {key: places for key, places in uses.items() if key not in _INDEX} == {}


def test_every_entry_is_used(uses: dict[str, dict[str, set[str]]]) -> None:
    assert set(_INDEX) - set(uses) == set()


@pytest.mark.parametrize("key", _INDEX)
def test_the_places_of_an_entry_are_those_that_are_used(uses: dict[str, dict[str, set[str]]], key: str) -> None:
    used = set(uses[key]) - {""}
    if key == "quirks":
        assert used - _ANCHORS == set()
    else:
        assert _INDEX[key].get("places", []) == sorted(used, key=_natural)


@pytest.mark.parametrize("key", [key for key in _INDEX if key.startswith("rfc")])
def test_a_place_in_an_rfc_is_a_section(key: str) -> None:
    assert [place for place in _INDEX[key].get("places", []) if not _SECTION.fullmatch(place)] == []


def test_every_entry_says_its_title_and_honest_status() -> None:
    words = ("implemented", "partial: ", "choice", "source")
    assert all(entry["title"] and entry["status"].startswith(words) for entry in _INDEX.values())
    assert {field for entry in _INDEX.values() for field in entry} == {"title", "status", "places"}


def test_every_quirk_that_a_page_links_to_has_its_anchor() -> None:
    linked = {
        (path.name, anchor)
        for path in [*_ROOT.glob("*.md"), *(_ROOT / "docs").rglob("*.md")]
        for anchor in re.findall(r"\bquirks\.md#([^)\s]+)", path.read_text(encoding="utf-8"))
    }
    assert {(name, anchor) for name, anchor in linked if anchor not in _ANCHORS} == set()


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
