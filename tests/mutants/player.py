"""Lets mutmut play the mutants of some files with some tests: python -m tests.mutants.player FILE,FILE TEST,TEST [NAME]

Its settings stand in pyproject.toml, but which files and which tests depends on the part that is played; of its mutants those
whose name matches, all without one.
"""

import functools
import os
import signal
import sys
from typing import Any

_MUTANT_SECONDS_MAX = 300
"""How long the tests of one mutant may take: one that waits for ever uses no processor time, which is all that mutmut counts."""
_remembering = functools.lru_cache


def _forgetting(*arguments: Any, **named: Any) -> Any:
    """A cache that keeps nothing of the package: mutants are played after all tests have passed, whose answers would be given again."""
    if arguments and callable(arguments[0]):
        return _forgetting()(arguments[0])

    def remembering(function: Any) -> Any:
        return (
            _remembering(maxsize=0)(function) if function.__module__.startswith("mss_sim.") else _remembering(*arguments, **named)(function)
        )

    return remembering


def _play(files: str, tests: str, *names: str) -> None:
    functools.lru_cache = _forgetting  # before anything of the package is imported
    os.register_at_fork(after_in_child=lambda: signal.alarm(_MUTANT_SECONDS_MAX))  # each mutant is played in a process of its own
    from mutmut.__main__ import cli
    from mutmut.configuration import config

    settings = config()
    settings.only_mutate = files.split(",")
    settings.pytest_add_cli_args_test_selection = tests.split(",")
    cli(["run", *names])


_play(*sys.argv[1:])
