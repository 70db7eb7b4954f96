"""Every example of README and of the guides runs as it is written, where the README leaves its reader: in a folder with `data/ready.json`,
a simulator beside it, and `.venv/bin` on the path.

The fences that are run begin with ```sh or ```python; those of one page run in their order, in one shell, which stops at the first that
fails; curl fails for an answer that is a refusal. Ports alone are not as written: those of the page are the usual ones, which may be
taken here. What cannot be run has a comment above its fence, `<!-- not run: why -->`, and its line in `NOT_RUN`.
"""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

_ROOT = Path(__file__).resolve().parents[2]
_PAGES = [_ROOT / "README.md", *sorted((_ROOT / "docs" / "guide").glob("*.md"))]
_FENCE = re.compile(r"(?:<!-- not run: (?P<why>[^\n]+) -->\n)?```(?P<kind>[a-z]*)\n(?P<text>.*?)```", re.DOTALL)
_RUN = ("sh", "python")
_PORTS = {"submission": 1587, "mx": 1025, "imap": 1143, "http": 8080}
_SECOND_PORTS = {"submission": 2587, "mx": 2025, "imap": 2143, "http": 8180}
NOT_RUN = {
    ("README.md", "the tests start the simulator themselves, as the first command does"),
    ("README.md", "this is what runs it"),
    ("many-people.md", "it makes 800,000 mailboxes"),
    ("pro-sante-connect.md", "it opens a browser, and waits for somebody"),
    ("pro-sante-connect.md", "it takes a simulator that was started with the HTTPS port, and a code that a browser brings"),
    ("patients.md", "it opens a window"),
    ("docker.md", "it takes a container engine; tests/image builds and starts the image without one"),
    ("two-operators.md", "it stays in the foreground; the tests start it"),
    ("two-operators.md", "the command above has done it"),
    ("without-make.md", "it downloads what is installed already, and stays in the foreground"),
}


class Snippet(NamedTuple):
    """One fence of a page; `why` it is not run, None for one that is."""

    kind: str
    text: str
    why: str | None


def snippets(page: Path) -> list[Snippet]:
    """The fences of a page that have a language, in their order."""
    found = _FENCE.finditer(page.read_text(encoding="utf-8"))
    return [Snippet(fence["kind"], fence["text"], fence["why"]) for fence in found if fence["kind"]]


@contextmanager
def _serving(folder: Path, data: str, *options: str) -> Iterator[dict[str, Any]]:
    """A simulator that was started in the folder, as `make run` does; the content of its ready file."""
    ports = [word for name in _PORTS for word in (f"--{name.replace('_', '-')}-port", "0")]
    command = ["mss-sim", "run", "--data", data, *ports, "--log-level", "error", *options]
    with (folder / f"{data}.log").open("wb") as said:
        running = subprocess.Popen(command, cwd=folder, stdout=said, stderr=said, env=_environment(folder))
    try:
        deadline = time.monotonic() + 60
        while not (folder / data / "ready.json").exists():
            assert running.poll() is None, (folder / f"{data}.log").read_text(encoding="utf-8")
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield json.loads((folder / data / "ready.json").read_text(encoding="utf-8"))
    finally:
        running.send_signal(signal.SIGTERM)
        assert running.wait(30) == 0


def _environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "PATH": f"{folder / '.venv' / 'bin'}:{os.environ['PATH']}", "PYTHONPATH": str(_ROOT)}


def _moved(text: str, ready: dict[str, Any], usual: dict[str, int]) -> str:
    """The text with the ports of a running simulator in place of the usual ones."""
    there = {name: str(ready[name]["port"]) for name in usual if name != "http"} | {"http": ready["http"].rpartition(":")[2]}
    for name, port in usual.items():
        text = re.sub(rf"\b{port}\b", there[name], text)
    return text


def _script(page: Path, folder: Path, moved: Any) -> str:
    """The page as one script for bash; each snippet is announced on standard error."""
    lines = ["set -eo pipefail", 'curl() { command curl --silent --show-error --fail-with-body --max-time 30 "$@"; }']
    for number, one in enumerate(snippet for snippet in snippets(page) if snippet.why is None):
        text = moved(one.text)
        lines.append(f"echo {shlex.quote(f'--- {page.name}, snippet {number + 1}: {one.text.splitlines()[0]}')} >&2")
        if one.kind == "python":
            tests = "def test_" in text
            file = folder / f"{'test_' if tests else ''}snippet_{number}.py"
            file.write_text(text, encoding="utf-8")
            lines.append(f"python -m pytest -q -p no:cacheprovider {file}" if tests else f"python {file}")
        else:
            lines.append(text)
    return "\n".join(lines)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder as `make run` leaves it: its programs in .venv/bin."""
    programs = tmp_path / ".venv" / "bin"
    programs.mkdir(parents=True)
    for name, words in (("python", '"$@"'), ("mss-sim", '-m mss_sim "$@"')):
        (programs / name).write_text(f"#!/bin/sh\nexec {shlex.quote(sys.executable)} {words}\n", encoding="utf-8")
        (programs / name).chmod(0o755)
    return tmp_path


@pytest.mark.parametrize("page", [page for page in _PAGES if any(one.why is None for one in snippets(page))], ids=lambda page: page.stem)
def test_the_examples_of_a_page_run(folder: Path, page: Path) -> None:
    with ExitStack() as stack:
        ready = stack.enter_context(_serving(folder, "data"))
        second = stack.enter_context(_serving(folder, "data2", "--seed", "clinique")) if "8180" in page.read_text("utf-8") else None

        def moved(text: str) -> str:
            here = _moved(text, ready, _PORTS)
            return _moved(here, second, _SECOND_PORTS) if second else here

        command = ["bash", "-c", _script(page, folder, moved)]
        played = subprocess.run(
            command,
            cwd=folder,
            env=_environment(folder),
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        assert played.returncode == 0, played.stdout[-3_000:] + played.stderr[-3_000:]


def test_what_is_not_run_is_known() -> None:
    assert {(page.name, one.why) for page in _PAGES for one in snippets(page) if one.why} == NOT_RUN


def test_every_example_is_of_a_kind_that_is_run() -> None:
    assert {(page.name, one.kind) for page in _PAGES for one in snippets(page) if one.kind not in _RUN} == set()
    assert sum(one.why is None for page in _PAGES for one in snippets(page)) >= 20


def test_the_readme_begins_with_two_commands() -> None:
    first = next(one for one in snippets(_PAGES[0]))
    assert [line.split(" #")[0].strip() for line in first.text.splitlines()] == ["make run", "make test"]
    lines = _PAGES[0].read_text(encoding="utf-8").splitlines()
    assert lines.index("```sh") < 5
    assert lines.index("## A first letter") < 50, "what it is fits on one screen"
