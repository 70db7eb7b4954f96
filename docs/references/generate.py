"""Write README.md beside this file: each source of the index, how far it is kept, and where; and the table of magic addresses in the
README of the project; and what pages tell of a source (`mss_sim/web/sources.json`). `make references` runs it.

A reference is `key#place`, or a key alone where a source is named as a whole:

| where                                  | how                                        |
|----------------------------------------|--------------------------------------------|
| a comment or a docstring               | `ref: key#place, key#place`                |
| a refusal                              | `reference="key#place"`                    |
| a text that clients read, a table      | `(key#place)`, `"key#place"`               |

`tests/house/test_references.py` holds the index against what is found here, and the page against what would be written.
"""

import json
import re
import tomllib
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Any

_HERE = Path(__file__).resolve().parent
_ROOT = _HERE.parents[1]
_KEY, _PLACE = r"[a-z][a-z0-9-]*", r"\w(?:[\w.-]*\w)?"
_PLACED = re.compile(rf"(?<![\w/.-])({_KEY})#({_PLACE})")
_TAG = re.compile(rf"\bref: ({_KEY}(?:#{_PLACE})?(?:, {_KEY}(?:#{_PLACE})?)*)")
_WHOLE = re.compile(rf'reference="({_KEY})"')
_BARE = re.compile(rf'"({_KEY}-{_KEY}|rfc\d+)"')
_CHOICES = "Choices of ours"
_GROUPS = ("RFCs", "OpenID Connect", "National texts", _CHOICES)
_HEAD = """# Requirements and references

Written by `make references` from [index.toml](index.toml) and the code; do not edit it. Each source that the code follows, how far it is
kept, and the files that follow it, place by place: a section of an RFC, a requirement of a national text, an anchor of
[quirks](../quirks.md). Files are those of `mss_sim/`, unless they begin with `tests/`.
"""

Uses = dict[str, dict[str, set[str]]]
"""Key, place, files; the place is empty where a source is named as a whole."""


@cache
def index() -> dict[str, dict[str, Any]]:
    """The entries of index.toml by their keys."""
    return tomllib.loads((_HERE / "index.toml").read_text(encoding="utf-8"))


def tagged(text: str) -> set[tuple[str, str]]:
    """What stands behind `ref:` in a text, as (key, place)."""
    return {(one.partition("#")[0], one.partition("#")[2]) for tag in _TAG.findall(text) for one in tag.split(", ")}


def named(text: str) -> set[tuple[str, str]]:
    """Every reference in a file of the program, as (key, place)."""
    known = index()
    whole = {*_WHOLE.findall(text), *(key for key in _BARE.findall(text) if key in known)}
    return tagged(text) | set(_PLACED.findall(text)) | {(key, "") for key in whole}


def uses() -> Uses:
    """All references of the program, and what the tests say behind `ref:`."""
    found: Uses = defaultdict(lambda: defaultdict(set))
    for folder, read in (("mss_sim", named), ("tests", tagged)):
        for path in (_ROOT / folder).rglob("*.py"):
            if path.name != "test_references.py":  # it spells references that are none
                for key, place in read(path.read_text(encoding="utf-8")):
                    found[key][place].add(path.relative_to(_ROOT).as_posix().removeprefix("mss_sim/"))
    return found


def natural(place: str) -> list[tuple[bool, int, str]]:
    """What places are sorted by: 4.10 comes after 4.9, an appendix after the sections, words last."""
    return [(not part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in re.split(r"[.-]", place)]


def page() -> str:
    """The page, as it should stand in README.md."""
    found, entries = uses(), index()
    parts = [_HEAD]
    for group in _GROUPS:
        keys = sorted((key for key in entries if _group(key, entries[key]) == group), key=_order)
        rows = [_row(key, entries[key], found.get(key, {})) for key in keys]
        parts.append("\n".join([f"## {group}", "", "| source | title | kept | where |", "|---|---|---|---|", *rows, ""]))
    return "\n".join(parts)


def _group(key: str, entry: dict[str, Any]) -> str:
    if entry["status"] == "choice":
        return _CHOICES
    if key.startswith("rfc"):
        return "RFCs"
    return "OpenID Connect" if key.startswith(("openid-", "ciba-")) else "National texts"


def _order(key: str) -> tuple[int, str]:
    return int(key.removeprefix("rfc")) if key.startswith("rfc") else 0, key


def _row(key: str, entry: dict[str, Any], found: dict[str, set[str]]) -> str:
    source = f"[{key}](https://www.rfc-editor.org/rfc/{key})" if key.startswith("rfc") else key
    places = sorted(found, key=lambda place: (place != "", natural(place)))
    where = "<br>".join(f"{_place(key, place)}: {', '.join(f'`{name}`' for name in sorted(found[place]))}" for place in places)
    return f"| {source} | {entry['title']} | {_kept(entry['status'])} | {where} |"


def _place(key: str, place: str) -> str:
    if not place:
        return "as a whole"
    return f"[{place}](../quirks.md#{place})" if key == "quirks" else place


def _kept(status: str) -> str:
    word, _colon, missing = status.partition(": ")
    if word == "partial":
        return f"partly: {missing}"
    return {"implemented": "yes", "choice": "our choice", "source": "no: it gives facts, there is nothing to implement"}[word]


def with_magic_addresses(readme: str) -> str:
    """The README of the project, with the table of magic addresses as the code has it between its two comments."""
    from mss_sim.policy.magic_addresses import MAGIC_ADDRESSES  # noqa: PLC0415 - the pages of sources need no program
    from mss_sim.vocabulary.language import Language  # noqa: PLC0415 - as above

    rows = [f"| `{local}` | {one.text.in_language(Language.EN)} |" for local, one in MAGIC_ADDRESSES.items()]
    head, _, rest = readme.partition(_MAGIC[0])
    _, _, tail = rest.partition(_MAGIC[1])
    return "\n".join([f"{head}{_MAGIC[0]}", "| local part | a letter to it |", "|---|---|", *rows, f"{_MAGIC[1]}{tail}"])


def told_by_pages() -> str:
    """What pages show of the source that a refusal names: titles by key, and of rules of ours the row of docs/quirks.md by anchor."""
    rows = re.findall(r'^\| <a id="([^"]+)"></a>(.*) \|$', (_ROOT / "docs" / "quirks.md").read_text(encoding="utf-8"), re.MULTILINE)
    cells = {anchor: [cell.strip() for cell in row.split(" | ")] for anchor, row in rows}
    quirks = {anchor: dict(zip(_CELLS, cells[anchor], strict=False)) for anchor in uses()["quirks"] if anchor in cells}
    titles = {key: {"title": entry["title"], "status": entry["status"]} for key, entry in index().items()}
    return json.dumps({"titles": titles, "quirks": quirks}, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


_CELLS = "rule", "choice", "why", "setting"
_MAGIC = "<!-- magic addresses, written by make references -->", "<!-- end of the magic addresses -->"


if __name__ == "__main__":
    readme = _ROOT / "README.md"
    readme.write_text(with_magic_addresses(readme.read_text(encoding="utf-8")), encoding="utf-8")
    (_HERE / "README.md").write_text(page(), encoding="utf-8")
    (_ROOT / "mss_sim" / "web" / "sources.json").write_text(told_by_pages(), encoding="utf-8")
