"""Where a rule comes from, as pages tell it: the title of the text, or of a rule of ours what was chosen and why.

A refusal names a key of docs/references/index.toml with its place. What is told of it ships with the pages: `make references` writes
sources.json from the index and from docs/quirks.md.
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

_OURS = "quirks"


@dataclass(frozen=True, slots=True)
class Source:
    """A source: its title, where in it, how far it is kept; of a rule of ours `choice` and `why`, and the setting that changes it.

    `rfc` is the number of an RFC, None for other texts.
    """

    reference: str
    title: str
    place: str
    status: str
    choice: str = ""
    why: str = ""
    setting: str = ""
    rfc: str | None = None


def source_of(reference: str) -> Source | None:
    """What is known of a key with its place; None of a source that nobody wrote down."""
    key, _, place = reference.partition("#")
    known = _known()
    entry = known["titles"].get(key)
    if entry is None:
        return None
    row = known["quirks"].get(place) if key == _OURS else None
    if row is not None:
        told = {name: row.get(name, "").replace("`", "") for name in ("choice", "why", "setting")}
        return Source(reference, row["rule"].replace("`", ""), place, entry["status"], **told)
    return Source(reference, entry["title"], place, entry["status"], rfc=key.removeprefix("rfc") if key.startswith("rfc") else None)


@cache
def _known() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((files("mss_sim.web") / "sources.json").read_text("utf-8"))
    return found
