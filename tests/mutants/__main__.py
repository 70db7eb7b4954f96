"""Plays mutations over parts of the package: python -m tests.mutants [PART | FILE ...], all parts when none is named.

A file is named as below mss_sim: mail/fields.py. The tests that are about a part must notice each of its mutants; who survives them meets
the suites that keep a promise at every door. What survived is shown as a diff; the status is 1 when one is not excused in excused.toml. A
mutant that changes nothing but the words of a sentence is not counted: sentences are held where they are shown; nor one that writes the
name of a codec or of a header field in other case, which is read in any.

Of core, whose tests take long, and of mail, which has thousands, a tenth is played: the mutants whose number in their function ends with
MUTANTS_DRAW, a digit; `MUTANTS_DRAW=all` plays all, which takes hours.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
MUTANTS = ROOT / "mutants"


@dataclass(frozen=True)
class Part:
    """Folders of the package, and the folders of the tests that are about them; of tests/pure those that name one of the former.

    `doors`: the tests, through every door, that those meet who survived the former. `whole`: it is small enough for all its mutants.
    """

    folders: tuple[str, ...]
    tests: tuple[str, ...] = ("tests/pure",)
    doors: tuple[str, ...] = ()
    whole: bool = False

    @property
    def drawn(self) -> tuple[str, ...]:
        """What the names of the mutants that are played match; empty for all."""
        return () if self.whole or _DRAW == "all" else (f"*__mutmut_*{_DRAW}",)

    def test_paths(self) -> list[str]:
        """The tests that must notice a mutant of the part."""
        names = [f"mss_sim.{folder.replace('/', '.')}" for folder in self.folders]
        pure = [path for path in sorted((ROOT / "tests/pure").glob("test_*.py")) if any(name in path.read_text("utf-8") for name in names)]
        return [str(path.relative_to(ROOT)) for path in pure] if "tests/pure" in self.tests else list(self.tests)


_CONTRACTS = ("tests/contracts",)
_IMAP = ("tests/dialogues", *(f"tests/journeys/test_{name}.py" for name in ("imap_truth", "imap_copies", "second_door", "rest_pages")))
PARTS = {
    "policy": Part(("policy",), whole=True),
    "access": Part(("core/access",), ("tests/core/access",), _CONTRACTS),
    "mailflow": Part(("core/mailflow", "core/conversations"), ("tests/core/mailflow", "tests/core/conversations"), _CONTRACTS),
    "mailbox": Part(("core/mailbox",), ("tests/core/mailbox",), _IMAP),
    "world": Part(
        ("core/world", "core/trust", "core/psc", "core/control"),
        ("tests/core/world", "tests/core/trust", "tests/core/psc", "tests/core/control"),
    ),
    "mail": Part(("mail",), doors=("tests/core/mailflow", "tests/core/mailbox")),
    "documents": Part(("documents",), doors=("tests/core/mailbox",)),
    "grammar": Part(("imap/grammar",), whole=True),
}
_DRAW = os.environ.get("MUTANTS_DRAW", "3")
_MUTMUT = Path(sys.executable).with_name("mutmut")
_DIED = {1, 3, 24, -24, 36, 152, 255, -9, -11, -14}
"""Statuses of a mutant that was noticed: a test failed, pytest broke, it took too much time or waited too long, the system ended it."""
_CODEC = re.compile(r'(?<=code\(|ding=)"[^"]+"|(?:headers\.(?:all|text|with_only)\(|headers, |\], \[|for name in \()"[A-Za-z-]+"')
_TEXT = re.compile(r"""[rfbu]*(?P<quote>"{3}|"|')(?:\\.|(?!(?P=quote)).)*(?P=quote)""", re.IGNORECASE | re.DOTALL)


@dataclass
class Tally:
    """What became of the mutants of one part."""

    died: int = 0
    alike: int = 0
    excused: int = 0
    survived: list[str] = field(default_factory=list)


def main() -> int:
    """The parts and files that are named, or all parts."""
    excuses = Excuses(tomllib.loads(Path(__file__).with_name("excused.toml").read_text(encoding="utf-8"))["mutant"])
    wanted = [(name, *_found(name)) for name in sys.argv[1:] or PARTS]
    return 1 if [name for name, part, files in wanted if play(name, part, files, excuses).survived] else 0


def _found(name: str) -> tuple[Part, list[str]]:
    """The part of that name and its files, or one file and the part that it is of."""
    if name in PARTS:
        return PARTS[name], [f"mss_sim/{folder}/*" for folder in PARTS[name].folders]
    for part in PARTS.values():
        if any(name.startswith(f"{folder}/") for folder in part.folders) and (ROOT / "mss_sim" / name).is_file():
            return part, [f"mss_sim/{name}"]
    raise SystemExit(f"no such part: {name}; the parts are {', '.join(PARTS)}, and the files below mss_sim in them")


def play(name: str, part: Part, files: list[str], excuses: "Excuses") -> Tally:
    """One part or file: play its mutants, judge what survived."""
    tally = Tally()
    unnoticed: dict[str, tuple[str, str]] = {}
    for mutant in _survivors(name, files, part.test_paths(), part.drawn, tally):
        removed, added = _change(mutant)
        if _meant(removed) == _meant(added):
            tally.alike += 1
        elif excuses.cover(mutant, added):
            tally.excused += 1
        else:
            unnoticed[mutant] = removed, added
    tally.survived = _survivors(name, files, part.doors, list(unnoticed), tally) if unnoticed and part.doors else list(unnoticed)
    for mutant in tally.survived:
        sys.stdout.write("{}\n  - {}\n  + {}\n".format(mutant, *unnoticed[mutant]))
    counted = tally.died + tally.excused + len(tally.survived)
    rest = f"{tally.excused} excused, {len(tally.survived)} survived; {tally.alike} that changed words alone are not counted"
    sys.stdout.write(f"{name}: {tally.died} of {counted} died, {rest}\n")
    return tally


def _survivors(part: str, files: list[str], tests: Sequence[str], names: Sequence[str], tally: Tally) -> list[str]:
    """The mutants of these names, all without one, that none of the tests noticed; the others are counted."""
    shutil.rmtree(MUTANTS, ignore_errors=True)  # mutmut takes what it made of other files for theirs
    command = [sys.executable, "-m", "tests.mutants.player", ",".join(files), ",".join(tests), *names]
    if subprocess.run(command, cwd=ROOT, check=False).returncode:
        raise SystemExit(f"{part}: mutmut stopped; what it said is above. A test that fails before anything is broken is mended first")
    results = _results()
    forgotten = [mutant for mutant, status in results if status is None]
    if forgotten and not names:
        raise SystemExit(f"{part}: {forgotten[0]} was not played")
    tally.died += sum(status in _DIED for _, status in results)
    return [mutant for mutant, status in results if status is not None and status not in _DIED]


def _results() -> list[tuple[str, int | None]]:
    """(name, exit status of the tests) of each mutant."""
    found: list[tuple[str, int | None]] = []
    for path in sorted(MUTANTS.rglob("*.meta")):
        found += json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"].items()
    return found


def _change(name: str) -> tuple[str, str]:
    """The code that a mutant takes away and puts in its place, each on one line."""
    shown = subprocess.run([_MUTMUT, "show", name], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    lines = [line for line in shown.splitlines() if not line.startswith(("---", "+++"))]
    removed, added = (" ".join(line[1:].strip() for line in lines if line.startswith(sign)) for sign in "-+")
    return removed, added


def _meant(code: str) -> str:
    """Code without the sentences in it; a text without a space is no sentence but a value: a code, a reference, the name of a field.

    Names of codecs and of header fields are in lower case, since they are read in any.
    """
    return _TEXT.sub(lambda text: "" if " " in text[0] else text[0], _CODEC.sub(lambda name: name[0].lower(), code))


class Excuses:
    """Mutants that no test can notice, each with its reason."""

    def __init__(self, rows: list[dict[str, str]]) -> None:
        self._rows = [(row["module"], row["now"]) for row in rows]

    def cover(self, name: str, added: str) -> bool:
        """Whether that one is excused."""
        return any(name.startswith(module + ".") and now in added for module, now in self._rows)


if __name__ == "__main__":
    sys.exit(main())
