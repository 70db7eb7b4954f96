"""The style guide as a test: ceilings, banned names, banned calls, essays at the head of packages."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[2]
_SOURCES = sorted((_ROOT / "mss_sim").rglob("*.py"))
_TESTS = sorted((_ROOT / "tests").rglob("*.py"))
_BENCH = sorted((_ROOT / "bench").rglob("*.py"))
_FILE_LINES_MAX = 400
_TEST_FILE_LINES_MAX = 600
_FUNCTION_LINES_MAX = 60
_ESSAY_LINES = range(25, 51)
_BANNED_NAMES = re.compile(r"^(utils?|helpers?|common|misc|managers?|base_.*|.*_utils?|.*_helpers?|.*_manager)$")
_BANNED_CALLS = {"datetime.now", "datetime.utcnow", "time.time", "time.time_ns", "uuid.uuid4", "random.random", "random.choice"}
_MAY_CALL = {"clock.py", "ids.py"}


def _name(path: Path) -> str:
    return path.relative_to(_ROOT).as_posix()


@pytest.mark.parametrize("path", [*_SOURCES, *_TESTS, *_BENCH], ids=_name)
def test_no_file_is_over_its_ceiling(path: Path) -> None:
    ceiling = _TEST_FILE_LINES_MAX if path in _TESTS else _FILE_LINES_MAX
    assert len(path.read_text(encoding="utf-8").splitlines()) <= ceiling


@pytest.mark.parametrize("path", [*_SOURCES, *_BENCH], ids=_name)
def test_no_function_is_over_its_ceiling(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    long = {node.name: node.end_lineno - node.lineno + 1 for node in functions if node.end_lineno}
    assert {name: lines for name, lines in long.items() if lines > _FUNCTION_LINES_MAX} == {}


@pytest.mark.parametrize("path", _SOURCES, ids=_name)
def test_a_file_is_named_by_a_noun_of_the_field(path: Path) -> None:
    assert not _BANNED_NAMES.match(path.stem)


@pytest.mark.parametrize("path", [path for path in _SOURCES if path.name not in _MAY_CALL], ids=_name)
def test_time_and_chance_come_from_clock_and_ids(path: Path) -> None:
    called = {ast.unparse(node.func) for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)}
    assert called & _BANNED_CALLS == set()


@pytest.mark.parametrize("path", [*_SOURCES, *_TESTS], ids=_name)
def test_no_mock_library_no_skip_no_leftover(path: Path) -> None:
    if path == Path(__file__).resolve():
        return
    text = path.read_text(encoding="utf-8")
    for word in (
        "unittest.mock",
        "mocker",
        "pytest.skip",
        "mark.skip",
        "mark.xfail",
        "importorskip",
        "TODO",
        "FIXME",
        "NotImplementedError",
    ):
        assert word not in text


@pytest.mark.parametrize("path", [path for path in _SOURCES if path.name == "__init__.py"], ids=_name)
def test_a_package_begins_with_an_essay_and_holds_no_code(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert len(tree.body) == 1, "a package file holds its essay and no code"
    assert len((ast.get_docstring(tree) or "").splitlines()) in _ESSAY_LINES


@pytest.mark.parametrize("path", _SOURCES, ids=_name)
def test_every_module_and_public_function_says_what_it_is(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), "the module has no docstring"
    silent = [node.name for node in _public_functions(tree) if not ast.get_docstring(node)]
    inherited = {"accept_sender", "accept_recipient", "accept_message", "authenticated", "start_tls", "now", "serve", "render"}
    assert set(silent) <= inherited


def _public_functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in tree.body:
        body = node.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_") else [node]
        for inner in body:
            if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef) and not inner.name.startswith("_"):
                yield inner


def test_words_of_the_specifications_are_spelled_in_the_vocabulary_only() -> None:
    words = ['"X-MSS-MES"', '"patient.mssante.fr"', '"[FIN]"', '"IHE_XDM.ZIP"', '"$MDNSent"', '"send_on_behalf"', '"co_holder"']
    allowed = {"demo.py", "builders.py", "schemas.py"}
    spelled = {
        (_name(path), word)
        for path in _SOURCES
        if path.parent.name != "vocabulary" and path.name not in allowed
        for word in words
        if word in path.read_text("utf-8")
    }
    assert spelled == set()
