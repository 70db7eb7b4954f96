"""A test suite of somebody else, in a folder and a process of its own: what pytest says of it with the plugin of this checkout."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

_ROOT = Path(__file__).resolve().parents[1]
_TITLE = re.compile(r"^_{3,} (?:ERROR at \w+ of )?(\w+) _{3,}$", re.MULTILINE)
_SECTION = re.compile(r"^-{3,} (mss-sim: .+?) -{3,}$", re.MULTILINE)
_SECONDS = 110


class Played(NamedTuple):
    """How a suite ended: pytest's exit code, and all that it said."""

    code: int
    said: str

    def failures(self) -> dict[str, str]:
        """What is reported of each test that failed."""
        whole = self.said.partition("short test summary")[0]
        _, *parts = _TITLE.split(whole)
        return dict(zip(parts[::2], parts[1::2], strict=True))

    def sections(self, test: str) -> dict[str, str]:
        """The sections of ours in the report of a test, by title; the name that a world of the test has is `WORLD`."""
        text = re.sub(rf"{test}-[0-9a-f]{{8}}", "WORLD", self.failures()[test])
        _, *parts = _SECTION.split(text)
        return dict(zip(parts[::2], parts[1::2], strict=True))


class Suite:
    """A folder with tests."""

    def __init__(self, folder: Path, tests: str, ini: str = "") -> None:
        self.folder = folder
        (folder / "test_theirs.py").write_text(tests, encoding="utf-8")
        (folder / "pytest.ini").write_text(f"[pytest]\naddopts = -ra --strict-markers --strict-config -p no:cacheprovider\n{ini}", "utf-8")

    def play(self, *options: str) -> Played:
        """Run it."""
        mine = {name: value for name, value in os.environ.items() if not name.startswith(("MSS_SIM_", "PYTEST_", "COV_", "COLUMNS"))}
        played = subprocess.run(
            [sys.executable, "-m", "pytest", "--color=no", *options],
            cwd=self.folder,
            env={**mine, "PYTHONPATH": str(_ROOT), "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "150"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        return Played(played.returncode, played.stdout + played.stderr)
