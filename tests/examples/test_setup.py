"""What the examples promise beside their stories: a short set-up, pins, no address to fetch from, guides that show what is run."""

import json
import re
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.examples.playing import EXAMPLES, ROOT

FEWER_LINES_THAN = {
    "python/conftest.py": 15,
    "javascript/mss-sim.js": 30,
    "java/src/test/java/fr/example/practice/MssSim.java": 30,
    "shell/mss-sim.sh": 30,
}
_NO_CODE = re.compile(r'\s*(?:#|//|/?\*|import |from |package |""".*"""$|$)')
_BUILT = {"node_modules", "target", "__pycache__"}
FILES = [path for path in sorted(EXAMPLES.rglob("*")) if path.is_file() and not _BUILT & set(path.parts)]
GUIDES = ("in-your-ci", "python", "java", "javascript", "dotnet")


@pytest.mark.parametrize("path", FEWER_LINES_THAN)
def test_the_set_up_is_short(path: str) -> None:
    """Lines of code, without imports."""
    code = [line for line in (EXAMPLES / path).read_text(encoding="utf-8").splitlines() if not _NO_CODE.match(line)]
    assert 0 < len(code) < FEWER_LINES_THAN[path]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(EXAMPLES).as_posix())
def test_no_place_to_fetch_from_is_named(path: Path) -> None:
    text = path.read_text(encoding="utf-8").replace('xmlns="http://maven.apache.org/POM/4.0.0"', "")
    assert re.findall(r"\w+://(?!127\.0\.0\.1|localhost)[\w.]+\S*", text) == []


def test_what_python_needs_is_pinned_to_what_it_was_played_with() -> None:
    lines = (EXAMPLES / "python" / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pins = [line.partition("==") for line in lines if not line.startswith("#")]
    assert {name: pinned for name, _, pinned in pins} == {name: version(name) for name in ("httpx", "pytest")}


def test_what_javascript_needs_is_pinned_and_locked() -> None:
    wanted = json.loads((EXAMPLES / "javascript" / "package.json").read_text(encoding="utf-8"))["devDependencies"]
    locked = json.loads((EXAMPLES / "javascript" / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert {name: locked[f"node_modules/{name}"]["version"] for name in wanted} == wanted
    assert [name for name, one in locked.items() if name and "integrity" not in one] == []


def test_what_dotnet_needs_is_pinned() -> None:
    versions = re.findall(r'Version="([^"]+)"', (EXAMPLES / "dotnet" / "Practice.Tests.csproj").read_text(encoding="utf-8"))
    assert versions
    assert [one for one in versions if not re.fullmatch(r"\[\d+\.\d+\.\d+\]", one)] == []


def test_what_is_not_run_says_so() -> None:
    for page in (EXAMPLES / "dotnet" / "README.md", EXAMPLES / "README.md", ROOT / "docs" / "guide" / "dotnet.md"):
        assert "not run" in page.read_text(encoding="utf-8"), page


@pytest.mark.parametrize("name", GUIDES)
def test_what_a_guide_shows_of_an_example_is_in_it(name: str) -> None:
    """Fences without a language are parts of the files that the page links to."""
    page = (ROOT / "docs" / "guide" / f"{name}.md").read_text(encoding="utf-8")
    sources = [(ROOT / "docs" / "guide" / target).resolve() for target in re.findall(r"\]\((\.\./\.\./examples/[^)]+)\)", page)]
    assert sources
    texts = [path.read_text(encoding="utf-8") for path in sources if path.is_file()]
    fences = re.findall(r"^```([a-z]*)\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    shown = [text for kind, text in fences if not kind and not text.startswith("# .")]  # the name of a file of a CI that is not here
    assert [text for text in shown if not any(text in one for one in texts)] == []
