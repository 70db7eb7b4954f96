"""How an example is played: as a program of its own, which finds `mss-sim` on its PATH and knows nothing of these tests."""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
KEY = "a-key-of-the-tests"
_SECONDS = 110


class Stage:
    """A folder with a program `mss-sim`, which writes down the number of each process that it becomes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._numbers = folder / "started"
        self._numbers.touch()
        (folder / "bin").mkdir()
        program = folder / "bin" / "mss-sim"
        numbers, python = shlex.quote(str(self._numbers)), shlex.quote(sys.executable)
        program.write_text(f'#!/bin/sh\necho $$ >>{numbers}\nexec {python} -m mss_sim "$@"\n', encoding="utf-8")
        program.chmod(0o755)
        mine = {name: value for name, value in os.environ.items() if not name.startswith(("MSS_SIM_", "PYTEST_", "COV_"))}
        path = f"{folder / 'bin'}:{mine['PATH']}"
        self._environment = {**mine, "PATH": path, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "TMPDIR": str(folder)}

    def play(self, where: Path, *command: str, **variables: str) -> str:
        """What a command says that ends well in a folder."""
        program = shutil.which(command[0])
        assert program, f"{command[0]} is missing: make strangers installs it"
        played = subprocess.run(
            [program, *command[1:]],
            cwd=where,
            env={**self._environment, **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        assert played.returncode == 0, played.stdout[-4_000:] + played.stderr[-4_000:]
        return played.stdout

    def started(self) -> int:
        """How many simulators were started here, all of which have ended by now, or do within seconds."""
        numbers = [int(number) for number in self._numbers.read_text(encoding="utf-8").split()]
        deadline = time.monotonic() + 10
        while any(_lives(number) for number in numbers):
            assert time.monotonic() < deadline, "the example ended, and its simulator did not"
            time.sleep(0.05)
        return len(numbers)

    @contextmanager
    def serving(self) -> Iterator["Served"]:
        """A simulator that was there before the example, behind a control key."""
        ready = self.folder / "served.json"
        ports = [word for name in ("submission", "mx", "imap", "http") for word in (f"--{name}-port", "0")]
        command = [sys.executable, "-m", "mss_sim", "run", "--memory", "--ready-file", str(ready), "--log-level", "error", *ports]
        running = subprocess.Popen(command, env={**self._environment, "MSS_SIM_CONTROL_KEY": KEY}, cwd=self.folder)
        try:
            deadline = time.monotonic() + 60
            while not ready.exists():
                assert running.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)
            yield Served(ready)
        finally:
            running.send_signal(signal.SIGTERM)
            assert running.wait(30) == 0


class Served:
    """A simulator that runs: its ready file, and what it has seen."""

    def __init__(self, ready: Path) -> None:
        self.ready = str(ready)
        self._http = json.loads(ready.read_text(encoding="utf-8"))["http"]

    def worlds(self) -> int:
        """How many worlds it has beside the first."""
        answer = httpx.get(f"{self._http}/control/worlds", headers={"X-Control-Key": KEY}, timeout=20)
        assert answer.status_code == 200, answer.text
        return len(answer.json())


def _lives(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    told = Path(f"/proc/{number}/stat")  # who has ended and was waited for by nobody has a number still
    return not told.exists() or told.read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
