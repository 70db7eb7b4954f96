"""The examples in Python, JavaScript and shell: with a simulator that they start, and with one that runs already."""

import re
import shutil
import sys

import pytest

from tests.examples.playing import EXAMPLES, KEY, Stage

PLAYED = {
    "javascript": (("npm", "test", "--", "--test-reporter=tap"), r"^# pass 4$"),
    "shell": (("bash", "test.sh"), r"^ok 8 - .*\n1\.\.8$"),
}


@pytest.mark.parametrize("name", PLAYED)
def test_an_example_starts_its_simulator_and_ends_it(stage: Stage, name: str) -> None:
    command, passed = PLAYED[name]
    said = stage.play(EXAMPLES / name, *command)
    assert re.search(passed, said, re.MULTILINE), said
    assert not re.search(r"^not ok|# SKIP", said, re.MULTILINE), said
    assert stage.started() == 1


@pytest.mark.parametrize("name", PLAYED)
def test_an_example_takes_the_simulator_that_runs_and_leaves_no_world(stage: Stage, name: str) -> None:
    command, passed = PLAYED[name]
    with stage.serving() as served:
        said = stage.play(EXAMPLES / name, *command, MSS_READY=served.ready)
        assert served.worlds() == 0
    assert re.search(passed, said, re.MULTILINE), said
    assert stage.started() == 0
    assert KEY not in said


def test_a_script_says_what_failed_and_ends_its_simulator(stage: Stage) -> None:
    project = stage.folder / "shell"
    shutil.copytree(EXAMPLES / "shell", project)
    script = project / "test.sh"
    script.write_text(script.read_text(encoding="utf-8").replace("send doctor", "false", 1), encoding="utf-8")
    with pytest.raises(AssertionError, match=r"not ok 1 - line \d+: false"):
        stage.play(project, "bash", "test.sh")
    assert stage.started() == 1


def test_the_example_in_python_needs_the_plugin_alone(stage: Stage) -> None:
    said = stage.play(EXAMPLES / "python", sys.executable, "-m", "pytest", "-p", "no:cacheprovider")
    assert "4 passed" in said
    assert stage.started() == 0, "the plugin's simulator lives in the process of the tests"
