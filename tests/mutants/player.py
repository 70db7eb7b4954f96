"""Lets mutmut play the mutants of some files with some tests: python -m tests.mutants.player FILE,FILE TEST,TEST

Its settings stand in pyproject.toml, but which files and which tests depends on the part that is played.
"""

import sys

from mutmut.__main__ import cli
from mutmut.configuration import config

settings = config()
settings.only_mutate = sys.argv[1].split(",")
settings.pytest_add_cli_args_test_selection = sys.argv[2].split(",")
cli(["run"])
