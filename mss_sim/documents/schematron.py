"""Schematron rules that somebody has, run over the CDA documents of a letter: those of the ANS, or their own (ref: ans-cda#schematron).

None come with the simulator. A process of its own runs them (`schematron_engine`), one for each diagnosis, and is ended when its time
is over. What it finds stands beside what our rules find, in the words of the rule and with the version of the files; whatever keeps
them from being run is told as not checked.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from subprocess import DEVNULL, PIPE
from threading import Lock
from typing import Any

from mss_sim.documents.findings import Notes, error
from mss_sim.mail.headers import readable
from mss_sim.vocabulary.documents import FindingLevel
from mss_sim.words.sentence import quoted, say

RULE_FAILS = error(
    "cda.schematron",
    say("The document does not hold a rule of the Schematron that was given; the rule says in its own words what it expects."),
    "ans-cda#schematron",
    "ECO.2.1.1",
)
KINDS = (RULE_FAILS,)
"""What rules of others find has one code; which rule it was stands in what is expected."""

_SUFFIX = ".sch"
_LEVELS = {
    "warning": FindingLevel.WARNING,
    "warn": FindingLevel.WARNING,
    "info": FindingLevel.INFO,
    "information": FindingLevel.INFO,
}
"""How much a rule says that it weighs; one that says nothing, or anything else, is an error."""


class Engine:
    """The process of one diagnosis; it can be ended from another thread, before it begins too."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._is_ended = False

    def end(self) -> None:
        """Have no one wait for what it finds."""
        with self._lock:
            self._is_ended = True
            if self._process is not None:
                self._process.kill()

    def run(self, asked: dict[str, Any], seconds: float) -> dict[str, Any] | None:
        """What it tells; None when it failed, was ended, or took too long."""
        command = (sys.executable, "-P", "-m", "mss_sim.documents.schematron_engine")  # nothing is imported from where somebody stands
        written = json.dumps({**asked, "seconds": seconds}).encode("ascii")
        try:
            with self._lock:
                if self._is_ended:
                    return None
                process = self._process = subprocess.Popen(command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL)  # noqa: S603
            with process:
                try:
                    answer, _ = process.communicate(written, seconds)
                finally:
                    process.kill()
            told: dict[str, Any] | None = json.loads(answer) if process.returncode == 0 else None
        except (subprocess.SubprocessError, OSError, ValueError):
            return None
        return told


@dataclass(frozen=True, slots=True)
class Rules:
    """`path`: a Schematron, or a folder in which those are looked for whose name fits one of `names`; `seconds`: how long they may run.

    `engine`: what runs them, of one diagnosis.
    """

    path: Path
    names: Sequence[str] = (f"*{_SUFFIX}",)
    seconds: float = 30
    engine: Engine = field(default_factory=Engine, compare=False, repr=False)

    def files(self) -> list[Path]:
        """The files of rules, in the order of their paths."""
        if self.path.is_file():
            return [self.path]
        return sorted({file for name in self.names for file in self.path.rglob(name) if file.suffix == _SUFFIX and not file.is_dir()})

    def shown(self, file: str) -> str:
        """The file as it is called below the folder."""
        return readable(Path(file).relative_to(self.path).as_posix() if self.path.is_dir() else Path(file).name)


def check_by_rules(documents: Sequence[tuple[str, str]], rules: Rules, findings_max: int, notes: Notes) -> bool:
    """Write down what the rules find in CDA documents, each given by its name and its text, and which rules were run; whether any were."""
    files = rules.files()
    told = None
    if not files:
        names = ", ".join(rules.names)
        notes.unchecked(say("No Schematron was run: {path} has no file called {names}.", path=readable(str(rules.path)), names=names))
    elif find_spec("saxonche") is None:
        notes.unchecked(say("No Schematron was run: what runs it is not installed. Install {extra}.", extra="mss-sim[schematron]"))
    elif documents:
        asked = {"files": [str(file) for file in files], "documents": [text for _, text in documents], "findings_max": findings_max}
        told = rules.engine.run(asked, rules.seconds)
        if told is None:
            notes.unchecked(say("No Schematron was run to its end: it failed, or took over {seconds} seconds.", seconds=rules.seconds))
        else:
            _write_down(told, documents, rules, notes)
    return bool(told and told["rules"])


def _write_down(told: dict[str, Any], documents: Sequence[tuple[str, str]], rules: Rules, notes: Notes) -> None:
    for one in told["findings"]:
        expected = quoted(readable(f"{rules.shown(one['file'])}: {one['text']}"))
        level = _LEVELS.get(one["role"], FindingLevel.ERROR)
        notes.add(RULE_FAILS, documents[one["document"]][0], one["place"], expected=expected, level=level)
    for one in told["failures"]:
        file, text = rules.shown(one["file"]), readable(one["text"])
        if one["document"] is None:
            notes.unchecked(say("The Schematron {file} was not run: {text}", file=file, text=text))
        else:
            name = readable(documents[one["document"]][0])
            notes.unchecked(say("The Schematron {file} was not run over {document}: {text}", file=file, document=name, text=text))
    for one in told["rules"]:
        notes.unchecked(
            say(
                "The Schematron {file} ({version}) was run, and its rules met {met} places. The official validators run others, which "
                "change without a number: this is no proof of conformity.",
                file=rules.shown(one["file"]),
                version=one["version"],
                met=one["met"],
            )
        )
