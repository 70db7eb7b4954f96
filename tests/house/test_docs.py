"""The documentation fails the build when it lags: settings, links, personas, commands, quirks, decisions."""

import json
import re
import tomllib
from collections import Counter
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mss_sim.cli import app
from mss_sim.config.settings import FIELDS, variable
from mss_sim.config.variables import OF_RUN
from mss_sim.http.problems import PROBLEMS
from mss_sim.smtp.replies import REPLIES

_ROOT = Path(__file__).resolve().parents[2]
_PAGES = [*_ROOT.glob("*.md"), *(_ROOT / "docs").rglob("*.md")]
_DECISIONS = sorted((_ROOT / "docs" / "decisions").glob("*.md"))
_QUIRKS = (_ROOT / "docs" / "quirks.md").read_text(encoding="utf-8")
_QUIRKS_HEAD = "| rule | our choice | why | setting |"
_QUIRKS_ROWS = [line for line in _QUIRKS.partition("\n## ")[2].splitlines() if line.startswith("| ") and line != _QUIRKS_HEAD]
_QUIRKS_LEGEND = _QUIRKS.partition("\n## ")[0]
_PLACES = {
    "data_dir",
    "database_url",
    "host",
    "hostname",
    "submission_port",
    "mx_port",
    "imap_port",
    "http_port",
    "control_key",
    "queue_poll_seconds",
}


def test_every_setting_that_is_a_choice_has_its_line_in_the_quirks() -> None:
    named = set(re.findall(r"`([a-z_]+)`", _QUIRKS))
    assert set(FIELDS) - _PLACES - named == set()


@pytest.mark.parametrize(
    "page", [page for page in _PAGES if page.name != "CHANGELOG.md"], ids=lambda page: page.relative_to(_ROOT).as_posix()
)
def test_every_variable_named_in_a_page_exists(page: Path) -> None:
    """Examples for compose and CI are not run; a variable that is misspelt there would stop a start of the reader's."""
    named = re.findall(r"\bMSS_SIM_[A-Z0-9_]*[A-Z0-9]\b(?![_*<])", page.read_text(encoding="utf-8"))
    assert set(named) - {variable(name) for name in (*FIELDS, *OF_RUN)} == set()


def test_every_setting_named_in_the_quirks_exists() -> None:
    cells = [line.rsplit("|", 2)[1] for line in _QUIRKS_ROWS]
    named = {word for cell in cells for word in re.findall(r"`([a-z_]+)`", cell)}
    assert named - set(FIELDS) == set()


def test_a_quirk_without_a_setting_says_why() -> None:
    reasons = set(re.findall(r"^- \*\*([a-z]+)\*\*: ", _QUIRKS_LEGEND, re.MULTILINE))
    cells = {row: row.rsplit("|", 2)[1].strip() for row in _QUIRKS_ROWS}
    without = {row: cell for row, cell in cells.items() if "`" not in cell and cell != "as above"}
    assert {cell for cell in without.values() if cell.removeprefix("none: ") not in reasons or not cell.startswith("none: ")} == set()
    assert {f"none: {reason}" for reason in reasons} == set(without.values())
    lawful = [row for row, cell in without.items() if cell == "none: law"]
    assert [row for row in lawful if not re.search(r"RFC \d|ANS |ECO\.\d|national (?:FAQ|file)", row)] == []


def test_every_quirk_has_an_anchor_of_its_own() -> None:
    found = [re.match(r'\| <a id="([a-z0-9]+(?:-[a-z0-9]+)*)"></a>[^ |<]', row) for row in _QUIRKS_ROWS]
    assert [row for row, anchor in zip(_QUIRKS_ROWS, found, strict=True) if not anchor] == []
    counted = Counter(anchor[1] for anchor in found if anchor)
    assert [anchor for anchor, times in counted.items() if times > 1] == []
    assert len(re.findall("<a ", _QUIRKS)) == len(_QUIRKS_ROWS)


def test_every_section_of_the_quirks_is_one_table_with_the_same_columns() -> None:
    head, *sections = _QUIRKS.split("\n## ")
    assert not any(line.startswith("|") for line in head.splitlines())
    for section in sections:
        title, blank, columns, rule, *rows = section.rstrip("\n").splitlines()
        assert (blank, columns, rule) == ("", _QUIRKS_HEAD, "|---|---|---|---|"), title
        assert rows, title
        assert [row for row in rows if row.count("|") != 5] == []


def test_the_quirks_begin_with_the_list_of_their_sections() -> None:
    titles = re.findall(r"^## (.+)$", _QUIRKS, re.MULTILINE)
    anchors = [re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles]
    listed = re.findall(r"^- \[(.+)\]\(#(.+)\)$", _QUIRKS, re.MULTILINE)
    assert listed == list(zip(titles, anchors, strict=True))


def test_every_setting_says_what_it_is() -> None:
    assert [name for name, field in FIELDS.items() if not field.description] == []


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.relative_to(_ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8"))
    assert [target for target in targets if "://" not in target and not (page.parent / target).exists()] == []


def test_the_personas_page_tells_of_every_persona() -> None:
    page = (_ROOT / "docs" / "guide" / "personas.md").read_text(encoding="utf-8")
    seed = tomllib.loads((_ROOT / "mss_sim" / "core" / "control" / "seeds" / "cabinet.toml").read_text(encoding="utf-8"))
    for row in seed["identities"]:
        for field in ("role", "login", "password"):
            assert field not in row or row[field] in page
    for row in seed["mailboxes"]:
        assert row["address"] in page


def test_the_refusals_page_shows_the_codes_of_the_tables() -> None:
    page = (_ROOT / "docs" / "guide" / "refusals.md").read_text(encoding="utf-8")
    for line in (one for one in page.splitlines() if one.startswith("|")):
        for code in re.findall(r"`([a-z-]+)`", line):
            rule = next(rule for rule in REPLIES if rule.value == code)
            number, enhanced = REPLIES[rule]
            assert str(PROBLEMS[rule][0]) in line
            assert f"{number} {enhanced}" in line or "553" in line


def test_the_readme_names_commands_that_exist() -> None:
    readme = (_ROOT / "README.md").read_text(encoding="utf-8")
    makefile = (_ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"\bmake ([a-z]+)\b", readme)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_the_figures_of_the_readme_are_those_of_the_last_measurement() -> None:
    readme = (_ROOT / "README.md").read_text(encoding="utf-8")
    rows = json.loads((_ROOT / "bench" / "results.json").read_text(encoding="utf-8"))["rows"]
    for row in rows:
        assert f"| {row['name']} | {row['settings']} | {row['figure']} | {row['against']} |" in readme


@pytest.mark.parametrize(
    "command",
    [
        "run",
        "seed",
        "personas",
        "settings",
        "send",
        "token",
        "cert",
        "db",
        "clock",
        "import",
        "play",
        "record",
        "mcp",
        "version",
        "diagnose",
        "document",
    ],
)
def test_every_command_explains_itself(command: str) -> None:
    result = CliRunner().invoke(app, [command, "--help"])
    assert result.exit_code == 0
    assert "Usage" in result.output


@pytest.mark.parametrize("page", _DECISIONS, ids=lambda page: page.stem)
def test_a_decision_tells_its_context_alternatives_and_consequences(page: Path) -> None:
    head, *sections = page.read_text(encoding="utf-8").split("\n## ")
    assert re.match(rf"# {page.stem[:4]}\. \S.*\n\nAccepted, \d{{4}}-\d\d[.;]", head)
    told = {title: text.strip() for title, _newline, text in (section.partition("\n") for section in sections)}
    assert list(told) == ["Context", "Decision", "Alternatives", "Consequences"]
    assert [title for title, text in told.items() if not text] == []


def test_the_package_essays_list_their_files() -> None:
    for essay in (_ROOT / "mss_sim").glob("*/**/__init__.py"):
        told = set(re.findall(r"\w+", essay.read_text(encoding="utf-8")))
        missing = [path.stem for path in essay.parent.glob("*.py") if path.stem != "__init__" and path.stem not in told]
        assert missing == [] or essay.parent.name == "models", (essay.parent.name, missing)


def test_the_map_names_files_that_are_there_and_the_layers_of_the_contract() -> None:
    told = (_ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    there = {path.relative_to(_ROOT).as_posix() for path in (_ROOT / "mss_sim").rglob("*.py")}
    named = set(re.findall(r"[\w/]+\.py\b", told)) - {"__init__.py"}
    assert {name for name in named if not any(f"/{path}".endswith(f"/{name}") for path in there)} == set()
    contract = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    shown = [block.splitlines() for block in re.findall(r"```\n(.*?)```", told, re.DOTALL)]
    for layers in (one["layers"] for one in contract[:2]):
        block = next(lines for lines in shown if lines[0].split()[0] == layers[0])
        assert [
            re.split(r"\s{2,}", line)[0] if " | " not in line else line[: len(layer)] for line, layer in zip(block, layers, strict=True)
        ] == layers
