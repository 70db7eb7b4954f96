"""Plays mutations over parts of the package: python -m tests.mutants [PART | FILE ...], all parts when none is named.

A file is named as below mss_sim: mail/fields.py. The tests that are about a part must notice each of its mutants; who survives them meets
the suites that keep a promise at every door. What survived is shown as diffs at the end; the status is 1 when one is not excused in
excused.toml. A mutant that changes nothing but the words of a sentence is not counted: sentences are held where they are shown; nor is
one that writes the name of a codec or of a header field in other case, which is read in any.

Of core, whose tests take long, and of mail, documents and readers, which have thousands, a tenth is played: the mutants that
MUTANTS_DRAW, a digit, draws by the hash of their names; `MUTANTS_DRAW=all` plays all, which takes hours. A run that was stopped is gone
on with: what was played is kept below build/mutants-played, and only those that survived, or whose code changed, are played again. New
tests are met by them; remove that folder when tests were taken away, or reach more than they did.
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

from tests.mutants.player import DIED, WITH_TIME, drawn

ROOT = Path(__file__).parents[2]
MUTANTS = ROOT / "mutants"
"""Where mutmut works: a link to the folder below KEPT of the part and the tests that are played."""
KEPT = ROOT / "build/mutants-played"


@dataclass(frozen=True)
class Part:
    """Folders and files of the package, and the folders of the tests that are about them; of tests/pure those that name one of the former.

    `doors`: the tests, through every door, that those meet who survived the former. `whole`: it is small enough for all its mutants.
    """

    places: tuple[str, ...]
    tests: tuple[str, ...] = ("tests/pure",)
    doors: tuple[str, ...] = ()
    whole: bool = False

    @property
    def draw(self) -> str:
        """The digit by which its mutants are drawn, or "all"."""
        return "all" if self.whole else os.environ.get("MUTANTS_DRAW", "3")

    def test_paths(self) -> list[str]:
        """The tests that must notice a mutant of the part."""
        names = [f"mss_sim.{place.removesuffix('.py').replace('/', '.')}" for place in self.places]
        pure = [path for path in sorted((ROOT / "tests/pure").glob("test_*.py")) if any(name in path.read_text("utf-8") for name in names)]
        return [str(path.relative_to(ROOT)) for path in pure] if "tests/pure" in self.tests else list(self.tests)


_CONTRACTS = ("tests/contracts",)
_IMAP = ("tests/dialogues", *(f"tests/journeys/test_{name}.py" for name in ("imap_truth", "imap_copies", "second_door", "rest_pages")))
_FEED = tuple(f"tests/journeys/test_{name}.py" for name in ("wait", "events", "webhooks", "f16_carer"))
_STEERING = "seeds command_line_seeds snapshots many_people people_like directory_seed mailpit letters indicators documents"
_CONTROL = tuple(f"tests/journeys/test_{name}.py" for name in (*_STEERING.split(), "reset", "faults_mail"))
_DOCUMENTS = ("tests/journeys/test_documents.py", "tests/journeys/test_f9_documents_that_cannot_be_taken_in.py")
_LDAP = tuple(f"ldap/{name}.py" for name in ("filters", "framing", "messages", "names"))
_READERS = (
    "smtp/commands.py",
    "net/sasl.py",
    "dns/server.py",
    "pki/names.py",
    "psc/authentication.py",
    *_LDAP,
    "fhir",
    "scenarios",
    "faults",
)
_ASKED = "dns_attacks peer_certificates relay psc_who_asks psc_login psc_levels psc_attacks psc_bad_input psc_tokens ldap ldap_attacks"
_ASKED += (
    " faults_http faults_smtp faults_mail faults_imap faults_directory directory directory_refusals directory_writing directory_settings"
)
_JOURNEYS = tuple(f"tests/journeys/test_{name}.py" for name in _ASKED.split())
_READING = ("tests/dialogues", "tests/calls", "tests/core/scenarios", "tests/core/annuaire", *_JOURNEYS)
_DOORS = {"access": _CONTRACTS, "mailflow": _CONTRACTS, "conversations": _CONTRACTS, "mailbox": _IMAP, "feed": _FEED, "control": _CONTROL}
_ROOMS = "access mailbox world mailflow conversations control scenarios annuaire trust psc feed patients"
PARTS = {
    "policy": Part(("policy",), whole=True),
    **{room: Part((f"core/{room}",), (f"tests/core/{room}",), _DOORS.get(room, ())) for room in _ROOMS.split()},
    "mail": Part(("mail",), doors=("tests/core/mailflow", "tests/core/mailbox")),
    "documents": Part(("documents",), doors=("tests/core/mailbox", *_DOCUMENTS)),
    "grammar": Part(("imap/grammar",), whole=True),
    "readers": Part(_READERS, doors=_READING),
    "assembly": Part(("core/assembly.py",), ("tests/core/test_assembly.py",), ("tests/core/control", "tests/core/feed"), whole=True),
}
_MUTMUT = Path(sys.executable).with_name("mutmut")
_FIELD_NAMES = r"headers\.(?:all|text|with_only)\(|headers, |_field\(conn, item, |without_fields\(raw, \[|\], \[|for name in \("
_CODEC = re.compile(rf'(?<=code\(|ding=)"[^"]+"|(?:{_FIELD_NAMES})"[A-Za-z-]+"')
_TEXT = re.compile(r"""[rfbu]*(?P<quote>"{3}|"|')(?:\\.|(?!(?P=quote)).)*(?P=quote)""", re.IGNORECASE | re.DOTALL)


@dataclass
class Tally:
    """What became of the mutants of one part; `survived`: names and diffs."""

    died: int = 0
    with_time: int = 0
    alike: int = 0
    excused: int = 0
    survived: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        died = f"{self.died} of {self.died + self.excused + len(self.survived)} died, {self.with_time} of them since they took too long"
        rest = f"{self.excused} excused, {len(self.survived)} survived; {self.alike} that changed words alone are not counted"
        return f"{died}, {rest}"


def main() -> int:
    """The parts and files that are named, or all parts."""
    excuses = Excuses(tomllib.loads(Path(__file__).with_name("excused.toml").read_text(encoding="utf-8")))
    wanted = [(name, *_found(name)) for name in sys.argv[1:] or PARTS]
    survived: dict[str, str] = {}
    for name, part, files in wanted:
        tally = play(name, part, files, excuses)
        sys.stdout.write(f"{name}: {tally}\n")
        survived |= tally.survived
    sys.stdout.writelines(f"{mutant}\n{diff}\n" for mutant, diff in survived.items())
    return 1 if survived else 0


def _found(name: str) -> tuple[Part, list[str]]:
    """The part of that name and its files, or one file and the part that it is of."""
    if name in PARTS:
        return PARTS[name], [f"mss_sim/{place}" if place.endswith(".py") else f"mss_sim/{place}/*" for place in PARTS[name].places]
    for part in PARTS.values():
        if any(name == place or name.startswith(f"{place}/") for place in part.places) and (ROOT / "mss_sim" / name).is_file():
            return part, [f"mss_sim/{name}"]
    raise SystemExit(f"no such part: {name}; the parts are {', '.join(PARTS)}, and the files below mss_sim in them")


def play(name: str, part: Part, files: list[str], excuses: "Excuses") -> Tally:
    """One part or file: play its mutants, judge what survived."""
    tally = Tally()
    for mutant, diff in _survivors(name, files, part.test_paths(), part.draw, [], tally):
        removed, added = (" ".join(line[1:].strip() for line in diff.splitlines() if line.startswith(sign)) for sign in "-+")
        if _meant(removed) == _meant(added):
            tally.alike += 1
        elif excuses.cover(mutant, removed, added):
            tally.excused += 1
        else:
            tally.survived[mutant] = diff
    if tally.survived and part.doors:
        tally.survived = dict(_survivors(name, files, part.doors, part.draw, list(tally.survived), tally))
    return tally


def _survivors(part: str, files: list[str], tests: Sequence[str], draw: str, names: Sequence[str], tally: Tally) -> list[tuple[str, str]]:
    """(name, diff) of the mutants of these names, all without one, that none of the tests noticed; the others are counted."""
    kept = KEPT / (part.replace("/", ".") + ("-doors" if names else ""))
    kept.mkdir(parents=True, exist_ok=True)
    if MUTANTS.is_dir() and not MUTANTS.is_symlink():
        shutil.rmtree(MUTANTS)
    MUTANTS.unlink(missing_ok=True)
    MUTANTS.symlink_to(kept)
    command = [sys.executable, "-m", "tests.mutants.player", ",".join(files), ",".join(tests), draw, *names]
    if subprocess.run(command, cwd=ROOT, check=False).returncode:
        raise SystemExit(f"{part}: mutmut stopped; what it said is above. A test that fails before anything is broken is mended first")
    results = [(name, status) for name, status in _results() if drawn(name, draw) and (not names or name in names)]
    forgotten = [name for name, status in results if status is None]
    if forgotten:
        raise SystemExit(f"{part}: {forgotten[0]} was not played; call again to go on")
    tally.died += sum(status in DIED for _, status in results)
    tally.with_time += sum(status in WITH_TIME for _, status in results)
    return [(name, _diff(name)) for name, status in results if status not in DIED]


def _results() -> list[tuple[str, int | None]]:
    """(name, exit status of the tests) of each mutant."""
    found: list[tuple[str, int | None]] = []
    for path in sorted(MUTANTS.rglob("*.meta")):
        found += json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"].items()
    return found


def _diff(name: str) -> str:
    """What a mutant changes, with a few lines around, from its first @@ on."""
    shown = subprocess.run([_MUTMUT, "show", name], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return shown[shown.index("\n@@") + 1 :].rstrip()


def _meant(code: str) -> str:
    """Code without the sentences in it; a text without a space is no sentence but a value: a code, a reference, the name of a field.

    Names of codecs and of header fields are in lower case, since they are read in any.
    """
    return _TEXT.sub(lambda text: "" if " " in text[0] else text[0], _CODEC.sub(lambda name: name[0].lower(), code))


class Excuses:
    """Mutants that no test can notice, or need not, each with its reason; kinds of them by what the code matches before and after."""

    def __init__(self, told: dict[str, list[dict[str, str]]]) -> None:
        self._rows = [(row["module"], row["now"]) for row in told["mutant"]]
        self._kinds = [(row["module"], re.compile(row["before"]), re.compile(row["now"])) for row in told["kind"]]

    def cover(self, name: str, removed: str, added: str) -> bool:
        """Whether that one is excused."""
        return any(name.startswith(module + ".") and now in added for module, now in self._rows) or any(
            name.startswith(module + ".") and before.search(removed) and now.search(added) for module, before, now in self._kinds
        )


if __name__ == "__main__":
    sys.exit(main())
