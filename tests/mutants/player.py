"""Lets mutmut play the mutants of some files with some tests: python -m tests.mutants.player FILE,FILE TEST,TEST DRAW [NAME]

Its settings stand in pyproject.toml, but which files and which tests depends on the part that is played; of its mutants those that DRAW
draws and, if names are given, that are named. Those that died in a run before, of unchanged code, are not played again.
"""

import functools
import hashlib
import sys
from typing import Any

WITH_TIME = {24, -24, 36, 152, 255}
"""Statuses of a mutant that took too much time or waited too long (timeout_constant and timeout_multiplier of pyproject.toml)."""
DIED = {1, 3, -9, -11, *WITH_TIME}
"""Statuses of a mutant that was noticed: a test failed, pytest broke, the system ended it, or it was ended since it took too long."""
_remembering = functools.lru_cache


def drawn(name: str, draw: str) -> bool:
    """Whether a mutant is one of the tenth that a digit draws, by the hash of its name, so that small functions have their share."""
    return draw == "all" or int(hashlib.sha256(name.encode()).hexdigest(), 16) % 10 == int(draw)


def _forgetting(*arguments: Any, **named: Any) -> Any:
    """A cache that keeps nothing of the package: mutants are played after all tests have passed, whose answers would be given again.

    What a function makes for itself while a test runs is kept: no other test sees it, and it may be a thing of which there is to be one.
    """
    if arguments and callable(arguments[0]):
        return _forgetting()(arguments[0])

    def remembering(function: Any) -> Any:
        outlives_a_test = function.__module__.startswith("mss_sim.") and "<locals>" not in function.__qualname__
        return _remembering(maxsize=0)(function) if outlives_a_test else _remembering(*arguments, **named)(function)

    return remembering


def _findable(test: str) -> str:
    """A test as pytest finds it again: one whose id has a backslash is found by its function alone."""
    return test.partition("[")[0] if "\\" in test else test


def _play(files: str, tests: str, draw: str, *names: str) -> None:
    functools.lru_cache = _forgetting  # before anything of the package is imported
    for name in [name for name in sys.modules if name.partition(".")[0] == "tests"]:
        del sys.modules[name]  # the tests that are played are a copy
    from mutmut import __main__ as mutmut
    from mutmut.configuration import config
    from mutmut.runners.harness import PytestRunner

    settings = config()
    settings.only_mutate = files.split(",")
    settings.pytest_add_cli_args_test_selection = tests.split(",")
    of_all, tests_of = mutmut.collect_source_file_mutation_data, mutmut.tests_for_mutant_names
    chosen: list[str] = []

    def data_of_chosen(mutant_names: Any) -> Any:
        mutants, by_path = of_all(mutant_names=mutant_names)
        mutants = [(data, name, status if status in DIED else None) for data, name, status in mutants]
        mutants = [row for row in mutants if row[2] is None and drawn(row[1], draw) and (not names or row[1] in names)]
        chosen.extend(name for _, name, _ in mutants)
        return mutants, by_path

    arguments_of = PytestRunner._pytest_args_regular_run  # noqa: SLF001
    PytestRunner._pytest_args_regular_run = lambda self, tests: arguments_of(self, list(dict.fromkeys(map(_findable, tests))))  # noqa: SLF001
    mutmut.collect_source_file_mutation_data = data_of_chosen
    mutmut.tests_for_mutant_names = lambda _: tests_of(chosen)
    mutmut._apply_config_change_invalidation = lambda _: False  # noqa: SLF001 - who died by some tests is dead, whichever are added
    mutmut.cli(["run"])


if __name__ == "__main__":
    _play(*sys.argv[1:])
