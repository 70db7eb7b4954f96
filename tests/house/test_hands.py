"""What imports cannot show: who may open the store, write the journal, and keep the counters of folders."""

import ast
import re
from pathlib import Path

import pytest

_PACKAGE = Path(__file__).resolve().parents[2] / "mss_sim"
_FILES = sorted(_PACKAGE.rglob("*.py"))
_STORE_IN = ("core", "store", "app")


def _name(path: Path) -> str:
    return path.relative_to(_PACKAGE).as_posix()


def _attributes(path: Path) -> set[str]:
    """Every dotted use in a file, but for imports, as it is written."""
    return {ast.unparse(node) for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Attribute)}


@pytest.mark.parametrize("path", [path for path in _FILES if _name(path).split("/")[0] not in _STORE_IN], ids=_name)
def test_no_door_reaches_through_the_world_into_the_store(path: Path) -> None:
    reached = {one for one in _attributes(path) if one.endswith(".store")} - {"changes.store", "commands.store"}  # the IMAP command
    assert reached == set()


@pytest.mark.parametrize("path", [path for path in _FILES if _name(path).split("/")[0] in ("psc", "control", "public")], ids=_name)
def test_the_doors_of_http_use_verbs_and_not_what_the_world_is_made_of(path: Path) -> None:
    parts = ("store", "tokens", "igc", "ids", "white_list")
    assert {one for one in _attributes(path) if one.endswith(tuple(f"core.world.{part}" for part in parts))} == set()


@pytest.mark.parametrize("path", [path for path in _FILES if _name(path).split("/")[0] not in ("core", "store")], ids=_name)
def test_every_door_reads_letters_by_the_verbs_of_which_all_that_follows_is_part(path: Path) -> None:
    parts = ("copies.change_flags", "copies.note_reading", "messages.change_flags", "messages.open_message")
    assert {one for one in _attributes(path) if one in parts} == set()
    assert not {f"{module}.{name}" for module, name in _from_core(path)} & {f"mss_sim.core.mailbox.{part}" for part in parts}


def _from_core(path: Path) -> set[tuple[str | None, str]]:
    tree = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return {(node.module, one.name) for node in tree if isinstance(node, ast.ImportFrom) for one in node.names}


def _importers_of(module: str, name: str) -> set[str]:
    found = set()
    for path in _FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == module and name in {one.name for one in node.names}:
                found.add(_name(path))
    return found


def test_the_journal_has_one_writer() -> None:
    assert _importers_of("mss_sim.store", "journal") == {"core/access/journal.py"}
    assert _importers_of("mss_sim.models.tables", "journal") == {"store/indicators.py", "store/journal.py"}
    assert {_name(path) for path in _FILES if re.search(r"(insert|update|delete)\(journal\)", path.read_text(encoding="utf-8"))} == {
        "store/journal.py"  # the other counts
    }


def test_the_counters_of_folders_have_one_keeper() -> None:
    """Copies are put in, taken out and flagged by delivery and by core/mailbox/copies.py; the rows are written by store/folders.py.

    What carers see follows those copies.
    """
    writers = {
        _name(path)
        for path in _FILES
        if any(one in ("folders.c.exists_count", "folders.c.unseen_count", "folders.c.uid_next") for one in _attributes(path))
        or "update(folders)" in path.read_text(encoding="utf-8")
    }
    assert {name for name in writers if not name.startswith("store/")} == set()
    assert {_name(path) for path in _FILES if "update(folders)" in path.read_text(encoding="utf-8")} == {"store/folders.py"}
    counting = {_name(path) for path in _FILES if _set_in(path) & {"exists_count", "unseen_count", "uid_next", "modseq"}}
    assert counting == {"store/folders.py"}


def _set_in(path: Path) -> set[str]:
    """The attributes that a file sets, or changes in place."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AugAssign | ast.AnnAssign) else []
        found |= {one.attr for target in targets for one in ast.walk(target) if isinstance(one, ast.Attribute)}
    return found
