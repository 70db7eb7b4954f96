"""Plays mutations over parts of the package: python -m tests.mutants [PART ...], all parts when none is named.

The tests of tests/pure, tests/store and tests/core must notice each of them. What survived is shown as a diff; the status is 1 when one
is not excused in excused.toml. A mutant that changes nothing but the words of a text is not counted: texts are held where they are shown.
"""

import json
import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
PARTS = {
    "policy": ("mss_sim.policy.*",),
    "access": ("mss_sim.core.access.*",),
    "mailflow": ("mss_sim.core.mailflow.*", "mss_sim.core.conversations.*"),
    "mailbox": ("mss_sim.core.mailbox.*",),
    "world": ("mss_sim.core.world.*", "mss_sim.core.trust.*", "mss_sim.core.psc.*", "mss_sim.core.control.*"),
    "mail": ("mss_sim.mail.*",),
    "grammar": ("mss_sim.imap.grammar.*",),
    "net": ("mss_sim.net.*",),
}
_MUTMUT = Path(sys.executable).with_name("mutmut")
_SURVIVED, _UNTESTED = 0, 33
_NOT_RUN = None
_WORDS = re.compile(r"""[rfbu]*(?P<quote>"{3}|"|')(?:\\.|(?!(?P=quote)).)*(?P=quote)""", re.IGNORECASE | re.DOTALL)


@dataclass
class Tally:
    """What became of the mutants of one part."""

    died: int = 0
    words: int = 0
    excused: int = 0
    survived: list[str] = field(default_factory=list)


def main() -> int:
    """The parts that are named, or all."""
    parts = sys.argv[1:] or list(PARTS)
    unknown = set(parts) - PARTS.keys()
    if unknown:
        sys.stderr.write(f"no such part: {', '.join(sorted(unknown))}; the parts are {', '.join(PARTS)}\n")
        return 2
    excuses = Excuses(tomllib.loads(Path(__file__).with_name("excused.toml").read_text(encoding="utf-8"))["mutant"])
    return 1 if [part for part in parts if play(part, excuses).survived] else 0


def play(part: str, excuses: "Excuses") -> Tally:
    """One part: play its mutants, judge what survived."""
    patterns = PARTS[part]
    subprocess.run([_MUTMUT, "run", *patterns], cwd=ROOT, check=False)
    tally = Tally()
    for name, status in _results(patterns):
        if status not in (_SURVIVED, _UNTESTED):
            tally.died += status is not _NOT_RUN
            continue
        removed, added = _change(name)
        if _WORDS.sub("", removed) == _WORDS.sub("", added):
            tally.words += 1
        elif excuses.cover(name, added):
            tally.excused += 1
        else:
            tally.survived.append(name)
            sys.stdout.write(f"{name}\n  - {removed}\n  + {added}\n")
    counted = tally.died + tally.excused + len(tally.survived)
    sys.stdout.write(f"{part}: {tally.died} of {counted} died, {tally.excused} excused, {len(tally.survived)} survived\n")
    return tally


def _results(patterns: tuple[str, ...]) -> list[tuple[str, int | None]]:
    """(name, exit status of the tests) of each mutant of these modules."""
    found: list[tuple[str, int | None]] = []
    for pattern in patterns:
        folder = ROOT / "mutants" / pattern.removesuffix(".*").replace(".", "/")
        for path in sorted(folder.rglob("*.meta")):
            found += json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"].items()
    return found


def _change(name: str) -> tuple[str, str]:
    """The code that a mutant takes away and puts in its place, each on one line."""
    shown = subprocess.run([_MUTMUT, "show", name], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    lines = [line for line in shown.splitlines() if not line.startswith(("---", "+++"))]
    removed, added = (" ".join(line[1:].strip() for line in lines if line.startswith(sign)) for sign in "-+")
    return removed, added


class Excuses:
    """Mutants that no test can notice, each with its reason."""

    def __init__(self, rows: list[dict[str, str]]) -> None:
        self._rows = [(row["module"], row["now"]) for row in rows]

    def cover(self, name: str, added: str) -> bool:
        """Whether that one is excused."""
        return any(name.startswith(module + ".") and now in added for module, now in self._rows)


if __name__ == "__main__":
    sys.exit(main())
