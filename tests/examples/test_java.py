"""The example in Java, by Maven, with the jars of Debian in place of a registry's: no network is asked."""

import re
import shutil
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.examples.playing import EXAMPLES, Stage

HERE = Path(__file__).parent
DEBIAN = Path("/usr/share/maven-repo")
SOON = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"  # a JVM that lives for seconds


def _debians_version(group: str, artifact: str) -> str:
    """The newest version that Debian has of something."""
    folder = DEBIAN / group.replace(".", "/") / artifact
    assert folder.exists(), f"{artifact} is missing: make strangers installs it"
    return max((one.name for one in folder.iterdir() if one.name[0].isdigit()), key=lambda name: [int(part) for part in name.split(".")])


def _passed(stage: Stage, jars: Path, **variables: str) -> dict[str, int]:
    """What Surefire counted in a copy of the project, since Maven writes into it."""
    project = stage.folder / "java"
    shutil.copytree(EXAMPLES / "java", project, ignore=shutil.ignore_patterns("target"))
    surefire = _debians_version("org.apache.maven.plugins", "maven-surefire-plugin")
    where = ("-s", str(HERE / "debian.xml"), f"-Dmaven.repo.local={jars}", f"-Dsurefire.version={surefire}")
    stage.play(project, "mvn", "--batch-mode", "--quiet", *where, "test", MAVEN_OPTS=SOON, **variables)
    (report,) = (project / "target" / "surefire-reports").glob("*.xml")
    suite = ET.fromstring(report.read_text(encoding="utf-8"))  # noqa: S314 - Surefire wrote it a moment ago
    return {name: int(suite.attrib[name]) for name in ("tests", "failures", "errors", "skipped")}


@pytest.fixture(scope="module")
def jars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where Maven keeps what it took from Debian's folder, for the next run."""
    return tmp_path_factory.mktemp("jars")


def test_it_starts_its_simulator_and_ends_it(stage: Stage, jars: Path) -> None:
    assert _passed(stage, jars) == {"tests": 4, "failures": 0, "errors": 0, "skipped": 0}
    assert stage.started() == 1


def test_it_takes_the_simulator_that_runs_and_leaves_no_world(stage: Stage, jars: Path) -> None:
    with stage.serving() as served:
        assert _passed(stage, jars, MSS_READY=served.ready) == {"tests": 4, "failures": 0, "errors": 0, "skipped": 0}
        assert served.worlds() == 0
    assert stage.started() == 0


def test_its_pins_are_what_it_was_played_with() -> None:
    """But for Surefire: Debian's version of it was given to no registry."""
    pom = (EXAMPLES / "java" / "pom.xml").read_text(encoding="utf-8")
    pinned = dict(re.findall(r"<artifactId>([a-z.-]+)</artifactId>\s+<version>([\d.]+)</version>", pom))
    groups = {"jakarta.mail": "com.sun.mail", "gson": "com.google.code.gson", "junit-jupiter": "org.junit.jupiter"}
    groups |= dict.fromkeys(("maven-resources-plugin", "maven-compiler-plugin"), "org.apache.maven.plugins")
    assert {name: _debians_version(group, name) for name, group in groups.items()}.items() <= pinned.items()
    assert re.search(r"<surefire\.version>\d+\.\d+\.\d+<", pom)
