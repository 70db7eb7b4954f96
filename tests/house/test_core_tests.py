"""Every file of the core has its tests where the core has the file: `core/<room>/<file>.py`, `tests/core/<room>/test_<file>.py`."""

import ast
from pathlib import Path

import pytest

from mss_sim.vocabulary.language import Language
from mss_sim.words.catalogue import translations
from tests.core.towns import REFUSALS

_ROOT = Path(__file__).resolve().parents[2]
_CORE, _TESTS = _ROOT / "mss_sim" / "core", _ROOT / "tests" / "core"
_FILES = {path.relative_to(_CORE).as_posix() for path in _CORE.rglob("*.py") if path.name != "__init__.py"}  # an essay, see test_tidy
_WITHOUT = {"world/store_types.py": "hands the types of the store on to the doors; it defines nothing"}
"""Files that decide nothing, each with the reason."""


def _tests_of(file: str) -> Path:
    return (_TESTS / file).with_name(f"test_{Path(file).name}")


def _defines(path: Path) -> bool:
    body = ast.parse(path.read_text(encoding="utf-8")).body
    return any(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) for node in body)


@pytest.mark.parametrize("file", sorted(_FILES - _WITHOUT.keys()))
def test_a_file_of_the_core_has_tests_of_its_own(file: str) -> None:
    tests = _tests_of(file)
    assert tests.is_file(), f"write {tests.relative_to(_ROOT)}"
    assert "def test_" in tests.read_text(encoding="utf-8")


def test_an_exception_is_a_file_that_defines_nothing_and_has_no_tests() -> None:
    assert _WITHOUT.keys() <= _FILES, "the file is gone"
    assert [file for file in _WITHOUT if _defines(_CORE / file) or _tests_of(file).exists()] == []
    assert all(_WITHOUT.values())


def test_no_tests_are_left_of_a_file_that_went() -> None:
    """Further files may stand beside: `test_copies_between.py` beside `test_copies.py`."""
    files = sorted(path.relative_to(_TESTS).as_posix() for path in _TESTS.rglob("test_*.py"))
    known = [file.replace(Path(file).name, f"test_{Path(file).stem}") for file in _FILES]
    assert [file for file in files if not any(file == f"{one}.py" or file.startswith(f"{one}_") for one in known)] == []


@pytest.mark.parametrize("room", sorted({Path(file).parent.as_posix() for file in _FILES}))
def test_a_room_of_tests_is_a_package_so_that_its_files_may_be_called_like_those_of_others(room: str) -> None:
    assert (_TESTS / room / "__init__.py").is_file()


def test_a_row_of_the_refusals_is_of_a_sentence_that_somebody_says() -> None:
    assert sorted(REFUSALS.keys() - translations(Language.FR).keys()) == []
